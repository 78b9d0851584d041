# SPDX-License-Identifier: Apache-2.0
# needs no conf
# A rule that no request could get an answer from is no rule: in .htaccess it is left out, in
# httpd.conf it is an error. Both say what to write instead, and that works.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

# what is typed in the directory /hosts/DIR/, and what is said to be written instead: where
# that leads from /hosts/DIR/old, undef where a host has to be thought of
my @rows = (
    ['Redirect307 / https://%{HTTP_HOST}%{REQUEST_URI}', 'https:'],
    ['Redirect307 ./ https://%{HTTP_HOST}%{REQUEST_URI}', 'https:'],
    ['Redirect307 ./ https://%{HTTP_HOST}/%{REQUEST_URI} status=301', undef],
    ['Redirect307 ./ https://%{SERVER_NAME}%{REQUEST_URI} status=301', 'https:'],
    ['Redirect307 ./ https://%{HTTP:Host}%{REQUEST_URI} method=GET,POST', 'https:'],
    ['Redirect307 ./ https://%{SERVER_NAME}:%{SERVER_PORT}%{REQUEST_URI}', 'https:'],
    ['Redirect307Match ^(.*)$ https://%{HTTP_HOST}$1', 'https:'],
    ['Redirect307Match ^/(.*)$ https://%{HTTP_HOST}/$1', 'https:'],
    ['Redirect307Match ^/(.*)$ https://%{SERVER_NAME}/$1 status=301', 'https:'],
    ['Redirect307Match ^.*$ https://%{HTTP_HOST}$0', 'https:'],
    ['Redirect307 / https://%{HTTP_HOST}/', 'https:'],
    ['Redirect307 / https://%{HTTP_HOST}', 'https:'],
    # other letters are not the same path
    ['Redirect307Match ^/(.*)$ https://%{HTTP_HOST}/$1|lower', undef],
    ['Redirect307Match ^(.*)$ https://%{HTTP_HOST}$1|lower', undef],
    ['Redirect307 ./ %{tolower:https://%{HTTP_HOST}%{REQUEST_URI}}', undef],
    ['Redirect307 ./old https://%{HTTP_HOST}/new', '/new'],
    ['Redirect307 ./old http://%{HTTP_HOST}/new?x=1', '/new?x=1'],
    ['Redirect307 ./old https://%{SERVER_NAME}:8443/new', '/new'],
    ['Redirect307Match old$ https://%{HTTP_HOST}/new status=302', '/new'],
    ['Redirect307 ./ https://%{arg:h}/', undef],
    ['Redirect307 ./ https://www.%{HTTP_HOST}/', undef],
    ['Redirect307 ./ https://%{HTTP_HOST}.example/', undef],
    ['Redirect307 ./ https://%{arg:h}.example:8443/', undef],
    ['Redirect307 ./:name https://:name.example/', undef],
    ['Redirect307Match /(\w+)$ https://$1.example/', undef],
    ['Redirect307 ./ "%{REQUEST_SCHEME}://%{HTTP_HOST}/new"', '/new'],
    ['Redirect307 ./ "%{HTTP_HOST}/new"', '/new'],
    ['Redirect307 ./ "%{REQUEST_SCHEME}://%{HTTP_HOST}%{REQUEST_URI}"', undef],
);
my @kept = (
    # with a list it works as before
    ['Redirect307 ./old https://%{HTTP_HOST}/new', '307 -> https://r.example/new'],
    ['Redirect307Match /(\w+)$ https://$1.r.example/', '307 -> https://old.r.example/'],
    ['Redirect307 ./ https://%{arg:h}/', '400'],
    ['Redirect307 ./old https://www%{arg:n}.h.example/', '400'],
    # behind a literal host nothing is chosen
    ['Redirect307 ./old https://h.example%{REQUEST_URI}', '307 -> https://h.example/hosts/kept'],
    # but not where the path would be in the host
    ['Redirect307 ./ https://%{HTTP_HOST}%{REQUEST_URI}', '404'],
);
# the list names others, and the rule the host that was asked for: that host is not closed
my @others = (
    ['Redirect307 ./ https://%{HTTP_HOST}/', '404', './ /'],
    ['Redirect307Match ^/(.*)$ https://%{SERVER_NAME}/$1', '404', 'https:'],
    ['Redirect307Match /old$ https://%{HTTP_HOST}:%{SERVER_PORT}/new', '404', '/new'],
    ['Redirect307 ./old http://%{HTTP_HOST}/new status=301', '404', '/new'],
    # what else a request chooses is refused where it is none of the list
    ['Redirect307 ./ https://%{arg:h}/', '400', undef],
    ['Redirect307 ./ https://%{HTTP_HOST}.example/', '400', undef],
    ['Redirect307 ./ https://%{arg:h}/', '307 -> https://cdn.example/old', undef, '?h=cdn.example'],
    # and no rule where none of it can come out
    ['Redirect307 ./ https://%{HTTP_HOST}.x/', '404', 'never'],
    ['Redirect307 ./ https://www.%{arg:h}.net/', '404', 'never'],
    ['Redirect307 ./ https://%{arg:h}:8443/', '404', 'never'],
    ['Redirect307 ./old https://%{HTTP_HOST}:8443/new', '404', '/new'],
    ['Redirect307Match /(\w+)$ https://$1.cdn.example/', '404', 'never'],
);
put("hosts/others$_/.htaccess", "$others[$_][0]\n", 100) for 0 .. $#others;
for my $number (0 .. $#rows) {
    put("hosts/d$number/.htaccess", "$rows[$number][0]\nRedirect307 other.html /other\n", 100);
    put("hosts/d$number/page.html", "here\n");
}
put("hosts/kept$_/.htaccess", "$kept[$_][0]\n", 100) for 0 .. $#kept;

my $server = own_server(<<"EOT", only => ['dir']);
Redirect307Lint off
<Directory "${\root()}/hosts">
    AllowOverride FileInfo
    Require all granted
</Directory>
@{[ join "\n", map { "<Directory \"${\root()}/hosts/others$_\">\nRedirect307AllowHosts cdn.example\n</Directory>" } 0 .. $#others ]}
@{[ join "\n", map { "<Directory \"${\root()}/hosts/kept$_\">\nRedirect307AllowHosts r.example *.r.example\n</Directory>" } 0 .. $#kept ]}
EOT
plan tests => 5 * @rows + @kept + 2 * @others + 8;

sub ask
{
    my $path = shift;
    my $reply = raw("GET $path HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 10);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return $code . (defined $location ? " -> $location" : '');
}

for my $number (0 .. $#rows) {
    my ($line, $to) = @{ $rows[$number] };
    my $here = "/hosts/d$number";
    is(join(', ', map { ask("$here/$_") } 'page.html', 'old', ''), '200, 404, ' . ask('/hosts/'), "$line: every page is what it was");
    # what is no target at all is a broken line: what it is for stays where it is
    is(ask("$here/other.html"), $line =~ m{^Redirect307 \./ "} ? '404' : '307 -> /other', '... no other line answers more or less');
    my ($said) = own_log($server) =~ m{hosts/d$number/\.htaccess:1: (Redirect307[^\n]*); this line is (?:skipped, and what it is for stays where it is|left out)\n};
    ok(defined $said && $said =~ /write[: ]/, '... it is told of, with what to write') or diag($said // 'nothing');
    # what is said, done
    my ($write) = ($said // '') =~ /write: (Redirect307.*)$/;
    ($write) = map { (my $new = $line) =~ s/"[^"]*"/$_/; $new } $said =~ /write (\S+)$/ if !$write && $line =~ /"/ && defined $to;
    SKIP: {
        skip 'a host has to be thought of', 1 unless defined $to;
        put("hosts/w$number/.htaccess", ($write // 'nothing') =~ s{/d$number\b}{/w$number}r . "\n", 100);
        my ($status) = $line =~ /status=(\d+)/;
        is(ask("/hosts/w$number/old"), ($status || 307) . ' -> ' . ($to eq 'https:' ? "https://r.example/hosts/w$number/old" : $to), '... that works: ' . ($write // 'nothing'));
    }
    (my $conf = $line) =~ s{ \./}{ /};
    my ($exit, $output) = conf_test("Redirect307Lint off\n$conf\n");
    ok($exit != 0 && $output =~ /write[: ]/ && $output =~ /test\.conf:2: Redirect307|line 2 of DIR\/test\.conf/, '... in httpd.conf it is an error') or diag("exit $exit\n$output");
}
for my $number (0 .. $#kept) {
    my ($line, $want) = @{ $kept[$number] };
    is(ask("/hosts/kept$number/old"), $want =~ s{/hosts/kept$}{/hosts/kept$number/old}r, "with a list, $line");
}

for my $number (0 .. $#others) {
    my ($line, $want, $to, $query) = @{ $others[$number] };
    is(ask("/hosts/others$number/old" . ($query // '')), $want, "with a list of others, $line");
    my $log = own_log($server);
    my $why = !$to ? qr{} : $to eq 'never' || $line =~ /:8443/
        ? qr{others$number/\.htaccess:1: Redirect307: '[^\n]*' makes a host that is never one of Redirect307AllowHosts; write[^\n]*; this line is left out}
        : qr{others$number/\.htaccess:1: Redirect307: '[^\n]* leads to the host that was asked for, which is not in Redirect307AllowHosts; this line is left out there; write: Redirect307[^\n]* \Q$to\E};
    like($log, $why, '... and what to write is said');
}

# the list may stand behind the rule, and around it
for my $text ("Redirect307 /a https://%{arg:h}/\nRedirect307AllowHosts h.example\n", "Redirect307AllowHosts h.example\n<Location /a>\nRedirect307 /a https://%{arg:h}/\n</Location>\n") {
    my ($exit, $output) = conf_test($text);
    is($exit, 0, 'a list behind it, or around it') or diag($output);
}
my ($exit, $output) = conf_test("Redirect307AllowHosts h.example\n<Location /a>\nRedirect307AllowHosts none\nRedirect307 /a https://%{arg:h}/\n</Location>\n");
isnt($exit, 0, 'and none, in a container') or diag($output);

# a list that can let nothing out is none for the line
my $list = "Redirect307AllowHosts cdn.example *.shops.example:8443\n";
for my $row (['https://%{HTTP_HOST}.x/', 1], ['https://%{arg:h}.cdn.example/', 1], ['https://%{arg:h}.shops.example/', 1], ['https://%{arg:h}.shops.example:8443/', 0], ['https://%{arg:h}/', 0]) {
    ($exit, $output) = conf_test("${list}Redirect307 /a $row->[0]\n");
    ok($row->[1] ? $exit && $output =~ m{test\.conf:2: Redirect307: '\Q$row->[0]\E' makes a host that is never one of Redirect307AllowHosts; write} : !$exit, "$row->[0] in httpd.conf") or diag("exit $exit\n$output");
}

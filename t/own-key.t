# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The key of a tenant's page with rules of httpd.conf, which are asked before the directory is
# known: it goes to no other host and into no log, not at the first request either.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my $site = root() . '/ownkey';
my $key = 'correct-horse+battery';
my $sent = 'correct-horse%2Bbattery';
my @cases = (
    # path, Location; KEY is the key as it is sent, NONE another value of its length
    ['/t/srv?look=KEY', 'https://srv.example/y'],
    ['/t/srv/z?a=1&look=KEY&b=2', 'https://srv.example/y/z?a=1&b=2'],
    ['/t/srv?a=1&l%6Fok=KEY', 'https://srv.example/y?a=1'],
    ['/t/srv?look=x&look=KEY', 'https://srv.example/y?look=x'],
    ['/t/srv?look=NONE', 'https://srv.example/y?look=NONE'],
    ['/t/srv?other=NONE', 'https://srv.example/y?other=NONE'],
    ['/t/srv?gclid=0123456789abcdef', 'https://srv.example/y?gclid=0123456789abcdef'],
    ['/t/srv?a=1', 'https://srv.example/y?a=1'],
    ['http://h.test/t/srv?look=KEY', 'https://srv.example/y'],
    ['/t/below/there/is/none/srv?look=KEY', 'https://srv.example/below'],
    ['/t/%73rv?look=KEY', 'https://srv.example/y'],
    ['/t/drop?look=KEY', 'https://srv.example/y'],
    ['/t/arg?look=KEY', undef],
    ['/t/expr?look=KEY&a=1', 'https://srv.example/q?a=1'],
    ['/t/whole?look=KEY', 'https://srv.example/GET%20/t/whole%20HTTP/1.0'],
    ['/u/srv?look=NONE', 'https://srv.example/u?look=NONE'],
    ['/sheet?look=NONE', 'https://srv.example/sheet?look=NONE'],
    ['/t/sheet?look=KEY', 'https://srv.example/sheet'],
    ['/closed/srv?look=KEY', 'https://srv.example/closed'],
    ['/t/srv?' . 'a&' x 1100 . 'look=KEY&b=2', 'https://srv.example/y?' . join('&', ('a') x 1023)],
    ['/t/srv?' . 'a&' x 2100 . 'l%6Fok=KEY', 'https://srv.example/y?' . join('&', ('a') x 1023)],
    ['/t/srv?' . 'a&' x 1023 . 'look=KEY', 'https://srv.example/y?' . join('&', ('a') x 1023)],
    ['/nowhere/srv?look=NONE', 'https://srv.example/nowhere?look=NONE'],
);
plan tests => 2 * (@cases + 2) + 4 + 3;

my $line = "Redirect307Status own link=look=$key\n";
put('ownkey/t/.htaccess', $line, 10);
put('ownkey/t/page.html', 'here', 10);
put('ownkey/u/page.html', 'here', 10);
put('ownkey/closed/.htaccess', "${line}Require all denied\n", 10);
put('ownkey/server.map', "/sheet https://srv.example/sheet\n/t/sheet https://srv.example/sheet\n", 10);

my $conf = <<"EOT";
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo AuthConfig
</Directory>
Redirect307 /t/srv https://srv.example/y
Redirect307Match ^/t/below/ https://srv.example/below
Redirect307 /t/drop https://srv.example/y query=drop
Redirect307 /t/arg "https://srv.example/%{arg:look}"
Redirect307 /t/expr "https://srv.example/q?%{QUERY_STRING}"
Redirect307 /t/whole "https://srv.example/%{THE_REQUEST}"
Redirect307 /t/inside /elsewhere
Redirect307 /u/srv https://srv.example/u
Redirect307 /closed/srv https://srv.example/closed
Redirect307 /nowhere/srv https://srv.example/nowhere
<Location "/t/bad">
    Redirect307AllowHosts ok.example
    Redirect307 /t/bad "https://%{arg:look}.example/"
</Location>
Redirect307Map "$site/server.map"
EOT

sub location
{
    my ($server, $path, $method) = @_;
    my $reply = raw(($method || 'GET') . " $path HTTP/1.0\r\nHost: h.test\r\n\r\n", port => $server->{port}, timeout => 30);
    return ($reply =~ /^Location: (.*?)\r?$/m)[0];
}

for my $level ('warn', 'trace1') {
    my $server = own_server("LogLevel redirect307:$level\n$conf", only => ['dir']);
    for my $case (@cases) {
        my ($path, $wanted) = map { defined $_ ? s/KEY/$sent/r =~ s/NONE/wrong-mules-and-cattle/r : $_ } @$case;
        my $got = location($server, $path);
        if (defined $wanted) {
            is($got, $wanted, "$path at $level");
        }
        else {
            unlike($got // '', qr/correct/, "$path at $level");
        }
    }
    location($server, "/t/bad?look=$sent");
    # on its own host a parameter stays what it was, where no log has it
    is(location($server, "/t/inside?look=$sent"), $level eq 'warn' ? "/elsewhere?look=$sent" : '/elsewhere', "inside at $level");
    unlike(own_log($server), qr/correct-horse/, "no key is in the log at $level");
    stop_server($server);
}

my $report = own_server("$conf\nRedirect307Engine report\n", only => ['dir']);
location($report, "/t/srv?look=$sent");
location($report, "/t/inside?look=$sent");
location($report, "/u/srv?a=1");
my $log = own_log($report);
like($log, qr{would answer 307 https://srv\.example/y by }, 'a report says what would be answered');
like($log, qr{would answer 307 \S*/elsewhere by }, 'inside as well');
like($log, qr{would answer 307 https://srv\.example/u\?a=1 by }, 'with what is no key');
unlike($log, qr/correct-horse/, 'and no key');
stop_server($report);

my $server = own_server($conf, only => ['dir']);
is(location($server, "/t/srv?look=$sent", 'POST'), 'https://srv.example/y', 'nor by another method');
like(raw("GET /t/page.html?look=$sent HTTP/1.0\r\nHost: h.test\r\n\r\n", port => $server->{port}, timeout => 30), qr{<h1>Answering}, 'which opens the page, where no rule is');
put('ownkey/u/.htaccess', $line, 10);
is(location($server, "/u/srv?look=$sent"), 'https://srv.example/u', 'a page that is new is known by its first request');

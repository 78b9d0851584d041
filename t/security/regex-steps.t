# SPDX-License-Identifier: Apache-2.0
# No path makes a regular expression work for long, nor pass for one that does not match.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;
use Time::HiRes qw(time);

my @evil = (
    ['/nested/', 'a', 'nested quantifiers'],
    ['/word/',   'a', 'words and optional spaces'],
    ['/either/', 'a', 'alternatives that overlap'],
    ['/ht/',     'a', 'the same in .htaccess'],
);
# t/data/redos.tsv, but for patterns that a line without quotes cannot hold
my @rows = grep { $_->{pattern} !~ /[\s"']/ } R307::Rows::read_table('redos.tsv');
plan tests => @evil * 3 + 4 + @rows * 4;

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get { return answer(shift, vhost => 'regex_steps') }
put('regex/ht/.htaccess', "Redirect307Match ^/ht/(a|aa)+\$ /to\nRedirect307 ./ /later\n");

mark_log('regex_log');
for my $row (@evil) {
    my ($head, $byte, $why) = @$row;
    is(told(get($head . $byte x 10)), '307 -> /to', "$why: a path that matches");
    my $got;
    soon(1, "$why: in less than a second", sub { $got = told(get($head . $byte x 60 . '!')) });
    is($got, '400', "$why: a path that takes too many steps is refused, and no later rule asked");
}
logged(qr{refused \(400\): R307-G15, }, 'with the id of the verdict in the log', 'regex_log');
is(told(get('/pass/' . 'a' x 60 . '!')), '404', 'with Refuse pass the request goes on');
is(told(get('/nested/' . 'b' x 4000)), '307 -> /later/' . 'b' x 4000, 'a long path that cannot match goes on to the next rule');
ok(log_since_mark('regex_log') !~ /[^\n]{2000}/, 'what was refused is cut in the log');

# --- every row, as a rule of the server (compiled to machine code) and of a .htaccess (not)
my $conf = "LimitRequestLine 20000\n";
for my $row (@rows) {
    put("redos/$row->{id}/.htaccess", "Redirect307Match $row->{pattern} /to\n");
    my $root = root() . "/redos/$row->{id}";
    $conf .= "<VirtualHost *:\@PORT\@>\nServerName $row->{id}.jit.test\nRedirect307Match $row->{pattern} /to\n</VirtualHost>\n"
        . "<VirtualHost *:\@PORT\@>\nServerName $row->{id}.plain.test\nDocumentRoot \"$root\"\n</VirtualHost>\n";
}
$conf .= '<Directory "' . root() . "/redos\">\nAllowOverride FileInfo\nRequire all granted\n</Directory>\n";
my $server = own_server($conf, only => ['dir']);

for my $row (@rows) {
    (my $path = $row->{path}) =~ s/([^A-Za-z0-9\/._-])/sprintf '%%%02X', ord $1/ge;
    for my $how ('jit', 'plain') {
        my $reply;
        # without a bound it would be years
        soon(5, "$row->{id}, $how: soon", sub {
            $reply = raw("GET $path HTTP/1.1\r\nHost: $row->{id}.$how.test\r\nConnection: close\r\n\r\n", port => $server->{port});
        });
        my ($status) = $reply =~ m{^HTTP/1\.1 (\d+)};
        my $wanted = $row->{truth} eq 'yes' ? '307' : $row->{bound} eq 'limit' ? '400' : '40[034]';
        # a name that no file can have is httpd's to refuse, before it reads any .htaccess
        $wanted = '403' if $how eq 'plain' && $row->{path} =~ m{[^/]{256}};
        like($status || 'none', qr/^(?:$wanted)$/, "$row->{id}, $how: answered by what is true, or refused");
    }
}

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Small inputs that were once answered wrong, as they were met: in a server, from the line to
# the answer. Their kinds are rows in t/data.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my $dir = root() . '/faults';
put('faults/_redirects', "/x/:splat /y/:splat 301\ndocs/x/* https://d.example/:splat 301\n/c /d Cookie=x\n/two /d Cookie=x,y\n/two /e\n/mail mailto:a\@b.example\n/mail /f\n", 100);
put('faults/limited/m.map', "/m1 https://evil.example/\n/limited/m1 https://evil.example/\n", 100);
put('faults/limited/.htaccess', "Redirect307Map m.map\n", 100);
put('faults/required/m.map', "/required/m1 /x\n", 100);
put('faults/required/.htaccess', "Redirect307Map m.map\n", 100);
put('faults/down/index.html', "closed\n");
my $flag = put('faults/down.on', "\xef\xbb\xbfeta=2h\n");
put('faults/site/index.html', "the site\n");

my $languages = join '', map { "Redirect307Match ^/l/.*$_\$ /lang/$_ lang=de\nRedirect307Match ^/l/ /all/$_ lang=de\n" } 1 .. 1500;
my $server = own_server(<<"EOT", only => ['dir']);
LimitRequestLine 20000
DocumentRoot "$dir"
<Directory "$dir">
    AllowOverride FileInfo
    Require all granted
</Directory>
<Directory "$dir/limited">
    Redirect307Limits targets=hosts
</Directory>
<Directory "$dir/required">
    Redirect307Require until refuse
</Directory>
Redirect307Map "$dir/_redirects"
Redirect307Match ^/ab(?#x)?c\$ /comment
Redirect307Match "(*NO_JIT)^/long/(.*)x\$" /short
Redirect307 /docs/CSS/:-moz-tree-cell /docs/x match=exact
Redirect307 /shop /shop-next optin=preview=ink-and-paper
Redirect307 /shop https://partner.example/s
<Location "/site">
    Redirect307Maintenance /site/down/ flag=$flag
</Location>
$languages
EOT

my @rows = (
    # fault, path, what is asked with, answer
    ['F53', '/ac', '', '307 -> /comment'], ['F53', '/abc', '', '307 -> /comment'], ['F53', '/abbc', '', '404'],
    ['F59', '/long/ax', '', '307 -> /short'], ['F59', '/long/' . 'a' x 8500 . 'x', '', '400'],
    ['F29', '/docs/CSS/:-moz-tree-cell', '', '307 -> /docs/x'], ['F29', '/docs/CSS/any', '', '404'],
    ['F25', '/shop?preview=ink-and-paper', '', '307 -> /shop-next'], ['F25', '/shop?preview=ink-and-paper&a=1', 'POST', '307 -> https://partner.example/s?a=1'],
    ['F41', '/x/a', '', '301 -> /y/a'], ['F41', '/x/a/b', '', '404'], ['F41', '/docs/x/a/b', '', '301 -> https://d.example/a/b'],
    ['F41', '/c', "Cookie: x=1\r\n", '307 -> /d'], ['F41', '/c', '', '404'], ['F41', '/two', "Cookie: x=1\r\n", '404'], ['F41', '/mail', '', '404'],
    ['F22', '/limited/m1', '', '404'], ['F22', '/required/m1', '', '404'], ['F58', '/l/x', "Accept-Language: fr\r\n", '404'], ['F58', '/l/x', "Accept-Language: de\r\n", '307 -> /all/1'],
    ['F42', '/site/', '', '503'],
);
plan tests => @rows + 8;

sub ask
{
    my ($path, $with) = @_;
    my $method = $with eq 'POST' ? 'POST' : 'GET';
    my $headers = $with eq 'POST' ? "Content-Length: 0\r\n" : $with;
    my ($reply, $until) = ('', time + 60);
    do {
        # a map of a .htaccess is not ready at once
        select undef, undef, undef, 0.2 if length $reply;
        $reply = raw("$method $path HTTP/1.1\r\nHost: f.example\r\n${headers}Connection: close\r\n\r\n", port => $server->{port});
    } while ($reply =~ m{^HTTP/1\.1 503 .*^Retry-After: 1\r$}ms && time < $until);
    return $reply;
}

sub said
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return $code . (defined $location ? " -> $location" : '');
}

for my $row (@rows) {
    my ($fault, $path, $with, $want) = @$row;
    (my $name = length $path > 60 ? substr($path, 0, 50) . '...' : $path) .= $with ? " ($with)" : '';
    $name =~ s/\s+/ /g;
    is(said(ask($path, $with)), $want, "$fault: $name");
}
my ($retry) = each_header(ask('/site/', ''), 'Retry-After');
ok($retry > 6000 && $retry <= 7200, "F42: a flag with a byte order mark says when: $retry");
soon(0.5, 'F58: 3 000 regular expressions with lang= take no longer than others', sub { ask('/l/x', "Accept-Language: fr\r\n") });
my $log = own_log($server);
like($log, qr{limited/m\.map:2: '/limited/m1' leads to [^\n]*; this line is left out}, 'F22: a map past a limit is told of');
like($log, qr{required/m\.map:1: '/required/m1' has no end, [^\n]*; this line is left out}, 'F22: one without a plan, too');
like($log, qr{_redirects:4: 'Cookie=x,y' cannot be said in a map}, 'F41: one cookie of several');
like($log, qr{_redirects:6: '?[^\n]*mailto:}, 'F41: a target that is no page');
unlike($log, qr{_redirects:[123]: }, 'F41: and nothing of the others');
unlike($log, qr{exit signal}, 'no process was lost');

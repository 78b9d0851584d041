# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The page of a tenant: its own rules and nobody else's, for who has the key; for all others the
# request is what it would be without it. The key goes nowhere.
use strict;
use warnings FATAL => 'all';
use JSON::PP;
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

plan tests => 50;

my $site = root() . '/statusown';
my $key = 'correct-horse-battery';
my $line = "Redirect307Status own link=look=$key\n";
put('statusown/t/.htaccess', "${line}Redirect307 /t/a /there/<b> name=mine\nRedirect307 /t/old /there until=2020-01-01\nRedirect307 /t/bad\nRedirect307Map own.map\nRedirect307 /t/far https://far.example/\n", 10);
put('statusown/t/own.map', "/t/sheet /leaf\n", 10);
put('statusown/shut/.htaccess', "${line}Redirect307Maintenance /shut/down/ flag=closed.flag\n", 10);
put('statusown/shut/page.html', 'here', 10);
put('statusown/few/.htaccess', "${line}" . join('', map { "Redirect307 /few/$_ /there\n" } 1 .. 4), 10);
put('statusown/few/page.html', 'here', 10);
my @days = map { sprintf '%02d', $_ } 1 .. 28;
my $lines = sub { my $word = shift; join '', map { "$word/many/$_/:x /there-$_/:x until=2190-01-$_ \"note=the note of $_\"\n" } @days };
put('statusown/many/.htaccess', "${line}Redirect307Map many.map\n" . $lines->('Redirect307 '), 10);
put('statusown/many/many.map', $lines->('') =~ s{/many/}{/many/map/}gr =~ s{2190}{2191}gr =~ s{the note}{the map's note}gr, 10);
put('statusown/many/page.html', 'here', 10);
put('statusown/t/page.html', 'here', 10);
put('statusown/t/index.html', 'the index', 10);
put('statusown/t/below/.htaccess', "Redirect307 /t/below/a /below\n", 10);
put('statusown/u/.htaccess', "Redirect307 /u/a /secret-of-u\n", 10);
put('statusown/u/page.html', 'here', 10);
put('statusown/short/.htaccess', "Redirect307Status own link=look=short12345\n", 10);
put('statusown/short/page.html', 'here', 10);
put('statusown/server/.htaccess', "Redirect307Status server\nSetHandler redirect307-status\n", 10);
put('statusown/closed/.htaccess', "${line}Require all denied\n", 10);

my $server = own_server(<<"EOT", only => ['dir']);
DocumentRoot "$site"
DirectoryIndex index.html
LogLevel redirect307:trace1
<Directory "$site">
    Require all granted
    AllowOverride FileInfo AuthConfig
</Directory>
<Directory "$site/few">
    Redirect307Limits rules=2
</Directory>
Redirect307 /of-the-server /secret-of-the-server
Redirect307 /few/1 /secret-of-the-server name=first-come
Redirect307 /few/2 /secret-of-the-server
EOT

sub ask
{
    my ($path, %with) = @_;
    my $method = $with{method} || 'GET';
    my $reply = raw("$method $path HTTP/1.0\r\nHost: h.test\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($head, $body) = split /\r\n\r\n/, $reply, 2;
    my ($code) = $head =~ m{^HTTP/1\.\d (\d+)};
    return ($code // 0, $head, $body // '');
}

# a map that was just written
for (my $until = time + 60; (ask('/t/page.html'))[0] != 200 && time < $until;) {
    sleep 0.1;
}

my ($code, $head, $html) = ask("/t/page.html?look=$key");
is($code, 200, 'with the key there is a page');
like($html, qr{<h1>Answering\. \d+ rules, \d+ things need you\.</h1>}, 'with its sentence');
for my $header ('Cache-Control: no-store', 'Referrer-Policy: no-referrer', 'X-Robots-Tag: noindex', 'X-Content-Type-Options: nosniff') {
    like($head, qr{^\Q$header\E\r?$}m, $header);
}
like($head, qr{^Content-Security-Policy: default-src 'none'; style-src 'self';}m, 'and no scripts');
like($html, qr{data-of="target">/there/&lt;b&gt;<}, 'its rules are on it, as text');
like($html, qr{data-of="target">/leaf<}, 'those of its map, too');
like($html, qr{does not work</td><td[^>]*>the line is skipped: Redirect307: [^<]*; write[^<]*</td><td[^>]*>[^<]*/t/\.htaccess:\d+<}, 'its line that is none, with number and reason');
like($html, qr{due</td>}, 'what is due');
unlike($html, qr{secret-of}, 'nothing of anybody else');
unlike($html, qr{explain|metrics}i, 'no box, which would tell the rules of the server');
is((ask("/t/?look=$key"))[2] =~ /<h1>Answering/ ? 1 : 0, 1, 'at the directory, before its index');
is((ask("/t/a?look=$key"))[0], 200, 'where a rule would answer');
like((ask("/t/page.html?look=$key&style"))[1], qr{^Content-Type: text/css}m, 'its style sheet');
like($html, qr{href="\?look=$key&amp;style"}, 'is asked for with the key');
my $all = decode_json((ask("/t/page.html?look=$key&json"))[2]);
is((join ' ', sort map { $_->{source} } @{ $all->{rules} }), '/t/a /t/bad /t/far /t/old /t/sheet', 'JSON');
my $below = decode_json((ask("/t/below/x?look=$key&json"))[2]);
like((join ' ', map { $_->{source} } @{ $below->{rules} }), qr{/t/below/a}, 'below, those of there');
ask('/t/a') for 1 .. 3;
$all = decode_json((ask("/t/page.html?look=$key&json"))[2]);
is((map { $_->{hits} } grep { ($_->{name} // '') eq 'mine' } @{ $all->{rules} })[0], 3, 'with hits');

for my $wrong ('', "?look=${key}x", '?look=' . substr($key, 0, -1), '?look=', '?look', '?Look=' . $key, "?x=$key", '?look=' . uc $key) {
    is((ask("/t/page.html$wrong"))[2], 'here', "as if nothing were there: '$wrong'");
}
is((ask("/u/page.html?look=$key"))[2], 'here', 'nor in another directory');
is((ask("/t/page.html?look=$key", method => 'POST'))[2] =~ /<h1>Answering/ ? 1 : 0, 0, 'nor for a POST');
my ($far) = (ask("/t/far/x?a=1&look=$key&b=2", method => 'POST'))[1] =~ /^Location: (.*?)\r?$/m;
is($far, 'https://far.example/x?a=1&b=2', 'and the key goes to no other host');
($far) = (ask("/t/far?look=$key", method => 'POST'))[1] =~ /^Location: (.*?)\r?$/m;
is($far, 'https://far.example/', 'nothing is left of it');

# --- what the server does to it

$html = (ask("/shut/page.html?look=$key"))[2];
like($html, qr{<p class="q">\S+/shut/\.htaccess:2: maintenance is off: the file of flag=closed\.flag is not there</p>}, 'why maintenance is off');
put('statusown/shut/closed.flag', "eta=tomorrow or so\n");
sleep 2;        # a flag is looked at once a second
is((ask('/shut/page.html'))[0], 503, 'now it is closed');
$html = (ask("/shut/page.html?look=$key"))[2];
like($html, qr{closed</td><td[^>]*>maintenance is on; to open again take the file closed\.flag away</td><td[^>]*>[^<]*/shut/\.htaccess:2<}, 'and who has the key sees that it is on');
like($html, qr{does not work</td><td[^>]*>the file of flag=closed\.flag: line 1 }, 'and what of its file says nothing');
is((ask("/shut/page.html?look=$key"))[0], 200, 'while it is');
$html = (ask("/few/page.html?look=$key"))[2];
like($html, qr{does not work</td><td[^>]*>lines are skipped, as they are past what the server allows: rules=; its admin}, 'a limit that was reached');
like($html, qr{doubtful</td><td[^>]*>a rule of the server answers /few/1 before this line is asked: first-come</td><td[^>]*>[^<]*/few/\.htaccess:2<}, 'a rule of the server in front, by its name');
unlike($html, qr{secret-of|/few/[34] before}, 'and no other one');
like($html, qr{a rule of the server answers /few/2 before this line is asked: test\.conf:\d+<}, 'or by the name of its file');
unlike($html, qr{[^<>\s]/test\.conf}, 'which says not where that is');
is((ask("/closed/x?look=$key"))[0], 403, 'what is closed stays closed');
is((ask("/short/page.html?look=short12345"))[2], 'here', 'a key that is too short opens nothing');
is((ask('/server/x'))[0], 404, 'nor the page of the server');

# --- rules of images, which are made one in the place of the other

for (my $until = time + 60; own_log($server) !~ m{/many/\.htaccess is read from memory} && time < $until;) {
    ask('/many/page.html');
    sleep 0.2;
}
for (my $until = time + 60; (ask('/many/map/01/a'))[0] != 307 && time < $until;) {
    sleep 0.2;
}
$html = (ask("/many/page.html?look=$key"))[2];
for (['map/', 2191, 'of a map'], ['', 2190, 'of a .htaccess']) {
    my ($below, $year, $what) = @$_;
    my @right = grep {
        my $day = $_ + 0;
        $html =~ m{>/many/$below$_/:x</td><td[^>]*>/there-$_/:x<(?:(?!</tr>).)*until $day Jan $year, 24:00(?:(?!</tr>).)*note of $_<}s
    } @days;
    is("@right", "@days", "each line $what has its own texts");
}

my $log = own_log($server);
like($log, qr{/short/\.htaccess:1: Redirect307Status: link= has a key that can be guessed; choose one of at least 12 characters}, 'which is told');
like($log, qr{/server/\.htaccess:1: Redirect307Status: a \.htaccess has a page of its own alone; write: Redirect307Status own link=NAME=LONG-SECRET-KEY}, 'and so is that');
unlike($log, qr{\Q$key\E|short12345}, 'no key is in the log');

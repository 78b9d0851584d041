# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Conditions about the visitor, about files and about logins, asked of a real httpd; and what
# the answers say to caches. Which of them match when is in t/data/cond.tsv.
use strict;
use warnings FATAL => 'all';
use Digest::SHA ();
use MIME::Base64 qw(encode_base64);
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my $root = root() . '/conditions';
my $users = put('conditions/users', join '', map { "$_:{SHA}" . Digest::SHA::sha1_base64("$_") . "=\n" } qw(kim lee));
put("conditions/$_", "$_ as it is\n") for qw(login/a.html login/old.html site/there.html site/multi/page.html.en
                                             area/a.html area/b.html mixed/a.html site/dir/index.html);
put('conditions/login/.htaccess', <<'EOT', 10);
Redirect307 a.html kim.html user=kim
Redirect307 a.html post.html user=kim method=POST
Redirect307 a.html anyone.html method=PUT
Redirect307 old.html new.html
Redirect307 c.html d.html user=!kim
EOT
put('conditions/site/.htaccess', <<'EOT', 10);
Redirect307 off.html flag.html flag=down.on
Redirect307 out.html flag.html flag=../site/up.on
Redirect307 ./ /archive/ file=missing
EOT
# as asked for, as it lies there, and as it leaves
my @odd = (['100%25', '100%'], ['what%3F', 'what?'], ['a%23b', 'a#b'], ['50%2525', '50%25'], ['x%253Fy', 'x%3Fy'], ['a%20b', 'a b'], ['a;b', 'a;b'],
    ['%C3%A4', "\xc3\xa4"], ['c:d', 'c:d'], ['e%22f', 'e"f']);
put("conditions/site/multi/$_->[1].html", "$_->[1]\n") for @odd;
put('conditions/site/multi/.htaccess', "AddLanguage en .en\n", 10);
# the other way round: what is there leaves
put("conditions/site/multi/here/$_->[1].html", "$_->[1]\n") for @odd;
put('conditions/site/multi/here/.htaccess', "AddLanguage en .en\nRedirect307 ./ /found/ file=present\n", 10);
# the same conditions in a map, of the server and beside a .htaccess
my $map = put('conditions/rules.map', <<'EOT', 10);
/m/lang /de/ lang=de
/m/lang /fr/ lang=fr
/m/ip /office ip=192.0.2.0/24
/m/ip /others
/m/cookie /beta cookie=beta=yes
/m/all /b percent=100
/m/preview /next optin=preview=correct-horse
/m/ended /never until=2020-01-01
/m/ended /then until=2020-01-01 then=308
EOT
put('conditions/mapped/.htaccess', "Redirect307Map late.map\n", 10);
put('conditions/mapped/late.map', "a.html /archive/a.html file=missing\nb.html /archive/b.html file=missing\nc.html /kim user=kim\n", 10);
put('conditions/mapped/b.html', "b\n");
my $flag = "$root/server.on";
remove($flag, "$root/site/down.on");

my $login = <<"EOT";
    AuthType Basic
    AuthName conditions
    AuthUserFile "$users"
    Require valid-user
EOT
my $server = own_server(<<"EOT", root => $root, only => [qw(dir mime negotiation auth_basic authn_core authn_file authz_user authz_host remoteip setenvif alias headers)]);
TypesConfig /dev/null
AddType text/html .html
LogLevel redirect307:debug
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Directory "$root">
    Options FollowSymLinks
    AllowOverride FileInfo Options
    Require all granted
</Directory>
<Directory "$root/site/multi">
    Options +MultiViews
</Directory>
<Directory "$root/login">
$login    Redirect307 expr /kim.html "expr=%{REMOTE_USER} == 'kim'"
    Redirect307 type /basic "expr=%{AUTH_TYPE} == 'Basic'"
    Redirect307 to /u/%{REMOTE_USER}
</Directory>
<Location "/area">
$login    Redirect307 /area/expr /kim.html "expr=%{REMOTE_USER} == 'kim'"
    Redirect307 /area/type /basic "expr=%{AUTH_TYPE} == 'Basic'"
    Redirect307 /area/to /u/%{REMOTE_USER}
    Redirect307 /area/a.html /kim.html user=kim
    Redirect307 /area/c.html /kim.html user=kim
</Location>
<Location "/open">
    Redirect307 /area/ user=*
    Redirect307 /everybody
</Location>
Redirect307 /area/b.html /early.html
Redirect307 /area/c.html /server-rule.html

Redirect307Map "$map"
Redirect307 /ip /office ip=192.0.2.0/24,2001:db8::/32
Redirect307 /ip /others
Redirect307 /flag /down flag=server.on
Redirect307 /absolute /down flag=$flag
Redirect307 /cookie /beta cookie=beta=yes*
Redirect307 /lang /de/ lang=de cache=10min
Redirect307 /lang /fr/ lang=fr cache=10min
Redirect307 /half /b percent=50 name=half
Redirect307 /all /b percent=100 cache=1h
Redirect307 /third /a percent=33.33 sticky=address
Redirect307 /third /b percent=33.33 sticky=address
Redirect307 /session /b percent=100 sticky=cookie=SID
Redirect307 /preview /next optin=preview=correct-horse
Redirect307 /kept /office ip=192.0.2.0/24 cache=1h
Redirect307 /kept /far cache=1h
Redirect307 /env /office env=nothing
Redirect307 /env /far cache=1h
Redirect307 /plain /far cache=1h
SetEnvIf X-Nothing . nothing
EOT
symlink '/etc/passwd', "$root/site/passwd.on";
put("$root/site/.htaccess", "Redirect307 leak.html leaked.html flag=passwd.on\nRedirect307 off.html flag.html flag=down.on\nRedirect307 out.html flag.html flag=../site/up.on\nRedirect307 ./ /archive/ file=missing\n", 10);

sub ask
{
    my ($path, %with) = @_;
    my $headers = join '', map { "$_\r\n" } @{ $with{headers} || [] };
    $headers .= 'Authorization: Basic ' . encode_base64("$with{user}:$with{user}", '') . "\r\n" if $with{user};
    my $length = ($with{method} || 'GET') =~ /^P/ ? "Content-Length: 0\r\n" : '';
    return raw(($with{method} || 'GET') . " $path HTTP/1.1\r\nHost: c.example\r\nConnection: close\r\n$length$headers\r\n",
               port => $server->{port});
}

sub said
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return $code . (defined $location ? " -> $location" : '');
}

sub header { return join ' + ', each_header($_[0], $_[1]) }

my @rows = (
    # path, what comes, why, %with
    ['/ip', '307 -> /office', 'an address, as mod_remoteip has it', headers => ['X-Client: 192.0.2.9']],
    ['/ip', '307 -> /office', 'IPv6', headers => ['X-Client: 2001:db8::9']],
    ['/ip', '307 -> /others', 'another address', headers => ['X-Client: 192.0.3.9']],
    ['/ip', '307 -> /others', 'the real one'],
    ['/cookie', '307 -> /beta', 'a cookie', headers => ['Cookie: a=b; beta=yes-please']],
    ['/cookie', '404', 'another value', headers => ['Cookie: a=b; beta=no']],
    ['/lang', '307 -> /fr/', 'the better language', headers => ['Accept-Language: de;q=0.8, fr-CA, fr;q=0.9']],
    ['/lang', '307 -> /de/', 'the better language', headers => ['Accept-Language: fr;q=0.3,de-AT,en;q=0.5']],
    ['/lang', '404', 'no language of these', headers => ['Accept-Language: en']],
    ['/session', '404', 'sticky by a cookie that is not there'],
    ['/session', '307 -> /b', 'sticky by a cookie', headers => ['Cookie: SID=1']],
    ['/site/gone.html', '307 -> /archive/gone.html', 'nothing to serve'],
    ['/site/no/such/dir', '307 -> /archive/no/such/dir', 'nothing to serve further down'],
    ['/site/there.html', '200', 'a file'],
    ['/site/there.html/info', '404', 'a file with more behind it'],
    ['/site/dir/', '200', 'a directory'],
    ['/site/multi/page', '200', 'a file that MultiViews finds', headers => ['Accept-Language: en']],
    (map { my $place = $_; (["$place/expr", '401', "$place: what a login brings is waited for"], ["$place/type", '401', '... its kind, too'], ["$place/to", '401', '... in a target'],
        ["$place/expr", '307 -> /kim.html', '... and is known behind it', user => 'kim'], ["$place/type", '307 -> /basic', '... its kind, too', user => 'kim'], ["$place/to", '307 -> /u/kim', '... in a target', user => 'kim']) } '/login', '/area'),
    (map { ["/site/multi/$_->[0]", '200', "a file that MultiViews finds as $_->[0]: $_->[1]", headers => ['Accept-Language: en']] } @odd),
    (map { ["/site/multi/no-$_->[0]", "307 -> /archive/multi/no-" . ($_->[2] || $_->[0]), "none that it finds as no-$_->[0]", headers => ['Accept-Language: en']] } @odd),
    (map { ["/site/multi/here/$_->[0]", "307 -> /found/$_->[0]", "file=present, a file that MultiViews finds as $_->[0]", headers => ['Accept-Language: en']] } @odd),
    (map { ["/site/multi/here/no-$_->[0]", "307 -> /archive/multi/here/no-$_->[0]", "file=present, none that it finds as no-$_->[0]", headers => ['Accept-Language: en']] } @odd),
    ['/site/multi/no-page', '307 -> /archive/multi/no-page', 'none that MultiViews finds'],
    ['/site/off.html', '307 -> /archive/off.html', 'a flag that is not set'],
    ['/site/out.html', '404', 'a flag of somebody else is no flag, and what its line is for stays where it is'],
    ['/site/leak.html', '307 -> /archive/leak.html', 'a link to a file of somebody else is no flag'],
    ['/m/lang', '307 -> /fr/', 'a map: the better language', headers => ['Accept-Language: de;q=0.8, fr;q=0.9']],
    ['/m/lang', '307 -> /de/', 'a map: the other one', headers => ['Accept-Language: de;q=0.8, fr;q=0.7']],
    ['/m/ip', '307 -> /office', 'a map: an address', headers => ['X-Client: 192.0.2.9']],
    ['/m/ip', '307 -> /others', 'a map: another'],
    ['/m/cookie', '307 -> /beta', 'a map: a cookie', headers => ['Cookie: beta=yes']],
    ['/m/cookie', '404', 'a map: no cookie'],
    ['/m/all', '307 -> /b', 'a map: a share'],
    ['/m/preview?preview=correct-horse', '307 -> /next', 'a map: a link'],
    ['/m/ended', '308 -> /then', 'a map: dates'],
    ['/mapped/a.html', '307 -> /archive/a.html', 'a map beside a .htaccess: nothing to serve'],
    ['/mapped/b.html', '200', 'a map beside a .htaccess: something'],
    ['/mapped/c.html', '404', 'a map beside a .htaccess: nobody logged in'],
    # logins: before one a user= rule whose other conditions hold ends the search
    ['/login/a.html', '401', 'a rule asks for the user: the login comes first'],
    ['/login/a.html', '307 -> /login/kim.html', 'the user', user => 'kim'],
    ['/login/a.html', '200', 'another user', user => 'lee'],
    ['/login/old.html', '307 -> /login/new.html', 'nobody logs in just to be redirected'],
    ['/login/a.html', '307 -> /login/anyone.html', 'the list is decided whole, after the login', user => 'lee', method => 'PUT'],
    ['/login/a.html', '401', 'and not before it', method => 'PUT'],
    ['/login/c.html', '401', 'negated, too'],
    ['/login/c.html', '307 -> /login/d.html', 'negated', user => 'lee'],
    ['/login/c.html', '404', 'negated, the one', user => 'kim'],
    ['/area/a.html', '401', 'a <Location> rule waits'],
    ['/area/a.html', '307 -> /kim.html', 'a <Location> rule, after the login', user => 'kim'],
    ['/area/a.html', '200', 'a <Location> rule for another user', user => 'lee'],
    ['/area/b.html', '307 -> /early.html', 'a server rule that asks for nobody does not wait'],
    ['/area/c.html', '401', 'the <Location> is asked first, so the server waits with it'],
    ['/area/c.html', '307 -> /kim.html', 'the <Location> first', user => 'kim'],
    ['/area/c.html', '307 -> /server-rule.html', 'then the server', user => 'lee'],
    ['/open/x', '307 -> /everybody', 'without a login nobody is a user'],
);
plan tests => @rows + 32;

for my $row (@rows) {
    my ($path, $want, $why, %with) = @$row;
    is(said(ask($path, %with)), $want, "$path: $why");
}

# ---- flags ------------------------------------------------------------------------------

is(said(ask('/flag')), '404', 'no flag');
put($flag, '');
put('conditions/site/down.on', '');
sleep 1.2;
is(said(ask('/absolute')), '307 -> /down', 'a flag by its full path');
is(said(ask('/site/off.html')), '307 -> /site/flag.html', 'a flag beside the .htaccess');
remove($flag, "$root/site/down.on");
sleep 1.2;
is(said(ask('/absolute')), '404', 'taken away again');
is(said(ask('/site/off.html')), '307 -> /archive/off.html', 'taken away again in .htaccess');
put("$server->{dir}/server.on", '');
sleep 1.2;
is(said(ask('/flag')), '307 -> /down', 'flag= is relative to ServerRoot');
my $log = own_log($server);
like($log, qr{\.htaccess:3: Redirect307: flag='\.\./site/up\.on' lies outside the directory of this \.htaccess; write flag=down\.on}, 'said why');

# ---- what caches are told ---------------------------------------------------------------

my $reply = ask('/lang', headers => ['Accept-Language: fr']);
is(header($reply, 'Cache-Control') . '; ' . header($reply, 'Vary'), 'max-age=600; Accept-Language', 'a language is in Vary');
$reply = ask('/lang', headers => ['Accept-Language: en']);
is(said($reply) . '; ' . header($reply, 'Vary'), '404; Accept-Language', 'also where no rule answered');
$reply = ask('/kept', headers => ['X-Client: 192.0.2.9']);
is(said($reply) . '; ' . header($reply, 'Cache-Control'), '307 -> /office; private, max-age=3600', 'an address is in no Vary: the answer is private');
$reply = ask('/kept');
is(said($reply) . '; ' . header($reply, 'Cache-Control'), '307 -> /far; private, max-age=3600', 'also of the rule that came after it');
$reply = ask('/env');
is(header($reply, 'Cache-Control'), 'private, max-age=3600', 'what env= depends on is not known');
$reply = ask('/plain');
is(header($reply, 'Cache-Control') . header($reply, 'Vary'), 'max-age=3600', 'nothing was looked at');

# ---- shares -----------------------------------------------------------------------------

$reply = ask('/all');
my $set = header($reply, 'Set-Cookie');
like($set, qr{^redirect307-[0-9a-f]{8}=\d{4}\.[0-9a-f]{8}; Path=/; Max-Age=2592000; Expires=[^;]+ GMT; HttpOnly; SameSite=Lax$}, "the cookie of a share: $set");
is(header($reply, 'Cache-Control') . '; ' . header($reply, 'Vary'), 'private, no-store; Cookie', 'an answer with a cookie is kept by nobody');
my ($pair) = $set =~ /^([^;]+)/;
$reply = ask('/all', headers => ["Cookie: $pair"]);
is(header($reply, 'Set-Cookie') . header($reply, 'Cache-Control') . '; ' . header($reply, 'Vary'), 'max-age=3600; Cookie', 'with the cookie it is not set again');

my (%seen, %kept);
my $visitors = full(400, 4000);
for (1 .. $visitors) {
    $reply = ask('/half');
    my $said = said($reply);
    my ($own) = header($reply, 'Set-Cookie') =~ /^([^;]+)/;
    my $control = header($reply, 'Cache-Control');
    $seen{$said}++;
    $kept{ defined $own && $control eq 'private, no-store' ? 'with a cookie' : "without: $control" }++;
    next if $_ % 10;
    $reply = ask('/half', headers => ["Cookie: $own"]);
    $kept{ said($reply) eq $said && header($reply, 'Set-Cookie') eq '' ? 'stays' : 'moves' }++;
}
my $sigma = sqrt($visitors) / 2;
ok(abs($seen{'307 -> /b'} - $visitors / 2) < 5 * $sigma, "half of $visitors visitors: $seen{'307 -> /b'}");
is(join(', ', sort keys %seen), '307 -> /b, 404', 'and the others see the page');
is(join(', ', map { "$_: $kept{$_}" } sort keys %kept), "stays: " . int($visitors / 10) . ", with a cookie: $visitors", 'both sides stay');

%seen = ();
for my $i (0 .. 299) {
    my $client = '10.1.' . int($i / 200) . '.' . ($i % 200 + 1);
    my $said = said(ask('/third', headers => ["X-Client: $client"]));
    $seen{$said}++;
    $seen{moves}++ if $i % 10 == 0 && said(ask('/third', headers => ["X-Client: $client"])) ne $said;
}
ok(!$seen{moves}, 'by address: everybody stays');
ok((grep { ($seen{$_} || 0) > 60 } '307 -> /a', '307 -> /b', '404') == 3, 'in three parts')
    or diag(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
is(header(ask('/third', headers => ['X-Client: 10.1.0.1']), 'Set-Cookie'), '', 'without a cookie');

# ---- a preview by link ------------------------------------------------------------------

$reply = ask('/preview');
is(said($reply) . '; ' . header($reply, 'Vary'), '404; Cookie', 'nobody sees it');
is(said(ask('/preview?preview=correct-hors')), '404', 'nor with half a key');
$reply = ask('/preview/x?preview=correct-horse&a=1');
is(said($reply), '307 -> /next/x?a=1', 'who has the link does, and the key does not travel on');
$set = header($reply, 'Set-Cookie');
unlike($set, qr/correct-horse|Max-Age/, "nor is it in the cookie, which is the browser session's: $set");
is(header($reply, 'Cache-Control'), 'private, no-store', 'and kept by nobody');
($pair) = $set =~ /^([^;]+)/;
$reply = ask('/preview/y', headers => ["Cookie: $pair"]);
is(said($reply) . header($reply, 'Set-Cookie'), '307 -> /next/y', 'from then on without the link');
$reply = ask('/preview/y?preview=off', headers => ["Cookie: $pair"]);
is(said($reply), '404', 'out again');
like(header($reply, 'Set-Cookie'), qr{^redirect307-preview=; Path=/; Max-Age=0;}, 'and the cookie is taken away');
is(header($reply, 'Cache-Control'), 'private, no-store', 'on a page that is not ours');
is(said(ask('/preview?preview=correct-horse', method => 'POST')), '404', 'a POST is no link');

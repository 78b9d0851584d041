# SPDX-License-Identifier: Apache-2.0
# needs no conf: Redirect307Maintenance in servers of their own: for all hosts at once, over
# TLS and HTTP/2, beside mod_cache, behind a proxy that nobody declared, over a restart.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

plan 'no_plan';

my $page = "we are down for now\n";
my $root = root() . '/maintenance-servers';
put("maintenance-servers/$_/index.html", "$_\n") for qw(one two three);
put('maintenance-servers/down/index.html', $page);
put('maintenance-servers/down/style.css', "p {}\n");
put('maintenance-servers/two/.htaccess', "Redirect307 here there\nRedirect307Maintenance /down/ flag=mine.on\n");
my $flag = "$root/all.on";
unlink $flag, "$root/two/mine.on";

sub ask
{
    my ($server, $host, $path, %with) = @_;
    my $method = $with{method} || 'GET';
    my $reply = raw("$method $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n"
        . join('', map { "$_\r\n" } @{ $with{headers} || [] })
        . (defined $with{content} ? 'Content-Length: ' . length($with{content}) . "\r\n\r\n$with{content}" : "\r\n"),
        port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
    my ($location) = each_header($reply, 'Location');
    return ($code || 'nothing') . (defined $location ? " -> $location" : '');
}
sub flip { put(shift, ''); sleep 1.2; return }
sub unflip { unlink @_; sleep 1.2; return }
my @browser = (headers => ['Sec-Fetch-Mode: navigate']);

# ---- all hosts from one flag ------------------------------------------------------------

my $hosts = <<"CONF";
LogLevel warn
<Directory "$root">
    Require all granted
    AllowOverride FileInfo
</Directory>
Alias /down/ "$root/down/"
DirectoryIndex index.html
Redirect307Maintenance /down/ flag=$flag host=!three.example name=all
<VirtualHost *:\@PORT\@>
    ServerName one.example
    DocumentRoot "$root/one"
    Redirect307 /old https://elsewhere.example/
    Redirect307 /stays -
    RewriteEngine on
    RewriteRule ^/front https://front.example/ [R=302,L]
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName two.example
    DocumentRoot "$root/two"
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName three.example
    DocumentRoot "$root/three"
    Redirect307Maintenance /down/ flag=$root/three.on
</VirtualHost>
CONF
my $server = own_server($hosts, only => [qw(alias dir rewrite)]);
for my $row (['one.example', '/', '200'], ['one.example', '/old', '307 -> https://elsewhere.example/'],
             ['one.example', '/front', '302 -> https://front.example/'], ['two.example', '/here', '307 -> /there'],
             ['two.example', '/', '200'], ['three.example', '/', '200'], ['one.example', '/down/', '307 -> /'], ['two.example', '/down/', '307 -> /']) {
    is(ask($server, $row->[0], $row->[1]), $row->[2], "no flag: $row->[0]$row->[1]");
}
flip($flag);
for my $host (qw(one.example two.example)) {
    for my $path ('/', '/old', '/stays', '/front', '/here', '/any') {
        is(ask($server, $host, $path), '503', "one flag: $host$path");
        is(ask($server, $host, $path, @browser), '307 -> /down/', "one flag: $host$path, a browser");
    }
    is(ask($server, $host, '/down/', @browser), '503', "one flag: $host/down/");
    is(ask($server, $host, '/down/style.css'), '200', "one flag: $host/down/style.css");
}
is(ask($server, 'three.example', '/'), '200', 'host=! keeps one out of it');
# a page that the flag of the server and that of a tenant share
flip("$root/two/mine.on");
unflip($flag);
is(ask($server, 'two.example', '/', @browser), '503', 'the tenant\'s own flag: the page lies in another folder, so it is shown in place');
is(ask($server, 'two.example', '/down/', @browser), '307 -> /', '... and who looks at it is sent where it is shown, once');
is(ask($server, 'one.example', '/down/', @browser), '307 -> /', '... and is his alone');
unflip("$root/two/mine.on");
is(ask($server, 'two.example', '/down/', @browser), '307 -> /', 'and all is as before');
is(ask($server, 'one.example', '/old'), '307 -> https://elsewhere.example/', 'rules of a host are');

# ---- a reload in between ----------------------------------------------------------------

flip($flag);
kill 'USR1', $server->{pid};
sleep 1.5;
is(ask($server, 'one.example', '/'), '503', 'a reload ends no maintenance');
unflip($flag);
is(ask($server, 'one.example', '/'), '200', 'and rm ends it after one');

# ---- who believes X-Forwarded-For -------------------------------------------------------

put('maintenance-servers/one/page', "page\n");
my $forwarded = <<"CONF";
<Directory "$root">
    Require all granted
</Directory>
DocumentRoot "$root/one"
Redirect307Maintenance /down.html allow=127.0.0.1 answer=503
CONF
$server = own_server($forwarded, only => []);
is(ask($server, 'h', '/page'), '200', 'allow= without a proxy');
unlike(own_log($server), qr{X-Forwarded-For}, '... says nothing');
ask($server, 'h', '/page', headers => ['X-Forwarded-For: 192.0.2.1']) for 1 .. 3;
my $said = () = own_log($server) =~ /allow= is compared with the address of the connection, 127\.0\.0\.1 here, but a proxy says X-Forwarded-For; load mod_remoteip/g;
is($said, 1, 'allow= behind a proxy that nobody declared: said once');
SKIP: {
    skip 'no mod_remoteip', 2 unless have_module('remoteip');
    $server = own_server("RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n$forwarded", only => ['remoteip']);
    is(ask($server, 'h', '/page', headers => ['X-Forwarded-For: 192.0.2.1']), '503', 'with mod_remoteip the visitor is not the proxy');
    unlike(own_log($server), qr{X-Forwarded-For}, '... and nothing is said');
}

# ---- mod_cache --------------------------------------------------------------------------

SKIP: {
    skip 'no mod_cache', 4 unless have_module('cache') && have_module('cache_disk') && have_module('headers');
    for my $quick (qw(on off)) {
        my $stored = "$root/stored-$quick";
        unlink "$root/cache.on";
        system 'rm', '-rf', $stored;
        mkdir $stored or die "$!\n";
        $server = own_server(<<"CONF", only => [qw(cache cache_disk headers dir)]);
<Directory "$root">
    Require all granted
</Directory>
DocumentRoot "$root"
DirectoryIndex index.html
CacheQuickHandler $quick
CacheEnable disk /
CacheRoot "$stored"
CacheStaleOnError on
Header set Cache-Control max-age=1
Redirect307Maintenance /missing.html flag=$root/cache.on answer=503
Redirect307Maintenance /down/ flag=$root/cache2.on answer=503
CONF
        is(ask($server, 'h', '/one/index.html'), '200', "mod_cache, quick handler $quick: a page is stored") for 1 .. 2;
        flip("$root/cache.on");
        sleep 1;
        is(ask($server, 'h', '/one/index.html'), '503', "mod_cache, quick handler $quick: a stale copy does not stand in for a 503 of httpd's");
        unlink "$root/cache.on";
        flip("$root/cache2.on");
        my $reply = raw("GET /one/index.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port});
        like($reply, qr{^HTTP/1\.1 503 .*\Q$page\E$}s, "mod_cache, quick handler $quick: nor for the page");
        unlike($reply, qr{max-age}, '... which nobody may keep');
        unflip("$root/cache2.on");
        is(ask($server, 'h', '/one/index.html'), '200', "mod_cache, quick handler $quick: and the page is back");
    }
}

# ---- TLS and HTTP/2 ---------------------------------------------------------------------

my $pem = stage() . '/t/tls/server.pem';
($pem) = grep { -f } $pem, vars('serverroot') . '/tls/server.pem';
SKIP: {
    skip 'no TLS here', 1 unless $pem && have_module('ssl');
    my $h2 = have_module('http2');
    my $port_text = '@PORT@';
    $server = own_server(<<"CONF", only => ['ssl', 'socache_shmcb', 'dir', 'cgid', 'cgi', 'mime', $h2 ? 'http2' : ()]);
<Directory "$root">
    Require all granted
    Options ExecCGI
    AddHandler cgi-script .cgi
</Directory>
DocumentRoot "$root"
DirectoryIndex index.html
TypesConfig /dev/null
SSLEngine on
SSLCertificateFile "$pem"
@{[ $h2 ? "Protocols h2 http/1.1" : '' ]}
Redirect307Maintenance /down/ exempt=/one allow-link=staff=open-sesame
<Location "/cgi">
    Redirect307Maintenance /cgi/down.cgi
</Location>
CONF
    chmod 0755, put('maintenance-servers/cgi/down.cgi', "#!$^X\nprint \"Status: 200 OK\\nContent-Type: text/html\\n\\n$page\";\n");
    my $url = "https://127.0.0.1:$server->{port}";
    my $upload = put('maintenance-servers/upload', 'x' x 300_000);
    for my $version ('--http1.1', $h2 ? '--http2' : ()) {
        my $curl = sub {
            my $words = join ' ', map { "'$_'" } @_;
            my $text = qx(curl -s -k -i --max-time 10 $version $words 2>/dev/null);
            return ($text =~ m{^HTTP/\S+ (\d+)} ? $1 : 'nothing', $text);
        };
        my $name = $version eq '--http2' ? 'HTTP/2' : 'TLS';
        my ($code, $text) = $curl->("$url/x");
        is($code, 503, "$name: a program");
        like($text, qr{^retry-after: 300\r$}mi, "$name: Retry-After");
        like($text, qr{^cache-control: no-store\r$}mi, "$name: no-store");
        like($text, qr{\r\n\r\n\Q$page\E$}, "$name: the page");
        ($code, $text) = $curl->('-H', 'Sec-Fetch-Mode: navigate', "$url/x");
        is($code, 307, "$name: a browser");
        like($text, qr{^location: /down/\r$}mi, "$name: is sent to the page");
        is(($curl->("$url/down/"))[0], 503, "$name: the page");
        is(($curl->('-I', "$url/down/"))[0], 503, "$name: its head");
        is(($curl->("$url/down/style.css"))[0], 200, "$name: what it needs");
        is(($curl->("$url/one/index.html"))[0], 200, "$name: an exempt path");
        for my $path ('/x', '/cgi/x') {
            my $whole = 0;
            for (1 .. 5) {
                ($code, $text) = $curl->('-X', 'PUT', '--data-binary', "\@$upload", "$url$path");
                $whole++ if $code eq '503' && $text =~ /\Q$page\E$/;
            }
            is($whole, 5, "$name: PUT of 300 000 bytes to $path, five times: each sees the page");
        }
        ($code, $text) = $curl->('-d', 'a=b', "$url/cgi/x");
        is($code, 503, "$name: a form");
        ($code, $text) = $curl->("$url/x?staff=open-sesame");
        like($text, qr{^set-cookie: redirect307-staff=[0-9a-f]{40}; Path=/; HttpOnly; SameSite=Lax; Secure\r$}mi, "$name: the cookie is Secure");
    }
}

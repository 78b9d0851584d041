# SPDX-License-Identifier: Apache-2.0
# needs no conf: what docs/maintenance.md says of where the page comes from and of search
# engines, sentence by sentence: a visitor, a robot and a crawler, for each source of the page,
# with and without a flag and past `until`.
use strict;
use warnings FATAL => 'all';
use POSIX ();
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

plan 'no_plan';

my $base = 'maintenance-pages';
my $root = root() . "/$base";

sub ask
{
    my ($server, $host, $path, %with) = @_;
    my $content = $with{content};
    return raw(($with{method} || 'GET') . " $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n"
        . join('', map { "$_\r\n" } @{ $with{headers} || [] })
        . (defined $content ? 'Content-Length: ' . length($content) . "\r\n\r\n$content" : "\r\n"), port => $server->{port}, timeout => 20);
}
sub text { return (split /\r\n\r\n/, shift, 2)[1] // '' }

# "503 we are down", "307 -> /down/": what a 503 of ours lacks is said, too
sub told
{
    my $reply = ask(@_);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'nothing';
    my ($location) = each_header($reply, 'Location');
    return "$code -> $location" if defined $location;
    my $text = text($reply);
    my $said = "$code " . ($text =~ m{<h1>(.*?)</h1>} ? $1 : $text =~ /\A([^\n]*)/ ? $1 : '');
    return $said if $code != 503;
    my ($retry, $cache) = map { join ',', each_header($reply, $_) } 'Retry-After', 'Cache-Control';
    return $said . ($retry eq '300' ? '' : " (Retry-After '$retry')") . ($cache eq 'no-store' ? '' : " (Cache-Control '$cache')");
}
my @visitor = (headers => ['Sec-Fetch-Mode: navigate']);
my $short = 'Closed for maintenance';

# ---- each source: a visitor, a robot, a crawler; closed, open, over ----------------------

# source => [the line's page, what is read at it and in place of others]
my %source = (
    file    => ['/down/', 'down by file'],
    named   => ["/down/ page=$root/apart/index.html", 'down by page='],
    ssi     => ['/down.shtml', 'down by SSI'],
    cgi     => ['/down.cgi', 'down by CGI'],
    proxy   => ['/proxied/', 'down by a proxy'],
    missing => ['/missing.html', $short],
    away    => ['https://status.example/', $short],
);
my $past = POSIX::strftime('%Y-%m-%dT%H:%M', localtime time - 7200);
# state => [options, is it closed]
my %state = (
    closed => ["flag=$root/is.on", 1], always => ['', 1], open => ["flag=$root/is-not.on", 0],
    ends   => ["flag=$root/is.on until=2098-01-01", 1], over => ["flag=$root/is.on until=$past", 0],
);
put("$base/apart/index.html", "down by page=\n");
put("$base/backend/index.html", "down by a proxy\n");
put("$base/is.on", '');
remove("$base/is-not.on");

my $hosts = '';
for my $source (sort keys %source) {
    for my $state (sort keys %state) {
        my $site = "$base/sites/$source-$state";
        put("$site/index.html", "the site\n");
        put("$site/$_", "for crawlers\n") for qw(robots.txt sitemap.xml post-sitemap.xml);
        put("$site/down/index.html", "down by file\n") if $source eq 'file';
        put("$site/down.shtml", '<!--#include virtual="part.txt" -->'), put("$site/part.txt", "down by SSI\n") if $source eq 'ssi';
        chmod 0755, put("$site/down.cgi", "#!$^X\nprint \"Content-Type: text/html\\n\\ndown by CGI\\n\";\n") if $source eq 'cgi';
        $hosts .= "<VirtualHost *:\@PORT\@>\nServerName $source-$state.test\nDocumentRoot \"@{[root()]}/$site\"\n"
            . ($source eq 'proxy' ? "ProxyPass /proxied/ http://127.0.0.1:\@PORT\@/backend/\n" : '')
            . "Redirect307Maintenance $source{$source}[0] $state{$state}[0]\n</VirtualHost>\n";
    }
}
my $common = <<"CONF";
TypesConfig /dev/null
DirectoryIndex index.html
<Directory "$root">
    Require all granted
    AllowOverride All
    Options FollowSymLinks ExecCGI Includes
    AddHandler cgi-script .cgi
    AddType text/html .html .shtml
    AddOutputFilter INCLUDES .shtml
</Directory>
CONF
my $server = own_server(<<"CONF", only => [qw(alias dir mime include cgid cgi proxy proxy_http)]);
$common
<VirtualHost *:\@PORT\@>
    ServerName 127.0.0.1
    DocumentRoot "$root"
</VirtualHost>
$hosts
CONF
for my $source (sort keys %source) {
    my $text = $source{$source}[1];
    my ($page) = split ' ', $source{$source}[0];
    for my $state (sort keys %state) {
        my $closed = $state{$state}[1];
        my $host = "$source-$state.test";
        is(told($server, $host, '/', @visitor), $closed ? "307 -> $page" : '200 the site', "$source, $state: a visitor");
        is(told($server, $host, '/'), $closed ? "503 $text" : '200 the site', "$source, $state: a robot");
        is(told($server, $host, '/', method => 'POST', content => 'a=b', @visitor), $closed ? "503 $text" : '200 the site', "$source, $state: a form");
        is(told($server, $host, "/$_"), '200 for crawlers', "$source, $state: a crawler reads $_") for qw(robots.txt sitemap.xml post-sitemap.xml);
        next if $page =~ /^https:/;
        is(told($server, $host, $page, @visitor), $closed ? "503 $text" : '307 -> /', "$source, $state: a visitor at the page");
        is(told($server, $host, $page), $closed ? "503 $text" : '307 -> /', "$source, $state: a robot at the page");
    }
}
stop_server($server);

# ---- page= : of the disk, each time, and nobody else's business --------------------------

my %kinds = (
    html => 'text/html', xhtml => 'application/xhtml\+xml', css => 'text/css', js => 'text/javascript', mjs => 'text/javascript', png => 'image/png', jpg => 'image/jpeg',
    gif => 'image/gif', webp => 'image/webp', svg => 'image/svg\+xml', ico => 'image/x-icon', woff2 => 'font/woff2', ttf => 'font/ttf', txt => 'text/plain',
    json => 'application/json', xml => 'application/xml', pdf => 'application/pdf', mp4 => 'video/mp4', webm => 'video/webm',
);
my $plain = "down <!--#echo var=\"DOCUMENT_NAME\" --> word\n" . 'x' x 2000;
put("$base/disk/index.html", $plain);
put("$base/disk/beside.$_", "of the disk\n") for keys %kinds, qw(php cgi pl py bak zip html.php), 'sql';
put("$base/disk/none", "of the disk\n");
put("$base/disk/whole.txt", 'x' x (8 * 1024 * 1024));
put("$base/disk/more.txt", 'x' x (8 * 1024 * 1024 + 1));
put("$base/$_/index.html", "the site\n") for qw(one two);
# a page that is to be changed in the middle
put("$base/disk/again.html", "the first\n");
$server = own_server(<<"CONF", only => [qw(alias dir mime include deflate filter substitute headers rewrite authz_host)]);
$common
Redirect307Maintenance /down/ page=$root/disk/index.html host=one.test,two.test
<Location "/">
    SetOutputFilter INCLUDES;DEFLATE
    Options +Includes
    Require all denied
</Location>
<VirtualHost *:\@PORT\@>
    ServerName one.test
    DocumentRoot "$root/one"
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName two.test
    DocumentRoot "$root/two"
    Redirect gone /
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName again.test
    DocumentRoot "$root/one"
    Redirect307Maintenance /again.html page=$root/disk/again.html
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName whole.test
    Redirect307Maintenance /down.txt page=$root/disk/whole.txt
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName more.test
    Redirect307Maintenance /down.txt page=$root/disk/more.txt
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName bare.test
    DocumentRoot "$root/one"
    Redirect307Maintenance /missing/ page=$root/disk/no-such.html
</VirtualHost>
CONF
for my $host (qw(one.test two.test)) {
    for my $path ('/x', '/down/', '/down/index.html') {
        my $reply = ask($server, $host, $path, headers => ['Accept-Encoding: gzip']);
        is(text($reply), $plain, "page=, $host$path: the bytes of the file, whatever filter is set");
        like($reply, qr{^HTTP/1\.1 503 }, "page=, $host$path: its status");
        is(join(',', each_header($reply, 'Content-Encoding')), '', "page=, $host$path: as it is");
    }
    for my $kind (sort keys %kinds) {
        my $reply = ask($server, $host, "/down/beside.$kind");
        like($reply, qr{^HTTP/1\.1 200 .*^Content-Type: $kinds{$kind}}ms, "page=, $host: .$kind is sent");
        is(text($reply), "of the disk\n", "page=, $host: .$kind, as it is");
    }
    is(told($server, $host, "/down/$_") =~ /^(\d+)/ && $1, 503, "page=, $host: $_ is not sent") for map({ "beside.$_" } qw(php cgi pl py bak zip html.php sql)), 'none', 'missing.css';
}
is(length text(ask($server, 'one.test', '/down/whole.txt')), 8 * 1024 * 1024, 'beside the page: 8 MiB are sent');
like(ask($server, 'one.test', '/down/more.txt'), qr{^HTTP/1\.1 503 }, 'beside the page: and not one byte more');
for my $path ('whole.test/x', 'one.test/down/whole.txt') {
    my ($host, $name) = split m{(?=/)}, $path, 2;
    is(join(',', each_header(ask($server, $host, $name, method => 'HEAD'), 'Content-Length')), 8 * 1024 * 1024, "HEAD $path: 8 MiB");
}
is(length text(ask($server, 'whole.test', '/x')), 8 * 1024 * 1024, 'a page of 8 MiB');
is(told($server, 'more.test', '/x'), "503 $short", 'a page of more');
like(own_log($server), qr{page='\S+more\.txt' [^;]*; people get a short text}, '... and the log says so');
is(told($server, 'again.test', '/x'), '503 the first', 'a page that is a file: read');
put("$base/disk/again.html", "the second\n");
is(told($server, 'again.test', '/x'), '503 the second', '... for each answer');
is(told($server, 'again.test', '/beside.css'), '503 the second', '... and nothing beside it: the page has no slash');
is(told($server, 'bare.test', '/x'), "503 $short", 'a page= that is not there: a short text');
put("$base/disk/no-such.html", "now it is\n");
is(told($server, 'bare.test', '/x'), '503 now it is', '... until it is');
remove("$base/disk/no-such.html");
stop_server($server);

# ---- how the page's URL is asked ---------------------------------------------------------

put("$base/asked/plain/index.html", "the site\n");
chmod 0755, put("$base/asked/down.cgi", <<"PERL");
#!$^X
local \$/;
my \$body = <STDIN> // '';
print "Content-Type: text/plain\\n\\n", join('|', map { "\$_=" . (\$ENV{\$_} // '') } qw(REQUEST_METHOD CONTENT_LENGTH HTTP_RANGE QUERY_STRING)), "|body=\$body\\n";
PERL
$server = own_server("$common\nDocumentRoot \"$root/asked\"\nRedirect307Maintenance /down.cgi\n", only => [qw(alias dir mime include cgid cgi)]);
for my $row (['GET', undef], ['POST', 'a=b'], ['PUT', 'a=b'], ['DELETE', undef], ['PROPFIND', 'a=b']) {
    my ($method, $content) = @$row;
    is(told($server, 'h', '/x?q=1', method => $method, content => $content, headers => ['Range: bytes=0-1']),
       '503 REQUEST_METHOD=GET|CONTENT_LENGTH=|HTTP_RANGE=|QUERY_STRING=|body=', "$method: the program of the page is asked with GET, as a whole, without a body");
}
stop_server($server);

# ---- not its own page: the file at its place, or a short text; said once ------------------

put("$base/places/down/index.html", "at its place\n");
chmod 0755, put("$base/places/front.cgi", "#!$^X\nprint \"Content-Type: text/html\\n\\nthe application\\n\";\n");
put("$base/places/app.html", "the application\n");
put("$base/places/other.html", "another file\n");
put("$base/places/empty/style.css", "p {}\n");
put("$base/places/a b/index.html", "a page with a space\n");
put("$base/tenant/fallback/.htaccess", "Redirect307Maintenance down/\nFallbackResource /app.html\n");
put("$base/tenant/fallback/app.html", "the application\n");
put("$base/tenant/place/down/index.html", "the tenant's place\n");
put("$base/tenant/place/.htaccess", "Redirect307Maintenance down/\nFallbackResource /front.cgi\n");
put("$base/tenant/slash/down/index.html", "the tenant's place\n");
put("$base/tenant/slash/.htaccess", "Redirect307Maintenance down flag=is.on\n");
put("$base/tenant/slash/is.on", '');
put("$base/tenant/nothing/.htaccess", "Redirect307Maintenance down/\n");
chmod 0755, put("$base/tenant/front.cgi", "#!$^X\nprint \"Content-Type: text/html\\n\\nthe application\\n\";\n");
for my $row (
    ['a front controller', 'places', 'Redirect307Maintenance /down/', "RewriteEngine on\nRewriteRule !^/front\\.cgi\$ /front.cgi [PT]", 'at its place', qr{page '/down/' of \S+ is answered by what answers all URLs; the file at its place is sent, [^;]*; write page=/srv/maintenance/index\.html}],
    ['a Redirect of all', 'places', 'Redirect307Maintenance /down/', 'Redirect gone /', 'at its place', qr{page '/down/' of \S+ answers 410 when it is asked for; the file at its place is sent, [^;]*; write page=/srv/maintenance/index\.html}],
    ['a front controller, no file', 'places', 'Redirect307Maintenance /gone/', "RewriteEngine on\nRewriteRule !^/front\\.cgi\$ /front.cgi [PT]", $short, qr{page '/gone/' of \S+ is answered by what answers all URLs; people get a short text; write page=/srv/maintenance/index\.html}],
    (map { ["$_->[0], no file", 'places', 'Redirect307Maintenance /gone/', $_->[1], $short, qr{page '/gone/' of \S+ is answered by what answers all URLs; people get a short text; write page=/srv/maintenance/index\.html}] }
        ['[PT] to a file', "RewriteEngine on\nRewriteRule !^/app\\.html\$ /app.html [PT]"], ['FallbackResource, a file', 'FallbackResource /app.html'],
        ['FallbackResource, a program', 'FallbackResource /front.cgi'], ['AliasMatch', "AliasMatch ^/ \"$root/places/app.html\""]),
    ['FallbackResource, a page with another name', 'places', 'Redirect307Maintenance /gone.html', 'FallbackResource /app.html', $short, qr{page '/gone\.html' of \S+ is answered by what answers all URLs; people get a short text}],
    ['FallbackResource, a page that is there', 'places', 'Redirect307Maintenance /down/', 'FallbackResource /app.html', 'at its place', undef],
    ['FallbackResource, the application as the page', 'places', 'Redirect307Maintenance /app.html', 'FallbackResource /app.html', 'the application', undef],
    ['ErrorDocument 404', 'places', 'Redirect307Maintenance /gone.html', 'ErrorDocument 404 /app.html', $short, qr{page '/gone\.html' of \S+ is not there; people get a short text}],
    ['[PT] of the page alone', 'places', 'Redirect307Maintenance /gone/', "RewriteEngine on\nRewriteRule ^/gone/\$ /other.html [PT]", 'another file', undef],
    ['FallbackResource of the page alone', 'places', 'Redirect307Maintenance /gone/', "<Location \"/gone\">\nFallbackResource /other.html\n</Location>", 'another file', undef],
    ['a folder without index.html', 'places', 'Redirect307Maintenance /empty/', '', $short, qr{page '/empty/' of \S+ is a directory without an index\.html; people get a short text}],
    ['... and a DirectoryIndex for all of them', 'places', 'Redirect307Maintenance /empty/', 'DirectoryIndex index.html /app.html', 'the application', undef],
    ['SetHandler for all, a page that is there', 'places', 'Redirect307Maintenance /down/', "<Files ~ \"html\$\">\nSetHandler default-handler\n</Files>", 'at its place', undef],
    ['a name in another spelling', 'places', 'Redirect307Maintenance "/a b/"', 'FallbackResource /app.html', 'a page with a space', undef],
    ['a .htaccess with a FallbackResource, no file', 'tenant/fallback', '', '', $short, qr{page 'down/' of \S+ [^;]*; people get a short text; write page=down/index\.html}],
    ['a .htaccess and a Redirect of all', 'tenant/place', '', 'RedirectMatch gone ^/down/', 'the tenant\'s place', qr{page 'down/' of \S+ answers 410 when it is asked for; the file at its place is sent, [^;]*; write page=down/index\.html, a file below this directory}],
    ['a .htaccess, a directory without its slash', 'tenant/slash', '', '', 'the tenant\'s place', qr{page 'down' of \S+ is a directory; write down/; the file at its place is sent}],
    ['a .htaccess, no file', 'tenant/nothing', '', '', $short, qr{page 'down/' of \S+ [^;]*; people get a short text; write page=down/index\.html, a file below this directory}],
) {
    my ($name, $site, $line, $neighbour, $text, $log) = @$row;
    $server = own_server("$common\nDocumentRoot \"$root/$site\"\n$line\n$neighbour\n", only => [qw(alias dir mime include cgid cgi rewrite)]);
    is(told($server, 'h', '/x'), "503 $text", "$name: whose text") for 1 .. 3;
    my $said = () = own_log($server) =~ ($log || qr{Redirect307Maintenance: page});
    is($said, $log ? 1 : 0, '... said once, with the page= to write, or nothing') or diag(own_log($server));
    stop_server($server);
}

# ---- a page of another site: ErrorDocument 503 --------------------------------------------

put("$base/documents/sorry.html", "sorry, of a file\n");
for my $row (['', $short], ['ErrorDocument 503 "sorry, of a text"', 'sorry, of a text'], ['ErrorDocument 503 /sorry.html', 'sorry, of a file'],
             ['ErrorDocument 503 /missing.html', $short], ["ErrorDocument 503 /missing.html\nFallbackResource /sorry.html", $short], ['ErrorDocument 503 https://elsewhere.example/', $short]) {
    $server = own_server("$common\nDocumentRoot \"$root/documents\"\n$row->[0]\nRedirect307Maintenance https://status.example/\n", only => [qw(alias dir mime include)]);
    is(told($server, 'h', '/x'), "503 $row->[1]", 'a page of another site, ' . ($row->[0] || 'no ErrorDocument'));
    is(told($server, 'h', '/x', @visitor), '307 -> https://status.example/', '... a visitor is sent there');
    stop_server($server);
}

# ---- mod_cache's quick handler, which comes before everybody ------------------------------

SKIP: {
    skip 'no mod_cache', 2 unless have_module('cache') && have_module('cache_disk') && have_module('headers');
    for my $row (['on', '200 the site'], ['off', "503 $short"]) {
        my ($quick, $want) = @$row;
        my $stored = "$root/stored-$quick";
        system 'rm', '-rf', $stored;
        mkdir $stored or die "$!\n";
        put("$base/one/index.html", "the site\n");
        remove("$base/cache.on");
        $server = own_server("$common\nDocumentRoot \"$root/one\"\nCacheQuickHandler $quick\nCacheEnable disk /\nCacheRoot \"$stored\"\nHeader set Cache-Control max-age=600\n"
            . "Redirect307Maintenance /missing.html flag=$root/cache.on answer=503\n", only => [qw(alias dir mime include cache cache_disk headers)], single => 1);
        is(told($server, 'h', '/index.html'), '200 the site', "CacheQuickHandler $quick: before") for 1 .. 2;
        put("$base/cache.on", '');
        my $until = time + 60;
        sleep 0.1 until told($server, 'h', '/another') =~ /^503/ || time > $until;
        is(told($server, 'h', '/index.html'), $want, "CacheQuickHandler $quick: what it holds");
        stop_server($server);
    }
}

# ---- search engines: what is never answered ------------------------------------------------

for my $status (qw(200 301 302 308 404 410)) {
    my ($exit, $said) = conf_test("Redirect307Maintenance /down/ answer=$status\n");
    is($exit, 1, "answer=$status is no answer");
    like($said, qr{answer='$status' is not known; write answer=auto, answer=503 or answer=307}, '... and what to write');
}
{
    put("$base/robots/$_", "for crawlers\n") for qw(robots.txt sitemap.xml);
    put("$base/robots/down/index.html", "<link rel=\"canonical\" href=\"https://www.example.com/shop\">\n");
    my $page = '<link rel="canonical" href="https://www.example.com/shop">';
    $server = own_server("$common\nDocumentRoot \"$root/robots\"\n<VirtualHost *:\@PORT\@>\nServerName none.test\nRedirect307Maintenance /down/ exempt=none\n</VirtualHost>\n"
        . "<VirtualHost *:\@PORT\@>\nServerName sends.test\nRedirect307Maintenance /down/ answer=307\n</VirtualHost>\n"
        . "<VirtualHost *:\@PORT\@>\nServerName part.test\n<Location \"/shop\">\nRedirect307Maintenance /shop/down/\n</Location>\n</VirtualHost>\n", only => [qw(alias dir mime include)]);
    is(told($server, 'none.test', "/$_"), "503 $page", "exempt=none: $_ is a 503") for qw(robots.txt sitemap.xml);
    is(told($server, 'sends.test', "/$_"), '200 for crawlers', "answer=307: $_ is open all the same") for qw(robots.txt sitemap.xml);
    is(told($server, 'sends.test', '/x'), '307 -> /down/', 'answer=307: a robot is sent to the page');
    is(told($server, 'sends.test', '/down/'), "503 $page", '... which is a 503, so its text is not the site\'s');
    is(told($server, 'part.test', "/$_"), '200 for crawlers', "a part of a site: $_ is not concerned") for qw(robots.txt sitemap.xml);
    stop_server($server);
}

# ---- the flag's own words ------------------------------------------------------------------

{
    put("$base/words/down/index.html", "down by file\n");
    put("$base/words/index.html", "the site\n");
    my $on = put("$base/words/down.on", '');
    $server = own_server("$common\nDocumentRoot \"$root/words\"\nRedirect307Maintenance /down/ flag=$on\nRedirect307 /old /new flag=$root/words/live.down\n", only => [qw(alias dir mime include)], single => 1);
    put("$base/words/live.down", "secret\n");
    for my $row (["\xef\xbb\xbfeta=2h\n", 7200, undef], ["\xef\xbb\xbf# Kim\r\neta=3h\r\n", 10800, undef],
                 ["eta=2 Stunden\n", 300, qr{line 1 has eta='2 Stunden': a unit stands behind its number}],
                 ["eta=2 hours\n", 300, qr{line 1 has eta='2 hours': a unit stands behind its number}],
                 ["nonsense\neta=2h\nuntil=someday\nallow=here\n", 7200, qr{line 1 says nothing.*line 3 .*line 4 }s]) {
        my ($words, $seconds, $log) = @$row;
        put("$base/words/down.on", $words);
        my ($retry, $until) = (-1, time + 30);
        # a process looks at the flag once a second at most
        while (time < $until) {
            ($retry) = each_header(ask($server, 'h', '/x'), 'Retry-After');
            last if $retry <= $seconds && $retry > $seconds - 100 && (!$log || own_log($server) =~ $log);
            sleep 0.1;
        }
        (my $shown = $words) =~ s/[^ -~]/./g;
        ok($retry <= $seconds && $retry > $seconds - 100, "a flag that says $shown: Retry-After $retry");
        like(own_log($server), $log, '... and each bad line is in the log') if $log;
    }
    put("$base/words/down.on", "until=2020-01-01\n");
    my $until = time + 30;
    sleep 0.1 until told($server, 'h', '/live.down') !~ /^503/ || time > $until;
    is(told($server, 'h', '/live.down') =~ /^(\d+)/ && $1, 404, 'a flag of a rule is for nobody');
    stop_server($server);
}

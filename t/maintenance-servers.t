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
reload($server, 'USR1');
is(ask($server, 'one.example', '/'), '503', 'a reload ends no maintenance');
unflip($flag);
is(ask($server, 'one.example', '/'), '200', 'and rm ends it after one');

# ---- the switch, seen by many processes ------------------------------------------------

# Each process looks at the flag at another moment of a second. Who follows is at the page or at
# the site at the end, and was sent once, or twice if the switch came in between.
{
    my $on = "$root/switch.on";
    unlink $on;
    $server = own_server(<<"CONF", only => [qw(alias dir)]);
KeepAlive off
StartServers 8
<IfModule prefork.c>
    MinSpareServers 8
    MaxRequestWorkers 16
</IfModule>
<IfModule !prefork.c>
    ThreadsPerChild 2
    MinSpareThreads 16
    MaxSpareThreads 32
    MaxRequestWorkers 32
    ServerLimit 16
</IfModule>
<Directory "$root">
    Require all granted
</Directory>
DocumentRoot "$root/one"
DirectoryIndex index.html
Alias /down/ "$root/down/"
Redirect307Maintenance /down/ flag=$on
CONF
    my ($visits, $sent, $most) = (0, 0, 0);
    # on a machine that has other things to do, until there were enough of them
    for my $round (1 .. 200) {
        last if $round > full(3, 20) && $sent > 20;
        for my $turn (1, 0) {
            # all of them know how it was
            my $before = time + 1.2;
            ask($server, 'h', '/', @browser) while time < $before;
            $turn ? put($on, '') : unlink $on;
            my $end = time + 1.6;
            while (time < $end) {
                my ($path, $hops) = ('/', 0);
                while ($hops < 30 && ask($server, 'h', $path, @browser) =~ /^307 -> (.*)/) {
                    $path = $1;
                    $hops++;
                }
                $visits++;
                $sent++ if $hops;
                $most = $hops if $hops > $most;
            }
        }
    }
    cmp_ok($most, '<=', 2, "the switch: $visits visits, nobody is sent to and fro");
    cmp_ok($sent, '>', 20, "... and $sent of them were sent");
}

# ---- a plan is asked for only of what nobody ends --------------------------------------

for my $row (['until refuse', 'longest=400d'], ['until refuse', undef], ['review refuse', undef], ['none', 'longest=1d'], ['until warn', undef]) {
    my ($require, $limits) = @$row;
    my $name = join ' ', "Require $require", $limits ? "Limits $limits" : ();
    put("maintenance-servers/plan/$_/index.html", "the site\n"), put("maintenance-servers/plan/$_/down/index.html", $page) for qw(flag none ends late);
    put('maintenance-servers/plan/flag/.htaccess', "Redirect307Maintenance down/ flag=down.on\n");
    put('maintenance-servers/plan/flag/down.on', '');
    put('maintenance-servers/plan/none/.htaccess', "Redirect307Maintenance down/\n");
    put('maintenance-servers/plan/ends/.htaccess', 'Redirect307Maintenance down/ until=' . POSIX::strftime('%Y-%m-%dT%H:%M', localtime time + 7200) . "\n");
    put('maintenance-servers/plan/late/.htaccess', "Redirect307Maintenance down/ until=2098-01-01\n");
    $server = own_server(<<"CONF", only => [qw(dir)]);
DocumentRoot "$root/plan"
DirectoryIndex index.html
<Directory "$root/plan">
    Require all granted
    AllowOverride FileInfo
    Redirect307Require $require
    @{[ $limits ? "Redirect307Limits $limits" : '' ]}
</Directory>
CONF
    my $is_asked = $require =~ /refuse/ || $limits;
    is(ask($server, 'h', '/flag/'), '503', "$name: a line with flag= works");
    is(ask($server, 'h', '/none/'), $is_asked ? '200' : '503', "$name: a line that nobody ends");
    is(ask($server, 'h', '/ends/'), '503', "$name: a line that ends");
    is(ask($server, 'h', '/late/'), $limits ? '200' : '503', "$name: a line that ends late");
    my $said = own_log($server);
    unlike($said, qr{plan/flag/}, '... nothing is said of the first');
    like($said, qr{plan/none/\.htaccess:1: Redirect307Maintenance: .*write flag=down\.on or until=YYYY-MM-DD}, '... and what to write of the second');
    stop_server($server);
}
for my $row (['Redirect307Maintenance /down/', 1], ['Redirect307Maintenance /down/ flag=down.on', 0], ['Redirect307Maintenance /down/ until=2098-01-01', 0],
             ["<Location /x>\nRedirect307Maintenance /x/down/\n</Location>", 1], ["<VirtualHost *>\nRedirect307Maintenance /down/\n</VirtualHost>", 1]) {
    my ($exit, $said) = conf_test("Redirect307Require until refuse\n$row->[0]\n");
    is($exit, $row->[1], "httpd.conf, Require until refuse: $row->[0]");
    $row->[1] ? like($said, qr{Redirect307Maintenance: .*write flag=down\.on or until=YYYY-MM-DD}, '... says what to write')
              : unlike($said, qr{Require}, '... says nothing');
    ($exit, $said) = conf_test("Redirect307Require until warn\n$row->[0]\n");
    is($exit, 0, "httpd.conf, Require until warn: $row->[0]");
}

# ---- a place that is not there ----------------------------------------------------------

for my $row (['flag=/nonexistent/307/down.on', qr{the folder of flag='/nonexistent/307/down\.on' is not there: /nonexistent/307/; make it}],
             ['flag=no-such-folder/down.on', qr{the folder of flag='no-such-folder/down\.on' is not there}],
             ['page=/nonexistent/307/index.html', qr{page='/nonexistent/307/index\.html' is not there yet}],
             ["flag=$root/down/down.on page=$root/down/index.html", undef], ['flag=down.on', undef]) {
    my ($exit, $said) = conf_test("Redirect307Maintenance /down/ $row->[0]\n");
    is($exit, 0, "httpd -t takes $row->[0]");
    $row->[1] ? like($said, $row->[1], '... and says what is missing') : unlike($said, qr{not there}, '... and has nothing to say');
}

# ---- what a page is not -----------------------------------------------------------------

put('maintenance-servers/pages/closed/index.html', "closed\n");
put('maintenance-servers/pages/index.html', "the site\n");
put('maintenance-servers/pages/program.php', "<?php secret ?>\n");
put('maintenance-servers/pages/closed/program.php', "<?php secret ?>\n");
put('maintenance-servers/pages/closed/.hidden.txt', "secret\n");
put('maintenance-servers/secret.txt', "secret\n");
put('maintenance-servers/pages/closed/sub/a.svg', "<svg/>\n");
put('maintenance-servers/pages/closed/flag.on', '');
unlink map { "$root/pages/closed/$_" } qw(link.txt linked);
symlink "$root/secret.txt", "$root/pages/closed/link.txt" or die "$!\n";
symlink $root, "$root/pages/closed/linked" or die "$!\n";
for my $row (['Redirect307Maintenance /closed', qr{page '/closed' of \S+ is a directory; write /closed/}, 'closed'],
             ['Redirect307Maintenance /gone.html', qr{page '/gone\.html' of \S+ is not there; people get a short text; write page=/srv/}, 'Closed for maintenance'],
             ['Redirect307Maintenance /program.php', undef, 'secret'],
             ["Redirect307Maintenance /program.php\nRedirect gone /", qr{page '/program\.php' of \S+ answers 410 when it is asked for; people get a short text}, 'Closed for maintenance'],
             ["Redirect307Maintenance /down/ page=$root/pages/gone.html", qr{page='\S+gone\.html' cannot be opened: No such file or directory; people get a short text}, 'Closed for maintenance'],
             ["Redirect307Maintenance /down/ page=$root/pages/closed/index.html", undef, 'closed']) {
    $server = own_server("DocumentRoot \"$root/pages\"\nDirectoryIndex index.html\n<Directory \"$root\">\nRequire all granted\nOptions FollowSymLinks\n</Directory>\n$row->[0]\n", only => [qw(alias dir)]);
    my @replies = map { raw("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}) } 1 .. 3;
    like($replies[2], qr{^HTTP/1\.1 503 .*\Q$row->[2]\E}s, "$row->[0]: whose text");
    my $said = () = own_log($server) =~ /Redirect307Maintenance: page(?!.* yet;)/g;
    is($said, $row->[1] ? 1 : 0, '... and it is said once, or need not be');
    like(own_log($server), $row->[1], '... with what to write') if $row->[1];
    stop_server($server) if $row->[0] !~ /closed\/index/;
}
# the last one is still there: what lies beside the page
for my $row (['sub/a.svg', '200'], ['index.html', '503'], ['program.php', '503'], ['.hidden.txt', '503'], ['link.txt', '503'], ['linked/secret.txt', '503'], ['flag.on', '503'],
             ['sub', '503'], ['sub/', '503'], ['../secret.txt', '503'], ['%2e%2e/secret.txt', '503'], ['..%2fsecret.txt', '404'], ['%2fetc%2fpasswd', '404'], ['sub/a.svg%00.txt', '400|404'], ['sub//a.svg', '200']) {
    my $reply = raw("GET /down/$row->[0] HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port});
    like($reply, qr{^HTTP/1\.1 (?:$row->[1]) }, "beside the page: $row->[0]");
    unlike($reply, qr{secret$}m, "... and no secret") if $row->[1] ne '200';
}

# a HEAD is told what a GET is, and gets no body
for my $path ('/x', '/down/', '/down/sub/a.svg') {
    my %head;
    for my $method (qw(GET HEAD)) {
        my ($head, $body) = split /\r\n\r\n/, raw("$method $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}), 2;
        $head =~ s/^Date: [^\n]*\n//m;
        $head{$method} = $head;
        is($body, '', "HEAD $path: no body") if $method eq 'HEAD';
        my ($length) = $head =~ /^Content-Length: (\d+)\r?$/m;
        is($length, length $body, "GET $path: its length") if $method eq 'GET';
    }
    is($head{HEAD}, $head{GET}, "HEAD $path: the head of GET");
}

# a flag and a map beside it stay where they are
put('maintenance-servers/pages/closed/flag.txt', "allow=192.0.2.1\n");
put('maintenance-servers/pages/closed/map.txt', "/a /b\n");
stop_server($server);
$server = own_server("DocumentRoot \"$root/pages\"\n<Directory \"$root\">\nRequire all granted\n</Directory>\n"
                     . "Redirect307Map \"$root/pages/closed/map.txt\"\nRedirect307Maintenance /down/ page=$root/pages/closed/index.html flag=$root/pages/closed/flag.txt\n", only => ['dir']);
is(ask($server, 'h', "/down/$_->[0]"), $_->[1], "beside the page, with a use of its own: $_->[0]") for ['sub/a.svg', '200'], ['flag.txt', '503'], ['map.txt', '503'];
stop_server($server);

# ---- whatever a program says -------------------------------------------------------------

{
    my %says = (
        'away' => ['Status: 302 Found\nLocation: https://elsewhere.test/\n\n', 'short'], 'location' => ['Location: https://elsewhere.test/\n\n', 'short'],
        'local' => ['Location: /plain.html\n\n', 'plain'], 'local-missing' => ['Location: /missing.html\n\n', 'short'],
        'local-forbidden' => ['Location: /forbidden.html\n\n', 'short'], 'missing' => ['Status: 404 Not Found\nContent-Type: text/html\n\nits own 404', 'short'],
        'fails' => ['Status: 500 x\nContent-Type: text/html\n\nits own 500', 'short'], 'nothing' => ['', 'short'], 'nonsense' => ['nonsense\n', 'short'],
        'ok-location' => ['Status: 200 OK\nLocation: https://elsewhere.test/\nContent-Type: text/html\n\nplain', 'short'],
        'unchanged' => ['Status: 304 Not Modified\n\n', 'short'], 'partial' => ['Status: 206 Partial\nContent-Range: bytes 0-1/9\nContent-Type: text/html\n\npl', 'short'],
        'itself' => ['Location: /itself.cgi\n\n', 'short'], 'large' => ['Content-Type: text/html\n\n" . "x" x 9000000 . "', 'short'],
        'cookies' => ['Content-Type: text/html\nSet-Cookie: a=b\nSet-Cookie: c=d\nETag: "x"\nRefresh: 1\n\nplain', 'plain'],
        'early' => ['Status: 503 Service Unavailable\nContent-Type: text/html\n\nits own 503', 'short'],
    );
    my $conf = '';
    for my $name (sort keys %says) {
        my $program = $says{$name}[0];
        $program =~ s/"x"(?= x)/'x'/;
        $program =~ s/(ETag: )"x"/$1\\"x\\"/;
        chmod 0755, put("maintenance-servers/programs/$name.cgi", "#!$^X\nprint \"$program\";\n");
        $conf .= "<VirtualHost *:\@PORT\@>\nServerName $name.test\nDocumentRoot \"$root/programs\"\nRedirect307Maintenance /$name.cgi\n</VirtualHost>\n";
    }
    put('maintenance-servers/programs/plain.html', 'plain');
    put('maintenance-servers/programs/forbidden.html', 'forbidden');
    $server = own_server(<<"CONF", only => [qw(alias dir mime cgid cgi deflate filter headers)]);
TypesConfig /dev/null
<Directory "$root/programs">
    Require all granted
    Options ExecCGI
    AddHandler cgi-script .cgi
    AddType text/html .html
</Directory>
<Files "forbidden.html">
    Require all denied
</Files>
ErrorDocument 404 /away.cgi
ErrorDocument 500 https://elsewhere.test/
ErrorDocument 503 https://elsewhere.test/
Header always set X-Always yes
<IfModule deflate_module>
    AddOutputFilterByType DEFLATE text/html
</IfModule>
$conf
CONF
    for my $name (sort keys %says) {
        for my $method (qw(GET POST HEAD)) {
            my $reply = raw("$method /any HTTP/1.1\r\nHost: $name.test\r\n" . ($method eq 'POST' ? "Content-Length: 3\r\n" : '') . "Connection: close\r\n\r\n"
                . ($method eq 'POST' ? 'a=b' : '') . "GET /smuggled HTTP/1.1\r\nHost: $name.test\r\n\r\n", port => $server->{port}, timeout => 20);
            my $text = $says{$name}[1] eq 'short' ? 'Closed for maintenance' : 'plain';
            my $is_fine = $reply =~ m{^HTTP/1\.1 503 } && (() = $reply =~ m{HTTP/1\.1 \d}g) == 1 && !each_header($reply, 'Location') && !each_header($reply, 'Refresh')
                && !each_header($reply, 'ETag') && join(',', each_header($reply, 'Cache-Control')) eq 'no-store' && join(',', each_header($reply, 'Retry-After')) eq '300'
                && join(',', each_header($reply, 'X-Always')) eq 'yes' && ($method eq 'HEAD' ? $reply =~ /\r\n\r\n\z/ : $reply =~ /\Q$text\E/);
            ok($is_fine, "a program that says $name: $method gets 503 and a page") or diag(substr $reply, 0, 800);
        }
    }
    my $reply = raw("GET /any HTTP/1.1\r\nHost: cookies.test\r\nConnection: close\r\n\r\n", port => $server->{port});
    is(join(',', each_header($reply, 'Set-Cookie')), 'a=b,c=d', '... and its cookies are both there');
}

# ---- page= in a .htaccess ----------------------------------------------------------------

{
    my $site = 'maintenance-servers/tenant';
    put("$site/here/index.html", "the tenant's page\n");
    put("$site/here/style.css", "p { color: red }\n");
    put("$site/down/index.html", "another page\n");
    put('maintenance-servers/secret.html', "secret\n");
    unlink map { root() . "/$site/$_" } qw(linked.html out here/out.css here/up pipe.html);
    symlink "$root/secret.html", root() . "/$site/linked.html" or die "$!\n";
    symlink $root, root() . "/$site/out" or die "$!\n";
    symlink '/etc/passwd', root() . "/$site/here/out.css" or die "$!\n";
    symlink $root, root() . "/$site/here/up" or die "$!\n";
    POSIX::mkfifo(root() . "/$site/pipe.html", 0644) or die "$!\n";
    $server = own_server("DocumentRoot \"" . root() . "/$site\"\nDirectoryIndex index.html\n<Directory \"" . root() . "/$site\">\nRequire all granted\nOptions FollowSymLinks\nAllowOverride All\n</Directory>\n",
                         only => [qw(alias dir rewrite)]);
    for my $row (['page=here/index.html', "the tenant's page", '200'], ['page=linked.html', 'Closed for maintenance', '503'], ['page=out/secret.html', 'Closed for maintenance', '503'],
                 ['page=pipe.html', 'Closed for maintenance', '503'], ['page=missing.html', 'Closed for maintenance', '503'], ['', 'another page', '404']) {
        put("$site/.htaccess", "Redirect307Maintenance down/ $row->[0]\nRewriteEngine on\nRewriteRule ^ - [G]\n");
        put("$site/.htaccess", "Redirect307Maintenance down/ $row->[0]\n") if !$row->[0];
        my $reply = raw("POST /any HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b", port => $server->{port});
        like($reply, qr{^HTTP/1\.1 503 .*\Q$row->[1]\E}s, "a tenant's $row->[0]: whose text");
        unlike($reply, qr{secret}, '... and nobody else\'s');
        is(ask($server, 'h', '/down/style.css'), $row->[2], '... what lies beside it');
        next if $row->[0] ne 'page=here/index.html';
        is(ask($server, 'h', '/x', @browser), '307 -> /down/', '... a browser is sent to the page');
        is(ask($server, 'h', '/down/', @browser), '503', '... which is there');
        is(ask($server, 'h', "/down/$_"), '503', "... no link is followed: $_") for 'out.css', 'up/secret.html';
    }
    for my $bad ('page=/etc/passwd', 'page=../secret.html', 'page=here/../../secret.html', 'page=.htaccess', 'page=here/') {
        put("$site/.htaccess", "Redirect307Maintenance down/ $bad\n");
        is(ask($server, 'h', '/here/index.html'), '200', "a line that is none is left out: $bad");
    }
    like(own_log($server), qr{page='\.\./secret\.html' is to lie below the directory of this \.htaccess, and is written relative to it; write page=down/index\.html; this line is left out}, '... and the log says what to write');
}

# ---- a flag of a rule is for nobody -----------------------------------------------------

put('maintenance-servers/rules/live.on', 'secret');
put('maintenance-servers/rules/conf.on', 'secret');
put('maintenance-servers/rules/other.on', 'open');
put('maintenance-servers/rules/index.html', "the site\n");
for my $more (1, 300) {
    put('maintenance-servers/rules/.htaccess', join '', "Redirect307 old new flag=live.on\n", map { "Redirect307 old$_ new$_ match=exact\n" } 1 .. $more);
    $server = own_server("DocumentRoot \"$root/rules\"\nRedirect307HtaccessCache on\n<Directory \"$root\">\nRequire all granted\nAllowOverride FileInfo\n</Directory>\n"
        . "Redirect307 /conf /new flag=$root/rules/conf.on\n", only => [qw(dir)]);
    for my $round (1 .. 4) {
        is(ask($server, 'h', '/live.on'), '404', "a flag of a .htaccess with $more more rules, request $round");
        is(ask($server, 'h', '/other.on'), '200', '... and another file');
        is(ask($server, 'h', '/conf.on'), '404', '... and a flag of httpd.conf');
        is(ask($server, 'h', '/old'), '307 -> /new', '... which works');
        sleep 1 if $round == 2;
    }
    stop_server($server);
}

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
    skip 'no mod_remoteip', 3 unless have_module('remoteip');
    $server = own_server($forwarded, only => ['remoteip']);
    ask($server, 'h', '/page', headers => ['X-Forwarded-For: 192.0.2.1']);
    like(own_log($server), qr{a proxy says X-Forwarded-For}, 'mod_remoteip that is loaded and told nothing is no mod_remoteip');
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

# ---- half a page --------------------------------------------------------------------------

{
    my $backend = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "no backend: $!\n";
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        alarm 300;
        while (my $client = $backend->accept) {
            local $/ = "\r\n\r\n";
            my $asked = <$client>;
            print {$client} "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 500\r\n\r\nhalf";
            close $client;
        }
        POSIX::_exit(0);
    }
    $server = own_server("DocumentRoot \"$root\"\nProxyPass /half http://127.0.0.1:@{[$backend->sockport]}/half\nRedirect307Maintenance /half\n", only => [qw(proxy proxy_http)]);
    like(raw("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}), qr{\AHTTP/1\.1 503 .*Closed for maintenance}s, 'a backend that breaks off: a short text');
    like(own_log($server), qr{page '/half' of \S+ answers 502 when it is asked for; people get a short text}, '... and the log says so');
    stop_server($server);
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

# ---- a change of protocol ----------------------------------------------------------------

SKIP: {
    skip 'no HTTP/2 here', 1 unless have_module('http2') && $ENV{R307_MPM} ne 'prefork';
    $server = own_server("DocumentRoot \"$root\"\nDirectoryIndex index.html\n<Directory \"$root\">\nRequire all granted\n</Directory>\nProtocols h2c http/1.1\n"
                         . "ErrorDocument 410 /down/index.html\nRedirect307 /gone status=gone\nRedirect307Maintenance /down/ exempt=/gone\n", only => [qw(dir http2)]);
    my $upgrade = "Host: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
    my $preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    for my $row (['GET /x', '', 503], ['POST /x', $preface, 503], ['POST /gone', $preface, 410]) {
        my ($line, $body, $status) = @$row;
        my $length = length $body ? 'Content-Length: ' . length($body) . "\r\n" : '';
        my $reply = raw("$line HTTP/1.1\r\n$upgrade$length\r\n$body", port => $server->{port});
        like($reply, qr{\AHTTP/1\.1 $status .*\r\n\r\n\Q$page\E\z}s, "Upgrade: h2c, $line: the answer, and nothing else");
    }
    stop_server($server);
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

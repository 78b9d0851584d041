# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Caches between us and the visitors: two visitors with different languages, cookies or
# addresses never get each other's redirect, and no answer is kept beyond its end. Through
# mod_cache in front of the server and, where it is installed, through nginx.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

my ($nginx) = grep { -x } map { "$_/nginx" } qw(/usr/sbin /usr/local/sbin /usr/bin /sbin);
my $root = root() . '/caches';
put("caches/store/x", "");
put("caches/$_", "the page\n") for qw(page.html half.html lang.html);

my $origin = own_server(<<"EOT", root => $root, only => [qw(dir headers remoteip)]);
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Directory "$root">
    Require all granted
    AllowOverride FileInfo
</Directory>
Header set Cache-Control "max-age=600"
Redirect307 /lang.html /de lang=de cache=10min
Redirect307 /lang.html /fr lang=fr cache=10min
Redirect307 /cookie /beta cookie=beta=yes cache=10min
Redirect307 /cookie /stable cache=10min
Redirect307 /half.html /b percent=50 cache=10min name=half
Redirect307 /ip /office ip=192.0.2.0/24 cache=10min
Redirect307 /ip /others cache=10min
Redirect307 /kept /there cache=10min
Redirect307 /plain /there
EOT
my $port = $origin->{port};
# the origin holds the last free port; what stands in front takes the next
my $front = own_server(<<"EOT", root => $root, only => [qw(dir proxy proxy_http cache cache_disk headers)]);
CacheRoot "$root/store"
CacheEnable disk /
CacheHeader on
CacheIgnoreNoLastMod On
CacheQuickHandler on
ProxyPass / http://127.0.0.1:$port/
EOT

my @fronts = (['mod_cache', $front->{port}]);
my $child;
if ($nginx) {
    my $own = $front->{port} - 1;
    my $dir = "$root/nginx";
    put("caches/nginx/nginx.conf", <<"EOT");
daemon off;
master_process off;
pid $dir/pid;
error_log $dir/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
    uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
    proxy_cache_path $dir/store keys_zone=z:1m;
    server {
        listen 127.0.0.1:$own;
        location / {
            proxy_pass http://127.0.0.1:$port;
            proxy_cache z;
            proxy_set_header Host c.example;
            add_header X-Cache \$upstream_cache_status always;
        }
    }
}
EOT
    $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        POSIX::setpgid(0, 0);
        open STDERR, '>', "$dir/said";
        { exec $nginx, '-c', "$dir/nginx.conf", '-p', $dir }
        POSIX::_exit(127);
    }
    for (1 .. 100) {
        last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $own, Timeout => 1);
        sleep 0.05;
    }
    push @fronts, ['nginx', $own];
}
END {
    my $status = $?;
    if ($child) {
        kill 'TERM', $child;
        waitpid $child, 0;
    }
    $? = $status;
}

my $checks = 16;
plan tests => $checks * 2;

sub ask
{
    my ($port, $path, @headers) = @_;
    return raw("GET $path HTTP/1.1\r\nHost: c.example\r\nConnection: close\r\n" . join('', map { "$_\r\n" } @headers) . "\r\n",
               port => $port, timeout => 10);
}

sub said
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    $location =~ s{^http://[^/]+}{} if defined $location;
    return $code . (defined $location ? " -> $location" : '');
}

sub hit { return (join ' ', each_header($_[0], 'X-Cache')) =~ /\bHIT\b/i ? 1 : 0 }

sub through
{
    my ($name, $front) = @_;
    # it does store what may be stored, else the rest would show nothing
    ask($front, '/kept');
    my $reply = ask($front, '/kept');
    is(said($reply) . ' ' . hit($reply), '307 -> /there 1', "$name: what may be kept is kept");
    ask($front, '/plain');
    $reply = ask($front, '/plain');
    is(said($reply) . ' ' . hit($reply), '307 -> /there 0', "$name: what may not is not");

    my @langs = (['de', '307 -> /de'], ['fr', '307 -> /fr'], ['en', '200']);
    my $wrong = 0;
    my $hits = 0;
    for (1 .. 4) {
        for my $lang (@langs) {
            $reply = ask($front, '/lang.html', "Accept-Language: $lang->[0]");
            $wrong++ if said($reply) ne $lang->[1];
            $hits += hit($reply);
        }
    }
    is($wrong, 0, "$name: each has his own language, the page that stays too");
    ok($hits >= 1, "$name: though some of it came from the cache ($hits)");

    $wrong = 0;
    for (1 .. 3) {
        $wrong++ if said(ask($front, '/cookie', 'Cookie: beta=yes')) ne '307 -> /beta';
        $wrong++ if said(ask($front, '/cookie')) ne '307 -> /stable';
        $wrong++ if said(ask($front, '/cookie', 'Cookie: beta=no')) ne '307 -> /stable';
    }
    is($wrong, 0, "$name: nobody gets the answer to another's cookie");

    my (%seen, @cookies);
    my $shared = 0;
    for (1 .. 30) {
        $reply = ask($front, '/half.html');
        $seen{ said($reply) }++;
        my ($cookie) = join(' ', each_header($reply, 'Set-Cookie')) =~ /(redirect307-[^;]+)/;
        $shared++ if hit($reply);
        push @cookies, [$cookie, said($reply)] if defined $cookie;
    }
    is($shared, 0, "$name: an answer with a cookie comes from no cache");
    is(scalar @cookies, 30, "$name: each visitor has his own");
    is(join(', ', sort keys %seen), '200, 307 -> /b', "$name: and there are both sides");
    $wrong = grep { said(ask($front, '/half.html', "Cookie: $_->[0]")) ne $_->[1] } @cookies, @cookies;
    is($wrong, 0, "$name: where they stay");

    $wrong = 0;
    for (1 .. 3) {
        $wrong++ if said(ask($front, '/ip', 'X-Client: 192.0.2.1')) ne '307 -> /office';
        $wrong++ if said(ask($front, '/ip', 'X-Client: 192.0.3.1')) ne '307 -> /others';
    }
    is($wrong, 0, "$name: nobody gets the answer to another's address");
    return;
}

# asked well before its end, so that it is in the cache: on a machine that was too busy for that,
# another one
my ($ends, $until, %before);
for my $ahead (7, 20, 60) {
    $until = int(time) + $ahead;
    $ends = "/ends$ahead";
    put('caches/.htaccess', "Redirect307 .$ends /now until=" . strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $until)
        . " cache=1h\nRedirect307 .$ends /later cache=1h\n", 10);
    %before = map { $_->[0] => [said(ask($_->[1], $ends)), hit(ask($_->[1], $ends))] } @fronts;
    last if time < $until - 1;
}
through(@$_) for @fronts;
for my $front (@fronts) {
    my ($name, $port) = @$front;
    is("@{ $before{$name} }", '307 -> /now 1', "$name: kept until its end");
    my $late = 0;
    while (time < $until + 1.2) {
        my $sent = time;
        my $said = said(ask($port, $ends));
        # a cache counts in whole seconds from when the answer came
        $late++ if $said eq '307 -> /now' && $sent >= $until + 1;
        sleep 0.1;
    }
    is($late, 0, "$name: and not beyond it");
    is(said(ask($port, $ends)), '307 -> /later', "$name: what follows");
    for my $row (['/lang.html', 'Accept-Language'], ['/cookie', 'Cookie'], ['/half.html', 'Cookie']) {
        my $vary = join ', ', each_header(ask($port, $row->[0]), 'Vary');
        like($vary, qr/\b$row->[1]\b/i, "$name: $row->[0] says Vary: $row->[1]");
    }
}
SKIP: {
    skip 'nginx is not installed', $checks unless $nginx;
}

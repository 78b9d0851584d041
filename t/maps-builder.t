# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The process that builds maps: there is one, with a name of its own; when it is killed, stopped
# or replaced, what was loaded answers as before, nobody waits for longer than a second, and a
# map whose rules are not known is 503 and never "no rules". Nothing is left when the server ends.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $site = root() . '/builder';
my $rounds = full(3, 30);

sub content { my ($prefix, $version) = @_; return join '', map { "$prefix$_ /v$version/$_\n" } 1 .. 200 }

sub deploy
{
    my ($file, $prefix, $version) = @_;
    return put("builder/$file", content($prefix, $version), 10);
}

for my $n (1 .. 200) {
    put("builder/$n/.htaccess", "Redirect307Map my.map\n", 10);
    deploy("$n/my.map", '', 0);
}
deploy('top.map', '/top', 0);
# so that a restart takes its time
put('builder/lines.conf', join '', map { "Redirect307 /line$_ /v/line$_\n" } 1 .. 30_000);
sleep 3.1;
my $workers = $ENV{R307_MPM} eq 'prefork' ? "StartServers 8\nMinSpareServers 8\nMaxSpareServers 16\nServerLimit 16\nMaxRequestWorkers 16\n"
    : "StartServers 2\nServerLimit 2\nThreadLimit 8\nThreadsPerChild 8\nMaxRequestWorkers 16\nMinSpareThreads 1\nMaxSpareThreads 16\n";
my $server = own_server(<<"EOT", only => ['dir']);
${workers}MaxConnectionsPerChild 0
KeepAlive off
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
Redirect307Map "$site/top.map"
Include "$site/lines.conf"
EOT

# The user that it runs as.
sub user_of
{
    my $pid = shift;
    open my $in, '<', "/proc/$pid/status" or return '?';
    return map { /^Uid:\s+(\d+)/ ? $1 : () } <$in>;
}

sub get
{
    my $path = shift;
    my $reply = raw("GET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return "no answer: $reply";
    return join ' ', $code, each_header($reply, 'Location'), each_header($reply, 'Retry-After');
}

# Until it is that, or for long enough.
sub becomes
{
    my ($path, $wanted) = @_;
    my $got = '';
    for (my $until = time + 40; $got ne $wanted && time < $until; sleep 0.1) {
        $got = get($path);
    }
    return $got;
}

# What is loaded: each child takes a new version for itself, within a second, and until then it
# answers with the one before.
sub is_loaded
{
    my ($version, $what) = @_;
    my $old = $version ? $version - 1 : 0;
    return like(get('/top9') . ' ' . get('/1/9'), qr{^307 /v(?:$version|$old)/9 307 /v(?:$version|$old)/9$}, $what);
}

plan tests => 14 + 5 * $rounds;

my $builder = another_builder($server);
ok($builder, 'there is one builder') or diag(`ps -ef`);
open my $in, '<', "/proc/$builder/cmdline";
my $line = <$in>;
like($line, qr/^r307-builder\0/, 'with a name of its own');
is(user_of($builder), user_of((serving($server))[0]), 'it runs as the user of those that serve');

is(get('/top7'), '307 /v0/7', 'a map of httpd.conf');
is(get('/1/7'), '307 /v0/7', 'a map of .htaccess');

my $version = 0;
for my $round (1 .. $rounds) {
    my $signal = qw(KILL SEGV TERM)[$round % 3];
    my $unseen = 1 + $round;
    kill $signal, $builder;
    is_loaded($version, "SIG$signal to it: what is loaded answers");
    my $next = another_builder($server, $builder);
    ok($next, 'another one begins');
    $builder = $next;
    $version++;
    deploy('top.map', '/top', $version);
    deploy('1/my.map', '', $version);
    is(becomes("/$unseen/3", '307 /v0/3'), '307 /v0/3', 'it builds what nobody had asked for');
    is(becomes('/top5', "307 /v$version/5"), "307 /v$version/5", 'a changed map of httpd.conf is seen');
    is(becomes('/1/5', "307 /v$version/5"), "307 /v$version/5", 'one of .htaccess, too');
}

# Requests for a dozen maps at once, which nobody hears.
kill 'STOP', $builder;
my $begin = time;
my $select = IO::Select->new;
for my $n (100 .. 111) {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 20) or die "no connection: $!\n";
    print $socket "GET /$n/7 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    $select->add($socket);
}
is_loaded($version, 'stopped: maps that are loaded answer');
my %answers;
while ($select->count && time < $begin + 60) {
    for my $socket ($select->can_read(1)) {
        my $text = do { local $/; <$socket> };
        $text =~ m{^HTTP/1\.1 (\d+).*?\r\nRetry-After: 1\r\n}s;
        $answers{ defined $1 ? $1 : substr $text, 0, 60 }++;
        $select->remove($socket);
    }
}
is_deeply(\%answers, { 503 => 12 }, 'all others are 503 with Retry-After: 1');
like(own_log($server), qr/the rules of \S+ are not ready, and the request is answered 503: (?:it is being built|too many requests wait for maps)/, 'and the log says why');
kill 'CONT', $builder;
is(becomes('/100/7', '307 /v0/7'), '307 /v0/7', 'and then they have their rules');

# all children have it
for (my ($row, $until) = (0, time + 40); $row < 40 && time < $until;) {
    $row = get('/top9') . ' ' . get('/1/9') eq "307 /v$version/9 307 /v$version/9" ? $row + 1 : 0;
}
# Until the server says that it begins, and whether it did; a line of its log may be written in
# pieces, and a signal be lost while the server begins.
sub restarts
{
    open my $log, '<:raw', "$server->{dir}/error_log" or return 0;
    seek $log, 0, 2;
    my ($said, $until, $again) = ('', time + 60, 0);
    while ($said !~ /raceful restart/ && time < $until) {
        ($again = time + 5) && kill 'USR1', $server->{pid} if time > $again;
        seek $log, 0, 1;
        $said .= do { local $/; <$log> } // '';
        sleep 0.001;
    }
    return $said =~ /raceful restart/;
}

# Who builds would share all memory with the parent, which then has to copy what it writes.
my $held = 0;
for (1 .. 5) {
    my $begins = restarts();
    kill 'STOP', $server->{pid};
    $held = $begins && !builders($server);
    kill 'CONT', $server->{pid};
    last if $held;
    $builder = another_builder($server, $builder);
}
ok($held, 'nobody builds while the next configuration is read');

my $after = another_builder($server, $builder);
ok($after, 'a graceful restart replaces it');
is(get('/top9') . ' ' . get('/1/9') . ' ' . get('/150/7'), "307 /v$version/9 307 /v$version/9 307 /v0/7", 'and loses no version');
unlike(own_log($server), qr/AddressSanitizer|stack smashing|Assertion/, 'nothing else went wrong');

stop_server($server);
is(join(' ', until_gone($server, $after)), '', 'nothing is left when the server ends');

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Maps that change while clients ask: every answer is the old one or the new one, none fails,
# a child killed at any moment spoils nothing, and memory stays what it was. --full: 1 000
# changes.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $swaps = full(50, 1000);
my $lines = 3000;
my $site = root() . '/reload-maps';

sub content
{
    my ($version, $name) = @_;
    return join '', map { "/$name$_ /v$version/$_\n" } 1 .. $lines;
}

sub deploy
{
    my ($name, $version) = @_;
    return put("reload-maps/$name", content($version, $name eq 'top.map' ? 'top' : 'reload-maps/ten/t'), 10);
}

put('reload-maps/ten/.htaccess', "Redirect307Map my.map\n", 10);
deploy($_, 0) for 'top.map', 'ten/my.map';
# a line with another target is another rule, and has a count of its own, up to the size of that
# table: here it is about what maps leave behind
my $server = own_server(<<"EOT", only => ['dir']);
Redirect307Hits off
StartServers 2
MaxConnectionsPerChild 0
Redirect307Arena 32M
DocumentRoot "${\root()}"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
Redirect307Map "$site/top.map"
EOT

# ask($socket, $path): on a kept connection, as real clients do
sub ask
{
    my ($socket, $path) = @_;
    print $socket "GET $path HTTP/1.1\r\nHost: m.example\r\n\r\n" or return;
    my ($head, $length, $line) = ('', 0);
    while (defined($line = <$socket>) && $line ne "\r\n") {
        $head .= $line;
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
    }
    return unless defined $line;
    read $socket, my $body, $length if $length;
    my ($code) = $head =~ m{^HTTP/1\.1 (\d+)};
    my ($location) = $head =~ m{^Location: (\S+)}m;
    return ($code, $location, $head =~ /^Connection: close/mi ? 1 : 0);
}

sub connected
{
    for (1 .. 50) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 10);
        if ($socket) {
            $socket->autoflush(1);
            return $socket;
        }
        sleep 0.1;
    }
    return;
}

# A map is taken when its file has not changed for three seconds, so that changes wait for that.
die "the maps were not taken\n" unless shown('/top1', 0) && shown('/reload-maps/ten/t1', 0);

# Four clients, each a process of its own. Two versions of one answer may be seen while a
# change spreads over the processes, but a version never comes back once all have left it.
my @clients;
for my $n (1 .. 4) {
    pipe my $from, my $to or die "pipe: $!\n";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if (!$pid) {
        my ($stop, $count, $again, %newest, @wrong) = (0, 0, 0);
        local $SIG{TERM} = sub { $stop = 1 };
        local $SIG{PIPE} = 'IGNORE';
        srand(seed() + $n);
        my $socket = connected();
        while (!$stop) {
            my $k = 1 + int rand $lines;
            my $name = rand() < 0.5 ? 'top' : 'reload-maps/ten/t';
            my ($code, $location, $closes) = $socket ? ask($socket, "/$name$k") : ();
            if (!defined $code) {           # its child was killed: the next one answers
                $again++;
                $socket = connected();
                next;
            }
            $count++;
            my ($version) = ($location // '') =~ m{^/v(\d+)/$k$};
            if (!defined $version || $code != 307) {
                push @wrong, "/$name$k: $code " . ($location // '') if @wrong < 10;
            }
            elsif ($version < ($newest{$name} // 0) - 2) {
                push @wrong, "/$name$k: version $version after $newest{$name}" if @wrong < 10;
            }
            elsif ($version > ($newest{$name} // 0)) {
                $newest{$name} = $version;
            }
            $socket = connected() if $closes;
            sleep 0.005;
        }
        syswrite $to, join "\n", $count, $again, @wrong;
        require POSIX;
        POSIX::_exit(0);
    }
    close $to;
    push @clients, { pid => $pid, from => $from };
}

sub shown
{
    my ($path, $version) = @_;
    my $until = time + 20;
    while (time < $until) {
        my $socket = connected() or next;
        my ($code, $location) = ask($socket, $path);
        return 1 if defined $location && $location eq "/v$version/1";
        sleep 0.05;
    }
    return 0;
}

plan tests => 6;

my ($late, $killed, $early) = (0, 0);
for my $version (1 .. $swaps) {
    deploy($_, $version) for 'top.map', 'ten/my.map';
    # the more careful half waits until it is seen, the other one goes on in the middle
    if ($version % 2) {
        $late++ unless shown('/top1', $version) && shown('/reload-maps/ten/t1', $version);
    }
    else {
        sleep 0.5;
    }
    if ($version % 10 == 5) {
        my @pids = children($server);
        my $victim = $pids[rand @pids];
        $killed += kill('KILL', $victim) if $victim;
    }
    $early = memory($server) if $version == 12;
}
is($late, 0, 'changes were taken');
sleep 3;
ok(shown('/top1', $swaps) && shown('/reload-maps/ten/t1', $swaps), "and the last of $swaps");

kill 'TERM', map { $_->{pid} } @clients;
my ($count, $again, @wrong) = (0, 0);
for my $client (@clients) {
    my $said = do { local $/; readline $client->{from} };
    waitpid $client->{pid}, 0;
    my ($mine, $mine_again, @mine_wrong) = split /\n/, $said // '';
    $count += $mine // 0;
    $again += $mine_again // 0;
    push @wrong, @mine_wrong;
}
ok($count > 10 * $swaps && !@wrong, "every answer was an old one or a new one, of $count") or diag(join "\n", @wrong);
cmp_ok($again, '<=', 4 * $killed, "no connection was lost but those of $killed killed children: $again");
my $late_memory = memory($server);
SKIP: {
    skip 'no smaps_rollup here', 1 unless $late_memory && $early;
    skip 'a sanitizer keeps what was freed', 1 if (vars('httpd') // '') =~ /asan/;
    cmp_ok($late_memory - $early, '<', 8192, "memory of all processes: $early KiB after 12 changes, $late_memory KiB after $swaps");
}
my $log = own_log($server);
unlike($log, qr/exit signal (?:Seg|Abort|Bus)|:(?:crit|alert|emerg)\]|larger Redirect307Arena/, 'no crash, and the arena did not fill up');

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Maps under torture: children and the builder are killed and crash, the server is restarted
# gracefully, children end by themselves, the arena is far too small, and maps are replaced four
# times a second. No answer is wrong, none hangs, and nothing is left. --full: ten minutes.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use POSIX ();
use Time::HiRes qw(sleep time);

my $seconds = full(12, 600);
my $site = root() . '/torture';
my $tenants = 14;       # 80 KiB each in an arena of which tenants have a mebibyte
my $lines = 900;

sub content { my $version = shift; return join '', map { "page-$_.html /v$version/page-$_.html\n" } 1 .. $lines }

sub deploy
{
    my ($name, $version) = @_;
    my $text = content($version);
    $text =~ s/^/\//mg if $name eq 'top.map';
    put("torture/$name", $text, 10);
    return;
}

for my $n (1 .. $tenants) {
    put("torture/$n/.htaccess", "Redirect307Map my.map\n", 10);
    deploy("$n/my.map", 0);
}
deploy('top.map', 0);
sleep 3.1;
my $mpm = $ENV{R307_MPM} eq 'prefork' ? "StartServers 6\nServerLimit 12\nMaxRequestWorkers 12\n" : "StartServers 3\nServerLimit 6\nThreadLimit 8\nThreadsPerChild 8\nMaxRequestWorkers 48\nMinSpareThreads 1\nMaxSpareThreads 48\n";
my $server = own_server(<<"EOT", only => ['dir']);
${mpm}MaxConnectionsPerChild 5000
KeepAlive off
Redirect307Arena 2M
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
Redirect307Map "$site/top.map"
EOT

# Counts what came: right, unready (503), lost (the process was killed), wrong.
sub client
{
    my ($out, $until) = @_;
    my (%count, @wrong);
    srand $$;
    while (time < $until) {
        my $n = int rand $tenants + 1;
        my $k = 1 + int rand $lines;
        my $begin = time;
        my $reply = eval { raw(sprintf("GET %s/page-$k.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", $n ? "/$n" : ''), port => $server->{port}, timeout => 15) } // '';
        my $took = time - $begin;
        my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
        my ($location) = $reply =~ m{^Location: (\S+)\r}m;
        my $kind = !defined $code ? 'lost'
            : $code == 503 && $reply =~ /^Retry-After: 1\r/m ? 'unready'
            : $code == 307 && ($location // '') =~ m{^/v\d+/page-$k\.html$} ? 'right' : 'wrong';
        $kind = 'hung' if $took > 12;
        $count{$kind}++;
        push @wrong, sprintf '%d/%d: %s, %.1f s', $n, $k, substr($reply, 0, 200), $took if $kind =~ /wrong|hung/ && @wrong < 3;
    }
    print $out join(' ', map { "$_=$count{$_}" } sort keys %count), "\n", map { s/[\r\n]+/ | /gr . "\n" } @wrong;
    return;
}

plan tests => 6;
my $until = time + $seconds;
my (@outs, @clients);
for (1 .. 4) {
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        close $in;
        client($out, $until);
        close $out;
        POSIX::_exit(0);
    }
    push @outs, $in;
    push @clients, $pid;
    close $out;
}
my ($version, $restarts) = (0, 0);
my %victims = (builder => 0, serving => 0);
my ($next_kill, $next_restart) = (time + 1, time + 5);
my $wanted = 'builder';     # or serving: who is next, and waited for where there is none
my %seen;
while (time < $until) {
    my $begin = time;
    $version++;
    deploy($_, $version) for 'top.map', map { "$_/my.map" } 1 + $version % $tenants;
    my %now = (builder => [builders($server)], serving => [serving($server)]);
    $seen{$_} = 1 for map { @$_ } values %now;
    if (time > $next_kill && @{ $now{$wanted} }) {
        $victims{$wanted} += kill rand() < 0.5 ? 'KILL' : 'SEGV', $now{$wanted}[rand @{ $now{$wanted} }];
        $wanted = rand() < 0.4 ? 'builder' : 'serving';
        $next_kill = time + 0.5 + rand 1.5;
    }
    if (time > $next_restart) {
        kill 'USR1', $server->{pid};
        $restarts++;
        $next_restart = time + 8;
    }
    my $left = $begin + 0.25 - time;
    sleep $left if $left > 0;
}
my (%sum, @said);
for my $in (@outs) {
    while (my $line = <$in>) {
        if ($line =~ /^\w+=\d/) {
            $sum{$1} += $2 while $line =~ /(\w+)=(\d+)/g;
        }
        else { push @said, $line }
    }
}
waitpid $_, 0 for @clients;
note(join ', ', "$seconds s, killed: $victims{builder} builders and $victims{serving} that serve, $restarts restarts, $version versions", map { "$sum{$_} $_" } sort keys %sum);
is($sum{wrong} || 0, 0, 'no answer is wrong') or diag(@said);
is($sum{hung} || 0, 0, 'none hangs') or diag(@said);
ok($sum{right}, 'there were answers');
my $log = own_log($server);
unlike($log, qr/AddressSanitizer|runtime error|Assertion|stack smashing/, 'nothing else went wrong');

# whoever is left serves what is there
my $got = '';
for (my $end = time + 40; $got !~ /\/v$version\// && time < $end; sleep 0.2) {
    ($got) = raw("GET /page-5.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 20) =~ m{^Location: (\S+)\r}m;
    $got //= '';
}
is($got, "/v$version/page-5.html", 'and the last version is seen');
$seen{$_} = 1 for children($server);
stop_server($server);
is(join(' ', until_gone($server, keys %seen)), '', 'nothing is left when the server ends');

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# A map whose file is written in the middle of being read: the process that builds is stopped as
# soon as it begins, all lines are written anew in place, and it goes on with what is now another
# file. What it makes of the two halves is never used. --full: 30 times.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use Time::HiRes qw(sleep time);

my $rounds = full(3, 30);
my $lines = 1000;
my $between = ('# ' . 'x' x 1000 . "\n") x 100_000;     # so that reading takes a while
my $file = root() . '/read/big.map';

sub content
{
    my $version = shift;
    my @all = map { sprintf "/m%06d /v%04d/%06d\n", $_, $version, $_ } 1 .. $lines;
    return join '', @all[0 .. $lines / 2 - 1], $between, @all[$lines / 2 .. $lines - 1];
}

put('read/big.map', content(1), 10);
my $server = own_server(<<"EOT", only => ['dir']);
StartServers 1
ServerLimit 1
${\($ENV{R307_MPM} eq 'prefork' ? '' : "ThreadsPerChild 4\n")}MaxRequestWorkers ${\($ENV{R307_MPM} eq 'prefork' ? 1 : 4)}
MaxConnectionsPerChild 0
KeepAlive off
DocumentRoot "${\root()}"
Redirect307Map "$file"
EOT

sub version_of
{
    my $n = shift;
    my $path = sprintf '/m%06d', $n;
    my $reply = raw("GET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($location) = each_header($reply, 'Location');
    return ($location // '') =~ m{^/v0*(\d+)/} ? $1 : 0;
}

sub becomes
{
    my $version = shift;
    my $got = 0;
    for (my $until = time + 60; $got != $version && time < $until; sleep 0.1) {
        $got = version_of($lines);
    }
    return $got;
}

sub threads
{
    my $pid = shift;
    opendir my $dir, "/proc/$pid/task" or return 0;
    return scalar grep { /^\d/ } readdir $dir;
}

plan tests => 1 + 3 * $rounds;

my ($builder) = another_builder($server);
is(becomes(1), 1, 'the first version');
my $version = 1;
for my $round (1 .. $rounds) {
    my $idle = threads($builder);
    my $begins = 0;
    # on a busy machine it may have begun and ended between two looks
    for (1 .. 10) {
        put('read/big.map', content(++$version), 10);
        my $until = time + 6;
        1 while !($begins = threads($builder) > $idle) && time < $until;
        last if $begins;
    }
    kill 'STOP', $builder;
    ok($begins, 'it begins to build');
    my $next = content(++$version);
    open my $out, '+<:raw', $file or die "cannot write $file: $!\n";
    print $out $next;
    close $out or die "cannot write $file: $!\n";
    kill 'CONT', $builder;
    # one version may follow the other between two requests, but not again and again
    my ($mixed, $most) = (0, 0);
    for (my $end = time + 2.5; time < $end; sleep 0.02) {
        $mixed = version_of(1) == version_of($lines) ? 0 : $mixed + 1;
        $most = $mixed if $mixed > $most;
    }
    cmp_ok($most, '<', 3, 'no half of it is used');
    is(becomes($version), $version, 'all of it, once it stands still');
}

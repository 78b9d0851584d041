#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Many tenants, each with a .htaccess of many rules: what a request costs of a processor, and
# what all processes take together; ours with and without its cache, and mod_alias.
#     perl t/bench/tenants.pl --module build/.libs/mod_redirect307.so [--tenants 500]
#         [--lines 500] [--requests 4000] [--children 16] [--mpm prefork|event]
# Shares of a processor are by /proc/PID/task/*/schedstat, so that other work on the machine
# hardly shows; compare the figures of one run.
use strict;
use warnings;
$| = 1;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Getopt::Long;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my %with = (tenants => 500, lines => 500, requests => 4000, children => 16, mpm => 'prefork',
            httpd => '/usr/sbin/apache2', modules => '/usr/lib/apache2/modules', port => 8371);
GetOptions(\%with, map { "$_=s" } qw(module tenants lines requests children mpm httpd modules port))
    or die "see the first lines of $0\n";
die "--module: where is mod_redirect307.so?\n" unless $with{module} && -r $with{module};
my $module = $with{module} =~ m{^/} ? $with{module} : do { require Cwd; Cwd::abs_path($with{module}) };
my $dir = tempdir('r307-tenants-XXXXXX', TMPDIR => 1, CLEANUP => !$ENV{R307_KEEP});
chmod 0755, $dir;

sub put { my ($file, $text) = @_; open my $out, '>', $file or die "$file: $!\n"; print $out $text; close $out; return }

sub write_tenants
{
    my $directive = shift;
    for my $n (1 .. $with{tenants}) {
        my $home = "$dir/www/t$n";
        make_path($home);
        put("$home/page.html", "x\n");
        my $at = $directive eq 'Redirect307' ? 'Redirect307' : 'Redirect 307';
        put("$home/.htaccess", join '', map { "$at /t$n/old-$_.html https://t$n.example/new-$_.html\n" } 1 .. $with{lines});
    }
    return;
}

sub start
{
    my ($name, $lines) = @_;
    my $mpm = $with{mpm} eq 'prefork'
        ? "StartServers $with{children}\nServerLimit $with{children}\nMaxRequestWorkers $with{children}\nMinSpareServers $with{children}\nMaxSpareServers $with{children}\n"
        : "StartServers $with{children}\nServerLimit $with{children}\nThreadsPerChild 4\nThreadLimit 4\nMaxRequestWorkers " . 4 * $with{children} . "\nMinSpareThreads " . 4 * $with{children} . "\nMaxSpareThreads " . 4 * $with{children} . "\n";
    put("$dir/httpd.conf", "ServerRoot $dir\nServerName localhost\nListen 127.0.0.1:$with{port}\nPidFile $dir/pid\nErrorLog $dir/error.log\n"
        . join('', map { -r "$with{modules}/mod_$_.so" ? "LoadModule ${_}_module $with{modules}/mod_$_.so\n" : '' } "mpm_$with{mpm}", 'authz_core', 'alias')
        . "User www-data\nGroup www-data\nDocumentRoot $dir/www\nMaxConnectionsPerChild 0\nKeepAlive Off\n${mpm}<Directory $dir/www>\nAllowOverride All\nRequire all granted\n</Directory>\n$lines");
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp;        # httpd ends its whole group
        exec $with{httpd}, '-D', 'FOREGROUND', '-f', "$dir/httpd.conf" or exit 127;
    }
    my $until = time + 60;
    until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$with{port}")) {
        die "$name did not start: see $dir/error.log\n" if time > $until || waitpid($pid, 1) == $pid;
        sleep 0.1;
    }
    return $pid;
}

sub family { my $pid = shift; return $pid, split ' ', `pgrep -P $pid` }

sub spent
{
    my $sum = 0;
    for my $pid (@_) {
        for my $file (glob "/proc/$pid/task/*/schedstat") {
            open my $in, '<', $file or next;
            my ($ns) = split ' ', <$in> // '0';
            $sum += $ns;
        }
    }
    return $sum / 1000;
}

sub memory
{
    my $sum = 0;
    for my $pid (@_) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or next;
        /^Pss:\s+(\d+)/ and $sum += $1 while <$in>;
    }
    return $sum / 1024;
}

# As tenants are asked: all alike, or by Zipf's law.
sub chooser
{
    my $kind = shift;
    return sub { 1 + int rand $with{tenants} } if $kind eq 'random';
    my ($sum, @upto) = (0);
    push @upto, $sum += 1 / $_ for 1 .. $with{tenants};
    return sub {
        my ($at, $low, $high) = (rand $sum, 0, $#upto);
        while ($low < $high) { my $mid = int(($low + $high) / 2); $upto[$mid] < $at ? ($low = $mid + 1) : ($high = $mid) }
        return 1 + $low;
    };
}

sub ask
{
    my ($tenant, $hit) = @_;
    my $n = 1 + int rand $with{lines};
    my $path = $hit ? "/t$tenant/old-$n.html" : "/t$tenant/page.html";
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$with{port}", Timeout => 30) or die "nobody answers\n";
    print $socket "GET $path HTTP/1.0\r\nHost: localhost\r\n\r\n";
    local $/;
    my $got = <$socket> // '';
    my $want = $hit ? "Location: https://t$tenant.example/new-$n.html\r" : "\r\n\r\nx\n";
    return $got =~ /\Q$want\E/ ? 0 : 1;
}

my %way = (
    'ours, cache' => ['Redirect307', "LoadModule redirect307_module $module\n"],
    'ours, no cache' => ['Redirect307', "LoadModule redirect307_module $module\nRedirect307HtaccessCache off\n"],
    'mod_alias' => ['Redirect', ''],
);
print "$with{tenants} tenants x $with{lines} lines, $with{mpm}, $with{children} children; us of a processor a request, MiB of all processes\n";
printf "%-15s %10s %10s %10s %10s %6s\n", '', 'random', 'zipf', 'builder', 'MiB', 'wrong';
for my $name ('ours, cache', 'ours, no cache', 'mod_alias') {
    my ($directive, $lines) = @{ $way{$name} };
    write_tenants($directive);
    sleep 2.5;          # the files are no longer young
    my $pid = start($name, $lines);
    srand 307;
    my ($wrong, %us) = (0);
    for my $n (1 .. $with{tenants}) { $wrong += ask($n, 1) for 1 .. 2 }
    sleep 2;
    for my $kind ('random', 'zipf') {
        my $choose = chooser($kind);
        for my $round (0, 1) {      # the first one warms the processes up
            my @pids = family($pid);
            my $before = spent(@pids);
            $wrong += ask($choose->(), $_ % 2) for 1 .. $with{requests};
            $us{$kind} = (spent(@pids) - $before) / $with{requests};
        }
    }
    my @pids = family($pid);
    my ($builder) = grep { (-r "/proc/$_/comm" ? do { open my $in, '<', "/proc/$_/comm"; scalar <$in> } : '') =~ /^r307-builder/ } @pids;
    printf "%-15s %10.1f %10.1f %10s %10.1f %6d\n", $name, $us{random}, $us{zipf}, $builder ? sprintf('%.0f ms', spent($builder) / 1000) : '-', memory(@pids), $wrong;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

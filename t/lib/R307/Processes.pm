# SPDX-License-Identifier: Apache-2.0
#
# What /proc says of the processes of a server that a test started (see R307::Site).
package R307::Processes;

use strict;
use warnings FATAL => 'all';
use parent 'Exporter';
use List::Util qw(sum0);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(processes children builders serving another_builder until_gone memory pss);

# By process id: its name, state, parent and group. Those that have ended and were not yet
# waited for are not among them.
sub processes
{
    my %of;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my $line = <$in> // next;
        $of{$1} = { name => $2, parent => $4, group => $5 } if $line =~ /^(\d+) \((.*)\) (\S) (\d+) (\d+)/ && $3 ne 'Z';
    }
    return \%of;
}

# children($server [, $of]): all it began that live
sub children
{
    my ($server, $of) = @_;
    $of ||= processes();
    return grep { $of->{$_}{parent} == $server->{pid} } sort keys %$of;
}

# Of those: the process that builds maps, which is one or none; and those that serve.
sub builders
{
    my $server = shift;
    my $of = processes();
    return grep { $of->{$_}{name} eq 'r307-builder' } children($server, $of);
}

sub serving
{
    my $server = shift;
    my $of = processes();
    return grep { $of->{$_}{name} ne 'r307-builder' } children($server, $of);
}

# Waits for one that builds and is none of those; 0: there was none.
sub another_builder
{
    my ($server, @olds) = @_;
    my %old = map { $_ => 1 } @olds;
    for (my $until = time + 30; time < $until; sleep 0.05) {
        my @now = builders($server);
        return $now[0] if @now == 1 && !$old{ $now[0] };
    }
    return 0;
}

# until_gone($server, @pids): waits until none of its group is left of these; those that are
sub until_gone
{
    my ($server, @pids) = @_;
    my @left;
    for (my $end = time + 15; time < $end; sleep 0.05) {
        my $of = processes();
        @left = grep { $of->{$_} && $of->{$_}{group} == $server->{pid} } @pids;
        last unless @left;
    }
    return @left;
}

# KiB of a process; what it shares is shared out
sub pss
{
    my $pid = shift;
    open my $in, '<', "/proc/$pid/smaps_rollup" or return 0;
    return sum0(map { /^Pss:\s+(\d+)/ ? $1 : () } <$in>);
}

# KiB of all processes of a server together; 0: the system does not say
sub memory
{
    my $server = shift;
    return sum0(map { pss($_) } $server->{pid}, children($server));
}

1;

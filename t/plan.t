# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Dates in a running server: rules begin and end on the second, in httpd.conf and .htaccess,
# for all threads, across a reload; and what a cache is told. What is long ago or far away
# is in t/data/decide.tsv, with a turned clock.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

sub utc { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime shift) }

my $clients = 32;
my ($first, $second, $over, $past, $future, $server);

# A server whose rules begin so many seconds from now, and end so many later.
sub begin
{
    my ($ahead, $lasts) = @_;
    $first = int(time) + $ahead;
    $second = $first + $lasts;
    $over = $second + $lasts / 3;   # until then somebody asks
    ($past, $future) = (utc($first - 86400), utc($first + 86400));
    my $rules = <<"EOT";
/calendar /before until=${\utc($first)}
/calendar /during from=${\utc($first)} until=${\utc($second)}
/calendar /after from=${\utc($second)}
/once /here from=${\utc($first)} until=${\utc($second)} cache=1h
/trial /new until=${\utc($second)} then=308
/contest /closed until=${\utc($second)} then=410
/passed /old until=$past
/passed /next
/early /soon from=$future
/looked /at review=$past name=look-again owner=seo
/lasting /for-now status=308 until=${\utc($second)}
/kept /long until=$future cache=until
EOT
    (my $tenant = $rules) =~ s{^/}{}mg;
    $tenant =~ s{^(\S+) /}{$1 /plan/}mg;
    $tenant =~ s/name=\S+ //;
    put('plan/.htaccess', join '', map { "Redirect307 $_\n" } split /\n/, $tenant);
    $server = own_server(<<"EOT" . join('', map { "Redirect307 $_\n" } split /\n/, $rules), only => ['dir']);
StartServers 2
<Directory "${\root()}/plan">
    AllowOverride FileInfo
    Require all granted
</Directory>
EOT
    return;
}

sub ask
{
    my $path = shift;
    return raw("GET $path HTTP/1.1\r\nHost: p.example\r\nConnection: close\r\n\r\n",
               port => $server->{port}, timeout => 10);
}

sub said
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    $location =~ s{^/plan/}{/} if defined $location;
    return $code . (defined $location ? " -> $location" : '');
}

sub age
{
    my ($cache) = each_header(shift, 'Cache-Control');
    return "none" unless defined $cache;
    return $cache =~ /^max-age=(\d+)$/ ? $1 : $cache;
}

# What is right at a moment; undef when a switch lies between the two.
sub right
{
    my ($sent, $got, @three) = @_;
    my ($before, $during, $after) = @three;
    return $before if $got < $first;
    return $during if $sent >= $first && $got < $second;
    return $after if $sent >= $second;
    return undef;
}

my @places = ('', '/plan');
my @always = (
    ['/passed', '307 -> /next', 'what has ended does not stand in the way'],
    ['/early', '404', 'what has not begun'],
    ['/looked', '307 -> /at', 'a review changes nothing for a visitor'],
);
my @switching = (
    # path, before, during, after
    ['/calendar', '307 -> /before', '307 -> /during', '307 -> /after'],
    ['/once', '404', '307 -> /here', '404'],
    ['/trial', '307 -> /new', '307 -> /new', '308 -> /new'],
    ['/contest', '307 -> /closed', '307 -> /closed', '410'],
);
plan tests => 2 * (@always + 3) + 13;

# Before the first switch: [got, wanted, what for].
sub before_it
{
    my @seen;
    for my $place (@places) {
        push @seen, map { [said(ask("$place$_->[0]")), $_->[1], "$place: $_->[2]"] } @always;
        my $asked = time;
        my $age = age(ask("$place/lasting"));
        push @seen, [$age =~ /^\d+$/ && $age <= $second - $asked && $age >= $second - time - 3 ? 1 : 0, 1, "$place: 308 with an end is kept no longer than that: $age"];
        $asked = time;
        $age = age(ask("$place/kept"));
        push @seen, [$age <= $first + 86402 - $asked && $age >= $first + 86398 - time ? 1 : 0, 1, "$place: cache=until: $age"];
        push @seen, [age(ask("$place/looked")), 'no-store', "$place: nothing else is kept"];
    }
    return @seen;
}

# 32 clients at once, from before the first switch until after the second; what each saw is
# held against when it asked and when it got its answer. In between a reload.
sub readers
{
    my @readers;
    for my $client (1 .. $clients) {
        pipe my $in, my $out or die "pipe: $!\n";
        my $pid = fork;
        die "fork: $!\n" unless defined $pid;
        if (!$pid) {
            close $in;
            # whatever happens here, this process must not end the server
            local $SIG{__DIE__} = sub { print $out "0\t1\t0\t0\t0\t@_"; close $out; POSIX::_exit(1) };
            my ($seen, $wrong, $what) = (0, 0, '');
            my %phase;
            while (time < $over) {
                my $place = $places[$client % 2];
                my $row = $switching[rand @switching];
                my ($path, @three) = @$row;
                my $sent = time;
                my $reply = ask("$place$path");
                my $right = right($sent, time, @three);
                my $got = said($reply);
                $seen++;
                next unless defined $right;
                $phase{$sent < $first ? 0 : $sent < $second ? 1 : 2}++;
                if ($got ne $right) {
                    $wrong++;
                    $what = sprintf '%s%s at %.3f: %s, not %s', $place, $path, $sent - $first, $got, $right;
                }
                my $age = $path eq '/once' && $got =~ /^307/ ? age($reply) : 0;
                $age = 0 if $age eq 'no-store';     # less than a second to go
                if ($age && $age > $second - $sent) {
                    $wrong++;
                    $what = "kept $age seconds with " . ($second - $sent) . ' to go';
                }
                sleep 0.04;
            }
            print $out join("\t", $seen, $wrong, (map { $phase{$_} || 0 } 0 .. 2), $what), "\n";
            close $out;
            POSIX::_exit(0);
        }
        close $out;
        push @readers, [$pid, $in];
    }
    return @readers;
}

my (@before, $seen, $wrong, @phase, %what);
# a machine may be too busy for that much in so few seconds
for my $try ([4, 3], [15, 10], [60, 40]) {
    stop_server($server) if $server;
    begin(@$try);
    @before = before_it();
    my $is_early = time < $first;
    my @readers = readers();
    sleep 0.1 while time < $first + 1;
    reload($server, 'USR1');
    ($seen, $wrong, @phase) = (0, 0, 0, 0, 0);
    for my $reader (@readers) {
        my ($pid, $in) = @$reader;
        chomp(my $line = <$in> // '');
        waitpid $pid, 0;
        my ($n, $bad, @in) = split /\t/, $line;
        $what{ $in[3] }++ if $bad;
        $seen += $n || 0;
        $wrong += $bad // 1;
        $phase[$_] += $in[$_] || 0 for 0 .. 2;
    }
    last if $wrong || ($is_early && !grep { $_ < 50 } @phase);
}
is($_->[0], $_->[1], $_->[2]) for @before;
is($wrong, 0, "$clients clients across two switches and a reload, $seen requests") or diag(join "\n", keys %what);
ok($phase[$_] >= 50, "$phase[$_] of them " . ('before', 'in between', 'after')[$_]) for 0 .. 2;
ask('/looked') for 1 .. 3;
my $log = own_log($server);
like($log, qr/resuming normal operations.*resuming normal operations/s, 'there was a reload');

# after a start, inside and after the window nothing else holds
is(said(ask($_->[0])), $_->[3], "$_->[0] for good") for @switching[0, 2];
my @overdue = $log =~ /look-again.*?review=/g;
is(scalar @overdue, 2, 'the overdue review is told once a day, and again after a reload');
like($log, qr/look-again has been due for review since \Q$past\E \(review=\), owner seo/, 'with since when, and whom to ask');

# what was over when httpd started is not even looked at, unless somebody asks why
for my $level ('warn', 'trace1') {
    my $late = own_server("LogLevel warn redirect307:$level\nRedirect307Match ^/dir/p /x until=2020-01-01\n"
                          . "Redirect307 /dir/p /y until=${\utc(time - 60)}\n", only => ['dir']);
    my $reply = raw("GET /dir/p HTTP/1.1\r\nHost: p.example\r\nConnection: close\r\n\r\n", port => $late->{port}, timeout => 10);
    is(said($reply), '404', "$level: two rules that are over");
    my @told = own_log($late) =~ /passed over: its time is over/g;
    is(scalar @told, $level eq 'warn' ? 0 : 2, '... and what the log says of them');
}

# SPDX-License-Identifier: Apache-2.0
# Uploads of every kind, many at a time: 10 112 by 64 with --full, else a few hundred by 16.
# Afterwards no thread hangs, no process has grown, the log has no error.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Wire;
use Time::HiRes qw(sleep time);

my $clients = full(16, 64);
my $uploads = $clients * full(20, 158);
my $has_tls = -s vars('t_dir') . '/tls/server.pem' && have_module('ssl') && eval { require IO::Socket::SSL; 1 };
my $has_h2 = $has_tls && have_module('http2') && $ENV{R307_MPM} ne 'prefork';
my $evil = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n" x 2000;

plan tests => 9;

sub chunk { my $many = shift; return sprintf("%x\r\n", $many) . substr($evil, 0, $many) . "\r\n" }

# Each sends one upload and says what is wrong with what came, or nothing; "end" when the
# connection is over.
my @kinds = (
    sub { my ($wire, $head) = @_; $wire->send($head->("Content-Length: 10") . substr $evil, 0, 10); return },
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 0')); return },
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 65536') . substr $evil, 0, 65_536); return },
    sub { my ($wire, $head) = @_; $wire->send($head->('Transfer-Encoding: chunked') . chunk(100) . "0\r\n\r\n"); return 'maybe' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Transfer-Encoding: chunked') . chunk(100) . "0\r\n"); return 'end' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Transfer-Encoding: chunked') . chunk(60_000) x 3); return 'end' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 65537') . substr $evil, 0, 65_537); return 'end' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 500000') . $evil x 4); return 'end' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 5000', 'Expect: 100-continue')); return 'end' },
    # given up in the middle: after the answer, and before
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 5000') . 'x' x 100); return 'leave' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Content-Length: 500000') . 'x' x 100); return 'run' },
    sub { my ($wire, $head) = @_; $wire->send($head->('Transfer-Encoding: chunked') . "1000\r\nxx"); return 'run' },
);

# One client: uploads as long as its connection lasts, then a new one. What was wrong, by line.
sub client
{
    my ($many, $seed, $out) = @_;
    srand $seed;
    my ($wire, $right, $is_used) = (undef, 0, 0);
    my $number = 0;
    while ($number < $many) {
        $number++;
        my $tls = $has_tls && rand() < 0.3;
        $is_used = defined $wire;
        $wire ||= R307::Wire->open(port => port($tls ? 'soak_tls' : 'soak'), tls => $tls, patience => 60);
        my ($place, $status) = @{ (['soak', 307], ['page', 307], ['gone', 410])[rand 3] };
        my $head = sub { return join "\r\n", "POST /$place/$number HTTP/1.1", 'Host: h', @_, '', '' };
        my $which = int rand @kinds;
        my $then = $kinds[$which]->($wire, $head) || '';
        my $answer = $then eq 'run' ? { status => $status, head => '' } : $wire->answer;
        if (!$answer && $is_used && $wire->is_empty) {
            # a server may close a connection that was kept, just as it is used again; so every
            # client asks again
            $wire->close;
            undef $wire;
            $number--;
            print $out "again\n";
            next;
        }
        my $is_end = $then =~ /^(?:end|leave|run)$/ || !$answer || $answer->{head} =~ /^Connection: close/mi;
        my $rest = $then eq 'end' && $answer ? $wire->rest : '';
        if (!$answer || $answer->{status} != $status || !defined $rest || length $rest
            || $answer->{head} =~ /smuggled/) {
            print $out "kind $which at /$place: ", $answer ? "$answer->{status}, then " . substr($rest // 'nothing', 0, 80) : 'no answer', "\n";
        }
        else {
            $right++;
        }
        if ($is_end) {
            $wire->close;
            undef $wire;
        }
    }
    print $out "right $right\n";
    return;
}

# All clients side by side: how many uploads went right, and what did not.
sub soak
{
    my ($many, $seed) = @_;
    my ($right, @wrong, @pipes) = 0;
    for my $number (1 .. $clients) {
        my $pid = open my $in, '-|';
        die "cannot fork: $!\n" unless defined $pid;
        if (!$pid) {
            my $done = eval { client(int($many / $clients), $seed + $number, \*STDOUT); 1 };
            print "died: $@" unless $done;
            close STDOUT;
            POSIX::_exit(0);    # not the parent's END
        }
        push @pipes, $in;
    }
    for my $in (@pipes) {
        while (my $line = <$in>) {
            chomp $line;
            next if $line eq 'again';
            $line =~ /^right (\d+)$/ ? $right += $1 : push @wrong, $line;
        }
        close $in;
    }
    return ($right, @wrong);
}

sub memory
{
    open my $in, '<', vars('t_logs') . '/httpd.pid' or return {};
    chomp(my $parent = <$in>);
    my %held;
    for my $file (glob '/proc/[0-9]*/status') {
        open my $status, '<', $file or next;
        my $text = do { local $/; <$status> } // '';
        my ($pid) = $file =~ /(\d+)/;
        $held{$pid} = $1 if $text =~ /^PPid:\s+$parent$/m && $text =~ /^VmRSS:\s+(\d+) kB/m;
    }
    return \%held;
}

sub status
{
    my $text = answer('/soak-status?auto')->content;
    my %seen = $text =~ /^(\w+): (.*)$/mg;
    return \%seen;
}

require POSIX;
mark_log($_) for qw(soak_log error_log);
my ($right, @wrong) = soak($uploads / 2, seed());
my $before = memory();
my ($more, @more_wrong) = soak($uploads / 2, seed() + 1000);
push @wrong, @more_wrong;
is($right + $more, $uploads, "$uploads uploads, $clients at a time, went right");
is(join("\n", grep { defined } @wrong[0 .. 9]), '', 'nothing went wrong');

SKIP: {
    my $h2load = (grep { -x } map { "$_/h2load" } split /:/, $ENV{PATH})[0];
    skip 'no HTTP/2 or no h2load here', 1 unless $has_h2 && $h2load;
    my $file = vars('t_logs') . '/soak-body';
    open my $out, '>', $file or die "$file: $!\n";
    print $out 'x' x 100_000;
    close $out;
    my $many = full(64, 2000);
    my $said = `$h2load -n $many -c 8 -m 8 -d $file https://127.0.0.1:@{[port('soak_tls')]}/soak/h2 2>&1`;
    like($said, qr/status codes: 0 2xx, $many 3xx, 0 4xx, 0 5xx/, "$many uploads of 100 KB over h2, 64 at a time") or diag($said);
}

# ---- afterwards -------------------------------------------------------------------------

my ($status, $until) = (status(), time + 45);
# those of a child that is to end are none, and say G
while (($status->{BusyWorkers} > 1 || $status->{Scoreboard} =~ /[^._SW]/) && time < $until) {
    sleep 0.5;
    $status = status();
}
is($status->{BusyWorkers}, 1, 'no thread hangs: one is busy, with this question');
(my $busy = $status->{Scoreboard}) =~ s/[._S]//g;
is($busy, 'W', "and the scoreboard says so, too");

SKIP: {
    skip 'no /proc here', 2 unless %$before;
    my $after = memory();
    my @stayed = grep { $before->{$_} } keys %$after;
    my ($then, $now) = (0, 0);
    for my $pid (@stayed) {
        $then += $before->{$pid};
        $now += $after->{$pid};
    }
    ok(@stayed, 'processes that lived through it: ' . @stayed);
    cmp_ok($now, '<', $then * 1.1 + 1000 * @stayed, "they hold $now kB, and held $then kB after half of it");
}
my $log = log_since_mark('soak_log') . log_since_mark('error_log');
unlike($log, qr/:(?:error|crit|alert|emerg)\]|exit signal/, 'no error in the log');
unlike($log, qr/smuggled/, 'and nothing of a body');

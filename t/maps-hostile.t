# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Files that are hard on the process that builds. One that ends it three times is left alone
# until it changes, also by the next builder and by the parent at a graceful restart, and all
# others answer; one that was only built beside it is not. Large ones of more tenants than are
# built at once do not keep another tenant's small one from its first answer.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $site = root() . '/hostile';
my $tenants = 9;                # one more than are built beside each other
my $tries = 4;

# Takes a processor for a second or longer.
my $version = 0;
sub bad { $version++; return join '', map { "^/bad/(a|b)*x{1,40}$_(c+)\$ /v$version/\$1 match=regex\n" } 1 .. 100_000 }

my $long = join '', map { ":a/:b/$_/*/x /there/:a/:splat\n" } 1 .. 300_000;
put("hostile/big$_/.htaccess", "Redirect307Map my.map\n", 10) for 1 .. $tenants * $tries;
for my $n (1 .. $tries) {
    put("hostile/small$n/.htaccess", "Redirect307Map my.map\n", 10);
    put("hostile/small$n/my.map", "page there\n", 10);
}
put("hostile/$_.map", "/$_ /there\n", 10) for qw(good beside);
unlink "$site/bad.map";
my $server = own_server(tenants_conf($site) . <<"EOT", only => ['dir']);
Redirect307Map "$site/good.map"
Redirect307Map "$site/bad.map"
Redirect307Map "$site/beside.map"
EOT

sub get { return answer_of($server, shift) }

sub becomes
{
    my ($path, $wanted) = @_;
    my $got = '';
    for (my $until = time + 60; $got ne $wanted && time < $until; sleep 0.1) {
        $got = get($path);
    }
    return $got;
}

# State and number of threads of a process.
sub look
{
    my $pid = shift;
    open my $in, '<', "/proc/$pid/status" or return ('', 0);
    my %of = map { /^(State|Threads):\s+(\w+)/ ? ($1 => $2) : () } <$in>;
    return ($of{State} || '', $of{Threads} || 0);
}

# How many large files that process builds, which its threads are for, when they are so many at
# least: then it stands still. 0: fewer.
sub catch_building
{
    my ($pid, $least) = @_;
    return 0 unless (look($pid))[1] > $least;
    kill 'STOP', $pid;
    for (my $until = time + 30; (look($pid))[0] ne 'T' && time < $until;) { sleep 0.001 }
    my $count = (look($pid))[1] - 1;
    return $count if $count >= $least;
    kill 'CONT', $pid;
    return 0;
}

sub count_logged { my $pattern = shift; return scalar(() = own_log($server) =~ /$pattern/g) }

plan tests => 14;

# ---- one that ends who builds it ---------------------------------------------------------

my $builder = another_builder($server);
my ($crashes, $loaded, $answers, $looked) = (0, 0, '', time);
put('hostile/bad.map', bad(), 10);
for (my $until = time + 120; $crashes < 3 && time < $until; sleep 0.002) {
    if (catch_building($builder, 1)) {
        $crashes++;
        $answers .= get('/good') . "\n";
        kill $_, $builder for qw(SEGV CONT);
        $builder = another_builder($server, $builder);
    }
    elsif (time > $looked + 2) {
        $looked = time;
        if (count_logged(qr{/bad\.map: \d+ rules}) > $loaded) {
            # it was not watched closely enough, and is done: from the beginning
            $loaded++;
            $crashes = 0;
            put('hostile/bad.map', bad(), 10);
        }
    }
}
is($crashes, 3, 'three builders died while they built one file');
like($answers, qr{^(?:307 /there\n){3,}$}, 'and what was loaded answered');
my $alone = qr{/bad\.map ended the process that builds maps, three times; it is left alone until it changes};
for (my $until = time + 30; !count_logged($alone) && time < $until;) { get('/good') }
is(count_logged($alone), 1, 'then it is left alone, and that is said');
kill 'TERM', $builder;
$builder = another_builder($server, $builder);
my $restarts = count_logged(qr/resuming normal operations/);
kill 'USR1', $server->{pid};
for (my $until = time + 60; count_logged(qr/resuming normal operations/) == $restarts && time < $until;) { sleep 0.1 }
$builder = another_builder($server, $builder);
is(get('/good'), '307 /there', 'after another builder and a graceful restart the others answer');
put('hostile/good.map', "/good /again\n", 10);
is(becomes('/good', '307 /again'), '307 /again', 'and are seen to change');
is(count_logged(qr{/bad\.map: \d+ rules}) - $loaded, 0, 'nobody has built it meanwhile');
is(count_logged($alone), 1, 'which is not said again');
put('hostile/bad.map', "/bad /good\n", 10);
is(becomes('/bad', '307 /good'), '307 /good', 'until it changes');

# ---- two that are built when it ends -----------------------------------------------------

# The first time both are built; afterwards one alone, and if that one ends the process twice
# more the other one has no part in it.
my $either = qr{/(?:bad|beside)\.map: \d+ rules};
my $aside = qr{/(?:bad|beside)\.map ended the process that builds maps, three times};
my $left = count_logged($aside);
my @caught;
($loaded, $looked) = (-1, 0);
for (my $until = time + 180; @caught < 3 && time < $until; sleep 0.002) {
    if (time > $looked + 2) {
        if (count_logged($either) > $loaded) {
            # at first, and when one was done before it was caught: from the beginning
            $loaded = count_logged($either);
            @caught = ();
            put("hostile/$_.map", bad(), 10) for qw(bad beside);
        }
        $looked = time;
    }
    my $count = catch_building($builder, @caught ? 1 : 2) or next;
    push @caught, $count;
    kill $_, $builder for qw(SEGV CONT);
    $builder = another_builder($server, $builder);
}
is("@caught", '2 1 1', 'of two that were built when a builder died one is built at a time');
for (my $until = time + 120; count_logged($either) == $loaded && time < $until; sleep 0.1) { get('/good') }
cmp_ok(count_logged($either), '>', $loaded, 'one is built');
cmp_ok(count_logged($aside) - $left, '<=', 1, 'and one at most is left alone');

# ---- large files of many tenants ---------------------------------------------------------

my ($got, $ready);
for my $try (1 .. $tries) {
    my @asked;
    my @numbers = map { $_ + $tenants * ($try - 1) } 1 .. $tenants;
    for my $n (@numbers) {
        put("hostile/big$n/my.map", $long, 10);
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 20) or die "no connection: $!\n";
        print $socket "GET /big$n/page HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        push @asked, $socket;
    }
    $got = becomes("/small$try/page", "307 /small$try/there");
    my $names = join '|', @numbers;
    $ready = count_logged(qr{/big(?:$names)/my\.map: \d+ rules});
    last unless $ready;         # a machine that was busy with other things is asked again
}
like($got, qr{^307 /small\d/there$}, "a small file of a tenant beside $tenants large ones of others");
is($ready, 0, 'none of which was done by then');
unlike(own_log($server), qr/AddressSanitizer|stack smashing|Assertion/, 'nothing else went wrong');

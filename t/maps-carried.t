# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Maps over graceful restarts: an unchanged one goes on where it lies and is not built again; a
# large one that changed is built behind, by another process than the parent, while the rules it
# had answer; a small one that changed holds from the restart on; a configuration that is wrong
# changes nothing; a map that is named no more makes room. No request fails meanwhile.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use POSIX ();
use Time::HiRes qw(sleep time);

my $restarts = full(20, 100);
my $site = root() . '/carried';
my $lines = 30_000;             # more bytes than a restart reads by itself
my $old = 60;

sub large
{
    my ($name, $version) = @_;
    return put("carried/$name", join('', map { "/$name/shelf-$_/item-number-$_ /v$version/$_\n" } 1 .. $lines), $old);
}

sub small { my $version = shift; return put('carried/small.map', "/small /v$version\n", $old) }

sub conf
{
    my ($generation, @maps) = @_;
    return join '', "StartServers 2\nGracefulShutdownTimeout 5\nRedirect307Arena 12M\nRedirect307 /generation /is/$generation\n",
        map { "Redirect307Map \"$site/$_\"\n" } @maps;
}

large('large.map', 0);
small(0);
my $server = own_server(conf(0, 'large.map', 'small.map'), only => ['dir']);
my $last = "/large.map/shelf-$lines/item-number-$lines";

sub get { return answer_of($server, shift) }

# Which processes have built that map: one for each time.
sub builders_of
{
    my $name = quotemeta shift;
    return own_log($server) =~ /pid (\d+)(?::tid \d+)?\][^\n]*$name: \d+ rules?, /g;
}

sub becomes
{
    my ($path, $wanted) = @_;
    my ($got, $until) = ('', time + 60);
    sleep 0.05 while ($got = get($path)) ne $wanted && time < $until;
    return $got;
}

# Whoever builds would take the change before the restart does: it is stopped until that ends it.
# A file is taken when it stood still for three seconds.
sub unseen
{
    my ($builder) = builders($server);
    kill 'STOP', $builder if $builder;
    $_[0]->();
    sleep 4;
    return;
}

sub again
{
    my ($generation, @maps) = @_;
    put("$server->{dir}/test.conf", conf($generation, @maps));
    heard($server, 'USR1');
    return becomes('/generation', "307 /is/$generation");
}

plan tests => 21;

is(get($last), "307 /v0/$lines", 'a large map');
is(get('/small'), '307 /v0', 'and a small one');
is_deeply([builders_of('large.map'), builders_of('small.map')], [$server->{pid}, $server->{pid}], 'built by the parent, at its start');

# ---- unchanged ---------------------------------------------------------------------------

pipe my $from, my $to or die "pipe: $!\n";
my $client = fork // die "fork: $!\n";
if (!$client) {
    my ($stop, $count, %wrong) = (0, 0);
    local $SIG{TERM} = sub { $stop = 1 };
    while (!$stop) {
        my $n = 1 + $count++ % $lines;
        my $got = eval { $n % 2 ? get("/large.map/shelf-$n/item-number-$n") : get('/small') } // $@;
        $wrong{$got}++ unless $stop || $got =~ ($n % 2 ? qr{^307 /v\d/$n$} : qr{^307 /v\d$});
        sleep 0.005;
    }
    syswrite $to, join "\n", $count, map { "$_ ($wrong{$_})" } sort keys %wrong;
    POSIX::_exit(0);
}
close $to;
my $late = 0;
for my $generation (1 .. $restarts) {
    $late += again($generation, 'large.map', 'small.map') ne "307 /is/$generation";
}
is($late, 0, "$restarts graceful restarts");
is(builders_of('large.map') + builders_of('small.map'), 2, 'and nothing was built again');

# ---- changed right before ----------------------------------------------------------------

unseen(sub { large('large.map', 1); small(1) });
is(again('changed', 'large.map', 'small.map'), '307 /is/changed', 'a restart behind a change of both');
is(becomes($last, "307 /v1/$lines"), "307 /v1/$lines", 'the large map has changed');
is(becomes('/small', '307 /v1'), '307 /v1', 'the small one, too');
my @by = builders_of('large.map');
ok(@by == 2 && $by[1] != $server->{pid}, 'the large map was built by another process than the parent') or diag("@by");
@by = builders_of('small.map');
is_deeply(\@by, [($server->{pid}) x 2], 'the small map by the parent, so that it holds from the restart on');
my @open = grep { (readlink $_ // '') =~ /large\.map/ } map { glob "/proc/$_/fd/*" } $server->{pid}, children($server);
ok(!@open, 'and nobody keeps the large file open') or diag("@open");

SKIP: {
    skip 'only root can have a file that the server cannot open', 2 if $>;
    unseen(sub { chmod 0600, large('large.map', 2) });
    again('closed', 'large.map', 'small.map');
    is(becomes($last, "307 /v2/$lines"), "307 /v2/$lines", 'a change that only root can read');
    @by = builders_of('large.map');
    ok(@by == 3 && $by[2] != $server->{pid}, 'is read by who builds all the same') or diag("@by");
}

# ---- what goes wrong ---------------------------------------------------------------------

unseen(sub { large('large.map', 3) });
again('changing', 'large.map', 'small.map');
my ($builder) = builders($server);
kill 'KILL', $builder if $builder;
is(becomes($last, "307 /v3/$lines"), "307 /v3/$lines", 'who builds is killed while it does: the next one does it');

put("$server->{dir}/test.conf", conf('broken', 'large.map', 'small.map') . "Redirect307 /a\n");
my ($exit, $said) = control($server, 'graceful');
ok($exit, 'a configuration that is wrong is refused');
is(get('/generation') . ' ' . get($last), "307 /is/changing 307 /v3/$lines", 'and what was there goes on');

put('carried/next.map', join('', map { "/next.map/shelf-$_/item-number-$_ /n/$_\n" } 1 .. 2 * $lines), $old);
is(again('grown', 'next.map', 'small.map'), '307 /is/grown', 'another map in place of the large one');
is(becomes('/next.map/shelf-7/item-number-7', '307 /n/7'), '307 /n/7', 'finds room where that was');
is(get('/small'), '307 /v1', 'beside the small one');

kill 'TERM', $client;
my ($count, @wrong) = split /\n/, do { local $/; <$from> } // '';
waitpid $client, 0;
@wrong = grep { !/^404/ } @wrong;       # of the map that is named no more
ok($count && !@wrong, 'no request failed meanwhile, of ' . ($count // 0)) or diag(join "\n", @wrong);
unlike(own_log($server), qr/exit signal (?:Seg|Abort|Bus)|:(?:crit|alert|emerg)\]/, 'no crash');

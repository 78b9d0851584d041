# SPDX-License-Identifier: Apache-2.0
# needs no conf
# More tenants with maps than the arena holds, and many maps of httpd.conf: every answer is
# right, in the first round and in the next, also right after a graceful restart, and nothing
# is left out of a request. --full: 20 000 tenants and 5 000 maps with the default settings.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my $tenants = full(400, 20_000);
my $conf_maps = full(150, 5000);
my $clients = full(2, 8);
my $arena = full("Redirect307Arena 2M\n", '');
my $site = root() . '/many';

my $conf = '';
for my $n (1 .. $conf_maps) {
    put("many/conf/$n.map", "/conf-$n /c/$n\n");
    $conf .= "Redirect307Map \"$site/conf/$n.map\"\n";
}
for my $n (1 .. $tenants) {
    put("many/$n/.htaccess", "Redirect307Map my.map\n");
    put("many/$n/my.map", join '', map { "page-$_.html /moved/$n/page-$_.html\n" } 1 .. 50);
}
sleep 3.1;      # they were not just written
my $begin = time;
my $server = own_server(<<"EOT", only => ['dir']);
StartServers 2
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
$arena$conf
EOT
my $started = time - $begin;

my $socket;

# On a kept connection; a new one after a restart.
sub get
{
    my $path = shift;
    for (1 .. 20) {
        $socket ||= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 20);
        sleep(0.1), next unless $socket;
        print $socket "GET $path HTTP/1.1\r\nHost: h\r\n\r\n";
        my ($head, $length, $line) = ('', 0);
        while (defined($line = <$socket>) && $line ne "\r\n") {
            $head .= $line;
            $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        }
        undef($socket), next unless defined $line;
        read $socket, my $body, $length if $length;
        undef $socket if $head =~ /^Connection: close/mi;
        my ($code) = $head =~ m{^HTTP/1\.1 (\d+)};
        my ($location) = $head =~ m{^Location: (\S+)}m;
        return join ' -> ', $code, defined $location ? $location : ();
    }
    return 'no answer';
}

# Asks again where a machine that has more to do takes longer than a second: that is no answer.
my $again = 0;

sub settled
{
    my $path = shift;
    my $got = '503';
    for (my $end = time + 60; $got eq '503' && time < $end; $again += $got eq '503') {
        $got = get($path);
    }
    return $got;
}

sub wrong_of
{
    my $rest = shift;
    my @wrong;
    for my $n (grep { $_ % $clients == $rest } 1 .. $tenants) {
        my $k = 1 + int rand 50;
        my $got = settled("/$n/page-$k.html");
        push @wrong, "/$n/page-$k.html: $got" if $got ne "307 -> /moved/$n/page-$k.html";
    }
    for my $n (grep { $_ % $clients == $rest } 1 .. $conf_maps) {
        my $got = settled("/conf-$n");
        push @wrong, "/conf-$n: $got" if $got ne "307 -> /c/$n";
    }
    return @wrong;
}

# How many of all are not right, and the first few of them. Each client is a process.
sub wrong
{
    my (@ins, @wrong);
    undef $socket;
    for my $rest (0 .. $clients - 1) {
        my $pid = open(my $in, '-|') // die "fork: $!\n";
        if (!$pid) {
            $again = 0;
            srand(seed() + $rest);
            my @mine = wrong_of($rest);
            print map { "$_\n" } "$again again", @mine, 'done';
            STDOUT->flush;
            POSIX::_exit(0);
        }
        push @ins, $in;
    }
    for my $in (@ins) {
        chomp(my ($asked_again, @mine) = <$in>);
        push @mine, 'a client did not end' unless @mine && $mine[-1] eq 'done';
        $again += ($asked_again // '') =~ /(\d+)/ ? $1 : 0;
        push @wrong, grep { $_ ne 'done' } @mine;
        close $in;
    }
    diag(join "\n", @wrong[0 .. ($#wrong < 5 ? $#wrong : 5)]) if @wrong;
    return scalar @wrong;
}

# KiB of the parent, the builder and those that serve; what they share is shared out
sub memory_of_each
{
    my @parts = (['parent', $server->{pid}], ['builder', builders($server)], ['serving', serving($server)]);
    return join ', ', 'all ' . memory($server) . ' KiB', map { my ($name, @pids) = @$_; "$name " . join '+', map { pss($_) } @pids } @parts;
}

plan tests => 9;
for my $round ('first', 'second') {
    $begin = time;
    is(wrong(), 0, "$tenants tenants and $conf_maps maps of httpd.conf: the $round round");
    note(sprintf '%s round: %.1f s, %s', $round, time - $begin, memory_of_each());
}
my $before = () = own_log($server) =~ /resuming normal operations/g;
$begin = time;
kill 'USR1', $server->{pid};
my $until = time + 60;
sleep 0.1 until (() = own_log($server) =~ /resuming normal operations/g) > $before || time > $until;
note(sprintf 'start %.1f s, restart %.1f s', $started, time - $begin);
is(wrong(), 0, 'right after a graceful restart');

# What no map of a place begins with is known of all of them together.
sub fresh { undef $socket; return get(shift) }

# Each process says so by itself, a second later or, on a busy machine, some: until many say it in
# a row, for longer than one takes. The misses in between keep what is known of all maps current.
sub all_say
{
    my ($path, $want) = @_;
    my ($in_a_row, $got) = (0, 'never asked');
    for (my $end = time + 60; $in_a_row < 40 && time < $end; sleep 0.05) {
        fresh('/none-of-them');
        $got = fresh($path);
        $in_a_row = $got eq $want ? $in_a_row + 1 : 0;
    }
    return $in_a_row == 40 ? $want : $got;
}

sub swap
{
    put('many/conf/next', shift);
    rename "$site/conf/next", "$site/conf/7.map" or die "rename: $!\n";
}

is(all_say('/zz-1', '404'), '404', 'no map begins so');
swap("/conf-7 /c/7\n/zz-1 /c/zz\n");
is(all_say('/zz-1', '307 -> /c/zz'), '307 -> /c/zz', 'one of them does by now');
is(all_say('/conf-8', '307 -> /c/8'), '307 -> /c/8', 'the others are as they were');
swap("/conf-7 /c/7\n");
is(all_say('/zz-1', '404'), '404', 'and none does again');
my $log = own_log($server);
note('after the restart: ', memory_of_each(), "; $again times asked again");
note($_) for (grep { /of Redirect307Arena/ } split /\n/, $log)[-1] // ();
unlike($log, qr/left out|there is no room|others put it out|larger Redirect307Arena/, 'nothing was left out');
unlike($log, qr/exit signal|:(?:crit|alert|emerg)\]/, 'no crash');

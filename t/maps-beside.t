# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Ten kinds of files that are hard to build, of as many tenants, are changed again and again;
# meanwhile other tenants' small maps are asked for the first time. All are answered rightly.
# How long that takes is said with --verbose, and is no check: this machine may be busy.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my $site = root() . '/beside';
my $firsts = full(20, 200);     # tenants that are asked for the first time, alone and beside
my $large = full(1, 10);

# What each kind is, with the number of its version in it so that nothing of it is known.
my %hard = (
    nested => sub { join '', map { "^/a/((a|b)*x{1,40}$_(c+))\$ /v$_[0]/\$1 match=regex\n" } 1 .. 1000 * $large },
    lookaheads => sub { join '', map { "^/(?=a)(?!b)(?=.*$_)x(y|z)\$ /v$_[0] match=regex\n" } 1 .. 1000 * $large },
    alternatives => sub { join '', map { '^/(' . join('|', map { "w$_[0]$_" } 1 .. 200) . ")$_\$ /x match=regex\n" } 1 .. 100 * $large },
    classes => sub { join '', map { "^/[a-z]{3}[0-9]+[^/]*$_[0]$_\\.[hx]tml?\$ /x match=regex\n" } 1 .. 1000 * $large },
    patterns => sub { join '', map { ":a/:b/$_/*/x$_[0] /there/:a/:splat\n" } 1 .. 6000 * $large },
    twice => sub { join '', map { "/same/$_[0] /there/$_\n" } 1 .. 9000 * $large },
    bad => sub { join '', map { "/line/$_ /there/$_[0] nothing=$_\n" } 1 .. 4000 * $large },
    quoted => sub { join '', map { "\"/a \\\"$_[0] $_\\\"\" \"/there/$_ x\"\n" } 1 .. 5000 * $large },
    plain => sub { join '', map { "/plain/$_[0]/$_ /there/$_\n" } 1 .. 9000 * $large },
    unanchored => sub { join '', map { "(.*)$_[0](.*)k$_(.*)\\.php /x/\$1 match=regex\n" } 1 .. 1000 * $large },
);
put("beside/$_/.htaccess", "Redirect307Map my.map\n", 10) for keys %hard;
for my $n (1 .. 2 * $firsts) {
    put("beside/small$n/.htaccess", "Redirect307Map my.map\n", 10);
    put("beside/small$n/my.map", "page there\n", 10);
}
my $server = own_server(tenants_conf($site), only => ['dir']);

sub get { return answer_of($server, shift) }

# Without waiting for the answer.
my @asked;
sub ask
{
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 20) or return;
    print $socket "GET $_[0] HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    push @asked, $socket;
    shift @asked if @asked > 20;
}

# Changes all hard files for as long as it lives, and asks for something in each so that they
# are looked at.
sub begin_changing
{
    my @texts = map { my $version = $_; +{ map { $_ => $hard{$_}->($version) } keys %hard } } 1, 2;
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    return $pid if $pid;
    $SIG{TERM} = sub { POSIX::_exit(0) };
    for (my $version = 1;; $version++) {
        put("beside/$_/my.map", $texts[$version % 2]{$_}, 10) for sort keys %hard;
        sleep 2;                # one that was just written is not read
        for my $again (1 .. 3) {
            ask("/$_/nothing") for keys %hard;
            sleep 1;
        }
    }
}

# The first answers of those tenants: how many are right, and milliseconds, sorted.
sub ask_first
{
    my ($right, @took) = (0);
    for my $n (@_) {
        my $begun = time;
        my $got = get("/small$n/page");
        push @took, 1000 * (time - $begun);
        $right += $got eq "307 /small$n/there";
        diag("/small$n/page: $got") if $got ne "307 /small$n/there";
        sleep 0.02;
    }
    return ($right, sort { $a <=> $b } @took);
}

sub say_times
{
    my ($what, @took) = @_;
    printf "# %s: median %.2f, 95 %% %.1f, slowest %.1f ms\n", $what, @took[@took / 2, @took * 0.95, -1];
}

plan tests => 4;

sleep 3;                        # as all was just written
my ($right, @took) = ask_first(1 .. $firsts);
is($right, $firsts, 'first answers, alone');
say_times('alone', @took);
my $changing = begin_changing();
sleep 3;
($right, @took) = ask_first($firsts + 1 .. 2 * $firsts);
is($right, $firsts, 'first answers beside files that are hard to build');
say_times('beside', @took);
kill 'TERM', $changing;
waitpid $changing, 0;
my $loaded = () = own_log($server) =~ m{/(?:nested|plain|quoted)/my\.map\b}g;
cmp_ok($loaded, '>', 0, 'which were built');
unlike(own_log($server), qr/AddressSanitizer|stack smashing|Assertion/, 'nothing else went wrong');

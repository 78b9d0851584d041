# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Maps that are written in place, a line at a time, at every pace, or cut and then left for a
# while, in httpd.conf and .htaccess, while a large map is replaced again and again, four
# processes answer, and the server is restarted gracefully in the middle: no answer comes from
# half of a file. --full: 100 files at each pace.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use POSIX ();
use Time::HiRes qw(sleep time);

my $site = root() . '/halves';
my $lines = 8;
my @paces = (0.05, 0.3, 0.8, 1.7, 2.4);     # seconds between two lines; 3 of rest are the end
my @kinds = map { { pace => $_ } } @paces;
push @kinds, map { { pace => 0.05, rest => $_ } } 1, 2.6, 5;   # cut, and then nothing for so long
my $many = full(2, 20);                     # of each kind, at once
my $rounds = full(1, 5);
my $crowd = join '', map { "/crowd/$_ /there/$_\n" } 1 .. full(40_000, 400_000);

my (@maps, $conf);
for my $n (0 .. $#kinds * $many + $many - 1) {
    my $is_tenants = $n % 2;
    my $map = { %{ $kinds[$n % @kinds] }, name => "m$n", file => $is_tenants ? "$site/m$n/my.map" : "$site/m$n.map", version => 0,
                prefix => $is_tenants ? "/halves/m$n" : "/m$n" };
    put("halves/m$n/.htaccess", "Redirect307Map my.map\n") if $is_tenants;
    $conf .= "Redirect307Map \"$map->{file}\"\n" unless $is_tenants;
    push @maps, $map;
}

sub text { my ($map, $k) = @_; return "$map->{prefix}/$k /$map->{name}/v$map->{version}\n" }

sub whole
{
    my $map = shift;
    open my $out, '>', $map->{file} or die "$map->{file}: $!\n";
    print $out text($map, $_) for 1 .. $lines;
    close $out;
    return;
}

-d $site or mkdir $site or die "$site: $!\n";
whole($_) for @maps;
put('halves/crowd.map', $crowd);
my $server = own_server(<<"EOT", only => ['dir']);
StartServers 4
${\($ENV{R307_MPM} eq 'prefork' ? '' : "ServerLimit 4\nMaxSpareThreads 400")}
MaxConnectionsPerChild 0
DocumentRoot "${\root()}"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
Redirect307Map "$site/crowd.map"
$conf
EOT

# '307 -> /m1/v0', or what else was answered
sub get
{
    my $path = shift;
    my $reply = raw("GET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 20);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    return join ' -> ', $code, each_header($reply, 'Location');
}

# Another process, so that a slow answer does not slow the pace: one whose machine was busy for
# too long has not written as it was to, and is left out. What it did is in $map->{file}.pace.
sub write_all
{
    my $begin = time;
    $_->{next} = $begin + rand for @maps;
    my $crowded = $begin;
    while (my @open = grep { $_->{written} < $lines } @maps) {
        for my $map (grep { time >= $_->{next} } @open) {
            my $gap = $map->{out} ? time - $map->{at} : 0;
            $map->{slowest} = $gap if $gap > $map->{slowest};
            if (!$map->{out}) {
                open $map->{out}, '>', $map->{file} or die "$map->{file}: $!\n";
                $map->{out}->autoflush(1);
            }
            elsif ($map->{rest} && !$map->{written}) {
                $map->{slowest} = 0;        # that was meant
            }
            $map->{at} = time;
            $map->{next} = time + ($map->{rest} && !$map->{is_cut}++ ? $map->{rest} : $map->{pace});
            next if $map->{rest} && $map->{is_cut} == 1 && !$map->{told}++;
            print { $map->{out} } text($map, ++$map->{written});
            put("$map->{file}.pace", $map->{slowest}) if $map->{written} == $lines;
        }
        if (time > $crowded) {
            put('halves/crowd.map', $crowd . "/crowd/0 /" . int(time) . "\n");
            $crowded = time + 2;
        }
        sleep 0.01;
    }
    return;
}

plan tests => 3 * $rounds + 1;

my ($asked, $skipped) = (0, 0);
for my $round (1 .. $rounds) {
    my $until = time + 60;
    my $missing = 1;
    while ($missing && time < $until) {
        $missing = grep { get("$_->{prefix}/$lines") ne "307 -> /$_->{name}/v$_->{version}" } @maps;
    }
    is($missing, 0, "round $round begins with whole files");

    my (%wrong, $restarted);
    my $begin = time;
    for my $map (@maps) {
        $map->{before} = $map->{version}++;
        @$map{qw(out written slowest is_cut told)} = (undef, 0, 0, 0, 0);
        unlink "$map->{file}.pace";
    }
    my $writer = fork;
    die "fork: $!\n" unless defined $writer;
    if (!$writer) {
        my $done = eval { write_all(); 1 };
        print STDERR "writer: $@" unless $done;
        POSIX::_exit(!$done);
    }
    my $is_written = 0;
    while (!$is_written) {
        $is_written = waitpid($writer, POSIX::WNOHANG()) == $writer;
        for my $map (@maps) {
            # a line of both versions, mostly the last: what half of a file does not have
            my $k = rand() < 0.7 ? $lines : 1 + int rand $lines;
            my $got = get("$map->{prefix}/$k");
            $asked++;
            push @{ $wrong{ $map->{name} } }, sprintf('%.1f s: line %d: %s', time - $begin, $k, $got)
                unless $got eq "307 -> /$map->{name}/v$map->{before}"
                || ($got eq "307 -> /$map->{name}/v$map->{version}" && -e "$map->{file}.pace");
        }
        if (!$restarted && time > $begin + 4) {
            kill 'USR1', $server->{pid};
            $restarted = 1;
        }
    }
    for my $map (@maps) {
        open my $in, '<', "$map->{file}.pace" or die "$map->{file}.pace: $!\n";
        $map->{took} = <$in>;
        $skipped++, delete $wrong{ $map->{name} } if $map->{took} > 2.9;
    }
    is(scalar(keys %wrong), 0, "no half of a file answers in round $round")
        or diag(join "\n", map { my $m = $_; $wrong{ $m->{name} } ? join(', ', "$m->{name}: pace $m->{pace}, rest " . ($m->{rest} || 0) . ", slowest $m->{took}", @{ $wrong{ $m->{name} } }) : () } @maps);
    $until = time + 60;
    my $late = 1;
    while ($late && time < $until) {
        $late = grep { get("$_->{prefix}/1") ne "307 -> /$_->{name}/v$_->{version}" } @maps;
    }
    is($late, 0, "and all of the new ones do in the end");
}
note("$asked answers of " . @maps * $rounds . " files, of which $skipped were written too slowly to count");
unlike(own_log($server), qr/exit signal|:(?:crit|alert|emerg)\]/, 'no crash');

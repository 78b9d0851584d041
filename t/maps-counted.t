# SPDX-License-Identifier: Apache-2.0
# needs no conf
# What happens to maps is counted for all processes together and said in one line, once a minute
# at most: here the first one, which comes when the process that builds goes on after it was
# stopped and requests were told to ask again.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $site = root() . '/counted';
my $requests = 12;
my $quarter = 4;        # of those that the server takes at once

for my $n (1 .. $requests) {
    put("counted/$n/.htaccess", "Redirect307Map my.map\n", 10);
    put("counted/$n/my.map", $n == 2 ? "\xFF\xFE/\0a\0" : "page there\n", 10);
}
my $workers = $ENV{R307_MPM} eq 'prefork' ? "StartServers 16\nMinSpareServers 16\nMaxSpareServers 16\nServerLimit 16\nMaxRequestWorkers 16\n"
    : "StartServers 2\nServerLimit 2\nThreadLimit 8\nThreadsPerChild 8\nMaxRequestWorkers 16\nMinSpareThreads 1\nMaxSpareThreads 16\n";
my $server = own_server(<<"EOT", only => ['dir']);
${workers}MaxConnectionsPerChild 0
KeepAlive off
Redirect307Arena 8M
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
EOT

sub connected
{
    my $path = shift;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 20) or die "no connection: $!\n";
    print $socket "GET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    return $socket;
}

# Code and Location, of one that said 503 the last one that did not.
sub settled
{
    my $path = shift;
    my $got = '503';
    for (my $until = time + 40; $got eq '503' && time < $until; sleep 0.1) {
        my $socket = connected($path);
        my $reply = do { local $/; readline $socket } // '';
        my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or next;
        $got = join ' ', $code, each_header($reply, 'Location');
    }
    return $got;
}

plan tests => 7;

my $builder = another_builder($server);
kill 'STOP', $builder;
my %codes;
my @sockets = map { connected("/$_/page") } 1 .. $requests;
for my $socket (@sockets) {
    my $reply = do { local $/; readline $socket } // '';
    $codes{ $reply =~ m{^HTTP/1\.1 (\d+)} ? $1 : 'none' }++;
}
is_deeply(\%codes, { 503 => $requests }, 'nobody builds: all are told to ask again');
unlike(own_log($server), qr/of Redirect307Arena;/, 'and nobody says anything');
kill 'CONT', $builder;
my $since = time;
my $pattern = qr/:info\] .* \d+ maps? takes? \d+ of 8192 KiB of Redirect307Arena; since it was made: .*; said at most once a minute$/m;
my ($line) = '';
for (my $until = time + 40; !$line && time < $until; sleep 0.1) {
    ($line) = own_log($server) =~ /($pattern)/;
    $line //= '';
}
my ($count) = $line =~ /: (?:built .*, |no good .*, )?requests that waited (\d+)/;
my %not = $line =~ /503 as (it took longer than a second|too many waited) (\d+)/g;
cmp_ok($count // 0, '>=', $quarter, 'then it says how many waited') or diag($line);
is(($not{'it took longer than a second'} // 0) + ($not{'too many waited'} // 0), $requests, 'and how many were answered 503, and why') or diag($line);
is(settled('/1/page'), '307 /1/there', 'and then there are rules');
is(settled('/2/page'), '404', 'or none');
my $said = () = own_log($server) =~ /$pattern/g;
cmp_ok($said, '<=', 1 + (time - $since) / 60, 'it is said once a minute at most');

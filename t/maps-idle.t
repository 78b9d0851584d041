# SPDX-License-Identifier: Apache-2.0
# needs no conf
# A process that no request of a map ever reached keeps nothing of the arena from the others:
# all requests go over one connection, so that one child of several has them all.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my $site = root() . '/idle';

# Each of the maps takes some 130 KiB, and all of them together have half of a mebibyte.
sub content
{
    my $to = shift;
    return join '', map { "page-$_.html /$to/page-$_.html\n" } 1 .. 1500;
}

for my $n (1 .. 12) {
    put("idle/$n/.htaccess", "Redirect307Map my.map\n", 10);
    put("idle/$n/my.map", content("old-$n"), 10);
}
sleep 3.1;      # they were not just written
my $processes = $ENV{R307_MPM} eq 'prefork' ? "StartServers 2\nServerLimit 2\nMaxRequestWorkers 2\nMinSpareServers 1\nMaxSpareServers 3\n"
    : "StartServers 2\nServerLimit 2\nThreadLimit 5\nThreadsPerChild 5\nMaxRequestWorkers 10\nMinSpareThreads 1\nMaxSpareThreads 10\n";
my $server = own_server(<<"EOT", only => ['dir']);
${processes}MaxKeepAliveRequests 0
KeepAliveTimeout 60
Redirect307Arena 1M
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
EOT
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 20)
    or die "no connection: $!\n";

sub get
{
    my $path = shift;
    my ($head, $length, $line) = ('', 0);
    print $socket "GET $path HTTP/1.1\r\nHost: h\r\n\r\n";
    while (defined($line = <$socket>) && $line ne "\r\n") {
        $head .= $line;
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
    }
    read $socket, my $body, $length if $length;
    my ($location) = $head =~ m{^Location: (\S+)}m;
    return $location // $head;
}

plan tests => 2;
my @wrong;
for my $n (1 .. 12) {
    my $got = get("/$n/page-7.html");
    push @wrong, "$n: $got" if $got ne "/old-$n/page-7.html";
}
is("@wrong", '', 'more maps than there is room for, one after the other');
put('idle/11/my.map', content('new-11'));
my $got = '';
for (my $until = time + 20; $got ne '/new-11/page-7.html' && time < $until; sleep 0.2) {
    $got = get('/11/page-7.html');
}
is($got, '/new-11/page-7.html', 'a change finds room beside a process that is idle');

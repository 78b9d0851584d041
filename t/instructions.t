# SPDX-License-Identifier: Apache-2.0
# needs no conf
# What a request costs, in instructions and not in seconds: counted by callgrind in a server of
# one process, beside mod_alias with one rule in the same run (t/data/instructions.tsv). A change
# that makes each request dearer by more than 1 % is to be seen.
use strict;
use warnings FATAL => 'all';
use IO::Socket::INET;
use R307;
use R307::Rows ();
use R307::Site;
use Time::HiRes qw(sleep time);

my ($requests, $rounds) = (50, 3);
my @rows = R307::Rows::read_table('instructions.tsv');

if ($ENV{R307_MPM} ne 'event') {
    plan tests => 1;
    ok(1, 'the request is the same in each MPM; counted in event');
    exit 0;
}
my @hosts = qw(none lines shapes map directory htaccess maps host);
plan tests => @rows + 2 * @hosts;

my $folder = stage() . "/counted$$";

# as a file of its own: who asks for what no rule is about gets it
sub site
{
    my ($name, $line) = @_;
    put("$folder/$name/page.html", "x\n");
    return "<VirtualHost *:\@PORT\@>\nServerName $name.example\nDocumentRoot \"$folder/$name\"\n$line</VirtualHost>\n";
}

sub lines { my ($line, $many) = @_; return join '', map { sprintf "$line\n", $_, $_ } 1 .. $many }

# The same hosts and sections on both servers, so that they are chosen at the same price.
sub conf
{
    my %line = @_;
    return "KeepAliveTimeout 60\nMaxKeepAliveRequests 0\nEnableMMAP off\n"
        . "<Directory />\nAllowOverride None\nRequire all granted\n</Directory>\n"
        . "<Directory \"$folder/htaccess\">\nAllowOverride " . ($line{override} || 'None') . "\n</Directory>\n"
        . "<Directory \"$folder/directory\">\n" . ($line{inside} || '') . "</Directory>\n"
        . join '', map { site($_, $line{$_} || '') } @hosts;
}

sub paced
{
    my ($socket, $host, $path, $many) = @_;
    my %seen;
    for (1 .. $many) {
        syswrite $socket, "GET $path HTTP/1.1\r\nHost: $host.example\r\n\r\n" or die "closed\n";
        my $answer = '';
        sysread($socket, $answer, 65_536, length $answer) or die "closed\n" while $answer !~ /\r\n\r\n/;
        my ($head, $body) = split /\r\n\r\n/, $answer, 2;
        my ($len) = $head =~ /^Content-Length: (\d+)/mi or die "no length: $head\n";
        sysread($socket, $body, 65_536, length $body) or die "closed\n" while length $body < $len;
        $seen{$1}++ if $head =~ m{^HTTP/1\.1 (\d+)};
        # who asks before the worker is back in its queue saves the listener's trip
        sleep 0.005;
    }
    return join ' ', sort keys %seen;
}

# What callgrind wrote of each thread, once it has. The one that follows the maps looks at
# their files each second, however many requests a second has on this machine.
sub total_of
{
    my $file = shift;
    my $until = time + 120;
    while (time < $until) {
        my ($sum, $open) = (0, 0);
        for my $thread (glob "$file-*") {
            open my $in, '<', $thread or die "$thread: $!\n";
            my $text = do { local $/; <$in> };
            my ($total) = $text =~ /^(?:summary|totals): *(\d+)/m;
            $open++ if !defined $total;
            $sum += $total || 0 if $text !~ m{httpd/follow\.c};
        }
        return $sum if $sum && !$open;
        sleep 0.02;
    }
    die "callgrind has not written $file\n";
}

# Instructions a request, the least of some rounds: each second that ends adds a little.
sub counted
{
    my ($server, $host, $path) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp')
        or die "nobody answers\n";
    my $status = paced($socket, $host, $path, 10);
    my $least;
    for (1 .. $rounds) {
        system "callgrind_control -z $server->{pid} >/dev/null 2>&1";
        $status = paced($socket, $host, $path, $requests);
        system "callgrind_control -d $server->{pid} >/dev/null 2>&1";
        my $total = total_of("$server->{counts}." . ++$server->{dumps});
        $least = $total if !$least || $total < $least;
    }
    return ($status, $least / $requests);
}

sub start
{
    my ($text, $name) = @_;
    my $counts = "$folder/$name";
    my $server = own_server($text, single => 1, only => ['alias'],
                            without => [$name eq 'alias' ? 'redirect307' : 'alias'],
                            under => ['valgrind', '--tool=callgrind', '--separate-threads=yes',
                                      "--callgrind-out-file=$counts"]);
    $server->{counts} = $counts;
    return $server;
}

put("$folder/htaccess/.htaccess", lines('Redirect307 old-%d /new-%d', 1000));
for my $map (1 .. 10) {
    put("$folder/map-$map.txt", lines("/of-$map-%d /new-%d", 100));
}
put("$folder/map.txt", lines('/old-%d /new-%d', 1000));
my %ours = (
    lines => lines('Redirect307 /old-%d /new-%d', 1000),
    shapes => "Redirect307 /shop/:item /lamps/:item\nRedirect307Match ^/news/(\\d+)\$ /blog/\$1\n",
    map => "Redirect307Map $folder/map.txt\n",
    maps => join('', map { "Redirect307Map $folder/map-$_.txt\n" } 1 .. 10),
    host => "Redirect307 / https://new.example/ host=!host.example\n",
    inside => "Redirect307 old.html new.html\n",
    override => 'FileInfo',
);
my $server = start(conf(map { $_ => "Redirect 307 /old-1 /new-1\n" } @hosts), 'alias');
my %alias;
# in each host: httpd looks for them one after the other, and the last is found at 800 more
for my $host (@hosts) {
    for my $kind (['hit', '/old-1', 307], ['miss', '/page.html', 200]) {
        my ($status, $cost) = counted($server, $host, $kind->[1]);
        ok($status eq $kind->[2], "mod_alias's $kind->[0] in $host: $cost") or print "# $status\n";
        $alias{ $kind->[0] }{$host} = $cost;
    }
}
stop_server($server);

for my $hits ('off', 'on') {
    $server = start("Redirect307Hits $hits\n" . conf(%ours), "ours-$hits");
    for my $row (grep { $_->{hits} eq $hits } @rows) {
        my ($status, $cost) = counted($server, $row->{host}, $row->{path});
        my $beside = $alias{ $row->{beside} }{ $row->{host} };
        # what else the machine does only adds: a request that finds a worker late costs more
        for (2 .. 5) {
            last if $cost / $beside <= 1.01 * $row->{most};
            my ($again, $other) = counted($server, $row->{host}, $row->{path});
            $cost = $other if $again eq $status && $other < $cost;
        }
        my $ratio = $cost / $beside;
        ok($status eq $row->{status} && $ratio <= 1.01 * $row->{most},
           sprintf '%s: %d, %.4f of mod_alias\'s %s, at most %.4f', $row->{id}, $cost, $ratio, $row->{beside}, 1.01 * $row->{most})
            or print "# answered $status\n";
    }
    stop_server($server);
}

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# A .htaccess is edited while clients ask, by a new file or in place: every answer is that
# of a version which was there meanwhile, none fails, and nothing is left of old versions.
# 50 edits; 1 000 with --full.
use strict;
use warnings FATAL => 'all';
use Fcntl qw(O_WRONLY);
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my $edits = full(50, 1000);
my $clients = 3;
my $is_prefork = $ENV{R307_MPM} eq 'prefork';

# What is left alone for 50 ms is kept: there is no other way to have versions come and go
# quickly. Two edits are further apart than any file system's clock ticks.
my $processes = $is_prefork ? "StartServers 3\nServerLimit 3\nMaxRequestWorkers 3\nMinSpareServers 1\nMaxSpareServers 3\n"
    : "StartServers 1\nServerLimit 1\nThreadLimit 10\nThreadsPerChild 10\nMaxRequestWorkers 10\nMinSpareThreads 1\nMaxSpareThreads 10\n";
my $server = own_server($processes . <<"EOT", only => [qw(dir headers)]);
Redirect307HtaccessCache on 50ms
MaxConnectionsPerChild 0
LogLevel warn redirect307:trace1
<Directory "${\root()}/htedit">
    Require all granted
    AllowOverride FileInfo
</Directory>
EOT

# All versions have one size; the version is in the first line and in the last.
sub text
{
    my $version = sprintf '%06d', shift;
    return "Redirect307 old.html /v$version/first\nHeader set X-Version $version\n"
        . join('', map { "Redirect307 r$_.html /to/$_\nRedirect307Match /x$_/(\\d+)\$ /m/\$1\n" } 1 .. 100)
        . "Redirect307 last.html /v$version/last\n";
}

my $file = put('htedit/.htaccess', text(0));

sub ask
{
    my $name = shift;
    my $reply = raw("GET /htedit/$name.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 10);
    return $reply =~ m{^HTTP/1\.1 307 .*\nLocation: (?:/v(\d+)/(?:first|last)|/to/7)\r}s ? $1 // 'any' : substr($reply || 'no answer', 0, 60);
}

# A client in a process of its own writes what it saw: begin, end, version.
sub client
{
    my $number = shift;
    my $seen = "$server->{dir}/seen$number";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    return [$pid, $seen] if $pid;
    my ($stop, $count) = (0, 0);
    local $SIG{TERM} = sub { $stop = 1 };
    open my $out, '>', $seen or die "$!\n";
    $out->autoflush(1);
    until ($stop) {
        my $begin = time;
        my $version = ask((qw(old last r7))[++$count % 3]);
        print $out join("\t", $begin, time, $version), "\n" unless $stop;
    }
    close $out;
    require POSIX;
    POSIX::_exit(0);
}

sub edit
{
    my $version = shift;
    if ($version % 2) {
        put('htedit/.htaccess', text($version));
        return;
    }
    sysopen my $out, $file, O_WRONLY or die "$file: $!\n";
    syswrite $out, text($version);
    close $out;
    return;
}

# Bytes of its own that the server's children hold
sub held
{
    my $sum = 0;
    for my $status (glob '/proc/[0-9]*/status') {
        open my $in, '<', $status or next;
        my $text = do { local $/; <$in> } // '';
        $sum += $1 if $text =~ /^PPid:\s+$server->{pid}$/m && $text =~ /^RssAnon:\s+(\d+)/m;
    }
    return $sum;
}

# Each version is there until it was asked for often enough, however slow the machine is.
sub wait_for_answers
{
    my ($clients, $count) = @_;
    my $lines = sub {
        my $count = 0;
        for my $client (@$clients) {
            open my $in, '<', $client->[1] or next;
            $count += () = <$in>;
        }
        return $count;
    };
    my ($least, $until) = ($lines->() + $count, time + 60);
    sleep 0.12;
    sleep 0.02 while $lines->() < $least && time < $until;
    return;
}

plan tests => 6;

is(ask('old'), '000000', 'the file is there');
my @clients = map { client($_) } 1 .. $clients;
my (@begun, @over, $early);
($begun[0], $over[0]) = (0, 0);
for my $version (1 .. $edits) {
    wait_for_answers(\@clients, 4 * $clients);
    $begun[$version] = time;
    edit($version);
    $over[$version] = time;
    $early = held() if $version == int($edits / 4);
}
wait_for_answers(\@clients, 4 * $clients);
my $late = held();
kill 'TERM', map { $_->[0] } @clients;
waitpid $_->[0], 0 for @clients;

# A version may be answered from when its edit began until that of the next was over.
my ($count, @wrong, %versions) = (0);
for my $seen (map { $_->[1] } @clients) {
    open my $in, '<', $seen or die "$!\n";
    while (<$in>) {
        chomp;
        my ($from, $to, $version) = split /\t/;
        $count++;
        next if $version eq 'any';
        if ($version !~ /^\d+$/) { push @wrong, "answered: $version"; next }
        $version += 0;
        $versions{$version}++;
        push @wrong, "version $version, asked from $from to $to, was there from $begun[$version] to " . ($over[$version + 1] // 'the end')
            if $begun[$version] > $to || ($over[$version + 1] // $to) < $from;
    }
}
is(scalar @wrong, 0, "all of $count answers are those of a version that was there") or diag(join "\n", @wrong > 10 ? @wrong[0 .. 9] : @wrong);
cmp_ok($count, '>', $edits * 3, 'many were asked');
cmp_ok(scalar keys %versions, '>', $edits / 2, 'and of most versions: ' . keys %versions);
my $read = () = own_log($server) =~ /is read from memory/g;
cmp_ok($read, '>', $count / 10, "many of them from memory: $read");
SKIP: {
    skip 'no /proc/PID/status with RssAnon here', 1 unless $late;
    skip 'AddressSanitizer keeps what was freed', 1 if vars('httpd') =~ /-asan$/;
    cmp_ok($late - $early, '<', 3000, "$early KiB after a quarter of $edits edits, $late at the end");
}

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Graceful restarts, one after the other, while clients ask: each new configuration holds
# from its restart on, no request fails, nothing is left over in the parent.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my $restarts = full(50, 200);

put('reload/.htaccess', join('', map { "Redirect307 old$_ new$_ note=\"line $_\"\n" } 1 .. 50)
    . "Redirect307Match ^/reload/d/(\\d+)\$ /n/\$1\nRedirect307 typo qurey=1\n", 10);

sub text
{
    my $generation = shift;
    my $rules = join '', map { "Redirect307 /r$_ /to/$_ name=r$_ header=!X-$_\n" } 1 .. 200;
    # so many that they are kept in another pool
    my $plain = join '', map { "Redirect307 /many$_ /to/many$_\n" } 1 .. 9000;
    my $regexes = join '', map { "Redirect307Match ^/m$_/(?<id>\\d+)\$ /m/:id?g=\$1 expr=\"%{REQUEST_METHOD} != 'PUT'\"\n" } 1 .. 50;
    return <<"EOT" . $rules . $plain . $regexes;
StartServers 2
MaxConnectionsPerChild 0
GracefulShutdownTimeout 5
Redirect307 /generation /is/$generation
Redirect307 /out "%{arg:to}" match=exact
Redirect307AllowHosts *.example.net
Redirect307Exempt /x$generation
<Location "/in">
    Redirect307 /location
</Location>
<Directory "${\root()}/reload">
    Require all granted
    AllowOverride FileInfo
</Directory>
EOT
}

my $server = own_server(text(0), only => [qw(dir alias setenvif)]);

sub ask
{
    my $path = shift;
    my $reply = raw("GET $path HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n",
                    port => $server->{port}, timeout => 10);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return $code . (defined $location ? " -> $location" : '');
}

my @asked = (
    ['/r7/x',          '307 -> /to/7/x'],
    ['/m9/12',         '307 -> /m/12?g=12'],
    ['/many9',         '307 -> /to/many9'],
    ['/many9000/x',    '307 -> /to/many9000/x'],
    ['/reload/old3',   '307 -> /reload/new3'],
    ['/reload/d/5',    '307 -> /n/5'],
    ['/in/x',          '307 -> /location'],
    ['/out?to=//evil', '400'],
    ['/missing',       '404'],
);

# a client in a process of its own, until it is told to stop; it counts what went wrong
pipe my $from_client, my $to_parent or die "pipe: $!\n";
my $client = fork;
die "fork: $!\n" unless defined $client;
if (!$client) {
    my ($stop, $count, @wrong) = (0, 0);
    local $SIG{TERM} = sub { $stop = 1 };
    while (!$stop) {
        my ($path, $want) = @{ $asked[$count++ % @asked] };
        my $got = ask($path);
        # what the signal cut short is not wrong
        push @wrong, "$path: $got" if $got ne $want && @wrong < 10 && !$stop;
        sleep 0.005;
    }
    syswrite $to_parent, join "\n", $count, @wrong;
    require POSIX;
    POSIX::_exit(0);
}
close $to_parent;

sub resident
{
    open my $in, '<', "/proc/$server->{pid}/status" or return;
    return +(map { /^VmRSS:\s+(\d+)/ ? $1 : () } <$in>)[0];
}

plan tests => 5;

my ($late, $early_size) = (0);
for my $generation (1 .. $restarts) {
    put("$server->{dir}/test.conf", text($generation));
    heard($server, 'USR1');
    my $until = time + 60;
    sleep 0.02 until ask('/generation') eq "307 -> /is/$generation" || time > $until;
    $late++ if time > $until;
    $early_size = resident() if $generation == 10;
}
is($late, 0, "each of $restarts graceful restarts brought its rules");
kill 'TERM', $client;
my $said = do { local $/; <$from_client> };
waitpid $client, 0;
my ($count, @wrong) = split /\n/, $said // '';
ok($count && !@wrong, 'no request failed meanwhile, of ' . ($count // 0)) or diag(join "\n", @wrong);
my $size = resident();
SKIP: {
    skip 'AddressSanitizer keeps what was freed', 1 if vars('httpd') =~ /-asan$/;
    skip 'no /proc here', 1 unless defined $size;
    # a leak of one rule set for each restart would be some hundred KiB each time
    cmp_ok($size - $early_size, '<', 4096 + 16 * $restarts, "the parent did not grow: $early_size to $size KiB");
}
my $log = own_log($server);
unlike($log, qr/exit signal (?:Seg|Abort|Bus)|:(?:crit|alert|emerg)\]/, 'no crash');
my $named = () = $log =~ m{reload/\.htaccess:52: }g;
ok($named >= 1 && $named <= $restarts + 1, "the bad line of .htaccess was named once a generation: $named times");

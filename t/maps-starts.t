# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Maps where a server begins in another way: with another size of the arena at a graceful
# restart, which begins an empty one and loses no answer; as `httpd -X`, where one process does
# everything; and with files whose time lies in the future, as a clock that was set leaves them.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use IO::Handle;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my $site = root() . '/starts';
my $day = 86_400;
my @late = map { "307 /late/$_" } qw(there again elsewhere);     # as one process after the other follows

put('starts/top.map', "/top /there\n", 10);
put('starts/ten/.htaccess', "Redirect307Map my.map\n", 10);
put('starts/ten/my.map', "page there\n", 10);
put('starts/unseen/.htaccess', "Redirect307Map my.map\n", 10);
put('starts/unseen/my.map', "page there\n", 10);
put('starts/next.map', "/next /there\n", -$day);
put('starts/late/.htaccess', "Redirect307Map my.map\n", -$day);
put('starts/late/my.map', "page there\n", -$day);
put('starts/late/other.map', "page elsewhere\n", -$day);

sub conf
{
    my $arena = shift;
    return <<"EOT";
StartServers 2
Timeout 600
KeepAlive off
Redirect307Arena $arena
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
Redirect307Map "$site/top.map"
Redirect307Map "$site/next.map"
EOT
}

my $server;

sub get { return answer_of($server, shift) }

# Asks until that is answered; what came before must be one of these, or "not yet known".
sub becomes
{
    my ($path, $wanted, @before) = @_;
    my ($got, $until) = ('', time + 40);
    while ($got ne $wanted && time < $until) {
        $got = get($path);
        last unless grep { $_ eq $got } $wanted, @before, '503';
        sleep 0.1;
    }
    return is($got, $wanted, "$path becomes $wanted");
}

sub count_logged { my $pattern = shift; return scalar(() = own_log($server) =~ /$pattern/g) }

plan tests => 23;

# ---- the future --------------------------------------------------------------------------

$server = own_server(conf('8M'), only => ['dir']);
is(get('/top'), '307 /there', 'a map of httpd.conf');
is(get('/next'), '307 /there', 'one whose time lies in the future');
becomes('/late/page', '307 /late/there');
put('starts/late/my.map', "page again\n", -$day);
becomes('/late/page', '307 /late/again', @late);
put('starts/next.map', "/next /again\n", -$day);
becomes('/next', '307 /again', '307 /there');
put('starts/late/.htaccess', "Redirect307Map other.map\n", -2 * $day);
becomes('/late/page', '307 /late/elsewhere', @late);
put('starts/late/.htaccess', "Redirect307Map my.map\n", -3 * $day);
becomes('/late/page', '307 /late/again', @late);

# ---- another size ------------------------------------------------------------------------

becomes('/ten/page', '307 /ten/there');
my $ready = count_logged(qr{/ten/my\.map: 1 rule});
pipe my $in, my $out or die "pipe: $!\n";
my $client = fork // die "fork: $!\n";
if (!$client) {
    my ($over, %seen) = 0;
    local $SIG{TERM} = sub { $over = 1 };
    close $in;
    while (!$over) {
        for my $path ('/top', '/ten/page') {
            my $got = eval { get($path) } || $@;
            $seen{"$path: $got"}++ unless $over;        # the signal ends what waits
        }
    }
    print $out "$_\n" for sort keys %seen;
    close $out;
    POSIX::_exit(0);
}
close $out;
my $builder = another_builder($server);
# A request that a process has begun to read: it took that connection before the next one, which
# is answered.
my $slow = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->{port}, Proto => 'tcp', Timeout => 30) or die "no connection: $!\n";
$slow->autoflush;
print $slow "GET /unseen/page HTTP/1.1\r\nHost: h\r\n";
get('/top');
put("$server->{dir}/test.conf", conf('4M'));
my $restarts = count_logged(qr/resuming normal operations/);
kill 'USR1', $server->{pid};
for (my $until = time + 60; count_logged(qr/resuming normal operations/) == $restarts && time < $until;) { sleep 0.1 }
ok(another_builder($server, $builder), 'a graceful restart with another size of the arena: there is another builder');
print $slow "Connection: close\r\n\r\n";
like(join('', <$slow>), qr{^HTTP/1\.1 503 }, 'a process of before the restart is asked for a map that it never saw');
like(own_log($server), qr{the rules of \S+/unseen/my\.map are not ready, and the request is answered 503: a restart began another arena}, 'and the log says why it has none');
becomes('/ten/page', '307 /ten/there');
for (my $until = time + 30; count_logged(qr{/ten/my\.map: 1 rule}) == $ready && time < $until;) { get('/ten/page') }
kill 'TERM', $client;
# what is not yet known again is said to be so, on a machine that takes longer than a second
my @seen = grep { $_ ne '/ten/page: 503' } map { s/\n//r } <$in>;
waitpid $client, 0;
is(join(', ', @seen), '/ten/page: 307 /ten/there, /top: 307 /there', 'no answer is lost');
cmp_ok(count_logged(qr{/ten/my\.map: 1 rule}), '>', $ready, 'it began empty: a map of .htaccess was built again');
put('starts/ten/my.map', "page again\n", 10);
becomes('/ten/page', '307 /ten/again', '307 /ten/there');
stop_server($server);

# ---- httpd -X ----------------------------------------------------------------------------

put('starts/top.map', "/top /there\n", 10);
put('starts/ten/my.map', "page there\n", 10);
$server = own_server(conf('8M'), only => ['dir'], single => 1);
is(get('/top'), '307 /there', 'httpd -X: a map of httpd.conf');
becomes('/ten/page', '307 /ten/there');
is(join(' ', children($server)), '', 'there is no other process');
put('starts/top.map', "/top /again\n", 10);
becomes('/top', '307 /again', '307 /there');
put('starts/ten/my.map', "page again\n", 10);
becomes('/ten/page', '307 /ten/again', '307 /ten/there');
is(get('/ten/my.map'), '404', 'the file is not served');
unlink "$site/ten/my.map";
for (my $until = time + 30; !count_logged(qr{/ten/my\.map cannot be opened}) && time < $until;) { get('/ten/page') }
is(get('/ten/page'), '307 /ten/again', 'the rules of a file that is gone stay');
unlike(own_log($server), qr/exit signal|:(?:crit|alert|emerg)\]/, 'no crash');

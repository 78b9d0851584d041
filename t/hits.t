# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Hits of rules: exact, whoever counts beside whom; over restarts; of a tenant not more than its
# share; and in a file that is read again, if half of it is whole.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Processes;
use R307::Site;
use Time::HiRes qw(sleep time);

plan tests => 61, need_module => 'status';

my $kept = root() . '/../hits.kept';
unlink $kept;
put('hits/t/.htaccess', "Redirect307 /t/a /there\nRedirect307 /t/b /there name=b\n", 10);
put('hits/u/.htaccess', "Redirect307 /t/a /there\nRedirect307 /u/a /there\n", 10);
my @lines = map { "/sheet/$_ /leaf/$_\n" } 1 .. 40;
put('hits/sheet.map', join('', @lines), 10);
put('hits/page.html', 'here', 10);
my $site = root() . '/hits';

sub conf
{
    my ($hits, $more) = @_;
    return <<"EOT";
$hits
MaxConnectionsPerChild 0
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
    Redirect307Limits rules=3
</Directory>
<Location "/status">
    SetHandler server-status
</Location>
Redirect307 /one /there until=2199-01-01 note=first
Redirect307 /stays -
Redirect307 /asks/x /there method=POST
Redirect307Match ^/glued/(.*)\$ https://h.example\$1
Redirect307Map "$site/sheet.map"
@{[ $more // '' ]}
<VirtualHost *:\@PORT\@>
    ServerName a.test
    Redirect307 /same /there
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName b.test
    Redirect307 /same /there
</VirtualHost>
EOT
}

sub bytes_of
{
    open my $in, '<:raw', $_[0] or die "$_[0]: $!\n";
    local $/;
    return <$in>;
}

sub get
{
    my ($server, $path, %with) = @_;
    my $host = $with{host} || 'a.test';
    my $referer = $with{referer} ? "Referer: $with{referer}\r\n" : '';
    my $reply = raw("GET $path HTTP/1.1\r\nHost: $host\r\n${referer}Connection: close\r\n\r\n", port => $server->{port}, timeout => 30);
    return $reply =~ m{^HTTP/1\.1 (\d+)} ? $1 : "no answer: $reply";
}

# All hits, and rules that were hit.
sub totals
{
    my $server = shift;
    my $reply = raw("GET /status?auto HTTP/1.0\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($all) = $reply =~ /^Redirect307Hits: (\d+)$/m;
    my ($rules) = $reply =~ /^Redirect307HitRules: (\d+)$/m;
    return ($all // '-') . ' of ' . ($rules // '-');
}

# The halves of a file that begin as one does, the newer one first: { serial, cells }.
sub halves
{
    open my $in, '<:raw', $kept or return;
    local $/;
    my $bytes = <$in> // '';
    my $stripe = 65536;
    my @halves;
    for my $half (0, 1) {
        my $text = '';
        for (my $n = 0; ($n * 2 + $half) * $stripe < length $bytes; $n++) {
            $text .= substr $bytes, ($n * 2 + $half) * $stripe, $stripe;
        }
        next unless $text =~ /^R307HIT2/;
        my ($serial, $count) = unpack 'x24 Q Q', $text;
        my @cells = map { { id => $_->[0], all => $_->[1] & (1 << 40) - 1, own => $_->[1] >> 40, last => $_->[3] } }
            map { [unpack 'Q Q Q V v v', substr $text, 56 + 32 * $_, 32] } 0 .. $count - 1;
        push @halves, { serial => $serial, cells => \@cells, half => $half };
    }
    return sort { $b->{serial} <=> $a->{serial} } @halves;
}

sub counts { my $half = (halves())[0] or return 'none'; return join ' ', sort { $a <=> $b } map { $_->{all} } @{ $half->{cells} } }

sub spoil
{
    my @at = @_;
    open my $out, '+<:raw', $kept or die "$kept: $!\n";
    for my $at (@at) {
        seek $out, $at, 0;
        print {$out} "\xAA\x55";
    }
    return close $out;
}

# --- exact, by many at once

my $server = own_server(conf(''), only => ['status', 'dir']);
is(totals($server), '0 of 0', 'nothing was hit yet');
is(get($server, '/page.html'), 200, 'a miss');
is(get($server, '/asks/x'), 404, 'a rule whose condition does not hold');
is(get($server, '/glued/.evil.example'), 400, 'a rule that was refused');
is(totals($server), '0 of 0', 'none of these is a hit');

my @clients;
for my $n (1 .. 6) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        for my $i (1 .. 100) {
            my $path = ('/one', '/sheet/7', '/t/a')[$i % 3];
            get($server, $path) eq 307 or POSIX::_exit(1);
        }
        POSIX::_exit(0);
    }
    push @clients, $pid;
}
my $failed = 0;
for my $pid (@clients) {
    waitpid $pid, 0;
    $failed += $? != 0;
}
is($failed, 0, 'six clients at once were answered');
is(totals($server), '600 of 3', 'each hit is counted, and each rule once');

# --- over a graceful restart, and who is killed

reload($server, 'USR1');
is(totals($server), '600 of 3', 'a graceful restart keeps them');
is(get($server, '/one'), 307, 'hit after it');
is(totals($server), '601 of 3', 'the same rule is the same');
my ($child) = serving($server);
kill 'KILL', $child;
until_gone($server, $child);
is(get($server, '/one'), 307, 'a child was killed, others answer');
is(totals($server), '602 of 3', 'nothing is lost with it');

# --- what is apart and what is not

is(get($server, '/same'), 307, 'a line of one virtual host');
is(get($server, '/same', host => 'b.test'), 307, 'the same line of another one');
is(totals($server), '604 of 5', 'are two');
is(get($server, '/u/a'), 307, 'a line of one directory');
is(get($server, '/stays'), 404, 'a rule that says no redirect');
is(totals($server), '606 of 7', 'is hit, too');
put('hits/t/.htaccess', "# a line in front\n\nRedirect307 /t/c /there name=b\nRedirect307 /t/a /there until=2199-01-01\n", 10);
is(get($server, '/t/a'), 307, 'a line that moved, and has dates now');
is(totals($server), '607 of 7', 'is what it was');
is(get($server, '/t/c'), 307, 'a rule with a name');
is(totals($server), '608 of 8', 'is hit for the first time');
put('hits/t/.htaccess', "Redirect307 /t/d /elsewhere name=b\n", 10);
is(get($server, '/t/d'), 307, 'another source and target, the same name');
is(totals($server), '609 of 8', 'are the same rule');
stop_server($server);
ok(!-e $kept, 'without keep= there is no file');

# --- a tenant holds no more than its share: where nobody sweeps, which takes the oldest away

$server = own_server(conf('Redirect307Arena off'), only => ['status', 'dir']);
for my $n (1 .. 10) {
    put('hits/t/.htaccess', "Redirect307 /t/$n /there\n", 10);
    get($server, "/t/$n") eq 307 or die "no answer for /t/$n\n";
}
is(totals($server), '6 of 6', 'ten rules, one after the other, where rules=3: six are known');
is(get($server, '/u/a'), 307, 'the other directory');
is(get($server, '/one'), 307, 'and the server');
is(totals($server), '7 of 7', 'of which one is of the same owner, and has no place');
stop_server($server);

# --- a file

my $keep = qq{Redirect307Hits on keep="$kept"};
my ($exit, $said) = conf_test(conf($keep) =~ s/\@PORT\@/80/gr, only => ['status', 'dir']);
is($exit, 0, 'httpd -t takes it') or diag($said);
ok(!-e $kept, 'and makes no file');
$server = own_server(conf($keep), only => ['status', 'dir']);
ok(-e $kept, 'the parent makes it');
is((stat $kept)[2] & 077, 0, 'for nobody else');
get($server, '/one') for 1 .. 3;
get($server, '/sheet/7', referer => 'http://A.test/some/page') for 1 .. 2;
get($server, '/sheet/7', referer => 'http://a.testing/some/page');
get($server, "/sheet/$_") for 8 .. 10;
stop_server($server);
is(counts(), '1 1 1 3 3', 'when the server ends the file has it');
is((join ' ', sort map { $_->{own} } @{ (halves())[0]{cells} }), '0 0 0 0 2', 'pages of the own host are counted apart');

put('hits/sheet.map', join('', reverse(@lines), "/sheet/new /leaf/new\n"), 10);
$server = own_server(conf($keep, "Redirect307 /before /there\n"), only => ['status', 'dir']);
is(totals($server), '9 of 5', 'it is read at a start');
get($server, "/sheet/$_") for 7 .. 10;
get($server, '/one');
is(totals($server), '14 of 5', 'a sheet that was sorted is what it was');

# all of them at once, as when memory runs out: what the builder wrote is there
my $until = time + 70;
sleep 0.2 while counts() ne '2 2 2 4 4' && time < $until;
is(counts(), '2 2 2 4 4', 'the builder writes it meanwhile');
my @all = children($server);
kill 'KILL', $server->{pid}, @all;
waitpid $server->{pid}, 0;
until_gone($server, @all);
$server = own_server(conf($keep), only => ['status', 'dir']);
is(totals($server), '14 of 5', 'it is there after all processes were killed');
my $second = own_server(conf($keep), only => ['status', 'dir']);
like(own_log($second), qr{Redirect307Hits: \S+ is another server's; it is left alone}, 'another server does not write it, too');
get($second, '/one');
is(totals($second), '1 of 1', 'and counts for itself');
stop_server($second);
get($server, '/one');
stop_server($server);
is(counts(), '2 2 2 4 5', 'the first one has it');

# --- damaged

my @both = halves();
is(scalar(@both), 2, 'there are two halves');
spoil($both[0]{half} * 65536 + 70);
$server = own_server(conf($keep), only => ['status', 'dir']);
is(totals($server), '14 of 5', 'a damaged half: the one before it holds');
get($server, '/one');
stop_server($server);
is(counts(), '2 2 2 4 5', 'and it is written again');
spoil(70, 65536 + 70);
$server = own_server(conf($keep), only => ['status', 'dir']);
is(totals($server), '0 of 0', 'both are damaged: it begins anew');
like(own_log($server), qr{Redirect307Hits: \S+ is damaged, both halves of it; it begins anew}, 'and says so');
get($server, '/one');
stop_server($server);
is(counts(), '1', 'and goes on');

# --- what is no such file

open my $out, '>', $kept or die "$kept: $!\n";
print {$out} "Redirect307 /a /b\n";
close $out;
$server = own_server(conf($keep), only => ['status', 'dir']);
like(own_log($server), qr{Redirect307Hits: \S+ holds something else; it is left alone, and hits are counted and not kept}, 'a file of something else');
get($server, '/one');
is(totals($server), '1 of 1', 'hits are counted all the same');
stop_server($server);
is(-s $kept, 18, 'and it is what it was');
unlink $kept;
symlink "$site/victim", $kept;
$server = own_server(conf($keep), only => ['status', 'dir']);
like(own_log($server), qr{Redirect307Hits: \S+ cannot be opened}, 'a symbolic link is not followed');
ok(!-e "$site/victim", 'to where it leads');
stop_server($server);
unlink $kept;

# --- off

$server = own_server(conf('Redirect307Hits off'), only => ['status', 'dir']);
is(get($server, '/one'), 307, 'off: a rule answers');
is(totals($server), '0 of 0', 'and nothing is counted');
stop_server($server);

# --- a module whose table has another layout, and which a graceful restart replaces

my ($so) = module_lines() =~ /^LoadModule redirect307_module "([^"]+)"/m;
my $bytes = bytes_of($so);
is($bytes =~ s/(\x00[0-9.]+ )\d\x00/${1}0\x00/g, 1, 'a module says which layout its table has');
my $copy = put(stage() . '/modules.hits/mod_redirect307.so', $bytes);
unlink $kept;
$server = own_server(qq{LoadModule redirect307_module "$copy"\n} . conf($keep), only => ['status', 'dir'], without => ['redirect307']);
get($server, '/one') for 1 .. 3;
is(totals($server), '3 of 1', 'it counts');
put($copy, bytes_of($so));
reload($server, 'USR1');
get($server, '/one') for 1 .. 2;
is(totals($server), '2 of 1', 'the other one begins anew');
unlike(own_log($server), qr/hits are counted and not kept/, 'and has the file');
is((join ' ', grep { m{/hits\.kept\z} } map { readlink // '' } map { glob "/proc/$_/fd/*" } serving($server)), '', 'which no child has open');
stop_server($server);
is(counts(), '2', 'what it counted is kept');

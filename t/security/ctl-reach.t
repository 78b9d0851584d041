# SPDX-License-Identifier: Apache-2.0
# needs no conf: what redirect307ctl, which an administrator runs as root, reads of what a
# tenant's .htaccess names: what the server would read, and nothing else. No byte of another
# file is printed, and no pipe or device makes it wait.
use strict;
use warnings FATAL => 'all';
use R307;
use POSIX qw(mkfifo);
use R307::Tool qw($ctl $dir file quoted);

my $secret = 'hunter2';

# As a rule that is fine, as lines that are none, as a sheet: whatever it is read as, its
# words would come out.
my $text = "/$secret /$secret until=2020-01-01\n$secret\nRedirect307 $secret /$secret-target x=$secret\n";
mkdir "$dir/$_" or die "$!\n" for qw(outside site site/sub site/fifo site/loop);
file("outside/$_", $text) for qw(secret secret.map .htaccess);
file('outside/down.on', "until=2098-01-01\n");
symlink '../outside', "$dir/site/folder" or die "$!\n";
symlink '../outside/secret', "$dir/site/link.map" or die "$!\n";
symlink 'ok.map', "$dir/site/near.map" or die "$!\n";
symlink 'loop.map', "$dir/site/loop.map" or die "$!\n";
symlink '/dev/zero', "$dir/site/zero.map" or die "$!\n";
file('site/ok.map', "/fine /there\n");
mkfifo("$dir/site/pipe.map", 0600) or die "$!\n";
mkfifo("$dir/site/fifo/.htaccess", 0600) or die "$!\n";
symlink '/dev/zero', "$dir/site/loop/.htaccess" or die "$!\n";

# Exit status and everything printed; -1 when it does not end.
sub run
{
    my $words = quoted(@_);
    my ($status, $said) = (-1, '');
    local $SIG{ALRM} = sub { die "late\n" };
    eval {
        alarm 20;
        my $pid = open my $in, '-|', "exec $ctl $words 2>&1 </dev/null" or die "$!\n";
        local $/;
        eval { $said = <$in>; 1 } or do { kill KILL => $pid };
        alarm 0;
        close $in;
        $status = $? >> 8 if $? % 256 == 0;
        1;
    };
    return ($status, $said);
}

my @maps = (
    # what the line names, what is said of it
    ["$dir/outside/secret",     'lies outside the directory'],
    ['../outside/secret',       'lies outside the directory'],
    ['sub/../../outside/secret', 'lies outside the directory'],
    ['folder/secret',           'is reached by a symbolic link'],
    ['link.map',                'is reached by a symbolic link'],
    ['near.map',                'is reached by a symbolic link'],
    ['loop.map',                'is reached by a symbolic link'],
    ['zero.map',                'is reached by a symbolic link'],
    ['pipe.map',                'is no plain file'],
    ['sub',                     'is no plain file'],
    ['/dev/zero',               'lies outside the directory'],
    ['none.map',                'No such file'],
    ['pipe.map/x',              'Not a directory'],
);
my @commands = (['lint'], ['report', '--due', '--at', '2030-01-01'], ['explain']);

plan tests => @maps * @commands + 19;

for my $row (@maps) {
    my ($map, $why) = @$row;
    my $name = file('site/.htaccess', "Redirect307Map $map\nRedirect307 a /b\n");
    for my $command (@commands) {
        my ($status, $said) = run(@$command, $name, $command->[0] eq 'explain' ? '/hunter' : ());
        ok($status >= 0 && $said !~ /$secret/ && $said =~ /:1: Redirect307Map: [^\n]*\Q$why\E/
               && ($command->[0] ne 'lint' || $status == 1), "$command->[0]: a map '$map'")
            or diag("exit $status\n$said");
    }
}

my ($status, $said);
my $site = file('site/.htaccess', "Redirect307Map ok.map\n");
($status, $said) = run('lint', $site);
is("$status $said", "0 0 findings, 1 rule fine.\n", 'a map that is a plain file below is read');
file('site/.htaccess', "Redirect307Map $dir/site/ok.map\n");
($status, $said) = run('lint', $site);
is("$status $said", "0 0 findings, 1 rule fine.\n", 'and by its whole name');

# the .htaccess itself
($status, $said) = run('lint', "$dir/site/fifo/.htaccess");
ok($status == 2 && $said =~ /is no plain file/, 'a .htaccess that is a pipe is not waited for') or diag($said);
($status, $said) = run('lint', "$dir/site/loop/.htaccess");
ok($status == 2 && $said =~ /is no plain file/, 'one that leads to a device is not read') or diag($said);
for my $command ('lint', 'report') {
    ($status, $said) = run($command, ($command eq 'report' ? '--due' : ()), "$dir/site");
    ok($status == 2 && $said =~ m{fifo/\.htaccess: is no plain file.*loop/\.htaccess: is no plain file}s
           && $said !~ /$secret/, "$command of the directory says both and goes on")
        or diag("exit $status\n$said");
}

# flags
file('site/.htaccess', <<"EOT");
Redirect307Maintenance down/ flag=folder/down.on
Redirect307 x /y flag=folder/down.on
Redirect307 z /y flag=../outside/down.on
Redirect307 p /y flag=pipe.map
EOT
($status, $said) = run('explain', $site, '/x');
ok($status == 2 && $said =~ /^no rule answers/m, 'explain: a flag behind a link cannot be told') or diag("exit $status\n$said");
($status, $said) = run('explain', $site, '/p');
ok($said =~ m{^307 -> /y}m, 'explain: a pipe is a flag as any file is, and is not opened') or diag("exit $status\n$said");
for my $verb (qw(on off status)) {
    ($status, $said) = run('maintenance', $verb, $site);
    ok($status == 2 && $said =~ /is reached by a symbolic link/, "maintenance $verb: a flag behind a link is left alone")
        or diag("exit $status\n$said");
}
is((-s "$dir/outside/down.on"), 17, 'the file there is as it was');

# what is named itself, as an administrator does
for my $name ('lint', 'report') {
    my @words = $name eq 'report' ? ('report', '--due') : ('lint');
    ($status, $said) = run(@words, "$dir/site/pipe.map");
    ok($status == 2 && $said =~ /is no plain file/, "$name PIPE ends") or diag("exit $status\n$said");
}
($status, $said) = run('compile', "$dir/site/pipe.map", '-o', "$dir/x.image");
ok($status == 2 && $said =~ /is no plain file/, 'compile PIPE ends') or diag("exit $status\n$said");
($status, $said) = run('compile', '/dev/zero', '-o', "$dir/x.image");
ok($status == 2 && $said =~ /is no plain file/, 'compile /dev/zero ends') or diag("exit $status\n$said");
($status, $said) = run('explain', "$dir/site/pipe.map", '/x');
ok($status == 2 && $said =~ /is no plain file/, 'explain PIPE ends') or diag("exit $status\n$said");
$said = qx(printf 'Redirect307 a /b\\n' | $ctl lint - 2>&1);
is($said, "0 findings, 1 rule fine.\n", 'standard input is read all the same');
$said = qx(printf 'Redirect307 a /b\\n' | $ctl lint /dev/fd/0 2>&1);
is($said, "0 findings, 1 rule fine.\n", 'and a descriptor that a shell made of <(...)');

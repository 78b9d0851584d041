# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Many maps in one place are looked at together: whatever each of them holds, and however they
# change, a path is answered by the first that has a rule for it.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use R307::Tool qw(run);
use Time::HiRes qw(sleep time);

my @maps = map { "m$_" } 0 .. 7;
my $rounds = full(3, 40);
my (%rules, %is_compiled);
my %is_prefix = map { $_ => 1 } qw(m1 m2 m6);

sub write_map
{
    my ($name) = @_;
    my $lines = join '', map { "$_ $rules{$name}{$_}\n" } sort keys %{ $rules{$name} };
    $lines = "# nothing\n" if $lines eq '';
    return put("joined/$name", $lines, 10) if !$is_compiled{$name};
    put("joined/$name.txt", $lines, 10);
    my ($status, $text) = run('compile', '-o', root() . "/joined/$name", root() . "/joined/$name.txt");
    die "$text\n" if $status;
    return;
}

# each has rules of its own, and some that others have, too
sub make
{
    my ($name, $version) = @_;
    $rules{$name} = { map { ("/x" . int(rand 60) . (rand 3 < 1 ? '/y' : ''), "/$name-$version/$_") } 1 .. 20 };
    $rules{$name}{"/is-$name"} = "/v$version";
    return write_map($name);
}

# of the first map, and there of the first line, whose source the path is; or, where the map says
# so, below which it lies
sub wanted
{
    my ($path) = @_;
    for my $name (@maps) {
        my @ways = ($path);
        while ($is_prefix{$name} && $ways[-1] =~ m{^(/.+)/[^/]*$}) {
            push @ways, $1;
        }
        my ($source) = sort grep { defined $rules{$name}{$_} } @ways;
        return $rules{$name}{$source} . substr $path, length $source if defined $source;
    }
    return 'none';
}

srand 307;
$is_compiled{m5} = 1;                           # with an index of a seed of its own
make($_, 0) for @maps;
put('joined/page.html', "x\n");
my $server = own_server(<<"EOT", only => ['dir', 'alias']);
StartServers 2
${\join '', map { 'Redirect307Map "' . root() . "/joined/$_\"" . ($is_prefix{$_} ? " match=prefix\n" : "\n") } @maps}
EOT

sub came
{
    my ($path) = @_;
    my $reply = raw("GET $path HTTP/1.0\r\nHost: m.example\r\n\r\n", port => $server->{port}, timeout => 30);
    return $reply =~ m{^Location: (\S+)}m ? $1 : 'none';
}

# Every process has taken it: each answers a connection now and then.
sub is_seen
{
    my ($path, $want) = @_;
    my ($row, $until) = (0, time + 60);
    while ($row < 40 && time < $until) {
        $row = came($path) eq $want ? $row + 1 : 0;
        sleep 0.1 if !$row;
    }
    return $row == 40;
}

# written as they are, and so that they come to the same
my @paths = ((map { ("/x$_", "/x$_/y", "/x$_/y/z") } 0 .. 62), (map { ("/is-$_", "/is-$_/more") } @maps), '/', '/page.html');
my %other = ('/%78%31' => '/x1', '/a/../x1/y' => '/x1/y', '//x2' => '/x2');

sub differences
{
    my @bad;
    for my $path (@paths, sort keys %other) {
        my ($got, $want) = (came($path), wanted($other{$path} // $path));
        push @bad, "$path: $got, not $want" if $got ne $want;
    }
    return join "\n", @bad;
}

plan tests => 2 + 2 * $rounds + 8;
ok(is_seen('/is-m7', '/v0'), 'the last one answers');
is(differences(), '', 'each path by the first map that has it');
for my $version (1 .. $rounds) {
    my $name = $maps[rand @maps];
    make($name, $version);
    ok(is_seen("/is-$name", "/v$version"), "$name is changed");
    is(differences(), '', "version $version: each path by the first map that has it");
}

# --- who has more than paths as keys, and who has more of them than are looked at together

$rules{m2}{"/only-$_"} = "/many/$_" for 1 .. 40_000;
$rules{m2}{'/is-m2'} = '/many';
write_map('m2');
ok(is_seen('/is-m2', '/many'), 'm2 has 40 000 lines');
is(differences(), '', 'and those behind it theirs');
is(came('/only-39999'), '/many/39999', 'of which the last answers');

put('joined/m3', "/:any/named /by-name\n/is-m3 /shaped\n", 10);
$rules{m3} = { '/is-m3' => '/shaped' };
ok(is_seen('/is-m3', '/shaped'), 'm3 has a placeholder');
is(came('/what/named'), '/by-name', 'which answers');
is(differences(), '', 'and those behind it theirs');

$rules{m2} = { '/is-m2' => '/small' };
write_map('m2');
put('joined/m3', "# nothing\n", 10);
$rules{m3} = {};
ok(is_seen('/is-m2', '/small'), 'they are small again');
is(differences(), '', 'and each path goes to the first map that has it');
stop_server($server);

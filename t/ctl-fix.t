# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl lint --fix and flatten: what they write, and what they leave.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Tool qw($ctl $dir file text_of run_apart);

once();

sub run { return run_apart(@_) }

sub names { opendir my $in, $dir or die "$!\n"; return join ' ', sort grep { !/^\.\.?$|^stderr$/ } readdir $in }

my @fixes = (
    # name, before, after (undef: nothing is sure), exit of lint afterwards
    ['.htaccess', "Redirect307 301 /a /b\n", "Redirect307 /a /b status=301\n", 0],
    ['.htaccess', "# x\r\n\tRedirect307 301 /a /b\r\nRedirect307 c d", "# x\r\n\tRedirect307 /a /b status=301\r\nRedirect307 c d", 0],
    ['.htaccess', "Redirect307 a /b qurey=keep note=\"x y\"\n", "Redirect307 a /b query=keep note=\"x y\"\n", 0],
    ['.htaccess', "Redirect307 a /b;", "Redirect307 a /b", 0],
    ['x.conf', "<VirtualHost *:80>\n    Redirect307 '/a' \"/b;\"\n</VirtualHost>\n", "<VirtualHost *:80>\n    Redirect307 '/a' /b\n</VirtualHost>\n", 0],
    ['x.conf', "Redirect307 a /b\nRedirect307Match ^/x/(.*)\$ /y/%1\n", "Redirect307 /a /b\nRedirect307Match ^/x/(.*)\$ /y/\$1\n", 0],
    ['x.conf', "Redirect307Match ^(.*)\$ https://new.example.net/\$1\n", "Redirect307Match ^/(.*)\$ https://new.example.net/\$1\n", 0],
    ['x.conf', "Redirect307Match ^/page\\.php\\?id=3\$ /p\n", "Redirect307Match ^/page\\.php\$ args=id=3 /p\n", 0],
    ['x.conf', "Redirect307Match ^/a%20b\$ /p\n", "Redirect307Match \"^/a b\$\" /p\n", 0],
    ['x.conf', "Redirect307 /a\xc2\xa0 /b\n", "Redirect307 /a /b\n", 0],
    ['x.map', "/a /b;\n/c /d\n", "/a /b\n/c /d\n", 0],
    ['x.map', "/a, /b\n", "/a /b\n", 0],
    ['x.csv', "source;target\n/a;/b//\n", "source;target\n/a;/b/\n", 0],
    ['x.csv', "source,target\n\"/a\",\"/b?x=1&amp;y=2\"\n", "source,target\n\"/a\",\"/b?x=1&y=2\"\n", 0],
    # two mistakes of one line, and lines that become one with others
    ['x.conf', "Redirect307 /a, /b;\n", "Redirect307 /a /b\n", 0],
    ['x.conf', "Redirect307 /a /b\nRedirect307 301 /a /c\n", undef, 1],
    ['x.conf', "Redirect307 /a/x /b\nRedirect307 /c /d;\nRedirect307 /a, /e\n", "Redirect307 /a/x /b\nRedirect307 /c /d\nRedirect307 /a /e\n", 0],
    ['x.conf', "Redirect307 /a, /e\nRedirect307 /a/x /b\nRedirect307 /c /d;\n", "Redirect307 /a, /e\nRedirect307 /a/x /b\nRedirect307 /c /d\n", 1],
    # what only people know
    ['x.conf', "Redirect307 /a\n", undef, 1],
    ['x.conf', "Redirect307 /a /b until=26.12.2026\n", undef, 1],
    ['x.conf', "Redirect307 /a http:\n", undef, 1],
    ['x.conf', "Redirect307 /a /b/{id}\n", undef, 1],
    ['.htaccess', "Redirect307 www.example.com/old /new\n", undef, 1],
    ['x.conf', "Redirect307 /a /b \\\n    qurey=keep\n", undef, 1],
    ['x.conf', "Redirect307 /a/:after /b\nRedirect307 /x http://h.example/\n", undef, 0],
    ['x.conf', "Redirect307 /a /b\nRedirect307 /b /c\n", undef, 0],
    ['x.csv', "source,target\n/page.php,/y/*\n", undef, 1],
    ['x.conf', "Redirect307 /a \"/b\x00;\"\n", undef, 1]
);

# before, after (undef: as it was); x.conf, or another name
my @flats = (
    ["Redirect307 /a /b\nRedirect307 /b /c\n", "Redirect307 /a /c\nRedirect307 /b /c\n"],
    ["Redirect307 /a /b\nRedirect307 /b /c\nRedirect307 /c /d\n", "Redirect307 /a /d\nRedirect307 /b /d\nRedirect307 /c /d\n"],
    ["Redirect307 /a /b\nRedirect307 /b https://h.example/c\n", "Redirect307 /a https://h.example/c\nRedirect307 /b https://h.example/c\n"],
    ["Redirect307 /a /b\nRedirect307 /b /c status=308\n", "Redirect307 /a /c\nRedirect307 /b /c status=308\n"],
    ["Redirect307 /a /b status=301\nRedirect307 /b /c status=308\n", "Redirect307 /a /c status=301\nRedirect307 /b /c status=308\n"],
    ["Redirect307 /a /b owner=x until=2199-12-26\nRedirect307 /b /c\n", "Redirect307 /a /c owner=x until=2199-12-26\nRedirect307 /b /c\n"],
    ["Redirect307 /a /b host=www.example.com\nRedirect307 /b /c\n", "Redirect307 /a /c host=www.example.com\nRedirect307 /b /c\n"],
    # not the same for everybody
    ["Redirect307 /a /b\nRedirect307 /b /c status=303\n", undef],
    ["Redirect307 /a /b status=308\nRedirect307 /b /c\n", undef],
    ["Redirect307 /a /b\nRedirect307 /b /c query=drop\n", undef],
    ["Redirect307 /a /b match=exact\nRedirect307 /b /c query=drop\n", undef],
    ["Redirect307 /a /b\nRedirect307 /b/x /d\nRedirect307 /b /c\n", undef],
    ["Redirect307 /a /b\nRedirect307 /b /c lang=de\n", undef],
    ["Redirect307 /a /b\nRedirect307 /b /c until=2199-12-26\n", undef],
    ["Redirect307 /a /b#x\nRedirect307 /b /c\n", undef],
    ["Redirect307 /a /b\nRedirect307 /b /a\n", undef],
    ["/a /b\n/b /c\n/x /y\n", "/a /c\n/b /c\n/x /y\n", 'x.map'],
    ["/a /b\n/b /c status=303\n", undef, 'x.map'],
    ["source,target\n/a,/b\n/b,/c\n", "source,target\n/a,/c\n/b,/c\n", 'x.csv'],
    ["source,target,status\n/a,/b,308\n/b,/c,307\n", undef, 'x.csv'],
    # where the directory of a .htaccess lies nobody knows
    ["Redirect307 a b\nRedirect307 b c\n", "Redirect307 a c\nRedirect307 b c\n", '.htaccess'],
    ["Redirect307 a b\nRedirect307 b ./?x=1\n", "Redirect307 a ./?x=1\nRedirect307 b ./?x=1\n", '.htaccess'],
    ["Redirect307 a /b\nRedirect307 b /c\n", undef, '.htaccess']
);

my $has_patch = `patch --version 2>/dev/null` =~ /patch/;
plan tests => 4 * @fixes + 5 * @flats + 16;

for my $row (@fixes) {
    my ($name, $before, $after, $exit) = @$row;
    (my $what = "$name: $before") =~ s/[^ -~]/?/g;
    my $path = file($name, $before);
    chmod 0640, $path;
    my ($was) = run('lint', $name);
    my ($status, $out, $err) = run('lint', '--fix', $name);
    ok($status == $was && text_of($path) eq $before && (defined $after ? $out =~ /^--- \Q$name\E\n\+\+\+ / : $out !~ /^--- /m), "is left without --yes: $what") or diag("$out$err");
    ($status, $out, $err) = run('lint', '--fix', '--yes', $name);
    ok($status == $exit && text_of($path) eq (defined $after ? $after : $before), "is written: $what") or diag("exit $status\n$out$err\n" . text_of($path));
    is(sprintf('%o', (stat $path)[2] & 07777), '640', '... with its mode');
    file('patch', $out =~ /^(---.*?)(?=^\S+:\d+: |^\d+ finding)/ms ? $1 : '');
    my $seen = defined $after && $has_patch ? qx(cd '$dir' && cp '$name' undone && patch -s -R undone patch 2>&1 && cat undone) : $before;
    is($seen, $before, '... and undone by what was shown') or diag($out);
    unlink map { "$dir/$_" } $name, 'patch', 'undone';
}

# Where somebody ends who asks, and by which statuses.
sub end_of
{
    my ($name, $url) = @_;
    my @codes;
    for (1 .. 9) {
        my (undef, $out) = run('explain', $name, "http://www.example.com$url");
        last unless $out =~ /^(\d+)(?: \(.*?\))? -> (\S+)/;
        push @codes, $1;
        $url = $2;
        last if $url =~ /^http/;
    }
    return ($url, @codes);
}

for my $row (@flats) {
    my ($before, $after, $name) = @$row;
    $name ||= 'x.conf';
    (my $what = "$name: $before") =~ s/\n/ /g;
    my $path = file($name, $before);
    my @was = map { [end_of($name, $_)] } '/a', '/a?q=1', '/a/x';
    my ($status, $out, $err) = run('flatten', $name);
    is($out, defined $after ? $after : $before, "flatten prints $what") or diag($err);
    is(text_of($path), $before, '... and leaves the file');
    ($status, $out, $err) = run('flatten', '--write', $name);
    ok($status == (defined $after ? 1 : 0) && text_of($path) eq $before, '... without --yes, too');
    ($status, $out, $err) = run('flatten', '--write', '--yes', $name);
    ok($status == 0 && text_of($path) eq (defined $after ? $after : $before), '... with --yes it is written') or diag($err);
    my @is = map { [end_of($name, $_)] } '/a', '/a?q=1', '/a/x';
    my @other = grep { $was[$_][0] ne $is[$_][0] || grep({ /^(?:30[78])$/ } @{$was[$_]}) != @{$was[$_]} - 1 && grep({ /^30[78]$/ } @{$is[$_]}) == @{$is[$_]} - 1 } 0 .. $#was;
    is("@other", '', '... and everybody ends where they did');
    unlink $path;
}

# --- who may be asked, and what is never written ---

my $bad = "Redirect307 301 /a /b\n";
my $path = file('x.conf', $bad);
SKIP: {
    skip 'no script here', 2 unless -x '/usr/bin/script';
    qx(cd '$dir' && printf 'n\\n' | script -qec "'$ctl' lint --fix x.conf" /dev/null 2>&1);
    is(text_of($path), $bad, 'no is no');
    qx(cd '$dir' && printf 'y\\n' | script -qec "'$ctl' lint --fix x.conf" /dev/null 2>&1);
    is(text_of($path), "Redirect307 /a /b status=301\n", 'yes is yes');
}
file('x.conf', $bad);
symlink 'x.conf', "$dir/y.conf" or die "$!\n";
my ($status, $out, $err) = run('lint', '--fix', '--yes', 'y.conf');
ok($status == 2 && -l "$dir/y.conf" && text_of($path) eq $bad && $err =~ /y\.conf: is a symbolic link; name the file itself/, 'a link is left alone') or diag($err);
unlink "$dir/y.conf";
chmod 0555, $dir;
($status, $out, $err) = run('lint', '--fix', '--yes', 'x.conf');
chmod 0755, $dir;
SKIP: {
    skip 'root writes everywhere', 1 if $> == 0;
    ok($status == 2 && text_of($path) eq $bad && $err =~ /x\.conf: Permission denied/, 'a folder that cannot be written') or diag("$status $err");
}
is(names(), 'x.conf', 'and nothing lies around');
for my $case ([['lint', '--fix'], qr/--fix writes files; name them/], [['lint', '--fix', '-'], qr/standard input is none/], [['lint', '--yes', 'x.conf'], qr/--yes goes with --fix/],
    [['lint', '--fix', '--format', 'json', 'x.conf'], qr/leave --format out/], [['flatten'], qr/name the file/], [['flatten', '--yes', 'x.conf'], qr/--yes goes with --write/],
    [['flatten', '--write', '-'], qr/has no place/], [['flatten', 'nosuch.conf'], qr/nosuch\.conf: No such file/]) {
    ($status, $out, $err) = run(@{$case->[0]});
    ok($status == 2 && $out eq '' && $err =~ $case->[1], "redirect307ctl @{$case->[0]}") or diag($err);
}
my $text = qx(cd '$dir' && printf 'Redirect307 /a /b\\nRedirect307 /b /c\\n' | '$ctl' flatten - 2>/dev/null);
is($text, "Redirect307 /a /c\nRedirect307 /b /c\n", 'standard input is flattened');

# what is shown in a terminal moves no cursor
SKIP: {
    skip 'no script here', 1 unless -x '/usr/bin/script';
    file('x.conf', "# \x1b[2J\nRedirect307 301 /a /b\n");
    $text = qx(cd '$dir' && script -qec "'$ctl' lint --fix x.conf </dev/null" /dev/null 2>&1);
    ok($text =~ /\\x1b\[2J/ && $text !~ /\x1b\[2J/, 'a terminal gets no escape of the file') or diag($text);
}
mkdir "$dir/sub";
file('sub/.htaccess', $bad);
($status, $out, $err) = run('lint', '--fix', '--yes', '.');
ok(text_of("$dir/sub/.htaccess") eq "Redirect307 /a /b status=301\n" && text_of($path) =~ /301 /, 'a directory: its .htaccess files');

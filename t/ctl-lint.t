# SPDX-License-Identifier: Apache-2.0
# needs no conf: what redirect307ctl lint writes for programs, and the recipes of its manual.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Encode ();
use JSON::PP ();
use R307::Tool qw($ctl $dir file run_apart);

once();

sub run { return run_apart(@_) }

# Parsed, or undef: JSON is UTF-8.
sub json_of
{
    my $text = shift;
    return eval { JSON::PP->new->utf8->decode($text) };
}

# --- files of all kinds, and bytes of all kinds ---

my $junk = join '', map { chr } 1 .. 9, 11 .. 255;
my @files = (
    file('fine.conf', "Redirect307 /a /b\n"),
    file('glued.conf', "Redirect307Match ^/g/(.*)\$ https://h.example\$1\nRedirect307 / /new/\n"),
    file('bad.conf', "Redirect307 /a /b qurey=1\n"),
    file('untold.htaccess', "Redirect307 a b expr=nosuch()\n"),
    file('map.map', "/a /b\n/b /c\n/a /d\n/e /x\xff\n"),
    file('sheet.csv', "source,target\n/a,/b;\n"),
    file('junk.conf', "Redirect307 /a $junk\nRedirect307 \"/$junk\" /x\nRedirect307 '/\xc2\x85\xe2\x80\xa8\xed\xa0\x80' /z;\n"),
    file('junk.map', "/a $junk\n$junk /b\n"),
    file("na\xffme,\n:%.conf", "Redirect307 /a /b;\n"),
    file('empty.conf', "ServerName x\n"),
    "$dir/nosuch.conf"
);
my @sets = ((map { [$_] } @files), [@files], [@files[0, 1]], ["$dir"]);
my %level = (error => 'error', warning => 'warning', note => 'note', untold => 'none');

# rules of a file and of the maps that it names: what is said, in this order
file('across/m.map', "a/x /y\nm1 /c\nm2 https://o.test/\nm3 fin\n");
file('across/n.map', "m1 /d\nm2 https://o.test/\nn1 n2\nn2 /x\nn3 m2\nok /fine\n");
file('across/c.map', "m1 d\n");
file('across/e.map', "/e1 /f1\n");
file('across/f.map', "/f1 /e1\n");
file('across/g.map', "/g1 /g2\n/g2 /g1\n");
my @across = (
    [".htaccess", "Redirect307 a /b\nRedirect307Map m.map\nRedirect307Map n.map\nRedirect307 m1 /z match=exact\nRedirect307 q n1 match=exact\nRedirect307 m1 /z\nRedirect307 fin /end\n",
     [qr{\.htaccess:4: R307-A16 'm1' never answers: .*m\.map:2 answers first, by 'm1'; take one of the two lines out$},
      qr{\.htaccess:5: note: R307-A18 'n1' is redirected once more; .*n\.map:3 to n2, .*n\.map:4 to /x; write /x$},
      qr{m\.map:1: R307-A16 'a/x' never answers: .*\.htaccess:1 answers all of it first, by 'a'; put this line above that one$},
      qr{m\.map:4: note: R307-A18 'fin' is redirected once more; .*\.htaccess:7 to /end; write /end$},
      qr{n\.map:1: R307-A16 'm1' never answers: .*m\.map:2 answers first},
      qr{n\.map:2: note: R307-A17 'm2' says what is said already: .*m\.map:3 answers first},
      qr{n\.map:3: note: R307-A18 'n2' is redirected once more; .*n\.map:4 to /x; write /x$},
      qr{n\.map:5: note: R307-A18 'm2' is redirected once more; .*m\.map:3 to https://o\.test/; write https://o\.test/$}]],
    [".htaccess", "Redirect307Map n.map\nRedirect307 m1 /z\nRedirect307 a /b lang=de\nRedirect307 n2 /x\n",
     [qr{n\.map:3: note: R307-A18 'n2' .*n\.map:4 to /x}, qr{n\.map:5: note: R307-A18 'm2' .*n\.map:2 to}]],
    # one above decides, or answers for some
    [".htaccess", "Redirect307 n2 /elsewhere match=exact\nRedirect307Map n.map\n",
     [qr{n\.map:3: note: R307-A18 'n2' is redirected once more; .*\.htaccess:1 to /elsewhere; write /elsewhere$}, qr{n\.map:4: R307-A16 'n2' never answers}, qr{n\.map:5: note: R307-A18 'm2'}]],
    # circles: with a rule of the file, of two maps, and of one map, which is told once
    [".htaccess", "Redirect307 d m1 match=exact\nRedirect307Map c.map\n", [qr{\.htaccess:1: R307-A07 'm1' leads .* without an end; .*\.htaccess:1 to /m1, .*c\.map:1 to /d; take}]],
    ["x.conf", "Redirect307Map $dir/across/e.map\nRedirect307Map $dir/across/f.map\n", [qr{f\.map:1: R307-A07 '/e1' leads .*; \S+f\.map:1 to /e1, \S+e\.map:1 to /f1; take}]],
    ["x.conf", "Redirect307 /z /g1 match=exact\nRedirect307Map $dir/across/g.map\n", [qr{g\.map:1: R307-A07 '/g2' leads }]],
    ["x.conf", "Redirect307 /f1 /away match=exact\nRedirect307Map $dir/across/e.map\nRedirect307Map $dir/across/f.map\n", [qr{e\.map:1: note: R307-A18 }, qr{f\.map:1: R307-A16 }]],
    [".htaccess", "Redirect307 m1 /b cookie=c\nRedirect307 n2 /e until=2199-12-26\nRedirect307Map n.map\n", [qr{n\.map:5: note: R307-A18 'm2'}]]
);

# a site and its files: what --docroot says of them
file("site/$_", '') for 'a.html', 'shop/index.html', 'about.html', 'index.php', 'deep/er/p.html', 'own/.htaccess';
my @docroot = (
    # the file, its rules, what is said of them (line and finding)
    ['site/.htaccess', "Redirect307 a.html /b.html match=exact\n", '1:A21 1:A22'],
    ['site/.htaccess', "Redirect307 old.html about match=exact\nRedirect307 x /index.php/y match=exact\nRedirect307 y /shop/ match=exact\nRedirect307 z / match=exact\nRedirect307 u shop/index.html match=exact\n", ''],
    ['site/.htaccess', "Redirect307 y /nope.html match=exact\nRedirect307 z /a.html/x/y match=exact\nRedirect307 v /shop/nope match=exact\n", '1:A22 3:A22'],
    ['site/.htaccess', "Redirect307 shop https://shop.test/\nRedirect307 a.html - \nRedirect307 deep/er/p.html https://x.test/\n", '1:A21 3:A21'],
    # some see it, or all do again; what a request decides; what a rule or another file answers
    ['site/.htaccess', "Redirect307 a.html /index.php lang=de match=exact\nRedirect307 shop /index.php until=2199-12-26 match=exact\n", ''],
    ['site/.htaccess', "Redirect307 x/:y /n/:y\nRedirect307 n /nope/\nRedirect307Match ^/q(.*) /r\$1\nRedirect307 e /own/thing match=exact\nRedirect307 f https://site.test/nope\nRedirect307 o /nope until=2020-01-01 match=exact\n", ''],
    ['site/.htaccess', "Redirect307 y /z match=exact\nRedirect307 z https://x.test/\n", ''],
    ['site/.htaccess', "RewriteEngine On\nRewriteRule . /index.php\nRedirect307 y /nope match=exact\nRedirect307 a.html /x match=exact\n", '2: 4:A21'],
    ['site/deep/er/.htaccess', "Redirect307 p.html q.html match=exact\nRedirect307 k ../p.html match=exact\n", '1:A21 1:A22 2:A22'],
    ['site/x.conf', "Redirect307 /a.html /b.html match=exact\nRedirect307 /y /a.html match=exact\n<Location /z>\nRedirect307 /z /nope\n</Location>\n", '1:A21 1:A22'],
    ['across/.htaccess', "Redirect307 a.html /b.html match=exact\n", '0:'],
    ['site/m.map', "/a.html /b.html\n/old /about\n", '1:A21 1:A22']
);

plan tests => 7 * @sets + 1 + 7 + 6 + @across + @docroot + 2 + 4;

for my $set (@sets) {
    my $what = @$set == 1 ? $set->[0] =~ s{^\Q$dir\E/?}{}r =~ s/[^\w.]/?/gr : @$set . ' files';
    my ($status, $text) = run('lint', @$set);
    my ($code, $out, $err) = run('lint', '--format', 'json', @$set);
    my $json = json_of($out);
    ok($code == $status && $json && ref $json->{findings} eq 'ARRAY', "json of $what") or diag($out);
    my @all = @{$json->{findings} || []};
    my @said = grep { $_->{severity} ne 'unread' } @all;
    my @lines = grep { !/^\d+ findings?, / } split /\n/, $text;
    is(scalar @said, scalar @lines, "... says all that is said to people: $what");
    is($json->{sum}{findings}, scalar(grep { $_->{severity} =~ /^(?:error|warning)$/ } @all), "... and counts it: $what");
    my ($gcc_code, $gcc) = run('lint', '--format=gcc', @$set);
    my @gcc = split /\n/, $gcc;
    ok($gcc_code == $status && @gcc == @said && !grep({ !/^.+:\d+: (?:error|warning|note): .* \[[\w-]+\]$/ } @gcc), "gcc of $what") or diag($gcc);
    my ($hub_code, $hub) = run('lint', '--format=github', @$set);
    my @hub = split /\n/, $hub;
    ok($hub_code == $status && @hub == @all && !grep({ !/^::(?:error|warning|notice) (?:file=[^,:]+,line=\d+,)?title=[^,:]+::.+$/ || /[\x00-\x1f]/ } @hub), "github of $what") or diag($hub);
    my ($sarif_code, $sarif) = run('lint', '--format=sarif', @$set);
    ok($sarif_code == $status && is_sarif($sarif, \@said, $err ne ''), "sarif of $what") or diag($sarif);
    my ($quiet_code, $quiet) = run('lint', '--quiet', @$set);
    my $short = join '', map { "$_\n" } grep { !/^\S+ (?:Redirect307\w*: )?note: / } @lines;
    ok($quiet_code == $status && $quiet eq $short, "--quiet of $what") or diag($quiet);
}

# What SARIF 2.1.0 demands of a log with results, and that it says the same.
sub is_sarif
{
    my ($text, $said, $failed) = @_;
    my $log = json_of($text) or return 0;
    my ($run, @more) = @{$log->{runs}};
    return 0 if $log->{version} ne '2.1.0' || @more || $run->{tool}{driver}{name} ne 'redirect307ctl';
    my @results = @{$run->{results}};
    return 0 if @results != @$said;
    for my $i (0 .. $#results) {
        my ($result, $other) = ($results[$i], $said->[$i]);
        my $place = $result->{locations} ? $result->{locations}[0]{physicalLocation} : undef;
        return 0 if $result->{message}{text} ne $other->{message} || $result->{level} ne $level{$other->{severity}}
            || ($result->{kind} ne 'fail') != ($result->{level} eq 'none')
            || ($other->{line} && $place->{region}{startLine} != $other->{line})
            || ($place && $place->{artifactLocation}{uri} !~ m{^(?:[\w.~/-]|%[0-9A-F]{2}|file://)+$});
    }
    my $invocation = $run->{invocations}[0];
    return !!$invocation->{executionSuccessful} eq !$failed
        && ($failed ? @{$invocation->{toolExecutionNotifications}} > 0 : !$invocation->{toolExecutionNotifications});
}

my ($status, $out, $err) = run('lint', '--format', 'xml', $files[0]);
ok($status == 2 && $out eq '' && $err =~ /--format 'xml' is none of these; write text, gcc, github, json or sarif$/, 'a format that there is not') or diag($err);

for my $row (@across) {
    my ($name, $rules, $wanted) = @$row;
    file("across/$name", $rules);
    ($status, $out, $err) = run('lint', "$dir/across/$name");
    my @got = grep { /R307-A(?:07|1[678])/ } split /\n/, $out;
    ok(@got == @$wanted && !grep({ $got[$_] !~ $wanted->[$_] } 0 .. $#got), 'across maps: ' . $rules =~ s/\n/ /gr) or diag($out);
}

for my $row (@docroot) {
    my ($name, $rules, $wanted) = @$row;
    file($name, $rules);
    ($status, $out, $err) = run('lint', '--format', 'json', '--docroot', "$dir/site", "$dir/$name");
    my $got = join ' ', map { ($_->{line} || 0) . ':' . substr($_->{id} || 'R307-', 5) } grep { ($_->{id} || 'A21') =~ /A2[12]$/ } @{json_of($out)->{findings}};
    is($got, $wanted, "--docroot, $name: " . $rules =~ s/\n/ /gr) or diag($out);
    unlink "$dir/$name";
}
($status, $out, $err) = run('lint', '--docroot', "$dir/nosuch", $files[0]);
ok($status == 2 && $out eq '' && $err =~ m{--docroot \S*/nosuch: }, 'a docroot that there is not') or diag($err);
($status, $out, $err) = run('lint', '--docroot', "$dir/site");
ok($status == 2 && $out eq '' && $err =~ /--docroot is of files; name them/, 'a docroot of no files') or diag($err);

# lines of others are counted
file('mixed/.htaccess', "Redirect 301 /a /x\nRedirect307 a /b\n<IfModule mod_rewrite.c>\nRewriteEngine On\n  rewriterule ^c\$ /z [R,L]\nRewriteRule . /y\n</IfModule>\n");
($status, $out, $err) = run('lint', "$dir/mixed/.htaccess");
ok($status == 0 && $out eq "0 findings, 1 rule fine.\nNot looked at: 1 Redirect, 2 RewriteRule; where they stand beside lines of Redirect307 they are asked behind them.\n", 'lines of other modules are counted') or diag($out);
($status, $out, $err) = run('lint', '--quiet', "$dir/mixed/.htaccess");
is("$status$out$err", '0', '... but not with --quiet');
file('mixed/httpd.conf', "ServerRoot $dir\nRedirect307 /a /b\nRedirectMatch ^/c /d\n");
($status, $out, $err) = run('lint', '-f', "$dir/mixed/httpd.conf");
like($out, qr/^Not looked at: 1 RedirectMatch;/m, '... of httpd.conf, too');
($status, $out, $err) = run('lint', file('mixed/x.conf', "RedirectMatch ^/c /d\n"));
ok($status == 2 && $out eq '', '... and are not what lint is for') or diag($out);

# --- the manual's hook ---

sub read_manual
{
    open my $in, '<', stage() . '/docs/lint.md' or die "lint.md: $!\n";
    local $/;
    return scalar <$in>;
}

my $manual = read_manual();
my ($hook) = $manual =~ /pre-commit`:\n\n((?:    .*\n)+)/ or die "no hook in docs/lint.md\n";
$hook =~ s/^ {4}//mg;
SKIP: {
    skip 'no git here', 7 unless `git --version 2>/dev/null` =~ /^git version/;
    my $repo = "$dir/repo";
    local $ENV{PATH} = ($ctl =~ s{/[^/]*$}{}r) . ":$ENV{PATH}";
    local @ENV{qw(GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL HOME GIT_CONFIG_NOSYSTEM)} = ('a', 'a@b.test', 'a', 'a@b.test', "$dir", 1);
    my $git = sub {
        my $text = qx(cd '$repo' && git @_ 2>&1 </dev/null);
        return ($? >> 8, $text);
    };
    file('repo/site/.htaccess', "Redirect307 a /b\nRedirect307Map m.map\n");
    file('repo/site/m.map', "x /y\n");
    is(($git->('init -q .'))[0], 0, 'a repository');
    chmod 0755, file('repo/.git/hooks/pre-commit', $hook);
    my @said = $git->('add -A && git commit -q -m one');
    ok($said[0] == 0 && $said[1] eq '', 'the hook lets in what is fine, and says nothing') or diag($said[1]);
    file('repo/site/m.map', "x /y\nz /w;\n");
    @said = $git->('add -A && git commit -q -m two');
    ok($said[0] != 0 && $said[1] =~ m{^(?:\./)?site/m\.map:2: R307-A10 }m, 'and refuses what a map has') or diag($said[1]);
    file('repo/site/m.map', "x /y\nz /w\n");
    @said = $git->('commit -q -m three');
    ok($said[0] != 0 && $said[1] =~ /R307-A10/, 'it looks at the index and not at the folder') or diag($said[1]);
    @said = $git->('add -A && git commit -q -m four');
    ok($said[0] == 0 && $said[1] eq '', 'and lets it in when it was mended and added') or diag($said[1]);
    file('repo/site/.htaccess', "Redirect307 a /b qurey=1\n");
    @said = $git->('add -A && git commit -q -m five');
    ok($said[0] != 0 && $said[1] =~ m{site/\.htaccess:1: Redirect307: 'qurey=1' unknown option}, 'a line that is none') or diag($said[1]);
    @said = $git->('status --porcelain');
    is($said[1], "M  site/.htaccess\n", 'the folder is as it was');
}

# --- and its job ---

my @jobs = $manual =~ /^    - run: redirect307ctl (lint .*)$/mg;
file('ci/public_html/.htaccess', "Redirect307 a /b;\n");
file('ci/relaunch.csv', "/a,/b\n");
for my $job (@jobs) {
    my $text = qx(cd '$dir/ci' && '$ctl' $job 2>&1 && true);
    is($? >> 8, 1, "job: $job");
    $text = qx(cat '$dir/ci/lint.sarif') if $job =~ />/;
    ok($text =~ /R307-A10/ && $text =~ m{public_html/\.htaccess}, '... names the file') or diag($text);
}
is(scalar @jobs, 2, 'all jobs were tried');
ok($manual =~ /upload-sarif/, 'and the upload is there');

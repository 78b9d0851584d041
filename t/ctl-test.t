# SPDX-License-Identifier: Apache-2.0
# `redirect307ctl test`: what it prints and how it ends (docs/testing.md: t/manual.t); and the
# server is asked the same cases: what the tool says of a case, the server does.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use R307::Tool qw($ctl $dir file quoted);

once();

srand seed();

sub slurp { open my $in, '<', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$in> }

# Exit status and everything printed, of a command line in that directory.
sub run_line { my $text = qx(cd '$dir' && $_[0] 2>&1 </dev/null); return ($? >> 8, $text) }

sub run { return run_line("$ctl test " . quoted(@_)) }

# --- what is printed

file('.htaccess', <<'EOT');
#? /shop/lamps?sort=price  ->  307 /winter-shop/lamps?sort=price   at=2026-12-10
#? /shop  at=2026-12-27    ->  passes
#? POST /shop at=2026-12-10 -> 307
#? /shopping               ->  passes
Redirect307 /shop /winter-shop from=2026-12-01 until=2026-12-26 name=xmas
#? old.html -> new.html
    #?./old.html -> 307 /new.html # as who types it has it
Redirect307 old.html new.html
Redirect307Engine on
#? /gone -> 410
Redirect307 /gone status=gone
#? /nothing -> none
EOT
file('wrong/.htaccess', <<'EOT');
#? /a -> 307 /c
Redirect307 /a /b
#? /a/x -> 307 /b/x
Redirect307 /a/x /b/x
#? /p -> /q
Redirect307 /p /q percent=10
#? /l -> /m
Redirect307 /l /m
Redirect307 /m /n
#? /r -> /s
Redirect307 /r /s
Redirect307 /s /r
<Files x>
#? /f -> /g
Redirect307 /f /g
</Files>
EOT
file('chain/.htaccess', "#? /l -> 301 /m hops=2\nRedirect307 /l /m\nRedirect307 /m /n\n");
file('site.conf', "#? /a -> /b\nRedirect307 /a /b\n#? /m -> /n\nRedirect307Map x.map\n#? /o -> none\nRedirect307Engine off\n");
file('x.map', "#? /m -> 307 /n\n/m /n\n#? /m2 -> 307 /n2\n/m2 /n2\n");
file('map.conf', "#? /m -> /n\nRedirect307Map \"$dir/x.map\"\n");
file('_redirects', "#? /a -> 301 /b\n/a /b 301\n#? /a/x -> none\n");
file('sheet.csv', <<'EOT');
source;target;test;expect
/a;/b;/a?x=1;307 /b?x=1
/c;/d;;307
/e;/f;"/e
/e/";"/f
none"
/g;/h;/gg;passes
/i;/j;;/k
EOT
file('big.csv', "source,target\n/a,/b\n");
file('big.tests', "# a file of cases\r\n\r\n/a -> 307 /b\r\n#? /a/x -> none\r\n\r\n");
file('late.conf', "Redirect307 /a /b\n");
file('late.conf.tests', "/a -> /b by=1\n");
file('more.tests', "/a -> /b\n/x -> none\n");
file('closed/.htaccess', "#? /closed/x -> 503\n#? /closed/x client=192.0.2.7 -> passes\nRedirect307Maintenance down/ allow=192.0.2.0/24\n");
file('flagged/.htaccess', "#? /flagged/x -> passes\n#? /flagged/x flag=down.on -> 503\n"
    . "#? \"header=Sec-Fetch-Mode: navigate\" /flagged/x flag=down.on -> 307\nRedirect307Maintenance down/ flag=down.on\n");
file('based/.htaccess', "Redirect307Base /shop/\n#? /shop/a -> /shop/b\nRedirect307 a b\n");
file('fatal/.htaccess', "#? /a -> /b\nRedirect307 a /b\nRedirct307 x y\n");
file('bad.conf', "#? /a -> /b\nRedirect307 /a\n");
file('hostile.tests', "/\e]0;x\a -> none\n/a\0b -> none\n/\xff -> none\n/" . 'a' x 200_000 . " -> none\n/\xc2\x9b1m -> none\n");
file('wide.tests', "\xff\xfe/\0a\0");
file('binary.htaccess', join '', map { chr int rand 256 } 1 .. 5000);
file('tls.conf', "#? /a -> /b\nRedirect307 /a /b\n#? https://www.example.com/x -> none\nRedirect307 / https:\n");
file('esc.conf', "#? \"/<b>&'x%22:,%25\" -> 307 /%0A\nRedirect307 /z /b\n");

my @cases = (
    [['.htaccess'], 0, qr/\A8 cases, 0 fail, 100 % of 3 rules covered\n\z/],
    [['.'], 1, qr{^\d+ cases, \d+ fail.* rules covered.*\n.*wrong/\.htaccess:1: /a -> 307 /c}ms],
    [['wrong/.htaccess'], 1, qr{\A6 cases, 4 fail, 2 cannot be told, 0 % of 7 rules covered\n}],
    [['wrong/.htaccess'], 1, qr{^wrong/\.htaccess:1: /a -> 307 /c\n    the Location is not /c\n    came: 307 /b, by wrong/\.htaccess:2  /a /b match=prefix\n    write: #\? /a -> 307 /b\n}m],
    [['wrong/.htaccess'], 1, qr{:3: /a/x -> 307 /b/x\n    it is not the rule of line 4 that answers\n    came: 307 /b/x, by wrong/\.htaccess:2 .*\n    write: #\? /a/x -> passes\n}],
    [['wrong/.htaccess'], 1, qr{:5: /p -> /q\n    it depends on roll=, which the case does not say\n    write: roll=0 to roll=100\n}],
    [['wrong/.htaccess'], 1, qr{:7: /l -> /m\n    where it leads is redirected once more, to /n, by wrong/\.htaccess:9\n.*\n    write: let wrong/\.htaccess:8 lead to /n; or hops=2 behind the case}],
    [['chain/.htaccess'], 1, qr{:1: /l -> 301 /m hops=2\n    the status is not 301\n.*\n    write: #\? /l -> 307 /m hops=2\n}],
    [['wrong/.htaccess'], 1, qr{:10: /r -> /s\n    no browser arrives: /s leads in a circle\n.*\n    write: take one}],
    [['wrong/.htaccess'], 1, qr{:14: /f -> /g\n    the rule stands in <Files x>, and a file alone does not tell}],
    [['site.conf'], 1, qr{\A3 cases, 1 fails, 1 cannot be told}], [['--root', "$dir", 'site.conf'], 1, qr{\A5 cases, 4 fail, 0 %}],
    [['map.conf'], 0, qr{\A3 cases, 0 fail, 100 % of 2 rules}], [['x.map'], 0, qr{\A2 cases, 0 fail, 100 % of 2 rules}],
    [['_redirects'], 0, qr{\A2 cases, 0 fail, 100 % of 1 rule covered}],
    [['sheet.csv'], 1, qr{\A6 cases, 1 fails, 60 % of 5 rules covered\nsheet\.csv:8: /i -> /k\n    the Location is not /k\n    came: 307 /j, by sheet\.csv:8  /i /j match=exact\n    write: /i -> 307 /j\n\z}],
    [['big.csv'], 0, qr{\A2 cases, 0 fail, 100 % of 1 rule}], [['late.conf'], 0, qr{\A1 case, 0 fail}],
    [['late.conf', 'more.tests'], 0, qr{\A3 cases, 0 fail}], [['late.conf', 'x.map', 'more.tests'], 2, qr{whose cases are these\? name one file}],
    [['-f', 'httpd.conf', '.htaccess'], 2, qr{-f and -D are of a whole httpd}], [['none'], 2, qr{none: No such file}],
    [['--base', '/closed/', 'closed/.htaccess'], 0, qr{\A2 cases, 0 fail\n}],
    [['--base', '/flagged/', 'flagged/.htaccess'], 0, qr{\A3 cases, 0 fail}],
    [['based/.htaccess'], 0, qr{\A1 case, 0 fail, 100 %}], [['fatal/.htaccess'], 1, qr{^    httpd answers 500 to everything here: fatal/\.htaccess:3: }m],
    [['bad.conf'], 1, qr{'/a' has no target.*1 case, 1 fails, 1 line is no rule\n}s],
    [['late.conf', 'hostile.tests'], 1, qr{\A6 cases, 5 fail.*hostile\.tests:1: /\\x1b\]0;x\\x07 -> none\n    holds a control byte.*:2: \n    holds a NUL byte.*:3: /\\xff -> none\n    is not UTF-8.*:4: \n    is longer than 65 536.*:5: /\\xc2\\x9b1m}s],
    [['late.conf', 'wide.tests'], 2, qr{wide\.tests: is UTF-16}], [['binary.htaccess'], 1, qr{.}],
    [['--suggest', 'wrong/.htaccess'], 0, qr{^# wrong/\.htaccess:2\n#\? /a -> 307 /b\n# wrong/\.htaccess:4: no case was found that holds\n# wrong/\.htaccess:6\n#\? /p roll=0\.00 -> 307 /q\n# wrong/\.htaccess:8\n#\? /l -> 307 /m hops=2\n}],
    [['--max-hops', '1', 'wrong/.htaccess'], 1, qr{, \d answers are not as demanded\n.*wrong/\.htaccess:8: /l -> 307 /m\n    where it leads is redirected once more}s],
    [['--max-hops', '2', 'late.conf'], 0, qr{\A1 case, 0 fail}], [['--max-hops', 'x', 'late.conf'], 2, qr{--max-hops 'x' is no number up to 20}],
    [['--cover', '90', 'late.conf'], 0, qr{.}], [['--cover', '81', 'sheet.csv'], 1, qr{60 % of the rules are covered, and 81 % are demanded}],
    [['--https-only', file('http.conf', "Redirect307 /a http://www.example.com/\nRedirect307 /c /d\n")], 1, qr{\A0 cases, 0 fail, 0 % of 2 rules covered, 1 answer is not as demanded\n\S*http\.conf:1: /a -> 307 http://www\.example\.com/\n    http://www\.example\.com/ is not https\n}],
    [['--no-foreign', '--with', 'host=example.com', file('foreign.conf', "Redirect307 /a https://www.example.com/\nRedirect307 /c https://evil.example/\n")], 1, qr{1 answer is not as demanded\n\S*foreign\.conf:2: .*\n    https://evil\.example/ is another site than example\.com\n}],
    [['--with', 'at=2026-12-27', '.htaccess'], 0, qr{.}], [['--with', 'sorce=1', '.htaccess'], 2, qr{--with 'sorce=1': 'sorce=' is no key}],
    [['tls.conf'], 0, qr{\A2 cases, 0 fail}],
    [['--format', 'xml', '.htaccess'], 2, qr{--format 'xml' is not known; write text, junit or github}],
    [['--format', 'github', 'wrong/.htaccess'], 1, qr{^::error file=wrong/\.htaccess,line=1,title=redirect307ctl test::/a -> 307 /c%0Athe Location is not /c%0Acame: .*%0Awrite: #\? /a -> 307 /b$}m],
    [['--format', 'github', 'esc.conf'], 1, qr{::error file=esc\.conf,line=1,title=redirect307ctl test::"/<b>&'x%2522:,%2525" -> 307 /%250A%0A}],
    [['--format', 'junit', 'esc.conf'], 1, qr{<testcase classname="esc\.conf" name="1: &quot;/&lt;b&gt;&amp;&apos;x%22:,%25&quot; -&gt; 307 /%0A">\n    <failure message="[^"<]*">}],
    [['--format', 'junit', '.htaccess'], 0, qr{<testsuite name="redirect307ctl test" tests="8" failures="0" skipped="0">\n(?:  <testcase [^>]*/>\n){8}</testsuite>\n\z}],
    [[stage() . '/conf-examples/tenant.htaccess'], 0, qr{\A4 cases, 0 fail}],
    [['--live', 'https://www.example.com', 'more.tests'], 2, qr{--live 'https://www\.example\.com' speaks no TLS; name the server behind it}],
    [['--live', 'www.example.com', 'more.tests'], 2, qr{is no base of a server; write http://www\.example\.com}],
);

sub check_case
{
    my ($words, $exit, $pattern) = @{ $_[0] };
    my ($got, $said) = run(@$words);
    my $safe = $said !~ /[^\n\x20-\x7e\x80-\xff]/;
    ok($got == $exit && $said =~ $pattern && $safe, "test @$words: exit $exit") or diag("exit $got, wanted $exit, $pattern\n$said");
    return;
}

# --- cases that are made

sub check_made
{
    my ($exit, $made) = run('--suggest', 'wrong/.htaccess');
    my $bare = slurp("$dir/wrong/.htaccess") =~ s{^#\?.*\n}{}mgr;
    file("made/.htaccess", $bare);
    file('made/.htaccess.tests', $made);
    my ($again, $said) = run('made/.htaccess');
    ok($exit == 0 && $again == 0 && $said =~ /\A\d+ cases, 0 fail, \d\d % of 7 rules/, 'what --suggest writes holds') or diag($said, $made);

    file('urls', "/a\nPOST /a/x?y=1\n/shop at=2026-12-05 -> none\n/nothing\n/old.html client=192.0.2.1\n");
    ($exit, $said) = run('--record', 'urls', '.htaccess');
    is("$exit $said", "0 /a -> none\nPOST /a/x?y=1 -> none\n/shop at=2026-12-05 -> 307 /winter-shop\n/nothing -> none\n"
        . "/old.html client=192.0.2.1 -> 307 /new.html\n", '--record writes what is answered now');
    ($exit, $said) = run('--record', 'urls', 'wrong/.htaccess');
    is($exit, 0, '--record of a file with a chain');

    file('access.log', join "\n", '192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /old.html HTTP/1.1" 200 23 "-" "x"',
        '192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /old.html HTTP/1.1" 307 23', '::1 - kim [x] "POST /shop?\\"a\\x1bb HTTP/1.1" 301 -',
        '192.0.2.1 - - [x] "GET /none HTTP/1.1" 404 1', '192.0.2.1 - - [x] "-" 408 -', '192.0.2.1 - - [x] "\\x16\\x03" 400 1',
        'www.example.com:443 192.0.2.1 - - [x] "HEAD /gone HTTP/2.0" 200 1', "binary \0 line", '');
    ($exit, $said) = run('--with', 'at=2026-12-05', '--from-log', 'access.log', '.htaccess');
    is("$exit $said", qq{0 /old.html -> 307 /new.html\nPOST "/shop?\\"a%1Bb" -> 307 /winter-shop?%22a%1Bb\nhttps://www.example.com/gone -> 410\n},
        '--from-log writes a case of each URL that worked');
    ($exit, $said) = run('--from-log', 'urls', '.htaccess');
    ok($exit == 2 && $said =~ /no line of it is one of an access log/, 'what is no access log') or diag($said);
    return;
}

# --- the server is asked the same

sub one { return $_[int rand @_] }
sub maybe { my ($share, $text) = @_; return rand() < $share ? $text : '' }

my @words = qw(a b c shop x%20y old.html %C3%BC);

sub segs { return join '/', map { one(@words) } 1 .. 1 + int rand 2 }

sub rule
{
    my $base = shift;
    my $options = maybe(.2, ' status=' . one(301, 302, 303, 308)) . maybe(.15, ' method=' . one('GET', 'POST', '!GET'))
        . maybe(.15, ' header=' . one('X-A:b*', '!X-A')) . maybe(.15, ' cookie=' . one('n=1', '!n')) . maybe(.1, ' lang=' . one('de', 'en'))
        . maybe(.1, ' host=' . one('www.example.test', '!www.example.test')) . maybe(.1, ' args=' . one('x=1', '!x')) . maybe(.1, ' query=drop');
    return "Redirect307Match ^$base/(.*)/(b|c)\$ $base/r/\$1$options\n" if rand() < .1;
    return "Redirect307 $base/" . segs() . ' ' . one('-', 'status=gone') . "\n" if rand() < .1;
    return "Redirect307 $base/" . one(segs(), segs(), ':n/' . one(@words), one(@words) . '/*') . ' '
        . one("$base/" . segs(), "$base/" . segs(), 'https://new.example/' . segs(), segs()) . "$options\n";
}

sub question
{
    my $base = shift;
    return maybe(.2, 'POST ') . "$base/" . segs() . maybe(.3, '?' . one('x=1', 'x=2&y')) . maybe(.3, ' header=X-A:' . one('b', 'bc', 'z'))
        . maybe(.3, ' cookie=n=' . one(1, 2)) . maybe(.3, ' lang=' . one('de', 'en;q=0.5,fr')) . maybe(.2, ' host=www.example.test');
}

sub failing { my %of = map { $_ => 1 } $_[0] =~ /^\S+\.tests:(\d+): /mg; return \%of }

sub check_server
{
    my $base = '/ctl-test';
    put('ctl-test/.htaccess', join('', map { rule($base) } 1 .. 60), 10);
    my $rules = root() . '/ctl-test/.htaccess';
    my $count = full(300, 3000);
    file('questions', join '', map { question($base) . "\n" } 1 .. $count);
    my ($exit, $said) = run_line("$ctl test --base $base/ --record questions '$rules' 2>'$dir/not-recorded'");
    my @made = grep { / -> / } split /\n/, $said;
    cmp_ok(scalar @made, '>', .9 * $count, "recorded of $count questions");
    # a third of them is made wrong
    my @wrong = map { rand() < .3 ? s/ -> (?:none|\d+).*/' -> ' . one('none', '307 \/wrong', '301', '410', 'refused')/er : $_ } @made;
    file('right.tests', join '', map { "$_\n" } @made);
    file('wrong.tests', join '', map { "$_\n" } @wrong);
    my @live = ('--live', 'http://' . host() . ':' . port('ctl_test'));
    ($exit, $said) = run(@live, 'right.tests');
    ok($exit == 0 && $said =~ /\A\d+ cases, 0 fail\n/, 'the server answers what was recorded without it') or diag($said);
    my (undef, $offline) = run('--base', "$base/", $rules, 'wrong.tests');
    my (undef, $online) = run(@live, 'wrong.tests');
    my ($a, $b) = (failing($offline), failing($online));
    my @differ = grep { !!$a->{$_} != !!$b->{$_} } 1 .. @wrong;
    ok(!@differ && keys %$a > 10, 'and the same cases are wrong: ' . keys %$a) or diag(join "\n", map { "$wrong[$_ - 1]" } @differ[0 .. ($#differ > 9 ? 9 : $#differ)]);
    file('late.tests', "$base/a at=2026-12-01 -> none\n$base/zzz -> none\nhttps://www.example.com/ -> none\n$base/zzz client=192.0.2.1 -> none\n");
    ($exit, $said) = run(@live, 'late.tests');
    ok($exit == 0 && $said =~ /\A4 cases, 0 fail, 3 not asked\n.*not asked: at= cannot be said over HTTP.*https, which is not spoken.*client= cannot/s, 'what HTTP cannot say is not asked') or diag("exit $exit\n$said");
    ($exit, $said) = run('--live', 'http://127.0.0.1:1', 'late.tests');
    ok($exit == 2 && $said =~ /gives no answer/, 'a server that is not there') or diag("exit $exit\n$said");
    return;
}

# Comments and columns are harmless: the server answers as without them.
sub check_harmless
{
    put('ctl-test/h/.htaccess', "#? /ctl-test/h/a -> 307 /ctl-test/h/b\nRedirect307 a b\nRedirect307Map s.csv\nRedirect307Map t.map\nRedirect307Map _redirects\n", 10);
    put('ctl-test/h/s.csv', "source,target,test,expect\n#? no/such -> none\ns,/t,/s,307 /t\n", 10);
    put('ctl-test/h/t.map', "#? m -> /n\nm /n\n", 10);
    put('ctl-test/h/_redirects', "#? r -> 301 /q\n/ctl-test/h/r /q 301\n", 10);
    # a file that was just written is waited for
    for (1 .. 300) {
        last if answer('/ctl-test/h/test', vhost => 'ctl_test')->code != 503;
        select undef, undef, undef, 0.1;
    }
    mark_log('ctl_test_log');
    redirects_to('/ctl-test/h/a', '/ctl-test/h/b', 307, vhost => 'ctl_test');
    redirects_to('/ctl-test/h/s', '/t', 307, vhost => 'ctl_test');
    redirects_to('/ctl-test/h/m', '/n', 307, vhost => 'ctl_test');
    redirects_to('/ctl-test/h/r', '/q', 301, vhost => 'ctl_test');
    passes('/ctl-test/h/test', 404, vhost => 'ctl_test');
    not_logged(qr{ctl-test/h/.*:\d+: }, 'and nothing is said of them', 'ctl_test_log');
    my ($exit, $said) = run_line("$ctl lint '" . root() . "/ctl-test/h/s.csv' '" . root() . "/ctl-test/h/.htaccess'");
    ok($said !~ /test|expect/, 'nor by lint') or diag($said);
    return;
}

# A whole httpd: virtual hosts, sections, a map, .htaccess, and what is not in force; the tool with its
# configuration, and the server itself, say the same of each case.
sub check_whole
{
    my $docs = "$dir/whole";
    file('whole/shop/.htaccess', "Redirect307 old new\n");
    file('whole.map', "/m /n\n");
    my $conf = <<"EOT";
<Directory "/">
    AllowOverride \@ABOVE\@
</Directory>
<Directory "$docs">
    AllowOverride FileInfo
    Require all granted
</Directory>
<VirtualHost *:\@PORT\@>
    ServerName www.example.com
    #? http://www.example.com:\@PORT\@/a -> 307 /b
    Redirect307 /a /b
    #? http://www.example.com:\@PORT\@/m/x -> none
    #? http://www.example.com:\@PORT\@/m -> 307 /n
    Redirect307Map "$dir/whole.map"
    <Location "/l">
        #? http://www.example.com:\@PORT\@/l/x -> 410
        Redirect307 /l/x status=gone
    </Location>
    <IfModule !mod_redirect307.c>
        #? /never -> /y
        Redirect307 /never /y
    </IfModule>
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName shop.example.com
    #? http://shop.example.com:\@PORT\@/a -> 307 /c
    Redirect307 /a /c
    #? http://shop.example.com:\@PORT\@/a -> 307 /d
    Redirect307 /a /d
</VirtualHost>
EOT
    my $server = own_server($conf =~ s/\@ABOVE\@/None/r, root => $docs, only => [qw(dir)]);
    my $at = "http://www.example.com:$server->{port}";
    file('whole.tests', "$at/shop/old/x -> 307 /shop/new/x\n$at/shop/older -> none\n$at/shop/old -> 301\n");
    my ($exit, $said) = run('-f', "$server->{dir}/httpd.conf", 'whole.tests');
    ok($exit == 1 && $said =~ m{\A10 cases, 2 fail, 1 cannot be told, 80 % of 5 rules covered\n} && $said =~ m{it is not the rule of line \d+ that|the Location is not /d}
        && $said =~ m{/never -> /y\n    the line below it is not in force}, 'a whole httpd, by its configuration') or diag("exit $exit\n$said");
    my ($again, $live) = run('--live', "http://127.0.0.1:$server->{port}", 'whole.tests');
    ok($again == 1 && $live =~ m{\A3 cases, 1 fails\nwhole\.tests:3: }, 'and the server itself') or diag("exit $again\n$live", own_log($server));
    ($exit, $said) = run('--suggest', '-f', "$server->{dir}/httpd.conf");
    ok($exit == 0 && $said =~ m{: no case was found that holds\n}, '--suggest of a whole httpd') or diag("exit $exit\n$said");
    stop_server($server);
    # a .htaccess above, of which httpd takes nothing
    $server = own_server($conf =~ s/<Directory "\/">.*?<\/Directory>//sr, root => $docs, only => [qw(dir)]);
    file('none.tests', "http://www.example.com:$server->{port}/shop/old/x -> 307\n");
    (undef, $said) = run('-f', "$server->{dir}/httpd.conf", 'none.tests');
    (undef, $live) = run('--live', "http://127.0.0.1:$server->{port}", 'none.tests');
    ok($said =~ /^    came: 500, and no redirect$/m && $live =~ /^    came: 500, and no redirect$/m, 'a .htaccess that nobody allowed') or diag($said, $live);
    stop_server($server);
    return;
}

plan tests => @cases + 5 + 5 + 7 + 4;

check_case($_) for @cases;
check_made();
check_server();
check_harmless();
check_whole();

# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl as people call it, what it prints, in which order, and how it
# ends. The last check holds its answers against those that t/rows.t demands of the server.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Tool qw($ctl $dir file run text_of);

once();

my $htaccess = file('.htaccess', <<'EOT');
# comments and foreign lines are nobody's business here
RewriteEngine On
Redirect307 old.html new.html name=one
Redirect307 shoes /winter qurey=drop
<IfModule mod_redirect307.c>
    Redirect307Match ^/d/(\d+)$ \
        /n/$1 header=X-A:b
</IfModule>
redirect307engine on
Redirect307Relative off
Redirect307Bas /x/
EOT
my $fine = file('fine.htaccess', "Redirect307 a b\n");
my $checked = file('checked.conf', "<IfDefine ON>\nRedirect307 /a\n</IfDefine>\n<Macro R \$a>\nRedirect307 \$a /b\n</Macro>\nUse R /m\nRedirct307 /t /u\n");
my $bare = file('bare.conf', "ServerName x\n");
my $conf = file('site.conf', <<'EOT');
Redirect307 /a /b
Redirect307 a /b
<Location "/x">
    Redirect307 /y
</Location>
<Directory "/var/www">
    Redirect307 a b
</Directory>
EOT

my $empty = file('empty.htaccess', "# nothing\nRewriteEngine On\n");
my $unsorted = file('unsorted.conf', "Redirect307 /a /b\nRedirect307 /b /a qurey=1\nRedirect307 /b /a\nRedirect307 x /y\n");

my @cases = (
    [[], 2, qr/^usage: redirect307ctl COMMAND/],
    [['nothing'], 2, qr/'nothing' is no command; see redirect307ctl help$/],
    [['help'], 0, qr/explain .*exit status: 0 nothing to do, 1 something to do, 2 could not/s],
    [['--help'], 0, qr/^usage: redirect307ctl COMMAND/], [['-h'], 0, qr/^usage:/], [['--version'], 0, qr/^redirect307ctl \d/], [['-V'], 0, qr/^redirect307ctl \d/],
    [['help', 'lint'], 0, qr/^usage: redirect307ctl lint /], [['lint', '--help'], 0, qr/^usage: redirect307ctl lint /], [['explain', '-h'], 0, qr/--base/],
    [['help', 'lnt'], 2, qr/'lnt' is no command; did you mean lint\?/], [['explian'], 2, qr/did you mean explain\?/],
    [['lint', '--rot', 'x', $fine], 2, qr/'--rot' is not understood; did you mean --root\?/], [['lint', '--root'], 2, qr/--root needs a value/],
    [['lint', '-x', $fine], 2, qr/'-x' is not understood; see redirect307ctl help lint$/], [['report', '--due=1', $fine], 2, qr/--due takes no value/],
    [['report', $fine, '--due', '--at', '2030-01-01'], 0, qr/^1 rule, 0 due/], [['help', 'lint', 'x'], 2, qr/'x' is one word too many/],
    [['explain', '--header', 'X', $fine, '/a'], 2, qr/--header 'X' is no header; write --header 'Name: value'/],
    [['report', '--due', "$dir/none"], 2, qr/\A(?!.*due\.)/s],
    [['lint', '--', $fine], 0, qr/^0 findings, 1 rule fine/], [['explain', '--base=/d/', $fine, '/d/a'], 0, qr{^307 -> /d/b}],
    [['explain', '--header=X-A: b', '--base=/d/', $htaccess, '/d/12'], 1, qr{^307 -> /n/12}m],
    [['report', '--due', '--at=2030-01-01', $fine], 0, qr/^1 rule, 0 due/], [['maintenance', 'status', '--root=.', $fine], 2, qr/has no maintenance line/],
    [['lint', '--', '-x'], 2, qr/-x: No such file/], [['lint', "$dir/none"], 2, qr/^(?!.*fine)/s],
    [['lint', $empty], 2, qr/empty\.htaccess: has no line of Redirect307 and no rule; is it what was meant\?$/],
    [['lint', $fine, $empty], 2, qr/is it what was meant.*1 rule fine/s], [['report', '--due', $empty], 2, qr/is it what was meant/], [['explain', $empty, '/a'], 2, qr/is it what was meant/],
    [['explain', file('typo.htaccess', "Redirct307 a /b\nRedirect307 c /d\n"), '/c'], 1, qr{^500: httpd takes nothing of this file$}m],
    [['explain', file('typo.conf', "Redirct307 /a /b\nRedirect307 /c /d\n"), '/c'], 1, qr{^httpd does not start with this file$}m],
    [['lint', $unsorted], 1, qr/:1: .*\n.*:2: .*\n.*:4: /],
    [['version'], 0, qr/^redirect307ctl \d+\.\d+\.\d+\n$/],
    [['lint', '-f', "$dir/none"], 2, qr/none: No such file/],
    [['lint', '-f', $checked], 1, qr{checked\.conf:8: Redirct307: is no directive, and httpd does not start; did you mean Redirect307\?\n1 finding, 1 rule fine}],
    [['lint', '-f', $checked, '-D', 'ON'], 1, qr{\A\S*checked\.conf:2: .* has no target; .*\n\S*checked\.conf:8: .*\n2 findings, 1 rule fine}],
    [['lint', '-f', $checked, $fine], 2, qr/-f and -D are of a whole httpd/],
    [['lint', '-f', $bare], 2, qr/bare\.conf: has no line of Redirect307/],
    [['lint', "$dir/none"], 2, qr/none: No such file/],
    [['lint', $fine], 0, qr/^0 findings, 1 rule fine\.\n$/],
    [['lint', $htaccess], 1, qr/\.htaccess:4: Redirect307: 'qurey=drop' unknown option; did you mean query=\?/],
    [['lint', $htaccess], 1, qr/:10: Redirect307Relative: Redirect307Relative is not allowed in \.htaccess/],
    [['lint', $htaccess], 1, qr/:11: Redirect307Bas: 'Redirect307Bas' is no directive of this version; did you mean Redirect307Base\?/],
    [['lint', $htaccess], 1, qr/^3 findings, 2 rules fine\.$/m],
    [['lint', "$dir"], 1, qr/^3 findings, 2 rules fine\.$/m],
    [['lint', $conf], 1, qr/site\.conf:2: Redirect307: 'a' has no leading '\/'.*\n1 finding, 3 rules fine\./],
    [['lint', file('flag.htaccess', "Redirect307 a b flag=../x\nRedirect307Maintenance d/ flag=y/../../x\n")], 1,
        qr{:1: Redirect307: flag='\.\./x' lies outside .*\n.*:2: Redirect307Maintenance: flag='y/\.\./\.\./x' lies outside .*\n2 findings, 0 rules fine\.}],
    [['explain', $fine, '--base', '/d/', '/d/a?x=1'], 0, qr{^307 -> /d/b\?x=1\n  \S+fine.htaccess:1  a b match=prefix\n  then +/d/b\?x=1: no rule answers\n$}],
    [['explain', $fine, '--base', '/d/', 'https://h.example/d/z'], 0, qr{^no rule answers\n$}],
    [['explain', $htaccess, '--base', '/d/', '/d/12'], 1, qr{^no rule answers\n  passed over .*condition does not hold: header=X-A:b\n  Vary: X-A\n}ms],
    [['explain', $htaccess, '--base', '/d/', '--header', 'X-A: b', '/d/12'], 1, qr{^307 -> /n/12\n}m],
    [['explain', $conf, '/a'], 2, qr{^307 -> /b\n.*not asked: 2 rules inside sections}ms],
    [['explain', file('plan.conf', "Redirect307 /a /b until=2026-12-26T18:00Z cache=1h\n"), '--at', '2026-12-26T17:59:59Z', '/a'], 0, qr{^307 -> /b  until 26 Dec 2026, \d\d:00 \S+ \(in 1 second\)\n.*^  Cache-Control: max-age=1$}ms],
    [['explain', "$dir/plan.conf", '--at', '2026-12-26T18:00Z', '/a'], 0, qr{^no rule answers\n  passed over .*plan\.conf:1  /a /b .*\n +its time is over: 2026-12-26T18:00Z\n}],
    [['explain', "$dir/plan.conf", '--at', 'noon', '/a'], 2, qr{--at 'noon' is not a date; write 2026-12-26}],
    [['lint', file('site.map', "/a /b\n/a /c\n/x\n")], 1, qr{^\S+/site\.map:2: '/a' is already sent to /b by line 1; this line never answers\n\S+:3: '/x' has no target; write: /x /new.*\n2 findings, 1 rule fine\.$}],
    [['lint', file('ok.csv', "source;target\n/a;/b\n")], 0, qr{^0 findings, 1 rule fine\.$}],
    [['lint', file('doubt.csv', "source;target\n/a;/b/%1\n/b; \n/c;/d\n/e/:id;/f\n;x\n/c;;\n")], 1, qr{^\S+/doubt\.csv:2: R307-A09 '/b/%1' holds '%1'.*\n\S+:3: '/b' has no target.*\n\S+:5: note: R307-A12 .*\n(?:\S+:[67]: (?!R307).*\n)+4 findings, 1 note, 2 rules fine\.$}],
    [['lint', file('doubt.htaccess', "Redirect307 x y\nRedirect307Map doubt.csv\n")], 1, qr{^\S+/doubt\.csv:2: R307-A09 .*\n4 findings, 1 note, 3 rules fine\.$}s],
    [['explain', "$dir/doubt.csv", '/c'], 1, qr{\A(?!.*R307-).*^307 -> /d\n}ms],
    [['lint', file('maps.htaccess', "Redirect307Map ok.csv status=301\nRedirect307Map no.map\nRedirect307Map ok.csv stats=1\nRedirect307Arena 1M\n")], 1, qr{:2: Redirect307Map: \S+/no\.map: No such file.*:3: Redirect307Map: 'stats=1' unknown option; did you mean status=\?\n\S+:4: .*not allowed in \.htaccess}s],
    [['explain', "$dir/ok.csv", '/a?q'], 0, qr{^307 -> /b\?q\n  \S+ok\.csv:2  /a /b match=exact\n  then +/b\?q: no rule answers\n$}],
    [['explain', file('map.htaccess', "Redirect307 x y\nRedirect307Map ok.csv status=301\n"), '--base', '/', '/a'], 0, qr{^301 -> /b\n}],
    [['explain', file('map.conf', "Redirect307Map ok.csv\n"), '/a'], 2, qr{^no rule answers\n  not asked: 1 map that only the server can find\n$}],
    [['compile'], 2, qr{name the map}],
    [['compile', "$dir/ok.csv", 'stats=1'], 2, qr{'stats=1' unknown option}],
    [['compile', "$dir/ok.csv", 'status=302', '-o', "$dir/ok.image"], 0, qr{^\S+/ok\.image: 1 rule, 1 KiB\.$}],
    [['explain', "$dir/ok.image", '/a'], 0, qr{^302 -> /b\n  \S+ok\.image:2  /a /b match=exact status=302\n  then +/b: no rule answers\n$}],
    [['compile', "$dir/site.map", '-o', "$dir/s.image"], 1, qr{site\.map:3: .*\n\S+s\.image: 1 rule, 1 KiB; 2 lines skipped\.$}],
    [['compile', "$dir/none.map"], 2, qr{none\.map: No such file}],
    [['explain', file('cut.image', "R307IMG\0cut"), '/a'], 2, qr{cut\.image: }],
    [['report', $fine], 2, qr{write redirect307ctl report --due}],
    [['report', '--due', '-f', "$dir/none.conf"], 2, qr{none\.conf: No such file}], [['report', '--due', '-f', "$dir/none.conf", $fine], 2, qr{-f and -D are of a whole httpd}],
    [['report', '--due', "$dir/none"], 2, qr{No such file}],
    [['report', '--due', '--at', 'x', $fine], 2, qr{'x' is not a date}],
    [['report', '--due', $fine], 0, qr{^1 rule, 0 due\.\n$}],
    [['report', '--due', '--at', '2027-01-05', file('due.conf', <<'EOT')], 1, qr{^
Redirect307 /a /b until=2026-12-26 name=xmas26 owner=seo
Redirect307 /c /d review=2026-12-07 name=price-test owner=cro
Redirect307 /agb /terms until=2026-12-14 then=308 owner=seo
Redirect307 /old /new from=2025-06-01
Redirect307 /fine /x until=2027-12-26 review=2027-01-06
Redirect307 /fine /x from=2025-06-01 status=308
Redirect307 /young /x from=2026-06-01
Redirect307 /no until=2020-01-01 qurey=1
EOT
RETURNS \ {4}xmas26 \ {6}seo \ {2}ended\ 26\ Dec\ 2026,\ 24:00\ \S+\ \(9\ days\ ago\);\ take\ the\ line\ out,\ or\ write\ a\ later\ until=\ \ \S+due\.conf:1\n
STAYS \ {6}price-test \ {2}cro \ {2}review\ was\ 7\ Dec\ 2026,\ 00:00\ \S+\ \(29\ days\ ago\);\ write\ a\ later\ review=,\ or\ until=\ \ \S+:2\n
PERMANENT \ {2}/agb \ {8}seo \ {2}308\ since\ 14\ Dec\ 2026,\ 24:00\ \S+\ \(21\ days\ ago\);\ write\ status=308\ without\ until=\ and\ then=\ \ \S+:3\n
PERMANENT \ {2}/old \ {8}- \ {4}in\ force\ since\ 1\ Jun\ 2025,\ 00:00\ \S+\ \(583\ days\ ago\);\ write\ status=308,\ or\ until=\ \ \S+:4\n
7\ rules,\ 4\ due\.\n}mx],
    [['report', '--due', '--at', '2027-01-05', file('closed.conf', "Redirect307Maintenance /down.html until=2026-12-26 name=move owner=ops\n"
        . "Redirect307Maintenance /later.html until=2027-12-26\nRedirect307Maintenance /flag.html flag=/x\n")], 1,
     qr{^RETURNS    move  ops  ended 27 Dec 2026, 00:00 \S+ \(9 days ago\); take the line out, [^\n]+closed\.conf:1\n3 rules, 1 due\.\n$}],
    [['explain', $fine, '--bogus', '/a'], 2, qr{'--bogus' is not understood}],
    [['explain', $fine, '--base', 'x', '/a'], 2, qr{--base begins and ends with '/'}],
    [['explain'], 2, qr{name the URL}],
    [['explain', $fine, 'mailto:x'], 2, qr{'mailto:x' is not a URL}],
    [['explain', file('glued.conf', "Redirect307Match ^/(.*)\$ https://example.com\$1\n"), '/.evil'], 1, qr{^refused: R307-G11, 'https://example\.com\.evil}],
    [['explain', file('all.htaccess', "Redirect307 / /m.html\n"), '/.well-known/acme-challenge/x'], 0, qr{^no rule answers\n.*the path is exempt}s],
);

# The rows of the decision table that a file can say and no server has to answer.
my @rows = grep {
    R307::Rows::can_stand($_) && $_->{id} =~ /^d-/ && $_->{context} =~ /^(?:server|htaccess)$/
        && $_->{outcome} =~ /^(?:pass|stop|\d+)$/
        && $_->{rule} !~ /expr=|env=|%\{(?!arg:)/ && !R307::Rows::has_host($_)
} R307::Rows::all_rows();

my $circle = file('circle.conf', "Redirect307 /a /b\nRedirect307 /b /a\nRedirect307 /c https://www.example.com/a\n");
push @cases, [['explain', $circle, '/a'], 1, qr{\n  then +/b: 307 -> /a\n  then +/a: 307 -> /b\n  then +and so on: no browser arrives\n$}],
    [['explain', $circle, '/c'], 0, qr{^307 -> https://www\.example\.com/a\n  \S+:3 [^\n]+\n$}],
    [['lint', $circle], 1, qr{^\S+circle\.conf:1: R307-A07 '/b' .*; \S+:1 to /b, \S+:2 to /a; .*\n1 finding, 3 rules fine\.\n$}];
# a whole httpd, by its httpd.conf
my $whole = file('whole.conf', <<"EOT");
ServerName main.test
DocumentRoot "$dir/none"
Define OLD /old
<IfDefine EXTRA>
Redirect307 /extra /given
</IfDefine>
<VirtualHost *:80>
ServerName a.test
ServerAlias *.a.test
DocumentRoot "$dir"
Redirect307 \${OLD} /new
Redirect307 /env /x env=SEEN
<Location /part>
Redirect307 /part/a /b
</Location>
<Directory "$dir">
Require all granted
</Directory>
</VirtualHost>
<VirtualHost *:80>
ServerName b.test
DocumentRoot "$dir/none"
RewriteRule ^/x /y
</VirtualHost>
<Directory />
AllowOverride None
</Directory>
EOT
push @cases, map { my ($url, $exit, $says, @words) = @$_; [['explain', '-f', $whole, @words, $url], $exit, $says] }
    ['http://a.test/old/1', 0, qr{\A307 -> /new/1\n  \S+whole\.conf:11  /old /new match=prefix\n.*  site +a\.test, <VirtualHost \*:80>}s],
    ['http://w.a.test/part/a', 0, qr{\A307 -> /b\n}], ['http://b.test/old', 0, qr{\Ano rule answers\n}], ['http://b.test/xy', 2, qr{\Acannot tell: depends on RewriteRule \(\S+whole\.conf:23\); if it holds: no rule answers\n}],
    ['http://a.test/env', 2, qr{\Acannot tell: depends on env=SEEN; if it holds: 307 -> /x\n}], ['http://a.test/extra', 0, qr{\Ano rule answers\n}],
    ['http://a.test/extra', 0, qr{\A307 -> /given\n}, '-D', 'EXTRA'], ['http://a.test/a%2Fb', 0, qr{\A404: httpd takes no %2F}],
    ['mailto:x', 2, qr{is not a URL}];
my $closed = file('shut.conf', <<"EOT");
Redirect307 /a /b until=2020-01-01
<VirtualHost *:80>
ServerName a.test
DocumentRoot "$dir/none"
Redirect307Maintenance /down/ flag=$dir/closed-a.on name=a
Redirect307 /c /d review=2021-01-01
<Location /shop>
Redirect307Maintenance /shop/down/ flag=$dir/closed-b.on name=shop
</Location>
</VirtualHost>
<Directory />
AllowOverride None
</Directory>
EOT
push @cases, map { my ($words, @rest) = @$_; [[@$words, '-f', $closed], @rest] }
    [['report', '--due'], 1, qr{^RETURNS .*shut\.conf:1\nSTAYS .*shut\.conf:6\n4 rules, 2 due\.$}m],
    [['maintenance', 'status'], 0, qr{\Aoff\n .*shut\.conf:5 .*\noff\n .*shut\.conf:8 }],
    [['maintenance', 'on'], 2, qr{has 2 maintenance lines with flags of their own}],
    [['maintenance', 'on', '--name', 'shop'], 0, qr{\Aon since .*307 to /shop/down/ for page loads, 503 to everything else\n}],
    [['maintenance', 'status'], 1, qr{\Aoff\n.*\non since }], [['explain', 'http://a.test/shop/x'], 0, qr{\A503, Retry-After 300}],
    [['explain', 'http://a.test/x'], 0, qr{\Ano rule answers}], [['maintenance', 'off', '--name', 'shop'], 0, qr{\Aoff; it was on}],
    [['explain', 'http://a.test/shop/x'], 0, qr{\Ano rule answers}], [['maintenance', 'status', $fine], 2, qr{-f and -D are of a whole httpd}];
push @cases, [['explain', '-f', $whole, $fine, '/a'], 2, qr{-f and -D are of a whole httpd}], [['explain', '-f', "$dir/none.conf", '/a'], 2, qr{none\.conf: No such file}],
    [['explain', '-f', file('broken.conf', "<Location /a>\n"), '/a'], 1, qr{\Ahttpd does not start with this configuration\n  \S+broken\.conf:1: <Location> is not closed\n}];
push @cases, [['explain', $fine, $conf, '/a'], 2, qr{'/a' is one word too many; see redirect307ctl help explain}];

# a flag behind a link: what it leads to is the server's to judge
mkdir "$dir/there";
file('there/x.on', '');
symlink 'there/x.on', "$dir/link.on" or die "$!\n";
symlink 'there', "$dir/folder" or die "$!\n";
for my $flag ('link.on', 'folder/x.on', 'folder/none.on') {
    push @cases, map { [['lint', file('link.htaccess', $_)], 2, qr{link\.htaccess:1: Redirect307\w*: cannot tell: flag='\Q$flag\E' lies behind a symbolic link, and counts as absent where that leads out of the directory of this \.htaccess; write the name of a file in it\n}, $_] }
        "Redirect307 a b flag=$flag\n", "Redirect307Maintenance down/ flag=$flag\n";
}
push @cases, [['lint', "$dir/link.htaccess"], 0, qr{^0 findings, (?:1 note, )?1 rule fine\.$}m, $_] for "Redirect307 a b flag=there/x.on\n";

# broken at blanks for a terminal, one line each for a pipe
my @widths = (41, 60, 200);

plan tests => @cases + 1 + 1 + 2 * @widths + 4;

for my $case (@cases) {
    my ($words, $status, $pattern, $link) = @$case;
    file('link.htaccess', $link) if defined $link;
    my ($got, $text) = run(@$words);
    ok($got == $status && $text =~ $pattern, 'redirect307ctl ' . join(' ', @$words))
        or diag("exit $got, wanted $status\n$text");
}

{
    my $long = file('long.htaccess', "Redirect307 /a b:c until=26.12.2026\nRedirect307Match ^old/(.*)\$ /new/\$1 qurey=drop\nRedirect307Match ^/" . 'x' x 100 . "(b /c\n");
    my ($status, $piped) = run('lint', $long);
    my @lines = split /\n/, $piped;
    ok(@lines == 4 && $lines[-1] =~ /^3 findings/ && (grep { length > 100 } @lines) >= 2, 'a pipe gets one line for each finding') or diag($piped);
    for my $wide (@widths) {
        my $seen = qx(script -qec "stty cols $wide; '$ctl' lint '$long'" /dev/null </dev/null 2>&1);
        $seen =~ s/\r//g;
        my @over = grep { length > $wide && /^(?:    )?\S+ / } split /\n/, $seen;
        is("@over", '', "a terminal of $wide columns: no line is longer, but for one word");
        (my $joined = $seen) =~ s/\n {4}/ /g;
        is($joined, $piped, '... and nothing is lost');
    }
}

sub agrees
{
    my $row = shift;
    my $name = $row->{context} eq 'server' ? 'row.conf' : 'row.htaccess';
    my $file = file($name, join '', map { "$row->{directive} $_\n" } R307::Rows::rules($row));
    my @words = ('explain', '--method', $row->{method});
    push @words, '--base', '/dir/' if $row->{context} eq 'htaccess';
    push @words, map { ('--header', $_) } R307::Rows::headers($row);
    my ($status, $text) = run(@words, $file, "http://www.example.test$row->{target}");
    my ($answer) = $text =~ /^(.*)$/m;
    my $want = $row->{outcome} eq 'pass' ? 'no rule answers'
        : $row->{outcome} eq 'stop' ? "no redirect: a rule with target '-' ends the search"
        : $row->{outcome} . ($row->{location} eq '-' ? '' : " -> $row->{location}");
    return 1 if $answer eq $want;
    diag("$row->{id}: got '$answer', wanted '$want'");
    return 0;
}

# a process for each row: one in ten is enough for every MPM
my @sample = @rows[grep { $_ % full(10, 1) == 0 } 0 .. $#rows];
my $wrong = grep { !agrees($_) } @sample;
ok(@rows > 500 && @sample > 50 && !$wrong,
   'explain says what the server answers, ' . @sample . ' of ' . @rows . ' rows');

# an image is the same bytes whenever it is made
sub image_of
{
    my ($map, $epoch, @options) = @_;
    local $ENV{SOURCE_DATE_EPOCH} = $epoch if defined $epoch;
    my ($status, $text) = run('compile', $map, @options, '-o', "$dir/again.image");
    $status == 0 or die $text;
    return text_of("$dir/again.image");
}

my $map = file('again.map', join '', map { "/a$_ /b$_\n/p$_/:x /q/:x\n^/r$_(\\d)\$ /s\$1 match=regex\n" } 1 .. 300);
utime 1_700_000_000, 1_700_000_000, $map;
my $image = image_of($map, undef);
ok($image eq image_of($map, undef), 'the same map makes the same image');
my $early = image_of($map, 1_600_000_000);
utime 1_800_000_000, 1_800_000_000, $map;
ok($early ne $image && $early eq image_of($map, 1_600_000_000), 'whenever it was written, where SOURCE_DATE_EPOCH says so');
ok($image ne image_of($map, 'x') && $image ne image_of($map, undef), '... and else its time is kept');
# one letter of a target, where all of the table is what it was but for its seed
file('again.map', text_of($map) =~ s{^/a1 /b1$}{/a1 /c1}mr);
utime 1_700_000_000, 1_700_000_000, $map;
my $other = image_of($map, undef);
my $differ = () = ($other ^ $image) =~ /[^\0]/g;
ok(length $other == length $image && $differ > 2000, "another letter makes another table, whose seed nobody chooses: $differ bytes");

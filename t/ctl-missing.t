# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl missing. Its counts are held against those of a few lines of
# Perl over a log with few URLs that are frequent and very many that are not; each line that it
# says to write is written, and asked.
use strict;
use warnings FATAL => 'all';
use R307;
use JSON::PP ();
use POSIX qw(mkfifo strftime);
use R307::Tool qw($ctl $dir file half_read quoted);

once();

my $chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36';

# Exit status, and what was printed, as bytes; `from` is standard input.
sub run_from
{
    my ($from, @words) = @_;
    my $words = quoted(@words);
    my $text = qx($from exec $ctl missing $words 2>&1);
    return ($? >> 8, $text);
}

sub run { return run_from('</dev/null', @_) }

sub line
{
    my ($target, %with) = @_;
    return ($with{vhost} ? "$with{vhost} " : '') . "192.0.2.1 - - ["
        . ($with{date} || '10/Oct/2026:13:55:36 +0000') . "] \"GET $target HTTP/1.1\" "
        . ($with{status} || 404) . ' 12'
        . ($with{common} ? '' : ' "' . ($with{from} || '-') . '" "' . ($with{agent} || $chrome) . '"') . "\n";
}

# What a run says in JSON.
sub json
{
    my ($status, $text) = @_;
    my $value = eval { JSON::PP->new->utf8->decode($text) };
    return $value || { missing => [], caught => [], text => $text };
}

# ---- counts -----------------------------------------------------------------------------

my $lines = full(120_000, 2_000_000);
my %exact;
my $random = seed();
sub chance { $random = ($random * 1103515245 + 12345) % 2147483648; return $random / 2147483648 }

open my $log, '>:raw', "$dir/zipf.log" or die "$!\n";
my %kinds = map { $_ => 0 } qw(people robots attacks browsers);
for (1 .. $lines) {
    my $url = '/page/' . int(400_000 ** chance());
    my $status = (200, 404, 404, 410)[int(4 * chance())];
    my $is_robot = chance() < 0.2;
    print $log line($url . (chance() < 0.1 ? '?utm_source=x' : ''), status => $status,
                    agent => $is_robot ? 'Mozilla/5.0 (compatible; Bingbot/2.0)' : $chrome);
    next if $status == 200;
    $kinds{$is_robot ? 'robots' : 'people'}++;
    $exact{$status}{$url}++ unless $is_robot;
}
close $log or die "$!\n";
system("gzip -c $dir/zipf.log > $dir/zipf.log.2.gz && split -n l/2 $dir/zipf.log $dir/half.") == 0 or die;

# As it prints them: most hits first, then by name.
sub wanted
{
    my ($top) = @_;
    my @all;
    for my $status (404, 410) {
        my $of = $exact{$status};
        my @urls = sort { $of->{$b} <=> $of->{$a} || $a cmp $b } keys %$of;
        push @all, map { "$status $_ $of->{$_}" } @urls[0 .. $top - 1];
    }
    return join "\n", @all;
}

sub counted { return join "\n", map { "$_->{status} $_->{path} $_->{hits}" } @{$_[0]{missing}} }

my $top = 300;
for my $named (["$dir/zipf.log"], ["$dir/zipf.log.2.gz"], ["$dir/half.aa", "$dir/half.ab"]) {
    my ($status, $text) = run('--format', 'json', '--top', $top, @$named);
    my $said = json($status, $text);
    is(counted($said), wanted($top), "the first $top of both lists are exact: @$named");
    is_deeply([$status, $said->{lines}, $said->{strange}, $said->{hits}], [1, $lines, 0, \%kinds],
              'and what was left out');
}
for my $from ("cat $dir/zipf.log |", "<$dir/zipf.log", "gzip -dc $dir/zipf.log.2.gz |") {
    my ($status, $text) = run_from($from, '--format', 'json', '--top', 50, '-');
    my $said = json($status, $text);
    my @wrong = grep { my $true = $exact{$_->{status}}{$_->{path}};
                       $_->{hits} > $true || $_->{hits_most} < $true } @{$said->{missing}};
    ok(@{$said->{missing}} == 100 && !@wrong, "bounds hold: $from");
    is($said->{once} ? 1 : 0, $from =~ /^</ ? 0 : 1, 'a file can be read twice, a pipe cannot');
}

# ---- who asked --------------------------------------------------------------------------

my @asked = (
    line('/seen.html', from => 'https://other.example/there') x 3, line('/seen.html', agent => 'curl/7') x 2,
    line('/seen.html?x=1'), line('/robot-only', agent => 'Googlebot/2.1'), line('/wp-login.php') x 5,
    line('/.env'), line('/favicon.ico') x 4, line('/gone', status => 410), line('/fine', status => 200),
    line('/moved', status => 307));
my $asked = file('asked.log', join '', @asked);
my ($status, $text) = run($asked);
is($status, 1, 'there is something to do');
like($text, qr{^404, and nobody caught it\n +4  /seen\.html\n +last 2026-10-10, 2 by others, from https://other\.example/there\n\n410, and still asked for\n +1  /gone\n}, 'for people');
like($text, qr{Hits of 404 and 410: 5 by people, 3 by robots, 6 by attacks, 4 by browsers\.\nCounts are exact\.$}m, 'and the sum');
like($text, qr{name the pages \(--docroot DIR\) and the rules}, 'what to name');
unlike($text, qr{wp-login|favicon|fine|moved}, 'nothing else');
like((run('--of', 'attacks', $asked))[1], qr{5  /wp-login\.php\n.*1  /\.env\n}s, '--of attacks');
like((run('--of', 'robots', $asked))[1], qr{2  /seen\.html\n.*1  /robot-only\n}s, '--of robots');
like((run('--of', 'browsers', $asked))[1], qr{4  /favicon\.ico\n}, '--of browsers');
is((run(file('quiet.log', line('/fine', status => 200))))[0], 0, 'nothing to do');

my $dated = file('dated.log', join '', line('/new', date => strftime('%d/%b/%Y:%H:%M:%S +0000', gmtime(time - 3600))),
                 line('/old', date => '10/Oct/2019:13:55:36 +0000'));
like((run('--since', '30d', $dated))[1], qr{\A(?!.*/old).* 1  /new\n}s, '--since 30d');
like((run('--since', '2019-10-01', $dated))[1], qr{ 1  /new\n.* 1  /old\n}s, '--since 2019-10-01');

my $common = file('common.log', line('/a', common => 1));
like((run($common))[1], qr{ 1  /a\n.*The log does not say who asked}s, 'common');
my $vhosts = file('vhosts.log', line('/a', vhost => 'www.one.example:443') . line('/a', vhost => 'WWW.One.example:80')
                  . line('/a', vhost => 'two.example:80') . line('/a', vhost => '"=1+1:80'));
like((run($vhosts))[1], qr{ 2  //www\.one\.example/a\n.* 1  /a\n.* 1  //two\.example/a\n}s, 'vhost_combined: each host by itself');

# ---- what is near, and the line -----------------------------------------------------------

mkdir "$dir/$_" or die "$!\n" for qw(root root/products root/blog root/about root/img);
file("root/$_", '') for qw(products/shoe.html blog/a-long-name.html about/index.html there.html img/logo-big.png),
    'a b:c.html', 'what?.html', "quo'te\"s.html", 'dollar$1.html', 'st*r.html', '100%.html', "b\xC3\xBCcher.html",
    "esc\x1b[31m.html", 'about/two-of-it.html', '.hidden.html';
file('root/blog/two-of-it.html', '');
mkfifo("$dir/root/pipe.html", 0600) or die "$!\n";
symlink '..', "$dir/root/up" or die "$!\n";
my $rules = file('rules.htaccess', <<'EOT');
Redirect307 /shop /winter
Redirect307 old/page https://new.example/x:y/$$?
Redirect307 /withdrawn status=gone
Redirect307 /caught /there.html
Redirect307Map more.map
EOT
file('more.map', "/mapped /from-map\n");
# URL, what is near, the target (undef: no line)
my @near = (
    ['/prodcts/shoe.html', '/products/shoe.html', '/products/shoe.html'],
    ['/Products/SHOE', '/products/shoe.html', '/products/shoe.html'],
    ['/there.htm).', '/there.html', '/there.html'],
    ['/x/a-long-name', '/blog/a-long-name.html', '/blog/a-long-name.html'],
    ['/about/us/team', '/about/', '/about/'],
    ['/img/log-big.png', '/img/logo-big.png', '/img/logo-big.png'],
    ['/shpo/x', '/shop', '/winter/x'],
    ['/old/pagee', '/old/page', 'https://new.example/x:y/%24%24'],
    ['/maped', '/mapped', '/from-map'],
    ['/a%20b:c', '/a%20b:c.html', '/a%20b:c.html'],
    ['/what%3F', '/what%3F.html', '/what%3F.html'],
    ['/quo\'te\"s', '/quo\'te%22s.html', '/quo\'te%22s.html'],
    ['/DOLLAR$1.html', '/dollar$1.html', '/dollar%241.html'],
    ['/St*r.html', '/st*r.html', '/st%2Ar.html'],
    ['/100%25', '/100%25.html', '/100%25.html'],
    ['/B\xc3\xbccher.html', '/b%C3%BCcher.html', '/b%C3%BCcher.html'],
    ['/esc%1b[31m', '/esc%1B%5B31m.html', '/esc%1B%5B31m.html'],
    ['/else/two-of-it', '/about/two-of-it.html', undef],
    ['/nothing/like/it', undef, 'gone'],
    ['/pipe', undef, 'gone'],
    ['/hidden.html', undef, 'gone'],
    ['/:name/*/(.*)/^$|x', undef, 'gone'],
    ['/' . 'long' x 400, undef, undef],
    ['/shpo/:weird/$1|lower/*', '/shop', '/winter/%3Aweird/%241%7Clower/%2A'],
    ['/withdrawn', undef, undef, 410],
);
my $gaps = file('gaps.log', join '', map { line($_->[0], status => $_->[3]) } @near, ['/caught'], ['/there.html']);
my $said = json(run('--format', 'json', '--docroot', "$dir/root", '--rules', $rules, $gaps));
my %by = map { $_->{path} => $_ } @{$said->{missing}};
is(scalar @{$said->{missing}}, scalar @near, 'all of them') or diag($said->{text});
is_deeply([sort map { $_->{path} } @{$said->{caught}}], ['/caught', '/there.html'], 'what answers by now is none of them');
is($by{'/withdrawn'}{gone}, "$rules:3", 'the rule that says that a page is gone');

my $written = '';
my @written;
for my $row (@near) {
    my ($url, $near, $target) = @$row;
    my $asked = $url;
    $asked =~ s/\\x(..)/chr hex $1/ge;
    $asked =~ s/\\(.)/$1/g;
    my $path = $asked;
    $path =~ s/([\x00-\x20"<>^`{|}\[\]\\\x7f-\xff])/sprintf '%%%02X', ord $1/ge;
    my $gap = $by{$path} || (grep { $_->{cut} && index($path, $_->{path}) == 0 } @{$said->{missing}})[0];
    $gap or diag("no $path");
    is_deeply([$gap->{near}, defined $gap->{line} ? 1 : 0], [$near, defined $target ? 1 : 0], "near to $url");
    push @written, [$path, $target, $gap->{line}] if defined $target;
}
file('written.conf', join '', map { "$_->[2]\n" } @written);
my $lint = qx($ctl lint $dir/written.conf 2>&1);
like($lint, qr/\b0 findings, (?:\d+ notes?, )?@{[scalar @written]} rules fine/, 'each line is one') or diag($lint);
for my $row (@written) {
    my ($path, $target) = @$row;
    (my $quoted = $path) =~ s/'/'\\''/g;
    like(qx($ctl explain $dir/written.conf 'http://h.example$quoted' 2>&1),
         $target eq 'gone' ? qr/^410/ : qr/^307 -> \Q$target\E$/m, "and answers: $row->[2]");
}

my $several = json(run('--format', 'json', '--docroot', "$dir/root", file('several.log',
    line('/prodcts/shoe', vhost => 'a.example:80') x 2 . line('/prodcts/shoe', vhost => 'b.example:80'))));
is($several->{missing}[0]{line}, 'Redirect307 /prodcts/shoe /products/shoe.html match=exact host=a.example',
   'of several hosts: a line for the one');

# ---- a whole httpd ------------------------------------------------------------------------

file('root/img/.htaccess', "Redirect307 here /there\n");
my $conf = file('httpd.conf', <<"EOT");
ServerRoot "$dir"
DocumentRoot "$dir/root"
<Directory "$dir/root">
    AllowOverride All
</Directory>
RewriteEngine On
RewriteRule ^/else /where [R]
<VirtualHost *:80>
    ServerName one.example
    Redirect307 /shop /winter
</VirtualHost>
<VirtualHost *:80>
    ServerName two.example
    Redirect307Map more.map
    Redirect307 /gone status=gone
</VirtualHost>
EOT
my %whole = (        # host and path: caught, near, line
    'one.example /shop/x' => ['conf:10', undef, undef],
    'one.example /shpo/x' => [undef, '/shop', 'Redirect307 /shpo/x /winter/x match=exact host=one.example'],
    'two.example /shop/x' => [undef, undef, 'Redirect307 /shop/x status=gone match=exact host=two.example'],
    'two.example /maped'  => [undef, '/mapped', 'Redirect307 /maped /from-map match=exact host=two.example'],
    'one.example /img/here' => ['.htaccess:1', undef, undef],
    'two.example /gone/x' => [undef, undef, undef, 410],
);
$said = json(run('-f', $conf, '--format', 'json', file('whole.log', join '', map { my ($host, $path) = split / /;
    line($path, vhost => "$host:80", status => $whole{$_}[3]) } sort keys %whole)));
for my $gap (@{$said->{missing}}, @{$said->{caught}}) {
    my $wanted = $whole{"$gap->{host} $gap->{path}"};
    is_deeply([($gap->{caught} || '') =~ /([^.\/]*\.?[^.\/]+:\d+)$/ ? $1 =~ s/^httpd\.//r : undef, @{$gap}{qw(near line)}],
              [@$wanted[0 .. 2]], "a whole httpd: $gap->{host}$gap->{path}") or diag(explain $gap);
}
is(@{$said->{missing}} + @{$said->{caught}}, 6, 'all of them') or diag($said->{text});
like((grep { $_->{status} == 410 } @{$said->{missing}})[0]{gone} || '', qr/httpd\.conf:15$/, 'the rule that says that a page is gone');
is((run('-f', "$dir/nothing.conf", $asked))[0], 2, 'one that cannot be read');

# ---- lines of strangers -------------------------------------------------------------------

my @hostile = (
    "\x1b]0;pwned\x07\n", "\0\0\0\n", ('A' x 1_000_000) . "\n", "\xff\xfe\n", "] \"\n", "[\n",
    line('/' . ('x' x 300_000)), line('/=1+1'), line('/a', from => '=cmd|calc!A1'), line('/a', from => '=cmd|calc!A1'),
    line('/esc\x1b[31mred\x07\r\n'), line("/raw\x1b[31m\xff\xfe\0"), line('/nul\x00x'), line('/%00'), line('/\"quoted\"\\\\'),
    line('http://elsewhere.example/'), line('*'), line('/a', date => "=1\x1b[2J"), line('/../../..//./a'),
    line('/end'), "no end of line");
my $hostile = file('hostile.log', join '', @hostile);
for my $format (qw(text json csv)) {
    my ($status, $text) = run('--format', $format, $hostile);
    is($status, 1, "$format: strangers' bytes change no status");
    unlike($text, qr/[^\x09\x0a\x0d\x20-\x7e]/, "$format: and are not printed");
    like($text, qr{/esc%1B%5B31mred%07%0D%0A}, "$format: what they were is told");
}
unlike((run('--format', 'csv', $hostile))[1], qr/(?:^|,)"?[=+\-@]/m, 'no cell is a formula');
like((run('--format', 'csv', $hostile))[1], qr/,'=cmd/, 'but text');
like((run($hostile))[1], qr/9 of 21 lines are none of an access log/, 'lines that are none are told');
my ($none, $words) = run(file('none.log', "hello\nworld\n"));
is($none, 2, 'a file that is no log');
like($words, qr/2 of 2 lines are none of an access log \(common, combined, vhost_combined\), first: hello/, 'is told');

# ---- what cannot be read ------------------------------------------------------------------

mkfifo("$dir/fifo.log", 0600) or die "$!\n";
system("head -c 300 $dir/zipf.log.2.gz > $dir/cut.log.gz");
my @refused = (
    [["$dir/nothing.log"], qr/nothing\.log: No such file/], [["$dir/fifo.log"], qr/fifo\.log: is no plain file/],
    [["$dir/cut.log.gz"], qr/cut\.log\.gz: is damaged/], [[], qr/name the access logs/],
    [['--since', 'soon', $asked], qr/--since 'soon' is no time; write 30d, or 2026-11-01/],
    [['--of', 'me', $asked], qr/--of 'me' is none of these; write people, robots, attacks or browsers/],
    [['--top', '1001', $asked], qr/write a number from 1 to 1000/], [['--format', 'xml', $asked], qr/write text, json or csv/],
    [['--rules', "$dir/nothing.conf", $asked], qr/nothing\.conf: No such file/],
    [['--docroot', "$dir/nothing", $asked], qr/not looked at: \S*nothing: No such file/],
    [['--base', 'x', $asked], qr/--base begins and ends with/],
);
my $half = half_read();
push @refused, [['--docroot', $half, $asked], qr/not looked at: \Q$half\E: Invalid argument/] if $half;
for my $row (@refused) {
    my ($status, $text) = run(@{$row->[0]});
    is($status, 2, "could not tell: @{$row->[0]}");
    like($text, $row->[1], 'why');
}
($status, $text) = run_from("cat $dir/zipf.log.2.gz |", '-');
is($status, 2, 'a pipe of gzip');
like($text, qr/is compressed; write gzip -dc FILE \| redirect307ctl missing -/, 'what to write');

done_testing();

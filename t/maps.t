# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Redirect307Map: what a file of each format answers, where it stands among other rules, what
# is said of bad lines, how a change is noticed, and what becomes of the rules when the file
# is gone, unreadable, too large or written slowly; maps of .htaccess and what they may not;
# files that are never served; graceful restarts.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my $site = root() . '/maps';

put('maps/home.txt', "home\n");
put('maps/site.map', <<'EOT');
# a comment
/a /b
/first /from-map
/last /from-map
/only-target
/a /c
/p/:x/:y /q/:y/:x
/s/* /t/:splat status=308
/k /l query=drop
/n?id=3 /three
https://other.example/h /host
^/re(\d+)$ /number/$1 match=regex
/gone status=gone
/keep -
/keep/* /kept
^x /y match=regex
/dflt /d note="of its own" owner=me
EOT
put('maps/sheet.csv', "\xEF\xBB\xBFsource;target;status\r\n/csv/one;/csv/1;\r\n/csv/two;https://x.example/2;301\r\n"
    . "\"/csv/\"\"q\"\"\";/csv/quoted;\r\n/csv/\xFC;/csv/bad;\r\n/csv/late;/csv/3;302\r\n");
put('maps/_redirects', "/nf/home / 301\n/nf/store id=:id /nf/blog/:id 302!\n/nf/app/* /index.html 200\n/nf/c /d 301 Country=de\n/nf/news/* /nf/blog/:splat # why\n"
    . "/nf/self/* /nf/self/:splat\n/nf/l /nf/en Language=en\n/nf/l /nf/fr Language=fr,de\n/nf/faq/im* /nf/faq/im-data:splat 302\n"
    . "/nf/bad /x 301 Cookie=a,b\n/nf/p id=1 /x 404\n/nf/h/:x/y /z 200\n/nf/* /nf/rest/:splat\n");
put('maps/as.txt', "/txt/a,/txt/b\n");
put('maps/plan.map', "/ended /x until=2020-01-01\n/not-yet /x from=2099-01-01\n/runs /x until=2099-01-01\n");
put('maps/big.map', join '', map { "/big/$_ /large/$_\n" } 1 .. 20000);
put('maps/link.map', "/linked /yes\n");
unlink "$site/other-name.txt";
symlink 'link.map', "$site/other-name.txt" or die "symlink: $!\n";

my %tenant = (
    t1 => ["Redirect307 above one\nRedirect307Map my.map\nRedirect307 below two\n",
           "page.html new.html\n/maps/t1/abs /elsewhere\nabove no\nbelow yes\n/maps/t1/x/* y/:splat\nbroken\n"],
    t2 => ["Redirect307Map sub/deep.csv status=302\n", undef],
    climbs => ["Redirect307Map ../site.map\n", undef],
    linked => ["Redirect307Map my.map\n", undef],
    outside => ["Redirect307Map $site/site.map\n", undef],
    large => ["Redirect307Map my.map\n", join '', map { "$_ /l/$_\n" } 1 .. 3000],
    lines => ["Redirect307Map my.map\n", join('', map { "$_ /l/$_\n" } 1 .. 20) . "^/maps/lines/r1 /r match=regex\n^/maps/lines/r2 /r match=regex\n"],
    absent => ["Redirect307Map my.map\n", undef],
    image => ["Redirect307Map my.map\n", "R307IMG\0" . "\1" x 200],
);
for my $name (keys %tenant) {
    unlink "$site/$name/my.map";
    put("maps/$name/.htaccess", $tenant{$name}[0], 10);
    put("maps/$name/my.map", $tenant{$name}[1], 10) if defined $tenant{$name}[1];
}
put('maps/t2/sub/deep.csv', "deep,/found\n", 10);
symlink '../site.map', "$site/linked/my.map" or die "symlink: $!\n";

my $conf = <<"EOT";
StartServers 2
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
    Options FollowSymLinks
</Directory>
<Directory "$site/large">
    Redirect307Limits map-size=8
</Directory>
<Directory "$site/lines">
    Redirect307Limits map-lines=10 regex=1
</Directory>
Redirect307 /first /line
Redirect307Map "$site/site.map"
Redirect307 /last /line
Redirect307Map "$site/sheet.csv"
Redirect307Map "$site/_redirects"
Redirect307Map "$site/as.txt" format=csv status=303 query=drop
Redirect307Map "$site/plan.map" until=2098-01-01
Redirect307Map "$site/big.map"
Redirect307Map "$site/link.map"
Redirect307Map "$site/later.map"
Redirect307Map "$site/pre.map" match=prefix
<VirtualHost *:\@PORT\@>
    ServerName main.example
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName other.example
    Redirect307Map "$site/site.map"
</VirtualHost>
EOT
put('maps/pre.map', "/pre /post\n");
unlink "$site/later.map";

# compiled maps: good ones, and what is wrong with others
my $ctl = $ENV{R307_CTL};
put('maps/made.map', "/image/a /compiled\n/image/:x/b /of/:x\n^/image/re(\\d)\$ /n/\$1 match=regex\n");
unlink glob "$site/*.image";
system("$ctl compile $site/made.map status=303 -o $site/made.image > $site/compiled.txt") == 0 or die "compile failed\n";
my $image = do { open my $in, '<:raw', "$site/made.image" or die "$!\n"; local $/; <$in> };
put('maps/cut.image', substr $image, 0, length($image) - 8);
put('maps/damaged.image', do { (my $bad = $image) =~ s/compiled/hijacked/; $bad });
put('maps/foreign.image', substr($image, 0, 12) . reverse(substr $image, 12, 4) . substr $image, 16);
put('maps/writable.image', $image);
chmod 0666, "$site/writable.image";
put('maps/options.image', $image);
$conf .= join '', map { "Redirect307Map \"$site/$_.image\"" . ($_ eq 'options' ? ' status=302' : '') . "\n" } qw(cut damaged foreign writable options made);

my $server = own_server($conf, only => [qw(dir alias)]);

sub get
{
    my ($path, %with) = @_;
    my ($reply, $code, $until) = ('', 503, time + 60);
    # a tenant's map that was just written has no rules to be wrong with: the client is told to
    # ask again, and does
    while ($code eq '503' && time < $until) {
        $reply = raw("GET $path HTTP/1.1\r\nHost: " . ($with{host} || 'main.example') . "\r\nConnection: close\r\n\r\n",
                     port => $server->{port}, timeout => 15);
        ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
        sleep 0.2 if $code eq '503' && $reply =~ /^Retry-After: 1\r$/m;
    }
    return join ' -> ', $code, each_header($reply, 'Location');
}

# Asks until the answer is the wanted one. Each process takes a change by itself, within about a
# second: one answer says nothing of the next, so all of them have to be it for a while.
sub becomes
{
    my ($path, $want, $why, %with) = @_;
    return is(last_of($path, $want, %with), $want, "$path $why");
}

sub last_of
{
    my ($path, $want, %with) = @_;
    my $until = time + 60;
    my ($got, $alike, $since) = ('', 0, 0);
    while (($alike < 20 || time < $since + 1.5) && time < $until) {
        $got = get($path, %with);
        $since = time if $alike == 0;
        $alike = $got eq $want ? $alike + 1 : 0;
        sleep($alike ? 0.05 : 0.1);
    }
    return $got;
}

# What the log says at last; another process writes it.
sub is_said
{
    my ($pattern, $why) = @_;
    my $until = time + 60;
    sleep 0.1 while own_log($server) !~ $pattern && time < $until;
    return like(own_log($server), $pattern, $why);
}

# For so long the answer stays.
sub stays
{
    my ($path, $want, $why) = @_;
    my $until = time + 3.5;
    my $got;
    do { $got = get($path); sleep 0.2 } while ($got eq $want && time < $until);
    return is($got, $want, "$path $why");
}

my @answers = (
    ['/a', '307 -> /b'], ['/a?q', '307 -> /b?q'], ['/a/', '404'], ['/a/x', '404'], ['/A', '404'],
    ['/first', '307 -> /line', 'a line in front'], ['/last', '307 -> /from-map', 'a line behind'],
    ['/only-target', '404'], ['/p/1/2', '307 -> /q/2/1'], ['/s', '308 -> /t/'], ['/s/a/b', '308 -> /t/a/b'],
    ['/k?x', '307 -> /l'], ['/n?id=3', '307 -> /three'], ['/n?id=4', '404'], ['/n?a=1&id=3', '307 -> /three?a=1'],
    ['/h', '404'], ['/re12', '307 -> /number/12'], ['/gone', '410'], ['/keep', '404'], ['/keep/x', '307 -> /kept'],
    ['/csv/one', '307 -> /csv/1'], ['/csv/two', '301 -> https://x.example/2'], ['/csv/%22q%22', '307 -> /csv/quoted'],
    ['/csv/%FC', '404'], ['/csv/late', '302 -> /csv/3', 'behind a bad line'],
    ['/nf/home', '301 -> /'], ['/nf/home/', '301 -> /', 'a slash makes no difference there'],
    ['/nf/store?id=7&x=1', '302 -> /nf/blog/7?x=1'], ['/nf/app/x', '404', 'a rewrite ends the search'], ['/nf/c', '404', 'so does a condition nobody knows'],
    ['/nf/self/x', '404', 'and a line that leads to what was asked'], ['/nf/bad', '404', 'and a bad line'],
    ['/nf/p?id=1', '404', 'with its parameters'], ['/nf/p?id=2', '307 -> /nf/rest/p?id=2'], ['/nf/h/1/y', '404'],
    ['/nf/h/1/z', '307 -> /nf/rest/h/1/z'], ['/nf/rest/x', '404', 'its own target'],
    ['/nf/faq/immutable/x?q', '302 -> /nf/faq/im-datamutable/x?q', 'a star inside'], ['/nf/faq/x', '307 -> /nf/rest/faq/x'],
    ['/nf/l', '307 -> /nf/en', 'no language is English there'],
    ['/nf/news/a/b', '307 -> /nf/blog/a/b'], ['/txt/a?q', '303 -> /txt/b', 'options of the line'],
    ['/ended', '404'], ['/not-yet', '404'], ['/runs', '307 -> /x'],
    ['/big/1', '307 -> /large/1'], ['/big/20000', '307 -> /large/20000'], ['/big/20001', '404'],
    ['/pre/x', '307 -> /post/x', 'match= of the line'], ['/missing', '404'],
);
my @images = (['/image/a', '303 -> /compiled'], ['/image/x/b', '303 -> /of/x'], ['/image/re7', '303 -> /n/7'], ['/image/none', '404']);
my @hidden = qw(/made.image /site.map /sheet.csv /_redirects /big.map /other-name.txt /t1/my.map /t2/sub/deep.csv);
my @tenants = (
    ['/t1/page.html', '307 -> /t1/new.html'], ['/t1/above', '307 -> /t1/one'], ['/t1/below', '307 -> /t1/yes'],
    ['/t2/deep', '302 -> /found'], ['/t2/sub/deep', '404'], ['/climbs/a', '404'], ['/linked/a', '404'],
    ['/outside/a', '404'], ['/large/1', '404'], ['/lines/10', '307 -> /l/10'], ['/lines/11', '404'],
    ['/absent/x', '404'], ['/image/x', '404'],
);

my %said = (
    'site.map:5: '     => qr{'/only-target' has no target; write: /only-target /new},
    'site.map:6: '     => qr{'/a' is already sent to /b by line 2; this line never answers},
    'site.map:16: '    => qr{pattern '\^x' never matches},
    'sheet.csv:5: '    => qr{byte 0xFC is not UTF-8; save the sheet as "CSV UTF-8"},
    '_redirects:3: '   => qr{status 200 shows the target under the old address},
    '_redirects:4: '   => qr{'Country=de' cannot be said in a map},
    'later.map '       => qr{cannot be opened: .*; the map has no rules},
    't1/my.map:6: '    => qr{'broken' has no target},
    'climbs/.htaccess:1: ' => qr{'\.\./site\.map' lies outside the directory of this \.htaccess},
    'outside/.htaccess:1: ' => qr{'\S+/site\.map' lies outside the directory of this \.htaccess},
    'linked/my.map '   => qr{is reached by a symbolic link; in \.htaccess write the file itself; the map has no rules},
    'large/my.map '    => qr{has \d+ bytes, and 8192 are read at most; the map has no rules},
    'lines/my.map:11: ' => qr{the server takes 10 rules of a map, and this is one more},
    'absent/my.map '   => qr{cannot be opened: .*; the map has no rules},
    'cut.image '       => qr{has \d+ bytes where it says \d+: cut off, or half copied; copy it again; the map has no rules},
    'damaged.image '   => qr{was changed since it was compiled: its sum is wrong; compile it again; the map has no rules},
    'foreign.image '   => qr{was compiled on a machine of another byte order; compile it here; the map has no rules},
    'writable.image '  => qr{is a compiled image that the server's own user can write; give it to another owner},
    'options.image '   => qr{is a compiled image, which has its options in it; give them to redirect307ctl compile},
    'image/my.map '    => qr{is a compiled image, which only httpd\.conf may name},
);

plan tests => @answers + @images + 4 + 2 + @hidden + 2 + @tenants + keys(%said) + 38;

is(get($_->[0]), $_->[1], "$_->[0] " . ($_->[2] || '')) for @answers;
is(get($_->[0]), $_->[1], "$_->[0] of an image") for @images;
is(get('/h', host => 'other.example'), '307 -> /host', 'a source with a host');
is(get('/a', host => 'other.example'), '307 -> /b', 'the same file in another host');
is(get($_), '404', "$_ is not served") for @hidden;
is(get('/home.txt'), '200', 'other files are');
is(get('/t1/.'), get('/t1/'), 'and directories');
is(get($_->[0]), $_->[1], $_->[0]) for @tenants;

my $log = own_log($server);
for my $where (sort keys %said) {
    like($log, qr{/\Q$where\E(?:Redirect307Map: )?$said{$where}|Redirect307Map: \S*/\Q$where\E$said{$where}}, "$where is told");
}
is(scalar(() = $log =~ m{site\.map:5: }g), 1, 'once');
my $warnings = grep { /redirect307:warn/ } split /\n/, $log;

# ---- a file that changes ------------------------------------------------------------------

put('maps/site.map', "/a /changed\n");
becomes('/a', '307 -> /changed', 'after a change');
becomes('/k?x', '404', 'which the file has no more');
becomes('/a', '307 -> /changed', 'in the other host, too', host => 'other.example');
put('maps/new.map', "/a /moved\n");
rename "$site/new.map", "$site/site.map" or die "rename: $!\n";
is(get('/site.map'), '404', 'a file just moved into place is not served');
becomes('/a', '307 -> /moved', 'after mv');

put('maps/later.map', "/later /came\n");
becomes('/later', '307 -> /came', 'of a file that was missing');
put('maps/t1/my.map', "page.html other.html\n");
becomes('/t1/page.html', '307 -> /t1/other.html', 'of a .htaccess');
put('maps/absent/my.map', "x y\n");
becomes('/absent/x', '307 -> /absent/y', 'of a .htaccess, a file that was missing');

{
    put('maps/made.map', "/image/a /anew\n");
    system("$ctl compile $site/made.map -o $site/made.image > $site/compiled.txt");
    becomes('/image/a', '307 -> /anew', 'of an image that was compiled again');
    becomes('/image/x/b', '404', 'which it has no more');
    is_said(qr{/made\.image: 1 rule, 0 lines skipped}, 'and how many rules it has is logged');
    put('maps/next.image', substr $image, 0, 200);
    rename "$site/next.image", "$site/made.image";
    stays('/image/a', '307 -> /anew', 'though the image is cut off');
    # it is asked for meanwhile, as only then somebody looks
    for (my $until = time + 60; own_log($server) !~ /\/made\.image [^\n]*; the rules it had before stay/ && time < $until;) {
        get('/image/a');
    }
    like(own_log($server), qr{/made\.image [^\n]*; the rules it had before stay}, 'and it is said');
}

# ---- a file that is no good ---------------------------------------------------------------

my $no_good = sub {
    my ($why, $name) = @_;
    my $until = time + 60;
    stays('/a', '307 -> /moved', "though $name");
    sleep 0.1 while ($log = own_log($server)) !~ m{/site\.map $why} && time < $until;
    is(scalar(() = $log =~ m{/site\.map $why}g), 1, "said once: $why");
};
rename "$site/site.map", "$site/kept.map" or die "rename: $!\n";
$no_good->(qr{cannot be opened: No such file[^;]*; the rules it had before stay}, 'the file is gone');
mkdir "$site/site.map" or die "mkdir: $!\n";
$no_good->(qr{is no plain file; the rules it had before stay}, 'it is a directory');
rmdir "$site/site.map";
put('maps/site.map', "\xFF\xFE/\0a\0 \0/\0b\0");
$no_good->(qr{is UTF-16; save it as UTF-8[^;]*; the rules it had before stay}, 'it is UTF-16');

# written slowly, in place: nothing of it answers before it is complete. A file that stands
# still for three seconds counts as complete, so a machine that is slower than that is asked
# again.
my ($slow, %seen, $slowest);
for my $try (1 .. 5) {
    put('maps/site.map', "/a /moved\n");
    # every process is to be back at it, also from what a slower try made of the file
    my ($good, $until) = (0, time + 30);
    while ($good < 15 && time < $until) {
        $good = get('/slow1') . ' ' . get('/a') eq '404 307 -> /moved' ? $good + 1 : 0;
        sleep 0.2;
    }
    open $slow, '>', "$site/site.map" or die "$!\n";
    $slow->autoflush(1);
    (%seen, $slowest) = ();
    my $last = time;
    for my $n (1 .. 12) {
        print $slow "/slow$n /$n\n";
        $seen{ get('/slow1') . ' ' . get('/a') }++;
        sleep 0.3;
        $slowest = time - $last if !defined $slowest || time - $last > $slowest;
        $last = time;
    }
    last if $slowest < 2.5;
}
is(join(', ', keys %seen), '404 307 -> /moved', "a file that is being written is not met half way (a line each $slowest s)")
    or diag(join "\n", grep { /site\.map/ } split /\n/, own_log($server));
print $slow "/a /slow\n";
close $slow;
becomes('/a', '307 -> /slow', 'once it stands still');
becomes('/slow12', '307 -> /12', 'all of it');

put('maps/large/my.map', "a /small\n");
becomes('/large/a', '307 -> /small', 'after a file that was too large');
put('maps/large/my.map', join '', map { "$_ /l/$_\n" } 1 .. 3000);
stays('/large/a', '307 -> /small', 'though it is too large again');

# ---- graceful restarts --------------------------------------------------------------------

sub restart { return reload($server, 'USR1') }

unlink "$site/site.map";
restart();
is(get('/a'), '307 -> /slow', 'a restart keeps the rules of a file that is gone');
is_said(qr{/site\.map cannot be opened: [^\n]*; the rules it had before stay\n(?!.*site\.map)}s, 'and says so');
restart();
is(get('/a'), '307 -> /slow', 'and the next one');
put('maps/site.map', "/a /again\n");
becomes('/a', '307 -> /again', 'when the file is back');
# a file counts as written when it stood still for three seconds, which a restart may take on a
# busy machine
my ($just_written, $was) = ('', 'again');
for my $try (1 .. 5) {
    my $made = time;
    put('maps/site.map', "/a /written$try\n");
    restart();
    $just_written = get('/a') eq "307 -> /$was" ? 'kept' : 'taken';
    last if $just_written eq 'kept' || time < $made + 3;
    last_of('/a', "307 -> /written$try");
    $was = "written$try";
}
SKIP: {
    # with glibc 2.34 and later its children wait five seconds for a thread that has ended (join_workers)
    skip 'a restart of worker takes more than three seconds, until httpd 2.4.62', 1
        if $ENV{R307_MPM} eq 'worker' && !httpd_since('2.4.62');
    is($just_written, 'kept', 'a restart does not take what was just written');
}
put('maps/site.map', "/a /restarted\n");
becomes('/a', '307 -> /restarted', 'but once it stood still');
is(get('/t1/page.html'), '307 -> /t1/other.html', 'and .htaccess as before');

# ---- without shared memory ----------------------------------------------------------------

put("$server->{dir}/test.conf", "Redirect307Arena off\n" . do { (my $text = $conf) =~ s/\@PORT\@/$server->{port}/g; $text });
restart();
becomes('/a', '307 -> /restarted', 'without an arena');
put('maps/site.map', "/a /alone\n");
my $until = time + 60;
my $alike = 0;
while ($alike < 30 && time < $until) {
    $alike = get('/a') eq '307 -> /alone' ? $alike + 1 : 0;
    sleep 0.05 unless $alike;
}
is($alike, 30, 'each process takes the change');
is(get('/t1/page.html'), '307 -> /t1/other.html', 'and builds what .htaccess names');
$log = own_log($server);
unlike($log, qr/exit signal|:(?:crit|alert|emerg)\]/, 'no crash');

# ---- tenants that do not all fit ----------------------------------------------------------

# Each of the maps takes some 130 KiB, and all tenants together have half of a mebibyte.
for my $n (1 .. 8) {
    put("maps/crowd/$n/.htaccess", "Redirect307Map my.map\n", 10);
    put("maps/crowd/$n/my.map", join('', map { "page-$_.html /crowd-$n/page-$_.html\n" } 1 .. 1500), 10);
}
put("$server->{dir}/test.conf", "Redirect307Arena 1M\nStartServers 2\nDocumentRoot \"$site\"\n"
    . "<Directory \"$site\">\nRequire all granted\nAllowOverride FileInfo\n</Directory>\n");
restart();
my @missing;
for my $round (1 .. 2) {
    for my $n (1 .. 8) {
        my $crowded = time + 60;
        my $got = get("/crowd/$n/page-7.html");
        while ($got ne "307 -> /crowd-$n/page-7.html" && time < $crowded) {
            sleep 0.2;
            $got = get("/crowd/$n/page-7.html");
        }
        push @missing, "$n in round $round: $got" if $got ne "307 -> /crowd-$n/page-7.html";
    }
}
is("@missing", '', 'tenants whose maps do not fit together each have their turn');

# Who names thousands of maps does not put out those of the others.
put("maps/many/.htaccess", join('', map { "Redirect307Map $_.map\n" } 1 .. 65), 10);
put("maps/many/$_.map", "page-$_ /many-$_\n", 10) for 1 .. 65;
is(get('/many/page-64'), '307 -> /many-64', 'the 64th map that one .htaccess names');
is(get('/many/page-65'), '404', 'and the 65th is left out');
like(own_log($server), qr{/many/\.htaccess:65: Redirect307Map: \S+/65\.map is left out of this request: one request asks 64 maps of \.htaccess files at most}, 'which is said');
put('maps/crowd/9/.htaccess', "Redirect307Map my.map\n", 10);
put('maps/crowd/9/my.map', join('', map { "page-$_.html /crowd-9/page-$_.html\n" } 1 .. 9000), 10);
is(get('/crowd/9/page-7.html'), '404', 'a map that is too large for all of it has no rules');
like(own_log($server), qr{/crowd/9/my\.map needs \d+ KiB of the arena[^\n]*; write a larger Redirect307Arena; the map has no rules}, 'and it is said');

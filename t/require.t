# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Redirect307Require and longest=: what is meant for a time has to say until when. In
# httpd.conf it is the text alone that keeps a server from starting, never the clock; in
# .htaccess the line is skipped.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use POSIX qw(strftime);

sub day { return strftime('%Y-%m-%d', localtime time + 86400 * shift) }

my $end = day(20);
my @texts = (
    # text, exit, what is said
    ["Redirect307Require until refuse\nRedirect307 /a /b\n", 1, qr{test\.conf:2: Redirect307: the rule has no end, and Redirect307Require until asks for one; write until=YYYY-MM-DD.*1 rule without a plan keeps the server from starting}s],
    ["Redirect307 /a /b\nRedirect307Require until refuse\n", 1, qr{test\.conf:1: Redirect307: the rule has no end}],
    ["Redirect307Require until\nRedirect307 /a /b\n", 0, qr{test\.conf:2: Redirect307: the rule has no end}],
    ["Redirect307Require until warn\nRedirect307 /a /b review=2026-01-01\n", 0, qr{has no end}],
    ["Redirect307Require until refuse\nRedirect307 /a /b until=$end\n", 0, qr{^Syntax OK$}],
    ["Redirect307Require until refuse\nRedirect307 /a /b until=2020-01-01\n", 0, qr{^Syntax OK$}],
    ["Redirect307Require review refuse\nRedirect307 /a /b review=2020-01-01\n", 0, qr{^Syntax OK$}],
    ["Redirect307Require review refuse\nRedirect307 /a /b until=$end\n", 0, qr{^Syntax OK$}],
    ["Redirect307Require review refuse\nRedirect307 /a /b\n", 1, qr{has no end and no review}],
    ["Redirect307Require until refuse\nRedirect307 /a /b status=308\nRedirect307 /c /d status=301\nRedirect307 /e status=gone\nRedirect307 /f -\nRedirect307 /g status=404\n", 0, qr{^Syntax OK$}],
    ["Redirect307Require until refuse\n" . join('', map { "Redirect307 /a$_ /b status=$_\n" } 302, 303) . "Redirect307 /c status=503\n", 1, qr{3 rules without a plan keep the server}],
    ["Redirect307Require until refuse\n<VirtualHost *:80>\nRedirect307 /a /b\n</VirtualHost>\n", 1, qr{test\.conf:3: .*has no end}],
    ["Redirect307Require until refuse\n<VirtualHost *:80>\nRedirect307Require none\nRedirect307 /a /b\n</VirtualHost>\n", 0, qr{^Syntax OK$}],
    ["<Location \"/x\">\nRedirect307Require until refuse\nRedirect307 /b\n</Location>\nRedirect307 /c /d\n", 1, qr{1 rule without a plan}],
    ["Redirect307Require\n", 1, qr{a value is missing; write: Redirect307Require until refuse}],
    ["Redirect307Require always\n", 1, qr{'always' is no value here; write until, review or none}],
    ["Redirect307Require until never\n", 1, qr{'never' is no value here}],
    ["Redirect307Limits longest=0\n", 1, qr{longest='0' is no value here; write a duration such as 90d}],
    ["Redirect307Limits longest=3m\n", 1, qr{longest='3m' is no value here}],
);
put("require/$_/x", '') for qw(refuse warn longest all);
# maps: whoever names them, the lines that lack it are left out, and the server starts
my %lines = (server => "/server/none /x\n/server/end /x until=2099-01-01\n/server/review /x review=2099-01-01\n/server/308 /x status=308\n/server/stay -\n",
             whole => "/whole/none /x\n", folder => "none /x\nend /x until=2099-01-01\n", tenant => "none /x\nend /x until=2099-01-01\n");
put("require/$_.map", $lines{$_}, 100) for qw(server whole);
put('require/sheet.csv', "source,target\n/sheet/none,/x\n", 100);
sub with_maps
{
    my $how = shift;
    put("require/maps-$how/folder/folder.map", $lines{folder}, 100);
    put("require/maps-$how/tenant/tenant.map", $lines{tenant}, 100);
    put("require/maps-$how/tenant/.htaccess", "Redirect307Map tenant.map\n", 100);
    my $root = root() . '/require';
    return <<"EOT";
Redirect307Require until $how
Redirect307Map "$root/server.map"
Redirect307Map "$root/sheet.csv"
Redirect307Map "$root/whole.map" until=2099-01-01
<Directory "$root/maps-$how">
    AllowOverride FileInfo
    Require all granted
</Directory>
<Directory "$root/maps-$how/folder">
    Redirect307Map "$root/maps-$how/folder/folder.map"
</Directory>
EOT
}

my $server = own_server(<<"EOT", only => ['dir']);
<Directory "${\root()}/require">
    AllowOverride FileInfo
    Require all granted
</Directory>
<Directory "${\root()}/require/refuse">
    Redirect307Require until refuse
</Directory>
<Directory "${\root()}/require/warn">
    Redirect307Require review
</Directory>
<Directory "${\root()}/require/longest">
    Redirect307Limits longest=30d
</Directory>
EOT
plan tests => @texts + 20 + 29;

for my $row (@texts) {
    my ($text, $want, $pattern) = @$row;
    my ($exit, $said) = conf_test($text);
    (my $name = $text) =~ s/\n/ ;; /g;
    ok(($exit != 0) == $want && $said =~ /$pattern/m, $name) or diag("exit $exit\n$said");
}

sub said
{
    my $reply = raw("GET /require/$_[0] HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n", port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
    my ($location) = each_header($reply, 'Location');
    return ($code // 'nothing') . (defined $location ? " -> $location" : '');
}

put('require/refuse/.htaccess', "Redirect307 ./a /b\nRedirect307 ./c /d until=$end\nRedirect307 ./e /f status=308\nRedirect307 ./g /h review=$end\n", 100);
is(said('refuse/a'), '404', 'refuse: a rule without an end is skipped');
is(said('refuse/c'), '307 -> /d', 'one with an end works');
is(said('refuse/e'), '308 -> /f', 'one that is not meant for a time works');
is(said('refuse/g'), '404', 'a review is no end');
like(own_log($server), qr{refuse/\.htaccess:1: Redirect307: '\./a' has no end, and Redirect307Require until asks for one; write until=YYYY-MM-DD; this line is left out}, 'and told of');

put('require/warn/.htaccess', "Redirect307 ./a /b\nRedirect307 ./c /d review=$end\n", 100);
is(said('warn/a'), '307 -> /b', 'warn: it works') for 1 .. 3;
my @told = own_log($server) =~ m{warn/\.htaccess:(\d): Redirect307: the rule has no end and no review}g;
is("@told", '1', 'and is told of once, with its line');

my ($near, $far) = (day(29), day(40));
put('require/longest/.htaccess', <<"EOT", 100);
Redirect307 ./near /ok until=$near
Redirect307 ./far /no until=$far
Redirect307 ./endless /no
Redirect307 ./gone /ok status=308
Redirect307 ./later /ok from=${\day(-20)} until=${\day(9)}
Redirect307 ./long /no from=${\day(-20)} until=${\day(11)}
EOT
is(said('longest/near'), '307 -> /ok', 'longest=30d: from when the file was written');
is(said('longest/far'), '404', 'later');
is(said('longest/endless'), '404', 'no end at all');
is(said('longest/gone'), '308 -> /ok', 'not meant for a time');
is(said('longest/later'), '307 -> /ok', 'from its from=');
is(said('longest/long'), '404', 'from its from=, too long');
my $log = own_log($server);
like($log, qr{longest/\.htaccess:2: Redirect307: '\./far' is in force for longer than longest= of Redirect307Limits allows; write an earlier until=; this line is left out}, 'told of');
like($log, qr{longest/\.htaccess:3: Redirect307: '\./endless' has no end, and longest= of Redirect307Limits asks for one}, 'and the endless one');

put('require/all/.htaccess', "Redirect307 ./a /b\n", 100);
is(said('all/a'), '307 -> /b', 'where nothing is required nothing is missed');
unlike(own_log($server), qr{require/all/}, 'nor said');
# written a month ago, it has had its time
put('require/longest/.htaccess', "Redirect307 ./near /ok until=$near\n", 86400 * 10);
is(said('longest/near'), '404', 'an older file has less of it left');

stop_server($server);
my %wanted = (
    refuse => { 'server/none' => '404', 'server/end' => '307 -> /x', 'server/review' => '404', 'server/308' => '308 -> /x', 'server/stay' => '404',
                'sheet/none' => '404', 'whole/none' => '307 -> /x', 'require/maps-refuse/folder/none' => '404', 'require/maps-refuse/folder/end' => '307 -> /x',
                'require/maps-refuse/tenant/none' => '404', 'require/maps-refuse/tenant/end' => '307 -> /x' },
    warn => { 'server/none' => '307 -> /x', 'server/308' => '308 -> /x', 'sheet/none' => '307 -> /x', 'require/maps-warn/folder/none' => '307 -> /x',
              'require/maps-warn/tenant/none' => '307 -> /x' },
);
for my $how (qw(refuse warn)) {
    $server = own_server(with_maps($how), only => ['dir']);
    my $end = $how eq 'refuse' ? 'this line is left out' : 'it works';
    for my $path (sort keys %{ $wanted{$how} }) {
        my $reply = raw("GET /$path HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n", port => $server->{port});
        my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
        my ($location) = each_header($reply, 'Location');
        is($code . (defined $location ? " -> $location" : ''), $wanted{$how}{$path}, "a map, $how: $path");
    }
    $log = own_log($server);
    for my $of ("server\\.map:1: '/server/none'", "sheet\\.csv:2: '/sheet/none'", "folder/folder\\.map:1: 'none'", "tenant/tenant\\.map:1: 'none'") {
        like($log, qr{$of .*has no end, and Redirect307Require until asks for one; .*; $end; said of one line}, "$how: said of $of");
    }
    my @said = $log =~ m{test\.conf:(\d+): Redirect307Map: lines of this map that have no until= are left out, as Redirect307Require asks}g;
    is("@said", $how eq 'refuse' ? '2 3 10' : '', "$how: and at the start");
    stop_server($server);
}
my ($exit, $said) = conf_test("Redirect307Require review refuse\nRedirect307Map \"${\root()}/require/server.map\"\nRedirect307Map \"${\root()}/require/whole.map\" status=301\n");
is($exit, 0, 'a map keeps no server from starting');
like($said, qr{test\.conf:2: Redirect307Map: lines of this map that have neither until= nor review= are left out}, 'but -t says what becomes of it');
unlike($said, qr{test\.conf:3: }, 'and nothing of one that is not meant for a time');

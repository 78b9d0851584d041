# SPDX-License-Identifier: Apache-2.0
# needs no conf
# redirect307ctl report --unused: a server counts, and the tool finds the same rules in what it
# kept: of a .htaccess, of the map that it names, and of a map of httpd.conf.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use POSIX qw(strftime);

once();

my $kept = root() . '/../unused.kept';
unlink $kept;
my $site = root() . '/unused';
put('unused/t/.htaccess', "Redirect307 /t/used /there\nRedirect307 /t/idle /there\nRedirect307Map tenant.csv\n"
    . "Redirect307 /t/over /there until=2020-01-01\nRedirect307 /t/later /there from=2190-01-01\nRedirect307 named /there name=n host=a.test\n", 10);
put('unused/t/tenant.csv', "source,target\n/t/m1,/there\n/t/m2,/there\n", 10);
put('unused/u/.htaccess', "Redirect307 /u/never /there\n", 10);
put('unused/sheet.map', "/s/1 /there\n/s/2 /there\n", 10);
my $server = own_server(<<"EOT", only => ['dir']);
Redirect307Hits on keep=$kept
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
Redirect307Map "$site/sheet.map"
Redirect307 /conf /there
EOT
for my $path (qw(/t/used /t/m1 /s/2 /t/named)) {
    my $reply = raw("GET $path HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 30);
    like($reply, qr{^HTTP/1\.1 307 }, "$path is hit");
}
stop_server($server);       # which writes the file
ok(-s $kept, 'hits were kept');

# Exit status and everything printed, in so many days from now.
sub report
{
    my ($days, @words) = @_;
    my $at = strftime('%Y-%m-%dT%H:%MZ', gmtime(time + $days * 86400));
    @words = map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @words;
    my $text = qx($ENV{R307_CTL} report --at $at --hits $kept @words 2>&1 </dev/null);
    return ($? >> 8, $text);
}
sub rules { return join ' ', sort $_[0] =~ /^UNUSED +(\S+)/mg }

my ($status, $text) = report(100, '--unused', '90d', "$site/t");
is_deeply([$status, rules($text)], [1, '/t/idle /t/m1 /t/m2 /t/used n'], 'after a hundred days all of them are idle') or diag($text);
like($text, qr{^UNUSED +/t/used +- +last hit \d+ \w+ \d{4}, \d\d:\d\d UTC \(\d+ days ago\); if nobody needs it, take it out  \S+/t/\.htaccess:1$}m, 'with the last hit');
like($text, qr{^UNUSED +/t/idle +- +never hit, and there since .*/t/\.htaccess:2$}m, 'or since when it is there');
like($text, qr{^UNUSED +/t/m2 .*/t/tenant\.csv:3$}m, 'of a map, too');

# a file that was changed since may have new rules: nothing is claimed of those never hit
utime time + 99 * 86400, time + 99 * 86400, "$site/t/.htaccess";
is(rules((report(100, '--unused', '90d', "$site/t"))[1]), '/t/m1 /t/m2', 'a file that was changed');
utime time - 10, time - 10, "$site/t/.htaccess";

is(rules((report(100, '--unused', '90d', "$site/sheet.map"))[1]), '/s/1 /s/2', 'a map of httpd.conf');
($status, $text) = report(100, '--unused', '90d', "$site/u");
is_deeply([$status, rules($text)], [2, ''], 'a file none of whose rules was ever hit');
like($text, qr/none of its rules was ever hit, or the server knows it by another path/, 'is told, and nothing claimed');
chdir "$site/t" or die "$!\n";
is(rules((report(100, '--unused', '90d', '.'))[1]), '/t/idle /t/m1 /t/m2 /t/used n', 'by a relative name');
put('unused/part.conf', "Redirect307 /conf /there\n", 10);
($status, $text) = report(100, '--unused', '90d', "$site/part.conf");
is($status, 2, 'a part of httpd.conf');
like($text, qr/which of its rules are unused cannot be told/, 'is told');

put('unused/whole.conf', "ServerRoot $site\nRedirect307Map sheet.map\nRedirect307 /conf /there\n", 10);
($status, $text) = report(100, '--unused', '90d', '-f', "$site/whole.conf");
is_deeply([$status, rules($text)], [2, '/s/1 /s/2'], 'a whole httpd: its maps') or diag($text);
like($text, qr/which of its rules are unused cannot be told/, 'and what is not told');

for my $row (['90d', qr/hits are counted since \d{4}-\d\d-\d\d, and what is not used for so long cannot be told/], ['soon', qr/--unused 'soon' is no/]) {
    ($status, $text) = report(10, '--unused', $row->[0], "$site/t");
    is($status, 2, "--unused $row->[0]");
    like($text, $row->[1], 'why not');
}
my $no = qx($ENV{R307_CTL} report --unused 90d $site/t 2>&1);
like($no, qr/write --hits FILE/, 'without the file');
put('unused/foreign', "hello\n");
like(qx($ENV{R307_CTL} report --unused 90d --hits $site/foreign $site/t 2>&1), qr/has no hits; name the file of Redirect307Hits on keep=FILE/, 'another file');
like((report(100, '--unused', '90d', '--format', 'json', "$site/t"))[1], qr/"kind": "UNUSED"/, 'in all formats');
unlink $kept;

done_testing();

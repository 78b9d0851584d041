# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Which .htaccess files were served, on the page about the server: what their rules are, which limits
# they reached, and which other hosts their lines send people to; over versions, restarts and
# children that are killed.
use strict;
use warnings FATAL => 'all';
use JSON::PP;
use R307;
use R307::Processes;
use R307::Site;
use Time::HiRes qw(sleep time);

plan tests => 46;

my $site = root() . '/served';
my $odd = 'a<script>b"&';
put('served/plain/.htaccess', join('', map { "Redirect307 /plain/$_ /there\n" } 1 .. 20), 10);
put('served/bad/.htaccess', "Redirect307 /bad/a /there\nRedirect307 /bad/b\nRedirect307 /bad/c /there until=never\n", 10);
put('served/limited/.htaccess', join('', map { "Redirect307 /limited/$_ /there\n" } 1 .. 4)
    . "Redirect307Match ^/limited/r /there\nRedirect307Match ^/limited/s /there\nRedirect307 /limited/far https://far.example/\n", 10);
put('served/hosts/.htaccess', "Redirect307 /hosts/a https://One.example/\nRedirect307 /hosts/own https://main.test/\n"
    . "Redirect307 /hosts/alias https://www.main.test/\nRedirect307 /hosts/\$ /there\n"
    . "RewriteEngine on\nRewriteCond %{HTTP_REFERER} google\nRewriteRule ^ https://pills.example/\$1 [R]\n"
    . "Redirect /hosts/two \\\n https://two.example/\n# Redirect /x https://remark.example/\n", 10);
put("served/$odd/.htaccess", "Redirect307 /odd/a /there\n", 10);
put('served/own/.htaccess', "Redirect307Status own link=look=correct-horse-battery\nRedirect307 /own/a /there\n", 10);
put('served/none/page.html', 'here', 10);

my $server = own_server(<<"EOT", only => ['dir', 'alias', 'rewrite', 'status']);
ServerName main.test
${\status_conf($site)}
<Directory "$site/limited">
    Redirect307Limits rules=5 regex=1 targets=same-site
</Directory>
<VirtualHost *:\@PORT\@>
    ServerName main.test
    ServerAlias www.main.test
</VirtualHost>
EOT

sub ask
{
    my ($path, $host) = @_;
    my $reply = raw("GET $path HTTP/1.0\r\nHost: " . ($host || 'main.test') . "\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($head, $body) = split /\r\n\r\n/, $reply, 2;
    $head //= '';               # who is killed answers nothing
    return (($head =~ m{^HTTP/1\.\d (\d+)})[0] // 0, $head, $body // '');
}

sub all { return decode_json((ask('/redirects?json'))[2]) }
sub file { my ($all, $name) = @_; my ($file) = grep { $_->{directory} eq "$site/$name" } @{ $all->{htaccess} }; return $file || {} }
sub hosts { my ($file) = @_; return join ' ', sort map { $_->{host} } @{ $file->{hosts} || [] } }

# --- before anybody asked

is(scalar @{ all()->{htaccess} }, 0, 'nothing was served');
like((ask('/redirects'))[2], qr{Those whose rules were asked since the server started, 0 here\. <code>redirect307ctl hosts DIR</code> looks at all}, 'the page says what it knows');

# --- what is known

ask("/$_/page") for qw(plain bad limited none), 'a%3Cscript%3Eb%22%26';
ask('/hosts/page', 'pills.example');
my $all = all();
is(scalar @{ $all->{htaccess} }, 5, 'five files with rules');
my $plain = file($all, 'plain');
is(join(' ', map { $plain->{$_} // 'none' } qw(rules rules_most regexes regexes_most skipped)), '20 none 0 none 0', 'its rules');
is(scalar @{ $plain->{limits_reached} }, 0, 'no limit');
is($plain->{hosts_more}, 0, 'no host');
like($plain->{first_seen}, qr{^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$}, 'first seen');
is($plain->{first_seen}, $plain->{last_seen}, 'and last');
is(file($all, 'bad')->{rules}, 1, 'a line that is none is no rule');
is(file($all, 'bad')->{skipped}, 2, 'and is counted');
my $limited = file($all, 'limited');
is("$limited->{rules} of $limited->{rules_most}, $limited->{regexes} of $limited->{regexes_most}", '7 of 5, 2 of 1', 'what a tenant uses of its limits');
is(join(' ', sort @{ $limited->{limits_reached} }), 'regex rules targets', 'which limits it reached');
is(hosts(file($all, 'hosts')), 'one.example pills.example two.example', 'other hosts, of ours and of other modules\' lines, whatever the client calls the server');
is(join(' ', sort map { $_->{host} } @{ $all->{new_hosts} }), 'far.example one.example pills.example two.example', 'they are new');
is((grep { $_->{host} eq 'far.example' } @{ $all->{new_hosts} })[0]{directory}, "$site/limited", 'with their directory');
like(join("\n", map { "$_->{kind}: $_->{text}" } @{ $all->{needs} }), qr{^doubtful: 4 other hosts are new in \.htaccess files since yesterday}m, 'which somebody has to look at');
like(join("\n", map { $_->{text} } @{ $all->{needs} }), qr{^1 \.htaccess file has lines that are skipped}m, 'as at skipped lines');
like(join("\n", map { $_->{text} } @{ $all->{needs} }), qr{^1 \.htaccess file has rules past Redirect307Limits}m, 'and limits');

my $html = (ask('/redirects'))[2];
like($html, qr{<h2 id="files">\.htaccess files</h2>}, 'on the page');
like($html, qr{data-of="host">pills\.example</td><td[^>]*>\Q$site\E/hosts</td>}, 'new hosts');
like($html, qr{data-of="rules">7 of 5</td><td[^>]*>2 of 1</td>}, 'limits');
like($html, qr{>regex=|rules=, regex=, targets=<}, 'those reached');
like($html, qr{a&lt;script&gt;b&quot;&amp;</td>}, 'a hostile directory is text');
unlike($html, qr{<script}, 'and nothing else');
like($html, qr{<a href="#files">}, 'with a way there');
my ($first) = $html =~ m{<tbody>\n<tr><td class="c" data-of="directory">([^<]+)<}s;
is($first, "$site/limited", 'those with news first');

my $metrics = (ask('/redirects?metrics'))[2];
like($metrics, qr{^redirect307_htaccess_files 5$}m, 'metrics: files');
like($metrics, qr{^redirect307_htaccess_skipped_lines 2$}m, 'skipped lines');
like($metrics, qr{^redirect307_htaccess_limited_files 1$}m, 'limits');
like($metrics, qr{^redirect307_htaccess_new_hosts 4$}m, 'new hosts');
like($metrics, qr{^redirect307_htaccess_memory_misses_total [1-9]\d*$}m, 'files that httpd read');

ask('/own/page');
unlike((ask('/own/page?look=correct-horse-battery'))[2], qr{served/plain|pills|id="files"}, 'the page of a tenant has nothing of it');
unlike((ask('/own/page?look=correct-horse-battery&json'))[2], qr{htaccess":|new_hosts}, 'as JSON neither');

# --- from memory, and another version

ask('/plain/page') for 1 .. 10;
is(scalar(grep { $_->{directory} eq "$site/plain" } @{ all()->{htaccess} }), 1, 'what is read from memory is the same file');

my $until = time + 30;
my $memory;
until (($memory = all()->{htaccess_memory})->{hits} || time > $until) {
    ask('/plain/page');
    sleep 0.1;
}
is(join(' ', map { $memory->{$_} > 0 ? $_ : () } qw(files bytes bytes_most hits misses built)), 'files bytes bytes_most hits misses built', 'what is read from memory is counted');
put('served/plain/.htaccess', "Redirect307 /plain/x https://new.example/\nRedirect307 /plain/y /there\n", 5);
$until = time + 30;
until (hosts(file($all = all(), 'plain')) eq 'new.example' || time > $until) {
    ask('/plain/page');
    sleep 0.1;
}
is(hosts(file($all, 'plain')), 'new.example', 'another version: its hosts');
is(file($all, 'plain')->{rules}, 2, 'its rules');
is(file($all, 'plain')->{first_seen}, $plain->{first_seen}, 'the same file');

# --- who restarts, and who dies

my @before = map { "$_->{directory} $_->{rules} " . hosts($_) } @{ all()->{htaccess} };
reload($server, 'USR1');
is(join("\n", sort map { "$_->{directory} $_->{rules} " . hosts($_) } @{ all()->{htaccess} }), join("\n", sort @before), 'a graceful restart keeps it');
my @children = serving($server);
ok(scalar @children, 'there are children');
kill 'KILL', @children;
$until = time + 30;
sleep 0.1 until (ask('/none/page.html'))[0] == 200 || time > $until;
is((ask('/bad/page'))[0], 404, 'they are killed, others answer');
is(scalar @{ all()->{htaccess} }, scalar @before, 'and it is still there');

# --- somebody who makes directories without end

put("served/many/$_/.htaccess", "Redirect307 /many/$_/a https://h$_.example/\n", 10) for 1 .. 300;
ask("/many/$_/page") for 1 .. 300;
$all = all();
is(scalar @{ $all->{htaccess} }, scalar(@before) + 300 - $all->{htaccess_evicted}, 'many files');
like((ask('/redirects'))[2], qr{And \d+ more; \?json has them all}, 'and the page shows some of them');

# --- met in memory: what only subrequests asked for so far is not noted, and is read from there

put('served/memory/.htaccess', "Redirect307 /memory/a /there\nRedirect307Match ^/memory/r /there\nRedirect307Match ^/memory/s /there\n", 10);
put('served/asking/page.shtml', qq{<!--#include virtual="/memory/page" -->\n}, 10);
$server = own_server(<<"EOT", only => ['dir', 'alias', 'rewrite', 'status', 'include']);
LogLevel redirect307:trace1
${\status_conf($site)}
<Directory "$site/asking">
    Options +Includes
    SetOutputFilter INCLUDES
</Directory>
EOT
$until = time + 60;
until (own_log($server) =~ m{/memory/\.htaccess is read from memory} || time > $until) {
    ask('/asking/page.shtml');
    sleep 0.1;
}
is(scalar @{ all()->{htaccess} }, 0, 'subrequests are not noted');
ask('/memory/page');
is(join(' ', map { $_ // 'none' } @{ file(all(), 'memory') }{qw(rules regexes)}), '3 2', 'a file met in memory: its rules, its regexes');
stop_server($server);

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The page about a server: what it says, to people, programs and Prometheus; what it answers is what
# the server answers; nothing that anybody wrote is more than text in it; and who may not see it,
# does not.
use strict;
use warnings FATAL => 'all';
use JSON::PP;
use R307;
use R307::Site;
use Time::HiRes qw(time);

plan tests => 85;

my $site = root() . '/status';
put('status/page.html', 'here', 10);
put('status/t/.htaccess', "Redirect307 /t/x /there/%{arg:to}\nSetHandler redirect307-status\n", 10);
put('status/own/.htaccess', "Redirect307Status server\nRedirect307 /own/x /there\n", 10);
put('status/closed/.htaccess', "Require all denied\nRedirect307 /closed/x /there\n", 10);
put('status/one.map', join('', map { "/sheet/$_ /leaf/$_ until=2199-01-01\n" } 1 .. 250) . "no rule at all\n", 10);
my $evil = '/x"><script>alert(1)</script>';
my $flag = "$site/down.on";
put('status/down.on', '', 10);

my $server = own_server(<<"EOT", only => ['dir', 'status']);
ServerName main.test
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo AuthConfig
</Directory>
<Location "/redirects">
    SetHandler redirect307-status
    Redirect307Status server
</Location>
<Location "/not-allowed">
    SetHandler redirect307-status
</Location>
<Location "/place">
    Redirect307Maintenance /down/ flag="$flag"
</Location>
<VirtualHost *:\@PORT\@>
    ServerName main.test
    Redirect307 /shop /winter-shop name=winter until=2199-12-26 owner=web "note=the goose <b>"
    Redirect307 /over /gone until=2020-01-01
    Redirect307 /seen /there review=2020-01-01
    Redirect307 $evil /there
    Redirect307Match ^/glued/(.*)\$ https://h.example\$1
    Redirect307 /only /there header=X-Tester method=POST
    Redirect307 /first /second
    Redirect307 /second /third
    Redirect307Map "$site/one.map"
    Redirect307Map "$site/none.map"
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName other.test
    Redirect307 /shop /other-shop name=winter status=303
</VirtualHost>
EOT

sub ask
{
    my ($path, %with) = @_;
    my $host = $with{host} || 'main.test';
    my $method = $with{method} || 'GET';
    my $more = join '', map { "$_\r\n" } @{ $with{headers} || [] };
    my $reply = raw("$method $path HTTP/1.0\r\nHost: $host\r\n$more\r\n", port => $server->{port}, timeout => 30);
    my ($head, $body) = split /\r\n\r\n/, $reply, 2;
    my ($code) = $head =~ m{^HTTP/1\.\d (\d+)};
    return ($code // 0, $head, $body // '');
}

sub body { my (undef, undef, $body) = ask(@_); return $body }
sub encode { return $_[0] =~ s/([^A-Za-z0-9\/.-])/sprintf '%%%02X', ord $1/ger }

# What the box says to a question.
sub explained
{
    my ($url, %with) = @_;
    my $query = join '&', 'json', 'explain=' . encode($url), map { "$_=" . encode($with{$_}) } sort keys %with;
    return decode_json(body("/redirects?$query"));
}

sub rule { my ($all, $source, $host) = @_; my ($rule) = grep { ($_->{source} // '') eq $source && (!$host || $_->{host} eq $host) } @{ $all->{rules} }; return $rule }

# --- who sees it

my ($code, $head, $html) = ask('/redirects');
is($code, 200, 'the page is there');
for my $header ('Cache-Control: no-store', 'X-Content-Type-Options: nosniff', 'X-Frame-Options: DENY', 'X-Robots-Tag: noindex',
                'Referrer-Policy: no-referrer', 'Content-Type: text/html; charset=utf-8') {
    like($head, qr{^\Q$header\E\r?$}m, $header);
}
like($head, qr{^Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r?$}m, 'no script, no style but its own');
unlike($html, qr{<script|\son\w+=|\sstyle=|<style}i, 'and none is in it');
is((ask('/not-allowed'))[0], 404, 'SetHandler alone shows nothing');
is((ask('/t/page'))[0], 404, 'in a .htaccess, neither');
is((ask('/own/x'))[0], 307, 'Redirect307Status server does not stand in a .htaccess');
like(own_log($server), qr{/own/\.htaccess:1: Redirect307Status: a \.htaccess has a page of its own alone}, 'which is told');
is((ask('/redirects', method => 'POST', headers => ['Content-Length: 0']))[0], 405, 'nothing is to be changed there');
is((ask('/redirects', method => 'HEAD'))[0], 200, 'HEAD');
like((ask('/redirects?style'))[1], qr{^Content-Type: text/css}m, 'the style sheet');

# --- what it says to people

like($html, qr{<h1>Answering\. 259 rules, \d+ things need you\.</h1>}, 'one sentence');
like($html, qr{does not work</td><td[^>]*>1 line of \S+one\.map is skipped}, 'a line that is none');
like($html, qr{does not work</td><td[^>]*>the map \S+none\.map cannot be read, and has no rules}, 'a map that cannot be read');
like($html, qr{closed</td><td[^>]*>maintenance is on: \S+down\.on is there; to open again: rm \S+down\.on}, 'maintenance that is on');
like($html, qr{due</td><td[^>]*>R307-A20 &#39;/gone&#39; [^<]*take the line out</td><td[^>]*>\S+:\d+</td>}, 'a rule that is over, with its place');
like($html, qr{due</td><td[^>]*>R307-A20 &#39;/there&#39; [^<]*review=2020-01-01 has come}, 'a review that has come');
like($html, qr{doubtful</td><td[^>]*>R307-A01 }, 'what lint said at the start');
like($html, qr{without end</td><td[^>]*>\d+ temporary rules have neither an end nor a date}, 'rules without an end');
my @order = $html =~ m{<td class="k">([^<]+)</td>}g;
is((join ', ', map { $order[$_] ne ($order[$_ - 1] // '') || !$_ ? $order[$_] : () } 0 .. $#order), 'does not work, closed, due, doubtful, without end', 'the worst first');
like($html, qr{<svg [^>]*role="img"}, 'the windows are drawn');
like($html, qr{/x&quot;&gt;&lt;script&gt;alert\(1\)&lt;/script&gt;}, 'a hostile rule is text');
like($html, qr{the goose &lt;b&gt;}, 'and so is a note');
is(scalar(() = $html =~ m{data-of="target"}g), 100, 'a hundred rules are on the first page');
my ($next) = $html =~ m{<a href="\?([^"#]*)#rules">next page</a>};
$next =~ s/&amp;/&/g;
like(body("/redirects?$next"), qr{/sheet/9[0-9]<}, 'the next page goes on');
like(body('/redirects?q=leaf/217'), qr{data-of="target">/leaf/217<}, 'a filter by text');
is(scalar(() = body('/redirects?state=over') =~ m{data-of="target"}g), 1, 'a filter by state');
my $hostile = body('/redirects?q=' . encode($evil) . '&state=' . encode($evil) . '&explain=' . encode($evil) . '&method=' . encode('"><b>') . '&headers=' . encode("$evil\r\nX: y") . '&at=' . encode($evil));
unlike($hostile, qr{<script|"><b>}, 'what is asked is text, too');
unlike(body('/redirects', host => $evil, headers => ["Referer: http://x/$evil"]), qr{<script}, 'and Host and Referer');

# --- what it answers

is(explained('/shop/lamps')->{location}, '/winter-shop/lamps', 'the box: a rule');
like(explained('/shop/lamps')->{rule}, qr{^/shop /winter-shop .*name=winter.* \(\S+:\d+\)$}, 'and which one');
is(explained('http://other.test/shop')->{status}, 303, 'of another host');
is(explained('http://other.test/shop')->{location}, '/other-shop', 'its own');
is(explained('/page.html')->{outcome}, 'no rule answers', 'none');
like(explained('/only')->{steps}[0], qr{passed over: .*(?:method|header)=}, 'which was passed over, and why');
is(explained('/only', method => 'POST', headers => 'X-Tester: yes | Accept: x/y')->{location}, '/there', 'with method and headers');
is(explained('/over', at => '2019-12-24')->{location}, '/gone', 'at another time');
like(explained('/over')->{steps}[0], qr{its time is over: 2020-01-01}, 'now it is over');
like(explained('/glued/.evil.example')->{outcome}, qr{^refused: R307-G11}, 'what is refused');
is(explained('/t/x?to=y')->{location}, '/there/y', 'a rule of a .htaccess');
like(explained('/closed/x')->{before}, qr{^httpd answers 403 before}, 'a directory that is closed stays closed');
my $place = explained('/place/x');
like($place->{outcome}, qr{^503, Retry-After \d+}, 'a place with maintenance');
is($place->{status}, 503, 'its status');
like($place->{rule}, qr{^Redirect307Maintenance /down/ .*flag=\S+ \(\S+:\d+\)$}, 'its line');
is(explained('/place/x')->{status}, (ask('/place/x'))[0], 'as the server answers');
like(explained('javascript:alert(1)')->{error}, qr{^that is no URL}, 'no URL');
like(explained('/shop lamps')->{error}, qr{^a URL has no spaces}, 'a space');
like(explained('/shop', method => 'GET /')->{error}, qr{^that is no method}, 'no method');
like(explained('/shop', headers => 'nonsense')->{error}, qr{^that is no header}, 'no header');
like(explained('/shop', at => 'tomorrow')->{error}, qr{the time }, 'no time');
for my $path ('/shop/lamps?x=1', '/sheet/7', '/second', '/page.html') {
    my ($code, $head) = ask($path);
    my ($location) = $head =~ /^Location: (.*?)\r?$/m;
    is(explained($path)->{location} // '-', $location // '-', "it is what the server answers: $path");
}

# --- to programs

my $before = decode_json(body('/redirects?json'));
ask('/shop') for 1 .. 2;
ask('/shop', headers => ['Referer: http://main.test/a']);
ask('/sheet/42');
ask('/glued/.evil.example');
my $all = decode_json(body('/redirects?json'));
is(scalar @{ $all->{rules} }, 259, 'JSON has all rules');
my $shop = rule($all, '/shop', 'main.test');
is($shop->{hits} - rule($before, '/shop', 'main.test')->{hits}, 3, 'with their hits');
is($shop->{hits_own_referer}, 1, 'those by links on the site');
like($shop->{last_hit}, qr{^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$}, 'when last');
like($shop->{first_seen}, qr{^\d{4}-\d\d-\d\dT00:00:00Z$}, 'since when');
is(join(' ', map { $shop->{$_} } qw(source target status state name)), '/shop /winter-shop 307 on winter', 'what it is');
like($shop->{place}, qr{test\.conf:\d+$}, 'where it stands');
is(rule($all, '/sheet/42')->{hits}, 1 + rule($before, '/sheet/42')->{hits}, 'lines of maps, too');
like(rule($all, '^/glued/(.*)$')->{findings}[0], qr{^R307-A01 }, 'and what is doubtful');
is(rule($all, $evil)->{source}, $evil, 'a hostile rule is what it is');
ok((grep { $_->{kind} eq 'refused' } @{ $all->{needs} }), 'what was refused needs somebody');
is((join ' ', sort keys %{ rule($all, '/first') }), 'findings first_seen hits hits_own_referer hits_this_month host last_hit name place source state status target', 'and no more');

# --- to Prometheus

# What is wrong with a text of metrics by its own grammar: each series behind its TYPE, once, with
# a number; in OpenMetrics counters are families without _total, and the end is told.
sub faults
{
    my ($text, $is_open) = @_;
    my (%type, %seen, @faults);
    my $end = $is_open ? $text =~ s/# EOF\n\z// : 1;
    push @faults, 'no end' unless $end;
    push @faults, 'no newline at the end' unless $text =~ /\n\z/;
    for my $line (split /\n/, $text) {
        if ($line =~ /^# TYPE ([a-z0-9_]+) (counter|gauge)$/) {
            push @faults, "twice: $line" if $type{$1};
            $type{$1} = $2;
            push @faults, "$line: _total" if $2 eq 'counter' && ($1 =~ /_total$/) == ($is_open ? 1 : 0);
            next;
        }
        next if $line =~ /^# HELP [a-z0-9_]+ \S/;
        my ($name, $labels, $value) = $line =~ /^([a-z0-9_]+)(\{(?:[a-z]+="(?:[^"\\]|\\[\\"n])*",?)+\})? (\d+)$/ or do { push @faults, "no series: $line"; next };
        my $family = $is_open && $name =~ /_total$/ ? $name =~ s/_total$//r : $name;
        push @faults, "no TYPE: $line" unless $type{$family};
        push @faults, "twice: $line" if $seen{ $name . ($labels // '') }++;
    }
    return join "\n", @faults;
}

# --- a map that is written again

my ($was) = @{ $all->{maps} };
is(scalar @{ $was->{versions} }, 1, 'a map is at its first version');
put('status/one.map', join('', map { "/sheet/$_ /leaf/$_ until=2199-01-01\n" } 1 .. 240), 5);
my $map;
for (my $until = time + 60; time < $until; sleep 0.2) {
    ($map) = @{ decode_json(body('/redirects?json'))->{maps} };
    last if @{ $map->{versions} } == 2;
}
is(join(', ', map { "$_->{lines} and $_->{skipped}" } @{ $map->{versions} }), '240 and 0, 250 and 1', 'then at another one, and what it was is known');
is($map->{versions}[1]{written}, $was->{written}, 'with the time of its file');
ok($map->{versions}[0]{since} ge $map->{versions}[1]{since}, 'and since when it held');
like(body('/redirects'), qr{<tr class="q"><td>before</td><td[^>]*>250</td><td[^>]*>1</td>}, 'which is on the page');

my ($status, $type, $text) = ask('/redirects?metrics');
like($type, qr{^Content-Type: text/plain; version=0\.0\.4; charset=utf-8\r?$}m, 'metrics as text 0.0.4');
is(faults($text, 0), '', 'are that');
like($text, qr{^redirect307_rule_hits_total\{rule="winter",vhost="main\.test"\} 4$}m, 'a rule with a name');
like($text, qr{^redirect307_vhost_hits_total\{vhost="other\.test"\} 0$}m, 'a virtual host by its ServerName');
unlike(body('/redirects?metrics', host => 'evil.test'), qr{evil\.test}, 'and never by what was asked for');
like($text, qr{^redirect307_refused_total\{verdict="R307-G11"\} 1$}m, 'a verdict');
(undef, $type, $text) = ask('/redirects?metrics', headers => ['Accept: application/openmetrics-text; version=1.0.0, text/plain;q=0.5']);
like($type, qr{^Content-Type: application/openmetrics-text; version=1\.0\.0; charset=utf-8\r?$}m, 'OpenMetrics for who asks for it');
is(faults($text, 1), '', 'is that');

SKIP: {
    my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
    skip 'there is no promtool', 1 unless $promtool;
    open my $out, '|-', "$promtool check metrics" or die "promtool: $!\n";
    print {$out} scalar body('/redirects?metrics');
    ok(close $out, 'promtool finds no fault');
}

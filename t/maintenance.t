# SPDX-License-Identifier: Apache-2.0
# Redirect307Maintenance in one server: who gets what, whoever makes the page, and the flag.
use strict;
use warnings FATAL => 'all';
use Digest::SHA ();
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

plan 'no_plan';

my @v = (vhost => 'maintenance');
my $port = port('maintenance');
my $logs = vars('t_logs');
my $log = 'maintenance_log';
mark_log($log);
my %navigates = (headers => { 'Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Dest' => 'document' });
my %old_browser = (headers => { 'Upgrade-Insecure-Requests' => 1 });
my %fetches = (headers => { 'Sec-Fetch-Mode' => 'cors', 'Upgrade-Insecure-Requests' => 1 });

sub get  { return answer(shift, @v, @_) }
sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }

# One line that says all that a 503 of ours has to have.
sub held
{
    my $r = shift;
    my @kept = grep { defined $r->header($_) } qw(ETag Last-Modified Accept-Ranges Location);
    return join ' ', $r->code, 'Retry-After', $r->header('Retry-After') // '-',
        'Cache-Control', join(',', $r->header('Cache-Control')), @kept;
}
my $held = qr{^503 Retry-After \d+ Cache-Control no-store$};

# ---- files ------------------------------------------------------------------------------

my $hello = "we are down for now\n";
put("maintenance/$_", $hello) for qw(down.html by-file/down.html by-directory/down/index.html served/index.html
    locked/down.html auto/down/index.html always-307/down/index.html window/in/down.html
    window/before/down.html window/after/down.html report/down/index.html off/down/index.html full-url/down/index.html
    flag/down/index.html always-open/down/index.html if/down/index.html tenant/down/index.html);
put('maintenance/served/open', "open\n");
put('maintenance/by-ssi/down.shtml', qq{<!--#include virtual="part.txt" -->});
put('maintenance/by-ssi/part.txt', $hello);
chmod 0755, put('maintenance/by-cgi/down.cgi', "#!$^X\nprint \"Content-Type: text/html\\n\\n$hello\";\n");
chmod 0755, put('maintenance/by-cgi-200/down.cgi', "#!$^X\nprint \"Status: 200 OK\\nContent-Type: text/html\\nETag: \\\"x\\\"\\n"
    . "Cache-Control: max-age=600\\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\\nRetry-After: 1\\n\\n$hello\";\n");
chmod 0755, put('maintenance/handler.cgi', "#!$^X\nprint \"Status: 200 OK\\nContent-Type: text/html\\n"
    . "Expires: Thu, 19 Nov 1981 08:52:00 GMT\\nPragma: no-cache\\n\\n$hello\";\n");
put('maintenance/by-action/down.phplike', 'never shown');
put('maintenance/auto/down/style.css', "p { color: red }\n");
put('maintenance/auto/healthz', "fine\n");
put('maintenance/auto/img/logo.svg', "<svg/>\n");
put('maintenance/auto/page.html', "the real page\n");
put('maintenance/flag/page.html', "the real page\n");
put('maintenance/always-open/page.html', "the real page\n");
put('maintenance/tenant/page.html', "the tenant's page\n");
put('maintenance/robots.txt', "User-agent: *\n");
put('../logs/maintenance.passwd', 'sesame:{SHA}' . Digest::SHA::sha1_base64('open') . "=\n");

# ---- whoever makes the page -------------------------------------------------------------

my %page = (file => 'down.html', directory => 'down/', ssi => 'down.shtml', cgi => 'down.cgi', 'cgi-200' => 'down.cgi',
            action => 'down.phplike', proxy => 'down/');
for my $by (sort keys %page) {
    for my $path ("/by-$by/$page{$by}", "/by-$by/any/thing?x=1") {
        for my $method (qw(GET HEAD POST PUT DELETE OPTIONS PROPFIND)) {
            my $r = get($path, method => $method, $method =~ /^P/ ? (content => 'a=b') : ());
            my $is_fine = held($r) =~ $held && $r->content eq ($method eq 'HEAD' ? '' : $hello)
                && $r->header('Retry-After') == 300;
            ok($is_fine, "page by $by: $method $path") or diag(held($r), "\n", $r->content);
        }
    }
    my $r = get("/by-$by/$page{$by}", headers => { 'If-None-Match' => '*', 'If-Modified-Since' => 'Fri, 01 Jan 2100 00:00:00 GMT',
                                                   Range => 'bytes=0-1' });
    ok(held($r) =~ $held && $r->content eq $hello, "page by $by: conditions and ranges mean nothing") or diag($r->as_string);
}
ok(!defined get('/by-directory/down')->header('Location'), 'the page without its slash is no redirect for a program');
is(get("/by-$_/$page{$_}", method => 'HEAD')->header('Content-Length'), length $hello, "page by $_: HEAD tells the length of what GET gets") for qw(file cgi proxy);

for my $row (['nobody', 'a page that is missing'], ['locked', 'a page behind a password']) {
    for my $method (qw(GET HEAD POST PUT)) {
        my $r = get("/by-$row->[0]/x", method => $method, $method =~ /^P/ ? (content => 'a=b') : ());
        like(held($r), $held, "$row->[1]: $method is 503 all the same");
    }
}
my $r = get('/by-url/x', %navigates);
is(told($r), '307 -> https://status.example/', 'a page elsewhere: a page load is sent there');
$r = get('/by-url/x', method => 'POST', content => 'a=b');
like(held($r), $held, '... and everything else gets 503 here');
is($r->content, "the administrator's own text", '... with the text of an ErrorDocument where there is one');

# what the proxy loses when a HEAD leaves a body on its connection
my $lost = 0;
for my $n (1 .. 20) {
    my $head = get('/by-proxy/down/', method => 'HEAD');
    my $post = get('/by-proxy/x', method => 'POST', content => 'a=b');
    $lost++ unless held($head) =~ $held && held($post) =~ $held && $post->content eq $hello;
}
is($lost, 0, 'HEAD and POST in turn through the proxy: not one of 40 lost');

# ---- bodies -----------------------------------------------------------------------------

for my $by (qw(file cgi-200 proxy)) {
    my $reply;
    soon(2.5, "page by $by: the connection of a body that stalls ends", sub {
        $reply = raw("POST /by-$by/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", @v, timeout => 3);
    });
    like($reply, qr{^HTTP/1\.1 503 .*\r\nConnection: close\r\n.*\Q$hello\E$}s, "page by $by: a body that stalls is not waited for");
    my $both = raw("POST /by-$by/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na=bGET /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n", @v);
    is(scalar(() = $both =~ m{HTTP/1\.1 }g), 1, "page by $by: what follows a body is never taken for it");
}
my $reply = raw("POST /by-file/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", @v);
like($reply, qr{^HTTP/1\.1 503 }, 'a body that was announced is not asked for');
$reply = raw("POST /by-file/x HTTP/1.1\r\nHost: h\r\nContent-Length: 400000\r\n\r\n" . 'x' x 400_000, @v);
like($reply, qr{^HTTP/1\.1 503 .*\Q$hello\E}s, 'the sender of a large body sees the answer');

# ---- who gets what ----------------------------------------------------------------------

for my $row (
    ['/auto/page.html', '307 -> /auto/down/', 'a browser navigates', %navigates],
    ['/auto/page.html?a=b', '307 -> /auto/down/', 'an older browser navigates', %old_browser],
    ['/auto/page.html', '307 -> /auto/down/', 'HEAD likewise', method => 'HEAD', %navigates],
    ['/auto/page.html', '503', 'a script fetches', %fetches],
    ['/auto/page.html', '503', 'a program or robot asks'],
    ['/auto/page.html', '503', 'a form is sent', method => 'POST', content => 'a=b', %navigates],
    ['/auto/page.html', '503', 'PUT', method => 'PUT', content => 'a=b'],
    ['/auto/page.html', '503', 'DELETE', method => 'DELETE'],
    ['/auto/page.html', '503', 'a preflight', method => 'OPTIONS', headers => { Origin => 'https://a.example', 'Access-Control-Request-Method' => 'PUT' }],
    ['/auto/rule', '503', 'maintenance is asked before rules'],
    ['/auto/down/', '503', 'the page itself', %navigates],
    ['/auto/down/index.html', '503', 'the page by its other name'],
    ['/auto/down/style.css', '200', 'what the page needs'],
    ['/auto/down', '307 -> /auto/down/', 'the page without its slash', %navigates],
    ['/auto/healthz', '200', 'an exempt path'],
    ['/auto/healthzz', '503', 'a path that begins like it'],
    ['/auto/img/logo.svg', '200', 'an exempt path with *'],
    ['/auto/img/logo.png', '503', '... and another'],
    ['/auto/page.html', '200', 'an address of allow=', headers => { 'X-Client' => '192.0.2.77' }],
    ['/auto/page.html', '200', 'an IPv6 address of allow=', headers => { 'X-Client' => '2001:db8::1' }],
    ['/auto/page.html', '503', 'another address', headers => { 'X-Client' => '198.51.100.1' }],
    ['/auto/down/', '200', 'an allowed address sees the page as it is', headers => { 'X-Client' => '192.0.2.77' }],
    ['/auto/rule', '307 -> /never', '... and the rules', headers => { 'X-Client' => '192.0.2.77' }],
    ['/auto/page.html', '200', 'cookie=', headers => { Cookie => 'a=b; pass=yes-17' }],
    ['/auto/page.html', '503', 'another cookie', headers => { Cookie => 'a=b; pass=no' }],
    ['/always-307/x', '307 -> /always-307/down/', 'answer=307 sends a form too', method => 'POST', content => 'a=b'],
    ['/always-307/down/', '503', '... where it is told to wait', method => 'POST', content => 'a=b'],
    ['/window/before/x', '404', 'before from='],
    ['/window/before/down.html', '307 -> /window/before', '... the page leads back'],
    ['/window/after/x', '404', 'after until='],
    ['/window/after/down.html', '307 -> /window/after', '... the page leads back'],
    ['/window/in/x', '503', 'within the window'],
    ['/report/x', '404', 'report answers nothing', %navigates],
    ['/off/x', '404', 'off answers nothing', %navigates],
    ['/off/down/', '200', '... and leads nowhere'],
    ['/full-url/x', "307 -> http://" . host() . ":$port/full-url/down/", 'Redirect307Relative off', %navigates],
    ['/always-open/page.html', '200', 'Redirect307Exempt', %navigates],
    ['/robots.txt', '200', 'elsewhere nothing is closed'],
    ['/anything', '503', '<If>', headers => { 'X-If' => 'yes' }],
    ['/robots.txt', '200', '<If>: robots.txt is open', headers => { 'X-If' => 'yes' }],
    ['/proxied/x', '503', 'what a proxy would take'],
    ['/proxied/open', '200', 'what a proxy takes and is exempt'],
) {
    my ($path, $want, $why, %with) = @$row;
    my $r = get($path, %with);
    is(told($r), $want, "$why: $path");
    like(held($r), $held, "$why: all of a 503") if $want eq '503';
    is(join(',', $r->header('Cache-Control')), 'no-store', "$why: kept by no cache") if $want =~ /^307/ && $path ne '/auto/rule';
    is($r->header('Retry-After'), undef, "$why: no Retry-After on a redirect") if $want =~ /^307/;
}
cmp_ok(get('/window/in/x')->header('Retry-After'), '>', 86400 * 365, 'eta= of the line is told');
logged(qr{would answer 307 /report/down/ by maintenance }, 'report says what it would have answered', $log);

$r = get('/auto/page.html', %navigates);
like($r->header('Vary'), qr{Sec-Fetch-Mode}, 'Vary names what decided');
like($r->header('Vary'), qr{Cookie}, '... and what was asked before');
$r = get('/auto/page.html', headers => { 'X-Client' => '192.0.2.77' });
like(join(',', $r->header('Cache-Control')), qr{\bprivate\b}, 'what an allowed visitor gets is for nobody else');
unlike(join(',', get('/auto/healthz')->header('Cache-Control')), qr{\bprivate\b}, 'what is open is for everybody');

# ---- the link ---------------------------------------------------------------------------

$r = get('/auto/page.html?a=b&staff=open-sesame&c=d', %navigates);
is(told($r), '307 -> /auto/page.html?a=b&c=d', 'the link leads to the same address without its key');
my $cookie = $r->header('Set-Cookie');
like($cookie, qr{^redirect307-staff=[0-9a-f]{40}; Path=/; HttpOnly; SameSite=Lax$}, '... with a cookie of this session');
unlike($cookie, qr{sesame}, '... that does not hold the key');
is($r->header('Cache-Control'), 'no-store', '... kept by no cache');
($cookie) = $cookie =~ /^([^;]+)/;
$r = get('/auto/page.html', headers => { Cookie => $cookie });
is($r->content, "the real page\n", 'who has the cookie is in');
is($r->header('Set-Cookie'), undef, '... and gets no other');
like($r->header('Vary'), qr{Cookie}, '... and caches know why');
is(get('/auto/page.html', headers => { Cookie => "${cookie}0" })->code, 503, 'a cookie that is not quite it');
is(get('/auto/page.html?staff=open-sesamE')->code, 503, 'a key that is not quite it');
is(get('/auto/page.html?staff=open-sesame', method => 'POST', content => '')->code, 503, 'a form opens nothing');
$r = get('/auto/page.html?staff=off', headers => { Cookie => $cookie });
is(told($r), '307 -> /auto/page.html', '?staff=off leads out');
like($r->header('Set-Cookie'), qr{^redirect307-staff=[^;]*; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT;}, '... and takes the cookie away');

# ---- connections ------------------------------------------------------------------------

sub count_of { my $reply = shift; return scalar(() = $reply =~ m{HTTP/1\.1 \d}g) }
my $two = sub { my ($path, $more) = @_; return raw("GET $path HTTP/1.1\r\nHost: h\r\n$more\r\nGET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", @v) };
is(count_of($two->('/auto/x', "Sec-Fetch-Mode: navigate\r\n")), 2, 'a 307 keeps the connection');
is(count_of($two->('/auto/down/style.css', '')), 2, 'what is open keeps it');
is(count_of($two->('/auto/x', '')), 1, 'a 503 closes it');

# ---- the flag ---------------------------------------------------------------------------

my $flag = "$logs/host.on";
sub wait_for
{
    my ($want, $why, $path, %with) = @_;
    my ($began, $seen, $late) = (time, '', 0);
    while (time < $began + 30) {
        my $asked = time;
        $seen = told(get($path, %with));
        last if $seen eq $want;
        $late = $asked - $began;
        sleep 0.05;
    }
    is($seen, $want, "$why: $path");
    # by when it was asked: an answer may be long under way on a busy machine
    cmp_ok($late, '<', 1.5, "$why: within a second");
    sleep 1.1;      # each process has its own second
    return;
}
unlink $flag;
wait_for('200', 'without a flag', '/flag/page.html');
is(told(get('/flag/down/')), '307 -> /flag', 'the page leads back');
is(told(get('/flag/down/', method => 'POST', content => 'a=b')), '200', '... but only who looks at it');
is(told(get('/flag/rule')), '307 -> /flag/target', 'rules answer');
put($flag, '');
wait_for('503', 'touch', '/flag/page.html');
is(told(get('/flag/rule')), '503', 'rules do not');
is(told(get('/flag/x', %navigates)), '307 -> /flag/down/', 'people are sent to the page');
like(held(get('/flag/down/')), $held, 'which is there');
my $made = time;
put($flag, "# Kim, ext. 17\nallow=127.0.0.9 allow=198.51.100.7\neta=90min\nnonsense here\n");
wait_for('200', 'allow= in the flag', '/flag/page.html', headers => { 'X-Client' => '198.51.100.7' });
is(told(get('/flag/page.html', headers => { 'X-Client' => '192.0.2.1' })), '200', 'allow= of the line still holds');
my $retry = get('/flag/page.html')->header('Retry-After');
my $since = time - $made;
ok($retry <= 5400 && $retry >= 5398 - $since, "eta= in the flag: $retry, $since s after it was made");
logged(qr{flag='\Q$flag\E': line 4 says nothing; write until=2026-12-26, eta=2h or allow=192\.0\.2\.7}, 'a line that says nothing is named', $log);
not_logged(qr{nonsense}, '... but not shown', $log);
# a machine may take longer for these questions than there is time until the end
my ($end, $seen, $after, $most);
for my $ahead (5, 20, 80) {
    $end = int(time) + $ahead;
    put($flag, 'until=' . strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $end) . "\n");
    sleep 1.1;
    $most = $end - int(time);
    my $reply = get('/flag/page.html');
    ($seen, $after) = (told($reply), $reply->header('Retry-After'));
    last if time < $end;
}
is($seen, '503', 'until= in the flag, before: /flag/page.html');
ok(defined $after && $after <= $most, 'Retry-After is not beyond it: ' . ($after // 'none'));
sleep $end - time if $end > time;
wait_for('200', 'until= in the flag, after', '/flag/page.html');
is(told(get('/flag/down/')), '307 -> /flag', '... and the page leads back though the flag is there');
unlink $flag;
wait_for('200', 'rm', '/flag/page.html');

# ---- a tenant ---------------------------------------------------------------------------

put('maintenance/tenant/.htaccess', "Redirect307 old.html new.html\nRedirect307Maintenance down/ flag=down.on eta=2h exempt=health\n");
put('maintenance/tenant/health', "fine\n");
remove('maintenance/tenant/down.on');
wait_for('200', 'a tenant without flag', '/tenant/page.html');
is(told(get('/tenant/down/')), '307 -> /tenant/', 'the page leads to the directory');
is(told(get('/aliased/down/')), '307 -> /aliased/', '... by the name it was asked for');
is(told(get('/tenant/old.html')), '307 -> /tenant/new.html', 'rules answer');
put('maintenance/tenant/down.on', '');
wait_for('503', 'a tenant with one', '/tenant/page.html');
is(told(get('/tenant/x', %navigates)), '307 -> /tenant/down/', 'people are sent to the page');
is(told(get('/aliased/x/y', %navigates)), '307 -> /aliased/down/', '... by the name they used');
like(held(get('/tenant/down/')), $held, 'the page is a 503');
is(told(get('/tenant/old.html')), '503', 'rules do not answer');
is(told(get('/tenant/health')), '200', 'a relative exempt= path is open');
is(told(get('/auto/healthz')), '200', 'the others are not concerned');
for my $path ('/tenant/down.on', '/tenant//down.on', '/tenant/%64own.on', '/tenant/./down.on', '/aliased/down.on') {
    for my $method (qw(GET HEAD PUT)) {
        is(get($path, method => $method, headers => { 'X-Client' => '192.0.2.1' }, $method eq 'PUT' ? (content => '') : ())->code, 404, "$method $path: nobody gets a flag");
    }
}
remove('maintenance/tenant/down.on');
wait_for('200', 'a tenant who is done', '/tenant/page.html');
is(get('/tenant/down.on')->code, 404, 'a flag that is not there either');

put('maintenance/no-override/.htaccess', "Redirect307Maintenance down/\n");
put('maintenance/no-override/x', "x\n");
is(told(get('/no-override/x')), '200', 'AllowOverride None: the file is not read');
put('maintenance/some-override/.htaccess', "Redirect307Maintenance down.html\n");
put('maintenance/some-override/down.html', $hello);
is(told(get('/some-override/x')), '503', 'AllowOverrideList goes by name');
put('maintenance/denied/.htaccess', "Redirect307Maintenance down.html\n");
is(told(get('/denied/x')), '403', 'what is forbidden stays so');
put('maintenance/login/.htaccess', "Redirect307Maintenance /down.html cookie=in\n");
is(told(get('/login/x')), '503', 'nobody logs in to be told to wait');
is(told(get('/login/x', headers => { Cookie => 'in=1' })), '401', '... but who is let in does');
is(told(get('/login/x', headers => { Cookie => 'in=1', Authorization => 'Basic ' . encode_base64('sesame:open', '') })), '404', '... and is asked no more');
put('maintenance/limited/.htaccess', "Redirect307Maintenance https://elsewhere.example/\n");
put('maintenance/limited/x', "x\n");
is(told(get('/limited/x', %navigates)), '200', 'Redirect307Limits targets=same-site holds for a page, too');
logged(qr{limited/\.htaccess:1: .*targets=same-site}, '... and the log says so', $log);

for my $bad ("down/ flag=../up.on", "down/ flag=/etc/passwd", "down/ flag=a/../../up.on", "down/ flag=/") {
    put('maintenance/tenant/.htaccess', "Redirect307Maintenance $bad\n# $bad\n");
    is(told(get('/tenant/page.html')), '200', "skipped: $bad");
}
logged(qr{tenant/\.htaccess:1: Redirect307Maintenance: flag='\.\./up\.on' lies outside the directory of this \.htaccess; write flag=down\.on; this line is left out}, 'the log says what to write', $log);

put('maintenance/tenant/.htaccess', "Redirect307Maintenance down/ flag=link.on\n");
my $linked = root() . '/maintenance/tenant/link.on';
symlink '/etc/passwd', $linked or die "$!\n";
sleep 1.2;
is(told(get('/tenant/page.html')), '200', 'a link that leads out of the directory is no flag');
logged(qr{flag='link\.on' leads out of the directory of its \.htaccess}, '... and the log says why', $log);
unlink $linked;
symlink put('maintenance/mine.on', ''), $linked or die "$!\n";
sleep 1.2;
is(told(get('/tenant/page.html')), '200', 'nor to a file of the same owner');
unlink $linked;
symlink root() . '/maintenance/tenant/page.html', $linked or die "$!\n";
wait_for('503', 'a link inside it is', '/tenant/page.html');
unlink $linked;
POSIX::mkfifo($linked, 0644) or die "$!\n";
sleep 1.1;
is(told(get('/tenant/page.html')), '503', 'a pipe holds nobody up');
unlink $linked;
remove(map { "maintenance/$_/.htaccess" } qw(tenant no-override some-override denied login limited));

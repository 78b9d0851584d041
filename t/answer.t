# SPDX-License-Identifier: Apache-2.0
# What is answered, header by header, and what other modules make of it.
use strict;
use warnings FATAL => 'all';
use HTML::TokeParser;
use R307;
use R307::Site;

my @statuses = (
    # path, status line, Location, Cache-Control
    ['/307/x',      '307 Temporary Redirect',  '/to/307/x',      'no-store'],
    ['/temporary',  '307 Temporary Redirect',  '/to/temporary',  'no-store'],
    ['/301',        '301 Moved Permanently',   '/to/301',        'max-age=3600'],
    ['/302',        '302 Found',               '/to/302',        'no-store'],
    ['/303',        '303 See Other',           '/to/303',        'no-store'],
    ['/see-other',  '303 See Other',           '/to/see-other',  'no-store'],
    ['/308',        '308 Permanent Redirect',  '/to/308',        'max-age=3600'],
    ['/410',        '410 Gone',                undef,            'no-store'],
    ['/gone',       '410 Gone',                undef,            'no-store'],
    ['/503',        '503 Service Unavailable', undef,            'no-store'],
    ['/unavailable', '503 Service Unavailable', undef,           'no-store'],
    ['/403',        '403 Forbidden',           undef,            'no-store'],
    ['/404',        '404 Not Found',           undef,            'no-store'],
    ['/451',        '451 Unavailable For Legal Reasons', undef,  'no-store'],
    ['/foreign',    '307 Temporary Redirect',  'https://other.example/x?a=1&b=2#f', 'no-store'],
    ['/escape',     '307 Temporary Redirect',  q{/to/a'b&c%3Cd%3E%22e?x=1&amp;y=%3C2%3E}, 'no-store'],
    ['/refused/glued.evil.example', '400 Bad Request', undef,    'no-store'],
    ['/refused/404.evil.example', '404 Not Found', undef,        'no-store'],
);
my @vary = (
    # path, request headers, code, Vary
    ['/vary/one',     { 'X-One' => 1 },  307, 'X-One',           'a hit'],
    ['/vary/one',     {},                404, 'X-One',           'a miss'],
    ['/vary/two',     { 'X-One' => 1 },  404, 'X-One, X-Two',    'two conditions, the second fails'],
    ['/vary/two',     {},                404, 'X-One',           'two conditions, the first fails'],
    ['/vary/not',     {},                307, 'X-Not',           'a negated one, hit'],
    ['/vary/not',     { 'X-Not' => 1 },  404, 'X-Not',           'a negated one, miss'],
    ['/vary/expr',    { 'X-Expr' => 'yes' }, 307, 'X-Expr',      'an expression, hit'],
    ['/vary/expr',    {},                404, 'X-Expr',          'an expression, miss'],
    ['/vary/target',  { 'X-Target' => 'a' }, 307, 'X-Target',    'an expression in the target'],
    ['/vary/env',     {},                404, undef,             'a variable names no header'],
    ['/vary/merge',   { 'X-One' => 'yes' }, 307, 'X-One, Accept-Encoding', 'merged with Header always merge, hit'],
    ['/vary/page',    {},                200, 'X-One, Cookie',   'on a page that has a Vary of its own'],
    ['/307',          {},                307, undef,             'no condition, no Vary'],
);
my @refused = (
    # path, code, id
    ['/refused/glued.evil.example',      400, undef, 'the same rule within a minute'],
    ['/refused/open?to=https://evil.example/', 400, 'R307-G10'],
    ['/refused/slashes?to=//evil.example/', 400, 'R307-G06'],
    ['/refused/twice?x=1&x=evil',        400, 'R307-G14'],
    ['/refused/404%2eevil.example',      404, undef, 'the same rule within a minute'],
    ['/refused/pass.evil.example',       404, 'R307-G11'],
);
my @documents = (
    # path, status, Location, body, X-Redirect-By, why
    ['/page/307',    307, '/to/page', 'page for 307', 'ErrorDocument 307 as a page'],
    ['/page/308',    308, '/to/page', 'page for 307', 'ErrorDocument 308 as a page'],
    ['/page/410',    410, undef,      'page for 410', 'ErrorDocument 410 as a page that a rule redirects'],
    ['/text/307',    307, '/to/text', 'a text of ours', 'ErrorDocument 307 as text'],
    ['/text/410',    410, undef,      'a text about gone', 'ErrorDocument 410 as text'],
    ['/missing/307', 307, '/to/missing', 'Temporary Redirect', 'ErrorDocument that is not there'],
);

plan tests => @statuses * 6 + 16 + @vary * 2 + 8 + 12 + @refused * 3 + 6 + @documents * 4 + 9 + 1 + 25;

my $port = port('answer');
sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get  { return answer(shift, vhost => 'answer', @_) }
sub head_of
{
    my $reply = shift;
    my ($head) = split /\r\n\r\n/, $reply, 2;
    my ($date) = ($head =~ /^Date: ([^\r\n]*)/mi, 'no Date');
    # a time is told by how it stands to the reply's own Date: a second may have passed
    # between two replies
    return join "\n", sort map { s/: \Q$date\E$/: as Date/r } grep { !/^Date:/i } split /\r\n/, $head;
}
sub ask
{
    my ($path, %with) = @_;
    return raw(($with{method} || 'GET') . " $path HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nConnection: close\r\n"
               . ($with{more} || '') . "\r\n", vhost => 'answer');
}

put('../answer-cache/keep', '');
put('answer/vary/page', "page\n");
put('answer/page.html', "a page\n");
put('answer/documents/307.html', "page for 307\n");
put('answer/documents/410.html', "page for 410\n");
put('answer/documents/400.html', "page for 400\n");
put("answer/cached/$_.html", "cached $_\n", 1_000_000) for qw(switched hidden stale redirected temporary gone);

# ---- status by status -------------------------------------------------------------------

for my $row (@statuses) {
    my ($path, $line, $location, $cache) = @$row;
    my $reply = ask($path);
    my ($head, $body) = split /\r\n\r\n/, $reply, 2;
    like($head, qr{^HTTP/1\.1 \Q$line\E\r?$}m, "$path: status line");
    is_deeply([each_header($reply, 'Location')], [defined $location ? $location : ()], "$path: Location, once or not at all");
    is_deeply([each_header($reply, 'Cache-Control')], [$cache], "$path: Cache-Control $cache, once");
    # mod_session looks at every answer, so there is Expires, against mod_expires
    is_deeply([map { lc } grep { !/^(?:Date|Server|Location|Cache-Control|Connection|Content-Length|Content-Type)$/i }
               $head =~ /^([^:\r\n]+):/mg], ['expires'], "$path: no other header, no Retry-After, no X-Redirect-By");
    my $parser = HTML::TokeParser->new(\$body);
    my $link = $parser->get_tag('a');
    is($link && $link->[1]{href}, $location, "$path: the link of the page, read as HTML, is the Location");
    ok($body =~ m{^<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>\Q$line\E</title></head>\n<body><p>[^<>]+.*</p></body>\n</html>\n$}s
       && $body !~ /&(?!amp;|lt;|gt;|quot;|#\d+;)/ && $body !~ /evil/,
       "$path: an HTML page with everything escaped and nothing refused in it") or diag($body);
}

my $bare = own_server("Redirect307 /a /b\n", only => ['headers', 'expires', 'setenvif']);
is_deeply([sort((split /\r\n\r\n/, raw("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                                    port => $bare->{port}))[0] =~ /^([^:\r\n]+):/mg)],
          [qw(Cache-Control Connection Content-Length Content-Type Date Location Server)],
          'no Expires where nothing of the server changes headers');

# ---- HEAD, 1.0, keep-alive --------------------------------------------------------------

for my $path ('/307/x', '/410', '/308', '/refused/glued.evil.example') {
    my $head = ask($path, method => 'HEAD');
    is(head_of($head), head_of(ask($path)), "HEAD $path: the headers of GET");
    like($head, qr{\r\n\r\n$}, "HEAD $path: and no body");
}
my $reply = raw("GET /307/x HTTP/1.0\r\n\r\n", vhost => 'answer');
like($reply, qr{^Location: /to/307/x\r$}m, 'HTTP/1.0 without Host is redirected');
like($reply, qr{^Connection: close\r$}m, 'and closed');
like(raw("GET /307/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", vhost => 'answer', timeout => 1),
     qr{^Connection: Keep-Alive\r$}m, 'HTTP/1.0 with keep-alive is kept');
my $get = "GET /307/N HTTP/1.1\r\nHost: h\r\n\r\n";
my $both = join '', map { (my $one = $get) =~ s/N/$_/; $one } 1 .. 3;
$both .= "GET /page.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
$reply = raw($both, vhost => 'answer');
is_deeply([each_header_all($reply, 'Location')], [map { "/to/307/$_" } 1 .. 3], 'three pipelined requests, three answers, in order');
like($reply, qr{HTTP/1\.1 200 OK.*a page\n$}s, 'and the page behind them on the same connection');
sub each_header_all { my ($text, $name) = @_; return $text =~ /^\Q$name\E: ([^\r\n]*)/mg }
is(told(get('/307/x', method => 'POST', content => 'a=b')), '307 -> /to/307/x', 'POST');
is(told(get('/307/x?a=1&b=%20', method => 'PUT', content => 'a=b')), '307 -> /to/307/x?a=1&b=%20', 'PUT with a query');
is(told(get('/tree/a%2Fb')), '404', '%2F with AllowEncodedSlashes Off is httpd\'s 404');

# ---- Vary -------------------------------------------------------------------------------

for my $row (@vary) {
    my ($path, $headers, $code, $vary, $why) = @$row;
    my $response = get($path, headers => $headers);
    is($response->code, $code, "$path: $why");
    my $seen = join ', ', $response->header('Vary');
    my $norm = sub { join ', ', sort map { lc } split /,\s*/, defined $_[0] ? $_[0] : '' };
    is($norm->($seen), $norm->($vary), "$path: Vary: " . (defined $vary ? $vary : 'none'));
}

# ---- X-Redirect-By ----------------------------------------------------------------------

is(get('/307')->header('X-Redirect-By'), undef, 'By is off by default');
is(get('/by/x')->header('X-Redirect-By'), 'mod_redirect307', 'By on');
is(get('/by-rule/named')->header('X-Redirect-By'), 'mod_redirect307; rule=by-name', 'By rule, named');
like(get('/by-rule/plain')->header('X-Redirect-By'), qr{^mod_redirect307; rule=answer\.conf:\d+$}, 'By rule: file, without its folder, and line');
like(get('/by-rule/gone')->header('X-Redirect-By'), qr{^mod_redirect307; rule=answer\.conf:\d+$}, 'By rule on a 410');

# ---- logs -------------------------------------------------------------------------------

mark_log($_) for qw(answer_access answer_hits);
get('/named/x');
get('/307');
get('/page.html');
logged(qr{^/named/x env=winter-shop note=winter-shop page=- before=winter-shop s=307 loc=/to/named/x$}m, 'a named rule: env and note', 'answer_access');
logged(qr{^/307 env=\S+answer\.conf:\d+ note=\S+answer\.conf:\d+ }m, 'a rule without a name: file and line', 'answer_access');
logged(qr{^/page\.html env=- note=- page=- before=- s=200}m, 'no rule: nothing', 'answer_access');

# ---- other modules ----------------------------------------------------------------------

$reply = ask('/headers/x');
is_deeply([each_header($reply, 'X-Always')], ['yes'], 'Header always set applies');
is_deeply([each_header($reply, 'X-Plain')], [], 'Header set does not, as for every answer that is no success');
is_deeply([each_header($reply, 'Cache-Control')], ['max-age=60'], 'Header always set replaces our Cache-Control: one line');
is_deeply([each_header($reply, 'Location')], ['/edited'], 'Header always edit changes our Location');
$reply = ask('/expires/307');
is_deeply([each_header($reply, 'Cache-Control')], ['no-store'], 'ExpiresDefault adds no max-age to a 307');
is_deeply([each_header($reply, 'Expires')], [each_header($reply, 'Date')], 'and Expires is now');
is_deeply([each_header(ask('/expires/308'), 'Cache-Control')], ['max-age=3600'], 'nor to a 308');
$reply = ask('/deflate/x', more => "Accept-Encoding: gzip\r\n");
ok($reply =~ /This page is at/ && $reply !~ /^Content-Encoding/mi, 'DEFLATE leaves it alone');
like(ask('/substitute/x'), qr{This page is at}, 'SUBSTITUTE leaves it alone');
is_deeply([each_header(ask('/retry/307'), 'Retry-After')], [], 'Retry-After is not on a 307');
is_deeply([each_header(ask('/retry/503'), 'Retry-After')], ['3600'], 'and on a 503 if Header always says so');
like(ask('/307', more => "Range: bytes=0-3\r\n"), qr{^HTTP/1\.1 307 .*</html>\n$}s, 'a Range does not cut the page');

# ---- refusals ---------------------------------------------------------------------------

for my $row (@refused) {
    my ($path, $code, $id, $why) = @$row;
    mark_log('answer_log');
    my $reply = ask($path);
    like($reply, qr{^HTTP/1\.1 $code }, "$path: $code");
    # httpd's own 404 says what was asked for, until 2.4.41
    $reply =~ s/The requested URL \Q$path\E was not found// if $code == 404 && !httpd_since('2.4.41');
    unlike($reply, qr{evil}i, "$path: what was refused is nowhere in the answer");
    my $how = $path =~ /pass/ ? 'passed on' : $code;
    $id ? logged(qr{answer\.conf:\d+ refused \($how\): \Q$id\E, '}, "$path: $id in the log, with the rule", 'answer_log')
        : not_logged(qr{refused}, "$path: not in the log, $why", 'answer_log');
}
mark_log('answer_log');
ask('/refused/glued' . $_ . '.evil.example') for 1 .. 5;
not_logged(qr{refused \(}, 'a rule that refused is not logged again within a minute', 'answer_log');
is(told(get('/refused/glued/fine')), '307 -> https://other.example/fine', 'and it answers what is fine');
mark_log('answer_access');
ask('/refused/glued.evil.example');
logged(qr{^/refused/glued\.evil\.example env=\S+answer\.conf:\d+ note=\S+answer\.conf:\d+ .*s=400}m,
       'a refusal is in env and note', 'answer_access');
mark_log('answer_log');
is(told(get('/refused/404/..evil')), '307 -> https://other.example/..evil', 'dots in a name are a name');
is(told(get('/refused/404')), '307 -> https://other.example/', 'an empty remainder behind a host is its "/"');
is(told(get('/refused/404?x=1')), '307 -> https://other.example/?x=1', 'with a query');

# ---- ErrorDocument ----------------------------------------------------------------------

mark_log('answer_documents_access');
for my $row (@documents) {
    my ($path, $code, $location, $body, $why) = @$row;
    my $response = answer($path, vhost => 'answer_documents');
    is(told($response), $code . (defined $location ? " -> $location" : ''), "$why: $path");
    like($response->content, qr{\Q$body\E}, "$why: its body");
    is($response->header('Cache-Control'), $code == 308 ? 'max-age=3600' : 'no-store', "$why: our Cache-Control");
    is($response->header('X-Redirect-By'), 'mod_redirect307', "$why: our X-Redirect-By");
}
is(told(answer('/url/410', vhost => 'answer_documents')), '302 -> http://documents.example/410', 'ErrorDocument as a URL is httpd\'s 302');
my $refusal = answer('/page/400.evil.example', vhost => 'answer_documents');
is($refusal->code, 400, 'a refusal with an ErrorDocument is 400');
is($refusal->content, "page for 400\n", 'with that page');
is($refusal->header('Location'), undef, 'and no Location');
my $vary = answer('/vary/307', vhost => 'answer_documents', headers => { 'X-One' => 1 });
is($vary->header('Vary'), 'X-One', 'ErrorDocument keeps Vary');
is($vary->header('X-Always'), 'yes', 'ErrorDocument and Header always');
my $head = answer('/page/307', vhost => 'answer_documents', method => 'HEAD');
is(told($head), '307 -> /to/page', 'HEAD with an ErrorDocument');
is($head->content, '', 'has no body');
logged(qr{^/documents/307\.html env=- note=- page=page-rule before=page-rule s=307 loc=/to/page$|^/page/307 env=- note=- page=page-rule before=page-rule s=307 loc=/to/page$}m,
       'with a page the variable is REDIRECT_REDIRECT307_RULE, and the note %<{redirect307-rule}n', 'answer_documents_access');

# ---- mod_cache --------------------------------------------------------------------------

SKIP: {
    skip 'no mod_cache_disk here', 25 unless have_module('cache_disk');
    open my $in, '<', vars('t_logs') . '/error_log' or die "no error_log: $!\n";
    my $log = do { local $/; <$in> };
    my $said = () = $log =~ /mod_cache is loaded: with CacheQuickHandler on, its default, a URL it holds is answered before any Redirect307 rule/g;
    is($said, 1, 'mod_cache is spoken of at start, once');
    my $flag = root() . '/answer/flag';
    remove($flag);
    my $hit = sub { my $r = shift; return $r->code . ' ' . (($r->header('X-Cache') || '') =~ /^(HIT|MISS|REVALIDATE)/ ? $1 : 'none') };
    for my $vhost (qw(answer_cache answer_uncached)) {
        my $quick = $vhost eq 'answer_cache';
        my $ask = sub { return answer(shift, vhost => $vhost, @_) };
        for my $path (qw(redirected temporary gone)) {
            my $first = told($ask->("/cached/$path"));
            my $second = $ask->("/cached/$path");
            is(told($second) . ' ' . ($second->header('Age') || ''), "$first ", "$vhost: /cached/$path comes from the rule again");
        }
        is($hit->($ask->('/cached/hidden.html')), '200 MISS', "$vhost: a page is stored");
        is($hit->($ask->('/cached/hidden.html')), '200 HIT', "$vhost: and served from the cache");
        is($ask->('/cached/stale.html')->code, 200, "$vhost: another page is stored for a second");
        is($ask->('/cached/switched.html')->code, 200, "$vhost: a page that a header redirects");
        is(told($ask->('/cached/switched.html', headers => { 'X-Switch' => 1 })), '307 -> /to/switched',
           "$vhost: the cache knows by Vary that the rule must be asked");
        put($flag, '');
        is(told($ask->('/cached/hidden.html')), $quick ? '200' : '307 -> /to/hidden',
           $quick ? "$vhost: a rule that begins to hold is hidden by CacheQuickHandler on"
                  : "$vhost: a rule that begins to hold answers with CacheQuickHandler off");
        select undef, undef, undef, 2.1;
        my $stale = $ask->('/cached/stale.html');
        is(told($stale), '503', "$vhost: a 503 of ours is not replaced by a stale page");
        remove($flag);
        is($ask->('/cached/hidden.html')->code, 200, "$vhost: and afterwards the page is back");
    }
    my $stored = `grep -rlaE '/cached/(redirected|temporary|gone)' '@{[vars('t_logs')]}/../answer-cache' 2>/dev/null | wc -l`;
    is($stored + 0, 0, 'no answer of ours is in the cache');
    ok(-d vars('t_logs') . '/../answer-cache', 'and there is a cache to look into');
}

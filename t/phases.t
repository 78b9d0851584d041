# SPDX-License-Identifier: Apache-2.0
# When rules run: before whom, after whom, and how often.
use strict;
use warnings FATAL => 'all';
use Digest::SHA ();
use MIME::Base64 qw(encode_base64);
use R307;
use R307::Site;

my @first = (
    # path, Location, who else wanted it
    ['/same/rewrite',        '/ours/rewrite',        'RewriteRule [R]'],
    ['/same/inner',          '/ours/inner',          'RewriteRule [PT]'],
    ['/same/alias/x',        '/ours/alias/x',        'Redirect'],
    ['/same/match',          '/ours/match',          'RedirectMatch'],
    ['/same/file',           '/ours/file',           'Alias'],
    ['/same/proxy/x',        '/ours/proxy/x',        'ProxyPass'],
    ['/same/servlet/x%20y',  '/ours/servlet/x%20y',  'ProxyPass mapping=servlet, encoded'],
    ['/same/servlet/../a/b', '/ours/a/b',            'ProxyPass mapping=servlet, not normalised'],
    ['/same/script/x.php',   '/ours/script/x.php',   'ProxyPassMatch'],
    ['/same/balancer/x',     '/ours/balancer/x',     'ProxyPass in <Location>'],
    ['/location-wins/x',     '/ours/location',       'Redirect of the vhost, against ours in <Location>'],
    ['/both-location/x',     '/ours/both',           'Redirect in the same <Location>'],
);
my @stock = (
    ['/stock/alias',   '302 -> http://stock.example/', 'Redirect'],
    ['/stock/rewrite', '302 -> http://stock.example/', 'RewriteRule'],
    ['/page.html',     '200',                          'a file'],
    ['/nothing.html',  '404',                          'no file'],
);
my @access = (
    # directory, without a rule, with one, why
    ['denied',             403, '403', 'Require all denied'],
    ['far',                403, '403', 'Require ip of others'],
    ['not',                403, '403', 'Require not ip'],
    ['all-of-far',         403, '403', 'RequireAll with an address of others'],
    ['satisfy-all-closed', 403, '403', 'Satisfy All, Deny'],
    ['login',              401, '307', 'Require valid-user'],
    ['other-user',         401, '307', 'Require user'],
    ['all-of',             401, '307', 'RequireAll with an address and a login'],
    ['any-of',             200, '307', 'RequireAny with an address'],
    ['satisfy-any-open',   200, '307', 'Satisfy Any, Allow'],
    ['satisfy-any-closed', 401, '307', 'Satisfy Any, Deny'],
    ['methods',            200, '307', 'AllowMethods GET'],
);
my @once = (
    # path, code, what the body has, why
    ['/index/',                 200, 'index page',    'DirectoryIndex leads to a redirected page: served, no loop'],
    ['/index/to-be-rewritten',  200, 'rewritten page', 'RewriteRule of .htaccess level leads to a redirected page'],
    ['/index/fallback/x/y',     200, 'fallback page', 'FallbackResource leads to a redirected page'],
    ['/index/missing.html',     404, 'error page',    'ErrorDocument leads to a redirected page'],
    ['/index/page.shtml',       200, 'part of page',  'SSI includes a redirected page'],
    ['/index/page.shtml',       200, 'server part',   'SSI includes a page that a server rule redirects'],
    ['/denied/x',               403, 'server part',   'ErrorDocument leads to a page that a server rule redirects'],
    ['/cgi/jump.cgi',           200, 'inner page',    'a CGI program\'s local redirect'],
    ['/views/stays',            200, 'stays',         'MultiViews looks at a redirected variant'],
);
my @direct = (
    ['/index/index.html',       '307 -> /index/', 'the page behind DirectoryIndex'],
    ['/index/rewritten.html',   '307 -> /never', 'the page behind RewriteRule'],
    ['/index/fallback.html',    '307 -> /never', 'the page behind FallbackResource'],
    ['/index/error.html',       '307 -> /never', 'the page behind ErrorDocument'],
    ['/index/part.html',        '307 -> /never', 'the included page'],
    ['/index/server-part.html', '307 -> /never', 'the included page of a server rule'],
    ['/cgi/inner.html',         '307 -> /never', 'the page behind the CGI program'],
    ['/views/stays.html.de',    '307 -> /never', 'the variant'],
);

my @order_paths = qw(alias rewrite proxy user vhost);

plan tests => @first * 2 + @stock + @access * 3 + 8 + @once + @direct + 4 + 4 + 20
    + 2 * @order_paths + 4 + 16;

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get  { return answer(shift, vhost => 'phases', @_) }
my $port = port('phases');

# ---- files ------------------------------------------------------------------------------

put('phases/page.html', "page\n");
put("phases/stock/inner.html", "inner\n");
for my $row (@access) {
    put("phases/$row->[0]/.htaccess", "Redirect307 old.html new.html\n");
    put("phases/$row->[0]/plain.html", "plain $row->[0]\n");
}
put('phases/index/index.html', "index page\n");
put('phases/index/rewritten.html', "rewritten page\n");
put('phases/index/fallback.html', "fallback page\n");
put('phases/index/fallback/here.html', "here\n");
put('phases/index/error.html', "error page\n");
put('phases/index/part.html', "part of page\n");
put('phases/index/server-part.html', "server part\n");
put('phases/index/page.shtml', qq{<!--#include virtual="part.html" --> and }
    . qq{<!--#include virtual="/index/server-part.html" -->\n});
chmod 0755, put('phases/cgi/jump.cgi', "#!$^X\nprint \"Location: /cgi/inner.html\\n\\n\";\n");
put('phases/cgi/inner.html', "inner page\n");
put("phases/views/$_.html.de", "$_\n") for qw(stays elsewhere other);
put("phases/views/$_.html.fr", "$_\n") for qw(elsewhere other);
put('phases/env/a.html', "a\n");
put('phases/env/.htaccess', "SetEnvIf X-Here yes here\nSetEnv later 1\n"
    . "Redirect307 a.html here.html env=here\nRedirect307 a.html later.html env=later\n");
# user sesame, password open

put('../logs/phases.passwd', 'sesame:{SHA}' . Digest::SHA::sha1_base64('open') . "=\n");
my %login = (Authorization => 'Basic ' . encode_base64('sesame:open', ''));

# ---- before the others ------------------------------------------------------------------

for my $row (@first) {
    my ($path, $location, $who) = @$row;
    (my $reply = raw("GET $path HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nConnection: close\r\n\r\n",
                     vhost => 'phases')) =~ s/\r\n\r\n.*//s;
    like($reply, qr{^HTTP/1\.1 307 }, "before $who: 307 for $path");
    is((each_header($reply, 'Location'))[0], $location, "before $who: Location");
}
is(told(get($_->[0])), $_->[1], "$_->[2] works where no rule is: $_->[0]") for @stock;

# ---- access -----------------------------------------------------------------------------

for my $row (@access) {
    my ($dir, $without, $with, $why) = @$row;
    is(get("/$dir/plain.html")->code, $without, "$why: $without where no rule is");
    my $response = get("/$dir/old.html");
    is(told($response), $with eq '307' ? "307 -> /$dir/new.html" : $with,
       "$why: $with where a rule of a directory is");
    is($response->header('WWW-Authenticate'), undef, "$why: and nobody is asked for a password");
}
is(told(get('/denied/server')), '307 -> /ours/server', 'a rule of the server answers before Require all denied');
is(told(get('/denied/location/x')), '307 -> /ours/location', 'a rule in <Location> does, too');
is(told(get('/location-denied/x')), '307 -> /ours/location-denied', 'a rule in the denied <Location> itself, too');
is(get('/login/plain.html', headers => \%login)->content, "plain login\n", 'after login the page is served');
is(told(get('/login/old.html', headers => \%login)), '307 -> /login/new.html', 'after login the rule answers as well');
is(get('/login/plain.html', headers => { Authorization => 'Basic ' . encode_base64('sesame:wrong', '') })->code,
   401, 'a wrong password is refused');
is(told(get('/login/old.html', method => 'POST', content => 'a=b')), '307 -> /login/new.html',
   'a POST is redirected without a password');
is(get('/methods/old.html', method => 'POST', content => 'a=b')->code, 405,
   'AllowMethods: what is not allowed is 405 and not redirected');

# ---- once -------------------------------------------------------------------------------

for my $row (@once) {
    my ($path, $code, $has, $why) = @$row;
    my $response = get($path, headers => { 'Accept-Language' => 'de' });
    my $seen = $response->code . ' ' . ($response->content =~ /\Q$has\E/ ? $has : $response->content);
    is($seen, "$code $has", "$path: $why");
}
is(told(get($_->[0])), $_->[1], "and asked for directly: $_->[2]") for @direct;

# ---- negotiation ------------------------------------------------------------------------

is(get('/views/other', headers => { 'Accept-Language' => 'es' })->code, 406, 'MultiViews finds nothing acceptable: 406');
is(told(get('/views/elsewhere', headers => { 'Accept-Language' => 'es' })), '307 -> /views/there',
   'a rule answers before MultiViews says 406');
is(told(get('/views/elsewhere', headers => { 'Accept-Language' => 'de' })), '307 -> /views/there',
   'and before MultiViews finds something');
is(get('/views/other', headers => { 'Accept-Language' => 'fr' })->content, "other\n", 'MultiViews works');

# ---- variables --------------------------------------------------------------------------

is(told(get('/env/a.html', headers => { 'User-Agent' => 'robot' })), '307 -> /env/robot.html', 'SetEnvIf of <Directory> is seen');
is(told(get('/env/a.html', headers => { 'X-Here' => 'yes' })), '307 -> /env/here.html', 'SetEnvIf of the same .htaccess is seen');
is(told(get('/env/a.html')), '200', 'SetEnv is not, neither of <Directory> nor of .htaccess');
is(get('/env/a.html')->content, "a\n", 'the page is whole');

# ---- methods and shapes of requests -----------------------------------------------------

my %cors = (Origin => 'https://app.example', 'Access-Control-Request-Method' => 'PUT');
is(told(get('/same/x', method => $_)), '307 -> /ours/x', "$_ is redirected")
    for qw(HEAD POST PUT DELETE PATCH PROPFIND OPTIONS BREW);
is(told(get('/same/x', method => 'OPTIONS', headers => { Origin => 'https://app.example' })),
   '307 -> /ours/x', 'OPTIONS with Origin alone is no preflight');
unlike(told(get('/same/x', method => 'OPTIONS', headers => \%cors)), qr/^3/, 'a CORS preflight passes');
is(told(get('/options-named/x', method => 'OPTIONS', headers => \%cors)), '307 -> /ours/x',
   'a CORS preflight is answered where method= names OPTIONS');
like(raw("TRACE /same/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'phases'),
     qr{^HTTP/1\.1 (?:200|405) }, 'TRACE is left alone');
like(raw("OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'phases'),
     qr{^HTTP/1\.1 200 }, 'OPTIONS * is left alone');
like(raw("CONNECT same.example:443 HTTP/1.1\r\nHost: same.example:443\r\nConnection: close\r\n\r\n", vhost => 'phases'),
     qr{^HTTP/1\.1 (?!3)}, 'CONNECT is left alone');
like(raw("GET /same/x HTTP/1.0\r\n\r\n", vhost => 'phases'),
     qr{^HTTP/1\.1 307 .*^Location: /ours/x\r$}ms, 'HTTP/1.0 without Host');
SKIP: {
    skip 'httpd 2.5 waits for headers that HTTP/0.9 has not', 1 if httpd_since('2.5.0');
    my $old = raw("GET /same/x\r\n", vhost => 'phases');
    ok($old !~ m{^HTTP/} && $old =~ m{href="/ours/x"}, 'HTTP/0.9: the page with the link, and no header')
        or diag($old);
}
like(raw("GET http://127.0.0.1:$port/same/x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'phases'),
     qr{^Location: /ours/x\?y\r$}m, 'an absolute request target is its path and query');
like(raw("GET http://other.example/same/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'phases'),
     qr{^Location: /ours/x\r$}m, 'and so is one with another host, where no forward proxy is');
my $through = raw("GET http://127.0.0.1:$port/page.html HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nConnection: close\r\n\r\n",
                  vhost => 'phases_forward');
like($through, qr{^HTTP/1\.1 200 .*\r\n\r\n.*page\n}s, 'a request to a forward proxy is left alone');
is(told(answer('/x', vhost => 'phases_forward')), '307 -> /ours/forward', 'a request to that host itself is not');

# ---- decided once -----------------------------------------------------------------------

put("phases/$_", "page\n") for qw(report/page.html report-location/x.html report-if.html);
put('phases/report/.htaccess', "Redirect307 page.html there2.html\n");
for my $row (['/report/page.html', {}, 401, 'before login'], ['/report/page.html', \%login, 200, 'with a login'],
             ['/report-location/x.html', {}, 200, 'in <Location>'], ['/report-if.html', {}, 200, 'in <If>']) {
    my ($path, $headers, $code, $why) = @$row;
    mark_log('phases_log');
    is(get($path, headers => $headers)->code, $code, "$why: $code, as Engine report answers nothing");
    logged(qr{would answer 307 /\S+ by }, "$why: what would be answered is logged", 'phases_log');
    my $times = () = log_since_mark('phases_log') =~ /would answer/g;
    is($times, 1, "$why: decided once");
}
mark_log('phases_log');
get('/same/alias/x');
logged(qr{phases\.conf:\d+ answers 307 /ours/alias/x}, 'a decision is logged at debug', 'phases_log');

# ---- what never gets to a .htaccess -----------------------------------------------------

put('phases/hidden/.htaccess', "Redirect307 / /never\n");
put('phases/hidden/x.html', "x\n");
is(get('/hidden/x.php')->code, 503, 'a URL that ProxyPassMatch takes has no .htaccess: the proxy\'s 503');
is(told(get('/hidden/x.html')), '307 -> /never', 'another one in the same directory has');
symlink root() . '/phases/page.html', root() . '/phases/nolinks/link.html'
    if put('phases/nolinks/x.html', "x\n");
is(get('/nolinks/link.html')->code, 403, 'a forbidden symbolic link is 403 before a rule of the directory');

# ---- whatever the order of LoadModule ---------------------------------------------------

my $conf = <<"CONF";
RewriteEngine on
RewriteRule ^/rewrite/ http://stock.example/ [R=302,L]
Redirect 302 /alias http://stock.example/
ProxyPass /proxy http://127.0.0.1:1/
UserDir "@{[root()]}"
<Directory />
    Require all granted
</Directory>
Redirect307Match ^/(?:alias|rewrite|proxy|~user|vhost)(/.*)\$ /ours\$1
UseCanonicalName Off
<VirtualHost *:\@PORT\@>
</VirtualHost>
<IfModule vhost_alias_module>
<VirtualHost *:\@PORT\@>
    ServerName vhost.example
    VirtualDocumentRoot "@{[root()]}/%0"
</VirtualHost>
</IfModule>
CONF
my @needed = qw(rewrite alias proxy proxy_http userdir vhost_alias);
for my $first (1, 0) {
    my $server = own_server($conf, only => \@needed,
                            $first ? (first => ['redirect307']) : ());
    for my $name (@order_paths) {
        my $path = $name eq 'user' ? '/~user/x' : "/$name/x";
        my $host = $name eq 'vhost' ? 'vhost.example' : 'h';
        my $reply = raw("GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", port => $server->{port});
        like($reply, qr{^Location: /ours/x\r$}m,
             "LoadModule redirect307 " . ($first ? 'first' : 'last') . ": before $name");
    }
}

# ---- nobody logs in twice ---------------------------------------------------------------

# httpd asks once for a request and what it is rewritten to. A module that hooks access
# control the plain way makes it ask twice.
put('phases/front/.htaccess', "RewriteEngine on\nRewriteRule !^front\\.html\$ front.html [L]\n");
put('phases/front/front.html', "front\n");
my $auth = <<"CONF";
LogLevel authz_core:debug
<Directory "@{[root()]}/phases/front">
    AllowOverride All
    AuthType Basic
    AuthName x
    AuthUserFile "@{[root()]}/../logs/phases.passwd"
    Require valid-user
    <IfModule redirect307_module>
        Redirect307 old.html new.html
    </IfModule>
</Directory>
CONF
my @auth_modules = qw(authn_core authn_file auth_basic authz_user rewrite);
my %granted;
for my $with (0, 1) {
    my $server = own_server($auth, only => \@auth_modules, $with ? () : (without => ['redirect307']));
    my $reply = raw("GET /phases/front/any/thing HTTP/1.1\r\nHost: h\r\nAuthorization: $login{Authorization}\r\nConnection: close\r\n\r\n",
                    port => $server->{port});
    like($reply, qr{\r\n\r\nfront\n}, 'the front controller answers, ' . ($with ? 'with' : 'without') . ' our module');
    my $log = own_log($server);
    $granted{$with} = () = $log =~ /AH01626: authorization result of Require valid-user\s*: granted/g;
}
ok($granted{0} > 0, 'a login leaves a line in the log');
is($granted{1}, $granted{0}, 'with our module nobody is authorised more often');

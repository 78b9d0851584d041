# SPDX-License-Identifier: Apache-2.0
# A tenant's file: mistakes are survived and told, and the file sees only the request.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my @typos = (
    # the line, what is said of it
    ['Redirect307 301 /a /b',            qr{'301' is a status, not a source; write: Redirect307 /a /b status=301}],
    ['Redirect307 gone /old',            qr{'gone' is a status, not a source; write: Redirect307 /old status=gone}],
    ['Redirect307 permanent /a /b',      qr{'permanent' means 301 to Redirect and 308 to RFC 9110}],
    ['Redirect307 /a /b [R=307,L]',      qr{'\[R=307,L\]' are RewriteRule flags; leave them out}],
    ['Redirect307 /a /b # for Christmas', qr{'# for Christmas' a comment needs its own line}],
    ["Redirect307 \xe2\x80\x9c/a\xe2\x80\x9d /b", qr{has typographic quotes; type plain ones or none}],
    ['Redirect307 /a "/b',               qr{the quote before '/b' is never closed}],
    ['Redirect307 /my\ page.html /b',    qr{'/my\\+' a backslash does not join words}],
    ['Redirect307 /a http\:\/\/example\.com\/', qr{a target needs no backslashes; write http://example\.com/}],
    ['Redirect307Match ^old/(.*)$ /new/$1', qr{pattern '\^old/\(\.\*\)\$' never matches: it is compared with the whole path, which begins with '/'; write /old/\(\.\*\)\$}],
    ['Redirect307 /a /b qurey=keep',     qr{'qurey=keep' unknown option; did you mean query=\?}],
    ['Redirect307 /a /b query=id=3',     qr{query= says what becomes of the query}],
    ['Redirect307 /a /b query=drop query=keep', qr{query= is written twice; keep one}],
    ['Redirect307 /a /b until=26.12.2026', qr{until='26\.12\.2026' is not a date; write 2026-12-26}],
    ['Redirect307 /a ftp://x/',          qr{scheme 'ftp:'}],
    ['Redirect307 /a //evil.example/',   qr{has no scheme}],
    ['Redirect307 /a /x/$2',             qr{'\$2' in '/x/\$2' stands for nothing}],
    ['Redirect307Match ^/a(b /x',        qr{pattern '\^/a\(b' does not compile: .+}],
    ['Redirect307 /a',                   qr{'/a' has no target}],
    ['Redirect307 /a /b /c',             qr{'/c' is one word too many}],
    ['Redirect307',                      qr{has no source and no target|nothing follows}],
    ['Redirect307Engine perhaps',        qr{'perhaps' is no value here; write on, report or off}],
    ['Redirect307Base nowhere',          qr{'nowhere' is no URL-path}],
    ['Redirect307 /a /b vary=off',       qr{vary= is not for \.htaccess}],
);
# In expr= and in %{...}: what .htaccess may not, and what it may.
my @restricted = (
    [q{expr="file('/etc/passwd') == 'x'"},    qr{%\{file:\.\.\.\} is not available in \.htaccess}],
    [q{expr="-f '/etc/passwd'"},              qr{-f is not available in \.htaccess}],
    [q{expr="-d '/etc'"},                     qr{-d is not available}],
    [q{expr="-s '/etc/passwd'"},              qr{-s is not available}],
    [q{expr="-F '/etc/passwd'"},              qr{-F is not available}],
    [q{expr="-U '/x'"},                       qr{-U is not available}],
    [q{expr="-A '/x'"},                       qr{-A is not available}],
    [q{expr="osenv('PATH') == 'x'"},          qr{%\{osenv:\.\.\.\} is not available}],
    [q{expr="env('R307_SECRET') == 'x'"},     qr{%\{env:\.\.\.\} is not available}],
    [q{expr="reqenv('R307_SECRET') == 'x'"},  qr{%\{reqenv:\.\.\.\} is not available}],
    [q{expr="note('x') == 'x'"},              qr{%\{note:\.\.\.\} is not available}],
    [q{expr="%{ENV:PATH} == 'x'"},            qr{%\{ENV:\.\.\.\} is not available}],
    [q{expr="filesize('/etc/passwd') -gt 1"}, qr{%\{filesize:\.\.\.\} is not available}],
    [q{expr="%{REQUEST_URI} =~ /x/"},         qr{a regex in an expression has no step limit}],
    [q{expr="%{REQUEST_URI} !~ /x/"},         qr{a regex in an expression has no step limit}],
    [q{expr="%{SERVER_ADMIN} == 'x'"},        qr{%\{SERVER_ADMIN\} is not available}],
    ['expr="%{nothing"',                   qr{expr|syntax}i],
);
my @restricted_targets = ('/x/%{osenv:PATH}', '/x/%{env:R307_SECRET}', '/x/%{file:/etc/passwd}', '/x/%{note:x}', '/x/%{ENV:PATH}');
my @allowed = (
    q{expr="%{REQUEST_METHOD} == 'GET'"}, q{expr="-n %{HTTP:Host}"}, q{expr="req('Host') != ''"},
    q{expr="%{REMOTE_ADDR} -ipmatch '127.0.0.0/8'"}, q{expr="%{TIME_YEAR} -gt 2000"},
    q{expr="%{arg:x} == ''"}, q{expr="tolower(%{REQUEST_METHOD}) == 'get'"}, q{expr="%{REQUEST_METHOD} in {'GET','HEAD'}"},
);

# What a bad line is for stays where it is, and no later line answers in its place: files,
# and what requests get.
my @stays = (
    ["Redirect307 shop /a qurey=drop\nRedirect307 shop /b\nRedirect307 ./ /all\n", 'shop' => '404', 'shop/x' => '404', 'shopping' => '307 -> /all'],
    ["Redirect307 shop /a lang=de bogus=1\nRedirect307 ./ /all\n", 'shop' => '404', 'x' => '307 -> /all'],
    ["Redirect307 shop /a match=exact bogus=1\nRedirect307 ./ /all\n", 'shop' => '404', 'shop/x' => '307 -> /all'],
    ["Redirect307 shop?id=1 /a bogus=1\nRedirect307 ./ /all\n", 'shop?id=1' => '404', 'shop' => '307 -> /all', 'shop?id=2' => '307 -> /all?id=2'],
    ["Redirect307 :a/x* /:b\nRedirect307 ./ /all\n", 'q/xy' => '404', 'q/y' => '307 -> /all'],
    ["Redirect307Match /p\\d+\$ /\$1\nRedirect307 ./ /all\n", 'p12' => '404', 'px' => '307 -> /all'],
    ["Redirect307Match ^/(( /x\nRedirect307 ./ /all\n", '((' => '307 -> /all'],
    ["Redirect307 301 shop /a\nRedirect307 ./ /all\n", 'shop' => '404', 'x' => '307 -> /all'],
    ["Redirect307 shop /a # moved\nRedirect307 ./ /all\n", 'shop' => '404', 'x' => '307 -> /all'],
    ["Redirect307 my\\ shop /a\nRedirect307 ./ /all\n", 'my%20shop' => '404', 'my' => '307 -> /all'],
    ["Redirect307 \"shop /a\nRedirect307 ./ /all\n", 'shop' => '307 -> /all'],
    ["Redirect307 shop /a name=n\nRedirect307 cafe /b name=n\nRedirect307 ./ /all\n", 'shop' => '307 -> /a', 'cafe' => '404'],
    ["Redirect307 shop /ok\nRedirect307 shop /a bogus=1\n", 'shop' => '307 -> /ok'],
    ["Redirect307 ok /ok\nRedirect307 ./ /a bogus=1\nRedirect307 shop /b\n", 'ok' => '307 -> /ok', 'shop' => '404'],
    ["<Files \"*.php\">\nRedirect307 ./ /a bogus=1\n</Files>\nRedirect307 ./ /all\n", 'x.php' => '404', 'x' => '307 -> /all'],
    ["Redirect307Map m.map\nRedirect307 ./ /all\n", 'm' => '404', 'm?q' => '404', 'm/x' => '307 -> /all', 'n' => '302 -> /n'],
);
my $stays = 0;
$stays += (@$_ - 1) / 2 for @stays;

plan tests => $stays * 3 + @typos * 2 + @restricted * 2 + @restricted_targets * 2 + @allowed + 22;

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get { return answer(shift, vhost => 'htaccess', @_) }

my $count = 0;

# Read line by line, and later from memory.
for (0 .. $#stays) {
    my $dir = "htaccess/stays-$_";
    put("$dir/m.map", "m /x bogus=1\nm /y\nn /n status=302\n") if $stays[$_][0] =~ /m\.map/;
    put("$dir/.htaccess", $stays[$_][0]);
}
for my $round ('read', 'again', 'from memory') {
    for my $i (0 .. $#stays) {
        my ($text, @asked) = @{ $stays[$i] };
        while (my ($path, $want) = splice @asked, 0, 2) {
            my $got = told(get("/stays-$i/$path"));
            # a map that was just written is not taken at once
            for (my $until = time + 60; $got =~ /^503/ && time < $until; sleep 1) { $got = told(get("/stays-$i/$path")) }
            is($got, $want, "$round: $path of $text");
        }
    }
    sleep 3 if $round eq 'read';
}

# The rule around it works, the line is told with its file and number.
sub survives
{
    my ($line, $said, $what) = @_;
    my $dir = 'bad-' . ++$count;
    put("htaccess/$dir/.htaccess", "# a comment\nRedirect307 old.html new.html\n$line\nRedirect307 second.html third.html\n");
    mark_log('htaccess_log');
    is(told(get("/$dir/old.html")) . ' ' . told(get("/$dir/second.html")),
       "307 -> /$dir/new.html 307 -> /$dir/third.html", "$what: the lines around it work");
    my $log = qr{htdocs/htaccess/$dir/\.htaccess:3: Redirect307\w*: [^\n]*$said[^\n]*; this line is (?:skipped, and what it is for stays where it is|left out)\n};
    logged($log, "$what: told with file and line", 'htaccess_log');
    return;
}

# httpd writes bytes outside ASCII as \xNN
survives($_->[0], $_->[1], (my $shown = $_->[0]) =~ s/[^ -~]+/.../gr) for @typos;
survives("Redirect307 expr.html /x $_->[0]", $_->[1], $_->[0]) for @restricted;
survives("Redirect307 target.html \"$_\"", qr{is not available in \.htaccess}, $_) for @restricted_targets;
for my $expr (@allowed) {
    my $dir = 'good-' . ++$count;
    put("htaccess/$dir/.htaccess", "Redirect307 a.html b.html $expr\n");
    is(told(get("/$dir/a.html")), "307 -> /$dir/b.html", "$expr is allowed");
}

# ---- once -------------------------------------------------------------------------------

sub said { my $pattern = shift; my $n = () = log_since_mark('htaccess_log') =~ /$pattern/g; return $n }
my $typo = qr{once/\.htaccess:1: Redirect307: };
put('htaccess/once/.htaccess', "Redirect307 /a\nRedirect307 old.html new.html\n");
put('htaccess/once/deeper/er/x.html', "x\n");
mark_log('htaccess_log');
get('/once/old.html') for 1 .. 5;
get('/once/deeper/er/x.html') for 1 .. 5;
logged($typo, 'a skipped line is said', 'htaccess_log');
is(said($typo), 1, 'and said once, whatever was asked for');
put('htaccess/once/.htaccess', "Redirect307 /a\nRedirect307 old.html newer.html\n# longer\n");
mark_log('htaccess_log');
is(told(get('/once/old.html')), '307 -> /once/newer.html', 'the file changed');
logged($typo, 'and a new version is said again', 'htaccess_log');
get('/once/old.html') for 1 .. 3;
is(said($typo), 1, 'once');
put('htaccess/once/.htaccess', "Redirect307 /a /b\nRedirect307 old.html new.html\n");
mark_log('htaccess_log');
is(told(get('/once/old.html')), '307 -> /once/new.html', 'the line was corrected');
not_logged($typo, 'and nothing is said', 'htaccess_log');
put('htaccess/two/.htaccess', "Redirect307 /a\nRedirect307 /c\n");
get('/two/x');
logged(qr{two/\.htaccess:1: .*two/\.htaccess:2: }s, 'two lines with mistakes are said, each with its number', 'htaccess_log');

# ---- what is httpd's --------------------------------------------------------------------

my %broken = (
    unknown  => ["NoSuchDirective x\nRedirect307 old.html new.html\n", 'an unknown directive'],
    unclosed => ["<Files x>\nRedirect307 old.html new.html\n", 'an unclosed section'],
    long     => ['Redirect307 old.html /' . 'x' x 9000 . "\n", 'a line of more than 8190 bytes'],
);
is(get("/$_/old.html")->code, 500, "$broken{$_}[1] is httpd's 500, as ever")
    for map { put("htaccess/$_/.htaccess", $broken{$_}[0]); $_ } sort keys %broken;
put('htaccess/longest/.htaccess', 'Redirect307 old.html /' . 'x' x 8000 . "\n");
is(get('/longest/old.html')->code, 307, 'a line of 8000 bytes is fine');

# ---- how lines are counted and read -----------------------------------------------------

put('htaccess/counted/.htaccess', "# one\n\nRedirect307 old.html \\\n  new.html\n<IfModule mod_redirect307.c>\n"
    . "<Files \"*\">\nRedirect307 /a\n</Files>\n</IfModule>\r\nRedirect307 crlf.html there.html\r\nRedirect307\tt.html\ttab.html  \n");
mark_log('htaccess_log');
is(told(get('/counted/old.html')), '307 -> /counted/new.html', 'a continued line');
is(told(get('/counted/crlf.html')), '307 -> /counted/there.html', 'a line that ends in CRLF');
is(told(get('/counted/t.html')), '307 -> /counted/tab.html', 'tabs between words');
logged(qr{counted/\.htaccess:7: Redirect307: }, 'lines in sections and behind continued lines have their number', 'htaccess_log');
put('htaccess/macro/.htaccess', "Use Htaccess m.html used.html\n");
mark_log('htaccess_log');
is(told(get('/macro/m.html')), '307 -> /macro/used.html', 'a macro of the server used in .htaccess');
logged(qr{Redirect307: 'm\.html-typo' has no target.*; this line is skipped}, 'and its mistake is skipped, too', 'htaccess_log');
put('htaccess/define/.htaccess', "Redirect307 a.html /\${R307_NOT_DEFINED}\nRedirect307 b.html c.html\n");
mark_log('htaccess_log');
is(told(get('/define/b.html')), '307 -> /define/c.html', 'an undefined ${NAME} does not hurt the others');
logged(qr{define/\.htaccess:1: Redirect307: '\$\{R307_NOT_DEFINED\}' belongs to httpd's Define; write :R307_NOT_DEFINED},
       'and is told', 'htaccess_log');
put('htaccess/empty/.htaccess', '');
is(get('/empty/x')->code, 404, 'an empty file');
put('htaccess/bom/.htaccess', "\xef\xbb\xbfRedirect307 old.html new.html\n");
is(get('/bom/old.html')->code, 307, 'a byte order mark is not there');

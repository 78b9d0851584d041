# SPDX-License-Identifier: Apache-2.0
# needs no conf
# A mistake in httpd.conf ends the start, with file, line, what was written and what to write.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

once();

# httpd doubles a backslash when it prints a message.
my @bad = (
    # directive, what is said
    ['Redirect307 301 /a /b',       qr{'301' is a status, not a source; write: Redirect307 /a /b status=301}],
    ['Redirect307 gone /old',       qr{'gone' is a status, not a source; write: Redirect307 /old status=gone}],
    ['Redirect307 permanent /a /b', qr{'permanent' means 301 to Redirect and 308 to RFC 9110; write status=301 \(a POST may turn into GET\) or status=308 \(nothing changes\)}],
    ['Redirect307 /a /b [R=307,L]', qr{'\[R=307,L\]' are RewriteRule flags; leave them out: 307 is the default, L is always so, NC is case=ignore, QSD is query=drop, QSA is query=merge}],
    ['Redirect307 /a /b # for Christmas', qr{'# for Christmas' a comment needs its own line; or write "note=for Christmas"}],
    ["Redirect307 \xe2\x80\x9c/a\xe2\x80\x9d /b", qr{'\S+/a\S+' has typographic quotes; type plain ones or none}],
    ['Redirect307 /a "/b',          qr{the quote before '/b' is never closed}],
    ['Redirect307 /my\ page.html /b', qr{'/my\\+' a backslash does not join words; write "/my page\.html" or /my%20page\.html}],
    ['Redirect307 /a http\:\/\/example\.com\/', qr{'http\\+:\\+/\\+/example\\+\.com\\+/' a target needs no backslashes; write http://example\.com/}],
    ['Redirect307Match ^old/(.*)$ /new/$1', qr{pattern '\^old/\(\.\*\)\$' never matches: the path begins with '/'; write \^/old/\(\.\*\)\$}],
    ['Redirect307 old.html /new.html', qr{'old\.html' has no leading '/' and httpd\.conf has no directory to resolve it against; write /old\.html}],
    ['Redirect307 /p /x query=id=3', qr{query='id=3' query= says what becomes of the query; to match it write args=id=3 or /page\.php\?id=3}],
    ['Redirect307 /a /b qurey=keep', qr{'qurey=keep' unknown option; did you mean query=\?}],
    ['Redirect307 /a /b expires=2026-12-26', qr{'expires=2026-12-26' unknown option}],
    ['Redirect307 /a /b percents=10', qr{'percents=10' unknown option}],
    ['Redirect307 /a /b status=307 status=308', qr{status= is written twice; keep one}],
    ['Redirect307 /a /b status=200', qr{200}],
    ['Redirect307 /a /b status=gone', qr{status=410 has no target; leave '/b' out}],
    ['Redirect307 /a /b?x=1 query=keep', qr{merge}],
    ['Redirect307 /a ftp://x/',     qr{'ftp://x/' begins with the scheme 'ftp:'}],
    ['Redirect307 /a javascript:alert(1)', qr{scheme 'javascript:'}],
    ['Redirect307 /a //evil.example/', qr{'//evil\.example/' has no scheme}],
    ['Redirect307 /a www.example.com', qr{'www\.example\.com' has no scheme}],
    ['Redirect307 /a https://user@example.com/', qr{user}],
    ['Redirect307 /a /x/$2',        qr{'\$2' in '/x/\$2' stands for nothing}],
    ['Redirect307 /a/:id /x/:name', qr{:name}],
    ['Redirect307Match ^/(a)$ /$2', qr{'\$2' in '/\$2' stands for nothing}],
    ['Redirect307Match ^/a(b /x',   qr{pattern '\^/a\(b' does not compile: .+}],
    ['Redirect307 ^/a$ /b',         qr{Redirect307Match}],
    ['Redirect307 /a#b /c',         qr{#}],
    ['Redirect307 /a',              qr{'/a' has no target; write: Redirect307 /a /new, or status=gone for none}],
    ['Redirect307',                 qr{nothing follows|no source and no target}],
    ['Redirect307 /a /b /c',        qr{'/c' is one word too many}],
    ['Redirect307 /a /b expr="%{nothing"', qr{expr}],
    ['Redirect307 /a /b name=n' . "\nRedirect307 /c /d name=n", qr{n}],
    ['Redirect307 /a /${NOT_DEFINED}', qr{'\$\{NOT_DEFINED\}' belongs to httpd's Define; write :NOT_DEFINED}],
    ['Redirect307Engine perhaps',   qr{'perhaps' is no value here; write on, report or off}],
    ['Redirect307Relative 1',       qr{'1' is no value here; write on or off}],
    ['Redirect307Refuse 500',       qr{'500' is no value here; write 400, 404 or pass}],
    ['Redirect307By me',            qr{'me' is no value here; write off, on or rule}],
    ['Redirect307By on off',        qr{too many values; write: Redirect307By off, on or rule}],
    ['Redirect307AllowHosts',       qr{a value is missing; write: Redirect307AllowHosts www\.example\.com \*\.example\.net}],
    ['Redirect307AllowHosts http://x/y', qr{'http://x/y' is more than an origin; write http://x}],
    ['Redirect307AllowHosts *',     qr{\*}],
    ['Redirect307Exempt x',         qr{'x' is no URL-path; write /x}],
    ['Redirect307HtaccessCache perhaps', qr{'perhaps' is no value here; write on or off}],
    ['Redirect307HtaccessCache off 2s', qr{'2s' follows off, which takes nothing more; leave it out}],
    ['Redirect307HtaccessCache on soon', qr{'soon' is no time; write 5s, 500ms or 1min}],
    ['Redirect307Drain lots',       qr{'lots' is no size; write 65536, 64K or 1M}],
    ['Redirect307Drain 1K soon',    qr{'soon' is no time; write 5s, 500ms or 1min}],
);
my @wrong_place = (
    ["<Proxy \"*\">\nRedirect307 /a /b\n</Proxy>", 2, qr{does not stand in <Proxy>}],
    ["<Directory \"/x\">\n<Limit GET>\nRedirect307 /a /b\n</Limit>\n</Directory>", 3, qr{does not stand in <Limit> or <LimitExcept>; write it outside, and method=GET behind a rule}],
    ["<Directory \"/x\">\n<LimitExcept GET HEAD>\nRedirect307 /a /b\n</LimitExcept>\n</Directory>", 3, qr{does not stand in <Limit> or <LimitExcept>; write it outside, and method=!GET,HEAD behind}],
    ["<Directory \"/x*\">\nRedirect307 a.html /b\n</Directory>", 2, qr{'a\.html' has no leading '/'}],
    ["<DirectoryMatch \"/x\">\nRedirect307 a.html /b\n</DirectoryMatch>", 2, qr{'a\.html' has no leading '/'}],
    ["<Files \"x\">\nRedirect307 a.html /b\n</Files>", 2, qr{'a\.html' has no leading '/'}],
    ["<Location \"/x\">\nRedirect307 a.html /b\n</Location>", 2, qr{'a\.html' has no leading '/'}],
    ["<Directory \"/x\">\nRedirect307 /b\n</Directory>", 2, qr{'/b' has no target}],
);
my @good = (
    ["Redirect307 /a /b\n", 'a rule'],
    ["<VirtualHost *:80>\nRedirect307 /a /b\n</VirtualHost>\n", 'in <VirtualHost>'],
    ["<Directory \"/x\">\nRedirect307 a b\n<Files f>\nRedirect307 f g\n</Files>\n<If \"true\">\nRedirect307 i j\n</If>\n</Directory>\n", 'relative in <Directory>, <Files>, <If>'],
    ["<Location \"/x\">\nRedirect307 /b\nRedirect307 status=gone\n</Location>\n", 'without source in <Location>'],
    ["<LocationMatch \"x\">\nRedirect307 /b\n</LocationMatch>\n", 'without source in <LocationMatch>'],
    ["Redirect307 /a /" . 'x' x 8000 . "\n", 'a long line'],
    ["Redirect307 /a /b name=n\n<VirtualHost *:80>\nRedirect307 /a /b name=n\n</VirtualHost>\n", 'the same name in two containers'],
    ["Redirect307AllowHosts none\nRedirect307Exempt none\nRedirect307Drain 0\nRedirect307Engine ON\n", 'settings, in any case'],
);

plan tests => @bad * 2 + @wrong_place + @good + 4;

for my $row (@bad) {
    my ($line, $said) = @$row;
    my $lines = 2 + ($line =~ tr/\n//);
    (my $shown = $line) =~ s/[^ -~]+/.../g;
    for my $where (['', '', 'server'], ["<VirtualHost *:80>\n", "\n</VirtualHost>", '<VirtualHost>']) {
        my $number = $lines + ($where->[0] ? 1 : 0);
        my ($exit, $output) = conf_test("# line 1\n$where->[0]$line$where->[1]\n");
        my ($name) = $line =~ /^(\w+)/;
        like("exit $exit\n$output", qr{^exit [1-9].*line $number of DIR/test\.conf:\n\Q$name\E: [^\n]*$said}s, "$where->[2]: $shown");
    }
}
for my $row (@wrong_place) {
    my ($text, $number, $said) = @$row;
    my ($exit, $output) = conf_test("$text\n", only => ['proxy']);
    (my $shown = $text) =~ s/\n/ /g;
    like("exit $exit\n$output", qr{^exit [1-9].*line $number of DIR/test\.conf:\nRedirect307: [^\n]*$said}s, $shown);
}
for my $row (@good) {
    my ($exit, $output) = conf_test($row->[0]);
    is($exit, 0, "accepted: $row->[1]") or diag($output);
}

my ($exit, $output) = conf_test('Redirect307 /a /' . 'x' x 70_000 . "\n");
isnt($exit, 0, 'a line of 70 000 bytes ends the start');
like($output, qr{line 1 of DIR/test\.conf}, 'with file and line');
($exit, $output) = conf_test("Redirect307 /a /b\\\n  name=x\\\n  unknown=1\nRedirect307 /c\n");
like($output, qr{line [13] of DIR/test\.conf:\nRedirect307: 'unknown=1' unknown option}, 'a continued line has one place');
unlike($output, qr{/c}, 'httpd stops at the first mistake');

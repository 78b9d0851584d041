# SPDX-License-Identifier: Apache-2.0
# Doubts about rules, at start, with httpd -t, and for a tenant's file.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my $glued = 'Redirect307Match ^/g/(.*)$ https://h.example$1';
my @texts = (
    # what is written, what is said, and not said, exit
    ["Redirect307 /a /b\n", qr{Syntax OK}, qr{R307-A}, 0],
    ["$glued\n", qr{DIR/test\.conf:1: Redirect307: R307-A01 'https://h\.example\$1' has bytes .*; write https://h\.example/\$1.*Syntax OK}s, undef, 0],
    ["Redirect307 /o \"%{arg:to}\"\n", qr{R307-A05 .* only paths of this site may leave}, qr{and the hosts of}, 0],
    ["Redirect307AllowHosts h.example\nRedirect307 /o \"%{arg:to}\"\n", qr{R307-A05 .* and the hosts of Redirect307AllowHosts}, qr{only paths}, 0],
    ["Redirect307AllowHosts h.example\n<Location /o>\nRedirect307AllowHosts none\nRedirect307 /o \"%{arg:to}\"\n</Location>\n",
     qr{R307-A05 .* only paths of this site may leave}, undef, 0],
    ["Redirect307AllowHosts h.example\n<VirtualHost *:1>\nRedirect307 /o \"%{arg:to}\"\n</VirtualHost>\n",
     qr{DIR/test\.conf:3: Redirect307: R307-A05 .* and the hosts of Redirect307AllowHosts}, undef, 0],
    ["<Directory /srv>\nRedirect307 a https://%{arg:h}/\n</Directory>\n", qr{test\.conf:2: Redirect307: 'https://%\{arg:h\}/' lets the request choose the host, and there is no Redirect307AllowHosts here}, undef, 1],
    ["Redirect307Lint off\n$glued\n", qr{Syntax OK}, qr{R307-A}, 0],
    ["Redirect307Lint off\n<Location /g>\nRedirect307Lint warn\n$glued\n</Location>\n", qr{R307-A01}, undef, 0],
    ["Redirect307Lint refuse\n$glued\n", qr{R307-A01.*1 finding of Redirect307 keeps the server from starting, as Redirect307Lint refuse asks}s, qr{Syntax OK}, 1],
    ["Redirect307Lint refuse\nRedirect307 /a http://h.example/\nRedirect307 / /new/\n", qr{R307-A03.*R307-A06.*Syntax OK}s, qr{keep}, 0],
    ["Redirect307Lint refuse\n<Location /g>\nRedirect307Lint warn\n$glued\n</Location>\n", qr{R307-A01.*Syntax OK}s, qr{keeps}, 0],
    ["Redirect307 /a /b\nRedirect307 /b /a\n",
     qr{DIR/test\.conf:1: Redirect307: R307-A07 '/b' leads .* without an end; DIR/test\.conf:1 to /b, DIR/test\.conf:2 to /a; take}, undef, 0],
    ["Redirect307Lint refuse\nRedirect307 /a /b\nRedirect307 /b /a\n", qr{R307-A07.*1 finding of Redirect307 keeps}s, undef, 1],
    ["Redirect307Lint refuse\nRedirect307 /a /b lang=de\nRedirect307 /b /a\n", qr{R307-A08.*Syntax OK}s, undef, 0],
    ["Redirect307 /a /b\n<VirtualHost *:1>\nRedirect307 /b /a\n</VirtualHost>\n", qr{R307-A07 .*test\.conf:3 to /a}, undef, 0],
    ["<VirtualHost *:1>\nRedirect307 /a /b\n</VirtualHost>\n<VirtualHost *:2>\nRedirect307 /b /a\n</VirtualHost>\n", qr{Syntax OK}, qr{R307-A}, 0],
    ["Redirect307 /a /b\nRedirect307 /b /c\nRedirect307 / https:\n", qr{R307-A18 '/b' .*write /c\n.*Syntax OK}s, qr{R307-A0}, 0],
    ["Redirect307Lint refuse\nRedirect307 /a /b\nRedirect307 /a/x /c\n", qr{test\.conf:3: .*R307-A16 '/a/x' never answers: \S+:2 .*1 finding of Redirect307 keeps}s, undef, 1],
    ["RewriteCond %{HTTP_HOST} ^www\\.example\\.org\$ [NC]\n# a comment between\nRedirect307 / https://example.org/\n",
     qr{test\.conf:3: Redirect307: the RewriteCond in line 1 is for the next RewriteRule, and this rule does not ask it; write host=www\.example\.org beside it}, undef, 0, 'rewrite'],
    ["Redirect307Lint refuse\n<VirtualHost *:1>\nRewriteCond %{HTTPS} off\nRedirect307 / https://example.org/\n</VirtualHost>\n",
     qr{test\.conf:4: .*write https: as the target.*1 finding of Redirect307 keeps}s, undef, 1, 'rewrite'],
    ["Redirect307Lint refuse\n<Directory /srv>\nRewriteCond %{REQUEST_FILENAME} !-f\n<IfModule mod_rewrite.c>\nRedirect307Match ^/a /b\n</IfModule>\n</Directory>\n",
     qr{test\.conf:5: Redirect307: .*write file=missing beside it.*1 finding of Redirect307 keeps}s, undef, 1, 'rewrite'],
    ["Redirect307Lint refuse\n<Location />\nRewriteCond %{HTTP_HOST} a\n<If true>\nRedirect307 /a /b\n</If>\n</Location>\n",
     qr{test\.conf:5: .*write host=\*a\* beside}, undef, 1, 'rewrite'],
    ["Redirect307Lint refuse\n<Location />\nRewriteCond %{HTTP_HOST} a\nRewriteRule ^ - [L]\nRedirect307 /a /b\n</Location>\n", qr{Syntax OK}, qr{RewriteCond}, 0, 'rewrite'],
    ["Redirect307Lint refuse\nRewriteCond %{HTTP_HOST} a\n<Location />\nRedirect307 /a /b\n</Location>\n", qr{Syntax OK}, qr{RewriteCond}, 0, 'rewrite'],
    ["<Location />\nRedirect307Lint off\nRewriteCond %{HTTP_HOST} a\nRedirect307 /a /b\n</Location>\n", qr{Syntax OK}, qr{RewriteCond}, 0, 'rewrite'],
    ["Redirect307Lint perhaps\n", qr{'perhaps' is no value here; write off, warn or refuse}, undef, 1],
    [join('', map { "Redirect307 /a$_ http://h.example/$_\n" } 1 .. 150), qr{more than 100 findings; redirect307ctl lint names them all}, qr{/a101 }, 0],
);
plan tests => 2 * @texts + 9;

for my $row (@texts) {
    my ($text, $said, $not, $exit, @modules) = @$row;
    my ($got, $output) = conf_test($text, only => \@modules);
    (my $name = substr $text, 0, 70) =~ s/\n/ /g;
    is($got, $exit, "$name: exit");
    ok($output =~ $said && (!$not || $output !~ $not), "$name: said") or diag($output);
}

my $server = own_server("$glued\n", only => ["dir"]);
my @lines = own_log($server) =~ /(R307-A01)/g;
is(scalar @lines, 1, 'a server that starts says it once in its log, though it reads its configuration twice')
    or diag(own_log($server));

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get { return told(answer(shift, vhost => 'lint')) }
my $tenant = 'Redirect307Match ^/(?:off/)?g/(.*)$ https://h.example$1' . "\nRedirect307 g http://h.example/\nRedirect307 o \"%{arg:to}\"\n";

mark_log('lint_log');
put('lint/.htaccess', $tenant);
is(get('/g/x'), '400', 'a tenant\'s rule is asked, whatever Lint says');
logged(qr{lint/\.htaccess:1: Redirect307: R307-A01 .*write https://h\.example/\$1}, 'and its doubts stand in the log', 'lint_log');
logged(qr{lint/\.htaccess:3: Redirect307: R307-A05 .*and the hosts of Redirect307AllowHosts}, 'with what holds there', 'lint_log');
unlike(log_since_mark('lint_log'), qr{htaccess:2: }, 'but nothing that is no request\'s doing');
mark_log('lint_log');
is(get('/g/y'), '400', 'asked again');
not_logged(qr{R307-A}, 'it is said once for a version of the file', 'lint_log');
put('lint/off/.htaccess', $tenant);
remove('lint/.htaccess');
is(get('/off/g/z'), '400', 'where Lint is off');
not_logged(qr{R307-A}, 'nothing is said', 'lint_log');

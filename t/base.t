# SPDX-License-Identifier: Apache-2.0
# The URL of the directory that a relative source is relative to.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

# One tree, by every way that leads to it: the URL of its top.
my @ways = (
    ['/tree/',       'base',       '',             'DocumentRoot'],
    ['/al/',         'base',       '',             'Alias'],
    ['/al2/',        'base',       '',             'Alias with slashes'],
    ['/a/l/3/',      'base',       '',             'Alias of several segments'],
    ['/link/',       'base',       '',             'a symbolic link'],
    ['/tree/link2/', 'base',       '',             'a symbolic link below'],
    ['/~anna/',      'base',       '',             'UserDir'],
    ['/tail/',       'base',       '',             'AliasMatch that keeps the end'],
    ['/pt/',         'base',       '',             'RewriteRule [PT]'],
    ['/named/',      'base',       '',             'RewriteRule to a file name'],
    ['/pt-alias/',   'base',       '',             'RewriteRule [PT] to an Alias'],
    ['/',            'base_hosts', 'anna.example', 'VirtualDocumentRoot'],
    ['/tree/',       'base_slashes', '',           'MergeSlashes Off'],
);
# What is asked below the top, and what comes out below it.
my @asked = (
    ['old.html',             'new.html',              'a name'],
    ['old.html/more/x',      'new.html/more/x',       'what follows is carried, where no file is'],
    ['real.html/info/x',     'new.html/info/x',       'path_info behind a file'],
    ['old.html?q=1',         'new.html?q=1',          'a query'],
    ['%6Fld.html',           'new.html',              'a name in percent codes'],
    ['sub/../old.html',      'new.html',              'dots'],
    ['./old.html',           'new.html',              'a dot'],
    ['sub/deep.html',        'sub/found.html',        'a nested .htaccess'],
    ['sub/outer.html',       'from-outer.html',       'the outer .htaccess about a subdirectory'],
    ['sub/up.html',          'from-sub.html',         'a target with ".."'],
    ['sub/self/',            'sub/self/there.html',   '"./", the directory itself'],
    ['a%20b/old.html',       'a%20b/new.html',        'a directory with a space'],
    ['100%25/old.html',      '100%25/new.html',       'a directory with a percent sign'],
    ['%E4/old.html',         '%E4/new.html',          'a directory with a byte beyond ASCII'],
);
my @doubled = (
    # path, vhost, what comes out: slashes come out as they came
    ['/tree//old.html',       'base',         qr{^/tree/+new\.html$}],
    ['//tree/old.html',       'base',         qr{^/tree/new\.html$}],
    ['/tree//old.html',       'base_slashes', qr{^/tree/+new\.html$}],
    ['//tree/old.html',       'base_slashes', qr{^/tree/new\.html$}],
    ['/tree/sub//deep.html',  'base_slashes', qr{^/tree/sub/+found\.html$}],
    ['//server//x',           'base_slashes', qr{^/to/server/+x$}],
);
my @single = (
    ['/~anna/old.html',            '307 -> /~anna/new.html',       'UserDir'],
    ['/al/conf.html',              '307 -> /al/from-conf.html',    '<Directory>, reached by one Alias'],
    ['/al2/conf.html',             '307 -> /al2/from-conf.html',   '<Directory>, reached by another'],
    ['/tail/conf.html',            '307 -> /tail/from-conf.html',  '<Directory>, reached by AliasMatch'],
    ['/root.html',                 '307 -> /new-root.html',        'the top of the site'],
    ['/sub/none/root2.html',       '404',                          'a relative source is no name somewhere below'],
    ['/pt/client.html',            '307 -> /by-client',            '[PT]: an absolute source is what the client asked for'],
    ['/pt/internal.html',          '404',                          '[PT]: and not what it was rewritten to'],
    ['/tree/internal.html',        '307 -> /by-internal',          'the same asked for directly'],
    ['/tree/sub/self',             '307 -> /tree/sub/self/there.html', 'the directory itself, before mod_dir adds a slash'],
    ['/amb/old.html.x',            '307 -> /amb/new.html',         'Redirect307Base settles AliasMatch'],
    ['/amb/conf.html.x',           '307 -> /amb/from-conf.html',   'Redirect307Base settles <Directory>, too'],
    ['/amb/sub/old.html.x',        '307 -> /amb/sub/new.html',     'Redirect307Base reaches a subdirectory'],
    ['/amb/own/old.html.x',        '307 -> /other/new.html',       'Redirect307Base of the subdirectory itself', '/other/old.html.x'],
    ['/deep/a/b/old.html.x',       '307 -> /deep/a/b/new.html',    'Redirect307Base without final slash, two levels down'],
    ['/am/abs.html.x',             '307 -> /am/beside.html',       'unknown base: a relative target is read at the request'],
    ['/am/old.html.x',             '200',                          'unknown base: a relative source does not match'],
    ['/am/in-conf.html.x',         '200',                          'unknown base: neither in <Directory>'],
    ['/pt-other/old.html.y',       '404',                          'unknown base: [PT] to another tail'],
    ['/badbase/old.html',          '307 -> /badbase/new.html',     'a Redirect307Base that is none is skipped'],
);

plan tests => @ways * @asked + @doubled + @single + 16;

sub told
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.[01] (\d+)};
    my ($location) = each_header($reply, 'Location');
    return ($code || 'nothing') . (defined $location ? " -> $location" : '');
}
sub ask
{
    my ($path, $vhost, $host) = @_;
    $host ||= '127.0.0.1:' . port($vhost || 'base');
    return told(raw("GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", vhost => $vhost || 'base'));
}

# ---- files ------------------------------------------------------------------------------

sub tree
{
    my $top = shift;
    put("$top/.htaccess", <<'HTACCESS');
Redirect307 old.html new.html
Redirect307 real.html new.html
Redirect307 sub/outer.html from-outer.html
Redirect307 /pt/client.html /by-client
Redirect307 /tree/internal.html /by-internal
HTACCESS
    put("$top/real.html", "real\n");
    put("$top/sub/.htaccess", "Redirect307 deep.html found.html\nRedirect307 up.html ../from-sub.html\n");
    put("$top/sub/self/.htaccess", "Redirect307 ./ there.html match=exact\n");
    put("$top/$_/.htaccess", "Redirect307 old.html new.html\n") for 'a b', '100%', "\xe4";
    return;
}
tree($_) for qw(base/tree base-alias base-users/anna/www base-hosts/anna.example/www);
put('base/.htaccess', "Redirect307 root.html new-root.html\nRedirect307 root2.html new-root.html\n");
put('base/sub/none/x', '');
symlink root() . '/base-alias', root() . '/base/link';
symlink root() . '/base-alias', root() . '/base/tree/link2';
put("base-am/$_", "x\n") for qw(old.html in-conf.html);
put('base-am/.htaccess', "Redirect307 old.html new.html\nRedirect307 second.html new.html\nRedirect307 /am/abs.html.x beside.html\n");
put('base-amb/.htaccess', "Redirect307 old.html.x new.html\n");
put('base-amb/sub/.htaccess', "Redirect307 old.html.x new.html\n");
put('base-amb/own/.htaccess', "Redirect307Base /other/\nRedirect307 /amb/own/old.html.x new.html\n");
put('base-deep/a/b/.htaccess', "Redirect307 old.html.x new.html\n");
put('base/badbase/.htaccess', "Redirect307Base badbase\nRedirect307 old.html new.html\n");
put('base/out/.htaccess', "Redirect307 /elsewhere/old.html /x\nRedirect307 old.html new.html\n");

# ---- every way --------------------------------------------------------------------------

for my $way (@ways) {
    my ($top, $vhost, $host, $name) = @$way;
    for my $row (@asked) {
        my ($path, $want, $what) = @$row;
        is(ask("$top$path", $vhost, $host), "307 -> $top$want", "$name: $what");
    }
}
for my $row (@doubled) {
    my ($path, $vhost, $want) = @$row;
    my $seen = ask($path, $vhost);
    $seen =~ s/^307 -> //;
    like($seen, $want, "$path: slashes are merged for the rules" . ($vhost eq 'base' ? '' : ', whatever MergeSlashes says'));
}
mark_log('base_log');
for my $row (@single) {
    my ($path, $want, $why) = @$row;
    is(ask($path), $want, "$path: $why");
}

# ---- what is said -----------------------------------------------------------------------

sub count_lines
{
    my $pattern = shift;
    my $found = () = log_since_mark('base_log') =~ /$pattern/g;
    return $found;
}
my $unknown = qr{\Qbase-am/.htaccess:1: the URL of \E\S+\Q/base-am/ cannot be told from this request\E.*write Redirect307Base /url/};
logged($unknown, 'an unknown base is said, with file, line and what to write', 'base_log');
ask('/am/old.html.x') for 1 .. 5;
is(count_lines($unknown), 1, 'and said once');
is(count_lines(qr{base-am/\.htaccess:2: the URL}), 0, 'for the file, not for every rule of it');
is(count_lines(qr{base\.conf:\d+: the URL of \S+/base-am/ cannot be told}), 1, 'and once for <Directory>');
put('base-am/.htaccess', "# changed\n\nRedirect307 old.html new.html\n");
mark_log('base_log');
is(ask('/am/old.html.x'), '200', 'the file changed, the base is still unknown');
logged(qr{base-am/\.htaccess:3: the URL of}, 'and a new version is said again', 'base_log');

mark_log('base_log');
is(ask('/out/old.html'), '307 -> /out/new.html', 'a line outside its directory does not hurt the others');
my $outside = qr{base/out/\.htaccess:1: source '/elsewhere/old\.html' is outside /out/ where this file applies; write elsewhere/old\.html};
logged($outside, 'it is said, with what to write', 'base_log');
ask('/out/old.html') for 1 .. 5;
ask('/out/nothing.html');
is(count_lines($outside), 1, 'and said once');
is(ask('/elsewhere/old.html'), '404', 'and it does not answer elsewhere');
put('base/out/.htaccess', "# changed again\nRedirect307 /elsewhere/old.html /x\nRedirect307 old.html new.html\n");
ask('/out/old.html');
logged(qr{base/out/\.htaccess:2: source}, 'a new version is said again', 'base_log');
mark_log('base_log');
put('base/badbase/.htaccess', "Redirect307Base badbase\n# and more\n");
is(ask('/badbase/x'), '404', 'a Redirect307Base that is none');
logged(qr{base/badbase/\.htaccess:1: Redirect307Base: 'badbase' is no URL-path; .*; this line is left out},
       'is said', 'base_log');

my ($exit, $said) = conf_test("<DirectoryMatch \"^/x\">\nRedirect307Base /x/\n</DirectoryMatch>\n");
like("$exit $said", qr{^[1-9].*line 2 of DIR/test\.conf:\nRedirect307Base: says what .* without wildcards}s,
     'Redirect307Base in <DirectoryMatch> ends the start');
($exit, $said) = conf_test("Redirect307Base /x/\n");
like("$exit $said", qr{^[1-9].*line 1 of DIR/test\.conf:\nRedirect307Base: says what}s,
     'Redirect307Base outside a directory ends the start');
($exit, $said) = conf_test("<Directory \"/x\">\nRedirect307Base /x/?y\n</Directory>\n");
like("$exit $said", qr{^[1-9].*\nRedirect307Base: '/x/\?y/?' is no URL-path}s, 'Redirect307Base with a query ends the start');

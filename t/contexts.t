# SPDX-License-Identifier: Apache-2.0
# Where rules may stand, which of them is asked first, and what is inherited.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

# In the order in which they are asked.
my @early = qw(location-1-if if main-if location-2 location-1 main-location
               vhost vhost-second main);
my @late = qw(deeper-if outer-if deeper-files outer-files filesmatch files
              match deeper inner-htaccess inner wild outer-htaccess outer outer-second);

my @overrides = (
    # path, what is answered, why
    ['/none/old.html',        '404',               'AllowOverride None: the file is not read'],
    ['/options/old.html',     '500',               'AllowOverride Options does not allow rules'],
    ['/list/old.html',        '307 -> /list/new',  'AllowOverrideList names Redirect307'],
    ['/list/regex/old.html',  '500',               'AllowOverrideList does not name Redirect307Match'],
    ['/nonfatal/old.html',    '404',               'Nonfatal=Override: the line is httpd\'s to ignore'],
);
my @refused_in_htaccess = (
    'Redirect307AllowHosts x.example', 'Redirect307Refuse pass', 'Redirect307Exempt /x',
    'Redirect307Relative off', 'Redirect307By on', 'Redirect307Drain 1M',
);

my @engine = (
    # outside, .htaccess, effect
    [qw(on - on)],        [qw(on on on)],           [qw(on report report)], [qw(on off off)],
    [qw(report - report)], [qw(report on report)],  [qw(report report report)],
    [qw(report off off)],
    [qw(off - off)],      [qw(off on off)],         [qw(off report off)],   [qw(off off off)],
);

my @places = (
    ['/ctx/inherited/x',             '307 -> /to/main/x',     'a vhost inherits the rules of the main server'],
    ['/ctx/kept-from-vhost/x',       '404',                   'a "-" of the vhost stops the main server\'s rule'],
    ['/ctx/one/a/b?c=d',             '307 -> /to/one?c=d',    'one argument: fixed target, no remainder'],
    ['/ctx/one',                     '307 -> /to/one',        'one argument: the location itself'],
    ['/ctx/onex',                    '404',                   'one argument: whole segments, as <Location> has it'],
    ['/ctx/one-foreign/a',           '307 -> https://other.example/x?y=1#z', 'one argument: an absolute target'],
    ['/ctx/one-gone/a',              '410',                   'no argument but a status'],
    ['/ctx/ma',                      '307 -> /to/matched',    '<LocationMatch> with one argument'],
    ['/ctx/ma/x',                    '404',                   '<LocationMatch> says where it ends'],
    ['/ctx/two/in/x',                '307 -> /to/two/x',      'two arguments in <Location>: source and target'],
    ['/ctx/two/out',                 '404',                   'two arguments: what the source does not match passes'],
    ['/elsewhere/entirely',          '404',                   'a <Location> does not reach beyond itself'],
    ['/ctx/relative/old.html',       '307 -> /ctx/relative/new.html', 'a relative target in <Location>: at the source'],
    ['/ctx/tilde/12',                '307 -> /to/tilde',      '<Location ~> with one argument'],
    ['/ctx/tilde/x',                 '404',                   '<Location ~> that does not match'],
    ['/ctx/if?if-here',              '307 -> /to/if',         '<If> of the vhost, true'],
    ['/ctx/if?else',                 '404',                   '<If> of the vhost, false'],
    ['/ctx/loc-if?yes',              '307 -> /to/loc-if',     '<If> in <Location>'],
    ['/ctx/loc-if?perhaps',          '307 -> /to/elseif',     '<ElseIf> in <Location>'],
    ['/ctx/loc-if?no',               '307 -> /to/else',       '<Else> in <Location>'],
    ['/stop/server/old.html',        '404',                   'a "-" of the server keeps .htaccess from being asked'],
    ['/stop/location/old.html',      '404',                   'a "-" in <Location> does, too'],
    ['/stop/inner/old.html',         '404',                   'a "-" in .htaccess stops the outer directory'],
    ['/stop/other/old.html',         '307 -> /to/outer-directory', 'and only there'],
    ['/literal/old.html',            '307 -> /literal/new.html', '<Directory>: relative source and target'],
    ['/literal/old.html/x',          '307 -> /literal/new.html/x', '<Directory>: the remainder is carried'],
    ['/literal/f.html',              '307 -> /literal/in-files.html', '<Files> in <Directory>: relative'],
    ['/literal/if.html?x',           '307 -> /literal/in-if.html', '<If> in <Directory>: relative, true'],
    ['/literal/if.html?y',           '404',                   '<If> in <Directory>: false'],
    ['/literal2/x',                  '307 -> /literal2/there/x', '<Directory> written untidily: "./" is the directory'],
    ['/literal2/there/x',            '404',                   'and its own target is left alone'],
    ['/ht/old.html',                 '307 -> /ht/new.html',   '.htaccess: relative source and target'],
    ['/ht/sub/old.html',             '307 -> /ht/sub/newer.html', 'nested .htaccess: the deeper one first'],
    ['/ht/sub/only-outer.html',      '307 -> /ht/outer.html', 'nested .htaccess: then the outer one'],
    ['/ht/sub/deeper/up.html',       '307 -> /ht/top.html',   '".." in a target reaches the directory above'],
    ['/ht/files.html',               '307 -> /ht/from-files.html', '<Files> in .htaccess'],
    ['/ht/filesmatch.html',          '307 -> /ht/from-filesmatch.html', '<FilesMatch> in .htaccess'],
    ['/ht/if.html?yes',              '307 -> /ht/from-if.html', '<If> in .htaccess, true'],
    ['/ht/if.html?no',               '307 -> /ht/from-else.html', '<Else> in .htaccess'],
    ['/ht/ifmodule.html',            '307 -> /ht/from-ifmodule.html', '<IfModule> in .htaccess'],
    ['/ht/regex-1.html',             '307 -> /ht/r/1',        'a regex in .htaccess sees the whole path'],
    ['/ht/absolute.html',            '307 -> /ht/from-absolute.html', 'an absolute source inside the directory'],
);

my @settings = (
    ['/settings/x',                      '307 -> /to/settings/x', 'a rule of this host'],
    ['/settings/main-exempt/x',          '404',                'Exempt of the main server reaches the vhost'],
    ['/settings/main-exempt/named',      '307 -> /to/named',   'a rule that names an exempt path answers'],
    ['/settings/main-exempt/open/x',     '307 -> /to/settings/main-exempt/open/x', 'Exempt none empties what was inherited'],
    ['/settings/main-exempt/open/more/x', '307 -> /to/settings/main-exempt/open/more/x', 'none of an outer <Location> holds where an inner one adds'],
    ['/settings/main-exempt/open/more/not/x', '404',           'and that is added'],
    ['/settings/more/added/x',           '404',                'Exempt of a <Location> adds'],
    ['/settings/more/x',                 '307 -> /to/settings/more/x', 'and only what it names'],
    ['/.well-known/acme-challenge/t',    '404',                'certificate requests pass by default'],
    ['/.well-known/pki-validation/t',    '404',                'domain validation passes by default'],
    ['/.well-known/security.txt',        '307 -> /to/well-known/security.txt', 'the rest of /.well-known/ does not'],
    ['/.well-known/acme-challenge/open/t', '307 -> /to/well-known/acme-challenge/open/t', 'Exempt none empties the default'],
    ['/settings/again/here/x',           '404',                'Exempt none, then a path: that path'],
    ['/settings/hosts?to=https://main.example/', '307 -> https://main.example/', 'AllowHosts of the main server'],
    ['/settings/hosts/inherited?to=https://main.example/', '307 -> https://main.example/', 'AllowHosts reaches a <Location>'],
    ['/settings/hosts/own?to=https://own.example/', '307 -> https://own.example/', 'AllowHosts of a <Location>'],
    ['/settings/hosts/own?to=https://second.example/', '307 -> https://second.example/', 'two lines are one list'],
    ['/settings/hosts/own?to=https://main.example/', '404',  'the inner list replaces the outer one'],
    ['/settings/hosts/none?to=https://main.example/', '404', 'AllowHosts none is the empty list'],
    ['/settings/hosts/none?to=/own/path', '307 -> /own/path', 'an own path needs no list'],
    ['/settings/bad/.evil.example/',     '404',                'Refuse of the vhost'],
    ['/settings/bad-400/.evil.example/', '400',                'Refuse of a <Location>'],
    ['/settings/bad-pass/.evil.example/', '404',               'Refuse pass: no later rule of the server is asked'],
    ['/settings/bad-pass/old.html',      '307 -> /settings/bad-pass/new.html', 'Refuse pass: .htaccess is asked, as if no rule had matched'],
    ['/settings/full/x',                 '307 -> http://127.0.0.1:PORT/to/settings/full/x', 'Relative off in a <Location>'],
    ['/settings/full/relative/x',        '307 -> /to/settings/full/relative/x', 'Relative on again below it'],
);
my @by = (
    ['/settings/x',         'mod_redirect307'],
    ['/settings/by-off/x',  undef],
    ['/settings/by-rule/x', qr{^mod_redirect307; rule=contexts\.conf:\d+$}],
);

plan tests => @early * (@early - 1) / 2 + @late * (@late - 1) / 2 + 1 + @places
    + @overrides + @refused_in_htaccess + @engine * 2 + 8 + 4 + @settings + @by;

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }

# ---- files ------------------------------------------------------------------------------

my $levels = sub { join '', map { "Redirect307 / /to/$_ args=$_ query=drop\n" } @_ };
put('contexts/late/.htaccess', $levels->('outer-htaccess'));
put('contexts/late/deep/.htaccess', $levels->('inner-htaccess'));
put('contexts/late/deep/er/.htaccess', $levels->('deeper')
    . "<Files page.html>\n" . $levels->('deeper-files') . "</Files>\n"
    . "<If \"true\">\n" . $levels->('deeper-if') . "</If>\n");
put('contexts/late/deep/er/page.html', "page\n");

put('contexts/stop/inner/.htaccess', "Redirect307 old.html -\n");
put("contexts/stop/$_/.htaccess", "Redirect307 old.html /to/htaccess\n") for qw(server location);
put('contexts/stop/other/x', '');
put("contexts/$_/x", '') for qw(literal literal2/sub engine-dir);

put("contexts/$_/.htaccess", "Redirect307 old.html new\n") for qw(none options list nonfatal);
put('contexts/list/regex/.htaccess', "Redirect307Match ^/list/regex/old\\.html\$ /x\n");
for my $i (0 .. $#refused_in_htaccess) {
    put("contexts/refused-$i/.htaccess", "$refused_in_htaccess[$i]\n");
}
for my $row (@engine) {
    my ($outside, $inside) = @$row;
    put("contexts/engine/$outside/$inside/.htaccess",
        ($inside eq '-' ? '' : "Redirect307Engine $inside\n") . "Redirect307 old.html new.html\n");
}
put('contexts/engine/on/off/deeper/.htaccess', "Redirect307Engine on\nRedirect307 old.html new.html\n");
put('contexts/engine-dir/.htaccess', "Redirect307 old.html new.html\n");

put('contexts/ht/.htaccess', <<'HTACCESS');
Redirect307 old.html new.html
Redirect307 sub/old.html newest.html
Redirect307 sub/only-outer.html outer.html
<Files files.html>
    Redirect307 files.html from-files.html
</Files>
<FilesMatch ^filesmatch\.html$>
    Redirect307 filesmatch.html from-filesmatch.html
</FilesMatch>
<If "%{QUERY_STRING} == 'yes'">
    Redirect307 if.html from-if.html query=drop
</If>
<Else>
    Redirect307 if.html from-else.html query=drop
</Else>
<IfModule mod_redirect307.c>
    Redirect307 ifmodule.html from-ifmodule.html
</IfModule>
Redirect307Match ^/ht/regex-(\d)\.html$ r/$1
Redirect307 /ht/absolute.html from-absolute.html
HTACCESS
put('contexts/settings/bad-pass/.htaccess', "Redirect307 old.html new.html\n");
put('contexts/ht/sub/.htaccess', "Redirect307 old.html newer.html\n");
put('contexts/ht/sub/deeper/.htaccess', "Redirect307 up.html ../../top.html\n");

# ---- who is asked first -----------------------------------------------------------------

sub pairs
{
    my ($path, @levels) = @_;
    for my $i (0 .. $#levels) {
        for my $j ($i + 1 .. $#levels) {
            my $response = answer("$path?$levels[$j]&$levels[$i]", vhost => 'contexts');
            my $location = $response->header('Location') || $response->code;
            like($location, qr{^/to/\Q$levels[$i]\E(?:/|$)}, "$levels[$i] is asked before $levels[$j]");
        }
    }
    return;
}

pairs('/ctx/early', @early);
pairs('/late/deep/er/page.html', @late);
is(told(answer('/late/deep/er/page.html?deeper-if&early', vhost => 'contexts')),
   '307 -> /to/early/deep/er/page.html', 'rules of the server are asked before all of them');

# ---- places -----------------------------------------------------------------------------

is(told(answer($_->[0], vhost => 'contexts')), $_->[1], "$_->[0]: $_->[2]") for @places;

# ---- who may override -------------------------------------------------------------------

is(told(answer($_->[0], vhost => 'contexts')), $_->[1], "$_->[0]: $_->[2]") for @overrides;
for my $i (0 .. $#refused_in_htaccess) {
    my ($name) = split ' ', $refused_in_htaccess[$i];
    mark_log('contexts_log');
    is(told(answer("/refused-$i/x", vhost => 'contexts')), '500', "$name does not stand in .htaccess");
}

# ---- Redirect307Engine ------------------------------------------------------------------

for my $row (@engine) {
    my ($outside, $inside, $effect) = @$row;
    mark_log('contexts_log');
    my $path = "/engine/$outside/$inside/old.html";
    is(told(answer($path, vhost => 'contexts')),
       $effect eq 'on' ? "307 -> /engine/$outside/$inside/new.html" : '404',
       "Engine $outside outside and $inside in .htaccess: $effect");
    my $line = qr{would answer 307 /engine/\Q$outside/$inside\E/new\.html by .*\.htaccess:\d};
    $effect eq 'report' ? logged($line, "and is logged", 'contexts_log')
                        : not_logged($line, "and nothing is said of it", 'contexts_log');
}
is(told(answer('/engine/on/off/deeper/old.html', vhost => 'contexts')), '404',
   'a deeper .htaccess cannot raise what an outer .htaccess lowered');
is(told(answer('/engine-off/x', vhost => 'contexts')), '404', 'Engine off in <Location>');
is(told(answer('/engine-off/on-again/x', vhost => 'contexts')), '307 -> /to/engine/on-again/x',
   'Engine on in a deeper <Location>');
mark_log('contexts_log');
is(told(answer('/engine-report/x', vhost => 'contexts')), '404', 'Engine report in <Location>');
logged(qr{would answer 307 /to/engine/x by }, 'and is logged', 'contexts_log');
is(told(answer('/engine-report-bad.evil.example', vhost => 'contexts')), '400',
   '<Location> does not hold for a longer segment: this one is refused');
is(told(answer('/engine-dir/old.html', vhost => 'contexts')), '404', 'Engine off in <Directory>');
is(told(answer('/engine-dir/server', vhost => 'contexts')), '307 -> /to/server-rule',
   'Engine off in <Directory> does not touch the rules of the server');

my $note = answer('/late/deep/er/page.html', vhost => 'contexts');
is($note->code, 200, 'a page for which no rule is open is served');
is($note->content, "page\n", 'and whole');
is(told(answer('/late/deep/er/page.html?outer', vhost => 'contexts', method => 'POST',
               content => 'a=b')), '307 -> /to/outer', 'a POST is no different');
is(told(answer('/none/old.html', method => 'POST', content => 'a', vhost => 'contexts')), '404',
   'and neither is one that passes');

# ---- what is inherited ------------------------------------------------------------------

my $port = port('contexts_settings');
for my $row (@settings) {
    my ($path, $want, $name) = @$row;
    $want =~ s/PORT/$port/;
    is(told(answer($path, vhost => 'contexts_settings')), $want, "$path: $name");
}
for my $row (@by) {
    my ($path, $want) = @$row;
    my $by = answer($path, vhost => 'contexts_settings')->header('X-Redirect-By');
    ref $want ? like($by, $want, "$path: Redirect307By rule in a <Location>")
              : is($by, $want, "$path: Redirect307By " . (defined $want ? 'of the vhost' : 'off in a <Location>'));
}

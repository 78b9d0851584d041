# SPDX-License-Identifier: Apache-2.0
# What an administrator lets a tenant's rules be.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get { my ($path, $host) = @_; return told(answer($path, vhost => 'limits', headers => { Host => $host || 'main.example.test' })) }

sub tenant
{
    my ($dir, @lines) = @_;
    put("limits/$dir/.htaccess", join '', map { "$_\n" } @lines);
    mark_log('limits_log');
    return;
}

sub skipped { my ($what, $name) = @_; return logged(qr{\.htaccess:$what[^\n]*; this line is (?:skipped, and what it is for stays where it is|left out)}, $name, 'limits_log') }

my @bad_lines = (
    ['Redirect307Limits',                     qr{a value is missing; write: Redirect307Limits rules=}],
    ['Redirect307Limits rules=many',          qr{rules='many' is no value here; write a number}],
    ['Redirect307Limits rules=1 rules=2',     qr{rules= is there twice}],
    ['Redirect307Limits hosts=2',             qr{'hosts=2' is no limit; write rules=1000}],
    ['Redirect307Limits targets=own',         qr{targets='own' is no value here; write any, same-site or hosts}],
    ['Redirect307Limits regex-steps=1',       qr{regex-steps='1' is no value here}],
);
plan tests => 56 + @bad_lines;

for my $row (@bad_lines) {
    my ($exit, $said) = conf_test("$row->[0]\n");
    like($said, $row->[1], "$row->[0]: told by httpd -t");
}

# --- rules= and regex=
tenant('few', 'Redirect307 ./one /1', 'Redirect307Match ^/few/two$ /2', '<Files "three">', 'Redirect307 ./three /3', '</Files>',
       'Redirect307 ./four /4', '<IfModule !no_such_module>', 'Redirect307Match ^/few/five$ /5', '</IfModule>');
is(get('/few/one'), '307 -> /1', 'the first rule answers');
is(get('/few/two'), '307 -> /2', 'the second, a regex, answers');
is(get('/few/three'), '307 -> /3', 'the third, in a section, answers');
is(get('/few/four'), '404', 'the fourth is as if it were not there');
is(get('/few/five'), '404', 'and so is the fifth');
is(get('/few/admin-4'), '307 -> /by-admin', 'what the administrator wrote is not counted');
skipped(q{6: Redirect307: './four' is one rule too many for this file}, 'the fourth is told with its line');
skipped(q{8: Redirect307: '\^/few/five\$' is one rule too many for this file}, 'and the fifth');
unlike(log_since_mark('limits_log'), qr{htaccess:[1-57]: }, 'and none of the others');
mark_log('limits_log');
get('/few/four') for 1 .. 3;
not_logged(qr{htaccess}, 'it is said once', 'limits_log');
tenant('few', 'Redirect307Match ^/few/one$ /1', 'Redirect307Match ^/few/two$ /2', 'Redirect307 ./two /later');
is(get('/few/two'), '307 -> /later', 'the second regex is skipped, and the rule behind it asked');
skipped(q{2: Redirect307: '\^/few/two\$' is one regular expression too many}, 'a new version of the file is told of anew');
tenant('few/more', map { "Redirect307 ./n$_ /$_" } 1 .. 9);
is(get('/few/more/n9'), '307 -> /9', 'rules=none below lifts the limit');
is(get('/few/more/admin-1'), '404', '(and a relative source above reaches no deeper)');
tenant('late', 'Redirect307 ./one /1', 'Redirect307 ./two /2');
is(get('/late/one'), '307 -> /1', 'a <Location>, merged last, limits too: the first');
is(get('/late/two'), '404', '... the second');
tenant('few', map({ "Redirect307 ./n$_ /$_" } 1 .. 300));
is(get('/few/n3'), '307 -> /3', 'with 300 rules the third answers');
is(get('/few/n4'), '404', '... the fourth does not');
logged(qr{more than 100 lines are past a limit}, 'and a hundred of the rest are named', 'limits_log');
cmp_ok(scalar(() = log_since_mark('limits_log') =~ /is one rule too many/g), '==', 100, 'exactly a hundred');

# --- targets=
tenant('site', 'Redirect307 ./path /p', 'Redirect307 ./main https://main.example.test/m', 'Redirect307 ./alias https://alias.example.test/m',
       'Redirect307 ./asked https://www.wild.example.test/m', 'Redirect307 ./out https://evil.example/m', 'Redirect307 ./listed https://h.example/m',
       'Redirect307 ./open %{arg:to}', 'Redirect307 ./host https://%{arg:to}/', 'Redirect307 ./tls https: match=exact');
is(get('/site/path'), '307 -> /p', 'same-site: a path');
is(get('/site/main'), '307 -> https://main.example.test/m', 'same-site: ServerName');
is(get('/site/alias'), '307 -> https://alias.example.test/m', 'same-site: ServerAlias');
is(get('/site/asked', 'www.wild.example.test'), '307 -> https://www.wild.example.test/m', 'same-site: the name that was asked');
is(get('/site/asked'), '404', 'same-site: not what only a ServerAlias with a star would match');
is(get('/site/out'), '404', 'same-site: another host is skipped');
is(get('/site/listed'), '404', 'same-site: one of Redirect307AllowHosts too');
is(get('/site/open?to=/x'), '307 -> /x', 'same-site: a whole target, an own path');
is(get('/site/open?to=https://h.example/'), '400', 'same-site: a whole target, a host of the list');
is(get('/site/host?to=h.example'), '404', 'same-site: a host with an insertion is skipped');
is(get('/site/tls'), '307 -> https://main.example.test/site/tls', 'same-site: https:');
skipped(q{5: Redirect307: './out' leads to evil.example, another host, and targets=same-site}, 'told with the line and the host');
tenant('hosts', 'Redirect307 ./listed https://h.example/m', 'Redirect307 ./below https://a.n.example/m', 'Redirect307 ./out https://evil.example/m',
       'Redirect307 ./port https://h.example:81/', 'Redirect307 ./own https://alias.example.test/', 'Redirect307 ./path /p',
       'Redirect307Match ^/hosts/r$ /r', 'Redirect307 ./open %{arg:to}');
is(get('/hosts/listed'), '307 -> https://h.example/m', 'hosts: one of the list');
is(get('/hosts/below'), '307 -> https://a.n.example/m', 'hosts: below a starred one');
is(get('/hosts/out'), '404', 'hosts: not one of the list');
is(get('/hosts/port'), '404', 'hosts: another port');
is(get('/hosts/own'), '307 -> https://alias.example.test/', 'hosts: this site');
is(get('/hosts/path'), '307 -> /p', 'hosts: a path');
is(get('/hosts/r'), '404', 'regex=off');
is(get('/hosts/open?to=https://h.example/x'), '307 -> https://h.example/x', 'hosts: a whole target by the list');
skipped(q{3: Redirect307: './out' leads to evil\.example, a host that is not in Redirect307AllowHosts, [^\n]*; write a path of this site}, 'hosts: what to do is said');
skipped(q{7: Redirect307: '\^/hosts/r\$' is a regular expression, and regex=off}, 'a regex that may not be is told');

# --- errors=fail
tenant('fail', 'Redirect307 ./good /g');
put('limits/fail/plain.txt', "plain\n");
is(get('/fail/good'), '307 -> /g', 'errors=fail: a good file works');
tenant('fail', 'Redirect307 ./good /g', 'Redirect307 gone ./x');
is(get('/fail/good'), '500', 'errors=fail: a line that is none ends in 500');
is(get('/fail/plain.txt'), '500', '... for every file of the directory, as httpd itself does');
logged(qr{fail/\.htaccess: has a line that is no rule or past a limit, and errors=fail}, 'said why', 'limits_log');
my $fails = qr{; where errors=fail of Redirect307Limits holds, the answer is 500 instead\n};
logged(qr{fail/\.htaccess:2: Redirect307: [^\n]*$fails}, '... and of the line what is true', 'limits_log');
get('/fail/good') for 1 .. 3;
unlike(log_since_mark('limits_log'), qr{this line is[^;]*\n}, '... not that it is left out and nothing else');
tenant('fail', map { "Redirect307 ./n$_ /$_" } 1 .. 5);
is(get('/fail/plain.txt'), '500', 'errors=fail: one rule too many');
logged(qr{fail/\.htaccess:\d: Redirect307: [^\n]* is one rule too many for this file [^\n]*; errors=fail of Redirect307Limits answers 500 because of it\n}, '... which one is said', 'limits_log');
tenant('fail', 'Redirect307 ./out https://evil.example/');
is(get('/fail/plain.txt'), '500', 'errors=fail: a host that may not be');
put('limits/fail/report/x.txt', "x\n");
put('limits/fail/report/.htaccess', "Redirect307 gone ./x\n");
is(get('/fail/report/x.txt'), '200', 'errors=fail: report answers nothing, and no 500 either');
logged(qr{report/\.htaccess:1: Redirect307: [^\n]*$fails}, '... and that is said', 'limits_log');
tenant('fail', 'Redirect307 ./in https://h.example/');
is(get('/fail/plain.txt'), '200', 'errors=fail: mended, it works again');

# --- regexes in expressions, and steps
tenant('expr', 'Redirect307 ./a /b expr="%{QUERY_STRING} =~ /^x/"');
is(get('/expr/a?x'), '307 -> /b?x', 'regex=expr: a regex in expr= may be asked');
tenant('steps', 'Redirect307Match ^/steps/(a|aa)+$ /to');
is(get('/steps/' . 'a' x 12 . '!'), '400', 'regex-steps=100: ends sooner');

# SPDX-License-Identifier: Apache-2.0
# What a tenant cannot do through our directives: read a file or see that it is there, have
# another URL asked, learn what the server knows, set a header, slow another tenant, reach
# into another's directory or see its rules, or lift what the administrator set.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my @vhost = (vhost => 'tenants', headers => { Host => 'shop.example.test' });
sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get { return told(answer(shift, @vhost)) }
my $count = 0;

# A directory of its own with that .htaccess; its name. Old enough to be kept in memory, and
# asked for twice, so that what is tested is what is kept.
sub tenant
{
    my (@lines) = @_;
    my $dir = 't' . ++$count;
    put("tenants/$dir/.htaccess", join('', map { "$_\n" } @lines), 60);
    mark_log('tenants_log');
    answer("/$dir/warm", @vhost) for 1 .. 2;
    return $dir;
}

my $secret = put('tenants/secret/inside.txt', "the secret\n");
my $outside = root() . '/tenants-outside.txt';
put($outside, "flag\n");

# --- directives that are the administrator's
my @not_here = ('Redirect307AllowHosts evil.example', 'Redirect307Limits targets=any', 'Redirect307Refuse pass', 'Redirect307Exempt none',
    'Redirect307By off', 'Redirect307Drain 1M', 'Redirect307Relative off', 'Redirect307Lint off', 'Redirect307HtaccessCache off',
    'Redirect307Arena 1M');
# --- a target or a condition that would read, ask or look
my @spies = (
    # the line, what is said of it
    "Redirect307 ./x /%{file:$secret}", "Redirect307 ./x /%{filesize:$secret}", 'Redirect307 ./x /%{osenv:PATH}', 'Redirect307 ./x /%{env:R307_PRIVATE}',
    'Redirect307 ./x /%{reqenv:R307_PRIVATE}', 'Redirect307 ./x /%{note:redirect307-rule}', 'Redirect307 ./x /%{resp:Server}', 'Redirect307 ./x /%{SSL:SSL_PROTOCOL}',
    'Redirect307 ./x /%{SERVER_ADMIN}', 'Redirect307 ./x /%{SERVER_SOFTWARE}', 'Redirect307 ./x /%{CONN_LOG_ID}', 'Redirect307 ./x /%{HANDLER}',
    "Redirect307 ./x /y expr=\"-f '$secret'\"", "Redirect307 ./x /y expr=\"-e '/etc/passwd'\"", 'Redirect307 ./x /y expr="-U \'/secret/inside.txt\'"',
    "Redirect307 ./x /y expr=\"-F '$secret'\"", 'Redirect307 ./x /y expr="-A \'/secret/\'"', 'Redirect307 ./x /y expr="%{ENV:PATH} != \'\'"',
    "Redirect307 ./x /y expr=\"file('$secret') == 'x'\"", 'Redirect307 ./x /y expr="%{REQUEST_URI} in split(\'x\', \'y\')"',
    "Redirect307 ./x /y expr=\"%{HTTP:Host} -fnmatch '*'\"",
);
my @headers = ("Redirect307 ./h \"/x\\r\\nX-Evil: 1\"", 'Redirect307 ./h /x%0d%0aX-Evil:%201', 'Redirect307 ./h /x "name=a, b; X-Evil: 1"',
    'Redirect307 ./h "/x?%{arg:v}"', 'Redirect307 ./h /x/%{HTTP:X-Evil}', 'Redirect307 ./h /x "name=<script>"');

plan tests => @not_here + @spies * 2 + @headers * 2 + 35;

is(get('/' . tenant($_, 'Redirect307 ./x /y') . '/x'), '500', "$_ does not stand in .htaccess") for @not_here;
for my $line (@spies) {
    my $dir = tenant($line, 'Redirect307 ./x /not-answered');
    is(get("/$dir/x"), '404', "$line: is no rule here, and none answers in its place");
    logged(qr{/$dir/\.htaccess:1: Redirect307: .*; this line is skipped, and what it is for stays where it is}, '... and told', 'tenants_log');
}

# --- files: a flag or a map outside the directory is as if it were not there
# to files of another owner
sub links_out
{
    my $dir = shift;
    put("tenants/$dir/dir/.keep", '');
    symlink '/etc/passwd', root() . "/tenants/$dir/link" or die "symlink: $!\n";
    symlink '/etc', root() . "/tenants/$dir/dir/link" or die "symlink: $!\n";
    return;
}

links_out('t' . ($count + 1));
put("tenants/t" . ($count + 1) . '/dir/own', '');
is(get('/' . tenant('Redirect307Maintenance down/ flag=dir/own', 'Redirect307 ./x /answers') . '/x'), '503', 'a flag of its own is seen');
for my $flag ($outside, $secret, '../secret/inside.txt', '/etc/passwd', 'link', 'dir/link/passwd') {
    links_out('t' . ($count + 1));
    my $dir = tenant("Redirect307Maintenance down/ flag=$flag", 'Redirect307 ./x /answers');
    is(get("/$dir/x"), '307 -> /answers', "flag=$flag: not looked at");
}
for my $map ($secret, '../secret/inside.txt', '/etc/passwd', 'link') {
    links_out('t' . ($count + 1));
    my $dir = tenant("Redirect307Map $map", 'Redirect307 ./x /answers');
    is(get("/$dir/x"), '307 -> /answers', "Redirect307Map $map: not read");
    ok(log_since_mark('tenants_log') !~ /the secret|root:/, '... and nothing of it in the log');
}

# --- headers of an answer are ours
for my $line (@headers) {
    my $dir = tenant($line);
    my $reply = raw("GET /$dir/h?v=%0d%0aX-Evil:1 HTTP/1.1\r\nHost: shop.example.test\r\nX-Evil: \tx\r\nConnection: close\r\n\r\n", vhost => 'tenants');
    my ($head) = split /\r\n\r\n/, $reply, 2;
    my @names = map { /^([^:]*):/ ? lc $1 : () } split /\r\n/, $head;
    my %known = map { $_ => 1 } qw(date server location cache-control expires vary x-redirect-by content-type content-length connection);
    ok(!(grep { !$known{$_} } @names), "$line: no header but ours") or diag($head);
    ok($head !~ /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/, '... and no byte that is none') or diag($head);
}

# --- another tenant's URLs and rules
my $reaching = tenant('Redirect307 /secret/inside.txt /taken', 'Redirect307Match ^/secret /taken', 'Redirect307Match .* /mine', 'Redirect307 ../secret /taken',
                      'Redirect307 / /taken', 'Redirect307 ./named /n name=shared');
is(get('/secret/inside.txt'), '200', 'a rule for another directory is not asked there');
is(get("/$reaching/x"), '307 -> /mine', 'and works in its own');
is(get('/secret/x'), '404', 'a regex for everything is for everything of its directory');
my $other = tenant('Redirect307 ./named /other name=shared');
is(get("/$other/named"), '307 -> /other', 'one name in two tenants\' files');
my $by = answer("/$other/named", @vhost)->header('X-Redirect-By');
is($by, 'mod_redirect307; rule=shared', 'X-Redirect-By names the tenant\'s own rule');
my $off = tenant('Redirect307Engine off', 'Redirect307 ./x /y');
is(get("/$off/x"), '404', 'a tenant switches its own rules off');
is(get("/$other/named"), '307 -> /other', 'and nobody else\'s');
is(get('/few/admin/x'), '307 -> /by-admin/x', 'the administrator\'s are in force');
put('tenants/few/.htaccess', "Redirect307Engine off\n", 60);
is(get('/few/admin/x'), '307 -> /by-admin/x', '... whatever a .htaccess says, that is read later');
my $acme = tenant('Redirect307Match .* /all');
put("tenants/.htaccess", "Redirect307 ./ /all/ match=prefix\n", 60);
put("tenants/.well-known/acme-challenge/token", "t\n");
is(get('/.well-known/acme-challenge/token'), '200', 'a certificate\'s challenge is nobody\'s to redirect');
remove('tenants/.htaccess');
is(get('/' . tenant('Redirect307 ./o "%{arg:to}"') . '/o?to=https://evil.example/'), '400', 'a host that is not on the administrator\'s list');

# --- limits hold for maps, and for what is kept in memory
put('tenants/few/site.map', "/few/m1 /m1\n/few/m2 https://evil.example/\n/few/m3 https://h.example/\n/few/m4 /m4\n", 60);
put('tenants/few/.htaccess', "Redirect307Map site.map\nRedirect307 ./own /o\nRedirect307 ./out https://evil.example/\n"
    . "Redirect307Match ^/few/r1\$ /r1\nRedirect307Match ^/few/r2\$ /r2\n", 60);
# the map was just written: until it stood still, clients are told to come back
my $until = time + 60;
sleep 0.2 while get('/few/m1') =~ /^503/ && time < $until;
for my $round ('read', 'read again', 'from memory') {
    is(join(' ', map { get("/few/$_") } qw(m1 m2 m3 m4)), '307 -> /m1 404 404 404', "a map: $round");
    is(join(' ', map { get("/few/$_") } qw(own out r1 r2)), '307 -> /o 404 307 -> /r1 404', "rules: $round");
}

logged(qr{few/site\.map:2: '/few/m2' leads to another host, [^\n]*; this line is left out; said of one line}, 'and the log names one', 'tenants_log');

# --- time: while one tenant's patterns are asked for the worst, another is answered
my $evil = tenant('Redirect307Match (a|aa)+$ /to', 'Redirect307Match ^/.*(\w+\s?)*$ /to');
my $quick = tenant('Redirect307 ./q /quick');
my @busy = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port('tenants'), Proto => 'tcp') } 1 .. 3;
for my $socket (@busy) {
    print $socket "GET /$evil/" . 'a' x 200 . "! HTTP/1.1\r\nHost: shop.example.test\r\n"
        . ($_ == 30 ? "Connection: close\r\n\r\n" : "\r\n") for 1 .. 30;
}
my ($slowest, $right) = (0, 0);
for (1 .. 20) {
    my $start = time;
    $right += get("/$quick/q") eq '307 -> /quick';
    my $took = time - $start;
    $slowest = $took if $took > $slowest;
}
is($right, 20, 'twenty requests of another tenant are answered');
# without a bound no answer would come before the client gives up, after 30 seconds; the machine
# may be busy with other things
ok($slowest < 25, 'each of them soon') or diag("$slowest s");
close $_ for @busy;

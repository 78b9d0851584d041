# SPDX-License-Identifier: Apache-2.0
# needs no conf
# redirect307ctl explain --live: what the server's own process decides, asked by its page, in the words of
# explain over files (docs/status.md).
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use R307::Tool qw(run run_apart);

once();

plan tests => 25;

my $site = root() . '/live';
put('live/t/.htaccess', "Redirect307 /t/x /there until=2199-01-01\n", 10);
put('live/page.html', 'here', 10);
my $server = own_server(<<"EOT", only => ['dir']);
ServerName main.test
${\status_conf($site)}
<Location "/closed">
    SetHandler redirect307-status
    Redirect307Status server
    Require all denied
</Location>
<Location "/place">
    Redirect307Maintenance /down/
</Location>
<VirtualHost *:\@PORT\@>
    ServerName main.test
    Redirect307 /shop /winter-shop until=2199-12-26
    Redirect307 /seen /there header=X-Tester:yes
    Redirect307 /only /there method=POST
    Redirect307Match ^/glued/(.*)\$ https://h.example\$1
    Redirect307 /stays -
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName other.test
    Redirect307 /shop /other-shop status=303
</VirtualHost>
EOT

my $base = "http://127.0.0.1:$server->{port}";
sub live { return run('explain', '--live', "$base/redirects", @_) }

my ($exit, $said) = live('http://main.test/shop/lamps');
is($exit, 0, 'a rule');
like($said, qr{\A307 -> /winter-shop/lamps  until 26 Dec 2199, 24:00 UTC \(in \d+ days\)\n  \S+test\.conf:\d+  /shop /winter-shop .*until=2199-12-26}, 'in the words of explain');
like((live('http://other.test/shop'))[1], qr{\A303 -> /other-shop\n}, 'of another virtual host');
like((live('http://main.test/t/x'))[1], qr{\A307 -> /there  until.*\n  \S+/t/\.htaccess:1  }, 'of a .htaccess');
like((live('https://main.test/nothing'))[1], qr{\Ano rule answers\n}, 'none, and of https');
like((live('http://main.test/only'))[1], qr{\Ano rule answers\n  passed over  \S+:\d+  /only /there .*\n +a condition does not hold: }, 'what was passed over, and why');
like((live('--method', 'POST', 'http://main.test/only'))[1], qr{\A307 -> /there\n}, 'with a method');
like((live('--at', '2199-12-28', 'http://main.test/shop'))[1], qr{its time is over}, 'at another time');
like((live('http://main.test/stays'))[1], qr{\Ano redirect: a rule with target '-' ends the search\n}, 'a rule that ends the search');
like((live('http://main.test/place/x'))[1], qr{\A503, Retry-After \d+, .*\n  \S+:\d+  Redirect307Maintenance /down/}, 'a maintenance');
like((live('--header', 'X-Tester: yes', 'http://main.test/seen'))[1], qr{\A307 -> /there\n}, 'with headers');
($exit, $said) = live('http://main.test/glued/.evil.example');
is($exit, 1, 'a refusal is a finding');
like($said, qr{\Arefused: R307-G11, '}, 'with its verdict');
($exit, $said) = live('javascript:alert(1)');
is($exit, 2, 'no URL');
like($said, qr{\Acannot be asked: that is no URL}, 'which is said');

# --- what cannot be

($exit, $said) = run('explain', '--live', "$base/closed", '/shop');
is($exit, 2, 'a page for others');
like($said, qr{answers 403 there, and has no page about its rules for this client; name the place of SetHandler}, 'is told');
like((run('explain', '--live', "$base/page.html", '/shop'))[1], qr{answers 200 there, and has no page about its rules}, 'another page, too');
like((run('explain', '--live', 'https://127.0.0.1/redirects', '/shop'))[1], qr{--live 'https://127\.0\.0\.1/redirects' is about https, and no TLS is spoken here}, 'https');
like((run('explain', '--live', 'http://127.0.0.1:1/redirects', '/shop'))[1], qr{http://127\.0\.0\.1:1 gives no answer}, 'nobody there');
like((run('explain', '--live', "$base/redirects?x", '/shop'))[1], qr{is no page; write http://}, 'no page');
like((live('file', '/shop'))[1], qr{--live asks for one URL; leave the file out}, 'a file');
like((live('--client', '192.0.2.1', '/shop'))[1], qr{leave --client out}, 'who asks');
like((live('--header', 'A: b | c', '/shop'))[1], qr{holds ' \| '}, 'a header that would be two');
my (undef, $out, $errors) = run_apart('explain', '--live', "$base/redirects", '--header', "A: \x1b[2J", "http://main.test/only");
unlike("$out$errors", qr{\x1b}, 'nothing that moves a cursor');

# SPDX-License-Identifier: Apache-2.0
# needs no conf: a person's way through a maintenance, in Chromium: opens a page, sends a
# form, waits, reloads; and somebody at work who has the link.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Browser;
use R307::Site;
use Time::HiRes qw(sleep);

once();

my $cgi = have_module('cgid') || have_module('cgi');
my $browser = $cgi && R307::Browser->new;
plan $browser ? (tests => 27) : (skip_all => $cgi ? 'no Chromium here' : 'no CGI here');

my $root = root() . '/maintenance-browser';
put('maintenance-browser/index.html', '<!DOCTYPE html><title>Shop</title><p>The shop is open.'
    . '<form method="post" action="/order"><input name="item" value="lamp"><button>Order</button></form>');
put('maintenance-browser/other.html', '<!DOCTYPE html><title>Other</title><p>Another page.');
put('maintenance-browser/api', '{}');
put('maintenance-browser/down/index.html', '<!DOCTYPE html><title>Down</title><link rel="stylesheet" href="/down/style.css">'
    . '<p>We are down.<img src="/down/logo.svg" alt="">');
put('maintenance-browser/down/style.css', 'p { color: rgb(1, 2, 3) }');
put('maintenance-browser/down/logo.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="17" height="17"/>');
chmod 0755, put('maintenance-browser/order.cgi', "#!$^X\nread STDIN, my \$body, \$ENV{CONTENT_LENGTH} || 0;\n"
    . "print \"Content-Type: text/html\\n\\n<p>\$ENV{REQUEST_METHOD} \$body\";\n");
my $flag = "$root/down.on";
unlink $flag;
sub close_it { put($flag, ''); sleep 1.2; return }
sub open_it  { unlink $flag; sleep 1.2; return }

my $server = own_server(<<"CONF", only => [qw(dir alias mime cgid cgi)]);
<Directory "$root">
    Require all granted
    Options ExecCGI
</Directory>
DocumentRoot "$root"
DirectoryIndex index.html
TypesConfig /dev/null
AddType text/html .html
AddType text/css .css
AddType image/svg+xml .svg
ScriptAlias /order "$root/order.cgi"
Redirect307Maintenance /down/ flag=$flag eta=10min allow-link=staff=open-sesame
CONF
my $url = "http://127.0.0.1:$server->{port}";
my $fetch = 'fetch("/api", {cache: "no-store"}).then(r => r.status + " " + r.headers.get("Retry-After"))';

my $page = $browser->go("$url/");
like($page->{text}, qr/The shop is open/, 'open: the page');
is($browser->eval($fetch), '200 null', 'open: what it fetches');

close_it();
$page = $browser->reload;
is($page->{url}, "$url/down/", 'closed: a reload leads to the page');
is($page->{status}, 503, '... which is a 503');
like($page->{text}, qr/We are down/, '... and can be read');
is($browser->eval('document.images[0].naturalWidth'), 17, '... with its picture');
is($browser->eval('getComputedStyle(document.querySelector("p")).color'), 'rgb(1, 2, 3)', '... and its style');
like($browser->eval($fetch), qr/^503 (?:59\d|600)$/, 'closed: what is fetched gets 503, and when to come back');
$page = $browser->reload;
is($page->{url}, "$url/down/", 'closed: reloading the page stays on it');
is($page->{status}, 503, '... and on its status');

open_it();
$page = $browser->reload;
is($page->{url}, "$url/", 'open again: the same reload leads back');
like($page->{text}, qr/The shop is open/, '... to the shop');
is($page->{status}, 200, '... with its status');

close_it();
$page = $browser->act('document.querySelector("button").click()');
is($page->{url}, "$url/order", 'closed: a form that is sent stays at its address');
is($page->{status}, 503, '... with a 503');
like($page->{text}, qr/We are down/, '... and the page');
is($browser->eval('document.images[0].naturalWidth'), 17, '... with its picture');
$page = $browser->reload;
is($page->{status}, 503, 'closed: reloading it changes nothing');
open_it();
$page = $browser->reload;
is($page->{url}, "$url/order", 'open again: the reload is the form');
is($page->{text}, 'POST item=lamp', '... which arrives whole');

close_it();
$page = $browser->go("$url/?staff=open-sesame");
is($page->{url}, "$url/", 'the link: its key is not in the address');
like($page->{text}, qr/The shop is open/, '... the shop is there');
is($browser->eval('document.cookie'), '', '... and no script sees the cookie');
like($browser->go("$url/other.html")->{text}, qr/Another page/, 'the next page is there, too');
like($browser->eval($fetch), qr/^200/, '... and what it fetches');
$page = $browser->go("$url/other.html?staff=off");
is($page->{url}, "$url/down/", 'out again: the page that all others see');
is($browser->go("$url/")->{status}, 503, '... from now on');
open_it();

# SPDX-License-Identifier: Apache-2.0
# needs no conf: people's ways in Chromium: somebody who gets a link to a preview, and
# somebody who is shown a language and switches to another one.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Browser;
use R307::Site;

my $browser = R307::Browser->new;
plan $browser ? (tests => 20) : (skip_all => 'no Chromium here');

my $root = root() . '/people';
sub page { my ($name, $text) = @_; return put("people/$name", "<!DOCTYPE html><title>x</title><p>$text") }
page('index.html', 'Choose a language.');
page('shop/index.html', 'The shop of today.<a href="/shop/lamp.html">Lamp</a>');
page('shop/lamp.html', 'A lamp of today.');
page('next/index.html', 'The shop of tomorrow.<a href="/shop/lamp.html">Lamp</a>');
page('next/lamp.html', 'A lamp of tomorrow.');
page("$_/index.html", "This is $_.<button onclick=\"document.cookie='tongue=fr; path=/'; location='/'\">fr</button>") for qw(de fr);

my $server = own_server(<<"CONF", only => [qw(dir mime)]);
<Directory "$root">
    Require all granted
</Directory>
DocumentRoot "$root"
DirectoryIndex index.html
TypesConfig /dev/null
AddType text/html .html
Redirect307 /shop /next optin=preview=ink-and-paper
Redirect307 / /fr/ match=exact cookie=tongue=fr
Redirect307 / /de/ match=exact lang=de
Redirect307 / /fr/ match=exact lang=fr
CONF
my $url = "http://127.0.0.1:$server->{port}";
my $browser_name = $browser->eval('navigator.userAgent');

sub speak
{
    my $languages = shift;
    $browser->call('Network.setUserAgentOverride', { userAgent => $browser_name, acceptLanguage => $languages });
    return;
}

# sees what a page says, and where
sub sees
{
    my ($page, $where, $text, $name) = @_;
    is($page->{url}, "$url$where", $name);
    like($page->{text}, qr/\Q$text\E/, '... and what is there');
    return;
}

speak('es');
sees($browser->go("$url/shop/"), '/shop/', 'shop of today', 'who has no link sees the shop');
sees($browser->go("$url/shop/?preview=ink-and-pepper"), '/shop/?preview=ink-and-pepper', 'shop of today', 'a wrong key is none');
sees($browser->go("$url/shop/?preview=ink-and-paper"), '/next/', 'shop of tomorrow', 'the link leads to the preview, its key is gone');
is($browser->eval('document.cookie'), '', 'no script sees the cookie');
sees($browser->act('document.querySelector("a").click()'), '/next/lamp.html', 'lamp of tomorrow', 'a link on it stays in the preview');
sees($browser->go("$url/shop/?preview=off"), '/shop/?preview=off', 'shop of today', 'out again');
sees($browser->go("$url/shop/"), '/shop/', 'shop of today', 'for good');

sees($browser->go("$url/"), '/', 'Choose', 'who speaks neither language chooses');
speak('fr-CH,de;q=0.5');
is($browser->go("$url/")->{url}, "$url/fr/", 'French before German');
speak('de-AT,fr;q=0.5');
sees($browser->go("$url/"), '/de/', 'This is de', 'German before French');
sees($browser->act('document.querySelector("button").click()'), '/fr/', 'This is fr', 'and he switches to French, which is kept');

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The examples of mod_alias's manual for Redirect, RedirectMatch, RedirectTemp and
# RedirectPermanent, asked of mod_alias and, spelt with our names, of us: the same status and
# the same URL once the Location is resolved. Behind them the differences that
# docs/rules.md lists: what each of the two answers.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use URI;

# mod_alias's lines, ours, and the paths that are asked of both
my @same = (
    ['Redirect "/service" "http://foo2.example.com/service"',
     'Redirect307 /service http://foo2.example.com/service status=302',
     '/service', '/service/', '/service/foo.txt', '/service/a/b/?x=1&y=%20z', '/servicefoo.txt'],
    ['Redirect "/one" "/two"', 'Redirect307 /one /two status=302', '/one', '/one/x', '/one?q', '/ones'],
    ['Redirect permanent "/one" "http://example.com/two"',
     'Redirect307 /one http://example.com/two status=301', '/one', '/one/x/y', '/one/?z'],
    ['Redirect 303 "/three" "http://example.com/other"',
     'Redirect307 /three http://example.com/other status=303', '/three', '/three/x'],
    ['Redirect seeother "/three" "http://example.com/other"',
     'Redirect307 /three http://example.com/other status=see-other', '/three'],
    ['Redirect temp "/t" "http://example.com/o"', 'Redirect307 /t http://example.com/o status=302', '/t/1'],
    ['RedirectTemp "/t" "http://example.com/o"', 'Redirect307 /t http://example.com/o status=302', '/t/1'],
    ['RedirectPermanent "/t" "http://example.com/o"', 'Redirect307 /t http://example.com/o status=301', '/t/1'],
    ['Redirect 307 "/t" "http://example.com/o"', 'Redirect307 /t http://example.com/o', '/t/1?a'],
    ['Redirect 308 "/t" "http://example.com/o"', 'Redirect307 /t http://example.com/o status=308', '/t/1?a'],
    ['Redirect gone "/g"', 'Redirect307 /g status=gone', '/g', '/g/x', '/gg'],
    ['Redirect 403 "/g"', 'Redirect307 /g status=403', '/g/x'],
    ['RedirectMatch "(.*)\.gif$" "http://other.example.com$1.jpg"',
     'Redirect307Match ^(.*)\.gif$ http://other.example.com$1.jpg status=302',
     '/a.gif', '/a/b%20c.gif', '/a.gif?x=1', '/a.gif.png', '/.gif'],
    ['RedirectMatch "^/(?!images/)(.*)\.gif$" "/images/$1.gif"',
     'Redirect307Match ^/(?!images/)(.*)\.gif$ /images/$1.gif status=302', '/x/a.gif', '/images/a.gif'],
    ['RedirectMatch 301 "^/images/(.*)$" "http://images.example.com/$1"',
     'Redirect307Match ^/images/(.*)$ http://images.example.com/$1 status=301', '/images/', '/images/a/b.png'],
    ["<Location \"/one\">\nRedirect permanent \"http://example.com/two\"\n</Location>",
     "<Location \"/one\">\nRedirect307 http://example.com/two status=301\n</Location>",
     '/one', '/one/x', '/one/x?q=1', '/two'],
    ["<Location \"/three\">\nRedirect 303 \"http://example.com/other\"\n</Location>",
     "<Location \"/three\">\nRedirect307 http://example.com/other status=303\n</Location>", '/three'],
    ["<LocationMatch \"/error/(?<NUMBER>[0-9]+)\">\nRedirect permanent \"http://example.com/errors/%{env:MATCH_NUMBER}.html\"\n</LocationMatch>",
     "<LocationMatch \"/error/(?<NUMBER>[0-9]+)\">\nRedirect307 http://example.com/errors/%{env:MATCH_NUMBER}.html status=301\n</LocationMatch>",
     '/error/404', '/error/x'],
);

# What differs, as the manual's table has it: mod_alias's line and answer, ours and answer
my @differ = (
    ['Redirect "/a" "/b"', '302', 'Redirect307 /a /b', '307', '/a'],
    ['Redirect "/" "https://example.com"', '302 -> https://example.com.evil.example/',
     'Redirect307 / https://example.com', '307 -> https://example.com/.evil.example/', '/.evil.example/'],
    ['Redirect "/a/" "/b.php"', '302 -> http://HOST/b.phpx', 'Redirect307 /a/ /b.php', '307 -> http://HOST/b.php', '/a/x'],
    ['RedirectMatch "^/(.*)$" "https://example.com$1"', '302 -> https://example.com.evil.example/',
     'Redirect307Match ^/(.*)$ https://example.com$1', '400', '/.evil.example/'],
    ['RedirectMatch "^/q/(.*)$" "/b%20c/$1"', '302 -> http://HOST/b%2520c/x',
     'Redirect307Match ^/q/(.*)$ /b%20c/$1', '307 -> http://HOST/b%20c/x', '/q/x'],
    ['RedirectMatch "^/q/(.*)$" "/n/$1"', '302 -> http://HOST/n/a?b',
     'Redirect307Match ^/q/(.*)$ /n/$1', '307 -> http://HOST/n/a%3Fb', '/q/a%3Fb'],
    ['Redirect "/a" "/b#part"', '302 -> http://HOST/b#part?x=1', 'Redirect307 /a /b#part', '307 -> http://HOST/b?x=1#part', '/a?x=1'],
    ['Redirect "/a" "/b?"', '302 -> http://HOST/b?', 'Redirect307 /a /b?', '307 -> http://HOST/b', '/a?x=1'],
    ['RedirectMatch "^/a/b$" "../c"', '500', 'Redirect307Match ^/a/b$ ../c', '307 -> http://HOST/c', '/a/b'],
    ['Redirect "/" "/down.html"', '302 -> http://HOST/down.html.well-known/acme-challenge/t',
     'Redirect307 / /down.html', '404', '/.well-known/acme-challenge/t'],
);

my ($n, $conf) = (0, '');
for my $pair ((map { [@$_[0, 1]] } @same), map { [@$_[0, 2]] } @differ) {
    $conf .= "<VirtualHost *:\@PORT\@>\nServerName $_->[0]$n.example\n$_->[1]\n</VirtualHost>\n"
        for ['stock', $pair->[0]], ['ours', $pair->[1]];
    $n++;
}
my $server = own_server("UseCanonicalName Off\n$conf", only => [qw(alias)]);

# Status and URL, as a client at http://HOST/ reads them
sub told_by
{
    my ($who, $number, $path) = @_;
    my $host = "$who$number.example";
    my $reply = raw("GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return $code unless defined $location;
    my $url = URI->new_abs($location, "http://$host$path")->canonical;
    $url =~ s{^http://\Q$host\E(?::\d+)?/}{http://HOST/};
    return "$code -> $url";
}

plan tests => (map { @$_[2 .. $#$_] } @same) + 2 * @differ;

for my $i (0 .. $#same) {
    my ($stock, $ours, @paths) = @{ $same[$i] };
    is(told_by('ours', $i, $_), told_by('stock', $i, $_), "$ours: $_ as mod_alias") for @paths;
}
for my $i (0 .. $#differ) {
    my ($stock, $stocks, $ours, $want, $path) = @{ $differ[$i] };
    like(told_by('stock', @same + $i, $path), qr/^\Q$stocks\E(?: |$)/, "$stock: $path");
    like(told_by('ours', @same + $i, $path), qr/^\Q$want\E(?: |$)/, "$ours: $path");
}

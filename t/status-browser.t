# SPDX-License-Identifier: Apache-2.0
# needs no conf: the page about a server in Chromium, wide and on a phone, light and dark, with no rule, one,
# and 100 000, and full of what hopes to be more than text: nothing runs, nothing is refused by
# the policy as nothing tries, nothing sticks out, and no message comes to the console.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Browser;
use R307::Site;

once();

my $browser = R307::Browser->new;
my @sizes = ([1280, 900, 'light'], [1280, 900, 'dark'], [390, 844, 'light'], [390, 844, 'dark']);
my $checks = 6;
plan $browser ? (tests => (3 * @sizes + 1) * $checks + 3) : (skip_all => 'no Chromium here');

my $site = root() . '/browser';
my $evil = q{"'><img src=x onerror=document.title='run'><script>document.title='run'</script><svg onload=document.title='run'>};
my $encoded = join '', map { sprintf '%%%02X', ord } split //, $evil;
(my $folder = $evil) =~ s{/}{:}g;
put("browser/$folder/.htaccess", "Redirect307 /x /there\nRedirect307 /y https://far.example/\nRedirect307 /z\n", 10);
my %conf = (
    'no rule' => '',
    'hostile rules' => join('', map { my $text = "$evil$_" =~ s/(["\\])/\\$1/gr; "Redirect307 \"/$text\" \"/there\" \"note=$text\" \"owner=$text\" until=2199-01-01\n" } 1 .. 3)
        . "Redirect307 /soon /there until=" . tomorrow() . "\n",
    '100 000 rules' => join('', map { "Redirect307 /old-$_ /new-$_\n" } 1 .. 100_000),
);
sub tomorrow { my @at = gmtime(time + 2 * 86400); return sprintf '%04d-%02d-%02d', $at[5] + 1900, $at[4] + 1, $at[3] }

sub look
{
    my ($url, $size, $what) = @_;
    my ($wide, $high, $scheme) = @$size;
    $what .= ", $wide px, $scheme";
    $browser->call('Emulation.setDeviceMetricsOverride', { width => $wide, height => $high, deviceScaleFactor => 1, mobile => JSON::PP::false });
    $browser->call('Emulation.setEmulatedMedia', { features => [{ name => 'prefers-color-scheme', value => $scheme }] });
    my $page = $browser->go($url);
    is($page->{status}, 200, "$what: the page");
    like($page->{text}, qr{\ATo the rules\nAnswering\. [\d\xA0]+ rules?, }, "$what: its sentence is seen first");
    my @said = grep { $_->{method} =~ /^(?:Runtime\.consoleAPICalled|Runtime\.exceptionThrown|Log\.entryAdded)$/ } @{ $browser->{events} };
    is(join("\n", map { $_->{params}{entry}{text} // $_->{method} } @said), '', "$what: nothing comes to the console");
    is($browser->eval('document.title === "run" || document.querySelectorAll("script, img, svg[onload], style, [style], [onclick]").length'), 0, "$what: nothing runs");
    is($browser->eval('document.documentElement.scrollWidth <= window.innerWidth ? "" : document.documentElement.scrollWidth'), '', "$what: nothing sticks out");
    my ($ink, $paper) = map { $browser->eval("getComputedStyle(document.body).$_") =~ /(\d+)/ } qw(color backgroundColor);
    ok($scheme eq 'dark' ? $ink > 180 && $paper < 60 : $ink < 60 && $paper > 180, "$what: its colours") or diag("$ink on $paper");
    return $page;
}

$browser->call('Log.enable');
for my $name ('no rule', 'hostile rules', '100 000 rules') {
    my $server = own_server(<<"EOT", only => ['dir']);
${\status_conf($site)}
$conf{$name}
EOT
    my $at = "http://127.0.0.1:$server->{port}";
    my $in = join '', map { sprintf '%%%02X', ord } split //, $folder;
    raw("GET /$in/page HTTP/1.0\r\nHost: $evil\r\nReferer: $evil\r\n\r\n", port => $server->{port}, timeout => 30);
    raw("GET /$in/page HTTP/1.0\r\nHost: h.test\r\nReferer: $evil\r\n\r\n", port => $server->{port}, timeout => 30);
    my $page;
    $page = look("$at/redirects", $_, $name) for @sizes;
    if ($name eq 'hostile rules') {
        look("$at/redirects?q=$encoded&state=$encoded&used=$encoded&from=$encoded&explain=$encoded&method=$encoded&headers=$encoded&at=$encoded", $sizes[2], 'hostile questions');
        like($browser->go("$at/redirects")->{text}, qr{\Q$folder\E}, 'a hostile directory of a tenant is text');
        like($browser->eval('document.querySelector("svg title").textContent'), qr{<script>}, 'and a rule in the drawing');
    }
    like($page->{text}, qr{100\xA0000 rules}, 'all rules are counted') if $name eq '100 000 rules';
    stop_server($server);
}

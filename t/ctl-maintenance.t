# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl maintenance as people call it, and what it leaves alone.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Tool qw($ctl $dir file);

once();

sub run { return R307::Tool::run('maintenance', @_) }

mkdir "$dir/down" or die "$!\n";

sub text
{
    my $name = shift;
    open my $in, '<:raw', "$dir/$name" or return '';
    local $/;
    return <$in>;
}

my $clock = qr/(?:\d{4}-\d\d-\d\d )?\d\d:\d\d/;
my $line = 'Redirect307Maintenance down/ flag=down.on exempt=/healthz allow=192.0.2.1,2001:db8::/32 allow-link=staff=open-sesame';
file('.htaccess', "Redirect307 a b\n$line\n");
file('empty', "Redirect307 a b\n");
file('two', "Redirect307Maintenance a/ flag=a.on name=one\nRedirect307Maintenance b/ flag=b.on name=two\n");
file('same', "Redirect307Maintenance /a/ flag=same.on\nRedirect307Maintenance /b/ flag=same.on\n");
file('always', "Redirect307Maintenance down/\n");
file('window', "Redirect307Maintenance down/ flag=window.on from=2098-01-01\n");
file('over', "Redirect307Maintenance down/ flag=over.on until=2020-01-01\n");
file('typo', "Redirect307Maintenance down/ flga=down.on\n");
file('up', "Redirect307Maintenance down/ flag=../up.on\n");
file('etc', "Redirect307Maintenance down/ flag=/etc/up.on\n");
file('page', "Redirect307Maintenance down/ flag=down/index.html\n");
file('nopage', "Redirect307Maintenance nopage.html flag=nopage.on\n");
file('in-place', "Redirect307Maintenance down/ flag=in-place.on answer=503 exempt=none\n");
file('sends', "Redirect307Maintenance down/ flag=sends.on answer=307\n");
file('folder', "Redirect307Maintenance down flag=folder.on\n");
file('named', "Redirect307Maintenance down/ flag=named.on page=down/index.html\n");
file('named-not', "Redirect307Maintenance down/ flag=named.on page=down/sorry.html\n");
file('marked', "Redirect307Maintenance down/ flag=marked.on\n");
file('marked.on', "\xEF\xBB\xBFeta=2h\r\n");
file('dir', "Redirect307Maintenance down/ flag=down\n");
file('outside', "Redirect307Maintenance down/ flag=out/x.on\n");
file('link', "Redirect307Maintenance down/ flag=link.on\n");
file('site.conf', "Redirect307Maintenance /down/ flag=conf.on\n");
file('full.conf', "<VirtualHost *>\n  Redirect307Maintenance /down/ flag=$dir/full.on\n</VirtualHost>\n");
file('root.conf', "<Location \"/\">\nRedirect307Maintenance /down/\n</Location>\n");
file('shop.conf', "<Location \"/shop\">\nRedirect307Maintenance /shop/down/\n</Location>\n");
file('directory.conf', "<Directory \"/srv/shop\">\nRedirect307Maintenance down/\n</Directory>\n");
file('down/index.html', "<p>my page\n");
symlink '/tmp', "$dir/out" or die "$!\n";
symlink "$dir/down/index.html", "$dir/link.on" or die "$!\n";

my @cases = (
    # words, exit, what is printed
    [['status', '.'], 0, qr{^off\n  \./\.htaccess:2  \Q$line\E\n$}],
    [['on', '.'], 0, qr{^on since $clock; 307 to down/ for page loads, 503 to everything else but /healthz, 2 addresses, who opened \?staff=KEY, robots\.txt, sitemaps if this is the root of the site\n  \./\.htaccess:2  }],
    [['status', '.htaccess'], 1, qr{^on since $clock; 307 to down/ for page loads, 503 to everything else}],
    [['on', '.', '--eta', '2h', '--allow', '198.51.100.0/24'], 0, qr{^on since $clock, announced back $clock; 307 to down/ for page loads, 503 to everything else but /healthz, 3 addresses, }],
    [['on', '--until', '4h', '.htaccess'], 0, qr{^on since $clock, ends $clock; 307 to down/ for page loads, 503 to everything else}],
    [['on', '.', '--until', '2098-01-01T10:00'], 0, qr{^on since $clock, ends 2098-01-01 10:00; }],
    [['off', '.'], 0, qr{^off; it was on since $clock\n$}],
    [['off', '.'], 0, qr{^off, as it was\n$}],
    [['status', '.'], 0, qr{^off\n}],
    [['status', 'always'], 1, qr{^on for ever: no flag=, no until=; 307 to down/ for page loads, 503 to everything else but robots\.txt, sitemaps if this is the root of the site\n}],
    [['on', 'always'], 2, qr{always:1: this line has no flag=, .* write: Redirect307Maintenance down/ flag=down\.on\n}],
    [['on', 'window'], 1, qr{^off until 2098-01-01 00:00; the flag is there already\n}],
    [['on', 'over'], 1, qr{^off since 2020-01-02 00:00; the flag is still there\n}],
    [['on', 'nopage'], 1, qr{^on since .*\n.*\n  nopage\.html is not there yet: .*make the page\n$}],
    [['status', 'two'], 2, qr{has 2 maintenance lines with flags of their own; .*--name one\n}],
    [['on', '--name', 'two', 'two'], 1, qr{^on since .*two:2  .*b/ is not there yet}s],
    [['off', '--name', 'two', 'two'], 0, qr{^off; it was on}],
    [['on', '--name', 'three', 'two'], 2, qr{two has no maintenance line with name=three}],
    [['on', 'same'], 0, qr{^on since}],
    [['on', 'in-place'], 0, qr{^on since $clock; 503 to everything\n}],
    [['on', 'sends'], 0, qr{^on since $clock; 307 to down/ for everything but robots\.txt, sitemaps if this is the root of the site\n}],
    [['on', 'folder'], 1, qr{^on since .*\n.*\n  down is a folder; write down/\n$}],
    [['on', 'named'], 0, qr{^on since .*page=down/index\.html\n$}s],
    [['on', 'named-not'], 1, qr{^on since .*\n.*\n  down/sorry\.html is not there yet: .*make the page\n$}],
    [['on', 'marked'], 0, qr{^on since}],
    [['on', 'empty'], 2, qr{empty has no maintenance line; write: Redirect307Maintenance down/ flag=down\.on\n}],
    [['on', 'typo'], 2, qr{typo:1: Redirect307Maintenance: 'flga=down\.on' unknown option; did you mean flag=\?}],
    [['on', 'missing'], 2, qr{missing: No such file}],
    [['on', 'up'], 2, qr{flag='\.\./up\.on' lies outside of the directory .*write flag=down\.on}],
    [['on', 'etc'], 2, qr{flag='/etc/up\.on' lies outside}],
    [['on', 'page'], 2, qr{down/index\.html holds something else than lines of a flag}],
    [['off', 'page'], 2, qr{holds something else than lines of a flag; this command leaves it alone}],
    [['on', 'dir'], 2, qr{is no plain file}],
    [['off', 'dir'], 2, qr{is no plain file}],
    [['on', 'outside'], 2, qr{out/x\.on: is reached by a symbolic link; .*this command leaves it alone}],
    [['on', 'link'], 2, qr{link\.on is no plain file}],
    [['off', 'link'], 2, qr{link\.on is no plain file}],
    [['status', 'site.conf'], 2, qr{flag='conf\.on' is relative to ServerRoot; say which that is: --root DIR}],
    [['on', '--root', '.', 'site.conf'], 0, qr{^on since $clock; 307 to /down/ for page loads, 503 to everything else but robots\.txt, sitemaps\n  site\.conf:1  }],
    [['on', 'full.conf'], 0, qr{full\.conf:2  Redirect307Maintenance /down/ flag=}],
    [['status', 'root.conf'], 1, qr{^on for ever: [^\n]* 503 to everything else but robots\.txt, sitemaps\n}],
    [['status', 'shop.conf'], 1, qr{^on for ever: [^\n]* 503 to everything else\n}],
    [['status', 'directory.conf'], 1, qr{^on for ever: [^\n]* 503 to everything else but robots\.txt, sitemaps if this is the root of the site\n}],
    [['off', 'full.conf'], 0, qr{^off; it was on}],
    [['on', '.', '--eta', 'soon'], 2, qr{--eta 'soon' is no}],
    [['on', '.', '--eta', '2020-01-01'], 2, qr{--eta '2020-01-01' is in the past}],
    [['on', '.', '--until'], 2, qr{--until needs a value}],
    [['on', '.', '--allow', '10.1'], 2, qr{--allow '10\.1' is no address; write 10\.1\.0\.0/16}],
    [['off', '.', '--eta', '2h'], 2, qr{go with on}],
    [['on', '.', 'x'], 2, qr{'x' is one word too many}],
    [['on', '.', '--x', 'y'], 2, qr{'--x' is not understood; see redirect307ctl help maintenance}],
    [['up', '.'], 2, qr{'up' is none of on, off and status}],
    [['on', '-f', 'none.conf'], 2, qr{none\.conf: No such file}],
    [[], 2, qr{write: redirect307ctl maintenance}],
);

plan tests => @cases * 2 + 8 + 12 + 3 + 3 * 11 + 2;

local $ENV{TZ} = 'UTC';
for my $case (@cases) {
    my ($words, $exit, $pattern) = @$case;
    my ($status, $text) = run(@$words);
    is($status, $exit, "exit status of: @$words");
    like($text, $pattern, "what it says: @$words");
}

is(text('down/index.html'), "<p>my page\n", 'a page that is named as a flag is still there');
ok(-l "$dir/link.on", 'and a link');
ok(-e "$dir/conf.on", 'the flag of a .conf is where --root says');
ok(!-e '/tmp/x.on', 'nothing was made where a link leads');

run('on', '.', '--eta', '2h', '--until', '2098-01-01', '--allow', '198.51.100.1,2001:db8::1');
my @lines = split /\n/, text('down.on');
like($lines[0], qr{^# redirect307ctl maintenance on, 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d}, 'a flag says who made it');
is(scalar(@lines), 4, 'and three things more');
is((stat "$dir/down.on")[2] & 0777, 0644, 'the server\'s user can read it');
opendir my $all, "$dir" or die "$!\n";
is(join(',', grep { /\.on\../ } readdir $all), '', 'nothing else is left behind');

# ---- explain ----------------------------------------------------------------------------

sub run_explain
{
    my @words = map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @_;
    my $text = qx(cd '$dir' && $ctl explain .htaccess @words 2>&1 </dev/null);
    return ($? >> 8, $text);
}
my @explained = (
    [['https://h.example/x'], 0, qr{^503, Retry-After \d+, with the text of /down/\n  \.htaccess:2  Redirect307Maintenance down/ flag=down\.on .*\n  this is what a program gets}],
    [['--header', 'Sec-Fetch-Mode: navigate', '/x'], 0, qr{^307 -> /down/\n}],
    [['/healthz'], 0, qr{^maintenance leaves this path open\n.*\nno rule answers\n}],
    [['--client', '192.0.2.1', '/a'], 0, qr{^maintenance lets this request pass, because of who sent it\n.*\n307 -> /b\n}],
    [['/x?staff=open-sesame'], 0, qr{^307 -> /x, with a cookie\n}],
);
for my $case (@explained) {
    my ($words, $exit, $pattern) = @$case;
    my ($status, $text) = run_explain(@$words);
    is($status, $exit, "exit status of: explain @$words");
    like($text, $pattern, "what it says: explain @$words");
}
run('off', '.');
my ($status, $text) = run_explain('/down/');
is($status, 0, 'exit status: explain the page without a flag');
like($text, qr{^307 -> /\n  \.htaccess:2 }, 'what it says: explain the page without a flag');

# ---- lint -------------------------------------------------------------------------------

$text = qx(cd '$dir' && $ctl lint .htaccess 2>&1);
is($? >> 8, 0, 'lint: a maintenance line that is fine');
like($text, qr{^\.htaccess:2: Redirect307Maintenance: note: a \.htaccess does not reach URLs that the server gives to a proxy .*; a line in httpd\.conf closes those, too$}m,
     '... and what a .htaccess does not reach');
unlike(scalar qx(cd '$dir' && $ctl lint site.conf 2>&1), qr{note}, '... of httpd.conf nothing is to be said');

# [file, words, what is said, what to write instead]: the advice is followed, and is fine
for my $row (
    ['conf', '/var/www/html/down.html', qr{looks like a file of this machine}, 'Redirect307Maintenance /down.html page=/srv/maintenance/down.html'],
    ['conf', '/srv/maintenance/', qr{looks like a file of this machine}, 'Redirect307Maintenance /maintenance/ page=/srv/maintenance/index.html'],
    ['conf', '/home/ann/public_html/down/', qr{looks like a file of this machine}, 'Redirect307Maintenance /down/ page=/home/ann/public_html/down/index.html'],
    ['ht', '/var/www/html/down/', qr{looks like a file of this machine}, 'down/'],
    ['conf', '/down/;', qr{ends with ';'}, '/down/'],
    ['conf', '/down/,', qr{ends with ','}, '/down/'],
    ['conf', '/down//', qr{more than one slash}, '/down/'],
    ['conf', "/down/\xC2\xA0", qr{a character that nobody sees}, '/down/'],
    ['ht', "\xE2\x80\x8Bdown/", qr{a character that nobody sees}, 'down/'],
    ['conf', 'https//status.example/', qr{is no URL}, 'https://status.example/'],
    ['ht', 'https:/status.example/', qr{is no URL}, 'https://status.example/'],
) {
    my ($kind, $words, $pattern, $write) = @$row;
    my $name = $kind eq 'conf' ? 'doubt.conf' : 'doubt';
    file($name, "Redirect307Maintenance $words flag=/tmp/x.on\n") if $kind eq 'conf';
    file($name, "Redirect307Maintenance $words flag=x.on\n") if $kind ne 'conf';
    $text = qx(cd '$dir' && $ctl lint $name 2>&1);
    like($text, qr{^$name:1: Redirect307Maintenance: page .*$pattern.*write:? .*\Q$write\E$}m, "lint: $words");
    is($? >> 8, 1, '... is a finding');
    file($name, ($write =~ /^Redirect/ ? $write : "Redirect307Maintenance $write") . "\n");
    qx(cd '$dir' && $ctl lint $name 2>&1);
    is($? >> 8, 0, "... and what it says to write is fine: $write");
}
for my $fine ('/down/', 'https://status.example/') {
    file('fine.conf', "Redirect307Maintenance $fine\n");
    unlike(scalar qx(cd '$dir' && $ctl lint fine.conf 2>&1), qr{finding.*Maintenance|looks like}, "no doubt about $fine");
}

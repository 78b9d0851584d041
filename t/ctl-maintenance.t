# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl maintenance as people call it, and what it leaves alone.
use strict;
use warnings FATAL => 'all';
use R307;
use File::Temp ();

my $ctl = $ENV{R307_CTL};
my $dir = File::Temp->newdir;
mkdir "$dir/down" or die "$!\n";

sub file
{
    my ($name, $text) = @_;
    open my $out, '>:raw', "$dir/$name" or die "$dir/$name: $!\n";
    print $out $text;
    close $out or die "$dir/$name: $!\n";
    return "$dir/$name";
}

sub text
{
    my $name = shift;
    open my $in, '<:raw', "$dir/$name" or return '';
    local $/;
    return <$in>;
}

sub run
{
    my @words = map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @_;
    my $text = qx(cd '$dir' && $ctl maintenance @words 2>&1 </dev/null);
    return ($? >> 8, $text);
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
file('dir', "Redirect307Maintenance down/ flag=down\n");
file('outside', "Redirect307Maintenance down/ flag=out/x.on\n");
file('link', "Redirect307Maintenance down/ flag=link.on\n");
file('site.conf', "Redirect307Maintenance /down/ flag=conf.on\n");
file('full.conf', "<VirtualHost *>\n  Redirect307Maintenance /down/ flag=$dir/full.on\n</VirtualHost>\n");
file('down/index.html', "<p>my page\n");
symlink '/tmp', "$dir/out" or die "$!\n";
symlink "$dir/down/index.html", "$dir/link.on" or die "$!\n";

my @cases = (
    # words, exit, what is printed
    [['status', '.'], 0, qr{^off\n  \./\.htaccess:2  \Q$line\E\n$}],
    [['on', '.'], 0, qr{^on since $clock; 503 to everything but /healthz, 2 addresses, who opened \?staff=KEY\n  \./\.htaccess:2  }],
    [['status', '.htaccess'], 1, qr{^on since $clock; 503}],
    [['on', '.', '--eta', '2h', '--allow', '198.51.100.0/24'], 0, qr{^on since $clock, announced back $clock; 503 to everything but /healthz, 3 addresses, }],
    [['on', '--until', '4h', '.htaccess'], 0, qr{^on since $clock, ends $clock; 503}],
    [['on', '.', '--until', '2098-01-01T10:00'], 0, qr{^on since $clock, ends 2098-01-01 10:00; }],
    [['off', '.'], 0, qr{^off; it was on since $clock\n$}],
    [['off', '.'], 0, qr{^off, as it was\n$}],
    [['status', '.'], 0, qr{^off\n}],
    [['status', 'always'], 1, qr{^on for ever: no flag=, no until=; 503 to everything\n}],
    [['on', 'always'], 2, qr{always:1: this line has no flag=, .* write: Redirect307Maintenance down/ flag=down\.on\n}],
    [['on', 'window'], 1, qr{^off until 2098-01-01 00:00; the flag is there already\n}],
    [['on', 'over'], 1, qr{^off since 2020-01-02 00:00; the flag is still there\n}],
    [['on', 'nopage'], 1, qr{^on since .*\n.*\n  nopage\.html is not there yet: .*make the page\n$}],
    [['status', 'two'], 2, qr{has 2 maintenance lines with flags of their own; .*--name one\n}],
    [['on', '--name', 'two', 'two'], 1, qr{^on since .*two:2  .*b/ is not there yet}s],
    [['off', '--name', 'two', 'two'], 0, qr{^off; it was on}],
    [['on', '--name', 'three', 'two'], 2, qr{two has no maintenance line with name=three}],
    [['on', 'same'], 0, qr{^on since}],
    [['on', 'empty'], 2, qr{empty has no maintenance line; write: Redirect307Maintenance down/ flag=down\.on\n}],
    [['on', 'typo'], 2, qr{typo:1: Redirect307Maintenance: 'flga=down\.on' unknown option; did you mean flag=\?}],
    [['on', 'missing'], 2, qr{missing: No such file}],
    [['on', 'up'], 2, qr{flag='\.\./up\.on' lies outside of the directory .*write flag=down\.on}],
    [['on', 'etc'], 2, qr{flag='/etc/up\.on' lies outside}],
    [['on', 'page'], 2, qr{down/index\.html holds something else than lines of a flag}],
    [['off', 'page'], 2, qr{holds something else than lines of a flag; this command leaves it alone}],
    [['on', 'dir'], 2, qr{is no plain file}],
    [['off', 'dir'], 2, qr{is no plain file}],
    [['on', 'outside'], 2, qr{leads out of the directory of this \.htaccess by a link}],
    [['on', 'link'], 2, qr{link\.on is no plain file}],
    [['off', 'link'], 2, qr{link\.on is no plain file}],
    [['status', 'site.conf'], 2, qr{flag='conf\.on' is relative to ServerRoot; say which that is: --root DIR}],
    [['on', '--root', '.', 'site.conf'], 0, qr{^on since $clock; 503 to everything\n  site\.conf:1  }],
    [['on', 'full.conf'], 0, qr{full\.conf:2  Redirect307Maintenance /down/ flag=}],
    [['off', 'full.conf'], 0, qr{^off; it was on}],
    [['on', '.', '--eta', 'soon'], 2, qr{--eta 'soon' is no}],
    [['on', '.', '--eta', '2020-01-01'], 2, qr{--eta '2020-01-01' is in the past}],
    [['on', '.', '--until'], 2, qr{--until needs a value}],
    [['on', '.', '--allow', '10.1'], 2, qr{--allow '10\.1' is no address; write 10\.1\.0\.0/16}],
    [['off', '.', '--eta', '2h'], 2, qr{go with on}],
    [['on', '.', 'x'], 2, qr{'x' is one word too many}],
    [['on', '.', '--x', 'y'], 2, qr{'--x' is no option}],
    [['up', '.'], 2, qr{'up' is none of on, off and status}],
    [['on'], 2, qr{write: redirect307ctl maintenance on\|off\|status}],
    [[], 2, qr{write: redirect307ctl maintenance}],
);

plan tests => @cases * 2 + 8 + 12;

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
    my $text = qx(cd '$dir' && $ctl explain @words 2>&1 </dev/null);
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

# SPDX-License-Identifier: Apache-2.0
# What is no rule, through a real httpd. In httpd.conf: `httpd -t` stops with file, line and
# text, and never by a signal. In .htaccess: the line is skipped and said once, the lines
# around it work, the page is served. Then what no row can say: bytes and sizes.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;
use Time::HiRes qw(time);

my $dir = root() . '/bad';
my $page = 'this is the page';
my @rows = R307::Rows::read_table('rulefile-bad.tsv');

# `httpd -t` knows nothing of MPMs: once is enough, unless everything is asked for.
my $is_first = $ENV{R307_MPMS} =~ /^$ENV{R307_MPM}\b/ || $ENV{R307_FULL};
my @in_conf = $is_first ? (grep { $_->{context} ne 'htaccess' && fits($_->{line}, 1_000_000) } @rows) : ();
my @in_htaccess = grep { fits($_->{line}, 8000) } @rows;

# What httpd's own reader leaves whole: no line end, no NUL, nothing it joins or cuts off.
sub fits
{
    my ($line, $most) = @_;
    return length $line < $most && $line !~ /[\n\0]|\\$|^\s|\s$/;
}

# httpd prints \xNN for what is not printable, and doubles backslashes, and now and then
# quotes: both sides are compared without that.
sub normal
{
    my $text = shift;
    $text =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
    $text =~ s/\\([\\"])/$1/g;
    return lc $text;
}

# Whether a message says what a row wants: the exact text, or ~a~b
sub says
{
    my ($said, $wanted) = @_;
    my @texts = $wanted =~ s/^~// ? split(/~/, $wanted) : ": $wanted";
    return !grep { index(normal($said), normal($_)) < 0 } @texts;
}

sub shown { my $text = shift; $text =~ s/[^ -~]/?/g; return length $text > 60 ? substr($text, 0, 57) . '...' : $text }

sub config_test { my ($exit, $said) = conf_test($_[0], only => ['proxy']); return ($exit, $?, $said) }

# --- httpd.conf

# The row stands in line 3; a container of its own moves it to line 4.
sub conf_of
{
    my $row = shift;
    my $line = "$row->{directive} $row->{line}\n";
    return ("# 1\n# 2\n# 3\n<Location \"$1\">\n$line</Location>\n", 5) if $row->{context} =~ /^location:(.*)/;
    return ("# 1\n# 2\n${line}# 4\n", 3);
}

sub check_conf
{
    my $row = shift;
    my ($text, $line) = conf_of($row);
    my ($exit, $status, $said) = config_test($text);
    my $name = "httpd.conf: $row->{id}: " . shown($row->{line});
    return fail("$name: ended by signal " . ($status & 127)) if $status & 127;
    return pass($name) if $row->{error} eq '*';
    return is($exit, 0, "$name is fine") if $row->{error} eq '-';
    my $good = $exit == 1 && $said =~ m{\QSyntax error on line $line of DIR/test.conf:\E\n\Q$row->{directive}: \E}
        && says($said, $row->{error});
    ok($good, $name) or diag("exit $exit, said: $said\nwanted: $row->{error}");
    return;
}

# --- .htaccess

# Before and behind the bad line a good one.
sub put_row
{
    my $row = shift;
    my $text = "Redirect307 r307-before /r307-1 match=exact\n$row->{directive} $row->{line}\n"
        . "Redirect307 r307-behind /r307-2 match=exact\n";
    return put_file($row->{id}, $text);
}

sub put_file
{
    my ($name, $text) = @_;
    put("$dir/$name/page.html", $page);
    return put("$dir/$name/.htaccess", $text);
}

sub get { return answer($_[0], vhost => 'bad_input') }

# status of the page, and of the two rules' requests
sub seen
{
    my ($name, @paths) = @_;
    return join ' ', map { my $answer = get("/bad/$name/$_"); $answer->code . ($answer->header('Location') // '') } @paths;
}

# Server rows in a .htaccess are other lines there, now and then good ones: nothing breaks.
sub check_htaccess
{
    my $row = shift;
    my $file = put_row($row);
    my $name = ".htaccess: $row->{id}: " . shown($row->{line});
    my @names = qw(page.html r307-before r307-behind);
    my $seen = seen($row->{id}, @names);
    # what a line is for stays where it is; some are for all that comes behind, too
    my $is_all = $row->{line} =~ m{^(?:\./\s|\^/\((?:\?<a>)?\.\*\)\$)};
    my $behind = $is_all ? '404' : '307/r307-2';
    if ($row->{context} ne 'htaccess' || $row->{error} =~ /^[*-]$/) {
        return like($seen, qr{^[234]\d\d\S* 307/r307-1 [34]\d\d\S*$}, $name) if $row->{error} =~ /^[*-]$/;
        my $answer = $is_all ? qr{30\d\S*|404} : qr{30\d\S*};
        return like($seen, qr{^(?:200|3\d\d\S*) 307/r307-1 (?:$answer)$}, $name);
    }
    is($seen, "200 307/r307-1 $behind", $name);
    seen($row->{id}, @names);
    my @said = grep { index($_, "$file:2: $row->{directive}: ") >= 0 } split /\n/, log_since_mark();
    my $good = @said == 1 && says($said[0], $row->{error})
        && $said[0] =~ /; this line is (?:skipped, and what it is for stays where it is|left out)$/;
    ok($good, "$name is said once, with its place") or diag("wanted $row->{error}, said: @said");
    return;
}

# --- what no row can say

sub bytes { my $count = shift; return join '', map { chr int rand 256 } 1 .. $count }

my %conf_texts = (
    'a line of 64 KiB is refused with its size' =>
        ["Redirect307 /a /b note=" . 'x' x 65_536 . "\n", 1, qr/a line of 65\d\d\d bytes; the longest that is read has \d+/],
    'a long line is read' => ["Redirect307 /a /b note=" . 'x' x 60_000 . "\n", 0],
    'NUL ends a line for httpd' => ["Redirect307 /a\0 /b\n", 1, qr{'/a' has no target}],
    'CRLF' => ["Redirect307 /a /b\r\nRedirect307Match ^/c\$ /d\r\nRedirect307 /e /f note='g h'\r\n", 0],
    'CRLF, and the line number' => ["# 1\r\n\r\nRedirect307 /a /b /c\r\n", 1, qr{line 3 of DIR/test\.conf:\n.*'/c' is one word too many}],
    'a byte order mark is httpd\'s own error' => ["\xEF\xBB\xBFRedirect307 /a /b\n", 1, qr/Invalid command/],
    'continued lines' => ["Redirect307 /a \\\n  /b \\\n  status=302\n", 0],
    'continued lines, and the line number' => ["Redirect307 /a \\\n  /b \\\n  /c\n", 1, qr{line 3 of .*\n.*'/c' is one word too many}],
    'a backslash at the end of the file' => ["Redirect307 /a /b \\", 1, qr{one word too many}],
    'no line end at the end of the file' => ["Redirect307 /a /b /c", 1, qr{line 1 of .*\n.*'/c' is one word too many}],
    'invalid UTF-8' => ["Redirect307 /\xff /\xc3\x28\xa0\xa1\n", 0],
    'invalid UTF-8 in a message' => ["Redirect307 /a /b /\xff\n", 1, qr{is one word too many}],
    '300 words' => ['Redirect307 /a /b ' . 'header=X ' x 300 . "\n", 1, qr/more than \d+ words/],
    '3 000 captures' => ['Redirect307Match ^/' . '(a)' x 3000 . " /b\n", 1, qr/Redirect307Match: /],
    '3 000 open groups' => ['Redirect307Match ^/' . '(' x 3000 . 'a' . ')' x 3000 . " /b\n", 1, qr/Redirect307Match: /],
    'deep dots in a source' => ['Redirect307 /' . '../' x 10_000 . "b /c\n", undef],
    'deep dots in a target' => ['Redirect307 /a /' . '../' x 10_000 . "b\n", undef],
    'only quotes' => ['Redirect307 ' . '"' x 1001 . "\n", 1, qr/Redirect307: /],
    'only backslashes' => ['Redirect307 ' . '\\' x 1000 . " x\n", undef],
    'ten thousand rules' => [join('', map { "Redirect307 /a$_ /b$_\n" } 1 .. 10_000), 0],
);
my %htaccess_texts = (
    'too-long' => ['Redirect307 a /' . 'b' x 9000 . "\n", '500'],    # httpd's own limit
    'long' => ['Redirect307 x /' . 'b' x 8000 . "\nRedirect307 a /b\n", '200', '307/b'],
    'crlf' => ["Redirect307 a /b\r\nRedirect307Match /x\$ /y\r\n", '200', '307/b'],
    'mark' => ["\xEF\xBB\xBFRedirect307 a /b\n", '200', '307/b'],
    'mark-comment' => ["\xEF\xBB\xBF# x\nRedirect307 a /b\n", '200', '307/b'],
    'continued' => ["Redirect307 \\\n a \\\n /b\n", '200', '307/b'],
    'continued-end' => ["Redirect307 a /b\nRedirect307 c /d\\", '200', '307/b'],
    'no-end' => ['Redirect307 a /b', '200', '307/b'],
    'nul' => ["Redirect307 a /b\0 c\nRedirect307 x\0 /y\nRedirect307 z /y\n", '200', '307/b'],
    'utf8' => ["Redirect307 \xff\xfe /x\nRedirect307 a /b\n", '200', '307/b'],
    'captures' => ['Redirect307Match ^/' . '(a)' x 2000 . " /b\nRedirect307 a /b\n", '200', '307/b'],
    'groups' => ['Redirect307Match ^/' . '(' x 3000 . 'a' . ')' x 3000 . " /b\nRedirect307 a /b\n", '200', '307/b'],
    'dots' => ['Redirect307 ' . '../' x 2000 . "x /y\nRedirect307 x " . '../' x 2000 . "y\nRedirect307 a /b\n", '200', '307/b'],
    'words' => ['Redirect307 x y ' . 'header=X ' x 300 . "\nRedirect307 a /b\n", '200', '307/b'],
    'all-bad' => ["Redirect307\nRedirect307Match\nRedirect307 a\nRedirect307Engine\nRedirect307Base\nRedirect307Base a b c\n", '200', '404'],
    'many' => [join('', map { "Redirect307 x$_ /y$_\n" } 1 .. 9_999) . "Redirect307 a /b\n", '200', '307/b'],
    'many-bad' => [join('', map { "Redirect307 x$_\n" } 1 .. 2_000) . "Redirect307 a /b\n", '200', '307/b'],
);
my $torn = full(40, 1000);

plan tests => @in_conf + @in_htaccess + (grep { $_->{context} eq 'htaccess' && $_->{error} !~ /^[*-]$/ } @in_htaccess)
    + ($is_first ? keys(%conf_texts) + 2 : 0) + keys(%htaccess_texts) + 6;

check_conf($_) for @in_conf;
check_htaccess($_) for @in_htaccess;

for my $name ($is_first ? sort keys %conf_texts : ()) {
    my ($text, $exit, $wanted) = @{ $conf_texts{$name} };
    my ($got, $status, $said) = config_test($text);
    my $good = !($status & 127) && (!defined $exit || $got == $exit) && (!$wanted || $said =~ $wanted);
    ok($good, "httpd.conf: $name") or diag("status $status, said: ", substr $said, 0, 500);
}

for my $name (sort keys %htaccess_texts) {
    my ($text, $of_page, $of_rule) = @{ $htaccess_texts{$name} };
    put_file("f-$name", $text);
    my $from = time;
    my $seen = seen("f-$name", 'page.html', $of_rule ? 'a' : ());
    note(sprintf '%s: %.1f ms', $name, (time - $from) * 500);
    is($seen, join(' ', $of_page, $of_rule // ()), ".htaccess: $name");
}
is(scalar(() = log_since_mark() =~ m{f-many-bad/\.htaccess:\d+: }g), 101, 'of two thousand bad lines a hundred are named, once');
logged(qr{f-many-bad/\.htaccess:101: more than 100 lines are no rules; the rest of them is not named}, 'and it is said that there are more');

# Bytes by chance, always the same: as a whole file, and as what follows our directive.
srand seed();
my (%file_seen, %line_seen);
for my $i (1 .. $torn) {
    put_file("t-$i", bytes(1 + int rand 3000));
    $file_seen{ seen("t-$i", 'page.html') }++;
    my $lines = join '', map {
        my $line = bytes(1 + int rand 200);
        $line =~ tr/\0\n//d;
        $line =~ s/\\+$//;
        'Redirect307' . ('', 'Match', 'Engine', 'Base')[rand 4] . " $line\n" } 1 .. 10;
    put_file("l-$i", "Redirect307 r307-first /r307 match=exact\n$lines");
    $line_seen{ seen("l-$i", 'r307-first', 'page.html') }++;
}
is_deeply([grep { !/^(?:200|500)$/ } keys %file_seen], [], "$torn files of any bytes: the page, or httpd's own 500");
is_deeply([grep { !/^307\/r307 (?:200|3\d\d\S*)$/ } keys %line_seen], [], "$torn files of any words: the first rule and the page");

if ($is_first) {
    my @killed;
    for my $i (1 .. full(20, 500)) {
        my $text = bytes(1 + int rand 3000);
        my (undef, $status) = config_test($i % 2 ? $text : "Redirect307 " . $text =~ tr/\n\0//dr . "\n");
        push @killed, $i if $status & 127;
    }
    is_deeply(\@killed, [], 'no configuration of any bytes ends httpd -t by a signal');
    my (undef, $said) = conf_test("Redirect307 /a /b\nRedirect307 /c\nRedirect307 /d\n");
    like($said, qr{line 2 of DIR/test\.conf:\nRedirect307: .*\n(?!.*line 3)}, 'the first error stops the start');
}

is(seen('f-crlf', 'page.html'), '200', 'the server is there');
not_logged(qr/exit signal/, 'and no process of it was lost');

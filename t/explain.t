# SPDX-License-Identifier: Apache-2.0
# The engine decides without a server: for generated rules and requests `redirect307ctl
# explain` and the live server say the same. Each case is a .htaccess of its own; what is
# asked often hits, because sources and requests are made of the same few words.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

once();

my $cases = 1000;
srand seed();

sub one { return $_[int rand @_] }
sub maybe { my ($share, $text) = @_; return rand() < $share ? $text : '' }

my @words = ('a', 'b', 'shop', 'x%20y', 'old.html', '%C3%BC', 'A', 'p%2Fq', 'c;d');
my @hosts = ('https://new.example', 'http://h.example:8080', 'https://new.example/n', '', '', '', '');

sub segs { return join '/', map { one(@words) } 1 .. 1 + int rand 3 }

sub query { return join '&', map { one('x', 'y', 'utm_a') . one('', '=1', '=2', '=%26', '=a+b') } 1 .. int rand 4 }

sub options
{
    return join '',
        maybe(.2, ' query=' . one('keep', 'drop', 'drop:utm_*', 'keep:x,y')),
        maybe(.2, ' status=' . one(301, 302, 303, 308)),
        maybe(.2, ' method=' . one('GET', 'POST', '!POST', 'GET,HEAD')),
        maybe(.2, ' args=' . one('x', 'x=1', '!y', 'x&y')),
        maybe(.2, ' header=' . one('X-A', 'X-A:b*', '!X-A', '!X-A:b')),
        maybe(.1, ' host=' . one('www.example.test', '*.test', '!*.test')),
        maybe(.2, ' case=ignore'), maybe(.2, ' slash=ignore');
}

# A line that every context of this test takes; some of them the parser refuses, and then
# both must go on without them.
sub line
{
    my $base = shift;
    my $kind = one(qw(path path exact relative pattern splat regex query none stop));
    my $path = '/' . segs() . maybe(.2, '/');
    my $target = one(@hosts) . '/' . segs() . maybe(.3, '/');
    my $own = maybe(.2, '?' . one('n=1', 'x=9', ''));
    return "Redirect307 $base$path $target$own" . options() if $kind eq 'path';
    return "Redirect307 $base$path $target match=exact" . options() if $kind eq 'exact';
    return 'Redirect307 ' . segs() . maybe(.2, '/') . ' ' . one($target, segs(), '../' . segs(), './', '?n=2') . options()
        if $kind eq 'relative';
    return "Redirect307 $base/:one/" . one(@words) . " $target/:one$own" . options() if $kind eq 'pattern';
    return 'Redirect307 ' . one(@words) . '/* ' . one('/moved/:splat', 'https://new.example/:splat', 'n?p=:splat') . options()
        if $kind eq 'splat';
    return "Redirect307Match ^$base/([^/]+)(.*)\$ " . one('/r/$1$2', 'https://new.example/$2', '/r?p=$1', '$1', 'https://new.example$2')
        . options() if $kind eq 'regex';
    return "Redirect307 $base$path?" . one('x=1', 'x', 'y&x') . " $target" . options() if $kind eq 'query';
    return "Redirect307 $base$path - " if $kind eq 'stop';
    return "Redirect307 $base$path status=" . one('gone', 404, 403, 451);
}

sub request
{
    my ($base, $text) = @_;
    my @sources = $text =~ m{^Redirect307 (\S+)}mg;
    my $path = one("$base/" . segs(), (one(@sources, "a")) x 4);
    $path = "$base/$path" if $path !~ m{^/};
    $path =~ s{\?.*}{};
    $path =~ s{/\*}{'/' . segs()}e;
    $path =~ s{:one}{one(@words)}e;
    $path .= "/" . segs() if rand() < .3;
    my $query = query();
    return $path . maybe(.2, '/') . maybe(.6, "?$query");
}

my @made;
for my $i (1 .. $cases) {
    my $base = "/explain/$i";
    my $text = join '', map { line($base) . "\n" } 1 .. 1 + int rand 5;
    put("explain/$i/.htaccess", $text, 10);
    my $request = request($base, $text);
    my @headers = (maybe(.5, one('X-A: b', 'X-A: bc', 'X-A: z')));
    push @made, [$base, $text, one('GET', 'GET', 'POST'), $request, grep { length } @headers];
}

sub live
{
    my ($base, undef, $method, $target, @headers) = @{ $_[0] };
    my $reply = raw("$method $target HTTP/1.1\r\nHost: www.example.test\r\nConnection: close\r\nContent-Length: 0\r\n"
        . join('', map { "$_\r\n" } @headers) . "\r\n", vhost => 'explain');
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return "$code -> $location" if defined $location;
    return 'refused' if $reply =~ /This address cannot be answered/;
    return $code if $reply =~ /This page is |There is no page at this address/;
    return 'no answer of ours';
}

my $ctl = $ENV{R307_CTL};

sub explained
{
    my ($base, undef, $method, $target, @headers) = @{ $_[0] };
    my @words = ('explain', '--base', "$base/", '--method', $method, (map { ('--header', $_) } @headers),
                 root() . "$base/.htaccess", "http://www.example.test$target");
    my $words = join ' ', map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @words;
    my $text = qx($ctl $words 2>/dev/null </dev/null);
    return 'no answer of ours' if $text =~ /^no re/ || $text =~ /^no rule/;
    return 'refused' if $text =~ /^refused/;
    my ($first) = $text =~ /^(.*)$/m;
    return $first // 'nothing';
}

plan tests => 3;

my ($agreed, %kinds) = (0);
for my $case (@made) {
    my ($live, $explained) = (live($case), explained($case));
    $kinds{ $live =~ /^(\d+|no|refused)/ ? $1 : 'other' }++;
    if ($live eq $explained) {
        $agreed++;
        next;
    }
    diag("$case->[2] $case->[3] @$case[4 .. $#$case]\n$case->[1]live: $live\nexplain: $explained");
}
is($agreed, $cases, "explain says what the live server answers, $cases generated cases");
cmp_ok(($kinds{no} || 0), '<', .7 * $cases, 'most cases are about an answer');
cmp_ok(scalar(keys %kinds), '>=', 6, 'of many kinds: ' . join ' ', map { "$_ $kinds{$_}" } sort keys %kinds);

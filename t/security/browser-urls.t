# SPDX-License-Identifier: Apache-2.0
# needs no conf: what the engine lets out, judged by the URL parsers of node and of Chromium:
# every Location resolved where it was asked for leads to an origin somebody wrote down.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;

my $emit = $ENV{R307_EMIT} || '';
my $judge = stage() . '/t/whatwg/judge.js';
my $node = find('nodejs') || find('node');
my $chromium = find('chromium') || find('chromium-browser');

sub find
{
    my $name = shift;
    my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
    return $path;
}

plan skip_all => 'this run was built without t/whatwg/emit' unless -x $emit;
plan skip_all => 'node is missing (Debian: nodejs)' unless $node;
plan tests => 12;

# What the judge says of lines, and its exit status.
sub judged
{
    my $said = `$_[0] 2>&1`;
    return ($? >> 8, $said);
}

sub word
{
    my $text = shift;
    $text =~ s/([^ -\[\]-~])/sprintf '\\x%02X', ord $1/ge;
    return $text;
}

# --- the judge itself: he knows an escape
my $base = '"b":"https://www.example.test/a","o":["https","h.example",443,"https","*.n.example",443]';
my @escapes = ('//evil.example/', 'https://evil.example/', 'https://h.example:81/', 'http://h.example/', 'https://n.example/',
               'https://h.example@evil.example/', 'https://u@h.example/', '/\\\\evil.example/', 'https:evil.example', 'javascript:x',
               '/x\\u0009y', 'https://h.example.evil.example/', 'https://[/', 'https://H.EXAMPLE./x', 'https://a.n.example./');
my @fine = ('https://h.example/x', 'https://H.EXAMPLE/x', 'https://a.n.example/', 'https:\u002f/h.example/');
put(stage() . '/escapes', join '', map { "{$base,\"l\":\"$_\"}\n" } @escapes);
put(stage() . '/fine', join '', map { "{$base,\"l\":\"$_\"}\n" } @fine);
put(stage() . '/none', '');
my ($exit, $said) = judged("$node $judge < " . stage() . '/escapes');
is("$exit " . ($said =~ /(\d+) escapes/)[0], '1 ' . @escapes, 'the judge knows an escape') or diag($said);
($exit, $said) = judged("$node $judge < " . stage() . '/fine');
is("$exit " . ($said =~ /(\d+) escapes/)[0], '0 0', 'and what is none') or diag($said);
($exit) = judged("$node $judge < " . stage() . '/none');
is($exit, 1, 'judging nothing is a failure');

# --- rows
my @rows = grep { $_->{rule} !~ /\n/ && $_->{context} eq 'server' } R307::Rows::all_rows();
put(stage() . '/rows', join '', map { my $row = $_;
    join("\t", map { word($_) } $row->{directive}, $row->{rule}, $row->{target}, $row->{headers}, $row->{allow} // '-',
         $row->{server} // '-') . "\n" } @rows);
($exit, $said) = judged("$emit < " . stage() . "/rows | $node $judge");
my ($judged, $out) = $said =~ /judged (\d+), \d+ lead nowhere, (\d+) escapes/;
is("$exit $out", '0 0', 'the Locations of all rows stay on their origins') or diag($said);
my $locations = grep { $_->{outcome} =~ /^30/ } @rows;
cmp_ok($judged, '>', 0.9 * $locations, "$judged of $locations Locations of the rows were judged");

# --- generated ones
my $wanted = full(40_000, 1_000_000);
($exit, $said) = judged("($emit $wanted " . seed() . " | $node $judge)");
my ($cases) = $said =~ /(\d+) cases/;
my ($nowhere);
($judged, $nowhere, $out) = $said =~ /judged (\d+), (\d+) lead nowhere, (\d+) escapes/;
is("$exit $out", '0 0', "node: $wanted Locations, none escapes") or diag($said);
is($judged, $wanted, 'each of them was judged');
cmp_ok($cases, '>', 1.2 * $wanted, "$cases cases let them out: the guard had something to do");
cmp_ok($nowhere, '<', 0.001 * $wanted, "$nowhere lead nowhere: an xn-- name that is none");

# --- a sample in a real browser
SKIP: {
    skip 'chromium is missing (Debian: chromium)', 3 unless $chromium;
    my $sample = full(4_000, 20_000);
    my $page = stage() . '/sample.html';
    ($exit) = judged("($emit $sample " . (seed() + 1) . " | $node $judge --page 1 > $page)");
    is($exit, 0, 'a page for Chromium');
    my $browse = "timeout 120 $chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="
        . stage() . "/chromium --dump-dom file://$page 2>/dev/null";
    $said = `$browse`;
    # once more: a browser that starts on a loaded machine may give up
    $said = `$browse` if $said !~ /judged \d/;
    ($judged, $out) = $said =~ /judged (\d+), \d+ lead nowhere, (\d+) escapes/;
    is($out, 0, 'Chromium: none escapes') or diag(substr $said, -2000);
    is($judged, $sample, "Chromium judged $sample of them");
}

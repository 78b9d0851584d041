#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# The manual as HTML, from docs/*.md and the manual pages:
#
#   perl docs/html/build.pl [--out DIR]   writes DIR (default: html)
#   perl docs/html/build.pl --links       only checks the links among the Markdown files
#
# cmark-gfm reads the Markdown: it is the dialect the pages are written in, with its tables, in
# a program of 100 KB without an interpreter. mandoc reads the manual pages. Neither gives
# headings an address; they get the one they have on the project's page, so that a link is
# right in both places. Every link is followed at the end, and one that leads nowhere fails.
use strict;
use warnings FATAL => 'all';
use File::Basename qw(dirname basename);
use File::Copy qw(copy);
use File::Path qw(make_path);

my $docs = dirname(dirname(__FILE__));
my $top = "$docs/..";
my ($out, $only_links) = ('html', 0);
while (defined(my $word = shift)) {
    if ($word eq '--out' && @ARGV) { $out = shift }
    elsif ($word eq '--links') { $only_links = 1 }
    else { die "build.pl: unknown argument '$word'\n" }
}

sub text_of { my $file = shift; open my $in, '<:utf8', $file or die "cannot read $file: $!\n"; local $/; return scalar <$in> }
sub write_file { my ($file, $text) = @_; open my $to, '>:utf8', $file or die "cannot write $file: $!\n"; print $to $text; close $to or die "$file: $!\n" }
sub escaped { my $text = shift; $text =~ s/&/&amp;/g; $text =~ s/</&lt;/g; $text =~ s/>/&gt;/g; $text =~ s/"/&quot;/g; return $text }
sub plain { my $html = shift; $html =~ s/<[^>]*>//g; $html =~ s/&lt;/</g; $html =~ s/&gt;/>/g; $html =~ s/&quot;/"/g; $html =~ s/&amp;/&/g; return $html }

# address TEXT SEEN: as the project's page makes it of a heading
sub address
{
    my ($text, $seen) = @_;
    $text = lc $text;
    $text =~ s/[^\w\- ]//g;
    $text =~ s/ /-/g;
    my $times = $seen->{$text}++;
    return $times ? "$text-$times" : $text;
}

# ---- the links of the Markdown files ----------------------------------------------------

if ($only_links) {
    my (%places, $bad, $looked);
    my @files = ((sort glob "$docs/*.md"), map { "$top/$_" } qw(README.md CONTRIBUTING.md SECURITY.md));
    my $places_of = sub {
        my $file = shift;
        return $places{$file} ||= do {
            my (%seen, %found);
            for (split /\n/, text_of($file)) {
                next unless /^#+ +(.*)/;
                (my $text = $1) =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
                $text =~ s/`//g;
                $found{address($text, \%seen)} = 1;
            }
            \%found;
        };
    };
    for my $file (@files) {
        my $number = 0;
        for my $line (split /\n/, text_of($file)) {
            $number++;
            next if $line =~ /^    /;
            (my $said = $line) =~ s/`[^`]*`//g;
            while ($said =~ /\]\(([^)\s]+)\)/g) {
                my ($page, $place) = split /#/, $1, 2;
                next if $page =~ /^[a-z]+:/;
                $looked++;
                my $leads = $page eq '' ? $file : dirname($file) . "/$page";
                if (!-e $leads) { $bad++; print basename($file), ":$number: there is no $page\n" }
                elsif (defined $place && !$places_of->($leads)->{$place}) { $bad++; print basename($file), ":$number: there is no #$place in ", basename($leads), "\n" }
            }
        }
    }
    print "$looked links\n";
    exit($bad ? 1 : 0);
}

# ---- reading ----------------------------------------------------------------------------

my ($version) = text_of("$top/configure.ac") =~ /^AC_INIT\(\[[^\]]*\], \[([^\]]*)\]/m or die "no version in configure.ac\n";
my $index_text = text_of("$docs/index.md");
# the order of the pages is that of the table
my @names = grep { $_ ne 'index' } $index_text =~ /^\| \[([a-z-]+)\.md\]/mg;
for my $file (sort glob "$docs/*.md") {
    my $name = basename($file, '.md');
    die "docs/index.md does not name $name.md\n" unless $name eq 'index' || $name eq 'architecture' || grep { $_ eq $name } @names;
}
my @man = map { basename($_) } sort glob "$docs/*.[158]";

sub run
{
    my ($what, @command) = @_;
    open my $in, '-|:utf8', @command or die "$command[0] is missing; it makes $what (Debian: cmark-gfm, mandoc)\n";
    my $text = do { local $/; <$in> };
    close $in or die "@command failed\n";
    return $text;
}

# the pages that are made: name => { title, body, headings: [level, id, html] }
my %page;

sub read_markdown
{
    my $name = shift;
    my $html = run('HTML of Markdown', 'cmark-gfm', '-e', 'table', "$docs/$name.md");
    my (%seen, @headings, $title);
    $html =~ s{^<!-- SPDX.*?-->\s*|^<!-- raw HTML omitted -->\s*}{}s;
    $html =~ s{<h(\d)>(.*?)</h\1>}{
        my ($level, $said) = ($1, $2);
        my $id = address(plain($said), \%seen);
        if ($level == 1) { $title = $said } else { push @headings, [$level, $id, $said] }
        qq(<h$level id="$id">$said <a class="here" href="#$id" title="Link to this place">#</a></h$level>)
    }seg;
    # the facts of a directive: a table whose head is empty
    $html =~ s{<table>\s*<thead>\s*<tr>\s*<th></th>\s*<th></th>\s*</tr>\s*</thead>}{<table class="facts">}g;
    $html =~ s{<code>(?=[^<\s]{24})}{<code class="long">}g;      # longer than any name of a directive
    $html =~ s{(<table.*?</table>)}{<div class="wide">$1</div>}sg;
    $html =~ s{href="([a-z-]+)\.md(#[^"]*)?"}{'href="' . $1 . '.html' . ($2 // '') . '"'}eg;
    $html =~ s{href="\.\./CHANGES"}{href="changes.html"}g;
    $html =~ s{<h1.*?</h1>\s*}{}s;
    $page{$name} = { title => plain($title), body => $html, headings => \@headings };
}

sub read_man
{
    my $file = shift;
    my $html = run('HTML of manual pages', 'mandoc', '-T', 'html', '-O', 'fragment', "$docs/$file");
    # its headings are one level down, its styles are none, and its head is ours
    $html =~ s{<(table|div) class="(?:head|foot)"[^>]*>.*?</\1>}{}sg;
    $html =~ s/ style="[^"]*"//g;
    my @headings;
    $html =~ s{<h1 class="Sh" id="([^"]*)">(.*?)</h1>}{ push @headings, [2, $1, plain($2)]; qq(<h2 id="$1">$2</h2>) }seg;
    my ($name, $section) = $file =~ /^(.*)\.(\d)$/;
    $html =~ s{(<table.*?</table>)}{<div class="wide">$1</div>}sg;
    $page{$file} = { title => "$name($section)", body => $html, headings => \@headings };
}

read_markdown($_) for 'index', @names;
read_man($_) for @man;

# ---- the directives ---------------------------------------------------------------------

# { name, page, id, facts } of each heading that a table of facts follows
my @directives;
for my $name (@names) {
    my $body = $page{$name}{body};
    while ($body =~ m{<h2 id="([^"]*)">(Redirect307\w*) .*?</h2>\s*(?:<p>.*?</p>\s*)*?<div class="wide"><table class="facts">(.*?)</table>}sg) {
        my ($id, $directive, $table) = ($1, $2, $3);
        my %facts = map { /<td>(.*?):?<\/td>\s*<td>(.*?)<\/td>/s ? ($1, $2) : () } $table =~ m{<tr>(.*?)</tr>}sg;
        push @directives, { name => $directive, page => $name, id => $id, facts => \%facts };
    }
}
@directives = sort { $a->{name} cmp $b->{name} } @directives;
my @said = $index_text =~ /^\| \[(Redirect307\w*)\]/mg;
my %found = map { $_->{name} => 1 } @directives;
for (@said) { die "$_ of docs/index.md has no table of facts\n" unless $found{$_} }

my @letters = (['server config', 's'], ['virtual host', 'v'], ['directory', 'd'], ['.htaccess', 'h']);
my ($list, $quick) = ('', '');
for my $directive (@directives) {
    my $facts = $directive->{facts};
    my $link = qq(<a href="$directive->{page}.html#$directive->{id}">$directive->{name}</a>);
    my $where = join '', map { index(plain($facts->{Context} // ''), $_->[0]) >= 0 ? $_->[1] : '' } @letters;
    $list .= "<dt>$link</dt>\n<dd>" . ($facts->{Description} // '') . "</dd>\n";
    $quick .= "<tr><td><strong>$link</strong><br>" . ($facts->{Syntax} // '') . '<br>' . ($facts->{Description} // '')
        . '</td><td>' . ($facts->{Default} // '') . "</td><td>$where</td></tr>\n";
}
my $options = '';
for my $heading (@{$page{options}{headings}}) {
    my ($level, $id, $said) = @$heading;
    $options .= qq(<li><a href="options.html#$id">$said</a></li>\n) if $level == 2;
}
$page{directives} = { title => 'Directive index', headings => [],
    body => "<p>All directives of this module. <a href=\"quickref.html\">Quick reference</a> has their syntax.</p>\n<dl class=\"index\">\n$list</dl>\n" };
$page{quickref} = { title => 'Quick reference', headings => [[2, 'directives', 'Directives'], [2, 'options', 'Options']],
    body => <<"EOT" };
<p>Where: <strong>s</strong> server config, <strong>v</strong> virtual host, <strong>d</strong> directory, <strong>h</strong> .htaccess.</p>
<h2 id="directives">Directives</h2>
<div class="wide"><table class="quick"><thead><tr><th>Directive, syntax</th><th>Default</th><th>Where</th></tr></thead>
<tbody>
$quick</tbody></table></div>
<h2 id="options">Options</h2>
<ul class="columns">
$options</ul>
EOT
$page{search} = { title => 'Search', headings => [],
    body => qq(<noscript><p>The search needs JavaScript; the <a href="directives.html">directive index</a> does not.</p></noscript>\n<p id="said"></p>\n<ol id="results"></ol>\n) };

# not a file of its own: what packages do to plain text leaves a link to nothing
$page{changes} = { title => 'Changes', headings => [], body => '<pre class="plain">' . escaped(text_of("$top/CHANGES")) . "</pre>\n" };

# the front page: its parts by links
$page{index}{title} = 'mod_redirect307: the manual';
for my $file (@man) {
    $page{index}{body} =~ s{(?<=[ >])\Q$file\E(?=[,<])}{<a href="$file.html">$page{$file}{title}</a>};
}

# ---- writing ----------------------------------------------------------------------------

sub shown
{
    my $name = shift;
    my $page = $page{$name};
    my $aside = join '', map { my ($level, $id, $said) = @$_; qq(<li class="l$level"><a href="#$id">$said</a></li>\n) } @{$page->{headings}};
    $aside = qq(<nav class="aside" aria-label="On this page"><h2>On this page</h2>\n<ul>\n$aside</ul></nav>\n) if $aside ne '';
    my $title = escaped($page->{title});
    my ($before, $after) = ('', '');
    for my $i (grep { $names[$_] eq $name } 0 .. $#names) {
        $before = qq(<a rel="prev" href="$names[$i - 1].html">&larr; ) . escaped($page{$names[$i - 1]}{title}) . '</a>' if $i > 0;
        $after = qq(<a rel="next" href="$names[$i + 1].html">) . escaped($page{$names[$i + 1]}{title}) . ' &rarr;</a>' if $i < $#names;
    }
    my $turn = $before . $after ne '' ? qq(<p class="turn">$before $after</p>\n) : '';
    my $crumb = $name eq 'index' ? '' : qq( &rsaquo; $title);
    my $script = $name eq 'search' ? qq(<script src="search-index.js" defer></script>\n<script src="search.js" defer></script>\n) : '';
    my $window = $name eq 'index' ? $title : "$title - mod_redirect307";
    return <<"EOT";
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$window</title>
<link rel="stylesheet" href="manual.css">
$script</head>
<body>
<header>
<p class="name"><a href="index.html">mod_redirect307</a> <span>version $version</span></p>
<nav aria-label="Manual"><a href="index.html">Manual</a> <a href="directives.html">Directives</a> <a href="quickref.html">Quick reference</a></nav>
<form action="search.html" method="get" role="search"><input type="search" name="q" aria-label="Search the manual" placeholder="Search"> <button>Search</button></form>
</header>
<p class="crumb"><a href="index.html">Manual</a>$crumb</p>
<div class="page">
<main>
<h1>$title</h1>
$page->{body}$turn</main>
$aside</div>
<footer><p>mod_redirect307 $version. Apache License 2.0.</p></footer>
</body>
</html>
EOT
}

# where a page is called by its file, it is called by its title here
for my $page (values %page) {
    $page->{body} =~ s{>([a-z-]+)\.md</a>}{ my $named = $page{$1}; $named ? '>' . escaped($named->{title}) . '</a>' : ">$1.md</a>" }eg;
}

make_path($out);
write_file("$out/$_.html", shown($_)) for sort keys %page;
copy("$docs/html/$_", "$out/$_") or die "$_: $!\n" for qw(manual.css search.js);
for my $picture (map { basename($_) } glob "$docs/*.svg") { copy("$docs/$picture", "$out/$picture") or die "$picture: $!\n" }

# what the search looks at: each section with its words
sub quoted { my $text = shift; $text =~ s/(["\\])/\\$1/g; $text =~ s/\s+/ /g; $text =~ s/^ | $//g; $text =~ s/</\\u003c/g; return qq("$text") }
my $entries = '';
for my $name ('index', @names, @man) {
    my @parts = split /(?=<h[23] )/, $page{$name}{body};
    for my $part (@parts) {
        my ($id, $said) = $part =~ m{^<h[23] id="([^"]*)">(.*?)(?: <a class="here".*?)?</h};
        (my $words = $part) =~ s{^<h[23].*?</h[23]>}{}s;
        $words =~ s{</(?:td|th|p|li|dt|dd|tr)>}{ }g;
        $words = plain($words);
        next unless $words =~ /\S/;
        $entries .= '[' . join(',', quoted("$name.html" . (defined $id ? "#$id" : '')), quoted(plain($said // $page{$name}{title})),
            quoted($page{$name}{title}), quoted($words)) . "],\n";
    }
}
write_file("$out/search-index.js", "window.r307Manual = [\n$entries];\n");

# ---- every link leads somewhere ---------------------------------------------------------

my (%ids, $bad, $looked);
for my $name (keys %page) {
    my $html = text_of("$out/$name.html");
    $ids{"$name.html"} = { map { $_ => 1 } $html =~ /\bid="([^"]*)"/g };
}
for my $name (sort keys %page) {
    my $html = text_of("$out/$name.html");
    while ($html =~ /\b(?:href|src|action)="([^"]*)"/g) {
        my ($file, $place) = split /#/, $1, 2;
        next if $file =~ /^https?:/;
        $looked++;
        $file = "$name.html" if $file eq '';
        if (!-f "$out/$file") { $bad++; print "$name.html: there is no $file\n" }
        elsif (defined $place && !$ids{$file}{$place}) { $bad++; print "$name.html: there is no #$place in $file\n" }
    }
    while ($html =~ /( style="| on[a-z]+="|<script(?! src))/g) { $bad++; print "$name.html: '$1' needs a policy that allows it\n" }
}
print "manual: ", scalar(keys %page), " pages, ", scalar(@directives), " directives, $looked links\n";
exit($bad ? 1 : 0);

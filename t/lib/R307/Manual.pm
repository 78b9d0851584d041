# SPDX-License-Identifier: Apache-2.0
#
# What README and the manual show: their indented blocks, and what each is. t/examples.t loads
# the configuration, t/manual.t does the rest; both ask here, so that no block falls between.
package R307::Manual;

use strict;
use warnings FATAL => 'all';
use parent 'Exporter';
use R307::Site qw(stage);

our @EXPORT_OK = qw(blocks_of kind_of pages);

# Names below the tree. The first ones are what an administrator reads.
sub pages
{
    my $stage = stage();
    return (map({ s{^\Q$stage\E/}{}r } "$stage/README.md", sort glob "$stage/docs/*.{md,1,5,8}"), qw(packaging/README.md CONTRIBUTING.md));
}

# The indented paragraphs of a page, each { page, line, text, name, follows }: the line that it
# begins at, its text without the indentation, the file that the paragraph before it calls it
# ("`.htaccess`:", or undef), and whether nothing but a blank line stands above it.
sub blocks_of
{
    my $page = shift;
    return man_blocks_of($page) if $page !~ /\.md\z/;
    my (@found, $open, $name, $follows);
    open my $in, '<', stage() . "/$page" or die "cannot read $page: $!\n";
    while (my $line = <$in>) {
        if ($line =~ /^(    +)\S/) {
            if (!$open) {
                $open = { page => $page, line => $., text => '', name => $name, follows => $follows, indent => length $1 };
                push @found, $open;
            }
            $open->{text} .= $line =~ s/^ {1,$open->{indent}}//r;
            $follows = 1;
            next;
        }
        undef $open;
        next if $line =~ /^\s*$/;
        ($name) = $line =~ /^`(\S+)`:$/;
        $follows = 0;
    }
    close $in or die "cannot read $page: $!\n";
    return @found;
}

# The same of a man page: what its EXAMPLES show by .Dl and .Bd. A display whose first line is the
# name of a file behind "#" is that file; the prompt of a command is left out, for what it
# prints is not shown there.
sub man_blocks_of
{
    my $page = shift;
    my (@found, $open, $display, $is_example);
    open my $in, '<', stage() . "/$page" or die "cannot read $page: $!\n";
    while (my $line = <$in>) {
        $is_example = $1 eq 'EXAMPLES' if $line =~ /^\.Sh (.*)/;
        $display = $1 eq 'B' if $line =~ /^\.([BE])d\b/;
        my $text = $display ? $line : $line =~ /^\.Dl (?:\$ )?(.*\n)/ ? $1 : undef;
        if (!$is_example || !defined $text || $line =~ /^\.[BE]d\b/) {
            undef $open;
            next;
        }
        if (!$open) {
            $open = { page => $page, line => $., text => '', name => $text =~ /^# (\S+)$/ ? $1 : undef };
            push @found, $open;
        }
        $open->{text} .= $text =~ s/\\e/\\/gr;
    }
    close $in or die "cannot read $page: $!\n";
    return @found;
}

# transcript: a command behind a prompt, with what it prints; config: lines of ours that httpd
# loads; file: one that a command of the page is shown with; or '': a row of
# t/data/manual.tsv says what becomes of it.
sub kind_of
{
    my $block = shift;
    my $text = $block->{text};
    return 'transcript' if $text =~ /\A[\$#] redirect307ctl /;
    return 'config' if $text =~ /^\s*<?Redirect307/m && $text !~ /\.\.\.$/m && ($block->{name} || '') !~ /\.(?:map|csv)$/;
    return $block->{name} ? 'file' : '';
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# What tests of redirect307ctl share: a folder of their own, files in it, and what the tool
# says. Each takes the names that it wants.
package R307::Tool;

use strict;
use warnings FATAL => 'all';
use POSIX ();
use parent 'Exporter';
use File::Path qw(make_path);
use File::Temp ();

our @EXPORT_OK = qw($ctl $dir file text_of quoted run run_by run_apart half_read);

our $ctl = $ENV{R307_CTL};
our $dir = File::Temp->newdir;
my $errors = File::Temp->new;

# file('a/b', $text): below the folder, with its folders; its whole name. mode: of open.
sub file
{
    my ($name, $text, $mode) = @_;
    (my $folder = "$dir/$name") =~ s{/[^/]*\z}{};
    make_path($folder);
    open my $out, $mode || '>:raw', "$dir/$name" or die "$dir/$name: $!\n";
    print $out $text;
    close $out or die "$dir/$name: $!\n";
    return "$dir/$name";
}

sub text_of
{
    my $name = shift;
    open my $in, '<:raw', $name or return undef;
    local $/;
    return scalar <$in>;
}

# As words of the shell.
sub quoted { return join ' ', map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @_ }

# Exit status and everything printed, from within the folder. $before: 'timeout 60', or so.
sub run_by
{
    my ($before, @words) = @_;
    my $words = quoted(@words);
    my $text = qx(cd '$dir' && $before $ctl $words 2>&1 </dev/null);
    return ($? >> 8, $text);
}

sub run { return run_by('', @_) }

# Exit status, stdout and stderr.
sub run_apart
{
    my $words = quoted(@_);
    my $out = qx(cd '$dir' && $ctl $words 2>'$errors' </dev/null);
    return ($? >> 8, $out, text_of("$errors"));
}

# A folder that opens, and whose names cannot be read: of a process that has ended and was not
# waited for. undef: this system reads it.
sub half_read
{
    my $pid = fork // die "$!\n";
    POSIX::_exit(0) if !$pid;
    my $folder = "/proc/$pid/net";
    for (1 .. 100) {
        return $folder if -d $folder && qx(LC_ALL=C ls $folder 2>&1) =~ /Invalid argument/;
        select undef, undef, undef, 0.05;
    }
    return undef;
}

1;

#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where the page in a browser leaves what it saw.
use strict;
use warnings;
local $/;
my $text = <STDIN>;
(my $dir = $ENV{SCRIPT_FILENAME}) =~ s{/[^/]*$}{};
open my $out, '>', "$dir/done.new" or die "$dir/done.new: $!\n";
print $out $text;
close $out;
rename "$dir/done.new", "$dir/done.json" or die "$dir/done.json: $!\n";
print "Content-Type: text/plain\r\n\r\nthank you\n";

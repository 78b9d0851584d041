#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What arrived here, as JSON, to the client and into a log.
use strict;
use warnings;
use Digest::SHA;
use Fcntl ':flock';
use JSON::PP;

binmode STDIN;
my $type = $ENV{CONTENT_TYPE} // '';
my $sum = Digest::SHA->new(256);
my ($length, $whole) = (0, '');
my ($boundary) = $type =~ m{^multipart/form-data; boundary=(\S+)};
while (my $read = sysread STDIN, my $buffer, 65_536) {
    $sum->add($buffer);
    $length += $read;
    $whole .= $buffer if $boundary;
}
my ($id) = ($ENV{QUERY_STRING} // '') =~ /(?:^|&)id=([\w.-]+)/;
my %told = (
    id => $id // '-', method => $ENV{REQUEST_METHOD}, length => $length, sha256 => $sum->hexdigest, type => $type,
    authorization => $ENV{HTTP_AUTHORIZATION} // '', cookie => $ENV{HTTP_COOKIE} // '', origin => $ENV{HTTP_ORIGIN} // '',
    custom => $ENV{HTTP_X_CUSTOM} // '', protocol => $ENV{SERVER_PROTOCOL}, query => $ENV{QUERY_STRING} // '',
);
if ($boundary && $whole =~ /; filename="([^"]*)".*?\r\n\r\n(.*?)\r\n--\Q$boundary\E/s) {
    @told{qw(file file_length file_sha256)} = ($1, length $2, Digest::SHA::sha256_hex($2));
}
my $text = JSON::PP->new->canonical->encode(\%told) . "\n";
(my $dir = $ENV{SCRIPT_FILENAME}) =~ s{/[^/]*$}{};
open my $out, '>>', "$dir/echo.log" or die "$dir/echo.log: $!\n";
flock $out, LOCK_EX;
syswrite $out, $text;
close $out;
print "Status: 200\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\n",
    "Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE\r\n",
    "Access-Control-Allow-Headers: Content-Type, X-Custom, Authorization\r\n\r\n$text";

#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Sends GET requests over one connection, with nothing in them but what HTTP/1.1 demands: what
# is measured is the server and not a browser's headers.
#
#   client.pl PORT COUNT PATH [NUMBERS]
#
# "%d" in PATH becomes a number of seven digits from 1 to NUMBERS, another one each time (always the same
# series). Prints the status of the last answer.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $count, $path, $numbers) = @ARGV;
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp', Timeout => 60)
    or die "client.pl: nobody answers at port $port: $!\n";
my $status = 0;
$| = 1;
srand 307;
alarm 300;
for (1 .. $count) {
    my $asked = $path;
    $asked =~ s/%d/sprintf "%07d", 1 + int rand $numbers/e if $numbers;
    syswrite $socket, "GET $asked HTTP/1.1\r\nHost: localhost\r\n\r\n" or die "client.pl: the connection is closed\n";
    my $answer = '';
    sysread($socket, $answer, 65536, length $answer) or die "client.pl: the connection is closed\n"
        while $answer !~ /\r\n\r\n/;
    my ($head, $body) = split /\r\n\r\n/, $answer, 2;
    my ($len) = $head =~ /^Content-Length: (\d+)/mi or die "client.pl: an answer without length\n";
    sysread($socket, $body, 65536, length $body) or die "client.pl: the connection is closed\n" while length $body < $len;
    ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
}
print "$status\n";

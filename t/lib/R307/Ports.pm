# SPDX-License-Identifier: Apache-2.0
#
# A hundred TCP ports for one test run, so that runs side by side never meet. The claim is a
# listening socket on the last port of the window: the kernel lets one process have it and
# takes it back when that process ends, however it ends. Windows lie below the ports that
# systems hand out to clients.
package R307::Ports;

use strict;
use warnings FATAL => 'all';
use IO::Socket::INET;

use constant { LOWEST => 10_000, SIZE => 100, WINDOWS => 200 };

sub claim
{
    my $class = shift;
    for my $try (0 .. WINDOWS - 1) {
        my $first = LOWEST + SIZE * (($$ + $try) % WINDOWS);
        my $claim = listen_on($first + SIZE - 1) or next;
        # somebody else's server on one of the ports that every run uses?
        next if grep { !listen_on($first + $_) } 0 .. 19;
        return bless { first => $first, claim => $claim }, $class;
    }
    die 'no free window of ' . SIZE . " ports between 10000 and 30000 on 127.0.0.1\n";
}

# Without ReuseAddr a port in TIME_WAIT counts as taken; that only moves us on.
sub listen_on
{
    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => shift,
                                 Proto => 'tcp', Listen => 1);
}

sub first { return $_[0]{first} }

1;

# SPDX-License-Identifier: Apache-2.0
#
# A certificate for 127.0.0.1 that nobody else has: made for each run, by openssl.
package R307::Tls;

use strict;
use warnings FATAL => 'all';
use File::Path ();

# DIR/server.pem, key and certificate; without openssl there is none, and no TLS.
sub make
{
    my $dir = shift;
    File::Path::make_path($dir);
    my $made = "$dir/making.pem";
    my $log = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \\
        -subj /CN=127.0.0.1 -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout $made.key -out $made 2>&1`;
    return if $? != 0;
    open my $out, '>', "$dir/server.pem" or die "$dir/server.pem: $!\n";
    for my $part ($made, "$made.key") {
        open my $in, '<', $part or die "$part: $!\n";
        print $out do { local $/; <$in> };
    }
    close $out or die "$dir/server.pem: $!\n";
    return 1;
}

1;

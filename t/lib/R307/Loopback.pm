# SPDX-License-Identifier: Apache-2.0
#
# Apache::Test lets its servers listen on every address of the machine. A test server is
# nobody else's: all its Listen lines name 127.0.0.1.
package R307::Loopback;

use strict;
use warnings FATAL => 'all';
use Apache::TestConfig ();

my $parse_vhost = \&Apache::TestConfig::parse_vhost;
my $replace = \&Apache::TestConfig::replace;

sub parse_vhost
{
    my $vhost = $parse_vhost->(@_) or return;
    $vhost->{out_string} =~ s/0\.0\.0\.0:/127.0.0.1:/g;
    return $vhost;
}

# httpd.conf itself is a template, a line of it is in $_
sub replace
{
    $replace->(@_);
    s/^(\s*Listen\s+)(?:0\.0\.0\.0:)?(\d+\s*)$/${1}127.0.0.1:$2/;
    return;
}

no warnings 'redefine';
*Apache::TestConfig::parse_vhost = \&parse_vhost;
*Apache::TestConfig::replace = \&replace;

1;

# SPDX-License-Identifier: Apache-2.0
#
# Apache::Test asks apxs for PREFIX at each LoadModule and remembers no empty answer, which is
# what Debian's apxs gives: each test file would begin with some fifty starts of apxs.
package R307::Apxs;

use strict;
use warnings FATAL => 'all';
use Apache::TestConfig ();

my $apxs = \&Apache::TestConfig::apxs;
my %said;

sub apxs
{
    my ($config, $name, @more) = @_;
    $said{$name} = $apxs->($config, $name, @more) unless exists $said{$name};
    return $said{$name};
}

no warnings 'redefine';
*Apache::TestConfig::apxs = \&apxs;

1;

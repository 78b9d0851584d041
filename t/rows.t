# SPDX-License-Identifier: Apache-2.0
# What the C tests ask the engine, asked of a real httpd: every row of t/data/decide.tsv and
# t/data/guard-hostile.tsv that a configuration and a request can say, byte for byte over a
# raw socket.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;

my @rows = grep { R307::Rows::can_stand($_) } R307::Rows::all_rows();
plan tests => scalar @rows;

sub header
{
    my ($head, $name) = @_;
    return $head =~ /^\Q$name\E:[ \t]*(.*?)\r$/mi ? $1 : '-';
}

# httpd's own <If> on X-Row, which the row needs, is in Vary too.
sub sorted
{
    my @names = sort grep { $_ ne 'x-row' } map { lc } split /\s*,\s*/, $_[0];
    return @names ? join ', ', @names : '-';
}

# What came back, in the words of the table.
sub outcome
{
    my ($row, $reply) = @_;
    my ($head, $body) = split /\r\n\r\n/, $reply, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my $is_ours = ($body // '') =~ /This address cannot be answered/;
    # a Host that is no host name is refused by httpd before it is refused by us
    return 'refuse' if $status == 400 && ($is_ours || R307::Rows::has_host($row));
    return "$status -> " . header("$head\r\n", 'Location') if header("$head\r\n", 'Location') ne '-';
    return $status if ($body // '') =~ /This page is|There is no page at this address/;
    return $row->{method} eq 'HEAD' && $row->{outcome} eq $status ? $status : 'pass';
}

sub wanted
{
    my $row = shift;
    return 'pass' if $row->{outcome} =~ /^(?:pass|stop)$/;
    return 'refuse' if $row->{outcome} =~ /^refuse/;
    return $row->{outcome} if $row->{location} eq '-';
    return "$row->{outcome} -> " . R307::Rows::localized($row, $row->{location});
}

for my $row (@rows) {
    my $reply = raw(R307::Rows::request($row), vhost => 'rows');
    my ($head) = split /\r\n\r\n/, $reply, 2;
    my $got = outcome($row, $reply);
    my $want = wanted($row);
    if (defined $row->{vary} && $row->{vary} ne '*' && $want ne 'pass') {
        $got .= ' Vary ' . sorted(header("$head\r\n", 'Vary'));
        $want .= ' Vary ' . sorted($row->{vary});
    }
    is($got, $want, "$row->{id}: $row->{context}: " . ($row->{rule} =~ s/[^ -~]/?/gr)
        . " <- $row->{method} " . ($row->{target} =~ s/[^ -~]/?/gr));
}

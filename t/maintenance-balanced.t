# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Two servers behind a balancer that takes them in turn, as docs/maintenance.md has it: with
# flags of their own that differ, a page load goes to and fro until they agree; with
# answer=503, or one flag for both, nobody does.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep);

my $root = root() . '/balanced';
put("balanced/site/index.html", "the site\n");
put("balanced/down/index.html", "closed\n");

sub server
{
    my ($flag, $more) = @_;
    return own_server(<<"EOT", only => [qw(alias dir)]);
DocumentRoot "$root/site"
DirectoryIndex index.html
Alias /down/ "$root/down/"
<Directory "$root">
    Require all granted
</Directory>
Redirect307Maintenance /down/ flag=$flag $more
EOT
}

# A page load that follows where it is sent, each request at the next server: how often it was
# sent, 30 at most, and what it got at last.
sub load
{
    my @servers = @_;
    my ($path, $hops) = ('/', 0);
    while (1) {
        my $reply = raw("GET $path HTTP/1.1\r\nHost: b.example\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n", port => $servers[$hops % 2]{port});
        my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
        my ($to) = each_header($reply, 'Location');
        return ($hops, $code // 'nothing') if !defined $to || $hops == 30;
        $path = $to;
        $hops++;
    }
}

plan tests => 7;

my @flags = map { "$root/$_.on" } qw(one two both);
for my $row (['', 'auto', 30], ['answer=503', 'answer=503', 0]) {
    my ($more, $name, $most) = @$row;
    unlink @flags;
    my @servers = map { server($_, $more) } @flags[0, 1];
    put($flags[0], '');
    sleep 1.2;      # each process looks once a second
    my ($hops) = load(@servers);
    is($hops, $most, "$name: one is closed and one open, the closed one first");
    put($flags[1], '');
    sleep 1.2;
    my ($then, $code) = load(@servers);
    is("$then $code", $more ? '0 503' : '1 503', "$name: both are closed");
    stop_server($_) for @servers;
}
unlink @flags;
my @servers = map { server($flags[2], '') } 1, 2;
put($flags[2], '');
sleep 1.2;
is(join(' ', load(@servers)), '1 503', 'one flag for both: closed');
is(join(' ', load(reverse @servers)), '1 503', '... in the other order, too');
unlink @flags;
sleep 1.2;
is(join(' ', load(@servers)), '0 200', '... and open');

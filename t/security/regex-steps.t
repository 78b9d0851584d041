# SPDX-License-Identifier: Apache-2.0
# No path makes a regular expression work for long, nor pass for one that does not match.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(time);

my @evil = (
    ['/nested/', 'a', 'nested quantifiers'],
    ['/word/',   'a', 'words and optional spaces'],
    ['/either/', 'a', 'alternatives that overlap'],
    ['/ht/',     'a', 'the same in .htaccess'],
);
plan tests => @evil * 3 + 4;

sub told { my $r = shift; my $l = $r->header('Location'); return $r->code . (defined $l ? " -> $l" : '') }
sub get { return answer(shift, vhost => 'regex_steps') }
put('regex/ht/.htaccess', "Redirect307Match ^/ht/(a|aa)+\$ /to\nRedirect307 ./ /later\n");

mark_log('regex_log');
for my $row (@evil) {
    my ($head, $byte, $why) = @$row;
    is(told(get($head . $byte x 10)), '307 -> /to', "$why: a path that matches");
    my $start = time;
    is(told(get($head . $byte x 60 . '!')), '400', "$why: a path that takes too many steps is refused, and no later rule asked");
    my $took = time - $start;
    ok($took < 1, "$why: in less than a second") or diag("$took s");
}
logged(qr{refused \(400\): R307-G15, }, 'with the id of the verdict in the log', 'regex_log');
is(told(get('/pass/' . 'a' x 60 . '!')), '404', 'with Refuse pass the request goes on');
is(told(get('/nested/' . 'b' x 4000)), '307 -> /later/' . 'b' x 4000, 'a long path that cannot match goes on to the next rule');
ok(log_since_mark('regex_log') !~ /[^\n]{2000}/, 'what was refused is cut in the log');

# SPDX-License-Identifier: Apache-2.0
# What was refused is counted, in all processes together, and told where an operator looks.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

plan tests => 23, need_module => 'status';

my @vhost = (vhost => 'refusals');

sub counts
{
    my $text = answer('/status?auto', @vhost)->content;
    return map { /^Redirect307Refused(?:-(R307-G\d\d))?: (\d+)$/ ? (($1 || 'all') => $2) : () } split /\n/, $text;
}

my %before = counts();
is(scalar(keys %before), 18, 'mod_status for machines: every verdict has a line, and there is one for all');
is($before{'R307-G00'}, undef, 'but not the one that refuses nothing');

my $began = time;
mark_log('refusals_access');
is(answer('/glued/.evil.example', @vhost)->code, 400, 'refused: glued') for 1 .. 3;
is(answer('/out?to=https://evil.example/', @vhost)->code, 400, 'refused: a foreign whole target');
is(answer('/steps/' . 'a' x 60 . '!', @vhost)->code, 400, 'refused: too many steps');
is(answer('/pass/.evil.example', @vhost)->code, 404, 'refused, and passed on');
is(answer('/report/.evil.example', @vhost)->code, 404, 'only reported');
is(answer('/glued//x', @vhost)->code, 400, 'refused again');

my %after = counts();
is($after{'R307-G11'} - $before{'R307-G11'}, 5, 'the glued ones are counted, what passed on among them, a report not');
is($after{'R307-G10'} - $before{'R307-G10'}, 1, 'the origin is counted');
is($after{'R307-G15'} - $before{'R307-G15'}, 1, 'the steps are counted');
is($after{all} - $before{all}, 7, 'and all of them together');

my $page = answer('/status', @vhost)->content;
like($page, qr{<h2>mod_redirect307: requests refused: \d+</h2>.*<td>R307-G11</td><td>\d+</td><td>has bytes}s, 'mod_status for people: those that occurred, with words');
my ($ours) = $page =~ m{(<h2>mod_redirect307.*?</table>)}s;
is((join ' ', sort $ours =~ /<td>(R307-G\d\d)</g), (join ' ', sort grep { /G/ && $after{$_} } keys %after), 'and none that did not occur');
unlike($ours, qr{evil}, 'and nothing of a request');

# a line is written when its answer is out, so those of two processes come in any order
logged(qr{\A(?=.*^/glued/\.evil\.example R307-G11 R307-G11$)(?=.*^/out R307-G10 R307-G10$)(?=.*^/pass/\.evil\.example R307-G11 R307-G11$)(?=.*^/report/\.evil\.example - -$)}ms,
       'note and variable for the access log', 'refusals_access');
logged(qr{R307-G11}, 'the error log has it', 'refusals_log');
my $named = () = log_since_mark('refusals_log') =~ m{refusals\.conf:\d+ refused \(400\): R307-G11}g;
ok($named >= 1 && $named <= 1 + (time - $began) / 60, "once for the rule, however often it is refused in a minute: $named");

# --- over a graceful restart
my $server = own_server(<<'EOT', only => ['status', 'dir']);
<Location "/status">
    SetHandler server-status
</Location>
Redirect307Match ^/glued/(.*)$ https://h.example$1
EOT
my $asked = sub { return raw("GET $_[0] HTTP/1.0\r\n\r\n", port => $server->{port}) };
like($asked->('/glued/.evil.example'), qr{^HTTP/1\.1 400 }, 'a server of its own refuses');
reload($server, 'USR1');
like($asked->('/glued/.evil.example'), qr{^HTTP/1\.1 400 }, 'and after a graceful restart');
like($asked->('/status?auto'), qr{^Redirect307Refused-R307-G11: 2$}m, 'and has counted both');

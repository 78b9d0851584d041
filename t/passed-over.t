# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Requests that met a rule whose time is not now, and went on: counted for the page about the
# server, its programs and mod_status, and shown to no tenant.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use JSON::PP ();
use POSIX ();

plan tests => 15;

my $site = root() . '/passed';
my $ended = POSIX::strftime('%Y-%m-%dT%H:%MZ', gmtime(time - 3600));
put('passed/t/.htaccess', "Redirect307 /t/soon /there from=2199-01-01\nRedirect307 /t/both /there from=2199-01-01\nRedirect307Status own link=look=correct-horse-battery\n", 10);
put('passed/t/page.html', 'here', 10);
put('passed/page.html', 'here', 10);
put('passed/one.map', "/sheet/a /there from=2199-01-01\n/sheet/b /there\n", 10);
my $server = own_server(<<"EOT", only => ['dir', 'status']);
ServerName main.test
${\status_conf($site)}
<Location "/server-status">
    SetHandler server-status
</Location>
Redirect307 /soon /there from=2199-01-01
Redirect307 /t/both /there from=2199-01-01
Redirect307 /offer /there until=$ended
Redirect307Match ^/regex /there from=2199-01-01
Redirect307Map "$site/one.map"
Redirect307 / /else match=exact
<Location "/closing">
    Redirect307Maintenance /closed.html from=2199-01-01 until=2199-02-01
</Location>
<Location "/report">
    Redirect307Engine report
    Redirect307 /report/soon /there from=2199-01-01
</Location>
EOT

sub ask
{
    my $path = shift;
    my $reply = raw("GET $path HTTP/1.0\r\nHost: main.test\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($head, $body) = split /\r\n\r\n/, $reply, 2;
    return ($head =~ m{^HTTP/1\.\d (\d+)} ? $1 : 0, $body // '');
}

sub passed { my $all = JSON::PP::decode_json((ask('/redirects?json'))[1]); return join ' ', map { $all->{passed_over}{$_} } qw(coming over) }

for (my $until = time + 60; (ask('/sheet/b'))[0] != 307 && time < $until;) { sleep 1 }
is(passed(), '0 0', 'at first');
is((ask('/soon'))[0], 404, 'one that is to come');
is((ask('/soon/page'))[0], 404, 'and below it');
is(passed(), '2 0', 'are counted');
ask('/offer');
is(passed(), '2 1', 'one that is over');
ask('/sheet/a');
is(passed(), '3 1', 'in a map');
ask('/t/soon');
is(passed(), '4 1', 'in a .htaccess');
ask('/t/both');
is(passed(), '5 1', 'in both: one request');
ask($_) for '/regex', '/report/soon', '/closing/page', '/page.html', '/', '/sheet/b', '/redirects?explain=/soon';
is(passed(), '5 1', 'no regex, no report, no maintenance, no page, no redirect, no question');
my ($metrics) = (ask('/redirects?metrics'))[1];
like($metrics, qr/^redirect307_passed_over_total\{state="coming"\} 5\n.*state="over"\} 1$/m, 'for Prometheus');
like((ask('/redirects'))[1], qr/ 5 requests met a rule that is coming\. 1 request met a rule that is over\.</, 'on the page');
my ($auto) = (ask('/server-status?auto'))[1];
like($auto, qr/^Redirect307PassedOver-coming: 5\nRedirect307PassedOver-over: 1$/m, 'for mod_status');
like((ask('/server-status'))[1], qr{met a rule that is coming: 5</p>}, 'and on its page');
my ($code, $own) = ask('/t/page.html?look=correct-horse-battery&json');
is($code, 200, 'the page of a tenant');
unlike($own, qr/passed_over/, 'says nothing of the server');

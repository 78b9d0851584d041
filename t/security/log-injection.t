# SPDX-License-Identifier: Apache-2.0
# What a request holds reaches no log and no header as a line of its own, nor as a control
# byte that a terminal obeys.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my @bad = ("%0a", "%0d%0a", "%1b[31m", "%00", "%7f", "%9b", "%08", "%c2%9b", "%e2%80%a8");
my @paths = (
    # %s: the bytes
    '/glued%s', '/glued%sFORGED', '/capture/%sFORGED', '/prefix/%sFORGED', '/splat/%sFORGED',
    '/arg?x=%sFORGED&y=%sFORGED', '/open?to=%sFORGED', '/open?to=/%sFORGED', '/open?to=https://%sFORGED/',
    '/report%sFORGED', '/report-fine/%sFORGED', '/condition/%sFORGED?x=%s', '/by/%sFORGED', '/nothing%sFORGED',
);
my @headers = ("a\tFORGED", "\x1b[31mFORGED", "\x9bFORGED", "a\x08FORGED", "\x7fFORGED", "a: b, FORGED");

plan tests => @paths * @bad + @headers * 2 + 7;

mark_log($_) for qw(injection_log injection_access);
put('injection/.htaccess', "Redirect307 tenant/\x1b[31m \"\x07\" \"x\n");
my $whole = '';

for my $path (@paths) {
    for my $bad (@bad) {
        (my $asked = $path) =~ s/%s/$bad/g;
        my $reply = raw("GET $asked HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'log_injection');
        my ($head, $body) = split /\r\n\r\n/, $reply, 2;
        my @odd = grep { !/^(?:HTTP|Date|Server|Location|Cache-Control|Connection|Content-|Expires|X-Redirect-By|Vary|Allow|Accept-Ranges|Last-Modified|ETag)/ }
            split /\r\n/, $head || 'nothing';
        ok(!@odd && $head !~ /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xff]/ && $head !~ /(?<!\r)\n/
           && ($body || '') !~ /[\x00-\x09\x0b-\x1f\x7f]/, "$asked: nothing of it becomes a header or a control byte")
            or diag($reply);
    }
}
for my $value (@headers) {
    for my $with (['/header', 'X-In'], ['/cookie', 'Cookie']) {
        my $reply = raw("GET $with->[0] HTTP/1.1\r\nHost: h\r\n$with->[1]: $value\r\nConnection: close\r\n\r\n", vhost => 'log_injection');
        my ($location) = each_header($reply, 'Location');
        ok(!defined $location || $location =~ m{^/to/[!-~]*$}, "a header in a target: only printable bytes leave")
            or diag($reply);
    }
}
raw("BREW\x1bFORGED /prefix HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'log_injection');
raw("GET /prefix/\x1b[31mFORGED HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", vhost => 'log_injection');

my $log = do { not_logged(qr{^FORGED}m, 'no line of the error log begins with what a request wrote', 'injection_log'); log_since_mark('injection_log') };
unlike($log, qr{[\x00-\x08\x0b-\x1f\x7f-\xff]}, 'no control byte in the error log');
is((join "\n", grep { $_ !~ /^\[/ } split /\n/, $log), '', 'every line of the error log begins as httpd\'s lines do');
logged(qr{refused \(400\): R307-G\d\d, '\S*\\?\S*' }, 'and there were refusals to look at', 'injection_log');
logged(qr{would (?:refuse|answer) }, 'and reports', 'injection_log');
unlike(log_since_mark('injection_access'), qr{[\x00-\x08\x0b-\x1f\x7f-\xff]|^FORGED}m, 'no control byte in the access log by env or note');
logged(qr{injection/\.htaccess:1: Redirect307: [ -~]+; this line is (?:skipped, and what it is for stays where it is|left out)}, 'a tenant\'s line with control bytes is told in printable ones', 'injection_log');

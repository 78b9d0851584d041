# SPDX-License-Identifier: Apache-2.0
# The Host header chooses a virtual host and host=, and reaches a Location in two places
# only: the target "https:", and Redirect307Relative off. Both by UseCanonicalName.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my $port = port('host_off');

my @rows = (
    # vhost, path, Host, what is answered, why
    ['host_off', '/own/x',  'evil.example',       '307 -> /to/x',  'a path needs no host'],
    ['host_off', '/own/x',  'evil.example:81',    '307 -> /to/x',  'nor a port'],
    ['host_off', '/mine',   'mine.example',       '307 -> /to',    'host= compares it'],
    ['host_off', '/mine',   'MINE.example:8080',  '307 -> /to',    'without case and port'],
    ['host_off', '/mine',   'mine.example.',      '307 -> /to',    'without a final dot'],
    ['host_off', '/mine',   'mine.example.evil',  '404',           'and whole'],
    ['host_off', '/not-mine', 'mine.example',     '404',           'host=!'],
    ['host_off', '/not-mine', 'other.example',    '307 -> /to',    'host=!, another one'],
    ['host_off', '/glob',   'a.tenant.example',   '307 -> /to',    'host= with a glob'],
    ['host_off', '/glob',   'tenant.example',     '404',           'host= with a glob: not the name itself'],
    ['host_off', '/source', 'source.example',     '307 -> /to',    'a source with a host'],
    ['host_off', '/source', 'evil.example',       '404',           'a source with another host'],
    ['host_off', '/full/x', 'h.example',          '307 -> http://h.example:8443/to/x', 'Relative off, UseCanonicalName Off: the name that was asked for, with the port of ServerName, as httpd has it'],
    ['host_off', '/full/x', 'h.example:81',       '307 -> http://h.example:81/to/x', 'and its port'],
    ['host_off', '/full/x', '[::1]:81',           '307 -> http://[::1]:81/to/x', 'an IPv6 address'],
    ['host_off', '/tls/x',  'h.example:8080',     '307 -> https://h.example/tls/x', 'https: drops the port'],
    ['host_off', '/insert', 'a.tenant.example',   '307 -> https://a.tenant.example/to', 'a host from the request, named by AllowHosts'],
    ['host_off', '/insert', 'evil.example',       '400',           'a host from the request, not named'],
    ['host_on',  '/full/x', 'evil.example',       '307 -> http://canon.example:8443/to/x', 'Relative off, UseCanonicalName On: ServerName'],
    ['host_on',  '/tls/x',  'evil.example',       '307 -> https://canon.example/tls/x', 'https:, UseCanonicalName On: ServerName without its http port'],
    ['host_https', '/full/x', 'evil.example',     '307 -> https://canon.example/to/x', 'ServerName https://: full URLs have it'],
    ['host_https', '/tls/x', 'evil.example',      '307 -> https://canon.example/tls/x', 'ServerName https://: https:'],
    ['host_https', '/tls/x', 'canon.example',     '404',           'ServerName https://: it is https already'],
    ['host_https_port', '/full/x', 'evil.example', '307 -> https://canon.example:9443/to/x', 'ServerName https:// with a port'],
    ['host_https_port', '/tls/x', 'evil.example', '307 -> https://canon.example:9443/tls/x', 'https: keeps a port that ServerName states with https'],
    # a proxy that says https: there is nothing to add, whatever name and port it asks with
    ['host_on',  '/tls/x',  "inner.example:8080\r\nX-Forwarded-Proto: https", '404', 'https said, UseCanonicalName On, a Host that is not the client\'s'],
    ['host_on',  '/tls/x',  "inner.example:8080\r\nX-Forwarded-Proto: http", '307 -> https://canon.example/tls/x', 'the same, and http said'],
    ['host_https', '/tls/x', "inner.example:8080\r\nX-Forwarded-Proto: https", '404', 'https said, ServerName https://, another Host'],
    ['host_https_port', '/tls/x', "canon.example\r\nX-Forwarded-Proto: https", '404', 'https said, ServerName https:// with a port, a Host without'],
    ['host_proxied', '/tls/x', "canon.example\r\nX-Forwarded-Proto: https", '404', 'the same with UseCanonicalName Off'],
    ['host_proxied', '/tls/x', "canon.example\r\nForwarded: proto=https;host=canon.example", '404', 'the same by Forwarded'],
    ['host_proxied', '/tls/x', 'canon.example:9443', '404', 'and where it passes on the port'],
);
# Nothing of these may leave in a Location, whatever httpd itself says to them.
my @forged = (
    'evil.example/x', 'evil.example\\@canon.example', 'user@evil.example', 'canon.example@evil.example',
    'evil.example?', 'evil.example#', 'evil.example:80@x', "evil.example\t", ' evil.example',
    'evil..example', '-evil.example', 'evil_example', '%65vil.example', 'evil.example:99999',
    'evil.example:x', '[::1', '[evil.example]', "evil\xc3\xa9.example", 'a' x 300, 'evil.example,canon.example',
    'evil.example%0d%0aX:', '1.2.3', '0x7f.1', '.', '',
);
my @shapes = (
    # request, what must not leave, why
    ["GET /full/x HTTP/1.1\r\nHost: a.example\r\nHost: evil.example\r\n", qr/evil/, 'two Host headers'],
    ["GET /full/x HTTP/1.1\r\nHost: a.example\r\n folded.evil.example\r\n", qr/evil/, 'a folded Host header'],
    ["GET http://a.example/full/x HTTP/1.1\r\nHost: evil.example\r\n", qr/evil/, 'an absolute target and another Host'],
    ["GET http://user:evil\@a.example/full/x HTTP/1.1\r\nHost: a.example\r\n", qr/evil|\@/, 'userinfo in an absolute target'],
    ["GET http://a.example\@evil.example/own/x HTTP/1.1\r\nHost: a.example\r\n", qr/evil|\@/, 'userinfo in an absolute target, for a path'],
    ["GET //evil.example/own/x HTTP/1.1\r\nHost: a.example\r\n", qr{//evil}, 'two slashes first'],
    ["GET /own//evil.example HTTP/1.1\r\nHost: a.example\r\n", qr{^Location: //}m, 'two slashes behind the source'],
    ["GET /own/..//evil.example HTTP/1.1\r\nHost: a.example\r\n", qr{^Location: //}m, 'dots and slashes'],
    ["GET /own/\\evil.example HTTP/1.1\r\nHost: a.example\r\n", qr{\\}, 'a backslash'],
    ["GET /full/x HTTP/1.1\r\n", qr/^Location/m, 'HTTP/1.1 without Host'],
);

my @full = qw(host_off host_on host_https host_https_port);
my @asked = ('canon.example', 'h.example', 'h.example:81', '[::1]:81');

plan tests => @rows + @full * @asked + @forged * 3 + @shapes * 2;

sub told
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.[01] (\d+)};
    my @location = each_header($reply, 'Location');
    return ($code || 'nothing') . join '', map { " -> $_" } @location;
}
sub ask
{
    my ($vhost, $path, $host) = @_;
    return raw("GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", vhost => $vhost);
}

for my $row (@rows) {
    my ($vhost, $path, $host, $want, $why) = @$row;
    is(told(ask($vhost, $path, $host)), $want, "$vhost $path, Host $host: $why");
}

# A full URL is no better and no worse than one of httpd's own.
SKIP: {
    skip 'mod_alias is not here', @full * @asked unless have_module('alias');
    for my $vhost (@full) {
        is(told(ask($vhost, '/full/x', $_)), told(ask($vhost, '/stock', $_)), "$vhost, Host $_: Relative off has the origin that mod_alias has") for @asked;
    }
}

# httpd answers 400 to most of these by itself; where it does not, the guard does, or the
# name is one.
my $name = qr{(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]}i;
for my $host (@forged) {
    (my $shown = $host) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
    $shown = substr $shown, 0, 40;
    my $full = ask('host_off', '/full/x', $host);
    my $tls = ask('host_off', '/tls/x', $host);
    my $canon = ask('host_on', '/full/x', $host);
    like(told($full), qr{^400$|^307 -> http://$name(?::\d{1,5})?/to/x$}, "Relative off, Host '$shown': refused, or a host name");
    like(told($tls), qr{^400$|^307 -> https://$name/tls/x$}, "https:, Host '$shown': refused, or a host name");
    like(told($canon), qr{^400$|^307 -> http://canon\.example:8443/to/x$}, "UseCanonicalName On, Host '$shown': refused, or ServerName");
}
for my $row (@shapes) {
    my ($request, $never, $why) = @$row;
    my $reply = raw("${request}Connection: close\r\n\r\n", vhost => 'host_off');
    my ($head) = split /\r\n\r\n/, $reply;
    like($head, qr{^HTTP/1\.1 (?:307|400|404) }, "$why: answered");
    unlike(join("\n", map { "Location: $_" } each_header($reply, 'Location')) || 'none', $never, "$why: and not bent");
}

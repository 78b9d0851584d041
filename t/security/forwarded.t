# SPDX-License-Identifier: Apache-2.0
# What a client writes into X-Forwarded-* and its kin changes nothing, with one exception:
# a rule that only adds https does not fire when the proxy says it is https already.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my @paths = ('/path/x', '/foreign/x', '/plain', '/args', '/by-method', '/host', '/scheme', '/regex/x', '/full/x', '/tls/x');
my %headers = (
    'X-Forwarded-Host'   => 'evil.example',
    'X-Forwarded-Server' => 'evil.example',
    'X-Forwarded-Port'   => '4444',
    'X-Forwarded-Prefix' => '/evil',
    'X-Forwarded-For'    => '192.0.2.1',
    'X-Forwarded-Path'   => '/evil',
    'X-Host'             => 'evil.example',
    'X-Original-URL'     => '/foreign/evil',
    'X-Rewrite-URL'      => '/foreign/evil',
    'X-Original-Host'    => 'evil.example',
    'X-HTTP-Method-Override' => 'POST',
    'X-HTTP-Method'      => 'POST',
    'X-Method-Override'  => 'POST',
    'Forwarded'          => 'for=192.0.2.1;host=evil.example;proto=http',
    'X-Forwarded-Proto'  => 'http',
    'X-Forwarded-Scheme' => 'https',
    'X-Url-Scheme'       => 'https',
    'Front-End-Https'    => 'on',
    'Upgrade-Insecure-Requests' => '1',
    'Destination'        => 'https://evil.example/',
    'Referer'            => 'https://evil.example/',
);
my @https = (
    # path, header, what is answered
    ['/tls/x', 'X-Forwarded-Proto: https',            '404',  'X-Forwarded-Proto'],
    ['/tls/x', 'X-Forwarded-Proto: HTTPS',            '404',  'in capitals'],
    ['/tls/x', 'X-Forwarded-Proto: https, http',      '404',  'of the first proxy in a list'],
    ['/tls/x', 'X-Forwarded-Proto: http, https',      '307 -> https://h.example/tls/x', 'not of a later one'],
    ['/tls/x', 'X-Forwarded-Proto: httpsx',           '307 -> https://h.example/tls/x', 'as a whole word'],
    ['/tls/x', 'X-Forwarded-Proto: ',                 '307 -> https://h.example/tls/x', 'not when empty'],
    ['/tls/x', 'Forwarded: for=192.0.2.1;proto=https', '404', 'Forwarded'],
    ['/tls/x', 'Forwarded: Proto="https"',            '404',  'Forwarded, quoted'],
    ['/tls/x', 'Forwarded: proto=http, proto=https',  '307 -> https://h.example/tls/x', 'Forwarded, of the first proxy'],
    ['/path/x', 'X-Forwarded-Proto: https',           '307 -> /to/x', 'another rule is not concerned'],
    ['/foreign/x', 'X-Forwarded-Proto: https',        '307 -> https://other.example/x', 'a foreign host is not concerned'],
    ['/tls-other', 'X-Forwarded-Proto: https',        '307 -> https://other.example/tls-other', 'the same path on another host is not'],
    ['/full/x', 'X-Forwarded-Proto: https',           "307 -> http://h.example:@{[port('forwarded')]}/to/x", 'a full URL takes its scheme from httpd'],
    ['/plain', 'X-Forwarded-Proto: https',            '307 -> http://other.example/', 'a written http:// is followed'],
);

plan tests => @paths * keys(%headers) + @https + 3;

sub told
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.[01] (\d+)};
    return ($code || 'nothing') . join '', map { " -> $_" } each_header($reply, 'Location');
}
sub ask
{
    my ($path, $header) = @_;
    return raw("GET $path HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n" . ($header ? "$header\r\n" : '') . "\r\n",
               vhost => 'forwarded');
}

for my $path (@paths) {
    my $before = told(ask($path));
    for my $name (sort keys %headers) {
        is(told(ask($path, "$name: $headers{$name}")), $before, "$path: $name changes nothing");
    }
}
is(told(ask($_->[0], $_->[1])), $_->[2], "$_->[0], $_->[1]: $_->[3]") for @https;
mark_log('forwarded_log');
ask('/tls-once', 'X-Forwarded-Proto: https') for 1 .. 3;
logged(qr{forwarded\.conf:\d+ passed over: it only adds https}, 'that a rule is passed over is said', 'forwarded_log');
my $lines = () = log_since_mark('forwarded_log') =~ /passed over/g;
is($lines, 1, 'and said once');
is(told(ask('/tls-once')), '307 -> https://h.example/tls-once', 'and the rule still answers without the header');

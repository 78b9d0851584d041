# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The key of a tenant's page where it comes twice or in a body, and behind a mod_cache that was told to
# store whatever there is: what the page says is never for the next one who asks.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my $has_cache = grep { -e "$_/mod_cache_disk.so" } qw(/usr/lib/apache2/modules /usr/lib64/httpd/modules);
plan tests => 10;

my $site = root() . '/statuskeys';
my $key = 'correct-horse-battery';
put('statuskeys/t/.htaccess', "Redirect307Status own link=look=$key\nRedirect307 /t/a /there\n", 10);
put('statuskeys/t/page.html', 'here', 10);
my $cache = root() . '/statuskeys-cache';
mkdir $cache;
chmod 0777, $cache;
my $server;

sub start
{
    my ($more, @modules) = @_;
    return own_server(<<"EOT", only => ['dir', @modules]);
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo AuthConfig
</Directory>
$more
EOT
}

sub ask
{
    my ($path, $method, $sent) = @_;
    my $length = length($sent // '') ? 'Content-Length: ' . length($sent) . "\r\nContent-Type: application/x-www-form-urlencoded\r\n" : '';
    my $reply = raw(($method || 'GET') . " $path HTTP/1.0\r\nHost: h.test\r\n$length\r\n" . ($sent // ''), port => $server->{port}, timeout => 30);
    return (split /\r\n\r\n/, $reply, 2)[1] // '';
}

sub is_shown { return ask(@_) =~ /<h1>Answering/ ? 1 : 0 }

$server = start('');
is(is_shown("/t/page.html?look=$key"), 1, 'the key');
is(ask("/t/page.html?look=wrong-key-of-mine&look=$key"), 'here', 'a wrong one in front of it');
is(is_shown("/t/page.html?look=$key&look=wrong-key-of-mine"), 1, 'and behind it: the first one counts');
is(is_shown('/t/page.html?look=' . substr($key, 0, 12)), 0, 'a part of it');
is(is_shown('/t/page.html?' . 'a&' x 1100 . "look=$key"), 0, 'behind so many that they are not told apart');
is(is_shown('/t/page.html', 'POST', "look=$key"), 0, 'in a body');

SKIP: {
    skip 'there is no mod_cache_disk', 4 unless $has_cache;
    $server = start(<<"EOT", 'cache', 'cache_disk');
CacheRoot "$cache"
CacheEnable disk /
CacheIgnoreQueryString on
CacheStoreNoStore on
CacheStorePrivate on
CacheIgnoreNoLastMod on
CacheDefaultExpire 3600
CacheIgnoreCacheControl on
EOT
    is(is_shown("/t/page.html?look=$key"), 1, 'behind mod_cache: with the key');
    is(ask('/t/page.html'), 'here', 'without it the page of old');
    is(ask('/t/page.html'), 'here', 'which is stored now');
    is(is_shown("/t/none.html?look=$key") + is_shown('/t/none.html'), 1, 'and the same where there is no file');
}

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Two tenants with users of their own. One puts links, second names and folders in the place of
# what his .htaccess, or httpd.conf, named, for moments and for seconds: no byte of the other's
# files, nor of root's, is answered or logged. --full: 200 swaps.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

# Without root all belongs to one user: then links are not followed at all, and what follows
# from the owner alone is left out.
my $is_root = $> == 0;
my $rounds = full(6, 200);
my $site = root() . '/swap';
my ($mine, $other) = (20011, 20012);
my $secret = 'the-secret-of-the-other';

# as a tenant's script has it, and as a map reads it
sub owned { my ($owner, @files) = @_; return unless $is_root; chown $owner, $owner, $_ or die "$_: $!\n" for @files; return }

put('swap/a/keep.html', "mine\n");
mkdir "$site/$_" for 'b', 'b/deep', 'a/sub', 'a/sub/deep', 'a/own', 'root';
put('swap/b/config.php', "<?php\ndefine('DB_PASSWORD',/$secret\n");
put('swap/b/deep/config.php', "define('DB_PASSWORD',/$secret\n");
put('swap/b/.htaccess', "# mine\n");
put('swap/root/shadow', "root:$secret\n/known /$secret\n");
chmod 0600, "$site/root/shadow";
put('swap/a/sub/.htaccess', "Redirect307Map config.php format=csv\nRedirect307Map deep/config.php format=csv\n");
put('swap/a/sub/config.php', "here,/mine-1\n");
put('swap/a/sub/deep/config.php', "there,/mine-2\n");
put('swap/a/own/conf.map', "/of-conf /mine-3\n");
owned($mine, "$site/a", map { "$site/a/$_" } qw(sub sub/deep own sub/.htaccess sub/config.php sub/deep/config.php own/conf.map keep.html));
owned($other, map { "$site/b/$_" } '', qw(deep config.php deep/config.php .htaccess));

my $server = own_server(<<"EOT", only => ['dir']);
StartServers 2
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
    Options ${\($is_root ? 'SymLinksIfOwnerMatch' : 'None')}
</Directory>
Redirect307Map "$site/a/own/conf.map"
EOT

my $answers = '';

sub get
{
    my $path = shift;
    my $reply = raw("GET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 15);
    $answers .= $reply;
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    return join ' -> ', $code, each_header($reply, 'Location');
}

sub becomes
{
    my ($path, $want, $why) = @_;
    my $until = time + 60;
    my $got;
    sleep 0.2 while ($got = get($path)) ne $want && time < $until;
    return is($got, $want, "$path $why");
}

my @asked = ('/a/sub/here', '/a/sub/there', "/a/sub/define('DB_PASSWORD'", '/known', '/of-conf');

# While it lasts, and afterwards, all is asked.
sub swapped
{
    my ($name, $new, $for) = @_;
    rename "$site/$name", "$site/$name.kept" or die "rename $name: $!\n";
    $new->("$site/$name");
    my $until = time + $for;
    do { get($_) for @asked } while time < $until;
    unlink "$site/$name" or die "unlink $name: $!\n";
    rename "$site/$name.kept", "$site/$name" or die "rename $name: $!\n";
    get($_) for @asked;
    return;
}

sub link_to
{
    my $to = shift;
    return sub {
        my $at = shift;
        symlink $to, $at or die "symlink: $!\n";
        !$is_root || system('chown', '-h', $mine, $at) == 0 or die "chown -h\n";
        return;
    };
}

# what protected_hardlinks forbids here may be allowed elsewhere
sub second_name { my $of = shift; return sub { link $of, shift or die "link: $!\n"; return } }

plan tests => 8;

becomes('/a/sub/here', '307 -> /mine-1', 'before');
becomes('/a/sub/there', '307 -> /mine-2', 'before');
is(get('/of-conf'), '307 -> /mine-3', 'of httpd.conf');

my @swaps = (
    ['a/sub', link_to('../b')], ['a/sub/config.php', link_to("$site/b/config.php")], ['a/sub/deep', link_to("$site/b/deep")],
    ['a/sub/config.php', second_name("$site/b/config.php")], ['a/own/conf.map', link_to("$site/root/shadow")],
    ['a/own', link_to('../b')], ['a/own/conf.map', second_name("$site/b/config.php")], ['a/own/conf.map', link_to("$site/b/config.php")],
);
my @at_restart = $is_root ? @swaps[4, 6] : ();
@swaps = @swaps[0 .. 2] unless $is_root;
for my $n (1 .. $rounds) {
    # long enough to be looked at and to stand still, or only a moment
    swapped(@$_, $n % 3 ? 0.02 : 3.6 + rand) for $n <= 3 || $n % 3 ? @swaps : $swaps[$n % @swaps];
}

# root reads at a restart
for my $swap (@at_restart) {
    rename "$site/a/own/conf.map", "$site/a/own/kept" or die "rename: $!\n";
    $swap->[1]->("$site/a/own/conf.map");
    reload($server, 'USR1');
    get($_) for @asked;
    unlink "$site/a/own/conf.map";
    rename "$site/a/own/kept", "$site/a/own/conf.map" or die "rename: $!\n";
}
becomes('/a/sub/here', '307 -> /mine-1', 'afterwards');
becomes('/of-conf', '307 -> /mine-3', 'afterwards');

unlike($answers, qr/\Q$secret\E/, 'no byte of another was answered');
my $log = own_log($server);
unlike($log, qr/\Q$secret\E/, 'nor logged');
unlike($log, qr/exit signal|:(?:crit|alert|emerg)\]/, 'no crash');

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# redirect307ctl lint --homes: the .htaccess files that an httpd reads, each with what covers it;
# and trees that somebody made who means no good: nothing of other files is told, nothing hangs.
use strict;
use warnings FATAL => 'all';
use File::Path qw(make_path);
use POSIX ();
use R307;
use R307::Tool qw($ctl $dir file);

once();

# root runs it, and who made the trees is somebody else
my $is_root = $> == 0;
chmod 0755, "$dir";

# Exit status and everything printed, without the name of the folder.
sub run
{
    my ($exit, $text) = R307::Tool::run(@_);
    $text =~ s/\Q$dir\E/DIR/g;
    return ($exit, $text);
}

sub homes { return run('lint', '--homes', '-f', "$dir/httpd.conf", @_) }

file('httpd.conf', <<"EOT");
ServerRoot "$dir"
ServerName main.test
LoadModule alias_module modules/mod_alias.so
LoadModule redirect307_module modules/mod_redirect307.so
DocumentRoot "$dir/www"
<Macro Moved \$from \$to>
Redirect307 \$from \$to
</Macro>
<Directory />
AllowOverride None
</Directory>
<Directory "$dir/home/*/public_html">
AllowOverride FileInfo
Redirect307Limits rules=2 targets=same-site
</Directory>
<Directory "$dir/home/strict/public_html/">
Redirect307Require until refuse
</Directory>
<Directory "$dir/home/mail/public_html">
AllowOverride AuthConfig
</Directory>
<Directory "$dir/home/shut/public_html/in">
AllowOverride None
</Directory>
<VirtualHost *:80>
ServerName v.test
DocumentRoot "$dir/v"
Alias /al "$dir/alias"
<Directory "$dir/v">
AllowOverride All
</Directory>
<Directory "$dir/alias">
AllowOverride All
</Directory>
</VirtualHost>
EOT
file("home/$_/public_html/.htaccess", "Redirect307 a b\n") for qw(fine mail);
file('home/many/public_html/.htaccess', "Redirect307 a b\nRedirect307 c d\nRedirect307 e f\n");
file('home/many/public_html/deep/er/.htaccess', "Redirect307 a https://else.test/\n");
file('home/strict/public_html/.htaccess', "Redirect307 a b until=2099-01-01\nRedirect307 c d\nRedirect307Maintenance down/\n");
file('home/shut/public_html/in/.htaccess', "Redirect307 a b qurey=drop\n");
file('home/loaded/public_html/.htaccess', "Header set A b\n<IfModule mod_headers.c>\nHeader set A b\n</IfModule>\nUse Moved a b\nRedirect /zz /y\n");
file('home/fine/.htaccess', "Redirect307 a b qurey=drop\n");
file('www/.htaccess', "Redirect307 a b qurey=drop\n");
file('v/.htaccess', "Redirect307 /old /new qurey=drop\n");
file('v/sub/.htaccess', "Redirect307Limits rules=1\n");
file('alias/.htaccess', "Redirect307 a https://else.test/\n");

my ($exit, $text) = homes();
is($exit, 1, 'there is something to do');
unlike($text, qr{home/fine/|/www/|/shut/}, 'what is fine, or read by nobody, is not told of');
like($text, qr{^DIR/home/mail/public_html/\.htaccess:1: Redirect307: is not let in here by AllowOverride}m, 'a line that AllowOverride does not let in');
like($text, qr{^DIR/home/many/public_html/\.htaccess:3: Redirect307: .*left out}m, 'a rule too many');
unlike($text, qr{many/public_html/\.htaccess:[12]:}, 'and no other');
like($text, qr{deep/er/\.htaccess:1: Redirect307: .*left out}, 'a target that the place does not allow');
unlike($text, qr{alias/\.htaccess:1: .*left out}, 'and that another place does');
like($text, qr{strict/public_html/\.htaccess:2: Redirect307: .*left out}, 'a rule without an end, where one is asked for');
like($text, qr{strict/public_html/\.htaccess:3: Redirect307Maintenance: .*left out}, 'and a maintenance');
unlike($text, qr{strict/public_html/\.htaccess:1:}, 'not the one with an end');
like($text, qr{loaded/public_html/\.htaccess:1: Header: is of mod_headers\.c, which is not loaded}, 'a directive that nobody has');
unlike($text, qr{loaded/public_html/\.htaccess:[3-6]:}, 'what is behind <IfModule>, made by a macro or loaded is fine');
like($text, qr{^DIR/v/\.htaccess:1: Redirect307: }m, 'below the root of a virtual host');
like($text, qr{^DIR/v/sub/\.htaccess:1: Redirect307Limits: }m, 'and further down');

($exit, $text) = homes("$dir/home/many", "$dir/home/fine/public_html");
like($text, qr{many/public_html/\.htaccess:3:}, 'of one directory');
unlike($text, qr{mail|strict|/v/}, 'nothing else');
($exit, $text) = homes("$dir/home/shut");
is($exit, 2, 'where httpd reads none there is nothing to tell');
like($text, qr{httpd reads no \.htaccess there}, 'and that is told');
($exit, $text) = homes('--fix');
is($exit, 2, '--homes writes nothing');
($exit, $text) = run('lint', '--homes', '-f', "$dir/none.conf");
is($exit, 2, 'a configuration that is not there');

# --- trees of somebody else ---

my $secret = file('secret', "Redirect307 TOLD\nTOLD /x qurey=1\n");
my $evil = "$dir/home/evil/public_html";
make_path("$evil/$_") for qw(link fifo folder sparse map flag page loop/a), "ctl\e[2J\nx", 'socket', 'hard';
symlink $secret, "$evil/link/.htaccess";
POSIX::mkfifo("$evil/fifo/.htaccess", 0644);
mkdir "$evil/folder/.htaccess";
open my $sparse, '>', "$evil/sparse/.htaccess" or die "sparse: $!\n";
truncate $sparse, 1 << 40 or truncate $sparse, 1 << 33;
close $sparse;
POSIX::mkfifo("$evil/map/m.map", 0644);
symlink $secret, "$evil/map/s.map";
symlink '/dev/zero', "$evil/map/z.map";
symlink '/proc/self/environ', "$evil/map/e.map";
file('home/evil/public_html/map/.htaccess', join '', map { "Redirect307Map $_\n" } 'm.map', 's.map', 'z.map', 'e.map', '../../../../secret', $secret, '/dev/zero');
POSIX::mkfifo("$evil/flag/f.on", 0644);
file('home/evil/public_html/flag/.htaccess', "Redirect307 a b flag=f.on\nRedirect307Maintenance down/ flag=f.on\nRedirect307Maintenance d2/ flag=../../../../secret\n");
symlink $secret, "$evil/page/p.html";
file('home/evil/public_html/page/.htaccess', "Redirect307Maintenance down/ page=p.html\n");
symlink '..', "$evil/loop/a/up";
symlink '.', "$evil/loop/here";
symlink '/', "$evil/loop/root";
symlink "$dir/home/fine", "$evil/loop/fine";
file("home/evil/public_html/ctl\e[2J\nx/.htaccess", "Redirect307 a b qurey=drop\n");
my $deep = $evil;
for (1 .. 200) {
    $deep .= '/d';
    mkdir $deep or last;
}
if ($is_root) {
    system 'chown', '-hR', '12345:12345', $evil;
    mkdir "$evil/device";
    system 'mknod', "$evil/device/.htaccess", 'c', '1', '5';
}

$SIG{ALRM} = sub { die "it hangs\n" };
alarm 300;
($exit, $text) = homes($evil);
is($exit, 2, 'what could not be read is told by the exit status');
like($text, qr{fifo/\.htaccess: }, 'a pipe is named, and not waited for');
like($text, qr{sparse/\.htaccess: .*too large|sparse/\.htaccess: }, 'so is a file of a terabyte');
like($text, qr{d/d/d.*: too deep}, 'and a tree without an end');
unlike($text, qr{[\e\0]}, 'no byte of a name gets to the terminal');
like($text, qr{ctl\\x1b\[2J\\x0ax/\.htaccess:1: }, 'which is shown instead');
unlike($text, qr{public_html/loop/}, 'no link to a directory is followed');
my @told = grep { /TOLD/ } split /\n/, $text;
SKIP: {
    skip 'who is root reads what others may not: to be run as root', 3 unless $is_root;
    is(join("\n", @told), '', 'nothing of a file that somebody else cannot read is told');
    like($text, qr{link/\.htaccess: is reached by a symbolic link of another user}, 'a link to it is named');
    like($text, qr{device/\.htaccess: }, 'so is a device');
}
unlike($text, qr{map/[^\n]*TOLD}, 'nor of a map that lies elsewhere');

# While it is read its places change.
my $swapped = "$dir/home/swapped/public_html";
make_path("$swapped/in");
my $child = fork;
die "cannot fork: $!\n" unless defined $child;
if (!$child) {
    ($<, $>) = (12345, 12345) if $is_root && chown 12345, 12345, $swapped, "$swapped/in";
    for (my $i = 0;; $i++) {
        my $new = "$swapped/new";
        $i % 3 == 0 ? symlink($secret, $new) : $i % 3 == 1 ? POSIX::mkfifo($new, 0644) : do { open my $out, '>', $new; print $out "Redirect307 a b\n" if $out };
        rename $new, "$swapped/in/.htaccess";
        rename "$swapped/in", "$swapped/was" if $i % 5 == 0;
        symlink "$dir/v", "$swapped/in" if $i % 5 == 0;
        unlink "$swapped/in" if $i % 5 == 0;
        rename "$swapped/was", "$swapped/in" if $i % 5 == 0;
    }
}
my $leaks = 0;
for (1 .. 40) {
    ($exit, $text) = homes("$dir/home/swapped");
    $leaks++ if $is_root && $text =~ /TOLD/;
    last if $exit > 2;
}
kill 'KILL', $child;
waitpid $child, 0;
cmp_ok($exit, '<=', 2, 'files that are swapped while they are read end nothing');
is($leaks, 0, 'and tell nothing');
alarm 0;
done_testing();

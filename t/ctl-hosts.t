# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl hosts over the homes of tenants, hostile ones among them: which
# hosts their lines send people to, what is new since the last time, and that nothing is read
# that is none of their .htaccess.
use strict;
use warnings FATAL => 'all';
use R307;
use File::Path qw(make_path);
use JSON::PP ();
use POSIX qw(mkfifo);
use R307::Tool qw($ctl $dir file half_read run_by);

once();

sub run { return run_by('timeout 60', 'hosts', @_) }

my $homes = "$dir/homes";
my $state = "$dir/state";

sub slurp { my ($name) = @_; open my $in, '<:raw', $name or return ''; local $/; return scalar <$in> }

sub json { my ($status, $text) = run('--format', 'json', @_); $text =~ s/^redirect307ctl: .*\n//mg; return eval { JSON::PP->new->utf8->decode($text) } || { text => $text } }

file('homes/a/a.example/.htaccess', <<'EOT');
Redirect307 /x https://partner.example/x
Redirect307 /y https://www.a.example/y
RewriteEngine On
RewriteRule ^z$ https://partner.example/z [R,L]
EOT
file('homes/b/public_html/.htaccess', <<'EOT');
<IfModule mod_rewrite.c>
RewriteCond %{HTTP_HOST} !^www\.
RewriteRule ^(.*)$ https://www.%{HTTP_HOST}/$1 [R=301,L]
RewriteRule ^go/ \
    https://partner.example/ [R]
</IfModule>
Redirect307Map more.csv
Redirect307Maintenance https://status.example/ flag=down.on
EOT
file('homes/b/public_html/more.csv', "source,target\n/m,https://of-a-map.example/\n/n,/here\n");
file('homes/c/deep/down/.htaccess', "Redirect 302 / https://OTHER.example:8443/\n");

my $first = json('--state', $state, $homes);
is_deeply([map { "$_->{name} $_->{lines} $_->{files}" } @{$first->{hosts}}],
          ['partner.example 3 2', 'of-a-map.example 1 1', 'other.example 1 1', 'status.example 1 1'],
          'the hosts, those of most files first') or diag($first->{text} || '');
is($first->{own}, 1, "the site's own name is no other host");
is_deeply([map { (my $file = $_->{file}) =~ s{.*/homes/}{}; "$file:$_->{line} $_->{how}" } @{$first->{hosts}[0]{places}}],
          ['a/a.example/.htaccess:1 Redirect307', 'a/a.example/.htaccess:4 RewriteRule', 'b/public_html/.htaccess:5 RewriteRule'],
          'with their places') if $first->{hosts};
like((run($homes))[1], qr/^partner\.example  3 lines in 2 files\n.*^4 hosts; 6 lines of 3 files; 1 more to the site's own name\.$/ms, 'for people');
like((run('--own', $homes))[1], qr/^www\.a\.example  1 line in 1 file$/m, '--own');
unlike((run($homes))[1], qr/NEW|new/, 'without a state nothing is new');

# ---- what is new --------------------------------------------------------------------------

is_deeply([(run('--state', $state, $homes))[0], $first->{state} ? 1 : 0], [0, 1], 'the second time nothing is new');
file('homes/c/deep/down/.htaccess', <<'EOT', '>>:raw');
RewriteCond %{HTTP_USER_AGENT} (google|bing) [NC]
RewriteRule .* https\:\/\/evil\.example\/ [R=302,L]
Redirect /p https://partner.example/
EOT
my $before = slurp($state);
my ($status, $text) = run('--state', $state, $homes);
is($status, 1, 'what is new is something to do');
like($text, qr{\ANEW  evil\.example  1 line in 1 file\n +\S+/c/deep/down/\.htaccess:3: RewriteRule, only for some \(User-Agent\)\n}, 'and comes first');
like($text, qr{^new  partner\.example  4 lines in 3 files, new in 1\n +\S+/c/deep/down/\.htaccess:4: Redirect\n}m, 'then what is known from elsewhere');
isnt(slurp($state), $before, 'it is remembered');
is((run('--state', $state, $homes))[0], 0, 'and new no more');
my @mode = stat $state;
is($mode[2] & 0777, 0600, 'for its owner alone');

is((run('--state', $state, "$homes/a"))[0], 0, 'what was not looked at');
is((run('--state', $state, $homes))[0], 0, 'is not forgotten');
file('homes/c/deep/down/.htaccess', "Redirect 302 / https://other.example/\n");
is((run('--state', $state, $homes))[0], 0, 'what is gone');
file('homes/c/deep/down/.htaccess', "Redirect 302 / https://evil.example/\n");
is((run('--state', $state, $homes))[0], 1, 'and comes back is new');

for my $bad ("hello\n", "# redirect307ctl hosts 1\nx", "# redirect307ctl hosts 1\nno tab\n", "# redirect307ctl hosts 1\na\tb\tc\n", "# redirect307ctl hosts 1\n\x1b[2J\t/x\n", "# redirect307ctl hosts 1\n\0\0\n") {
    my $name = file('foreign', $bad);
    my ($status, $text) = run('--state', $name, $homes);
    is($status, 2, 'a state that is none');
    like($text, qr/was not written by hosts --state; name another file, or remove it/, 'is told');
    is(slurp($name), $bad, 'and left alone');
}
symlink "$dir/outside", "$dir/link" or die "$!\n";
file('outside', "precious\n");
run('--state', "$dir/link", $homes);
is(slurp("$dir/outside"), "precious\n", 'nothing is written through a link');
is((run('--state', "$dir/none/state", $homes))[0], 2, 'a state that cannot be written');
is(scalar(grep { /^\.ht/ } do { opendir my $d, $dir or die; readdir $d }), 0, 'no half of a state is left');

# ---- tenants that want to be read as something else ---------------------------------------------

mkdir "$dir/secret" or die "$!\n";
file('secret/.htaccess', "Redirect 302 /hunter2 https://hunter2.example/\n");
make_path("$homes/h/$_") for qw(fifo loop link big esc);
mkfifo("$homes/h/fifo/.htaccess", 0600) or die "$!\n";
symlink '/dev/zero', "$homes/h/loop/.htaccess" or die "$!\n";
symlink '../../../secret', "$homes/h/folder" or die "$!\n";
symlink '..', "$homes/h/up" or die "$!\n";
file('homes/h/big/big.map', join '', map { "/p$_ https://h$_.example/\n" } 1 .. 3000);
file('homes/h/big/.htaccess', "Redirect307Map big.map\nRedirect307Map /etc/passwd\nRedirect307Map ../../../secret/.htaccess\n");
file("homes/h/esc/\x1b[31m/.htaccess", "Redirect 302 / https://e\x1b[2Jsc.example/\nRedirect 302 / https://=1+1,x/\nErrorDocument 404 \"http://\0nul.example/\"\nRedirect 302 / http://%\nredirect 302 / https://" . 'x' x 5000 . "/\n" . 'A' x 100_000 . "\n");
file('homes/h/esc/.htaccess', "Redirect307 /a https://x.example/\\\n");
($status, $text) = run($homes);
is($status, 2, 'what cannot be read is told');
unlike($text, qr/hunter2|root:/, 'nothing of other files');
unlike($text, qr/[^\x0a\x20-\x7e]/, 'no byte that a terminal obeys');
like($text, qr{fifo/\.htaccess: is no plain file}, 'a pipe is not opened');
like($text, qr/; 2000 not kept\.$/m, 'no file fills the list');
for my $format (qw(json csv)) {
    my ($status, $text) = run('--format', $format, $homes);
    unlike($text, qr/[^\x0d\x0a\x20-\x7e]/, "$format: nor there");
    unlike($text, qr/(?:^|,)"?[=+\-@]/m, 'no cell is a formula') if $format eq 'csv';
    ok(eval { $text =~ s/^redirect307ctl: .*\n//mg; JSON::PP->new->utf8->decode($text) }, 'it is JSON') if $format eq 'json';
}

my $half = half_read();
SKIP: {
    skip 'this system reads the folders of a process that has ended', 2 if !$half;
    ($status, $text) = run($homes, $half);
    is($status, 2, 'nor is a folder that cannot be read one without names');
    like($text, qr{^redirect307ctl: \Q$half\E: Invalid argument$}m, 'why');
}

# ---- a whole httpd ------------------------------------------------------------------------------

my $conf = file('httpd.conf', <<"EOT");
ServerName main.example
Include $dir/part.conf
<VirtualHost *:80>
    ServerName one.example
    ServerAlias www.one.example
    Redirect / https://one.example/
    Redirect307 /to https://main.example/
    Redirect307 /x https://elsewhere.example/
</VirtualHost>
EOT
file('part.conf', "Redirect /p https://included.example/\n");
($status, $text) = run('-f', $conf);
is($status, 0, 'a whole httpd') or diag($text);
like($text, qr/^2 hosts; 2 lines of 2 files; 2 more to the site's own name\.$/m, 'its names are its own');
like($text, qr{^included\.example .*\n +\S+/part\.conf:1: Redirect$}m, 'what it includes is read');
file('homes/d/.htaccess', "Redirect / https://www.one.example/\n");
like((run('-f', $conf, "$homes/d"))[1], qr/; 3 more to the site's own name\.$/m, "beside it, tenants'");

for my $row ([[], qr/name directories or files, or an httpd with -f/], [['--format', 'xml', $homes], qr/write text, json or csv/],
             [["$dir/nothing"], qr/nothing: No such file/], [['-f', "$dir/nothing.conf"], qr/nothing\.conf: No such file/]) {
    my ($status, $text) = run(@{$row->[0]});
    is($status, 2, "could not tell: @{$row->[0]}");
    like($text, $row->[1], 'why');
}

done_testing();

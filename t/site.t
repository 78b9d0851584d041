# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The site as httpd sees it: generated configurations (virtual hosts, Include, Define, macros,
# sections, .htaccess under AllowOverride, maps, settings) and requests, asked of a running
# server and of `redirect307ctl explain`. They say the same, or the tool says "cannot tell" and
# names what the generator hid. R307_SITES=5000 for more, as --full does.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my $sites = $ENV{R307_SITES} || full(200, 5000);
my $together = 100;             # of one start
my $asked = 4;                  # of each site
srand seed();

sub one { return $_[int rand @_] }
sub maybe { my ($share, @text) = @_; return rand() < $share ? join('', @text) : '' }

my @words = qw(a b c shop old new x1 index.html);
my $stage = stage();

sub segs { return join '/', map { one(@words) } 1 .. 1 + int rand 3 }

# What only the server knows; each is named, so that "cannot tell" can be held against it.
my @hidden = (
    ['env=', sub { ' env=SEEN' }],
    ['expr=', sub { q{ expr="%{HTTP_USER_AGENT} =~ /zz/"} }],
);

sub options
{
    my $site = shift;
    my $text = maybe(.2, ' status=' . one(301, 302, 308, 303)) . maybe(.15, ' method=' . one('GET', 'POST', '!GET'))
        . maybe(.15, ' query=' . one('keep', 'drop')) . maybe(.1, ' case=ignore') . maybe(.1, ' match=exact');
    if (rand() < .015) {
        my $hide = one(@hidden);
        $site->{hidden}{ $hide->[0] } = 1;
        $text .= $hide->[1]->();
    }
    return $text;
}

sub target { return one('/' . segs(), '/' . segs() . '/', 'https://n.example/' . segs(), 'https://n.example/', '-') }

# Lines that may stand in a place; base: '' at the server, else a directory's URL.
sub rule
{
    my ($site, $base, $relative) = @_;
    my $source = $relative && rand() < .5 ? segs() : "$base/" . segs();
    push @{ $site->{paths} }, $source =~ m{^/} ? $source : "$base/$source";
    return "Redirect307Match ^$base/" . one('([^/]+)/(.*)$', '(a|b)(/.*)?$', 'old(.*)$') . ' ' . one('/r/$1', 'https://n.example/$1', '/q?p=$1')
        . "\n" if rand() < .2;
    return "Redirect307 $source " . one('gone', 404) =~ s/^/status=/r . "\n" if rand() < .05;
    my $target = target();
    return "Redirect307 $source $target" . ($target eq '-' ? '' : options($site)) . "\n";
}

sub setting
{
    return one("Redirect307Relative off\n", "Redirect307Engine off\n", "Redirect307Refuse 404\n", "Redirect307Refuse pass\n",
        "Redirect307Exempt /a\n", "Redirect307Exempt none\n", "Redirect307AllowHosts n.example\n", "Redirect307Engine report\n",
        "Redirect307Limits rules=1\n", "Redirect307Limits targets=same-site\n", "Redirect307Limits regex=0\n",
        "Redirect307Limits errors=fail\n", "Redirect307Require until warn\n", "Redirect307Engine on\n");
}

sub lines { my ($site, $base, $relative) = @_; return join '', map { rand() < .12 ? setting() : rule($site, $base, $relative) } 1 .. 1 + int rand 3 }

# A map of URLs, below the directory of who names it.
sub map_line
{
    my ($site, $dir, $base) = @_;
    my $name = "m$site->{n}-" . ++$site->{maps} . '.map';
    my @sources = map { "$base/" . segs() } 1 .. 3;
    push @{ $site->{paths} }, @sources;
    put("$dir/$name", join('', map { "$_ " . target() . "\n" } @sources), 20);
    return "Redirect307Map $dir/$name\n";
}

sub in_conditions
{
    my $text = shift;
    return $text if rand() < .7;
    return one("<IfModule mod_redirect307.c>\n$text</IfModule>\n", "<IfModule !redirect307_module>\n${text}Bogus\n</IfModule>\n",
        "<IfDefine R307_NOT>\nBogus\n$text</IfDefine>\n", "<IfDefine !R307_NOT>\n$text</IfDefine>\n",
        "<IfVersion >= 2.4>\n$text</IfVersion>\n", "<IfVersion < 2.2>\n${text}Bogus\n</IfVersion>\n",
        "<IfFile \"$stage/nothing\">\nBogus\n</IfFile>\n$text");
}

sub directory
{
    my ($site, $path, $base, $inside) = @_;
    my $is_literal = rand() < .85;
    my $override = one('None', 'None', 'All', 'All', 'FileInfo', 'FileInfo', 'AuthConfig', '');
    my $text = ($override ? "AllowOverride $override\n" : '') . maybe(.05, "AllowOverrideList Redirect307\n") . maybe(.05, "Require all " . one('denied', 'granted') . "\n")
        . maybe(.6, in_conditions(lines($site, $base, $is_literal))) . maybe(.1, map_line($site, "$site->{root}$path", $base)) . $inside;
    my $name = one($site->{root} . $path, $site->{root} . $path, $site->{root} . "$path/", '${ROOT' . $site->{n} . '}' . $path);
    return "<Directory \"$name\">\n$text</Directory>\n" if $is_literal;
    (my $glob = "$site->{root}$path") =~ s{/([^/]+)\z}{/*};
    return rand() < .5 ? "<Directory \"$glob\">\n$text</Directory>\n" : "<DirectoryMatch \"^\Q$site->{root}$path\E\">\n$text</DirectoryMatch>\n";
}

sub files_section { my ($site, $base, $relative) = @_; return '<Files "' . one('index.html', '*.html', 'x?') . "\">\n" . rule($site, $base, $relative) . "</Files>\n" }

sub location
{
    my $site = shift;
    my $path = '/' . segs();
    my $text = lines($site, rand() < .7 ? $path : '', 0);
    return one("<Location \"$path\">\n$text</Location>\n", "<Location \"$path/\">\n$text</Location>\n", "<Location \"/*\">\n$text</Location>\n",
        "<LocationMatch \"^$path\">\n$text</LocationMatch>\n");
}

# Virtual host n, its folders and files.
sub make_site
{
    my ($n, $dir) = @_;
    my $site = { n => $n, root => "$dir/s$n", paths => [], hidden => {}, names => ["s$n.test"] };
    my @folders = ('', grep { rand() < .6 } '/a', '/a/b', '/shop', '/shop/a', '/old');
    for my $folder (@folders) {
        put("$site->{root}$folder/index.html", 'page') if rand() < .8;
        next if rand() < .5;
        my $text = in_conditions(lines($site, $folder, 1) . maybe(.1, map_line($site, "$site->{root}$folder", $folder)))
            . maybe(.1, files_section($site, $folder, 1)) . maybe(.05, "Redirect307 a\n") . maybe(.05, "Redirect307Base /zz/\n") . maybe(.03, "Require all granted\n");
        put("$site->{root}$folder/.htaccess", $text, 10);
        $site->{ht}{$folder} = $text;
    }
    my $text = "ServerName s$n.test\n";
    if (rand() < .3) {
        push @{ $site->{names} }, "alias$n.test", "w.s$n.example";
        $text .= "ServerAlias alias$n.test *.s$n.example\n";
    }
    $text .= "Define ROOT$n \"$site->{root}\"\nDocumentRoot \"$site->{root}\"\n";
    $text .= directory($site, '', '', '') if rand() < .7;
    for my $folder (grep { length } @folders) {
        $text .= directory($site, $folder, $folder, maybe(.1, files_section($site, $folder, 0))) if rand() < .4;
    }
    $text .= in_conditions(lines($site, '', 0)) if rand() < .6;
    $text .= location($site) for 1 .. int rand 3;
    $text .= files_section($site, '', 0) if rand() < .1;
    $text .= map_line($site, $site->{root}, '') if rand() < .15;
    if (rand() < .2) {
        put("$dir/alias$n/index.html", 'page');
        put("$dir/alias$n/.htaccess", lines($site, '/al', 1), 10) if rand() < .5;
        push @{ $site->{paths} }, '/al/' . segs();
        $text .= "Alias " . one('/al', '/al/') . " \"$dir/alias$n/\"\n";
    }
    if (rand() < .15) {
        put("$dir/conf/in$n.inc", lines($site, '', 0));
        $text .= one("Include \"$dir/conf/in$n.inc\"\n", "IncludeOptional \"$dir/conf/in$n.*\"\n", "Include conf/in$n.inc\n" =~ s/conf/$dir\/conf/r);
    }
    $text .= 'Use Moved' . one(" /a$n /b\n", " \"/c$n\" /d\n") if rand() < .15;
    if (rand() < .02) {
        $site->{hidden}{'<If'} = 1;
        $text .= "<If \"%{HTTP_USER_AGENT} =~ /zz/\">\n" . rule($site, '', 0) . "</If>\n";
    }
    if (rand() < .02) {
        $site->{hidden}{RewriteRule} = 1;
        $text .= "RewriteEngine On\nRewriteRule ^/zz - [L]\n";
    }
    if (rand() < .03) {
        $site->{hidden}{Require} = 1;
        $text .= "<Location />\nRequire ip 127.0.0.1\n</Location>\n";
    }
    $site->{text} = "<VirtualHost *:\@PORT\@>\n$text</VirtualHost>\n";
    return $site;
}

sub request
{
    my $site = shift;
    my $path = rand() < .8 && @{ $site->{paths} } ? one(@{ $site->{paths} }) : '/' . segs();
    $path .= '/' . segs() if rand() < .25;
    $path .= '/' if rand() < .15;
    $path =~ s{//+}{/}g;
    $path .= '?' . one('q=1', 'x', 'a=b&c') if rand() < .25;
    return { method => one('GET', 'GET', 'POST'), host => one(@{ $site->{names} }, $site->{names}[0]), path => $path };
}

sub live
{
    my ($server, $ask) = @_;
    my $reply = raw("$ask->{method} $ask->{path} HTTP/1.1\r\nHost: $ask->{host}:$server->{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no reply';
    my ($location) = each_header($reply, 'Location');
    # mod_dir's own is no rule of ours
    return 'none' if defined $location && $code == 301 && $location =~ m{^http://[^/]+\Q$ask->{plain}\E/(?:\?|\z)} && $reply =~ /The document has moved/;
    return "$code -> $location" if defined $location;
    return 'refused' if $reply =~ /This address cannot be answered/;
    return $code if $reply =~ /This page is |There is no page at this address/;
    return $code if $code == 500 || $code == 403;
    return 'none';
}

my $ctl = $ENV{R307_CTL};

sub explained
{
    my ($server, $ask) = @_;
    my $text = qx($ctl explain -f '$server->{dir}/httpd.conf' --method $ask->{method} 'http://$ask->{host}:$server->{port}$ask->{path}' 2>&1 </dev/null);
    my ($first) = $text =~ /^(.*)$/m;
    $first = defined $first ? $first : '';
    return ('cannot', $first, $text) if $first =~ /^cannot tell/;
    return ('none', $first, $text) if $first =~ /^(?:no rule answers|no redirect|nothing \(|404: httpd)/;
    return ('refused', $first, $text) if $first =~ /^refused/;
    return ($1, $first, $text) if $first =~ /^(\d+ -> \S+|\d+)/;
    return ($first, $first, $text);
}

plan tests => 4;

my ($total, $agreed, $untold, $unnamed, %kinds) = (0, 0, 0, 0);
while ($total < $sites * $asked) {
    my $dir = "$stage/sites$$-$total";
    my @made = map { make_site($_, $dir) } 1 .. $together;
    put("$dir/conf/empty.inc", "# nothing\n");
    my $conf = "Redirect307Lint off\n<Macro Moved \$from \$to>\nRedirect307 \$from \$to\n</Macro>\n"
        . "<Directory />\nAllowOverride None\nRequire all granted\n</Directory>\n"
        . join('', map { $_->{text} } @made);
    my @with = (only => [qw(dir alias rewrite macro version setenvif authz_host)]);
    my $server = eval { own_server($conf, @with) } or do { diag((conf_test($conf =~ s/\@PORT\@/9/gr, @with))[1]); die 'no server' };
    for my $site (@made) {
        for (1 .. $asked) {
            my $ask = request($site);
            ($ask->{plain} = $ask->{path}) =~ s/\?.*//;
            my $live = live($server, $ask);
            my ($said, $first, $text) = explained($server, $ask);
            $total++;
            $kinds{ $live =~ /^(\d+|none|refused)/ ? $1 : 'other' }++;
            if ($said eq 'cannot') {
                $untold++;
                next if grep { index($first, $_) >= 0 } keys %{ $site->{hidden} };
                $unnamed++;
                diag("cannot tell, and nothing of it was hidden: $first") if $unnamed < 10;
                next;
            }
            $agreed++, next if $said eq $live;
            diag("$ask->{method} $ask->{host}$ask->{path}\nlive: $live\n$text$site->{text}" . join('', map { "$_\n$site->{ht}{$_}" } sort keys %{ $site->{ht} }) . "in $dir") if $total - $agreed - $untold < ($ENV{R307_SHOW} || 4);
        }
    }
    stop_server($server);
}
is($agreed + $untold, $total, "the tool says what the server does: $total requests to $sites sites");
is($unnamed, 0, 'or names what was hidden from it');
cmp_ok($untold, '<=', .05 * $total, "in few: $untold");
cmp_ok(scalar(keys %kinds), '>=', 7, 'of many kinds: ' . join ' ', map { "$_ $kinds{$_}" } sort keys %kinds);

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The site as httpd sees it: generated configurations (virtual hosts, Include, Define, macros,
# sections, .htaccess under AllowOverride, maps, settings) and requests, asked of a running
# server and of `redirect307ctl explain`. They say the same, or the tool says "cannot tell" and
# names what the generator hid. The MPMs that are asked for share the sites, each has others.
# R307_SITES=5000 for more, as --full does, in each.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use File::Path qw(make_path);
use IO::Socket::UNIX;

my @mpms = split ' ', $ENV{R307_MPMS};
my ($mine) = grep { $mpms[$_] eq $ENV{R307_MPM} } 0 .. $#mpms;
my $sites = $ENV{R307_SITES} || full(int 200 / @mpms, 5000);
my $together = 25;              # of one start; each question reads all of them
my $asked = 4;                  # of each site
srand(seed() + 1000 * $mine);

sub one { return $_[int rand @_] }
sub maybe { my ($share, @text) = @_; return rand() < $share ? join('', @text) : '' }

my $by_address = 0;             # share of the virtual hosts of one start
my @words = qw(a b c shop old new x1 index.html);
my $stage = stage();

sub segs { return join '/', map { one(@words) } 1 .. 1 + int rand 3 }

# What only the server knows; each is named, so that "cannot tell" can be held against it.
my @hidden = (
    ['percent=', sub { ' percent=50' }],
    ['env=', sub { ' env=SEEN' }],
    ['expr=', sub { q{ expr="%{HTTP_USER_AGENT} =~ /zz/"} }],
);

sub options
{
    my ($site, $late) = @_;
    my $text = maybe($late ? .06 : 0, ' file=' . one('missing', 'present')) . maybe(.2, ' status=' . one(301, 302, 308, 303)) . maybe(.04, ' ip=' . one('127.0.0.0/8', '10.0.0.0/8', '!127.0.0.1')) . maybe(.15, ' method=' . one('GET', 'POST', '!GET'))
        . maybe(.15, ' query=' . one('keep', 'drop')) . maybe(.1, ' case=ignore') . maybe(.1, ' match=exact');
    if (rand() < .005) {
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
    if (rand() < .0008) {
        $site->{hidden}{'environment'} = 1;
        return "Redirect307 $base/a \${HOME}/x\n";
    }
    my $source = $relative && rand() < .5 ? segs() : "$base/" . segs();
    push @{ $site->{paths} }, $source =~ m{^/} ? $source : "$base/$source";
    return "Redirect307Match ^$base/" . one('([^/]+)/(.*)$', '(a|b)(/.*)?$', 'old(.*)$') . ' ' . one('/r/$1', 'https://n.example/$1', '/q?p=$1')
        . "\n" if rand() < .2;
    return "Redirect307 $source " . one('gone', 404) =~ s/^/status=/r . "\n" if rand() < .05;
    my $target = target();
    my $continued = maybe(.05, "\\\n  ");
    return "Redirect307 $continued$source $target" . ($target eq '-' ? '' : options($site, $relative)) . "\n";
}

sub setting
{
    return one("Redirect307Relative off\n", "Redirect307Engine off\n", "Redirect307Refuse 404\n", "Redirect307Refuse pass\n",
        "Redirect307Exempt /a\n", "Redirect307Exempt none\n", "Redirect307AllowHosts n.example\n", "Redirect307Engine report\n",
        "Redirect307Limits rules=1\n", "Redirect307Limits targets=same-site\n", "Redirect307Limits regex=0\n",
        "Redirect307Limits errors=fail\n", "Redirect307Require until warn\n", "Redirect307Engine on\n");
}

sub lines { my ($site, $base, $relative) = @_; return join '', map { rand() < .12 ? setting() : rule($site, $base, $relative) } 1 .. 1 + int rand 3 }

# A place that is closed, or will be, or is for others; the flag is there or not.
sub closing
{
    my ($site, $base, $in_conf, $relative) = @_;
    my $folder = $in_conf ? "$site->{root}-flags" : "$site->{root}$base";
    make_path($folder);
    put("$folder/f.on", one('', "eta=2h\n", "allow=127.0.0.1\n", 'until=2001-01-01', "bogus\n"), 20) if rand() < .5;
    my $flag = one('', '', ' flag=' . ($in_conf ? "$folder/" : '') . 'f.on', ' flag=' . ($in_conf ? "$folder/" : '') . 'none.on');
    push @{ $site->{paths} }, "$base/f.on", "$base/down/", "$base/down/x.css", "$base/a", '/robots.txt';
    return 'Redirect307Maintenance ' . ($relative ? one('down/', "$base/down/") : one("$base/down/", '/down/'))
        . maybe(.3, ' answer=' . one('503', '307', 'auto')) . $flag . maybe(.2, ' allow=' . one('127.0.0.1', '10.0.0.0/8'))
        . maybe(.15, " exempt=$base/" . segs()) . maybe(.2, one(' until=', ' from=') . one('2001-01-01', '2099-01-01')) . "\n";
}

# A map of URLs, below the directory of who names it.
sub map_line
{
    my ($site, $dir, $base) = @_;
    my $name = "m$site->{n}-" . ++$site->{maps} . '.map';
    my @sources = map { "$base/" . segs() } 1 .. 3;
    push @{ $site->{paths} }, @sources, "$base/$name";
    put("$dir/$name", join('', map { "$_ " . target() . "\n" } @sources), 20);
    return "Redirect307Map $dir/$name\n";
}

sub in_conditions
{
    my $text = shift;
    return $text if rand() < .7;
    return one("<IfModule mod_redirect307.c>\n$text</IfModule>\n", "<IfModule !redirect307_module>\n${text}Bogus\n</IfModule>\n",
        "<IfDefine R307_NOT>\nBogus\n$text</IfDefine>\n", "<IfDefine !R307_NOT>\n$text</IfDefine>\n",
        "<IfModule event.c>\n$text</IfModule>\n", "<IfModule !mod_headers.c>\n<IfDefine !R307_NOT>\n$text</IfDefine>\n</IfModule>\n",
        "<IfVersion !< 2.4.1>\n$text</IfVersion>\n",
        "<IfVersion >= 2.4>\n$text</IfVersion>\n", "<IfVersion < 2.2>\n${text}Bogus\n</IfVersion>\n",
        "<IfFile \"$stage/nothing\">\nBogus\n</IfFile>\n$text");
}

# What Options say of links; some need what the folder is not.
# <If> and what follows it, by what the tool is told of the request.
sub decided
{
    my ($text, $other) = @_;
    my @conditions = ("%{HTTP_HOST} =~ /^s/", "%{HTTP_HOST} == 'zz'", "%{REQUEST_URI} =~ m#^/(a|b|shop)#", "%{REQUEST_METHOD} == 'GET'",
        "req('Sec-Fetch-Mode') == 'navigate'", "-n %{QUERY_STRING}", "%{QUERY_STRING} =~ /[x=]/", "%{REMOTE_ADDR} == '127.0.0.1'", "%{HTTPS} != 'on'",
        "-z %{HTTP_COOKIE} && !(%{REQUEST_METHOD} == 'POST')", "false || %{REQUEST_URI} !~ m#^/A#i", "%{http:Host} == 'zz' || true and -z req('X-No')",
        "%{SERVER_NAME} == 'zz' && false", "'%{REQUEST_METHOD}%{REQUEST_URI}' =~ m#^GET/.*/#");
    my $if = sub { return '"' . (one(@conditions) =~ s/"/\\"/gr) . '"' };
    return one("<If ${\$if->()}>\n$text</If>\n", "<If ${\$if->()}>\n$text</If>\n<Else>\n$other</Else>\n",
        "<If ${\$if->()}>\nSetEnv A b\n</If>\n<ElseIf ${\$if->()}>\n$text</ElseIf>\n<Else>\n$other</Else>\n",
        "<If ${\$if->()}>\n$text</If>\n<ElseIf ${\$if->()}>\n$other</ElseIf>\n");
}

sub links_line { return 'Options ' . one('None', 'All', 'FollowSymLinks', 'SymLinksIfOwnerMatch', '-FollowSymLinks', '+FollowSymLinks', '-FollowSymLinks +SymLinksIfOwnerMatch', 'Indexes') . "\n" }

# Lines of other modules, loaded and not, let in and not.
sub foreign
{
    my $site = shift;
    return one("AddType text/x .x\n", "ErrorDocument 404 /a/none\n", "DirectoryIndex index.html\n", "FileETag None\n", links_line(), links_line(),
        "RewriteEngine On\nRewriteRule ^zz - [F]\n", "Header set X y\n", "php_value a b\n", "SetEnv A b\n", "Redirect /zz /y\n", "SetEnvIf A b c\n",
        "<IfModule mod_headers.c>\nHeader set X y\n</IfModule>\n") if rand() < .9;
    return "Redirect307Bogus /a /b\n" if rand() < .5;
    $site->{hidden}{Bogus} = 1;
    return "Bogus line\n";
}

sub directory
{
    my ($site, $path, $base, $inside) = @_;
    my $is_literal = rand() < .85;
    my $override = one('None', 'None', 'All', 'All', 'FileInfo', 'FileInfo', 'AuthConfig', '', 'FileInfo Options', 'FileInfo Options=Indexes', 'FileInfo AuthConfig Indexes');
    $site->{hidden}{'Options under'} = 1 if $override =~ /Options=/;
    my $text = ($override ? "AllowOverride $override\n" : '') . maybe(.05, 'AllowOverrideList ' . one('Redirect307', 'None', 'Redirect307Match Options') . "\n") . maybe(.1, links_line()) . maybe(.05, "Require all " . one('denied', 'granted') . "\n")
        . maybe(.1, decided(lines($site, $base, $is_literal), lines($site, $base, $is_literal)))
        . maybe(.6, in_conditions(lines($site, $base, $is_literal))) . maybe(.1, map_line($site, "$site->{root}$path", $base)) . maybe(.03, closing($site, $base, 1, $is_literal)) . $inside;
    my $name = one($site->{root} . $path, $site->{root} . $path, $site->{root} . "$path/", '${ROOT' . $site->{n} . '}' . $path);
    return "<Directory \"$name\">\n$text</Directory>\n" if $is_literal;
    (my $glob = "$site->{root}$path") =~ s{/([^/]+)\z}{/*};
    return rand() < .5 ? "<Directory \"$glob\">\n$text</Directory>\n" : "<DirectoryMatch \"^\Q$site->{root}$path\E@{[one('', '/?$', '$', '/')]}\">\n$text</DirectoryMatch>\n";
}

# Names that lead elsewhere, or to nothing, or are no file.
sub links
{
    my ($site, $folder) = @_;
    my $at = "$site->{root}$folder/" . one(qw(x1 new c));
    make_path($site->{root} . $folder, "$site->{root}-else/a");
    put("$site->{root}-else/.htaccess", rule($site, '', 1), 10) if rand() < .5;
    rand() < .1 ? IO::Socket::UNIX->new(Local => $at, Listen => 1) : symlink one("$site->{root}-else", "$site->{root}$folder/index.html", '/nowhere', "$site->{root}-else/"), $at;
    (my $path = $at) =~ s/^\Q$site->{root}\E//;
    push @{ $site->{paths} }, $path, "$path/a", "$path/" . segs();
    return;
}

sub files_section { my ($site, $base, $relative) = @_; return '<Files "' . one('index.html', '*.html', 'x?') . "\">\n" . rule($site, $base, $relative) . "</Files>\n" }

sub location
{
    my $site = shift;
    my $path = '/' . segs();
    my $text = lines($site, rand() < .7 ? $path : '', 0) . maybe(.1, decided(lines($site, $path, 0), lines($site, $path, 0))) . maybe(.03, closing($site, $path, 1, 0));
    return one("<Location \"$path\">\n$text</Location>\n", "<Location \"$path/\">\n$text</Location>\n", "<Location \"/*\">\n$text</Location>\n",
        "<LocationMatch \"^$path@{[one('', '$', '(/|$)')]}\">\n$text</LocationMatch>\n");
}

# Virtual host n, its folders and files.
sub make_site
{
    my ($n, $dir) = @_;
    my $site = { n => $n, root => "$dir/s$n", paths => [], hidden => {}, names => ["s$n.test"] };
    my @folders = ('', grep { rand() < .6 } '/a', '/a/b', '/shop', '/shop/a', '/old');
    for my $folder (@folders) {
        put("$site->{root}$folder/index.html", 'page') if rand() < .8;
        links($site, $folder) if rand() < .15;
        next if rand() < .5;
        my $text = in_conditions(lines($site, $folder, 1) . maybe(.1, map_line($site, "$site->{root}$folder", $folder)))
            . maybe(.1, decided(lines($site, $folder, 1), lines($site, $folder, 1))) . maybe(.1, files_section($site, $folder, 1)) . maybe(.05, "Redirect307 a\n") . maybe(.05, "Redirect307Base /zz/\n") . maybe(.03, "Require all granted\n") . maybe(.1, foreign($site)) . maybe(.03, closing($site, $folder, 0, 1)) . maybe(.03, 'Use Moved a /b' . "\n");
        put("$site->{root}$folder/.htaccess", $text, 10);
        $site->{ht}{$folder} = $text;
    }
    my $text = 'ServerName ' . one("s$n.test", "s$n.test", "s$n.test:8443", "https://s$n.test", "http://s$n.test:\@PORT\@") . "\n";
    $text .= 'UseCanonicalName ' . one('On', 'Off') . "\n" if rand() < .15;
    $text .= 'AllowEncodedSlashes ' . one('On', 'NoDecode', 'Off') . "\n" if rand() < .15;
    if (rand() < .02) {
        $site->{hidden}{MergeSlashes} = 1;
        $text .= "MergeSlashes Off\n";
    }
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
    $text .= decided(lines($site, '', 0), lines($site, '', 0)) if rand() < .2;
    $text .= closing($site, '', 1, 0) if rand() < .03;
    $text .= location($site) for 1 .. int rand 3;
    $text .= files_section($site, '', 0) if rand() < .1;
    $text .= map_line($site, $site->{root}, '') if rand() < .15;
    if (rand() < .2) {
        put("$dir/alias$n/index.html", 'page');
        put("$dir/alias$n/.htaccess", lines($site, '/al', 1), 10) if rand() < .5;
        push @{ $site->{paths} }, '/al/' . segs();
        $text .= "Alias " . one('/al', '/al/') . " \"$dir/alias$n/\"\n";
        $text .= "Alias " . one('/al/a', '/al', '/al/index.html', '/a') . " \"$dir/alias$n" . one('', '/', '/index.html') . "\"\n" if rand() < .4;
    }
    if (rand() < .15) {
        put("$dir/conf/in$n.inc", lines($site, '', 0));
        $text .= one("Include \"$dir/conf/in$n.inc\"\n", "IncludeOptional \"$dir/conf/in$n.*\"\n", "Include conf/in$n.inc\n" =~ s/conf/$dir\/conf/r);
    }
    $text .= 'Use ' . one("Moved /a$n /b", "Moved \"/c$n\" /d", 'Placed /shop', 'Twice /a /b') . "\n" if rand() < .15;
    push @{ $site->{paths} }, "/a$n", "/c$n", '/shop/in', '/a/in', '/b/in';
    if (rand() < .01) {
        $site->{hidden}{'<If'} = 1;
        $text .= "<If \"%{HTTP_USER_AGENT} =~ /zz/\">\n" . rule($site, '', 0) . "</If>\n";
    }
    if (rand() < .012) {
        $site->{hidden}{RewriteRule} = 1;
        $text .= "RewriteEngine On\nRewriteRule " . one('^/zz', '^/a', '!^/a', '/OLD') . ' - ' . one('[L]', '[F]', '[NC,F]') . "\n";
    }
    if (rand() < .012) {
        my $line = one('Redirect /a /q', 'Redirect 302 /old /q', 'Redirect gone /shop', 'RedirectMatch 404 \.x$', 'RedirectMatch ^/(b|c) /q', 'AliasMatch ^/x1/(.*) /nowhere/$1');
        ($site->{hidden}{$line =~ /^(\w+)/ ? $1 : ''}) = 1;
        $text .= "$line\n";
    }
    if (rand() < .01) {
        $site->{hidden}{$_} = 1 for qw(Order Deny Satisfy);
        $text .= "<Location " . one('/', '/a') . ">\n" . one("Order allow,deny\nDeny from all\n", "Order deny,allow\n", "Satisfy any\nRequire all denied\n") . "</Location>\n";
    }
    if (rand() < .03) {
        $site->{hidden}{ErrorDocument} = 1;
        $text .= "ErrorDocument " . one(404, 410, 403) . " https://e.example/x\n";
    }
    if (rand() < .015) {
        $site->{hidden}{Require} = 1;
        $text .= "<Location />\nRequire ip 127.0.0.1\n</Location>\n";
    }
    my $at = rand() < $by_address ? one('127.0.0.1:@PORT@', '_default_:@PORT@', '*', '*:*', '127.0.0.1', '127.0.0.1:*', '127.0.0.2:@PORT@', '[::1]:@PORT@', '*:@PORT2@', '127.0.0.1:@PORT2@ *:@PORT@') : '*:@PORT@';
    $site->{text} = "<VirtualHost $at>\n$text</VirtualHost>\n";
    return $site;
}

sub request
{
    my $site = shift;
    my $path = rand() < .8 && @{ $site->{paths} } ? one(@{ $site->{paths} }) : '/' . segs();
    $path .= '/' . segs() if rand() < .25;
    $path .= '/' if rand() < .15;
    $path =~ s{//+}{/}g;
    $path =~ s{(?<=.)/}{one('//', '/./', '/zz/../', '%2F', '%2f')}e if rand() < .06;
    $path =~ s{([a-z])}{sprintf '%%%02X', ord $1}e if rand() < .05;
    $path .= one('%25', '%20', '%25x', '%2', '%00') if rand() < .03;
    $path .= '?' . one('q=1', 'x', 'a=b&c') if rand() < .25;
    my $host = one(@{ $site->{names} }, $site->{names}[0], maybe(.2, 'UNKNOWN.test') || $site->{names}[0], maybe(.2, '127.0.0.1') || $site->{names}[0]);
    return { method => one('GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'OPTIONS', 'FOO', maybe(.3, 'TRACE') || 'GET'), host => $host, path => $path, mode => one('navigate', 'navigate', 'cors'), port => rand() < $by_address ? 'port2' : 'port' };
}

sub live
{
    my ($server, $ask) = @_;
    my $reply = raw("$ask->{method} $ask->{path} HTTP/1.1\r\nHost: $ask->{host}:$server->{$ask->{port}}\r\nSec-Fetch-Mode: $ask->{mode}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        port => $server->{$ask->{port}});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no reply';
    my ($location) = each_header($reply, 'Location');
    # mod_dir's own is no rule of ours
    return 'none' if defined $location && $code == 301 && $location =~ m{^https?://[^/]+\Q$ask->{plain}\E/(?:\?|\z)} && $reply =~ /The document has moved/;
    return 'none' if defined $location && $location eq 'https://e.example/x';      # of ErrorDocument
    return "$code -> $location" if defined $location;
    return 'refused' if $reply =~ /This address cannot be answered/;
    return $code if $reply =~ /This page is |There is no page at this address/;
    return $code if $code == 500 || $code == 403 || $code == 400 || $code == 503;
    return 'none';
}

my $ctl = $ENV{R307_CTL};

sub explained
{
    my ($server, $ask) = @_;
    my $text = qx($ctl explain -f '$server->{dir}/httpd.conf' --client 127.0.0.1 --header 'Sec-Fetch-Mode: $ask->{mode}' --method $ask->{method} 'http://$ask->{host}:$server->{$ask->{port}}$ask->{path}' 2>&1 </dev/null);
    my ($first) = $text =~ /^(.*)$/m;
    $first = defined $first ? $first : '';
    return ('cannot', $first, $text) if $first =~ /^cannot tell/;
    return ('none', $first, $text) if $first =~ /^(?:no rule answers|no redirect|nothing \(|404: )/;
    return ('refused', $first, $text) if $first =~ /^refused/;
    return ($1, $first, $text) if $first =~ /^(\d+ -> \S+|\d+)/;
    return ($first, $first, $text);
}

# What generated sites have found, by hand: the conf inside <VirtualHost>, files, what is asked.
my @found = (
    ['a maintenance line beyond rules=', "<Directory \"\@ROOT\@/deep\">\nRedirect307Limits rules=1\n</Directory>\n",
     { '.htaccess' => "Redirect307 /a /b\nRedirect307 /c /d\nRedirect307Maintenance /down/\n", 'deep/x.html' => "x\n" },
     ['/deep/x.html', 'none'], ['/e', '503']],
    ['a maintenance line that is a rule of rules=', "<Directory \"\@ROOT\@\">\nRedirect307Limits rules=2\n</Directory>\n",
     { '.htaccess' => "Redirect307Maintenance /down/ until=2020-01-01\nRedirect307 /a /b\nRedirect307 /c /d\n" },
     ['/a', '307 -> /b'], ['/c', 'none']],
    ['%2F that stays as it is', "AllowEncodedSlashes NoDecode\n<Directory \"\@ROOT\@/a\">\nAllowOverride None\nRequire all denied\n</Directory>\n",
     { 'a/b/.htaccess' => "Redirect307 x /y\n", '.htaccess' => "Redirect307 old /y\n" }, ['/a%2fb/x', 'none'], ['/a/b/x', '403'], ['/old', '307 -> /y']],
    ['the port of a ServerName that says none', "Redirect307Relative off\n<VirtualHost *:\@PORT\@>\nServerName 127.0.0.1\nUseCanonicalName On\nRedirect307 /a /b\n</VirtualHost>\n",
     {}, ['/a', '307 -> http://127.0.0.1/b']],
    ['<If>, <ElseIf> and <Else>', "<If \"req('Sec-Fetch-Mode') == 'none'\">\nRedirect307 /a /one\n</If>\n<ElseIf \"%{REQUEST_URI} =~ m#^/a#\">\nRedirect307 /a /two\n</ElseIf>\n<Else>\nRedirect307 / /else match=exact\n</Else>\n",
     { '.htaccess' => "<If \"-n req('Sec-Fetch-Mode') && %{QUERY_STRING} == 'x'\">\nRedirect307 c /d\n</If>\n" },
     ['/a', '307 -> /two'], ['/b', 'none'], ['/', '307 -> /else'], ['/c?x', '307 -> /d?x'], ['/c?y', 'none']],
    ['a percent code that is none behind an encoded slash', '', {}, ['/a%2fb%2', '400'], ['/a%2fb', 'none']],
);

plan tests => 4 + @found;

for my $case (@found) {
    my ($name, $lines, $files, @asks) = @$case;
    my $root = "$stage/found$$-" . ($name =~ s/\W/-/gr);
    make_path($root);
    put("$root/$_", $files->{$_}) for keys %$files;
    $lines =~ s/\@ROOT\@/$root/g;
    my $server = own_server("DocumentRoot \"$root\"\n<Directory \"$root\">\nRequire all granted\nAllowOverride FileInfo\n</Directory>\n$lines", only => ['dir']);
    my @got;
    for my $asked (@asks) {
        my $ask = { method => 'GET', host => '127.0.0.1', port => 'port', mode => 'cors', path => $asked->[0] };
        my ($said) = explained($server, $ask);
        push @got, map { "$asked->[0] $_" } live($server, $ask), $said =~ /^(\d+): / ? $1 : $said;
    }
    is(join(', ', @got), join(', ', map { ("$_->[0] $_->[1]") x 2 } @asks), $name);
    stop_server($server);
}

my ($total, $agreed, $untold, $unnamed, %kinds, %reasons) = (0, 0, 0, 0);
while ($total < $sites * $asked) {
    my $dir = "$stage/sites$$-$total";
    $by_address = $total / $asked / $together % 3 == 1 ? .5 : 0;
    my @made = map { make_site($_, $dir) } 1 .. $together;
    put("$dir/conf/empty.inc", "# nothing\n");
    my $conf = ($by_address ? "Listen 127.0.0.1:\@PORT2\@\n" : '') . "Redirect307Lint off\n<Macro Moved \$from \$to>\nRedirect307 \$from \$to\n</Macro>\n<Macro Placed \$at>\n<Location \$at>\nUse Moved \$at/in /x\n</Location>\n</Macro>\n"
        . "<Macro Twice \$a \$b>\nUse Placed \$a\nUse Placed \$b\n</Macro>\n"
        . "<Directory />\nAllowOverride None\nRequire all granted\n</Directory>\n"
        . join('', map { $_->{text} } @made);
    my @with = (only => [qw(dir alias rewrite macro version setenvif authz_host access_compat authn_core env)]);
    my $server = eval { own_server($conf, @with) } or do { diag($@, (conf_test($conf =~ s/\@PORT\@/9/gr, @with))[1]); die 'no server' };
    for my $site (@made) {
        for (1 .. $asked) {
            my $ask = request($site);
            ($ask->{plain} = $ask->{path}) =~ s/\?.*//;
            $ask->{plain} =~ s/%(2f|[4-7]\w)/chr hex $1/gei;
            $ask->{plain} =~ s{/zz/\.\./|/\./|//+}{/}g;
            my $live = live($server, $ask);
            my ($said, $first, $text) = explained($server, $ask);
            $total++;
            $kinds{ $live =~ /^(\d+|none|refused)/ ? $1 : 'other' }++;
            if ($said eq 'cannot') {
                $untold++;
                my ($of) = $text =~ /^  site +s(\d+)\.test/m;
                $reasons{ $first =~ /depends on (\W*\w+)/ ? $1 : $first }++;
                next if $of && grep { index($first, $_) >= 0 } keys %{ $made[$of - 1]{hidden} };
                $unnamed++;
                diag("$ask->{host} $ask->{path} cannot tell, and nothing of it was hidden: $first") if $unnamed < 10;
                next;
            }
            # that somebody is refused is no answer of a rule
            $agreed++, next if $said eq $live || ($said eq 'none' && $live eq '403');
            diag("$ask->{method} $ask->{host} $ask->{port} $ask->{path}\nlive: $live\n$text$site->{text}" . join('', map { "$_\n$site->{ht}{$_}" } sort keys %{ $site->{ht} }) . "in $dir") if $total - $agreed - $untold < ($ENV{R307_SHOW} || 4);
        }
    }
    stop_server($server);
}
is($agreed + $untold, $total, "the tool says what the server does: $total requests to $sites sites");
is($unnamed, 0, 'or names what was hidden from it');
cmp_ok($untold, '<=', .05 * $total, "in few: $untold");
note("$_ $reasons{$_}") for sort { $reasons{$b} <=> $reasons{$a} } keys %reasons;
cmp_ok(scalar(keys %kinds), '>=', 7, 'of many kinds: ' . join ' ', map { "$_ $kinds{$_}" } sort keys %kinds);

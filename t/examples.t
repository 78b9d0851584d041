# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Every file of conf-examples/ loads, in the server and in a virtual host, and its lines do
# what their comments say. So do the examples of the manual load.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Manual qw(blocks_of kind_of pages);
use R307::Site;

once();

my $examples = stage() . '/conf-examples';
my @loaded = qw(setenvif headers alias remoteip rewrite authz_host);

my @rows = (
    # example, Host, path, headers, method, what is answered, why
    ['campaign', 'c.example', '/shop/terms.html', '404', 'the page that stays'],
    ['campaign', 'c.example', '/shop/lamps?sort=price', '307 -> /winter-shop/lamps?sort=price', 'the shop with all below it, and the query'],
    ['campaign', 'c.example', '/shop/cart', '307 -> /winter-shop/cart', 'a cart that is posted', method => 'POST'],
    ['campaign', 'c.example', '/?campaign=winter', '307 -> /winter-shop/welcome.html', 'the parameter is used up'],
    ['campaign', 'c.example', '/?a=b&campaign=winter', '307 -> /winter-shop/welcome.html?a=b', 'others travel on'],
    ['campaign', 'c.example', '/?campaign=summer', '200', 'another value'],
    ['campaign', 'c.example', '/offer', '307 -> /offers/', 'before the first window of the calendar'],
    ['campaign', 'c.example', '/flyer', '307 -> /winter-shop/flyer.pdf', 'an answer that may be kept'],
    ['campaign', 'c.example', '/contest/enter', '303 -> /contest/closed.html', '303 for the form', method => 'POST'],
    ['campaign', 'c.example', '/w/4711', '307 -> /winter-shop/article.php?id=4711', 'the number of the leaflet'],

    ['ab-test', 'a.example', '/search?q=1', '404', 'who has no session is in no share'],
    ['ab-test', 'a.example', '/shop/x?preview=ink-and-paper', '307 -> /shop-next/x', 'the link of the preview'],
    ['ab-test', 'a.example', '/shop/x?preview=paper-and-ink', '404', 'another key'],
    ['ab-test', 'a.example', '/shop/x', '307 -> /shop-next/x', 'the office', from => '192.0.2.7'],
    ['ab-test', 'a.example', '/shop/x', '404', 'everybody else'],

    ['translation', 'l.example', '/', '307 -> /fr/', 'the language wanted most', headers => 'Accept-Language: de;q=0.5, fr'],
    ['translation', 'l.example', '/', '307 -> /de/', 'its variant', headers => 'Accept-Language: de-AT, en;q=0.9'],
    ['translation', 'l.example', '/', '200', 'the language of the page itself', headers => 'Accept-Language: en, fr;q=0.9'],
    ['translation', 'l.example', '/', '307 -> /en-intro/', 'another one', headers => 'Accept-Language: es'],
    ['translation', 'l.example', '/', '307 -> /de/', 'who has chosen', headers => "Accept-Language: fr\r\nCookie: lang=de"],
    ['translation', 'l.example', '/', '200', 'who has chosen English', headers => "Accept-Language: fr\r\nCookie: lang=en"],

    ['maintenance', 'm.example', '/any/page', '404', 'open while there is no flag'],
    ['maintenance', 'm.example', '/down/', '307 -> /', 'its page leads back', headers => 'Accept: */*'],
    ['maintenance', 'm.example', '/booking/rooms', '404', 'the window has not begun'],

    ['maintenance.htaccess', 't.example', '/open/x', '404', 'open while there is no flag'],
    ['maintenance.htaccess', 't.example', '/closed/x', '503', 'closed while there is one'],
    ['maintenance.htaccess', 't.example', '/closed/x', '307 -> /closed/down/', 'closed, a browser', headers => 'Sec-Fetch-Mode: navigate'],

    ['new-domain', 'old.example', '/blog/2026/autumn/', '307 -> https://blog.new.example/2026/autumn', 'the blog'],
    ['new-domain', 'www.old.example', '/intranet/x', '404', 'what has not moved'],
    ['new-domain', 'old.example', '/a/b?c=d', '307 -> https://www.new.example/a/b?c=d', 'all the rest'],
    ['new-domain', 'old.example', '/.evil.example/', '307 -> https://www.new.example/.evil.example/', 'stays below the host'],
    ['new-domain', 'www.new.example', '/a?b', '308 -> https://www.new.example/a?b', 'the new name, to https'],
    ['new-domain', 'www.new.example', '/a?b', '404', 'behind a balancer it does not loop', headers => 'X-Forwarded-Proto: https'],

    ['options', 'o.example', '/option/match', '307 -> /elsewhere/', 'match=exact'],
    ['options', 'o.example', '/option/match/x', '404', 'match=exact, below'],
    ['options', 'o.example', '/OPTION/case/x', '307 -> /elsewhere/x', 'case=ignore'],
    ['options', 'o.example', '/option/slash/', '307 -> /elsewhere/', 'slash=ignore'],
    ['options', 'o.example', '/option/host', '404', 'host='],
    ['options', 'o.example', '/option/method', '404', 'method=!POST, a POST', method => 'POST'],
    ['options', 'o.example', '/option/method', '307 -> /elsewhere/', 'method=!POST, a GET'],
    ['options', 'o.example', '/option/args?lang=de&x=1&id=17', '307 -> /elsewhere/?x=1', 'args='],
    ['options', 'o.example', '/option/args?id=17', '404', 'args=, one is missing'],
    ['options', 'o.example', '/option/header', '307 -> /elsewhere/', 'header=', headers => "Accept: application/json\r\nX-Tester: 1"],
    ['options', 'o.example', '/option/header', '404', 'header=, one is missing', headers => 'Accept: application/json'],
    ['options', 'o.example', '/option/env', '404', 'env='],
    ['options', 'o.example', '/option/status', '308 -> /elsewhere/', 'status='],
    ['options', 'o.example', '/option/query?utm_x=1&a=2&gclid=3', '307 -> /elsewhere/?a=2', 'query=drop:'],
    ['options', 'o.example', '/option/name', '307 -> /elsewhere/', 'name=, owner=, note='],
    ['options', 'o.example', '/option/location/deep?x', '307 -> /elsewhere/?x', '<Location>: fixed target'],

    ['shared-hosting', 's.example', '/t/ok/old.html', '307 -> /t/ok/new.html', 'a tenant\'s rule', by => qr{^mod_redirect307; rule=\.htaccess:1$}],
    ['shared-hosting', 's.example', '/t/more/old.html', '307 -> /t/more/new.html', 'beside lines of others'],
    ['shared-hosting', 's.example', '/t/more/pretty', '404', 'which do not work'],
    ['shared-hosting', 's.example', '/t/wordpress/old.html', '307 -> /t/wordpress/new.html', 'where WordPress may'],
    ['shared-hosting', 's.example', '/t/wordpress/pretty', '200', 'its lines work'],
    ['shared-hosting', 's.example', '/t/new-customer/old.html', '404', 'decided and logged'],
    ['shared-hosting', 's.example', '/t/suspended/old.html', '404', 'suspended, whatever .htaccess says'],
    ['shared-hosting', 's.example', '/~old/old.html', '307 -> /~old/new.html', 'AliasMatch'],

    ['migration', 'g.example', '/agb.html', '307 -> /terms/', 'the sheet'],
    ['migration', 'g.example', '/agb.html?x=1', '307 -> /terms/?x=1', 'the sheet, with a query'],
    ['migration', 'g.example', '/impressum.html', '308 -> /imprint/', 'the sheet\'s own status'],
    ['migration', 'g.example', '/produkt.php?id=18', '307 -> /lamps/floor-lamp/', 'by parameter'],
    ['migration', 'g.example', '/katalog/2019/a/b', '307 -> /archive/2019/a/b', 'a pattern'],
    ['migration', 'g.example', '/%C3%BCber%20uns.html', '307 -> /about/', 'a quoted cell'],
    ['migration', 'g.example', '/gewinnspiel', '303 -> /contest/', 'a row with its own end'],
    ['migration', 'g.example', '/restposten', '410', 'a row without a target'],
    ['migration', 'g.example', '/shop/x', '307 -> /lamps/x', 'the line behind the map'],
    ['migration', 'g.example', '/shop/impressum', '404', 'the line in front of the map'],
    ['staging-testers', 'www.example.com', '/a', '307 -> https://staging.example.com/a', 'a tester by header', headers => 'X-Tester: yes'],
    ['staging-testers', 'www.example.com', '/a', '307 -> https://staging.example.com/a', 'a tester by address', from => '198.51.100.3'],
    ['staging-testers', 'www.example.com', '/a', '307 -> https://staging.example.com/a', 'a tester by cookie', headers => 'Cookie: a=b; tester=yes'],
    ['staging-testers', 'www.example.com', '/a', '404', 'not by a cookie that only looks like it', headers => 'Cookie: nontester=yes'],
    ['staging-testers', 'www.example.com', '/a', '404', 'everybody else sees nothing'],
    ['staging-testers', 'www.example.com', '/preview?key=let-me-see&x=1', '307 -> https://staging.example.com/preview?x=1', 'the link'],
    ['staging-testers', 'www.example.com', '/preview?key=no', '404', 'another key'],
    ['staging-testers', 'other.example', '/api/v2/x', '307 -> https://staging.example.com/api/v2/x', 'GET of a script', headers => 'X-Tester: yes'],
    ['staging-testers', 'other.example', '/api/v2/x', '404', 'POST of a script', headers => 'X-Tester: yes', method => 'POST'],

    ['tenant', 't.example', '/menu.html', '307 -> /menu-summer.html', 'one page'],
    ['tenant', 't.example', '/shop/imprint.html', '404', 'one page stays'],
    ['tenant', 't.example', '/shop/x', '307 -> /winter-shop/x', 'the folder has moved'],
    ['tenant', 't.example', '/product.php?id=17', '307 -> /lamps/desk-lamp.html', 'an address with a parameter'],
    ['tenant', 't.example', '/blog/2026/autumn', '307 -> /archive/2026-autumn.html', 'parts by name'],
    ['tenant', 't.example', '/auction/x', '410', 'gone'],
    ['tenant', 't.example', '/partner', '307 -> https://partner.example/welcome', 'someone else\'s page'],
    ['tenant', 't.example', '/sub/menu.html', '404', 'only in its own directory'],
    ['tenant', 't.example', '/sub/dir/menu.html', '307 -> /sub/dir/menu-summer.html', 'the file works in a subdirectory'],
);

opendir my $dir, $examples or die "no $examples: $!\n";
my @files = sort grep { /\.conf$/ } readdir $dir;
closedir $dir;

my %tested = map { $_->[0] => 1 } @rows;
my @blocks = manual_blocks();

my @promises = manual_promises();
my @lines = manual_lines();

plan tests => @files * 3 + @rows + 2 + @blocks + 2 + @promises + @lines + 2 + 2;

# ---- they load --------------------------------------------------------------------------

for my $file (@files) {
    my ($exit, $said) = conf_test("Include \"$examples/$file\"\n", only => \@loaded);
    is($exit, 0, "$file loads in the server") or diag($said);
    (my $in_host = text_of("$examples/$file")) =~ s/^Redirect307(?:Arena|Hits) .*\n//mg;     # the server's alone
    ($exit, $said) = conf_test("<VirtualHost *:80>\n$in_host</VirtualHost>\n", only => []);
    is($exit, 0, "$file loads in a <VirtualHost>, without any other module") or diag($said);
    (my $name = $file) =~ s/\.conf$//;
    ok($tested{$name}, "$file has rows here");
}
ok(@files >= 6, 'the examples were found');

# ---- they do what they say --------------------------------------------------------------

sub text_of { open my $in, '<', shift or die "$!\n"; local $/; return <$in> }

my $site = root() . '/examples';
put('examples/site/index.html', "home\n");
put('examples/tenant/.htaccess', text_of("$examples/tenant.htaccess"));
put('examples/tenant/sub/dir/.htaccess', text_of("$examples/tenant.htaccess"));
put('examples/tenant/sub/x', '');
put("examples/tenant/$_/.htaccess", text_of("$examples/maintenance.htaccess")) for qw(open closed);
put('examples/tenant/closed/down.on', '');
put("examples/tenant/$_/down/index.html", "down\n") for qw(open closed);
put("examples/tenants/$_/.htaccess", "Redirect307 old.html new.html\n") for qw(t/ok t/new-customer t/suspended old/htdocs);
for my $tenant (qw(more wordpress)) {
    put("examples/tenants/t/$tenant/index.php", "it\n");
    put("examples/tenants/t/$tenant/.htaccess", <<"EOT");
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteBase /t/$tenant/
RewriteRule ^index\\.php\$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /t/$tenant/index.php [L]
</IfModule>
# END WordPress
Options -Indexes
Header set X y
Redirct307 /typo /x
Redirect307 old.html new.html
EOT
}
put('examples/tenants/t/suspended/.htaccess', "Redirect307Engine on\nRedirect307 old.html new.html\n");

# the example's folder of tenants is somebody else's machine
my $shared = text_of("$examples/shared-hosting.conf");
$shared =~ s{"/var/www/tenants/(new-customer|suspended|wordpress)"}{"$site/tenants/t/$1"}g;
$shared =~ s{/var/www/tenants}{$site/tenants}g;
$shared = put('examples/shared-hosting.conf', $shared);

# what the examples call the coming winter is the next one, whenever this runs
my $years = 1900 + (localtime)[5] + 1 - 2026;
sub in_time
{
    my $name = shift;
    my $text = text_of("$examples/$name.conf");
    $text =~ s{"/var/www/(relaunch\.csv)"}{"$site/$1"};
    $text =~ s/^Redirect307(?:Arena|Hits) .*\n//mg;
    $text =~ s/\b(20\d\d)(?=-\d\d-\d\d)/$1 + $years/ge;
    return put("examples/$name.conf", $text);
}

(my $sheet = text_of("$examples/relaunch.csv")) =~ s/\b(20\d\d)(?=-\d\d-\d\d)/$1 + $years/ge;
put('examples/relaunch.csv', $sheet);

my $conf = <<"CONF";
LogLevel warn
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Directory "$site">
    Require all granted
</Directory>
<VirtualHost *:\@PORT\@>
    ServerName none.example
    DocumentRoot "$site/site"
</VirtualHost>
CONF
my %hosts = (
    'campaign' => 'c.example', 'ab-test' => 'a.example', 'translation' => 'l.example',
    'maintenance' => 'm.example', 'options' => 'o.example',
    'migration' => 'g.example',
    'new-domain' => 'old.example www.old.example www.new.example',
    'staging-testers' => 'www.example.com other.example',
);
for my $name (sort keys %hosts) {
    $conf .= "<VirtualHost *:\@PORT\@>\nServerName $name.invalid\nServerAlias $hosts{$name}\nDocumentRoot \"$site/site\"\n"
        . "DirectoryIndex index.html\nInclude \"" . in_time($name) . "\"\n</VirtualHost>\n";
}
$conf .= <<"CONF";
<VirtualHost *:\@PORT\@>
    ServerName s.example
    DocumentRoot "$site/tenants"
    Include "$shared"
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName t.example
    DocumentRoot "$site/tenant"
    <Directory "$site/tenant">
        AllowOverride FileInfo
    </Directory>
</VirtualHost>
CONF
my $server = own_server($conf, only => [@loaded, 'dir']);

for my $row (@rows) {
    my ($name, $host, $path, $want, $why, %with) = @$row;
    my $reply = raw(($with{method} || 'GET') . " $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n"
        . ($with{headers} ? "$with{headers}\r\n" : '') . ($with{from} ? "X-Client: $with{from}\r\n" : '')
        . ($with{method} && $with{method} eq 'POST' ? "Content-Length: 3\r\n\r\na=b" : "\r\n"), port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
    my $seen = ($code || 'nothing') . join '', map { " -> $_" } each_header($reply, 'Location');
    my ($by) = each_header($reply, 'X-Redirect-By');
    $seen .= " by $by" if $with{by} && (!defined $by || $by !~ $with{by});
    is($seen, $want, "$name: $path, $host: $why");
}
my $log = own_log($server);
like($log, qr{would answer 307 /t/new-customer/new\.html}, 'shared-hosting: what would be answered is logged');

# ---- the manual -------------------------------------------------------------------------

# Indented blocks with a directive of ours, each as a text of its own.
sub manual_blocks
{
    return map { [$_->{page} =~ s{^docs/}{}r, $_->{line}, $_->{text}] } grep { kind_of($_) eq 'config' } map { blocks_of($_) } pages();
}

sub lines_of { open my $in, '<', shift or die "$!\n"; return <$in> }

# What the manual says is answered: [page, line, rules, URL, where to], of comments in its
# examples ("/a goes to /b") and of the table of what follows a prefix.
sub manual_promises
{
    my @found;
    for my $block (@blocks) {
        my ($page, $line, $text) = @$block;
        while ($text =~ m{^\s*#.*?(\S+) goes to (\S+?)[,;]?$}mg) {
            push @found, [$page, $line, $text, $1, $2];
        }
    }
    my ($is_table, $number) = (0, 0);
    for my $line (lines_of(stage() . '/docs/rules.md')) {
        $number++;
        $is_table = $line =~ /^\| source \| target \| request \| goes to/ || ($is_table && $line =~ /^\|/);
        next unless $is_table && $line =~ /^\| `(\S+)` \| `(\S+)` \| `(\S+)` \| `(\S+)` \|/;
        push @found, ['rules.md', $number, "Redirect307 $1 $2\n", $3, $4];
    }
    return @found;
}

# The lines that the recipes name in their table.
sub manual_lines
{
    my @found;
    my $number = 0;
    for my $line (lines_of(stage() . '/docs/recipes.md')) {
        $number++;
        push @found, map { s/\\\|/|/gr } $line =~ /^\|[^`]*\| `(Redirect307[^`]*)`/;
    }
    return @found;
}

sub run_ctl
{
    my ($command, $name, $text, @more) = @_;
    my $file = put("examples/manual/$name", $text);
    my $said = qx($ENV{R307_CTL} $command '$file' @more 2>&1 </dev/null);
    return ($? >> 8, $said);
}

for my $promise (@promises) {
    my ($page, $line, $text, $url, $wanted) = @$promise;
    my $is_htaccess = $text =~ /^Redirect307\w* (?!https?:)[^\/\s"^]/m || $text =~ /\.htaccess/;
    my ($base) = $url =~ m{^(/(?:[^/]+/)?)};
    my $host = $text =~ /^\s*ServerName (\S+)/m ? "http://$1" : '';
    $url = "/$url" unless $url =~ m{^/};
    $text =~ s/^ *<\/?VirtualHost.*\n|^ *ServerName.*\n//mg;
    # of a block for several places, the lines of this one
    $text = join '', grep { /^\s*#|^\s*$|Redirect307\w* [^\/"^]/ } split /^/m, $text if $is_htaccess;
    my ($exit, $said) = run_ctl($is_htaccess ? "explain --base $base" : 'explain', $is_htaccess ? '.htaccess' : 'x.conf', $text, "'$host$url'");
    like($said, qr{^30\d -> (?:https?://[^/]+)?\Q$wanted\E(?:\s|$)}, "$page, line $line: $url goes to $wanted") or diag("$text\n$said");
}
ok(@promises >= 9, 'the manual says where requests go: ' . @promises);
for my $line (@lines) {
    my ($exit, $said) = run_ctl('lint', $line =~ /\bfile=|^Redirect307(?:Maintenance)? [^\/h]/ ? '.htaccess' : 'x.conf', "$line\n");
    is($exit, $line =~ /^Redirect307Map/ ? 2 : 0, "recipes.md: $line") or diag($said);
}
ok(@lines >= 20, 'the recipes are lines: ' . @lines);

# the formats of maps, as maps.md shows them
{
    my (%shown, $format);
    for my $line (lines_of(stage() . '/docs/maps.md')) {
        $format = $1 if $line =~ /^\*\*(lines|csv)\.\*\*/;
        $format = undef if $line =~ /^\*\*redirects|^### /;
        $shown{$format} .= substr $line, 4 if $format && $line =~ /^    \S/;
    }
    for my $name (qw(lines csv)) {
        my ($exit, $said) = run_ctl('lint', $name eq 'csv' ? 'x.csv' : 'x.map', $shown{$name} || '');
        like($said, qr{^0 findings(?:, \d+ notes?)?, [1-9]\d* rules? fine}m, "maps.md: what $name shows is read") or diag("exit $exit\n$said");
    }
}

for my $found (@blocks) {
    my ($page, $line, $block) = @$found;
    my $needs = $block =~ /^Redirect307.*\bfile=|^Redirect307(?:Base|Status own)|^Redirect307(?:Maintenance)? (?!https?:)[^\/\s"]/m ? 'Directory' : '';
    my ($exit, $said) = conf_test($needs ? "<Directory \"/x\">\n$block</Directory>\n" : $block, only => \@loaded);
    is($exit, 0, "$page, line $line: the example loads") or diag("$block\n$said");
}
ok(@blocks >= 20, 'the manual has examples: ' . @blocks);
my %pages = map { $_->[0] => 1 } @blocks;
ok(!(grep { !$pages{$_} } qw(README.md rules.md options.md targets.md contexts.md safety.md answer.md body.md maintenance.md)), 'on every page about directives')
    or diag(join ' ', sort keys %pages);

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The directives that five applications bring in their .htaccess, in our own words, with rules of ours
# above and below them: each of them still does what it is there for, and ours answer.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

my @modules = qw(rewrite dir mime expires headers deflate filter setenvif negotiation autoindex alias env);

# application, its lines (@ is its folder), and what is asked beside that which all are asked:
# [path, what is answered, why, headers]
my @applications = (
    ['wordpress', <<'EOT', ['front.css', '200 file', 'a file']],
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /@/
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /@/index.php [L]
</IfModule>
# END WordPress
EOT
    ['drupal', <<'EOT', ['setup.module', '403', 'what is not for visitors'], ['.git/config', '403', 'nor are hidden folders']],
<FilesMatch "\.(engine|inc|module|sh|twig|yml)$|^composer\.(json|lock)$">
    Require all denied
</FilesMatch>
Options -Indexes
DirectoryIndex index.php index.html
AddType image/svg+xml svg svgz
AddEncoding gzip svgz
<IfModule mod_php.c>
    php_value assert.active 0
</IfModule>
<IfModule mod_expires.c>
    ExpiresActive On
    ExpiresDefault A1209600
    <FilesMatch \.php$>
        ExpiresActive Off
    </FilesMatch>
</IfModule>
<IfModule mod_rewrite.c>
    RewriteEngine on
    RewriteRule ^ - [E=protossl]
    RewriteCond %{HTTPS} on
    RewriteRule ^ - [E=protossl:s]
    RewriteRule "/\.|^\.(?!well-known/)" - [F]
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteCond %{REQUEST_URI} !=/favicon.ico
    RewriteRule ^ index.php [L]
    <IfModule mod_headers.c>
        RewriteRule \.css\.gz$ - [T=text/css,E=no-gzip:1]
        Header append Vary Accept-Encoding
    </IfModule>
</IfModule>
<IfModule mod_headers.c>
    Header always set X-Content-Type-Options nosniff
</IfModule>
EOT
    ['laravel', <<'EOT', ['pretty/', '301 /laravel/pretty', 'its own redirect'], ['under/', '307 /laravel/there/', 'ours is before it']],
<IfModule mod_rewrite.c>
    <IfModule mod_negotiation.c>
        Options -MultiViews -Indexes
    </IfModule>
    RewriteEngine On
    RewriteCond %{HTTP:Authorization} .
    RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteCond %{REQUEST_URI} (.+)/$
    RewriteRule ^ %1 [L,R=301]
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteRule ^ index.php [L]
</IfModule>
EOT
    ['joomla', <<'EOT', ['pretty?x=%3Cscript%3E', '403', 'what it refuses'], ['old.html?x=%3Cscript%3E', '307 /joomla/new.html?x=%3Cscript%3E', 'ours is before it']],
<IfModule mod_autoindex.c>
    IndexIgnore *
</IfModule>
<IfModule mod_headers.c>
    Header always set X-Content-Type-Options "nosniff"
</IfModule>
Options +FollowSymlinks
Options -Indexes
RewriteEngine On
RewriteCond %{QUERY_STRING} base64_encode[^(]*\([^)]*\) [OR]
RewriteCond %{QUERY_STRING} (<|%3C)([^s]*s)+cript.*(>|%3E) [NC,OR]
RewriteCond %{QUERY_STRING} GLOBALS(=|\[|\%[0-9A-Z]{0,2})
RewriteRule .* index.php [F]
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteCond %{REQUEST_URI} !^/index\.php
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule .* index.php [L]
EOT
    ['typo3', <<'EOT', ['index.bak', '403', 'what is not for visitors'], ['front.1700000000.css', '200 file', 'its version numbers']],
AddDefaultCharset utf-8
FileETag None
<IfModule mod_headers.c>
    Header unset ETag
</IfModule>
<IfModule mod_filter.c>
    AddOutputFilterByType DEFLATE text/html text/css
</IfModule>
<IfModule mod_expires.c>
    ExpiresActive on
    ExpiresByType text/css "access plus 1 year"
</IfModule>
<IfModule mod_mime.c>
    AddType application/manifest+json webmanifest
</IfModule>
<IfModule mod_rewrite.c>
    RewriteEngine On
    RewriteCond $0#%{REQUEST_URI} ([^#]*)#(.*)\1$
    RewriteRule ^.*$ - [E=CWD:%2]
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteRule ^(.+)\.(\d+)\.(css|js|png)$ %{ENV:CWD}$1.$3 [L]
    RewriteRule ^(?:vendor/.*|.*\.bak)$ - [F]
    RewriteCond %{REQUEST_FILENAME} -f [OR]
    RewriteCond %{REQUEST_FILENAME} -d
    RewriteRule ^ - [L]
    RewriteRule ^.*$ %{ENV:CWD}index.php [QSA,L]
</IfModule>
EOT
);

my $asked = 0;
$asked += @$_ - 2 + 7 for @applications;
plan tests => $asked + 1;

for my $application (@applications) {
    my ($name, $lines) = @$application;
    $lines =~ s/\@/$name/g;
    put("stock/$name/.htaccess", "Redirect307 old.html new.html\n$lines\nRedirect307 under/ there/\nRedirect307Maintenance down/ flag=down.on\n");
    put("stock/$name/$_->[0]", $_->[1]) for ['index.php', "front\n"], ['front.css', "file\n"], ['setup.module', "x\n"], ['index.bak', "x\n"], ['.git/config', "x\n"],
        ['down/index.html', "closed\n"];
}
my $root = root() . '/stock';
my $server = own_server(<<"EOT", only => \@modules, root => $root);
TypesConfig /dev/null
<Directory "$root">
    Require all granted
    AllowOverride All
    Options FollowSymLinks
    DirectoryIndex index.php
</Directory>
EOT

# status, and the Location or the first word of the text
sub told
{
    my ($path, $method, @headers) = @_;
    my $reply = raw(($method || 'GET') . " /$path HTTP/1.1\r\nHost: h\r\n" . join('', map { "$_\r\n" } @headers)
        . (($method || '') eq 'POST' ? "Content-Length: 3\r\n" : '') . "Connection: close\r\n\r\n" . (($method || '') eq 'POST' ? 'a=b' : ''), port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return "no answer: $reply";
    my ($location) = each_header($reply, 'Location');
    return "$code $location" =~ s{http://h(?::\d+)?}{}r if defined $location;
    return $code eq '200' && $reply =~ /\r\n\r\n(?:[0-9a-f]+\r\n)?(\w+)/ ? "$code $1" : $code;
}

for my $application (@applications) {
    my ($name, undef, @more) = @$application;
    is(told("$name/old.html"), "307 /$name/new.html", "$name: a rule above its lines");
    is(told("$name/under/x?y=z", 'POST'), "307 /$name/there/x?y=z", "$name: a form, a rule below them");
    is(told("$name/"), '200 front', "$name: its front page");
    is(told("$name/a/pretty/address"), '200 front', "$name: an address that is no file");
    is(told("$name/front.css"), '200 file', "$name: one that is");
    is(told("$name/$_->[0]"), $_->[1], "$name: $_->[2]") for @more;
}

# a flag is looked at once a second, by each process for itself
sub becomes
{
    my ($path, $method, $wanted, $why) = @_;
    my $told;
    R307::Site::wait_until(sub { ($told = told($path, $method)) eq $wanted });
    is($told, $wanted, $why);
    return;
}
put("stock/$_->[0]/down.on", '') for @applications;
becomes("$_->[0]/a/pretty/address", 'POST', '503', "$_->[0]: closed, a form") for @applications;
unlink "$root/$_->[0]/down.on" for @applications;
becomes("$_->[0]/a/pretty/address", 'GET', '200 front', "$_->[0]: and open") for @applications;
unlike(own_log($server), qr/htaccess.*(?:skipped|Invalid command|not allowed)/, 'no line of theirs or ours was wrong');

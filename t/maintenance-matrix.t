# SPDX-License-Identifier: Apache-2.0
# needs no conf: a maintenance beside every neighbour of t/data/maintenance-matrix.tsv, by a
# line of the server, of a virtual host and of a .htaccess, with and without page=.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;

my @contexts = qw(server server-page vhost vhost-page htaccess htaccess-page);
my @asks = qw(load post robot head page asset);
my %line = (
    'vhost' => 'Redirect307Maintenance /down/', 'vhost-page' => 'Redirect307Maintenance /down/ page=@ROOT@/apart/index.html',
    'htaccess' => 'Redirect307Maintenance down/', 'htaccess-page' => 'Redirect307Maintenance down/ page=apart/index.html',
);

my @rows = grep { my @lack = grep { $_ ne '-' && !have_module($_) } split /,/, $_->{needs}; !@lack }
    R307::Rows::read_table('maintenance-matrix.tsv', as_is => ['in_vhost', 'in_htaccess']);
plan tests => scalar @rows * @contexts;

my $root = root() . '/maintenance-matrix';
my $application = "#!$^X\nprint \"Status: 200 OK\\nContent-Type: text/html\\n\\nthe application\\n\";\n";
put('maintenance-matrix/backend/index.html', "the backend\n");
put('maintenance-matrix/apart/index.html', "the page apart\n");
put('maintenance-matrix/apart/style.css', "p { color: red }\n");
mkdir "$root/cached";

sub text { my ($lines, %is) = @_; return '' if $lines eq '-'; $lines =~ s/ ;; /\n/g; $lines =~ s/\@([A-Z]+)\@/$is{$1} \/\/ "\@$1\@"/ge; return "$lines\n" }

my $hosts = '';
for my $row (@rows) {
    for my $context (@contexts) {
        my $site = "maintenance-matrix/$row->{id}/$context";
        my %is = (SITE => root() . "/$site", ROOT => $root);
        put("$site/index.html", "the site\n");
        put("$site/down/index.html", "the page\n");
        put("$site/down/style.css", "p { color: red }\n");
        put("$site/apart/index.html", "the page apart\n");
        put("$site/apart/style.css", "p { color: red }\n");
        chmod 0755, put("$site/application.cgi", $application);
        put("$site/.htaccess", ($context =~ /^htaccess/ ? "$line{$context}\n" : '') . text($row->{in_htaccess}, %is));
        $hosts .= "<VirtualHost *:\@PORT\@>\nServerName $row->{id}.$context.test\nDocumentRoot \"$is{SITE}\"\n"
            . ($context =~ /^vhost/ ? text($line{$context}, %is) : '') . text($row->{in_vhost}, %is) . "</VirtualHost>\n";
    }
}

my $server = own_server(<<"CONF", only => [qw(alias dir rewrite proxy proxy_http cgid cgi mime negotiation actions cache cache_disk authn_core authn_file auth_basic authz_user authz_host access_compat env setenvif headers expires status autoindex filter deflate)]);
LogLevel warn
DirectoryIndex index.html
TypesConfig /dev/null
AddType text/html .html
AddType text/css .css
Redirect307Maintenance /down/ host=*.server.test
Redirect307Maintenance /down/ host=*.server-page.test page=$root/apart/index.html
<Directory "$root">
    Require all granted
    AllowOverride All
    Options FollowSymLinks ExecCGI
    AddHandler cgi-script .cgi
</Directory>
<VirtualHost *:\@PORT\@>
    ServerName backend.test
    DocumentRoot "$root/backend"
    FallbackResource /index.html
</VirtualHost>
$hosts
CONF

my %ask = (
    load  => ['GET', '/lamps', "Sec-Fetch-Mode: navigate\r\n"],
    post  => ['POST', '/order', "Sec-Fetch-Mode: navigate\r\nContent-Length: 3\r\n", 'a=b'],
    robot => ['GET', '/lamps', "User-Agent: robot\r\n"],
    head  => ['HEAD', '/lamps', "User-Agent: robot\r\n"],
    page  => ['GET', '/down/', "Sec-Fetch-Mode: navigate\r\n"],
    asset => ['GET', '/down/style.css', "Sec-Fetch-Dest: style\r\n"],
);

my @texts = ([qr/the page apart/, 'apart'], [qr/the page/, 'page'], [qr/Closed for maintenance/, 'short'], [qr/the application/, 'application'],
             [qr/the backend/, 'backend'], [qr/color: red/, 'style'], [qr/the site/, 'site']);

# "503:page", "307 -> /down/": status, where to, and whose text it is; what a 503 lacks is said, too.
sub told
{
    my ($host, $what) = @_;
    my ($method, $path, $headers, $body) = @{ $ask{$what} };
    my $reply = raw("$method $path HTTP/1.1\r\nHost: $host\r\n${headers}Connection: close\r\n\r\n" . ($body || ''), port => $server->{port});
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'nothing';
    my ($location) = each_header($reply, 'Location');
    my ($text) = (split /\r\n\r\n/, $reply, 2)[1] // '';
    my ($whose) = map { $_->[1] } grep { $text =~ $_->[0] } @texts;
    my $said = $code . (defined $location ? "->$location" : $whose && $code !~ /^[34]/ ? ":$whose" : '');
    if ($code == 503) {
        my $retry = (each_header($reply, 'Retry-After'))[0] // 'none';
        my $cache = join(',', each_header($reply, 'Cache-Control')) || 'none';
        return "$code(not ours)" if $retry eq 'none' && $cache eq 'none';
        $said .= "(Retry-After $retry)" if $retry ne '300';
        $said .= "(Cache-Control $cache)" if $cache ne 'no-store';
        $said .= '(text)' if $method eq 'HEAD' && length $text;
    }
    return $said;
}

for my $row (@rows) {
    for my $context (@contexts) {
        my $got = join ' ', map { told("$row->{id}.$context.test", $_) } @asks;
        is($got, $row->{$context}, "$row->{id}, line of $context: $row->{what}");
        print STDERR "ROW\t$row->{id}\t$context\t$got\n" if $ENV{R307_MATRIX};
    }
}

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The tables of from-mod-alias.md and from-mod-rewrite.md: the lines of the left cell and that of
# the right one, each in a .htaccess of its own, send the same requests to the same place.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;

once();

# What is asked of a row: by a text of its right cell, [path, header, what both answer]. A
# place is a path of this host or a URL; 3xx is any redirect.
my @asked = (
    ['from-mod-alias.md', 'Redirect307 /one /two status=302', ['/one/x?a=b', '', '302 /two/x?a=b']],
    ['from-mod-alias.md', 'Redirect307 /one /two status=301', ['/one/x?a=b', '', '301 /two/x?a=b'], ['/ones', '', '404']],
    ['from-mod-alias.md', 'Redirect307 /one /two status=303', ['/one', '', '303 /two']],
    ['from-mod-alias.md', 'Redirect307 /one /two', ['/one/x', '', '3xx /two/x'], ['/', '', '200']],
    ['from-mod-alias.md', 'Redirect307 /one status=gone', ['/one', '', '410'], ['/ones', '', '404']],
    ['from-mod-alias.md', 'Redirect307Match ^/images', ['/images/a/b.png', '', '3xx https://images.example.com/a/b.png']],
    ['from-mod-rewrite.md', 'Redirect307 /old /new match=exact', ['/old?a', '', '3xx /new?a'], ['/old/x', '', '404']],
    ['from-mod-rewrite.md', 'Redirect307 /old/ /new/', ['/old/a/b', '', '3xx /new/a/b'], ['/older', '', '404']],
    ['from-mod-rewrite.md', 'Redirect307Match ^/(\d+)', ['/4711.html', '', '3xx /page/4711'], ['/a.html', '', '404']],
    ['from-mod-rewrite.md', 'Redirect307 /gone', ['/gone', '', '410'], ['/gone/x', '', '404']],
    ['from-mod-rewrite.md', 'Redirect307 /stay -', ['/stay', '', '404']],
    ['from-mod-rewrite.md', 'Redirect307 / https:', ['/a/b?c=d', '', '3xx https://HOST/a/b?c=d']],
    ['from-mod-rewrite.md', 'Redirect307 / https://www.example.com host=', ['/a/b?c=d', '', '3xx https://www.example.com/a/b?c=d']],
    ['from-mod-rewrite.md', 'Redirect307 /page.php?id=3', ['/page.php?id=3', '', '3xx /lamp'], ['/page.php?id=4', '', '404']],
    ['from-mod-rewrite.md', 'ip=192.0.2.0/24', ['/x', 'X-Client: 192.0.2.7', '3xx /y'], ['/x', 'X-Client: 198.51.100.7', '404']],
    ['from-mod-rewrite.md', 'cookie=beta=yes', ['/x', 'Cookie: a=b; beta=yes', '3xx /y'], ['/x', 'Cookie: a=b', '404']],
    ['from-mod-rewrite.md', 'lang=de', ['/x', 'Accept-Language: de-AT, en', '3xx /y'], ['/x', 'Accept-Language: en', '404']],
    ['from-mod-rewrite.md', 'method=POST', ['/x', 'POST', '3xx /y'], ['/x', '', '404']],
    ['from-mod-rewrite.md', 'file=missing', ['/x', '', '3xx /y']],
);

# The code of the cells of a page's first table, a row each: [left ones], [right ones].
sub rows_of
{
    my @rows;
    open my $in, '<', stage() . "/docs/$_[0]" or die "cannot read $_[0]: $!\n";
    while (my $line = <$in>) {
        my ($old, $new) = $line =~ /^\| (`.*?) \| (.*) \|$/ or next;
        push @rows, [[$old =~ /`([^`]+)`/g], [$new =~ /`([^`]+)`/g]];
    }
    close $in;
    return @rows;
}

my %rows = map { $_ => [rows_of($_)] } qw(from-mod-alias.md from-mod-rewrite.md);

# a line that both modules need below a condition alone
sub lines_of
{
    my ($old, $new) = @_;
    return ("$old\n" . 'RewriteRule ^/?x$ /y [R,L]', "Redirect307 /x /y match=exact $new") if $new =~ /^\w+=/;
    return ($old, $new);
}

my (@tries, $conf);
my %texts = map { $_->[1] => 1 } @asked;
for my $asked (@asked) {
    my ($page, $text, @requests) = @$asked;
    for my $row (@{ $rows{$page} }) {
        my ($new) = grep { index($_, $text) == 0 } map { /^status=/ ? "$row->[1][0] $_" : $_ } @{ $row->[1] };
        next unless defined $new;
        # what another row of the table here says more of
        next if grep { length $_ > length $text && index($new, $_) == 0 } keys %texts;
        # several ways to write the same, or conditions and their rule
        my @olds = $row->[0][0] =~ /^RewriteCond/ ? join("\n", @{ $row->[0] }) : @{ $row->[0] };
        for my $old (@olds) {
            next if $old eq 'Redirect /two';
            my @lines = lines_of($old, $new);
            my $name = 'from' . @tries;
            my $on = $old =~ /Rewrite/ ? "RewriteEngine On\n" : '';
            put("from/$name-$_/index.html", "home\n") for qw(old new);
            put("from/$name-old/.htaccess", "$on$lines[0]\n");
            put("from/$name-new/.htaccess", "$lines[1]\n");
            $conf .= "<VirtualHost *:\@PORT\@>\nServerName $name-$_.example\nDocumentRoot \"" . root() . "/from/$name-$_\"\n</VirtualHost>\n" for qw(old new);
            push @tries, [$name, "$page: $lines[0]", \@requests];
        }
    }
}
my $site = root() . '/from';
my $server = own_server(<<"CONF", only => [qw(alias rewrite remoteip dir)]);
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
DirectoryIndex index.html
<Directory "$site">
    AllowOverride FileInfo
    Options FollowSymLinks
    Require all granted
</Directory>
$conf
CONF

sub answer_for
{
    my ($host, $path, $header) = @_;
    my $method = $header eq 'POST' ? 'POST' : 'GET';
    $header = $header eq 'POST' ? "Content-Length: 0\r\n" : length $header ? "$header\r\n" : '';
    my $reply = raw("$method $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n$header\r\n", port => $server->{port});
    my ($status) = $reply =~ m{^HTTP/1\.1 (\d+)};
    my ($place) = each_header($reply, 'Location');
    $place =~ s{^http://\Q$host\E(?::\d+)?(?=/)}{} if defined $place;
    $place =~ s{\Q$host\E}{HOST} if defined $place;
    return join ' ', $status || 'nothing', defined $place ? $place : ();
}

for my $try (@tries) {
    my ($name, $what, $requests) = @$try;
    for my $request (@$requests) {
        my ($path, $header, $wanted) = @$request;
        for my $side (qw(old new)) {
            my $got = answer_for("$name-$side.example", $path, $header);
            $got =~ s/^3\d\d/3xx/ if $wanted =~ /^3xx/;
            is($got, $wanted, "$side: $path $header, of $what");
        }
    }
}
my $count = grep { $_->[1] =~ /alias/ } @tries;
ok($count >= 8 && @tries - $count >= 12, "rows of the two pages: $count and " . (@tries - $count));
done_testing();

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Of many thousand plain lines in httpd.conf only the words are kept, and a rule is made of them
# when somebody asks. Nobody is to notice: the same lines behind nothing, and behind as many others
# as it takes, do the same and are told the same.
use strict;
use warnings FATAL => 'all';
use JSON::PP qw(decode_json);
use R307;
use R307::Site;

my $many = 9_000;       # more than R307_FRESH_FROM
my $site = root() . '/manylines';
put('manylines/dir/page.html', 'here', 10);
put('manylines/page.html', 'here', 10);

sub conf
{
    my $before = shift;
    return status_conf($site) . <<"EOT";
Redirect307Hits on
Redirect307Require review warn
$before
Redirect307 /plain /to
Redirect307 /slash/ /to/
Redirect307 /slash-to-none/ /none
Redirect307 /url https://h.example/to
Redirect307 /url-slash/ http://h.example/to/
Redirect307 /host https://www.h.example
Redirect307 /host-slash/ https://www.h.example/
Redirect307 /twice /first
Redirect307 /twice /second
Redirect307 /chain/a /chain/b
Redirect307 /chain/b /chain/c
Redirect307 /loop/x /loop/y
Redirect307 /loop/y /loop/x
Redirect307 /self /self
Redirect307 /plain/below /never
Redirect307Match ^/n(\\d+)\$ /number/\$1
Redirect307 /named /to name=n
Redirect307 /dated /to until=2199-01-01
Redirect307 /posts /to method=POST
Redirect307 /bare status=gone
Redirect307 /keep/ /kept/ query=keep
Redirect307 /exact /to match=exact owner=me
Redirect307 /FOLD /to case=ignore note="a word"
Redirect307 /either /to/ slash=ignore match=exact
Redirect307 /moved https://h.example/m status=308 cache=1h
Redirect307 /one-host /to host=h
<Directory "$site/dir">
    Redirect307 /dir/abs /to
    Redirect307 page.html other.html
    Redirect307 /outside /to
    Redirect307 /dir/url https://h.example/x/
</Directory>
<Location "/in">
    Redirect307 /in/location /to
</Location>
<VirtualHost *:\@PORT\@>
    ServerName h
    DocumentRoot "$site"
    Redirect307 /only-here /to
</VirtualHost>
<VirtualHost *:\@PORT\@>
    ServerName other
    DocumentRoot "$site"
    Redirect307 /other-first https://h.example/
    Redirect307Match ^/other/(.*) /o/\$1
    Redirect307 /other-last /last
</VirtualHost>
EOT
}

sub filler
{
    my ($many, $options) = @_;
    return join '', map { "Redirect307 /filler/$_ /filled/$_ " . ($options // '') . "\n" } 1 .. $many;
}

# The reply but for what differs each time.
sub asked
{
    my ($server, $host, $method, $path, $more) = @_;
    my $reply = raw("$method $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n" . ($more // '') . "\r\n", port => $server->{port}, timeout => 30);
    $reply =~ s/^Date: .*\r\n//m;
    $reply =~ s/\b(Last-Modified|ETag): .*\r\n//g;
    return $reply;
}

# Lines of the file by what is written in them.
sub lines_of
{
    my $server = shift;
    open my $in, '<', "$server->{dir}/test.conf" or die "$server->{dir}: $!\n";
    my %text;
    while (my $line = <$in>) {
        $line =~ s/^\s+|\s+$//g;
        $text{$.} = $line;
    }
    return \%text;
}

# What was said of lines that are no filler, each by what is written in it.
sub said
{
    my $server = shift;
    my $text = lines_of($server);
    my @all = grep { /test\.conf:\d+/ && !m{/filler/} } split /\n/, own_log($server);
    for (@all) {
        s/^.*?(?=\S*test\.conf:\d)//;
        s{\S*test\.conf:(\d+)}{<$text->{$1}>}g;
    }
    return join '', map { "$_\n" } sort grep { !/filler/ } @all;
}

# What the page knows of these rules.
sub rows
{
    my $server = shift;
    my $text = lines_of($server);
    my $body = (split /\r\n\r\n/, raw("GET /redirects?json HTTP/1.0\r\nHost: none\r\n\r\n", port => $server->{port}, timeout => 60), 2)[1];
    my @rules = @{ decode_json($body)->{rules} };
    my @rows;
    for my $rule (@rules) {
        my %told = map { $_ => ref $rule->{$_} ? JSON::PP->new->canonical->encode($rule->{$_}) : $rule->{$_} } keys %{$rule};
        delete @told{grep { /^(?:last|first|number|id)/ } keys %told};
        my $row = join ' ', map { "$_=" . ($told{$_} // '-') } sort keys %told;
        $row =~ s{\S*test\.conf(?::|","line":| line=)(\d+)}{<$text->{$1}>}g;
        $row =~ s/\bline=(\d+)/line=<$text->{$1}>/g;
        push @rows, $row if $row !~ m{/filler/};
    }
    return \@rows;
}

my @asked = (
    map({ [$_->[0], 'GET', $_->[1]] } map { my $path = $_; map { [$_, $path] } 'none', 'h', 'other' }
        '/plain', '/plain/', '/plain/below/x?q=1', '/plainx', '/slash/', '/slash', '/slash/x', '/slash-to-none/x', '/url', '/url/x%20y?a=b',
        '/url-slash/', '/url-slash/z', '/host', '/host/x', '/host-slash/', '/host-slash/y', '/twice', '/chain/a', '/loop/x', '/self', '/self/x',
        '/n12', '/named', '/dated', '/posts', '/bare',
        '/bare/below', '/keep/x?a=b&c', '/exact', '/exact/', '/exact/x', '/fold/x', '/FOLD', '/either/', '/either', '/moved/x?y', '/one-host',
        '/dir/abs', '/dir/abs/x', '/dir/page.html', '/dir/url/x', '/outside', '/in/location',
        '/only-here', '/other-first', '/other-first/x', '/other/y', '/other-last/z', '/%70lain', '//plain', '/page.html'),
    ['none', 'POST', '/plain', "Content-Length: 3\r\n"], ['none', 'POST', '/posts', "Content-Length: 0\r\n"], ['none', 'OPTIONS', '/plain'],
);
plan tests => @asked + 32;

my @servers = map { own_server(conf(filler($_)), only => ['dir']) } 0, $many;
for my $row (@asked) {
    my ($host, $method, $path, $more) = @{$row};
    $more = ($more // '') . "\r\nabc" if ($more // '') =~ /: 3/;
    my ($few, $of_many) = map { asked($_, $host, $method, $path, $more) } @servers;
    is($of_many, $few, "$method $path of $host");
}
for my $server (@servers) {
    like(asked($server, 'none', 'GET', '/plain'), qr{^HTTP/1\.1 307 .*^Location: /to\r$}ms, 'and it is an answer');
    like(asked($server, 'none', 'GET', '/host/x'), qr{^Location: https://www\.h\.example/x\r$}m, 'to another host');
}
is(answer_of($servers[1], "/filler/$many/x"), "307 /filled/$many/x", 'the last of the many');
is(answer_of($servers[1], '/filler/1'), '307 /filled/1', 'the first');

my ($few, $of_many) = map { said($_) } @servers;
is($of_many, $few, 'the same is said of them');
like($of_many, qr{<Redirect307 /twice /second>.*R307-A}, 'of a line that another one answers for') or print "# $of_many\n";
like($of_many, qr{<Redirect307 /loop/x /loop/y>: .*R307-A07}, 'of a circle');
like($of_many, qr{<Redirect307 /chain/a /chain/b>: .*R307-A18}, 'of a chain');
is(() = $of_many =~ m{^<Redirect307 /twice /second>: .*R307-A16}mg, 1, 'once, however many hosts have the line') or print "# $of_many\n";
like($of_many, qr{<Redirect307 /outside /to>.*outside}, 'of a source outside its directory');

my ($rows, $others) = map { rows($_) } @servers;
is(join("\n", @{$others}), join("\n", @{$rows}), 'the page knows the same of them');
ok(scalar(grep { m{ hits=[1-9]\d* .*<Redirect307 /plain /to>} } @{$others}), 'with their hits');
ok(scalar(grep { m{R307-A16 [^"]*"\] .*<Redirect307 /twice /second>} && !/",/ } @{$others}), 'and what was found, once');

my $page = (split /\r\n\r\n/, raw("GET /redirects?from=8300 HTTP/1.0\r\nHost: none\r\n\r\n", port => $servers[1]{port}, timeout => 60), 2)[1];
ok($page =~ m{/filled/8301\b} && $page =~ m{/filled/8302\b} && $page =~ m{/filled/8340\b}, 'each row of the page is its own line');
$page = (split /\r\n\r\n/, raw("GET /redirects?q=filler/8999 HTTP/1.0\r\nHost: none\r\n\r\n", port => $servers[1]{port}, timeout => 60), 2)[1];
like($page, qr{/filled/8999\b}, 'and one that is looked for');

reload($servers[1], 'USR1');
is(answer_of($servers[1], '/only-here/x'), '307 /to/x', 'a graceful restart keeps them');
is(answer_of($servers[1], "/filler/$many"), "307 /filled/$many", 'all of them');

# What is promised is memory: of a rule a line took 730 bytes, httpd's own 112 of them.
sub of_parent
{
    my ($server, $file, $pattern) = @_;
    open my $in, '<', "/proc/$server->{pid}/$file" or return;
    my ($found) = map { /$pattern/ ? $1 // 1 : () } <$in>;
    return $found;
}

# With an option that most lines have it is no more; with one that makes a rule of each, less than
# the parser leaves behind, which was 2 500.
SKIP: {
    skip 'memory is another matter under AddressSanitizer', 12 if of_parent($servers[0], 'maps', qr{libasan});
    my $large = 60_000;
    for my $row ([560, ''], [560, 'query=keep status=308'], [1_300, 'until=2199-01-01']) {
        my ($most, $options) = @{$row};
        my @sizes = map { own_server(filler($_, $options), only => ['dir']) } 1, $large;
        my @kib = map { of_parent($_, 'status', qr{^VmRSS:\s+(\d+)}) } @sizes;
        like(answer_of($sizes[1], "/filler/$_/x"), qr{ /filled/$_/x$}, "line $_ of them answers: '$options'") for 4096, 4097, $large;
        my $each = ($kib[1] - $kib[0]) * 1024 / $large;
        print "# $each bytes a line '$options'\n";
        cmp_ok($each, '<', $most, "a line more takes the memory of its words: '$options'");
    }
}

my ($exit, $text) = conf_test("Redirect307Require until refuse\n" . filler($many) . "Redirect307 /no-end /to\n");
like($text, qr{test\.conf:\d+: Redirect307: the rule has no end.*keep the server from starting}s, 'what has no plan is named, and refused');

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# What contrib/ has for other programs holds: alerts and dashboard ask for series that a server
# shows (promtool and prometheus, where they are here, run them on it), and vim takes each word
# for what it is.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use R307::Tool qw($dir file text_of quoted);
use IO::Socket::INET ();
use JSON::PP ();
use POSIX ();

once();

my $contrib = stage() . '/contrib';

# Exit status and everything printed.
sub run_line { my $text = qx(cd '$dir' && $_[0] 2>&1 </dev/null); return ($? >> 8, $text) }
sub is_here { return !system("command -v $_[0] >/dev/null 2>&1") }

# --- a server that has something to show

my $site = root() . '/contrib';
put('contrib/sheet.map', "/s/1 /there\n/s/2\n", 10);
my $server = own_server(<<"CONF", only => [qw(dir)]);
<VirtualHost *:\@PORT\@>
    ServerName www.example.com
    Redirect307 /shop /winter-shop name=winter
    Redirect307Map "$site/sheet.map"
    <Location "/redirects-status">
        SetHandler redirect307-status
        Redirect307Status server
        Require all granted
    </Location>
</VirtualHost>
CONF

sub body_of
{
    my $reply = raw("GET $_[0] HTTP/1.0\r\nHost: www.example.com\r\n\r\n", port => $server->{port}, timeout => 30);
    return $reply =~ s/\A.*?\r\n\r\n//sr;
}

body_of($_) for '/shop', '/s/1';
my $scrape = body_of('/redirects-status?metrics');
my %shown = map { $_ => 1 } $scrape =~ /^(redirect307_\w+)[ {]/mg;
ok(keys %shown >= 10, 'series of a server: ' . keys %shown) or diag($scrape);
# a family without a series yet is one, too
$shown{$_} = 1 for $scrape =~ /^# TYPE (redirect307_\w+) /mg;

# --- what is asked for

sub queries
{
    my %found;
    my $panels = JSON::PP->new->utf8->decode(text_of("$contrib/grafana/redirect307.json"))->{panels};
    $found{"dashboard: $_->{title}"} = $_->{targets}[0]{expr} for @$panels;
    my $alerts = text_of("$contrib/prometheus/redirect307.rules.yml");
    while ($alerts =~ /^ +- alert: (\w+)\n +expr: (.*)\n/mg) {
        $found{"alert: $1"} = $2;
    }
    return %found;
}

my %queries = queries();
ok(keys %queries >= 18, 'queries of the dashboard and the alerts: ' . keys %queries);
for my $name (sort keys %queries) {
    my @unknown = grep { !$shown{$_} } $queries{$name} =~ /\b(redirect307_\w+)/g;
    ok(!@unknown && $queries{$name} =~ /redirect307_/, "$name asks for series that there are") or diag("@unknown");
}

# as Grafana sends it
sub sent { return $_[0] =~ s/\$__rate_interval/1m/gr =~ s/\$instance/.*/gr }

SKIP: {
    skip 'no promtool here', 4 unless is_here('promtool');
    file('scrape', $scrape);
    my ($exit, $said) = run_line('promtool check metrics < scrape');
    is($exit, 0, 'promtool has nothing to say of what a server shows') or diag($said);
    ($exit, $said) = run_line('promtool check rules ' . quoted("$contrib/prometheus/redirect307.rules.yml"));
    is($exit, 0, 'promtool reads the alerts') or diag($said);
    ($exit, $said) = run_line('promtool test rules ' . quoted("$contrib/prometheus/redirect307.rules.test.yml"));
    is($exit, 0, 'each alert comes when it shall, and not before') or diag($said);
    my $number = 0;
    file('queries.yml', "groups:\n- name: q\n  rules:\n" . join '', map { '  - { record: q' . $number++ . ", expr: '" . (sent($queries{$_}) =~ s/'/''/gr) . "' }\n" } sort keys %queries);
    ($exit, $said) = run_line('promtool check rules queries.yml');
    ok($exit == 0 && $said =~ /: $number rules found/, "promtool reads each query: $number") or diag($said);
}

sub free_port_beside
{
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1) or die "no port: $!\n";
    return $socket->sockport;
}

# a Prometheus that asks the server, and is asked
SKIP: {
    skip 'no prometheus here', 1 unless is_here('prometheus') && is_here('promtool');
    my $port = free_port_beside();
    file('prometheus.yml', <<"EOT");
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ '$contrib/prometheus/redirect307.rules.yml' ]
scrape_configs:
  - job_name: redirects
    metrics_path: /redirects-status
    params: { metrics: [''] }
    static_configs: [ { targets: ['127.0.0.1:$server->{port}'] } ]
EOT
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        open STDOUT, '>', "$dir/prometheus.log" and open STDERR, '>&', \*STDOUT;
        exec 'prometheus', "--config.file=$dir/prometheus.yml", "--storage.tsdb.path=$dir/tsdb", "--web.listen-address=127.0.0.1:$port" or POSIX::_exit(127);
    }
    my $ask = sub { return run_line("promtool query instant http://127.0.0.1:$port " . quoted(sent($_[0]))) };
    # two scrapes make a rate
    my $is_there = 0;
    for (1 .. 300) {
        last if $is_there = ($ask->('count_over_time(redirect307_rules[1m]) > 1'))[1] =~ /=>/;
        select undef, undef, undef, 0.2;
    }
    my @bad = $is_there ? () : ('nothing was scraped', text_of("$dir/prometheus.log"));
    for my $name ($is_there ? grep { /^dashboard/ } sort keys %queries : ()) {
        my ($exit, $said) = $ask->($queries{$name});
        # nothing was refused
        push @bad, "$name: exit $exit, $said" if $exit || ($said !~ /=>/ && $name !~ /Refused/);
    }
    kill 'TERM', $pid;
    waitpid $pid, 0;
    ok(!@bad, 'a Prometheus that asks the server answers each query of the dashboard') or diag(join "\n", @bad);
}

# --- vim

# file, line, word of it, the group that it is of
my @words = (
    ['.htaccess', '#? /shop -> 307 /w', 'shop', 'redirect307Case'],
    ['.htaccess', '# Redirect307 /a /b', 'Redirect307', 'apacheComment'],
    ['.htaccess', 'Redirect307 /shop/:x /w/:x until=2026-12-26', 'Redirect307', 'redirect307Directive'],
    ['.htaccess', 'redirect307 /a /b', 'redirect307', 'redirect307Directive'],
    ['.htaccess', 'Redirect307 /shop/:x /w/:x until=2026-12-26', 'until', 'redirect307Option'],
    ['.htaccess', 'Redirect307 /shop/:x /w/:x until=2026-12-26', ':x', 'redirect307Insertion'],
    ['.htaccess', 'Redirect307 /a /b qurey=drop:x', 'qurey', 'redirect307Foreign'],
    ['.htaccess', 'Redirect307 /a /b "note=x y"', '"note', 'redirect307Option'],
    ['.htaccess', 'Redirect307 /page.php?id=3 /b', 'id', ''],
    ['.htaccess', 'Redirect307 /a -', '-', 'redirect307Gone'],
    ['.htaccess', 'Redirect307Foo a b', 'Redirect307Foo', 'redirect307Unknown'],
    ['.htaccess', 'Redirect307Maintenance down/ flag=down.on allow-link=a=b', 'allow-link', 'redirect307Option'],
    ['.htaccess', '    AllowOverrideList Redirect307 Redirect307Map', 'Redirect307Map', 'redirect307Directive'],
    ['.htaccess', '    Redirect307Limits rules=10 map-lines=5', 'map-lines', 'redirect307Option'],
    ['.htaccess', 'RewriteRule ^a$ /x [R]', 'RewriteRule', 'apacheDeclaration'],
    ['shop.map', '# shop', 'shop', 'redirect307mapComment'],
    ['shop.map', '#? /a -> 307 /b', '/a', 'redirect307mapCase'],
    ['shop.map', '/agb.html /terms/:splat status=308', '/agb', 'redirect307mapSource'],
    ['shop.map', '/agb.html /terms/:splat status=308', '/terms', 'redirect307mapTarget'],
    ['shop.map', '/agb.html /terms/:splat status=308', ':splat', 'redirect307mapInsertion'],
    ['shop.map', '/agb.html /terms/:splat status=308', 'status', 'redirect307mapOption'],
    ['shop.map', '/a /b foo=1', 'foo', 'redirect307mapForeign'],
    ['shop.map', '"/a b" /c', '/a', 'redirect307mapSource'],
    ['shop.map', '"/a b" /c', '/c', 'redirect307mapTarget'],
);

SKIP: {
    my (undef, $version) = run_line('vim --version');
    skip 'no vim with syntax here', @words + 1 unless $version =~ /\+syntax/ && $version =~ /\+eval/;
    my %lines;
    push @{ $lines{ $_->[0] } }, $_->[1] for @words;
    file("vim/$_", join "\n", @{ $lines{$_} }, '') for keys %lines;
    my %number;
    my $list = join ', ', map { my ($name, $line, $word) = @$_; "['$name', " . ++$number{$name} . ", '$word']" } @words;
    file('vim/try.vim', <<"EOT");
set nocompatible
set rtp^=$contrib/vim rtp+=$contrib/vim/after
filetype plugin on
syntax on
let said = []
for [name, number, word] in [$list]
  exe 'edit' name
  let at = match(getline(number), '\\C\\V' . word) + 1
  call add(said, synIDattr(synID(number, at, 1), 'name'))
endfor
edit shop.map
call add(said, &filetype . ' ' . &makeprg)
call writefile(said, 'said')
qall!
EOT
    run_line('cd vim && timeout 60 vim -es -u NONE -i NONE -S try.vim');
    my @said = split /\n/, text_of("$dir/vim/said") || '', -1;
    for my $row (@words) {
        my ($name, $line, $word, $group) = @$row;
        is(shift @said, $group, "vim, $name: '$word' of $line");
    }
    is(shift @said, 'redirect307map redirect307ctl lint --format gcc %', 'vim knows a map, and :make asks the tool');
}
done_testing();

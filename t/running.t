# SPDX-License-Identifier: Apache-2.0
# needs no conf
# A server that runs is not ended by what is wrong with our lines: -k start says it and does
# not start, -k graceful and -k restart say it and leave the server alone, and a signal that
# makes it read them all the same is an error in its log. Nothing of it is judged by the
# clock or by a file.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my $glued = 'Redirect307Match ^/g/(.*)$ https://h.example$1';
my $plain = "Redirect307 /p /plain until=2039-01-01\n";
my @bad = (
    # name, what is written, what is said, how a start ends, how a server that runs goes on
    ['Require until refuse', "Redirect307Require until refuse\nRedirect307 /a /b\n$plain", qr{has no end, and Redirect307Require until asks for one; write until=}, qr{1 rule without a plan keeps the server from starting}],
    ['Require review refuse in a vhost', "<VirtualHost *:\@PORT\@>\nRedirect307Require review refuse\nRedirect307 /a /b\n$plain</VirtualHost>\n", qr{test\.conf:4: .*has no end and no review}, qr{1 rule without a plan keeps}],
    ['Require until refuse for a vhost', "Redirect307Require until refuse\n<VirtualHost *:\@PORT\@>\nRedirect307 /a /b\n$plain</VirtualHost>\n", qr{test\.conf:4: .*has no end}, qr{1 rule without a plan keeps}],
    ['Require until refuse in a <Location>', "<Location \"/a\">\nRedirect307Require until refuse\nRedirect307 /b\n</Location>\n$plain", qr{test\.conf:4: .*has no end}, qr{1 rule without a plan keeps}],
    ['Lint refuse', "Redirect307Lint refuse\n$glued\n$plain", qr{test\.conf:3: .*R307-A01}, qr{1 finding of Redirect307 keeps the server from starting}],
    ['Lint refuse in a vhost', "<VirtualHost *:\@PORT\@>\nRedirect307Lint refuse\n$glued\n$plain</VirtualHost>\n", qr{test\.conf:4: .*R307-A01}, qr{1 finding of Redirect307 keeps}],
    ['Lint refuse, rules in a circle', "<VirtualHost *:\@PORT\@>\nRedirect307Lint refuse\nRedirect307 /a /b\nRedirect307 /b /a\n$plain</VirtualHost>\n", qr{R307-A07}, qr{1 finding of Redirect307 keeps}],
    ['a bad rule', "Redirect307 /a /b qurey=1\n$plain", qr{'qurey=1' unknown option; did you mean query=}, undef],
    ['a bad rule in a vhost', "<VirtualHost *:\@PORT\@>\nRedirect307Match ^/a(b /x\n$plain</VirtualHost>\n", qr{does not compile}, undef],
    ['a bad map line', "Redirect307Map x.map format=xls\n$plain", qr{xls}, undef],
    ['a bad maintenance line', "Redirect307Maintenance down\n$plain", qr{Redirect307Maintenance: }, undef],
    ['a bad limit', "<Directory \"/srv\">\nRedirect307Limits targets=same\n</Directory>\n$plain", qr{'same' is no value here}, undef],
    ['a bad arena', "Redirect307Arena 3\n$plain", qr{'3' is no size}, undef],
    ['a bad value', "Redirect307By me\n$plain", qr{'me' is no value here}, undef],
);
my @signals = qw(USR1 HUP);
plan tests => @bad * (2 + 2 * 2 + 2 * @signals) + 16 + 10;

my $generation = 0;
my $server = own_server(text(''), only => ['dir']);
my $conf = "$server->{dir}/test.conf";

sub text
{
    my $more = shift;
    $more =~ s/\@PORT\@/$server->{port}/g;
    # in front, where the main server has it for every vhost
    return 'Redirect307 /generation /is/' . ++$generation . " until=2039-01-01\n$more";
}

sub ask
{
    my ($path, $of) = (@_, $server);
    my $reply = raw("GET $path HTTP/1.1\r\nHost: r.example\r\nConnection: close\r\n\r\n", port => $of->{port}, timeout => 10);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return 'no answer';
    my ($location) = each_header($reply, 'Location');
    return $code . (defined $location ? " -> $location" : '');
}

# Until the condition holds; a machine may be slow.
sub wait_for
{
    my $is = shift;
    my $until = time + 60;
    sleep 0.05 until $is->() || time > $until;
    return $is->();
}

# Every process has it by then, see reload.
sub is_at
{
    my $number = shift;
    my $last = '';
    return 1 if wait_for(sub { $last = ask('/generation'); return $last eq "307 -> /is/$number" });
    diag("not at $number, but: $last\n" . join "\n", (split /\n/, own_log($server))[-20 .. -1]);
    return 0;
}

# what the log has from the last mark on
my $mark = 0;
sub mark { $mark = -s "$server->{dir}/error_log"; return }
sub said_since { return substr own_log($server), $mark }

my $pid = $server->{pid};
for my $row (@bad) {
    my ($name, $written, $said, $ends) = @$row;
    put($conf, text(''));
    reload($server, 'graceful');
    is_at($generation) or diag("$name: the good configuration does not hold");
    my $good = $generation;
    put($conf, text($written));
    for my $command (qw(graceful restart)) {
        my ($exit, $output) = control($server, $command);
        ok($exit == 1 && $output =~ $said && (!$ends || $output =~ $ends), "$name: -k $command says it, and ends with 1") or diag("exit $exit\n$output");
        is(ask('/generation') . (kill(0, $pid) ? ', there' : ', gone'), "307 -> /is/$good, there", '... and the server runs as it did');
    }
    for my $signal (@signals) {
        put($conf, text($written));
        mark();
        reload($server, $signal);
        is(is_at($generation) ? ask('/p') . (kill(0, $pid) ? ', there' : ', gone') : 'not at it', '307 -> /plain, there', "$name: $signal: the server runs on, with what is right");
        ok(wait_for(sub { said_since() =~ /:error\][^\n]*(?:$said|goes on, and will not start again)/ && said_since() =~ $said && (!$ends || said_since() =~ /$ends[^\n]*goes on, and will not start again/) }),
           '... and has an error in its log') or diag(said_since());
    }

    # a start of its own, of the same text
    my %other = (%$server, dir => "$server->{dir}/start");
    (my $main = do { local (@ARGV, $/) = "$server->{dir}/httpd.conf"; <> }) =~ s{\Q$server->{dir}\E}{$other{dir}}g;
    put("$other{dir}/httpd.conf", $main);
    put("$other{dir}/test.conf", text($written));
    my ($exit, $output) = control(\%other, 'start');
    ok($exit == 1 && $output =~ $said && (!$ends || $output =~ $ends), "$name: -k start says it, and ends with 1") or diag("exit $exit\n$output");
    ok(!-e "$other{dir}/httpd.pid", '... and there is no server');
}

# a broken line does not hand its requests to a wider one
my $broken = <<'EOT';
Redirect307 /shop /new qurey=1
Redirect307Match ^/re/(\d+)$ /x/$2
Redirect307 /one /1 name=a
Redirect307 /two /2 name=a
<Location "/loc">
    Redirect307 /there bogus=1
</Location>
<Location "/loc2">
    Redirect307 /loc2/a /there bogus=1
</Location>
Redirect307 / https://n.example/
EOT
my %stays = ('/shop/x' => '404', '/re/1' => '404', '/re/a' => '307 -> https://n.example/re/a', '/one' => '307 -> /1', '/two/x' => '404',
             '/loc/y' => '404', '/loc2/a' => '404', '/loc2/b' => '307 -> https://n.example/loc2/b', '/other' => '307 -> https://n.example/other');
put($conf, text($broken));
mark();
reload($server, 'USR1');
is_at($generation);
is(ask($_), $stays{$_}, "a broken line stays where it is: $_") for sort keys %stays;
like(said_since(), qr{test\.conf:2: Redirect307: 'qurey=1' unknown option; did you mean query=\?; what it is for stays where it is; the server goes on without this line}, '... and the log says so');

# --- what is no refusal does not hinder anybody

my $open = <<"EOT";
Redirect307Require until refuse
Redirect307Lint refuse
Redirect307 /over /o until=2020-01-01
Redirect307 /due /d until=2039-01-01 review=2020-01-01
Redirect307 /plain http://h.example/ until=2039-01-01
Redirect307Map missing.map
Redirect307Map bad.map
$plain
EOT
put("$server->{dir}/bad.map", "/m /of/map until=2039-01-01\n/x /y qurey=1\n");
put($conf, text($open));
my ($exit, $output) = reload($server, 'graceful');
is($exit, 0, 'dates, notes and files: -k graceful') or diag($output);
ok(is_at($generation), '... takes it');
is(ask('/m'), '307 -> /of/map', '... with the map');
for my $signal (@signals) {
    put($conf, text($open));
    reload($server, $signal);
    ok(is_at($generation) && kill(0, $pid), "$signal, too");
}
like(own_log($server), qr{missing\.map cannot be opened: No such file or directory; the map has no rules}, 'a map that is missing is a warning in the log');

# httpd -t says what the start will say
($exit, $output) = conf_test("Redirect307Map missing.map\nRedirect307Map $server->{dir}/bad.map\nRedirect307Map $server->{dir}/bad.map\n<VirtualHost *:9>\nRedirect307Map other.csv\n</VirtualHost>\n");
is($exit, 0, '-t: a map that is missing or has bad lines is no error');
like($output, qr{:warn\].*DIR/test\.conf:1: Redirect307Map: DIR/missing\.map cannot be opened: No such file or directory; the map has no rules\n}, '... but told');
like($output, qr{test\.conf:5: Redirect307Map: DIR/other\.csv cannot be opened}, '... in a vhost, too');
my @bad_lines = $output =~ /bad\.map:2: 'qurey=1' unknown option/g;
is(scalar @bad_lines, 1, '... and its bad lines, once');
like($output, qr{Syntax OK}, '... before the syntax is found to be right');
chmod 0, put("$server->{dir}/secret.map", "/s /t\n");
($exit, $output) = conf_test("Redirect307Map $server->{dir}/secret.map\nRedirect307Map $server->{dir}\n");
ok($exit == 0 && $output =~ qr{test\.conf:1: Redirect307Map: \S+secret\.map cannot be opened: Permission denied; the map has no rules} || !$>, '-t: one that may not be read') or diag($output);
like($output, qr{test\.conf:2: Redirect307Map: \S+ is no plain file; the map has no rules}, '-t: one that is a directory');

# tenants are allowed nothing where what they are allowed cannot be read
put('running/.htaccess', "Redirect307 t /tenant\n", 100);
my $tenants = "<Directory \"${\root()}/running\">\nAllowOverride FileInfo\nRequire all granted\nRedirect307Limits %s\n</Directory>\n";
put($conf, text(sprintf $tenants, 'targets=same-site'));
reload($server, 'graceful');
is_at($generation);
is(ask('/running/t'), '307 -> /tenant', 'a limit that is right');
put($conf, text(sprintf $tenants, 'targets=same'));
reload($server, 'USR1');
is_at($generation);
is(ask('/running/t'), '404', 'one that cannot be read, in a server that runs on: no rule of a .htaccess is asked');
put($conf, text(sprintf $tenants, 'targets=same-site'));
reload($server, 'USR1');
is_at($generation);
is(ask('/running/t'), '307 -> /tenant', 'it is mended');

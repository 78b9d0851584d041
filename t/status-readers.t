# SPDX-License-Identifier: Apache-2.0
# needs no conf
# The metrics as others read them: Prometheus's own promtool, and the parser of OpenMetrics of its
# Python client, on servers with no rule, one, 300 with names, maps, tenants and names that hope to be
# taken for something else. Where they are not installed that part says so.
use strict;
use warnings FATAL => 'all';
use File::Temp ();
use R307;
use R307::Site;

plan tests => 33;

my $site = root() . '/readers';
my $evil = 'a"} 1\nredirect307_evil{x="\\\\';
put('readers/one.map', join('', map { "/sheet/$_ /leaf/$_\n" } 1 .. 30) . "no rule at all\n", 10);
put("readers/o\"dd }{.map", "/odd /there\n", 10);
put('readers/t/.htaccess', "Redirect307 /t/a https://far.example/\nRedirect307 /t/b\n", 10);
my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH} . ':/usr/bin';
my $python = system("python3 -c 'import prometheus_client.openmetrics.parser' >/dev/null 2>&1") == 0;
my $scratch = File::Temp->newdir;

my %conf = (
    'no rule' => '',
    'one rule' => "Redirect307 /a /b\n",
    '300 rules with names' => join('', map { "Redirect307 /old-$_ /new-$_ name=rule-$_\n" } 1 .. 300),
    'maps and hostile names' => "Redirect307 /a /b name=" . quoted($evil) . "\nRedirect307 /\xC3\xA9\xFF /b name=\xC3\xA9\xFF\n"
        . "Redirect307Map \"$site/one.map\"\nRedirect307Map " . quoted("$site/o\"dd }{.map") . "\n"
        . "Redirect307Map \"$site/none.map\"\nRedirect307Match ^/glued/(.*)\$ https://h.example\$1\n");

sub quoted { my $text = shift; $text =~ s/(["\\])/\\$1/g; return "\"$text\"" }

sub get
{
    my ($server, $path, @headers) = @_;
    my $reply = raw("GET $path HTTP/1.0\r\nHost: main.test\r\n" . join('', map { "$_\r\n" } @headers) . "\r\n", port => $server->{port}, timeout => 30);
    return (split /\r\n\r\n/, $reply, 2)[1] // '';
}

sub kept { my $text = shift; open my $out, '>:raw', "$scratch/text" or die "$scratch/text: $!\n"; print {$out} $text; close $out or die; return "$scratch/text" }

# What promtool says of it, but for advice about names.
sub promtool
{
    my $file = kept(shift);
    my $said = `$promtool check metrics < $file 2>&1`;
    return join "\n", grep { !/ metric names? should|no help text/ } split /\n/, $said;
}

# Families, samples and labels, as the client parses them.
sub parsed
{
    my $file = kept(shift);
    return `python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(open(sys.argv[1], encoding="utf-8", newline="").read()))
print(len(families), sum(len(f.samples) for f in families))
for f in families:
    for s in f.samples:
        print(s.name, sorted(s.labels.items()), s.value)
' $file 2>&1`;
}

for my $name ('no rule', 'one rule', '300 rules with names', 'maps and hostile names') {
    my $server = own_server(<<"EOT", only => ['dir']);
${\status_conf($site)}
$conf{$name}
EOT
    get($server, $_) for '/a', '/a', '/old-7', '/sheet/3', '/t/x', '/glued/.evil.example';
    my $text = get($server, '/redirects?metrics');
    my $open = get($server, '/redirects?metrics', 'Accept: application/openmetrics-text; version=1.0.0');
    my $names = () = $text =~ /^redirect307_rule_hits_total\{/mg;
    is($names, { 'no rule' => 0, 'one rule' => 0, '300 rules with names' => 200, 'maps and hostile names' => 2 }->{$name}, "$name: series of rules");
    like($text, qr{^redirect307_hits_total \d+$}m, "$name: there are metrics");
    unlike($text, qr{^redirect307_evil}m, "$name: nobody's name makes one");
    SKIP: {
        skip 'promtool is not installed', 2 unless $promtool;
        is(promtool($text), '', "$name: promtool has nothing against text 0.0.4");
        isnt(promtool("$text\nredirect307_hits_total{ 1\n"), '', "$name: and would have said so");
    }
    SKIP: {
        skip 'the Prometheus client for Python is not installed', 3 unless $python;
        my $said = parsed($open);
        like($said, qr{\A\d\d \d+\n}, "$name: OpenMetrics is parsed");
        my $samples = () = $open =~ /^redirect307_/mg;
        is(($said =~ /\A\d+ (\d+)/)[0], $samples, "$name: with all its samples");
        like(parsed($open =~ s/^# EOF\n//mr), qr{Error}, "$name: and not without its end");
        next unless $name eq 'maps and hostile names';
    }
    if ($name eq 'maps and hostile names') {
        SKIP: {
            skip 'the Prometheus client for Python is not installed', 1 unless $python;
            like(parsed($open), qr{redirect307_map_lines \[\('map', '\Q$site\E/o"dd \}\{\.map'\)\] 1$}m, 'a hostile name of a map is that name');
        }
    }
    stop_server($server);
}

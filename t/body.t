# SPDX-License-Identifier: Apache-2.0
# Nothing of a body is lost, waited for, or taken for a request: each shape of
# t/data/body.tsv, and behind it a marked request on the same connection.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;
use R307::Wire;
use Time::HiRes qw(sleep time);

my @rows = R307::Rows::read_table('body.tsv', as_is => ['steps']);
# Until 2.4.46 httpd takes the length from a chunked request before any module sees it, whatever it says, and keeps the
# connection.
my %unseen = ('te-length' => 1, 'length-te' => 1, 'te-length-bad' => 1);
if (!httpd_since('2.4.46')) {
    @$_{qw(status after)} = (307, 'keep') for grep { $unseen{ $_->{id} } } @rows;
}
# httpd 2.5 has no filter for the body yet when it makes its 417, waits for an end that it does not see, and answers nothing,
# with this module and without.
@rows = grep { $_->{id} ne 'expect-other' } @rows if httpd_since('2.5.0');
# The answers that are not made where `server` makes them, and what they say there.
my %places = (location => 307, directory => 307, login => 307, page => 307, text => 307, program => 307,
              gone => 410, 'refused-404' => 404);
my @later_places = grep { $_ ne 'program' } sort keys %places;
my $evil = "GET /smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n";

my $has_tls = -s vars('t_dir') . '/tls/server.pem' && have_module('ssl') && eval { require IO::Socket::SSL; 1 };
my $has_h2 = $has_tls && have_module('http2') && $ENV{R307_MPM} ne 'prefork';

sub over { my ($row, $what) = @_; return $row->{over} =~ /\b\Q$what\E\b/ }
# Those whose time is a server's own, or a row's alone, are asked in one place.
sub is_for_all_places
{
    my $row = shift;
    return $row->{status} == 307 && $row->{steps} !~ /\b(?:closed|wait|drip)\b/;
}

my @h1 = grep { over($_, 'h1') } @rows;
my @tls = grep { over($_, 'tls') } @rows;
my @h2 = grep { over($_, 'h2') } @rows;
my @placed = grep { is_for_all_places($_) } @h1;
my @untimed = grep { $_->{setting} ne 'timed' } @h1;
my @h2_placed = grep { $_->{setting} !~ /^(?:refused|unavailable)$/ } @h2;
my $times = 20;

plan tests => 3 + @h1 + @tls + @later_places * @placed + 4 + 1 + @untimed
    + @h2 + 3 * @h2_placed + 1 + 4 + 4 + 2;

put('body/page.html', "a page of ours\n");
put('body/no-users', '');
put("body/directory/$_/keep", '') for qw(ten plain);
put("body/login/$_/keep", '') for qw(ten plain);
chmod 0755, put('body/reads.cgi', <<'CGI');
#!/usr/bin/perl
# an ErrorDocument that reads its input to the end, as it may
my $read = read STDIN, my $body, 1_000_000;
print "Content-Type: text/plain\r\nX-Method: $ENV{REQUEST_METHOD}\r\n\r\nread ", $read || 0, "\n";
CGI
mark_log($_) for qw(body_access body_log error_log);

# ---- a row, as bytes --------------------------------------------------------------------

sub method_of { my ($method) = $_[0]{head} =~ /^(\S+)/; return $method }

sub path_of
{
    my ($row, $place) = @_;
    return "/$place/" . ($row->{setting} eq '-' ? 'plain' : $row->{setting}) . "/$row->{id}";
}

my %others = (
    other => "GET /server/plain/other HTTP/1.1\r\nHost: h\r\n\r\n",
    'other-post' => "POST /server/plain/other HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nGET ",
    'other-chunk' => "POST /server/plain/other HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\n\r\n",
);

sub filler { my $many = shift; return substr $evil x (1 + $many / length $evil), 0, $many }
sub chunk  { my $many = shift; return sprintf("%x\r\n", $many) . filler($many) . "\r\n" }

sub head
{
    my ($row, $place) = @_;
    my ($first, @headers) = split / && /, $row->{head};
    my ($method, $version) = split / /, $first;
    return "$method " . path_of($row, $place) . ' HTTP/' . ($version || '1.1') . "\r\nHost: h\r\n"
        . join('', map { "$_\r\n" } @headers) . "\r\n";
}

sub bytes
{
    my ($row, $place, $item) = @_;
    return head($row, $place) if $item eq 'head';
    return "GET /marker/$row->{id} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" if $item eq 'marker';
    return $others{$item} if $others{$item};
    return "\r\n" if $item eq 'crlf';
    return "0\r\n" if $item eq 'zero';
    return '' if $item eq 'last';
    return filler($1) if $item =~ /^fill:(\d+)$/;
    return chunk($1) if $item =~ /^chunk:(\d+)$/;
    return chunk($1) x $2 if $item =~ /^chunks:(\d+)x(\d+)$/;
    return $1 if $item =~ /^text:(.*)$/s;
    return "$2\r\n" x $1 if $item =~ /^lines:(\d+)x(.*)$/;
    die "body.tsv: $row->{id}: no step has '$item'\n";
}

# ---- one exchange -----------------------------------------------------------------------

sub location { my $answer = shift; my ($said) = $answer->{head} =~ /^Location: ([^\r\n]*)/mi; return $said }

sub says_close { return $_[0]{head} =~ /^Connection: .*\bclose\b/mi ? 1 : 0 }

# What is wrong with the row's own answer.
sub wrong_answer
{
    my ($row, $place, $answer) = @_;
    return 'no answer came' unless $answer;
    my $status = $place eq 'server' || $row->{status} != 307 ? $row->{status} : $places{$place};
    return "answered $answer->{status}, not $status" if $answer->{status} != $status;
    my $setting = $row->{setting} eq '-' ? 'plain' : $row->{setting};
    my $want = $status == 307 ? "/to/$setting/$row->{id}" : '';
    my $said = location($answer);
    return "Location '" . ($said // '') . "', not '$want'" if ($said // '') ne $want;
    my $text = { page => 'a page of ours', text => 'a text of ours', program => 'read 0' }->{$place};
    return "not the page of ErrorDocument: $answer->{body}"
        if $text && $status == 307 && method_of($row) ne 'HEAD' && $answer->{body} !~ /\Q$text\E/;
    return "a second answer in its body: $answer->{body}" if $answer->{body} =~ m{HTTP/1\.[01] \d};
    my $is_close = says_close($answer);
    return 'Connection: close' if $is_close && $row->{after} =~ /^(?:keep|drop)$/;
    return 'no Connection: close' if !$is_close && $row->{after} eq 'close';
    return;
}

sub other_answers
{
    my ($wire, $many) = @_;
    for (1 .. $many) {
        my $answer = $wire->answer;
        return 'no answer to what was before' unless $answer;
        return 'a wrong answer to what was before' unless (location($answer) // '') eq '/to/plain/other';
    }
    return;
}

sub after
{
    my ($row, $wire, $answer) = @_;
    my $is_kept = $row->{after} eq 'keep' || ($row->{after} eq 'any' && !says_close($answer));
    if ($is_kept) {
        my $marker = $wire->answer or return 'the marker got no answer';
        return "the marker got $marker->{status} " . (location($marker) // '')
            unless (location($marker) // '') eq "/to/marker/$row->{id}";
    }
    my $rest = $wire->rest;
    return 'the connection stays open' unless defined $rest;
    return 'something follows: ' . substr($rest, 0, 200) if length $rest;
    return;
}

# undef when all is as it should be, else what is not.
sub exchange
{
    my ($row, $place, %with) = @_;
    my $wire = R307::Wire->open(%with);
    my ($answer, $wrong, $is_marked, $is_read, $others) = (undef, undef, 0, 0, 0);
    my $read = sub {
        $is_read = 1;
        $wrong = other_answers($wire, $others) and return;
        $answer = $wire->answer(method_of($row));
        $wrong = wrong_answer($row, $place, $answer);
    };
    for my $step (split / ;; /, $row->{steps}) {
        my ($verb, @items) = map { R307::Rows::unescape($_) } split / /, $step;
        my $pause = $verb eq 'drip' || $verb eq 'wait' ? shift(@items) / 1000 : 0;
        $others += grep { /^other/ } @items;
        $is_marked = 1 if grep { $_ eq 'marker' } @items;
        my $text = join '', map { bytes($row, $place, $_) } @items;
        if ($verb eq 'send')      { $wire->send($text) }
        elsif ($verb eq 'drip')   { $wire->drip($pause, $text) }
        elsif ($verb eq 'wait')   { sleep $pause }
        elsif ($verb eq 'shut')   { $wire->shut }
        elsif ($verb eq 'answer') { $read->() }
        elsif ($verb eq 'closed') {
            my $rest = $wire->rest;
            return 'the server does not close' unless defined $rest;
            return "something follows: $rest" if length $rest;
        }
        else { die "body.tsv: $row->{id}: no step is '$verb'\n" }
        return $wrong if $wrong;
    }
    $wire->send(bytes($row, $place, 'marker')) if !$is_marked && $row->{after} ne 'end';
    $read->() unless $is_read;
    $wrong ||= after($row, $wire, $answer);
    $wire->close;
    return $wrong;
}

sub check
{
    my ($row, $place, $over, %with) = @_;
    my $wrong = exchange($row, $place, %with);
    return ok(!$wrong, "$over, $place, $row->{id}: $row->{why}") || diag($wrong);
}

# ---- the table --------------------------------------------------------------------------

my %known = map { $_->{id} => 1 } @rows;
ok(@rows >= 60, 'at least 60 shapes: ' . @rows);
is(scalar keys %known, scalar @rows, 'every one with a name of its own');
ok(!(grep { $_->{after} !~ /^(?:keep|close|drop|end|any)$/ } @rows), 'and all say what is to come');

sub port_of { my ($row, $tls) = @_; return port('body' . ($row->{setting} eq 'timed' ? '_timed' : '') . ($tls ? '_tls' : '')) }

check($_, 'server', 'h1', port => port_of($_)) for @h1;
SKIP: {
    skip 'no TLS here', scalar @tls unless $has_tls;
    check($_, 'server', 'tls', port => port_of($_, 1), tls => 1) for @tls;
}
for my $place (@later_places) {
    check($_, $place, 'h1', port => port_of($_)) for @placed;
}

# ---- an ErrorDocument that reads --------------------------------------------------------

my %by_id = map { $_->{id} => $_ } @rows;
for my $id (qw(ten ten-late chunk over)) {
    check($by_id{$id}, 'program', 'h1', port => port_of($by_id{$id}));
}

# ---- without mod_reqtimeout, the drain set for the whole server -------------------------

{
    my $macro = do { open my $in, '<', vars('t_dir') . '/conf/body.conf' or die "body.conf: $!\n"; local $/; <$in> };
    my ($text) = $macro =~ m{(<Macro R307Body.*?</Macro>)}s or die "no macro in body.conf\n";
    my $server = own_server("TypesConfig /dev/null\n$text\nRedirect307Drain 64K 1min\nUse R307Body \"" . root() . "/body\"\n",
                            without => ['reqtimeout', 'cache', 'cache_disk']);
    unlike(module_lines(without => ['reqtimeout']), qr/reqtimeout/, 'a server without mod_reqtimeout');
    check($_, 'server', 'without mod_reqtimeout', port => $server->{port}) for @untimed;
}

# ---- a connection that is closed holds a thread for 2 s, where it holds one -------------

SKIP: {
    skip 'event needs no thread to linger', 2 if $ENV{R307_MPM} eq 'event';
    my %wires = map { ($_ => R307::Wire->open(port => port('body'))) } qw(plain refused);
    my %length = (plain => 100_000, refused => 50_000);     # above and below the drain
    for my $setting (sort keys %wires) {
        $wires{$setting}->send("POST /server/$setting/linger HTTP/1.1\r\nHost: h\r\nContent-Length: $length{$setting}\r\n\r\n");
        $wires{$setting}->answer;
    }
    # httpd's own time is 30 s
    my $until = time + 25;
    my %is_over;
    while (keys %is_over < 2 && time < $until) {
        sleep 0.05;
        $wires{$_}->send('x') or $is_over{$_} = 1 for grep { !$is_over{$_} } keys %wires;
    }
    ok($is_over{$_}, "$_: a client that sends on does not hold it") for sort keys %wires;
}

# ---- HTTP/2 -----------------------------------------------------------------------------

sub program
{
    my $name = shift;
    return (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0];
}

sub h2_row
{
    my ($row, $place) = @_;
    my ($first, @headers) = split / && /, $row->{head};
    my %headers = (':method' => $first, ':path' => path_of($row, $place),
                   map { my ($name, $value) = split /: ?/, $_, 2; (lc $name => $value) } @headers);
    my $want = $place eq 'server' || $row->{status} != 307 ? $row->{status} : $places{$place};
    my $setting = $row->{setting} eq '-' ? 'plain' : $row->{setting};
    return { id => $row->{id}, place => $place, steps => $row->{steps}, headers => \%headers, want => $want + 0,
             location => $want == 307 ? "/to/$setting/$row->{id}" : '' };
}

SKIP: {
    my $node = program('node');
    my $many = @h2 + 3 * @h2_placed + 1;
    skip 'no HTTP/2 in this MPM', $many unless $has_h2;
    skip 'no node here', $many unless $node;
    require JSON::PP;
    my @work = map { h2_row($_, 'server') } @h2;
    for my $place (qw(page text directory)) {
        push @work, map { h2_row($_, $place) } @h2_placed;
    }
    my $file = put('../h2-shapes.json', JSON::PP->new->canonical->encode({ port => port('body_tls'), rows => \@work }));
    open my $out, '-|', $node, vars('t_dir') . '/lib/clients/h2-shapes.js', $file or die "node: $!\n";
    my $ran = 0;
    while (my $line = <$out>) {
        chomp $line;
        my ($verdict, $name, $wrong) = split /\t/, $line;
        ok($verdict eq 'ok', "h2, $name") or diag($wrong);
        $ran++;
    }
    close $out;
    fail("h2: a row did not run") for $ran + 1 .. @work + 1;
}

# 1 MiB, twenty times: curl 7.88 loses an answer that comes with a reset too early.
SKIP: {
    my $curl = program('curl');
    skip 'no HTTP/2 in this MPM', 4 unless $has_h2;
    skip 'no curl with HTTP/2 here', 4 unless $curl && `$curl --version` =~ /HTTP2/;
    my $file = put('../mebibyte', filler(1_048_576));
    for my $place ('server', 'page') {
        for my $with ("--data-binary \@$file", "-T $file") {
            my $said = join ' ', map { `$curl -sk --http2 -o /dev/null -w '%{http_code}/%{http_version}' $with https://127.0.0.1:@{[port('body_tls')]}/$place/plain/curl` } 1 .. $times;
            is($said, join(' ', ('307/2') x $times), "curl $with over h2, $place, $times times");
        }
    }
}

# ---- what was not done ------------------------------------------------------------------

answer('/marker/last', vhost => 'body');
logged(qr{/marker/last}, 'the access log is read', 'body_access');
my $log = log_since_mark('body_access');
unlike($log, qr/smuggled/, 'not one byte of a body became a request');
my $error_log = log_since_mark('body_log') . log_since_mark('error_log');
unlike($error_log, qr/smuggled/, 'nor is one in the error log');
unlike($error_log, qr/:(?:error|crit|alert|emerg)\]/, 'which has no error');

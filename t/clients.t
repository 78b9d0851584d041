# SPDX-License-Identifier: Apache-2.0
# Real clients, and what reaches the target when they follow: method, every byte of the
# body, its type. /echo writes down what it got (t/lib/clients/echo.cgi).
use strict;
use warnings FATAL => 'all';
use Digest::SHA;
use JSON::PP;
use R307;
use R307::Site;
use Time::HiRes qw(sleep time);

my $dir = root() . '/clients';
my $lib = vars('t_dir') . '/lib/clients';
my $json = JSON::PP->new->canonical;
my $has_tls = -s vars('t_dir') . '/tls/server.pem' && have_module('ssl');
my $has_h2 = $has_tls && have_module('http2') && $ENV{R307_MPM} ne 'prefork';
my $here = 'http://127.0.0.1:' . port('clients');
my $other = 'http://127.0.0.1:' . port('clients_other');
my $secure = $has_tls ? 'https://127.0.0.1:' . port('clients_tls') : '';
my $type = 'application/x-r307';

my @sizes = (0, 1, 65_536, 65_537, 8 * 1_048_576);
my $gib = 1_073_741_824;
my @methods = qw(POST PUT PATCH DELETE);
my %statuses = (
    # what a client makes of a POST and of a PUT with a body: the method that arrives, and
    # "+" when the body does, too
    curl     => { 301 => 'GET PUT+', 302 => 'GET PUT+', 303 => 'GET GET', 307 => 'POST+ PUT+', 308 => 'POST+ PUT+' },
    lwp      => { 301 => 'POST+ PUT+', 302 => 'GET GET', 303 => 'GET GET', 307 => 'POST+ PUT+', 308 => 'POST+ PUT+' },
    node     => { 301 => 'GET PUT+', 302 => 'GET PUT+', 303 => 'GET GET', 307 => 'POST+ PUT+', 308 => 'POST+ PUT+' },
    chromium => { 301 => 'GET PUT+', 302 => 'GET PUT+', 303 => 'GET GET', 307 => 'POST+ PUT+', 308 => 'POST+ PUT+' },
);

# ---- cases ------------------------------------------------------------------------------

my $count = 0;
my %cases;          # by client

# What a client is to do, and what is to arrive; nothing said: the same, by 200.
sub want
{
    my ($client, %case) = @_;
    my $case = { client => $client, id => sprintf('%s-%03d', $client, ++$count), type => $type, arrives => 1,
                 told => '200', %case };
    $case->{url} .= ($case->{url} =~ /\?/ ? '&' : '?') . "id=$case->{id}";
    push @{ $cases{$client} }, $case;
    return $case;
}

sub for_all_sizes
{
    my ($client, $base, @more) = @_;
    for my $method (@methods) {
        want($client, url => "$base/go/307", method => $method, size => $_, @more) for @sizes;
    }
    return;
}

sub for_all_statuses
{
    my $client = shift;
    for my $status (sort keys %{ $statuses{$client} }) {
        my ($post, $put) = split / /, $statuses{$client}{$status};
        for my $pair ([POST => $post], [PUT => $put]) {
            my ($method, $arrives) = @$pair;
            my $is_kept = $arrives =~ s/\+$//;
            want($client, url => "$here/go/$status", method => $method, size => 1000,
                 want_method => $arrives, $is_kept ? () : (is_lost => 1));
        }
    }
    return;
}

for_all_sizes(curl => $here);
want('curl', url => "$here/go/307", method => $_, size => 1000, by => 'pipe') for qw(PUT POST);
want('curl', url => "$here/go/307", method => 'POST', size => $_, by => 'expect') for 1000, 8 * 1_048_576;
want('curl', url => "$here/go/page", method => 'POST', size => $_) for 10, 8 * 1_048_576;
want('curl', url => "$here/login/go", method => 'POST', size => 1000);
want('curl', url => "$here/go/307", method => 'POST', by => 'form', type => 'application/x-www-form-urlencoded',
     content => 'name=Ada+L&note=a%26b');
want('curl', url => "$here/go/307", method => 'POST', size => 1000, by => 'multipart', type => 'multipart/form-data');
want('curl', url => "$here/go/307", method => 'POST', size => 1000, by => 'user', authorization => 'kept');
want('curl', url => "$here/away", method => 'POST', size => 1000, by => 'user', authorization => 'dropped');
for_all_statuses('curl');
if ($has_h2) {
    # not more than one window: curl 7.88 reads no more of its connection once an answer is
    # complete, so none that says where to go on (docs/body.md)
    for my $method (@methods) {
        want('curl', url => "$secure/go/307", method => $method, size => $_, protocol => 'HTTP/2.0') for 0, 1, 65_535;
    }
    want('nghttp', url => "$secure/go/307", method => $_->[0], size => $_->[1], protocol => 'HTTP/2.0')
        for map { my $method = $_; map { [$method, $_] } @sizes } @methods;
}

for_all_sizes(python => $here);
# urllib as it is makes a GET of a POST, and an error of everything that has to be sent again
for my $status (301, 302, 303, 307, 308) {
    my $is_get = $status < 307;
    want('python', url => "$here/go/$status", method => 'POST', size => 1000, kind => 'urllib',
         $is_get ? (want_method => 'GET', is_lost => 1) : (arrives => 0, told => "HTTPError $status"));
    want('python', url => "$here/go/$status", method => 'PUT', size => 1000, kind => 'urllib', arrives => 0,
         told => "HTTPError $status");
}
want('python', url => "$here/go/307", method => 'GET', size => 0, kind => 'urllib');

for_all_sizes(lwp => $here);
want('lwp', url => "$here/go/307", method => 'POST', size => 1000, by => 'as it is', arrives => 0, told => '307');
for_all_statuses('lwp');

for_all_sizes(node => $here);
want('node', url => "$here/go/307", method => 'POST', size => 1000, headers => { authorization => 'Bearer abc' }, authorization => 'kept');
want('node', url => "$here/away", method => 'POST', size => 1000, headers => { authorization => 'Bearer abc' }, authorization => 'dropped');
for_all_statuses('node');

for_all_sizes(chromium => $here);
for_all_statuses('chromium');
want('chromium', url => "$here/go/307", method => 'POST', kind => 'form', type => 'application/x-www-form-urlencoded',
     fields => { name => 'Ada L', note => 'a&b=c' }, content => 'name=Ada+L&note=a%26b%3Dc');
want('chromium', url => "$here/go/307", method => 'POST', kind => 'form', type => 'multipart/form-data',
     fields => { name => 'Ada' }, size => $_, is_upload => 1) for 1, 65_537, 8 * 1_048_576;
# to another origin by our redirect: the target is asked by a preflight first
want('chromium', url => "$here/away", method => 'PUT', size => 65_537, headers => { 'X-Custom' => 'yes' }, custom => 'yes');
want('chromium', url => "$here/away", method => 'POST', size => 1000, headers => { Authorization => 'Bearer abc' }, authorization => 'dropped');
want('chromium', url => "$here/go/307", method => 'POST', size => 1000, headers => { Authorization => 'Bearer abc' }, authorization => 'kept');
want('chromium', url => "$here/away", method => 'POST', kind => 'form', type => 'application/x-www-form-urlencoded',
     fields => { q => 'x' }, content => 'q=x', told => 'shown');
# from another origin: the preflight passes our rule, the PUT is redirected
want('chromium', url => "$other/api", method => 'PUT', size => 65_537, headers => { 'X-Custom' => 'yes' }, custom => 'yes');
want('chromium', url => "$other/api", method => 'DELETE', size => 1);

if (full(0, 1)) {
    want('curl', url => "$here/go/307", method => 'PUT', size => $gib);
    want('curl', url => "$here/go/307", method => 'PUT', size => $gib, by => 'expect');
    want('nghttp', url => "$secure/go/307", method => 'PUT', size => $gib, protocol => 'HTTP/2.0') if $has_h2;
    want($_, url => "$here/go/307", method => 'PUT', size => $gib) for qw(python node chromium);
}

my @all_cases = map { @$_ } values %cases;
plan tests => @all_cases + 7;

# ---- files ------------------------------------------------------------------------------

my %sums;

sub file_of
{
    my $size = shift;
    my $file = "$dir/bodies/$size";
    return $file if $sums{$size};
    my $sum = Digest::SHA->new(256);
    if ($size == $gib) {
        # as a browser makes it: the same MiB again and again, and no disk is used for it
        my $piece = do { open my $in, '<:raw', file_of(1_048_576) or die "$!\n"; local $/; <$in> };
        open my $out, '>:raw', $file or die "$file: $!\n";
        for (1 .. 1024) {
            print $out $piece;
            $sum->add($piece);
        }
        close $out or die "$file: $!\n";
    }
    else {
        my $text = substr join('', map { sprintf "%015d\n", $_ } 0 .. $size / 16), 0, $size;
        put($file, $text);
        $sum->add($text);
    }
    $sums{$size} = $sum->hexdigest;
    return $file;
}

sub slurp
{
    my $file = shift;
    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in>;
}

for my $name (qw(echo.cgi done.cgi)) {
    (my $text = slurp("$lib/$name")) =~ s/^#!\S+/#!$^X/;
    chmod 0755, put("clients/$name", $text);
}
put('clients/browser.html', slurp("$lib/browser.html"));
put('clients/moved.html', "it has moved\n");
put('clients/login/keep', '');
for my $case (@all_cases) {
    $case->{file} = file_of($case->{size}) if defined $case->{size};
}
file_of(1_048_576);
remove('clients/echo.log', 'clients/done.json');
mark_log('error_log');

# ---- what arrived -----------------------------------------------------------------------

sub arrived
{
    my %by_id;
    for my $line (split /\n/, slurp("$dir/echo.log")) {
        my $told = $json->decode($line);
        push @{ $by_id{ $told->{id} } }, $told unless $told->{method} eq 'OPTIONS';
    }
    return \%by_id;
}

# What is wrong with what arrived, or undef.
sub wrong
{
    my ($case, $arrived, $told) = @_;
    return 'the client said: ' . ($told // 'nothing') if ($told // '') ne $case->{told};
    my @all = @{ $arrived || [] };
    return $case->{arrives} ? 'nothing arrived' : undef unless @all;
    return 'it arrived, and more than once: ' . $json->encode(\@all) if @all > 1 || !$case->{arrives};
    my $got = $all[0];
    my $method = $case->{want_method} || $case->{method};
    return "$got->{method} arrived, not $method" if $got->{method} ne $method;
    if ($case->{is_upload}) {
        return "as $got->{type}" if $got->{type} !~ m{^multipart/form-data; boundary=};
        return 'another file arrived: ' . $json->encode($got)
            if ($got->{file_length} // -1) != $case->{size} || $got->{file_sha256} ne $sums{$case->{size}}
                || $got->{file} ne 'picture.png';
        return;
    }
    my $size = $case->{is_lost} ? 0 : defined $case->{content} ? length $case->{content} : $case->{size};
    my $sum = $case->{is_lost} ? Digest::SHA::sha256_hex('')
        : defined $case->{content} ? Digest::SHA::sha256_hex($case->{content}) : $sums{$case->{size}};
    if (($case->{by} // '') ne 'multipart') {
        return "$got->{length} bytes arrived, not $size" if $got->{length} != $size;
        return 'other bytes arrived' if $got->{sha256} ne $sum;
    }
    else {
        return 'another file arrived' if ($got->{file_sha256} // '') ne $sum;
    }
    return "its type is '$got->{type}'" if !$case->{is_lost} && $size && $got->{type} !~ /^\Q$case->{type}\E(?:;|$)/;
    return "over $got->{protocol}" if $case->{protocol} && $got->{protocol} ne $case->{protocol};
    return "X-Custom is '$got->{custom}'" if $case->{custom} && $got->{custom} ne $case->{custom};
    return if !$case->{authorization};
    my $has = $got->{authorization} ne '' ? 'kept' : 'dropped';
    return $has eq $case->{authorization} ? undef : "Authorization was $has";
}

# The same request without us: to the target itself, or by httpd's own redirect where the
# status changes the method. undef: there is none.
sub control_of
{
    my $case = shift;
    my ($base, $status) = $case->{url} =~ m{^(\w+://[^/]+)/go/(30\d)\?} or return;
    return { %$case, id => "$case->{id}-alone",
             url => $base . ($status < 307 ? "/stock/$status" : '/echo') . "?id=$case->{id}-alone" };
}

my (%held, %excused);       # by what is promised: the clients that show it, and that cannot

sub promise_of
{
    my $case = shift;
    my ($status) = $case->{url} =~ m{/go/(\w+)} or return '';
    return join ' ', $status, $case->{method}, $case->{size} ? 'with a body' : 'with an empty body';
}

# told: by id, what the client said. What it does not even without us is a fault of that
# version, which is said; another client must hold the promise then (see the end).
sub check_all
{
    my ($client, $path, $run) = @_;
    my $told = $run->($path, $cases{$client});
    my $arrived = arrived();
    my %wrong = map { $_->{id} => scalar wrong($_, $arrived->{ $_->{id} }, $told->{ $_->{id} }) } @{ $cases{$client} };
    my %control = map { $_->{id} => control_of($_) } grep { $wrong{ $_->{id} } && control_of($_) } @{ $cases{$client} };
    my $alone = %control ? $run->($path, [map { $control{$_} } sort keys %control]) : {};
    $arrived = arrived() if %control;
    for my $case (@{ $cases{$client} }) {
        my ($wrong, $control) = ($wrong{ $case->{id} }, $control{ $case->{id} });
        my ($where) = $case->{url} =~ m{//[^/]+([^?]*)};
        my $own = $control && wrong($control, $arrived->{ $control->{id} }, $alone->{ $control->{id} });
        if ($own && $own eq $wrong) {
            note('a fault of ', version_of($client, $path), ", without a redirect too: $case->{method} of $case->{size} bytes: $own");
            $excused{ promise_of($case) }{$client} = 1;
            $wrong = undef;
        }
        elsif (!$wrong) {
            $held{ promise_of($case) }{$client} = 1;
        }
        ok(!$wrong, "$client: $case->{method} " . ($case->{size} // 'form') . ' ' . ($case->{by} || $case->{kind} || '')
           . ($case->{url} =~ /^https/ ? ' h2' : '') . " $where") or diag("$case->{id}: $wrong");
    }
    return;
}

sub version_of
{
    my ($client, $path) = @_;
    return "LWP $LWP::UserAgent::VERSION" if $client eq 'lwp';
    my ($said) = split /\n/, `'$path' --version 2>/dev/null`;
    return "$client " . ($said // '');
}

sub program { my $name = shift; return (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0] }

sub with_client
{
    my ($client, $path, $run) = @_;
    my $many = @{ $cases{$client} || [] } or return;
    SKIP: {
        last SKIP if $path;
        # ./setup test installs them all, and --require means it
        skip "no $client here", $many unless $ENV{R307_REQUIRE};
        fail("no $client here") for 1 .. $many;
    }
    check_all($client, $path, $run) if $path;
    return;
}

# Lines of "id, tab, what it said".
sub run_script
{
    my ($client, $work, @command) = @_;
    my $file = put("../clients-$client.json", $json->encode($work));
    open my $out, '-|', @command, $file or die "$command[0]: $!\n";
    my %told = map { chomp; split /\t/, $_, 2 } <$out>;
    close $out;
    return \%told;
}

# ---- curl -------------------------------------------------------------------------------

sub curl
{
    my ($curl, $case) = @_;
    my $by = $case->{by} || '';
    my @with = ('-sSkL', '-o', '/dev/null', '-w', '%{http_code}');
    my $is_file = $case->{method} eq 'PUT' || ($case->{size} // 0) > 100_000_000;
    push @with, '-H', "Content-Type: $case->{type}" if $by !~ /^(?:form|multipart)$/;
    push @with, '-H', 'Expect: 100-continue' if $by eq 'expect';
    push @with, '-u', 'ada:secret' if $by eq 'user';
    push @with, '--http2' if $case->{url} =~ /^https/;
    push @with, $by eq 'multipart' ? ('-F', "upload=\@$case->{file}")
        : $by eq 'pipe' ? ('-T', '-')
        : $by eq 'form' ? ('--data', $case->{content})
        : $is_file ? ('-T', $case->{file}) : ('--data-binary', "\@$case->{file}");
    # -X is said again after every redirect, so only where nothing else says it
    push @with, '-X', $case->{method} if $case->{method} ne ($is_file || $by eq 'pipe' ? 'PUT' : 'POST');
    push @with, $case->{url};
    my $in = $by eq 'pipe' ? "$case->{file}" : '/dev/null';
    my $pid = open my $out, '-|';
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        # a pipe, and no file that curl could read twice
        if ($by eq 'pipe') {
            open STDIN, '-|', 'cat', $in or die "$in: $!\n";
        }
        else {
            open STDIN, '<', $in or die "$in: $!\n";
        }
        exec $curl, @with or die "$curl: $!\n";
    }
    my $said = do { local $/; <$out> };
    close $out;
    return $said;
}

with_client('curl', program('curl'), sub {
    my ($curl, $work) = @_;
    return { map { ($_->{id} => curl($curl, $_)) } @$work };
});

# ---- nghttp, which follows nothing: asked again with what it was told --------------------

with_client('nghttp', program('nghttp'), sub {
    my ($nghttp, $work) = @_;
    my %told;
    for my $case (@$work) {
        my ($url, $said) = ($case->{url}, '');
        for (1 .. 2) {
            open my $out, '-|', 'sh', '-c', 'exec "$0" "$@" 2>/dev/null', $nghttp, '-nv', '-d', $case->{file}, '-H', ":method: $case->{method}",
                '-H', "content-type: $case->{type}", $url or die "$nghttp: $!\n";
            my $frames = do { local $/; <$out> };
            close $out;
            $frames =~ s/\e\[[\d;]*m//g;
            ($said) = $frames =~ /recv .*?:status: (\d+)/;
            my ($location) = $frames =~ /recv .*?location: (\S+)/ or last;
            $url = $secure . $location;
        }
        $told{ $case->{id} } = $said;
    }
    return \%told;
});

# ---- Python, node ------------------------------------------------------------------------

with_client('python', program('python3'), sub { return run_script('python', $_[1], $_[0], "$lib/python.py") });
with_client('node', program('node'), sub { return run_script('node', $_[1], $_[0], "$lib/node.js") });

# ---- LWP --------------------------------------------------------------------------------

with_client('lwp', 'here', sub {
    my (undef, $work) = @_;
    require LWP::UserAgent;
    my %told;
    for my $case (@$work) {
        my $agent = LWP::UserAgent->new(timeout => 60, env_proxy => 0,
            ($case->{by} || '') eq 'as it is' ? () : (requests_redirectable => [qw(GET HEAD), @methods]));
        my $request = HTTP::Request->new($case->{method}, $case->{url}, ['Content-Type' => $case->{type}], slurp($case->{file}));
        $request->header('Content-Length' => $case->{size});
        $told{ $case->{id} } = $agent->request($request)->code;
    }
    return \%told;
});

# ---- Chromium ---------------------------------------------------------------------------

sub chromium
{
    my ($chromium, $work) = @_;
    put('clients/cases.json', $json->encode($work));
    remove('clients/done.json');
    my $home = stage() . '/chromium';
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', stage() . '/chromium.log';
        open STDERR, '>&', \*STDOUT;
        exec $chromium, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', "--user-data-dir=$home",
            '--no-first-run', '--no-default-browser-check', '--disable-background-networking', '--disable-sync',
            '--disable-component-update', '--disable-default-apps', '--disable-extensions', '--no-proxy-server',
            "$here/browser.html"
            or POSIX::_exit(127);
    }
    # as long as something arrives, it is at work, however slow the machine
    my ($until, $size) = (0, -1);
    while (!-s "$dir/done.json" && waitpid($pid, POSIX::WNOHANG()) == 0) {
        my $now = -s "$dir/echo.log" || 0;
        $until = time + full(120, 400) if $now != $size;
        $size = $now;
        last if time > $until;
        sleep 0.1;
    }
    kill 'TERM', -$pid;
    my $gone = time + 5;
    sleep 0.05 while waitpid($pid, POSIX::WNOHANG()) == 0 && time < $gone;
    kill 'KILL', -$pid;
    my $text = slurp("$dir/done.json") or diag(substr slurp(stage() . '/chromium.log'), -2000);
    return $text ? $json->decode($text) : {};
}

with_client('chromium', program('chromium') || program('chromium-browser'), \&chromium);

my @alone = grep { my $promise = $_; !grep { !$excused{$promise}{$_} } keys %{ $held{$promise} || {} } } sort keys %excused;
is("@alone", '', 'what a client cannot do by itself, another one shows');

# ---- across origins ---------------------------------------------------------------------

SKIP: {
    my @all = map { $json->decode($_) } split /\n/, slurp("$dir/echo.log");
    my @preflights = grep { $_->{method} eq 'OPTIONS' } @all;
    skip 'no chromium here', 2 unless grep { $_->{id} =~ /^chromium/ } @all;
    my ($away) = grep { $_->{id} =~ /^chromium/ && $_->{custom} eq 'yes' && $_->{method} eq 'PUT' } @all;
    ok((grep { $_->{id} eq $away->{id} } @preflights), 'a fetch that our redirect leads to another origin asks it first');
    is($away->{origin}, $here, 'and says where it comes from');
}
is(scalar(grep { length } map { $_->{cookie} } map { @$_ } values %{ arrived() }), 0, 'no cookie was invented');

# ---- the server's side ------------------------------------------------------------------

SKIP: {
    my $parent = slurp(vars('t_logs') . '/httpd.pid');
    skip 'AddressSanitizer keeps what was freed', 1 if vars('httpd') =~ /-asan$/;
    skip 'no /proc here', 1 unless $parent =~ /(\d+)/ && -r "/proc/$1/status";
    my ($pid, $most) = ($1, 0);
    for my $status (glob '/proc/[0-9]*/status') {
        my $text = slurp($status);
        next unless $text =~ /^PPid:\s+$pid$/m && $text =~ /^VmHWM:\s+(\d+) kB/m;
        $most = $1 if $1 > $most;
    }
    cmp_ok($most, '<', 200_000, "no server process ever held much: $most kB");
}
my $log = log_since_mark('error_log');
unlike($log, qr/:(?:crit|alert|emerg)\]/, 'the log has nothing grave');
unlike($log, qr/\[redirect307:(?:warn|error)\]/, 'and nothing of ours');

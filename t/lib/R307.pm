# SPDX-License-Identifier: Apache-2.0
#
# What the end-to-end tests say. One call is one check. `use R307;` brings Test::More,
# have_module, httpd_since, and the functions below; nothing here follows a redirect.
package R307;

use strict;
use warnings FATAL => 'all';
use parent 'Exporter';
use Apache::Test ();
use Apache::TestConfig ();
use Apache::TestRequest ();
use IO::Select;
use IO::Socket::INET;
use R307::Apxs;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = (@Test::More::EXPORT, qw(
    answer redirects_to passes refused mark_log logged not_logged log_since_mark
    soon raw port host vars have_module httpd_since full seed once));

my $config = Apache::Test::config();

sub vars        { return $config->{vars}{$_[0]} }
sub have_module { return Apache::Test::have_module(@_) }
# httpd_since('2.4.41'): that, or a later one
sub httpd_since { return Apache::Test::have_min_apache_version($_[0]) }

# --full asks for the full counts: full(50, 1000) is 50, or 1000 with --full.
sub full { my ($few, $many) = @_; return $ENV{R307_FULL} ? $many : $few }

# once(): the rest of the file is run in one MPM of those that are asked for, which its name
# chooses, so that each has its share; with --full in each. What it asks knows nothing of MPMs.
sub once
{
    my @mpms = split ' ', $ENV{R307_MPMS};
    my ($name) = $0 =~ m{([^/]+)$};
    my $one = $mpms[unpack('%32C*', $name) % @mpms];
    return if $ENV{R307_MPM} eq $one || $ENV{R307_FULL};
    plan(skip_all => "no MPM has a part in it; run in $one");
    return;
}

# Generated input starts from here, so that a failure can be repeated.
sub seed { return $ENV{R307_SEED} || 307 }

sub host { return $config->{vars}{servername} }

# The main server's port, or that of the <VirtualHost NAME> Apache::Test gave one.
sub port
{
    my $name = shift;
    return $config->{vars}{port} unless defined $name;
    my $vhost = $config->{vhosts}{$name} or die "no <VirtualHost $name> in t/conf\n";
    return $vhost->{port};
}

# answer($path, method => 'POST', content => ..., headers => {...}, vhost => 'name'):
# the HTTP::Response, redirects not followed.
sub answer
{
    my ($path, %with) = @_;
    my $headers = $with{headers} || {};
    my $request = HTTP::Request->new($with{method} || 'GET',
        'http://' . host() . ':' . port($with{vhost}) . $path);
    $request->header($_ => $headers->{$_}) for sort keys %$headers;
    if (defined $with{content}) {
        $request->content($with{content});
        $request->header('Content-Length' => length $with{content});
    }
    return user_agent()->simple_request($request);
}

my $agent;

sub user_agent
{
    require LWP::UserAgent;
    $agent ||= LWP::UserAgent->new(timeout => 30, max_redirect => 0, env_proxy => 0);
    return $agent;
}

sub at_caller { local $Test::Builder::Level = $Test::Builder::Level + 3; return shift->() }

sub told
{
    my $response = shift;
    my $location = $response->header('Location');
    return $response->code . (defined $location ? " -> $location" : '');
}

# redirects_to($path, $location [, $status [, %with]])
sub redirects_to
{
    my ($path, $location, $status, %with) = @_;
    $status ||= 307;
    my $response = answer($path, %with);
    return at_caller(sub {
        is(told($response), "$status -> $location",
           ($with{method} || 'GET') . " $path redirects to $location");
    });
}

# passes($path [, $status [, %with]]): no redirect, no refusal of ours; $status if given.
sub passes
{
    my ($path, $status, %with) = @_;
    my $response = answer($path, %with);
    my $name = ($with{method} || 'GET') . " $path passes";
    return at_caller(sub {
        return is(told($response), $status, $name) if defined $status;
        return unlike(told($response), qr/^3| -> |^400/, $name);
    });
}

# refused($path [, $status [, %with]])
sub refused
{
    my ($path, $status, %with) = @_;
    my $response = answer($path, %with);
    return at_caller(sub {
        is(told($response), $status || 400, ($with{method} || 'GET') . " $path is refused");
    });
}

my %mark;

sub log_file { return $config->{vars}{t_logs} . '/' . (shift || 'error_log') }

# From here on. Called by itself when the test starts.
sub mark_log
{
    my $name = shift || 'error_log';
    $mark{$name} = -s log_file($name) || 0;
    return;
}

sub log_since_mark
{
    my $name = shift || 'error_log';
    open my $in, '<:raw', log_file($name) or return '';
    seek $in, $mark{$name} || 0, 0;
    local $/;
    my $text = <$in>;
    return defined $text ? $text : '';
}

# logged(qr/.../ [, $name [, $file]]): waits a little, since another process writes the log.
sub logged
{
    my ($pattern, $name, $file) = @_;
    my $until = time + 30;
    my $text = log_since_mark($file);
    while ($text !~ $pattern && time < $until) {
        sleep 0.05;
        $text = log_since_mark($file);
    }
    return at_caller(sub {
        my $found = ok($text =~ $pattern, $name || "logged $pattern");
        diag("not logged since the mark: $pattern; ", length $text, ' bytes were') unless $found;
        return $found;
    });
}

# The request whose absence of messages is meant must be over before this is called.
sub not_logged
{
    my ($pattern, $name, $file) = @_;
    sleep 0.2;
    return at_caller(sub { unlike(log_since_mark($file), $pattern, $name || "not logged $pattern") });
}

# soon($most, $name, $do): $do->() takes less than so many seconds. That needs quiet, and the
# machine may be busy with other things: it is asked again, and once has to be quick enough.
sub soon
{
    my ($most, $name, $do) = @_;
    my $took;
    for my $try (1 .. 5) {
        my $start = time;
        $do->();
        $took = time - $start;
        last if $took < $most;
        sleep $try;
    }
    return at_caller(sub { return ok($took < $most, $name) || diag("$took s, five times or longer") && 0 });
}

# raw($bytes [, port => N, vhost => 'name', timeout => seconds, shutdown => 1]): sends the
# bytes as they are and returns the whole reply: until the server closes, or is silent for
# the timeout (default 2 s) behind a first byte, which a busy machine may take long to send;
# a server that was asked to close is waited for.
sub raw
{
    my ($bytes, %with) = @_;
    my $port = $with{port} || port($with{vhost});
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
                                       Proto => 'tcp', Timeout => 10)
        or die "cannot connect to port $port: $@\n";
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $bytes) {
        my $count = syswrite $socket, $bytes, length($bytes) - $sent, $sent;
        last unless $count;
        $sent += $count;
    }
    shutdown $socket, 1 if $with{shutdown};
    my ($reply, $select, $silence) = ('', IO::Select->new($socket), $with{timeout} || 2);
    my $closes = $bytes =~ /^Connection: *close/mi;
    while ($select->can_read($silence < 30 && ($closes || !length $reply) ? 30 : $silence)) {
        my $count = sysread $socket, $reply, 65_536, length $reply;
        last unless $count;
    }
    close $socket;
    return $reply;
}

mark_log();

1;

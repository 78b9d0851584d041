# SPDX-License-Identifier: Apache-2.0
#
# One connection to a server, byte by byte: what is sent is what was said, what came is
# kept until it is asked for. Plain or in TLS.
package R307::Wire;

use strict;
use warnings FATAL => 'all';
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

# R307::Wire->open(port => N [, tls => 1] [, patience => seconds])
sub open
{
    my ($class, %with) = @_;
    my @to = (PeerAddr => '127.0.0.1', PeerPort => $with{port}, Proto => 'tcp', Timeout => 10);
    my $socket;
    if ($with{tls}) {
        require IO::Socket::SSL;
        $socket = IO::Socket::SSL->new(@to, SSL_verify_mode => 0, SSL_alpn_protocols => ['http/1.1']);
    }
    else {
        $socket = IO::Socket::INET->new(@to);
    }
    die "cannot connect to port $with{port}: $@ $!\n" unless $socket;
    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
    return bless { socket => $socket, tls => $with{tls}, in => '', is_over => 0,
                   patience => $with{patience} || 30 }, $class;
}

# All of it, or as much as the server takes.
sub send
{
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $bytes) {
        my $count = $self->{socket}->syswrite($bytes, length($bytes) - $sent, $sent);
        return 0 unless $count;
        $sent += $count;
    }
    return 1;
}

sub drip
{
    my ($self, $pause, $bytes) = @_;
    for my $byte (split //, $bytes) {
        $self->send($byte) or return 0;
        sleep $pause;
    }
    return 1;
}

# Closes our half.
sub shut { return shutdown $_[0]{socket}, 1 }

# More bytes; 0 when there are no more, or none within the patience.
sub fill
{
    my $self = shift;
    return 0 if $self->{is_over};
    if (!($self->{tls} && $self->{socket}->pending)
        && !IO::Select->new($self->{socket})->can_read($self->{patience})) {
        $self->{is_silent} = 1;
        return 0;
    }
    my $count = $self->{socket}->sysread($self->{in}, 65_536, length $self->{in});
    if (!$count) {
        # a record of TLS that is not whole yet
        return 1 if $self->{tls} && !defined $count && $!{EAGAIN};
        $self->{is_over} = 1;
        # a reset is an end of its own
        $self->{is_reset} = !defined $count && $!{ECONNRESET};
    }
    return $count ? 1 : 0;
}

# The next answer: { status, head, header => sub, body }, or undef when none comes.
sub answer
{
    my ($self, $method) = @_;
    $self->fill or return while $self->{in} !~ /\r\n\r\n/;
    $self->{in} =~ s/^(.*?\r\n)\r\n//s;
    my $head = $1;
    my ($status) = $head =~ m{^HTTP/1\.\d (\d{3})} or return { status => 0, head => $head, body => '' };
    my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
    my $body = '';
    if (!defined $method || $method ne 'HEAD') {
        if (defined $length) {
            $self->fill or return while length $self->{in} < $length;
            $body = substr $self->{in}, 0, $length, '';
        }
        elsif ($head =~ /^Transfer-Encoding:\s*chunked/mi) {
            $self->fill or return while $self->{in} !~ /\r\n0\r\n\r\n/;
            $self->{in} =~ s/^(.*?\r\n0\r\n\r\n)//s and $body = $1;
        }
        else {
            # its end is the connection's
            $body = $self->rest // return;
        }
    }
    return { status => $status, head => $head, body => $body };
}

# What comes until the server closes; undef if it does not.
sub rest
{
    my $self = shift;
    1 while $self->fill;
    return unless $self->{is_over};
    my $rest = $self->{in};
    $self->{in} = '';
    return $rest;
}

sub is_reset { return $_[0]{is_reset} }

# Closed, or given up, before a byte came that nobody took.
sub is_empty { return $_[0]{is_over} && !length $_[0]{in} }

sub close { my $self = shift; return $self->{tls} ? $self->{socket}->close(SSL_no_shutdown => 1) : close $self->{socket} }

1;

# SPDX-License-Identifier: Apache-2.0
#
# A headless Chromium, spoken to over two pipes (DevTools protocol): go somewhere, do
# something on the page, look at what a person would see.
package R307::Browser;

use strict;
use warnings FATAL => 'all';
use File::Temp ();
use IO::Select;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8;

# undef where there is none.
sub find
{
    for my $name (qw(chromium chromium-browser google-chrome)) {
        for my $dir (split /:/, $ENV{PATH}) {
            return "$dir/$name" if -x "$dir/$name";
        }
    }
    return;
}

sub new
{
    my ($class, %with) = @_;
    my $program = find() or return;
    my $home = File::Temp->newdir;
    pipe my $to_read, my $to_write or die "pipe: $!\n";
    pipe my $from_read, my $from_write or die "pipe: $!\n";
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        # it reads from 3 and writes to 4
        POSIX::dup2(fileno $to_read, 110);
        POSIX::dup2(fileno $from_write, 111);
        POSIX::dup2(110, 3);
        POSIX::dup2(111, 4);
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        $ENV{HOME} = "$home";
        { exec $program, qw(--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run
            --disable-background-networking --disable-component-update --remote-debugging-pipe), "--user-data-dir=$home/data" }
        POSIX::_exit(127);
    }
    close $to_read;
    close $from_write;
    my $self = bless { pid => $pid, to => $to_write, from => $from_read, home => $home, count => 0, text => '',
                       events => [], owner => $$ }, $class;
    my $target = $self->call('Target.createTarget', { url => 'about:blank' });
    $self->{session} = $self->call('Target.attachToTarget', { targetId => $target->{targetId}, flatten => JSON::PP::true })->{sessionId};
    $self->call($_) for qw(Page.enable Network.enable Runtime.enable);
    return $self;
}

sub message
{
    my ($self, $until) = @_;
    my $select = IO::Select->new($self->{from});
    my $end;
    while (($end = index $self->{text}, "\0") < 0) {
        my $left = $until - time;
        return unless $left > 0 && $select->can_read($left);
        sysread $self->{from}, $self->{text}, 65_536, length $self->{text} or return;
    }
    my $text = substr $self->{text}, 0, $end + 1, '';
    chop $text;
    return $json->decode($text);
}

sub call
{
    my ($self, $method, $params) = @_;
    my $id = ++$self->{count};
    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{to}, $json->encode({ id => $id, method => $method, params => $params || {},
        $self->{session} ? (sessionId => $self->{session}) : () }) . "\0";
    my $until = time + 30;
    while (my $message = $self->message($until)) {
        if (($message->{id} || 0) == $id) {
            die "$method: $message->{error}{message}\n" if $message->{error};
            return $message->{result};
        }
        push @{ $self->{events} }, $message if $message->{method};
    }
    die "$method: Chromium does not answer\n";
}

# Waits until the page that comes of `what` has loaded; its URL, status and text.
sub after
{
    my ($self, $what) = @_;
    $self->{events} = [];
    $what->();
    my $until = time + 30;
    until (grep { $_->{method} eq 'Page.loadEventFired' } @{ $self->{events} }) {
        my $message = $self->message($until) or die "Chromium has loaded no page\n";
        push @{ $self->{events} }, $message if $message->{method};
    }
    my ($document) = grep { $_->{method} eq 'Network.responseReceived' && $_->{params}{type} eq 'Document' } reverse @{ $self->{events} };
    return { status => $document ? $document->{params}{response}{status} : 0, url => $self->eval('location.href'),
             text => $self->eval('document.body ? document.body.innerText : ""') };
}

sub go     { my ($self, $url) = @_; return $self->after(sub { $self->call('Page.navigate', { url => $url }) }) }
sub reload { my $self = shift; return $self->after(sub { $self->call('Page.reload') }) }
sub act    { my ($self, $script) = @_; return $self->after(sub { $self->eval($script) }) }

sub eval
{
    my ($self, $script) = @_;
    my $result = $self->call('Runtime.evaluate', { expression => $script, returnByValue => JSON::PP::true, awaitPromise => JSON::PP::true });
    return $result->{result}{value};
}

sub DESTROY
{
    my $self = shift;
    return if $self->{owner} != $$;
    local $?;
    kill 'TERM', $self->{pid};
    my $until = time + 5;
    sleep 0.05 until waitpid($self->{pid}, POSIX::WNOHANG()) != 0 || time > $until;
    kill 'KILL', $self->{pid};
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# What a test needs beside the server of the run: files in its document root, a look at
# what `httpd -t` says of a text, and a small server of its own where the order of
# LoadModule, or what is loaded at all, matters.
package R307::Site;

use strict;
use warnings FATAL => 'all';
use parent 'Exporter';
use Apache::Test ();
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Socket::INET;
use POSIX ();
use R307::Processes ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(put remove root stage module_lines conf_test own_server stop_server own_log control reload heard each_header answer_of tenants_conf status_conf);

my $vars = Apache::Test::config()->{vars};

sub root  { return $vars->{documentroot} }
sub stage { return $ENV{R307_STAGE} || dirname($vars->{t_dir} || $vars->{serverroot}) }

# put('a/b.html', $text [, $age]): a file below the document root, with its folders; $age
# seconds old.
sub put
{
    my ($name, $text, $age) = @_;
    my $file = $name =~ m{^/} ? $name : root() . "/$name";
    make_path(dirname($file));
    # a new file each time: two of one size within one tick of the clock are two
    my $made = "$file.new";
    open my $out, '>:raw', $made or die "cannot write $made: $!\n";
    print $out $text;
    close $out or die "cannot write $made: $!\n";
    if ($age) {
        my $then = time - $age;
        utime $then, $then, $made;
    }
    rename $made, $file or die "cannot rename $made: $!\n";
    return $file;
}

sub remove { return unlink map { m{^/} ? $_ : root() . "/$_" } @_ }

# The LoadModule lines of this run. without => [names], first => [names]
sub module_lines
{
    my %with = @_;
    open my $in, '<', stage() . '/modules.conf' or die "no modules.conf: $!\n";
    my @lines = <$in>;
    close $in;
    my %without = map { $_ => 1 } @{ $with{without} || [] };
    my %only = map { $_ => 1 } @{ $with{only} || [] };
    my %first = map { $_ => 1 } @{ $with{first} || [] };
    # what is no LoadModule is of our module, behind which it stands
    my $name = sub { return $_[0] =~ /^LoadModule (\w+)_module/ ? $1 : 'redirect307' };
    my $is_base = qr/^(?:mpm_\w+|unixd|log_config|authz_core|redirect307)$/;
    @lines = grep { !$without{ $name->($_) } } @lines;
    @lines = grep { $name->($_) =~ $is_base || $only{ $name->($_) } } @lines if $with{only};
    return join '', (grep { $first{ $name->($_) } } @lines),
                    (grep { !$first{ $name->($_) } } @lines);
}

my $count = 0;

sub write_conf
{
    my ($text, $port, %with) = @_;
    my $dir = stage() . '/own' . $$ . '-' . ++$count;
    make_path("$dir/htdocs");
    put("$dir/httpd.conf", join '',
        "ServerRoot \"$dir\"\nServerName 127.0.0.1\nListen 127.0.0.1:$port\n",
        "PidFile \"$dir/httpd.pid\"\nErrorLog \"$dir/error_log\"\nLogLevel info\n",
        "DefaultRuntimeDir \"$dir\"\n",
        module_lines(%with),
        "DocumentRoot \"", ($with{root} || root()), "\"\n",
        "<IfModule cgid_module>\nScriptSock \"$dir/cgisock\"\n</IfModule>\n",
        "Include \"$dir/test.conf\"\n");
    put("$dir/test.conf", $text);
    return $dir;
}

sub httpd { return $vars->{httpd} || $ENV{R307_HTTPD} }

# What a program says on both, and its exit code.
sub run_said
{
    my @command = @_;
    my $pid = open my $out, '-|';
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        { exec @command }
        POSIX::_exit(127);
    }
    local $/;
    my $said = <$out>;
    close $out;
    return ($? >> 8, defined $said ? $said : '');
}

# conf_test($text, %with): ($exit, $output) of `httpd -t` for that text. Its line numbers
# are those of the text: it is a file of its own, test.conf.
sub conf_test
{
    my ($text, %with) = @_;
    my $dir = write_conf($text, 9, only => $with{only} || [], %with);
    my ($exit, $said) = run_said(httpd(), '-t', '-f', "$dir/httpd.conf", @{ $with{args} || [] });
    $said =~ s/\Q$dir\E/DIR/g;
    return ($exit, $said);
}

my @servers;

sub free_port
{
    my $taken = shift || 0;
    my $last = $vars->{port} + 97;
    for my $port (grep { $_ != $taken } reverse $vars->{port} + 70 .. $last) {
        # a port where connections of a server before have yet to end is free, as to httpd
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
                                           Proto => 'tcp', Listen => 1, ReuseAddr => 1) or next;
        close $socket;
        return $port;
    }
    die "no free port for a server of its own\n";
}

# How often the parent has said that: it logs the first when it begins to wait for signals, and
# the second when one came.
my $waits = qr/ Command line: /;
my $came = qr/: (?:SIG(?:USR1|HUP) received|Graceful restart requested)/;

sub times_said
{
    my ($server, $pattern) = @_;
    open my $in, '<', "$server->{dir}/error_log" or return 0;
    return scalar grep { /$pattern/ } <$in>;
}

# Until the condition holds; a machine may be slow.
sub wait_until
{
    my $holds = shift;
    my $until = time + 120;
    sleep 0.02 until $holds->() || time > $until;
    return;
}

# heard($server, $how): sends it the signal, or types `httpd -k $how`, and waits until the
# parent has noticed. While it begins for the first time USR1 ends it. What `control` returned.
sub heard
{
    my ($server, $how) = @_;
    my $before = times_said($server, $came);
    my ($until, @said) = (time + 120);
    wait_until(sub { times_said($server, $waits) > $before });
    while (times_said($server, $came) == $before && time < $until) {
        @said = $how =~ /^[A-Z]/ ? (0, kill $how, $server->{pid}) : control($server, $how);
        last if $said[0];
        my $again = time + 5;
        sleep 0.02 until times_said($server, $came) > $before || time > $again;
    }
    return @said;
}

# reload($server, $how): the same, and waits until no process is left that serves what was
# configured before: after a graceful restart one answer says nothing of the next.
sub reload
{
    my ($server, $how) = @_;
    my %old = map { $_ => 1 } R307::Processes::serving($server);
    my $before = times_said($server, $waits);
    my @said = heard($server, $how);
    return @said if $said[0];
    wait_until(sub { times_said($server, $waits) > $before });
    wait_until(sub { !grep { $old{$_} } R307::Processes::serving($server) });
    return @said;
}

# control($server, 'graceful'): ($exit, $output) of httpd -k, as it is typed beside a server
# that runs.
sub control
{
    my ($server, $command) = @_;
    my ($exit, $said) = run_said(httpd(), '-f', "$server->{dir}/httpd.conf", '-k', $command);
    $said =~ s/\Q$server->{dir}\E/DIR/g;
    return ($exit, $said);
}

# own_server($text, %with): starts a server with that configuration and returns
# { port, dir, pid }; it is stopped when the test ends. @PORT@ in the text is its port, @PORT2@
# another one that is free, as port2.
# single => 1: as `httpd -X`, one process that serves by itself. under => [command]: run by it.
sub own_server
{
    my ($text, %with) = @_;
    my $port = free_port();
    my $second = $text =~ /\@PORT2\@/ ? free_port($port) : 0;
    $text =~ s/\@PORT\@/$port/g;
    $text =~ s/\@PORT2\@/$second/g;
    my $dir = write_conf($text, $port, %with);
    # `die` runs END, a signal does not
    $SIG{$_} ||= sub { exit 1 } for qw(INT TERM HUP);
    my $pid = fork;
    die "cannot fork: $!\n" unless defined $pid;
    if (!$pid) {
        # prefork ends its whole process group, which would be this test run, too
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/said";
        open STDERR, '>&', \*STDOUT;
        { exec @{ $with{under} || [] }, httpd(), $with{single} ? '-X' : '-DFOREGROUND', '-f', "$dir/httpd.conf" }
        POSIX::_exit(127);
    }
    my $server = { port => $port, port2 => $second, dir => $dir, pid => $pid };
    push @servers, $server;
    my $until = time + 60;
    while (time < $until) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
                                           Proto => 'tcp', Timeout => 1);
        # who connects before the parent has loaded the maps waits until it has
        return $server if $socket && ($with{single} || times_said($server, $waits));
        last if waitpid($pid, POSIX::WNOHANG()) == $pid;
        sleep 0.05;
    }
    open my $in, '<', "$dir/said";
    local $/;
    die 'the server of this test did not start: ' . (defined $in ? <$in> || '' : '') . own_log($server) . "\n";
}

# A document root whose folders are tenants, and the page about all of it.
sub status_conf
{
    my $site = shift;
    return <<"EOT";
DocumentRoot "$site"
<Directory "$site">
    Require all granted
    AllowOverride FileInfo
</Directory>
<Location "/redirects">
    SetHandler redirect307-status
    Redirect307Status server
</Location>
EOT
}

# What goes wrong when a server ends stands in no log that is still open.
sub end_server
{
    my $server = shift;
    kill 'TERM', $server->{pid};
    waitpid $server->{pid}, 0;
    my $signal = $? & 127;
    return (grep { $_ == $signal } POSIX::SIGABRT(), POSIX::SIGBUS(), POSIX::SIGSEGV()) ? $signal : 0;
}

# stop_server($server): before the test ends, for the next one's sake. Its log stays.
sub stop_server
{
    my $server = shift;
    @servers = grep { $_ != $server } @servers;
    my $signal = end_server($server);
    die "the server ended by signal $signal\n" if $signal;
    return;
}

sub own_log
{
    my ($server, $file) = @_;
    sleep 0.2;
    open my $in, '<:raw', "$server->{dir}/" . ($file || 'error_log') or return '';
    local $/;
    my $text = <$in>;
    return defined $text ? $text : '';
}

# "307 /there": status and Location of what a server of its own answers.
sub answer_of
{
    my ($server, $path) = @_;
    my $reply = R307::raw("GET $path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port}, timeout => 30);
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return "no answer: $reply";
    return join ' ', $code, each_header($reply, 'Location');
}

# A server where tenants below that folder have .htaccess files with large maps, and workers
# enough that some may wait.
sub tenants_conf
{
    my $folder = shift;
    my $workers = $ENV{R307_MPM} eq 'prefork' ? "StartServers 16\nMinSpareServers 16\nMaxSpareServers 48\nServerLimit 48\nMaxRequestWorkers 48\n"
        : "StartServers 2\nServerLimit 2\nThreadsPerChild 25\nMaxRequestWorkers 50\nMaxSpareThreads 50\n";
    return <<"EOT";
${workers}MaxConnectionsPerChild 0
KeepAlive off
Redirect307Arena 1G
DocumentRoot "$folder"
<Directory "$folder">
    Require all granted
    AllowOverride FileInfo
</Directory>
EOT
}

# each_header($reply, $name): all values of a header in a raw reply
sub each_header
{
    my ($reply, $name) = @_;
    my ($head) = split /\r\n\r\n/, $reply, 2;
    return () unless defined $head;
    return $head =~ /^\Q$name\E:[ \t]*([^\r\n]*)/mig;
}

END {
    my $status = $?;
    for my $server (@servers) {
        my $signal = end_server($server);
        warn "the server ended by signal $signal\n" if $signal;
        $status ||= $signal;
    }
    $? = $status;
}

1;

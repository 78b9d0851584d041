# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Servers read the same generated .htaccess files, from memory or as httpd does:
# same status, same headers, same messages with the same file and line. Some dozens of
# files; 10 000 with --full.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Htaccess;
use R307::Processes;
use R307::Site;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my $cases = full(150, 10_000);
my $betweens = full(40, 1000);
my $each_log = 50;              # logs are compared after so many
my $top = 'htcache';
my $dir = root() . "/$top";

my %places = (
    all      => 'AllowOverride All',
    files    => 'AllowOverride FileInfo AuthConfig Limit Options=Indexes',
    auth     => 'AllowOverride AuthConfig',
    list     => "AllowOverride None\nAllowOverrideList Redirect307 Redirect307Base Header <IfModule <Files <If SetEnvIf Use",
    mixed    => "AllowOverride AuthConfig\nAllowOverrideList Redirect307Match <IfModule <IfDefine <Files",
    lenient  => "AllowOverride Nonfatal=Override AuthConfig\nAllowOverrideList Redirect307 <IfModule <IfDefine <IfVersion <Files <If SetEnvIf",
    forgive  => 'AllowOverride All Nonfatal=All',
    limits   => "AllowOverride All\nRedirect307Limits rules=3 regex=1 targets=same-site",
    strict   => "AllowOverride All\nRedirect307Limits rules=5 errors=fail",
    report   => "AllowOverride All\nRedirect307Engine report",
);
my @names = sort keys %places;

my $conf = "AccessFileName .first .htaccess\nDefine R307_ON\nDefine R307_DEFINED defined\nMaxConnectionsPerChild 0\n"
    . "<Macro Rules \$n>\nRedirect307 \$n.html /used/\$n name=n2\nRedirect307 \$n-typo\n</Macro>\n<Macro Nothing>\n</Macro>\n"
    . "<Macro Headers>\nHeader set X-Used 1\n</Macro>\n<Macro Opens>\n<Limit GET>\n</Macro>\n"
    . "ErrorDocument 403 \"no\"\nTypesConfig /dev/null\n"
    . join '', map { "<Directory \"$dir/$_\">\n$places{$_}\nRequire all granted\nOptions FollowSymLinks\n</Directory>\n" } @names;
my $one_process = $ENV{R307_MPM} eq 'prefork' ? "StartServers 1\nServerLimit 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nThreadLimit 25\nMaxRequestWorkers 25\nMinSpareThreads 1\nMaxSpareThreads 25\n";
my @loaded = qw(dir alias headers setenvif rewrite mime macro version authz_host actions expires);
my %server = (
    memory => own_server("$one_process${conf}Redirect307HtaccessCache on 0s\nLogLevel warn redirect307:trace1\n", only => \@loaded),
    # what is not logged in detail is looked up in a shorter way
    quiet  => own_server("$one_process${conf}Redirect307HtaccessCache on 0s\nLogLevel warn\n", only => \@loaded),
    httpd  => own_server("$one_process${conf}Redirect307HtaccessCache off\nLogLevel warn redirect307:debug\n", only => \@loaded),
);

plan tests => $cases + 2 * int(($cases + $each_log - 1) / $each_log) + 1 + between_checks() + settled_checks() + shared_checks() + torn_checks() + bounded_checks() + listed_checks() + marked_checks();

# --- asking both

my @asked = (
    ['GET', 'page.html', ''], ['GET', 'old.html', ''], ['POST', 'old.html', "X-T: 1\r\n"], ['GET', 'foo.html?id=1&x=2', "X-T: 1\r\n"],
    ['GET', 'sub/x.html', ''], ['GET', '', ''], ['GET', 'a/b%20c', ''], ['HEAD', 'gone.html', ''], ['GET', 'a/17', ''],
    ['GET', 'u1.html', ''], ['GET', 'last.html', ''], ['GET', 'long.html', ''], ['GET', 'z/y.html', ''], ['GET', 'own7.html', ''],
    ['GET', 'mapped.html', "Accept-Language: de\r\nCookie: none=1\r\n"], ['GET', 'old.html', "Sec-Fetch-Mode: navigate\r\n"],
    ['GET', 'site.map', ''], ['GET', 'here.on', ''],
);

sub ask
{
    my ($server, $path, $asked) = @_;
    my ($method, $name, $headers) = @$asked;
    my ($reply, $until) = ('', time + 60);
    do {
        sleep 0.2 if length $reply;
        $reply = raw("$method $path/$name HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Connection: close\r\n"
                     . ($method eq 'POST' ? "Content-Length: 3\r\n\r\na=b" : "\r\n"), port => $server->{port}, timeout => 10);
        # a map is taken when it has stood still for a while, and on a slow machine later
    } while ($reply =~ m{^HTTP/1\.1 503 .*^Retry-After: 1\r$}ms && time < $until);
    $reply =~ s/^(?:Date|Last-Modified|ETag|Expires): [^\n]*\n//mg;
    # a roll of the dice, and the time
    $reply =~ s/(redirect307-\w+=)\d+|; Expires=[^;]*/$1 \/\/ ''/eg;
    # httpd names its port in some pages and Locations
    $reply =~ s/\b$server->{port}\b/PORT/g;
    return $reply;
}

# --- what both said

my %read;

sub new_messages
{
    my $server = shift;
    my $file = "$server->{dir}/error_log";
    open my $in, '<:raw', $file or die "$file: $!\n";
    seek $in, $read{$file} || 0, 0;
    local $/;
    my $text = <$in>;
    $read{$file} = tell $in;
    return $text // '';
}

# Without what differs from request to request. What is passed over is not compared: rules of
# a cached file are looked up, and those that are not met are not passed over.
sub messages
{
    my $text = shift;
    my %seen;
    for my $line (split /\n/, $text) {
        $line =~ s/^\[[^\]]*\] \[([^\]]*)\] \[pid [^\]]*\] /[$1] /;
        $line =~ s/\[client [^\]]*\] //;
        $line =~ s/^(\[redirect307:\w+\]) \S+\.c\(\d+\): /$1 /;
        # when a map is missed depends on when its thread looks
        # said by the clock
        next if $line =~ / maps? takes? \d+ of \d+ KiB of Redirect307Arena; /;
        next if $line =~ /site\.map cannot be opened: No such file/;
        next if $line =~ / passed over: | is read from memory$| is compiled(?:: | for all | for this | by each )|^\[(?:mpm_|core:notice|unixd)/;
        $line =~ s{/own\d+-\d+/}{/own/}g;
        $line =~ s/\b(?:$server{memory}{port}|$server{httpd}{port})\b/PORT/g;
        $seen{$line} = 1;
    }
    return \%seen;
}

my $from_memory = 0;

sub compare_messages
{
    my ($from, $to) = @_;
    sleep 0.1;
    my %text = map { $_ => new_messages($server{$_}) } qw(httpd memory);
    $from_memory += () = $text{memory} =~ /is read from memory/g;
    my %said = map { $_ => messages($text{$_}) } sort keys %text;
    my @only = map { my ($a, $b) = @$_; map { "only $a: $_" } grep { !$said{$b}{$_} } sort keys %{ $said{$a} } } [qw(memory httpd)], [qw(httpd memory)];
    is(scalar @only, 0, "files $from to $to: the same messages") or diag(join "\n", @only > 12 ? @only[0 .. 11] : @only);
    ok(keys %{ $said{httpd} } > 20, 'there were some: ' . keys %{ $said{httpd} });
    return;
}

# --- one file, both ways

sub write_case
{
    my ($number, $place) = @_;
    my $made = R307::Htaccess->make(seed() * 1_000_003 + $number);
    my $here = "$top/$place/c$number";
    put("$here/$_", "$_\n") for qw(page.html foo.html sub/x.html);
    put("$here/site.map", "/mapped.html /from/map\n/$here/old.html /from/map/old\n") if $made->chance(2);
    put("$here/here.on", '') if $made->chance(8);
    my $name = $made->chance(8) ? '.first' : '.htaccess';
    my $text = $made->text;
    my $file = put("$here/$name", $text);
    put("$here/.first", "# nothing here\n") if $name eq '.htaccess' && $made->chance(25);
    put("$here/sub/.htaccess", $made->text) if $made->chance(3);
    chmod 0, $file if $made->chance(60);
    return ("/$here", $text);
}

sub clean { my $here = shift; require File::Path; File::Path::remove_tree(root() . $here); return }

# No request waits for the builder: what it has done by then is compared from the first one on.
sub prime
{
    my $path = shift;
    for my $other (sort keys %server) {      # all of them, as what a macro is depends on what was read before
        ask($server{$other}, $path, ['GET', 'page.html', '']);
        ask($server{$other}, $path, ['GET', 'sub/x.html', '']);
    }
    return;
}

sub check_case
{
    my ($number, $place, $path, $text) = @_;
    my @differ;
    for my $asked (@asked) {
        my $httpd = ask($server{httpd}, $path, $asked);
        for my $other (qw(memory quiet)) {
            my $got = ask($server{$other}, $path, $asked);
            push @differ, "$asked->[0] $path/$asked->[1] $asked->[2]\nhttpd:\n$httpd\n$other:\n$got" if $httpd ne $got;
        }
    }
    my $name = "file $number, $place";
    $text =~ s/([^\n -~])/sprintf '\\x%02x', ord $1/ge;
    ok(!@differ, $name) or diag("$name:\n$text\n--\n$differ[0]");
    return $path;
}

new_messages($_) for values %server;    # of the start
for (my $first = 1; $first <= $cases; $first += $each_log) {
    my $last = $first + $each_log - 1 < $cases ? $first + $each_log - 1 : $cases;
    my @written = map { my $place = $names[$_ % @names]; [$_, $place, write_case($_, $place)] } $first .. $last;
    sleep 3.2;    # a map is taken when it has stood still for three seconds
    prime($_->[2]) for @written;
    sleep 0.5;
    my @done = map { check_case(@$_) } @written;
    compare_messages($first, $last);
    clean($_) for @done;
}
ok($from_memory > $cases * @asked / 3, "many files were read from memory: $from_memory of " . $cases * @asked . ' requests');

# --- a new version that the builder does not have yet: compiled for each request

sub between_checks { return $betweens + 2 }

# Files as they were written, replaced by others with a rule; what they said.
sub prime_with_other
{
    my $here = shift;
    my %text;
    for my $file (grep { -r } map { ("$_/.htaccess", "$_/.first") } root() . $here, root() . "$here/sub") {
        open my $in, '<:raw', $file or die "$file: $!\n";
        my $text = do { local $/; <$in> };
        next if $text !~ /^\s*Redirect307/m;
        $text{$file} = $text;
        put($file, "Redirect307 primed.html /primed\n");
    }
    return \%text;
}

sub between
{
    my $once = own_server("$one_process${conf}Redirect307HtaccessCache on 0s\nLogLevel warn redirect307:trace1\n", only => \@loaded);
    my ($number, @written) = 100_000;
    while (@written < $betweens) {
        my $place = $names[++$number % @names];
        my ($here, $text) = write_case($number, $place);
        my $was = prime_with_other($here);
        # a builder that does nothing builds no map, either
        next if !keys %$was || grep { /Redirect307Map/i } values %$was;
        push @written, [$number, $place, $here, $was];
    }
    # one that takes some MiB
    my $long = "$top/all/long";
    put("$long/page.html", 'x');
    put("$long/.htaccess", join '', "Header set X-Long 1\n", map { "Redirect307 long$_.html /to/" . 'l' x 50 . "/$_\n" } 1 .. 5000);
    push @written, ['long', 'all', "/$long", prime_with_other("/$long")];
    for (1 .. 2) {
        ask($once, $_->[2], ['GET', 'sub/primed.html', '']) for @written;
        sleep 1;
    }
    kill 'STOP', builders($once);
    for (@written) {
        my ($case, $place, $here, $text) = @$_;
        put($_, $text->{$_}) for sort keys %$text;
        my @differ = grep { ask($server{httpd}, $here, $_) ne ask($once, $here, $_) }
            @asked, ['GET', 'long1.html', ''], ['GET', 'long5000.html', ''];
        my $all = join "--\n", values %$text;
        ok(!@differ, "file $case, $place, of which the builder does not know yet")
            or diag("@{ $differ[0] }\n$all\n--\n" . ask($server{httpd}, $here, $differ[0]) . "--\n" . ask($once, $here, $differ[0]));
    }
    my $compiled = () = own_log($once) =~ /is compiled for this request/g;
    cmp_ok($compiled, '>', 2 * @written, "many of them were compiled for the request: $compiled");
    kill 'CONT', builders($once);
    return;
}
between();

# --- as soon as it is compiled, and never a version that is not the file's

# Asks until an answer came from memory; the builder is asked again after a second.
sub from_memory
{
    my ($server, $here, $name) = @_;
    my $read = sub { my $n = () = own_log($server) =~ m{\Q$here\E/\.htaccess is read from memory}g; return $n };
    my ($before, $until) = ($read->(), time + 60);
    while (time < $until) {
        ask($server, "/$here", ['GET', $name, '']);
        return 1 if $read->() > $before;
        sleep 0.1;
    }
    return 0;
}

sub settled_checks { return 14 }

sub settled
{
    my $here = "$top/settled";
    my $settling = own_server("${one_process}TypesConfig /dev/null\nLogLevel warn redirect307:trace1\nRedirect307HtaccessCache on 60s\n"
        . "<Directory \"$dir\">\nAllowOverride All\nRequire all granted\n</Directory>\n", only => \@loaded);
    my $memory = sub { my $log = own_log($settling); my $n = () = $log =~ m{$here/\.htaccess is read from memory}g; return $n };
    my $told = sub { my ($code, $to) = ask($settling, "/$here", ['GET', 'old.html', '']) =~ m{^HTTP/1.1 (\d+)(?:.*\nLocation: (\S+))?}s; return "$code $to" };
    my $file = put("$here/.htaccess", "Redirect307 old.html one.html\n");
    is($told->(), "307 /$here/one.html", 'a file that has just been written');
    ok(from_memory($settling, $here, 'old.html'), '... is served from memory, young as it is');

    # in place, by the same number of bytes: within one tick of the clock its stamp is the same
    my @wrong;
    for my $n (100 .. 160) {
        open my $out, '+<', $file or die "$!\n";
        print $out "Redirect307 old.html $n.html\n";
        close $out;
        my $got = $told->();
        push @wrong, "$n: $got" if $got ne "307 /$here/$n.html";
    }
    is("@wrong", '', 'one that is overwritten again and again is never an older one');
    ok(from_memory($settling, $here, 'old.html'), '... and is served from memory again');

    my $before = $memory->();
    utime time - 100, time - 100, $file or die "$!\n";
    is($told->(), "307 /$here/160.html", 'it was touched');
    is($memory->(), $before + 1, '... and has the same bytes, so that nothing is compiled');

    put("$here/new", "Redirect307 old.html two.html\n");
    utime time - 100, time - 100, "$dir/settled/new";
    rename "$dir/settled/new", $file or die "$!\n";
    is($told->(), "307 /$here/two.html", 'it was replaced by one of the same size and time');
    put("$here/.htaccess", "Redirect307 old.html /elsewhere.html\nHeader set X-Foreign 2\n");
    like(ask($settling, "/$here", ['GET', 'old.html', '']), qr{Location: /elsewhere\.html}, 'a new file is seen at once');

    unlink $file;
    like(ask($settling, "/$here", ['GET', 'old.html', '']), qr{^HTTP/1.1 404 }, 'it was removed');
    put("$here/.htaccess", "Redirect307 old.html /back\n");
    is($told->(), '307 /back', 'it is back');
    ok(from_memory($settling, $here, 'old.html'), '... in memory, too');
    chmod 0, $file;
    like(ask($settling, "/$here", ['GET', 'old.html', '']), qr{^HTTP/1.1 403 }, 'and unreadable, which is httpd\'s 403');

    put("$top/refused/.htaccess", "Redirect307 old.html /x\nNoSuchDirective x\n");
    ok(from_memory($settling, "$top/refused", 'old.html'), 'one that httpd does not take is read from memory, too');
    like(ask($settling, "/$top/refused", ['GET', 'old.html', '']), qr{^HTTP/1.1 500 }, '... and not taken');
    return;
}
settled();

# --- one version for all processes

sub shared_checks { return 3 }

sub shared
{
    my $here = "$top/shared";
    my $processes = $ENV{R307_MPM} eq 'prefork' ? "StartServers 4\nServerLimit 4\nMaxRequestWorkers 4\nMinSpareServers 4\nMaxSpareServers 4\n"
        : "StartServers 4\nServerLimit 4\nThreadsPerChild 2\nThreadLimit 2\nMaxRequestWorkers 8\nMinSpareThreads 8\nMaxSpareThreads 8\n";
    my $many = own_server("${processes}MaxConnectionsPerChild 0\nTypesConfig /dev/null\nLogLevel warn redirect307:trace1\n"
        . "<Directory \"$dir\">\nAllowOverride All\nRequire all granted\n</Directory>\n", only => \@loaded);
    put("$here/.htaccess", join '', map { "Redirect307 old$_.html /new/$_\n" } 1 .. 100);
    ok(from_memory($many, $here, 'old7.html'), 'one of four processes serves it from memory');
    my (%pids, @wrong);
    my $until = time + 60;
    while (keys %pids < 2 && time < $until) {
        # held open, so that others have to answer, too
        my @held = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $many->{port}) || () } 1 .. 3;
        my ($got) = ask($many, "/$here", ['GET', 'old7.html', '']) =~ /^Location: (\S+)/m;
        push @wrong, $got // 'nothing' if ($got // '') ne '/new/7';
        %pids = map { $_ => 1 } own_log($many) =~ m{\[pid (\d+)[^\n]*\Q$here\E/\.htaccess is read from memory}g;
        close $_ for @held;
    }
    cmp_ok(scalar keys %pids, '>', 1, 'so do others');
    my $compiled = () = own_log($many) =~ m{\Q$here\E/\.htaccess is compiled for all}g;
    is("$compiled @wrong", '1 ', '... and it was compiled once');
    return $many;
}
my $torn = shared();

# --- whoever dies or is restarted meanwhile, and whoever writes

sub torn_checks { return 5 }

# Asks for files that stay as they are until it is told to end; says what was wrong and how often
# it asked.
sub keep_asking
{
    my ($server, $here, $files) = @_;
    pipe my $told, my $tell or die "pipe: $!\n";
    pipe my $hear, my $say or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        close $tell;
        my ($asked, @wrong) = (0);
        until (IO::Select->new($told)->can_read(0)) {
            my $n = $asked++ % $files;
            my ($got) = ask($server, "/$here/f$n", ['GET', 'old30.html', '']) =~ /^Location: (\S+)/m;
            push @wrong, "f$n: " . ($got // 'nothing') if ($got // '') ne "/f$n/30";
        }
        syswrite $say, "$asked @wrong";
        POSIX::_exit(0);
    }
    close $say;
    return sub { close $tell; local $/; my $said = <$hear>; waitpid $pid, 0; return split / /, $said, 2 };
}

sub torn
{
    my $here = "$top/torn";
    my ($files, $version, @wrong, @missing) = (4, 0);
    put("$here/f$_/.htaccess", do { my $n = $_; join '', map { "Redirect307 old$_.html /f$n/$_\n" } 1 .. 30 }) for 0 .. $files - 1;
    ok(from_memory($torn, "$here/f0", 'old30.html'), 'served from memory');
    my $end = keep_asking($torn, $here, $files);
    my $write = sub {
        for (1 .. 8) {
            put("$here/live/.htaccess", "Redirect307 old.html /live/" . ++$version . "\n");
            my ($got) = ask($torn, "/$here/live", ['GET', 'old.html', '']) =~ /^Location: (\S+)/m;
            push @wrong, "$version: " . ($got // 'nothing') if ($got // '') ne "/live/$version";
        }
    };
    my $rounds = full(3, 60);
    for my $round (1 .. $rounds) {
        my ($builder) = builders($torn);
        $write->();
        kill 'KILL', $builder if $builder;
        $write->();
        control($torn, 'graceful') if $round % 2;
        $write->();
        push @missing, $round if !another_builder($torn, $builder // 0);
    }
    is("@missing", '', "another builder each of $rounds times");
    is("@wrong", '', "a file that is written $version times meanwhile is never an older one");
    my ($asked, $others) = $end->();
    ok($asked > 10 && $others eq '', "others are right, $asked times") or diag($others);
    ok(from_memory($torn, "$here/f0", 'old30.html'), '... and from memory again');
    return;
}
torn();

# --- more files than there is room for

sub bounded_checks { return 4 }

sub bounded
{
    my $small = own_server("${one_process}TypesConfig /dev/null\nLogLevel warn redirect307:trace1\nRedirect307HtaccessCache on 0s 64K\n"
        . "<Directory \"$dir\">\nAllowOverride All\nRequire all granted\n</Directory>\n", only => \@loaded);
    my $files = 40;
    for my $n (1 .. $files) {
        put("$top/many/f$n/.htaccess", join '', map { "Redirect307 old$_.html /file$n/$_\n" } 1 .. 50);
    }
    put("$top/many/huge/.htaccess", join '', map { "Redirect307 old$_.html /huge/$_\n" } 1 .. 5000);
    my (@wrong, @cold);
    my $expect = sub {
        my ($where, $rule, $to) = @_;
        my ($got) = ask($small, "/$top/many/$where", ['GET', "old$rule.html", '']) =~ /^Location: (\S+)/m;
        push @wrong, "$where: " . ($got // 'nothing') if ($got // '') ne $to;
    };
    for my $n (1 .. $files, 1, 2) {
        push @cold, $n if !from_memory($small, "$top/many/f$n", 'old1.html');
        $expect->("f$n", $_, "/file$n/$_") for 1, 50;
    }
    $expect->('huge', 5000, '/huge/5000') for 1 .. 3;
    is("@wrong", '', "$files files where some have room, and one that has not");
    my $log = own_log($small);
    is("@cold", '', 'each was there when it was used');
    my $compiled = () = $log =~ m{many/f\d+/\.htaccess is compiled for all}g;
    cmp_ok($compiled, '>', $files, 'and had gone when others had been asked for');
    unlike($log, qr{many/huge/\.htaccess is read from memory}, 'what has no room at all is left to httpd');
    return;
}
bounded();

# --- what AllowOverride and AllowOverrideList do not allow, does not answer

# Rules of one section are added with the first line that httpd lets pass, so it is we who
# have to ask for the others.
my (@lists, @listed);
BEGIN {
@lists = (
    # what is allowed, and what of Redirect307 and Redirect307Match answers
    ["AllowOverride Nonfatal=All\nAllowOverrideList Redirect307", '307', '404'],
    ["AllowOverride Nonfatal=All\nAllowOverrideList Redirect307Match", '404', '307'],
    ["AllowOverride Nonfatal=All\nAllowOverrideList rEDIRECT307mATCH", '404', '307'],
    ["AllowOverride Nonfatal=All\nAllowOverrideList Redirect307 redirect307match", '307', '307'],
    ["AllowOverride AuthConfig Nonfatal=All\nAllowOverrideList Redirect307", '307', '404'],
    ["AllowOverride FileInfo Nonfatal=All\nAllowOverrideList Redirect307", '307', '307'],
    ["AllowOverride Nonfatal=Override\nAllowOverrideList Redirect307", '307', '404'],
    ["AllowOverride Nonfatal=All\nAllowOverrideList Header", '404', '404'],
    ["AllowOverride AuthConfig Nonfatal=All", '404', '404'],
    ["AllowOverride Nonfatal=All\nAllowOverrideList None", '404', '404'],
    ["AllowOverrideList Redirect307", '500', '500'],
);
@listed = (
    "Redirect307 p.html /p\nRedirect307Match m\\.html\$ /m\n",
    "Redirect307Match m\\.html\$ /m\nRedirect307 p.html /p\n",
    "Redirect307Match m\\.html\$ /m name=a\nRedirect307 none.html /n name=b\nRedirect307Match n\\.html\$ /n\nRedirect307 p.html /p\n",
);
}
sub listed_checks { return 1 + @lists * @listed }

sub listed
{
    my $places = join '', map { "<Directory \"$dir/list$_\">\n$lists[$_][0]\n</Directory>\n" } 0 .. $#lists;
    my $all = "$one_process<Directory \"$dir\">\nRequire all granted\n</Directory>\nTypesConfig /dev/null\n$places";
    my @servers = map { own_server("${all}LogLevel warn redirect307:trace1\nRedirect307HtaccessCache $_\n", only => \@loaded) } 'on 0s', 'off';
    for my $row (0 .. $#lists) {
        my ($allowed, @want) = @{ $lists[$row] };
        for my $number (0 .. $#listed) {
            my $here = "/$top/list$row/f$number";
            put("$top/list$row/f$number/.htaccess", $listed[$number]);
            my @got = map { my $server = $_; map { ask($server, $here, ['GET', $_, '']) =~ m{^HTTP/1.1 (\d+)} } qw(p.html m.html) x 2 } @servers;
            (my $name = $allowed) =~ s/\n/, /g;
            is("@got", join(' ', (@want) x 4), "$name: file $number");
        }
    }
    # each is compiled behind its first request, which on a busy machine takes its time
    my ($read, $until) = (0, time + 60);
    until (($read = () = own_log($servers[0]) =~ m{list\d+/f\d/\.htaccess is read from memory}g) > 4 * 3 || time > $until) {
        sleep 0.2;
        ask($servers[0], "/$top/list0/f$_", ['GET', 'p.html', '']) for 0 .. $#listed;
    }
    cmp_ok($read, '>', 4 * 3, "from memory, where there is one: $read times");
    return;
}
listed();

# --- a byte order mark, which editors write and nobody sees

my $mark = "\xef\xbb\xbf";
my (@marked, @as_ever);
BEGIN {
    my $rule = "Redirect307Match p\\.html\$ /p\n";
    @marked = (
        # what stands behind the mark
        $rule, "# a comment\n$rule", "\n$rule", "\r\n$rule", "Header set X-A b\n$rule", "RewriteEngine Off\n$rule", "<IfModule headers_module>\nHeader set X-A b\n</IfModule>\n$rule",
        "Redirect307Match none \\\n /n\n$rule", "Redirect307 typo /x qurey=1\n$rule", "Redirect307Base /htcache/\n$rule", (map { '#' . 'x' x $_ . "\n$rule" } 190 .. 202, 395 .. 402, 8000),
        # $rule is the last of them and ends without a line's end
        substr($rule, 0, -1), "\xef\xbb\xbf$rule",
    );
    @as_ever = (
        # what httpd says of it, with us and without
        ["Redirect307Match none /n\n\xef\xbb\xbf$rule", '500', 'in the middle'],
        ["\xef\xbb$rule", '500', 'half a mark'],
        ["\xff\xfe" . join("\0", split //, $rule) . "\0", '500', 'UTF-16'],
        ["\xfe\xff\0" . join("\0", split //, $rule), '500', 'UTF-16, the other way round'],
        ["\xef\xbb\xbf", '404', 'nothing else'],
        ["\xef\xbb\xbf# a comment\r$rule", '404', 'lines that end with CR alone are one line'],
    );
}
sub marked_checks { return 2 * @marked + @as_ever + 2 }

sub marked
{
    my $all = "$one_process<Directory \"$dir\">\nAllowOverride All\nRequire all granted\n</Directory>\nTypesConfig /dev/null\nLogLevel warn redirect307:trace1\n";
    my @servers = map { own_server("${all}Redirect307HtaccessCache $_\n", only => \@loaded) } 'on 0s', 'off';
    my $codes = sub { my $here = shift; return join ' ', map { my $server = $_; map { ask($server, "/$here", ['GET', 'p.html', '']) =~ m{^HTTP/1.1 (\d+)} } 1 .. 3 } @servers };
    for my $number (0 .. $#marked) {
        my $here = "$top/marked/f$number";
        put("$here/.htaccess", $mark . $marked[$number]);
        (my $name = substr $marked[$number], 0, 30) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
        is($codes->($here), join(' ', ('307') x 6), "a byte order mark, and $name (" . length($marked[$number]) . ' bytes): the rule answers');
        put("$here/sub/.htaccess", "${mark}Redirect307 typo /x qurey=1\n");
        is($codes->("$here/sub"), join(' ', ('307') x 6), '... below it, too, where another has one');
    }
    for my $number (0 .. $#as_ever) {
        my ($text, $code, $name) = @{ $as_ever[$number] };
        put("$top/ever/f$number/.htaccess", $text);
        is($codes->("$top/ever/f$number"), join(' ', ($code) x 6), "$name: $code, as httpd has it");
    }
    for my $server (@servers) {
        my $log = own_log($server);
        ok($log =~ m{marked/f8/\.htaccess:1: Redirect307: 'qurey=1'} && $log =~ m{marked/f0/sub/\.htaccess:1: Redirect307: 'qurey=1'}, 'its line keeps its number');
    }
    return;
}
marked();

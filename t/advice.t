# SPDX-License-Identifier: Apache-2.0
# needs no conf
# What the server and redirect307ctl tell to write, and the engine does not, is written, and
# asked: t/data/advice.tsv. That no such text is without a row is seen by a unit test.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;
use File::Temp ();

once();

my $ctl = $ENV{R307_CTL};
my @rows = R307::Rows::read_table('advice.tsv');
my $root = root() . '/advice';

# "NAME=TEXT ;; NAME=>PATH" below that directory.
sub write_files
{
    my ($dir, $files) = @_;
    return if $files eq '-';
    for my $file (split / ;; /, $files) {
        my ($name, $text) = $file =~ /^([^=]+)=(.*)$/s or die "no file in '$file'\n";
        (my $folder = "$dir/$name") =~ s{/[^/]*$}{};
        system 'mkdir', '-p', $folder;
        unlink "$dir/$name";
        if ($text =~ s/^>//) {
            symlink $text, "$dir/$name" or die "$dir/$name: $!\n";
            next;
        }
        open my $out, '>', "$dir/$name" or die "$dir/$name: $!\n";
        print $out $text, $text eq '' ? '' : "\n";
        close $out or die "$dir/$name: $!\n";
    }
    return;
}

# What of the source's text a message has.
sub pattern_of { return join '.*?', map { quotemeta } split /%[sd]/, shift, -1 }

put('advice/index.html', '');
my $server = own_server(<<"EOT", only => [qw(dir alias)]);
DocumentRoot "$root"
DirectoryIndex index.html
AliasMatch "^/am-([^/]+)/(\\w+)\$" "$root/\$1/x-\$2.html"
<Directory "$root">
    AllowOverride FileInfo
    Options FollowSymLinks
    Require all granted
</Directory>
EOT

# The answer to "path [Header: value]", as "CODE LOCATION" or "CODE text". A map that was just
# written is waited for.
sub ask_server
{
    my ($id, $what) = @_;
    my ($path, $header) = $what =~ /^(\S+)(?: \[(.*)\])?$/ or die "'$what'?\n";
    $path = "/$id/$path" unless $path =~ m{^/};
    my $reply = '';
    for (1 .. 300) {
        $reply = raw("GET $path HTTP/1.1\r\nHost: www.example.test\r\nConnection: close\r\n"
            . (defined $header ? "$header\r\n" : '') . "\r\n", port => $server->{port});
        last unless $reply =~ m{^HTTP/1\.1 503 } && $reply =~ /^Retry-After: 1\r/m;
        select undef, undef, undef, 0.1;
    }
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)};
    my ($location) = each_header($reply, 'Location');
    (my $body = $reply) =~ s/^.*?\r\n\r\n//s;
    return ($code || 'nothing') . ' ' . (defined $location ? $location : $body);
}

sub check_server
{
    my $row = shift;
    my $pattern = pattern_of($row->{text});
    my ($ask, $want) = split / -> /, $row->{asks}, 2;
    my $log;
    write_files("$root/$row->{id}", $row->{files});
    for (1 .. 100) {
        ask_server($row->{id}, $ask);
        ($log) = grep { m{/$row->{id}/} && /$pattern/ } split /\n/, own_log($server);
        last if $log;
        select undef, undef, undef, 0.1;
    }
    ok($log, "$row->{id}: said: $row->{text}") or diag(own_log($server));
    write_files("$root/$row->{id}", $row->{then});
    my $got;
    for (1 .. 100) {
        $got = ask_server($row->{id}, $ask);
        last if index($got, $want) == 0;
        select undef, undef, undef, 0.1;
    }
    is(substr($got, 0, length $want), $want, "$row->{id}: what comes of it: $ask") or diag("$got\n" . own_log($server));
    return;
}

sub check_conf
{
    my $row = shift;
    my $pattern = pattern_of($row->{text});
    my ($exit, $said) = conf_test("$row->{files}\n");
    ok($exit && $said =~ /$pattern/, "$row->{id}: said: $row->{text}") or diag("exit $exit\n$said");
    ($exit, $said) = conf_test("$row->{then}\n");
    is($exit, 0, "$row->{id}: $row->{then}") or diag($said);
    return;
}

sub run_ctl
{
    my ($dir, $command) = @_;
    my $said = qx(cd '$dir' && $ctl $command 2>&1 </dev/null);
    return ($? >> 8, $said);
}

sub check_ctl
{
    my ($row, $command) = @_;
    my $pattern = pattern_of($row->{text});
    my ($first, $then, $text) = $row->{asks} =~ /^(\d) -> (\d) (.*)$/ or die "$row->{id}: '$row->{asks}'?\n";
    my $dir = File::Temp->newdir;
    write_files($dir, $row->{files});
    my ($exit, $said) = run_ctl($dir, $command);
    ok($exit == $first && $said =~ /$pattern/, "$row->{id}: said: $row->{text}") or diag("exit $exit\n$said");
    write_files($dir, $row->{then}) unless $row->{then} =~ s/^ctl //;
    ($exit, $said) = run_ctl($dir, $row->{then} =~ /=/ ? $command : $row->{then});
    ok($exit == $then && index($said, $text) >= 0 && ($row->{then} !~ /=/ || $said !~ /$pattern/), "$row->{id}: what comes of it")
        or diag("exit $exit\n$said");
    return;
}

# Another test has it: that one still looks for the words.
sub check_test
{
    my ($row, $file) = @_;
    open my $in, '<', stage() . "/$file" or die "$file: $!\n";
    local $/;
    ok(index(scalar <$in>, $row->{asks}) >= 0, "$row->{id}: $file has it: $row->{text}");
    return;
}

plan tests => 2 * (grep { $_->{how} !~ /^see / } @rows) + (grep { $_->{how} =~ /^see / } @rows);

for my $row (@rows) {
    my ($how, $rest) = $row->{how} =~ /^(\w+) ?(.*)$/;
    $how eq 'htaccess' ? check_server($row)
        : $how eq 'conf' ? check_conf($row)
        : $how eq 'ctl' ? check_ctl($row, $rest)
        : check_test($row, $rest);
}

# SPDX-License-Identifier: Apache-2.0
#
# The tables of t/data for the end-to-end tests: how a row is read, and how it becomes a
# piece of configuration. A row has its own name-based <VirtualHost>: the host of the table,
# www.example.test, is written as ID.example.test, in the rule, in what is asked and in what
# is expected. A row that sends a Host of its own cannot have that; its rules stand in the
# first <VirtualHost>, inside an <If> on a header that names the row.
package R307::Rows;

use strict;
use warnings FATAL => 'all';
use File::Path ();

my $table_host = 'www.example.test';

# The escapes of the tables: \t \n \r \0 \\ \xNN, \e for nothing, \{N:text} for text N times.
sub unescape
{
    my $text = shift;
    my %plain = (t => "\t", n => "\n", r => "\r", 0 => "\0", '\\' => '\\', e => '');
    $text =~ s/\\(?:x([0-9A-Fa-f]{2})|\{(\d+):([^}]*)\}|([tnr0\\e]))/
        defined $1 ? chr hex $1 : defined $2 ? $3 x $2 : $plain{$4}/gex;
    return $text;
}

# The rows of a table as hashes by column, fields unescaped but for those that the caller
# takes apart first: as_is => [columns]. A column "name?" is one that only some rows have.
sub read_table
{
    my ($name, %with) = @_;
    my %as_is = map { $_ => 1 } @{ $with{as_is} || [] };
    my (@columns, @rows);
    open my $in, '<:raw', "$ENV{R307_DATA}/$name" or die "$ENV{R307_DATA}/$name: $!\n";
    while (my $line = <$in>) {
        chomp $line;
        next if $line =~ /^(?:#|$)/;
        my @fields = split /\t/, $line, -1;
        if (!@columns) {
            @columns = @fields;
            next;
        }
        my %row;
        @row{@columns} = @fields;
        $row{$_} = unescape($row{$_}) for grep { !$as_is{$_} && defined $row{$_} } @columns;
        push @rows, \%row;
    }
    return @rows;
}

# Both tables in one form: decide.tsv as it is, and guard-hostile.tsv, which has one column
# for what is expected, one for Redirect307AllowHosts, and one for what the server is.
sub all_rows
{
    my @rows = map { { %$_, id => "d-$_->{id}" } } read_table('decide.tsv');
    for my $row (@rows) {
        # a server asks its own clock: what comes to pass one day is another answer from then on
        die "decide.tsv: $row->{id} has a date of this century and no X-Now; write 2190 for later, 2020 for over\n"
            if $row->{rule} =~ /\b(?:from|until)=20(?:2[6-9]|[3-9])/ && $row->{headers} !~ /\bX-Now:/;
    }
    for my $row (read_table('guard-hostile.tsv')) {
        my $expected = delete $row->{expected};
        my $is_location = $expected !~ /^(?:refuse|pass|\*$)/;
        push @rows, { %$row, id => "g-$row->{id}", context => 'server', method => 'GET', vary => '*',
                      outcome => $is_location ? 307 : $expected,
                      location => $is_location ? $expected : '-' };
    }
    return @rows;
}

sub rules { return split / ;; /, $_[0]{rule} }

# What httpd.conf can say: one line, and not what httpd's own parser takes away; and a
# request that httpd lets through to its modules and to the row's own host.
sub can_stand
{
    my $row = shift;
    return 0 if grep { /[\n\r\0]/ || /\\$/ || /\$\{/ || length > 8000 } rules($row);
    return 0 if $row->{target} =~ m{^[^/]|[\0-\x20\x7f]|^[^?]*%(?:00|(?![0-9A-Fa-f]{2}))} || length $row->{target} > 8000;
    return 0 if ($row->{server} // '-') ne '-' && has_host($row);
    # httpd has its own word for a fragment, for a path that climbs above the root, and for
    # a header line with a control byte in it
    return 0 if $row->{target} =~ /#/ || climbs($row->{target}) || grep { /[\0-\x08\x0a-\x1f\x7f]/ } headers($row);
    # a rule whose host the request chooses is none without a list, and the main server has one
    return 0 if $row->{outcome} eq 'pass' && ($row->{allow} // '-') eq '-' && $row->{rule} =~ m{ "?https?://[^/ ]*(?:\$\d|%\{)};
    return $row->{outcome} ne '*' && $row->{headers} !~ /\bX-(?:Now|Login|User|File|Flag|Roll|Client):/
        && $row->{rule} !~ /flag=/;
}

sub climbs
{
    my ($depth, $path) = (0, $_[0] =~ m{^/*([^?#]*)});
    for my $segment (split m{/+}, $path) {
        my $name = $segment =~ s/%2e/./gir;
        $depth += $name eq '..' ? -1 : $name eq '.' ? 0 : 1;
        return 1 if $depth < 0;
    }
    return 0;
}

sub headers { return $_[0]{headers} eq '-' ? () : split / && /, $_[0]{headers} }

sub has_host { return scalar grep { /^Host:/i } headers($_[0]) }

sub host { return has_host($_[0]) ? $table_host : "\L$_[0]{id}.example.test" }

# Text of the table as it reads for the row's own host.
sub localized
{
    my ($row, $text) = @_;
    my $host = host($row);
    $text =~ s/\Q$table_host\E/$host/gi;
    return $text;
}

sub rule_lines
{
    my $row = shift;
    my $allow = $row->{allow} // '-';
    return join '', ($row->{server} // '-') =~ /off/ ? "Redirect307Relative off\n" : (), $allow eq '-' ? () : localized($row, "Redirect307AllowHosts $allow\n"),
        map { localized($row, "$row->{directive} $_\n") } rules($row);
}

# Writes DIR/first.inc and DIR/rest.inc, and a document root for each row of a .htaccess.
sub write_configuration
{
    my ($dir, @rows) = @_;
    File::Path::make_path($dir);
    my ($first, $rest) = ('', '');
    for my $row (grep { can_stand($_) } @rows) {
        my $lines = container($row, $dir);
        if (has_host($row)) {
            $first .= "<If \"%{HTTP:X-Row} == '$row->{id}'\">\n$lines</If>\n";
        }
        else {
            $rest .= "<VirtualHost *:\${R307_ROWS_PORT}>\nServerName " . server_name($row) . "\n"
                . "AllowEncodedSlashes NoDecode\nSetEnvIf X-Env \"(.+)\" R307_TEST=\$1\n"
                . "$lines</VirtualHost>\n";
        }
    }
    write_file("$dir/first.inc", $first);
    write_file("$dir/rest.inc", $rest);
    return;
}

# With a scheme and a port where a Location may have them.
sub server_name
{
    my $row = shift;
    my $server = $row->{server} // '-';
    return $server =~ /https/ ? 'https://' . host($row) . ':443' : $server =~ /off/ ? 'http://' . host($row) . ':80' : host($row);
}

sub container
{
    my ($row, $dir) = @_;
    my $lines = rule_lines($row);
    return "<Location \"$1\">\n$lines</Location>\n" if $row->{context} =~ /^location:(.*)/;
    return $lines if $row->{context} ne 'htaccess';
    File::Path::make_path("$dir/$row->{id}/dir");
    write_file("$dir/$row->{id}/dir/.htaccess", $lines);
    return "DocumentRoot \"$dir/$row->{id}\"\n";
}

sub write_file
{
    my ($name, $text) = @_;
    open my $out, '>:raw', $name or die "$name: $!\n";
    print $out $text;
    close $out or die "$name: $!\n";
    return;
}

# The bytes of the row's request.
sub request
{
    my $row = shift;
    my $text = "$row->{method} " . localized($row, $row->{target}) . " HTTP/1.1\r\n";
    $text .= 'Host: ' . host($row) . "\r\n" unless has_host($row);
    $text .= localized($row, "$_\r\n") for headers($row);
    return $text . "X-Row: $row->{id}\r\nConnection: close\r\n\r\n";
}

1;

# SPDX-License-Identifier: Apache-2.0
# One table of lines and places, asked of `httpd -t`, of a running server's answers and log,
# and of `redirect307ctl lint`: they agree. Then the lines that are no rules, of which lint
# says what the server says, and the names of httpd -L, of which lint knows each.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Rows;
use R307::Site;
use File::Temp ();

once();

my $ctl = $ENV{R307_CTL};
my $dir = File::Temp->newdir;
my $page = 'this is the page';
my @rows = R307::Rows::read_table('verdict.tsv');
my @bad_rows = grep { $_->{line} !~ /[\n\0\r]|\\$|^\s|\s$/ && length $_->{line} < 8000 }
    R307::Rows::read_table('rulefile-bad.tsv');

sub text_of
{
    my $row = shift;
    my ($where, @sections) = split / ; /, $row->{place};
    my $text = $row->{line} . ($row->{line} =~ /\r$/ ? '' : "\n");
    for my $section (reverse @sections) {
        my ($name) = $section =~ /^(\w+)/;
        $text = "<$section>\n$text</$name>\n";
    }
    return ($where, $text);
}

# Exit status and what it prints.
sub lint
{
    my ($name, $text) = @_;
    open my $out, '>:raw', "$dir/$name" or die "$dir/$name: $!\n";
    print $out $text;
    close $out or die "$dir/$name: $!\n";
    my $said = qx($ctl lint '$dir/$name' 2>&1 </dev/null);
    return ($? >> 8, $said);
}

my %exit_of = (fine => 0, bad => 1, 500 => 1, cr => 1, untold => 2);

# What the server makes of it: fine, bad or 500.
sub ask_server
{
    my ($row, $text) = @_;
    mark_log();
    put("agrees/$row->{id}/page.html", $page);
    my $file = put("agrees/$row->{id}/.htaccess", $text);
    my $answer = answer("/agrees/$row->{id}/page.html", vhost => 'ctl_agrees');
    return 500 if $answer->code == 500;
    return $answer->code . ', not the page' if $answer->content ne $page;
    answer("/agrees/$row->{id}/page.html", vhost => 'ctl_agrees') for 1, 2;
    my $log = log_since_mark();
    return $log =~ /^[^\n]*\Q$file\E:\d+: [^\n]*(?:is skipped|is left out|stays where it is)/m ? 'bad' : 'fine';
}

sub ask_conf
{
    my $text = shift;
    my ($exit, $said) = conf_test($text, only => [qw(proxy macro authn_core)]);
    return ($exit == 0 ? 'fine' : $exit == 1 ? 'bad' : "exit $exit", $said);
}

sub shown { my $text = shift; $text =~ s/[^ -~]/?/g; return length $text > 70 ? substr($text, 0, 67) . '...' : $text }

sub check_row
{
    my $row = shift;
    my ($where, $text) = text_of($row);
    my ($exit, $said) = lint($where eq 'conf' ? "$row->{id}.conf" : "$row->{id}.htaccess", $text);
    my $name = "$row->{id} $row->{want}: $row->{place}: " . shown($row->{line});
    my $got = 'fine';
    my $server = '';
    if ($where eq 'conf') { ($got, $server) = ask_conf($text) }
    else                  { $got = ask_server($row, $text) }
    # a doubt about a rule that answers is a finding too, and no disagreement
    my $agrees = $exit == $exit_of{ $row->{want} }
        || ($row->{want} eq 'fine' && $exit == 1 && $said !~ /:\d+: (?!note: )(?!\S+: R307-A)\S+: (?!R307-A)/);
    my $good = $agrees && ($row->{says} eq '-' || index($said, $row->{says}) >= 0)
        && ($row->{want} eq 'untold' || $got eq ($row->{want} eq 'cr' ? 'fine' : $row->{want}));
    ok($good, $name) or diag("the server: $got $server\nlint: exit $exit\n$said");
    return;
}

# The same line in a file that httpd.conf includes, where nothing is named but httpd.conf.
sub check_whole
{
    my $row = shift;
    my (undef, $text) = text_of($row);
    my $file = "$dir/$row->{id}.conf";
    lint("$row->{id}.conf", $text);
    open my $out, '>', "$dir/httpd.conf" or die "$dir/httpd.conf: $!\n";
    print $out "ServerRoot \"$dir\"\n", module_lines(only => [qw(proxy macro authn_core)]), "Include $row->{id}.con[f]\n";
    close $out or die "$dir/httpd.conf: $!\n";
    my $said = qx($ctl lint -f '$dir/httpd.conf' 2>&1 </dev/null);
    my $exit = $? >> 8;
    my $good = $row->{want} eq 'untold' ? $exit != 1
        : $exit == $exit_of{ $row->{want} } || ($row->{want} eq 'fine' && $exit == 1 && $said !~ /:\d+: (?!note: )(?!\S+: R307-A)\S+: (?!R307-A)/);
    $good &&= $said =~ /^\Q$file\E:\d+: /m if $row->{want} eq 'bad';
    ok($good, "$row->{id} $row->{want}, in an included file: $row->{place}: " . shown($row->{line})) or diag("exit $exit\n$said");
    return;
}

# --- what is no rule: lint says what the server says

sub normal { my $text = shift; $text =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge; return lc $text }

sub disagrees
{
    my ($context, @of) = @_;
    my $text = join '', map { "$_->{directive} $_->{line}\n" } @of;
    $text = "<Location \"$1\">\n$text</Location>\n" if $context =~ /^location:(.*)/;
    my (undef, $said) = lint($context eq 'htaccess' ? 'bad.htaccess' : 'bad.conf', $text);
    my %said_of;
    push @{ $said_of{$1} }, $2 while $said =~ /^\S+?bad\.\w+:(\d+): (.*)$/mg;
    my $first = $context =~ /^location/ ? 2 : 1;
    my @wrong;
    for my $i (0 .. $#of) {
        my ($row, $lines) = ($of[$i], join "\n", @{ $said_of{ $i + $first } || [] });
        next if $row->{error} eq '*' || $row->{error} eq '-';
        my @texts = $row->{error} =~ /^~/ ? grep { length } split /~/, $row->{error} : ($row->{error});
        push @wrong, "$row->{id} $row->{line}: wanted $row->{error}, lint: " . ($lines || 'nothing')
            if !$lines || grep { index(normal($lines), normal($_)) < 0 } @texts;
    }
    return @wrong;
}

# --- names: what httpd lists of this module, lint has

sub listed_names
{
    my (undef, $said) = conf_test('', args => ['-L']);
    my @names = $said =~ /^(Redirect307\w*) \(mod_redirect307\.c\)$/mg;
    return @names;
}

my %contexts = map { $_->{context} => 1 } @bad_rows;

my @conf_rows = grep { $_->{place} =~ /^conf/ } @rows;

plan tests => @rows + @conf_rows + keys(%contexts) + 2;

check_row($_) for @rows;
check_whole($_) for @conf_rows;
for my $context (sort keys %contexts) {
    my @wrong = disagrees($context, grep { $_->{context} eq $context } @bad_rows);
    is(scalar @wrong, 0, "what is no rule in $context is none for lint, with the same words") or diag(join "\n", @wrong);
}
my @names = listed_names();
my (undef, $said) = lint('names.conf', join '', map { "$_\n" } @names);
my @unknown = $said =~ /'(Redirect307\w*)' is no directive/g;
ok(@names == 19 && !@unknown, 'lint knows each directive that httpd -L lists') or diag("@names; unknown: @unknown");
my %asked = map { /^(Redirect307\w*)/ ? ($1 => 1) : () } map { $_->{line} } @rows;
is(join(' ', grep { !$asked{$_} && !/^Redirect307(?:Match)?$/ } @names), '', 'each of them is in the table');

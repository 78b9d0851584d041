# SPDX-License-Identifier: Apache-2.0
# needs no conf: the words of redirect307ctl's command line, for each command and each option
# that its help has, and what shells complete of them.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Tool qw($ctl $dir file run_apart);

once();

sub run { return run_apart(@_) }

# --- what the help has ---

my (undef, $help) = run('help');
my (@commands, %options, %text);
for (split /\n/, $help) {
    if (/^([a-z]+)(?: |$)/) { push @commands, $1; $options{$1} = [] }
    elsif (@commands && /^    (?:--([a-z-]+)|-([A-Za-z]))(?: (\S+))?/) { push @{$options{$commands[-1]}}, [defined $1 ? "--$1" : "-$2", $3] }
}
@commands = grep { $_ ne 'exit' && $_ ne 'usage' } @commands;

# whatever takes a file, with what stands around it
my %with = (lint => [[]], flatten => [[]], explain => [[], ['/a']], maintenance => [['status']], report => [['--due']], compile => [[]]);
file('fine.conf', "Redirect307 /a /b\n");
file('none.conf', "ServerName x\n");
file('none.map', "# nothing\n");
my @files = grep { $with{$_} } @commands;

my @lists = map { my $command = $_; map { [$command, @$_] } @{$options{$command}} } @commands;
plan tests => 1 + 7 * @commands + 2 * @lists + 5 * @files + 6 + 4 + @lists + 2;
ok(@commands >= 9 && @lists >= 20 && @files >= 6, 'the help has commands and options') or diag($help);

for my $command (@commands) {
    my ($status, $out, $err) = run($command, '--help');
    ok($status == 0 && $err eq '' && $out =~ /^usage: redirect307ctl \Q$command\E\b.*exit status: 0 nothing to do, 1 something to do, 2 could not tell\n\z/s, "$command --help") or diag("$out$err");
    is((run($command, '-h'))[1], $out, "$command -h");
    is((run('help', $command))[1], $out, "help $command");
    is(join("\n", grep { length > 80 } split /\n/, $out), '', "... in 80 columns");
    ($status, my $said, $err) = run($command, '--nosuchoption');
    ok($status == 2 && $said eq '' && $err =~ /^redirect307ctl $command: '--nosuchoption' is not understood; see redirect307ctl help $command$/, "$command --nosuchoption") or diag($err);
    my ($long) = grep { length > 5 } map { $_->[0] } @{$options{$command}};
    (my $near = $long || '') =~ s/.(.)$/$1/;
    ($status, $said, $err) = run($command, $near) if $long;
    ok(!$long || ($status == 2 && $said eq '' && $err =~ /'\Q$near\E' is not understood; did you mean \Q$long\E\?/), "$command $near: what was meant") or diag($err);
    (my $misspelt = $command) =~ s/(.)(.)$/$2$1/;
    ($status, $said, $err) = run($misspelt);
    ok($status == 2 && $said eq '' && $err =~ /^redirect307ctl: '$misspelt' is no command; did you mean $command\?$/, "$misspelt is $command misspelt") or diag($err);
}

for my $row (@lists) {
    my ($command, $option, $value) = @$row;
    my ($status, $out, $err) = defined $value ? run($command, $option) : run($command, "$option=x");
    ok($status == 2 && $out eq '' && $err =~ (defined $value ? qr/\Q$option\E needs a value$/ : qr/\Q$option\E takes no value$/), "$command $option: its value") or diag($err);
    my @joined = run($command, "$option=x", '--help');
    ok(!defined $value || $option !~ /^--/ || ($joined[0] == 0 && $joined[1] =~ /^usage:/), "$command $option=x is $option x") or diag($joined[2]);
}

for my $command (@files) {
    my ($before, $behind) = @{$with{$command}[0]} ? ($with{$command}[0], []) : ([], $with{$command}[1] || []);
    for my $name ('nosuch.conf', 'none.conf', 'none.map') {
        my ($status, $out, $err) = run($command, @$before, $name, @$behind);
        ok(($command =~ /flatten|compile/ && $name =~ /none/) || ($status == 2 && $out eq '' && $err =~ /^redirect307ctl[^\n]*\Q$name\E[^\n]*\n\z/), "$command $name: told in one line, and no sum") or diag("$status $out$err");
    }
    my ($status, $out, $err) = run($command, @$before, '--', '--nosuch', @$behind);
    ok($status == 2 && $err =~ /--nosuch/ && $err !~ /not understood/, "$command -- --nosuch: a file") or diag($err);
    ($status, $out, $err) = run($command, @$before, 'fine.conf', @$behind);
    ok("$out$err" !~ /\x1b/, "$command: no colours");
}

for my $case ([[], 2, qr/^$/, qr/^usage: /], [['--help'], 0, qr/^usage: /, qr/^$/], [['-h'], 0, qr/^usage: /, qr/^$/],
    [['--version'], 0, qr/^redirect307ctl \d/, qr/^$/], [['-V'], 0, qr/^redirect307ctl \d/, qr/^$/], [['--hlp'], 2, qr/^$/, qr/did you mean help\?/]) {
    my ($status, $out, $err) = run(@{$case->[0]});
    ok($status == $case->[1] && $out =~ $case->[2] && $err =~ $case->[3], "redirect307ctl @{$case->[0]}") or diag("$status $out$err");
}

# --- what bash completes ---

my ($status, $script, $err) = run('completion', 'bash');
ok($status == 0 && $err eq '' && $script =~ /^complete /m, 'completion bash');
file('completion.bash', $script);

# What is offered for the last of these words.
sub completed
{
    my @words = ('redirect307ctl', @_);
    my $list = join ' ', map { "'$_'" } @words;
    my $last = $#words;
    return join ' ', split /\s+/, qx(bash -c '. $dir/completion.bash; COMP_WORDS=(@{[map { "\"$_\"" } @words]}); COMP_CWORD=$last; _redirect307ctl; echo "\${COMPREPLY[*]}"');
}
is(completed(''), "@commands --help --version", 'commands');
is(completed('maintenance', ''), 'on off status', 'verbs');
is(completed('help', 'exp'), 'explain', 'commands behind help');
for my $row (@lists) {
    my ($command, $option, $value) = @$row;
    my ($choice) = defined $value && $value =~ /\|/ ? $value =~ /\|(\w+)/ : ();
    my $offered = completed($command, $option);
    ok($offered =~ /(?:^| )\Q$option\E(?: |$)/ && (!$choice || (completed($command, $option, $choice) eq $choice && completed($command, $option, '=', $choice) eq $choice)),
       "bash: $command $option") or diag($offered);
}

# --- and zsh ---

($status, $script, $err) = run('completion', 'zsh');
my @missing = grep { my $row = $_; $script !~ /'\*\Q$row->[1]\E[=\[]/ } @lists;
ok($status == 0 && $err eq '' && $script =~ /^#compdef redirect307ctl\n/ && !@missing, 'completion zsh has all options') or diag(map { "@$_[0, 1]\n" } @missing);
file('_redirect307ctl', $script);
SKIP: {
    skip 'no zsh here', 1 unless `zsh --version 2>/dev/null` =~ /^zsh/;
    is(qx(zsh -n '$dir/_redirect307ctl' 2>&1), '', 'and is a program of zsh');
}

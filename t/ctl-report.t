# SPDX-License-Identifier: Apache-2.0
# needs no conf: redirect307ctl report: what is due and what comes, for people, programs, sheets
# and calendars; and who wrote it, by a git that nobody else's configuration can make run
# anything.
use strict;
use warnings FATAL => 'all';
use R307;
use File::Path qw(make_path);
use JSON::PP ();
use R307::Tool qw($ctl $dir file);

once();

my $now = '2026-11-30T12:00Z';

# Exit status and everything printed.
sub run { return R307::Tool::run('report', '--at', $now, @_) }

my $rules = file('rules.htaccess', <<'EOT');
Redirect307 /over /b until=2020-01-01 owner=seo "note=for, x; y\\z"
Redirect307 /ends /d until=2026-12-05 name=xmas
Redirect307 /look /f review=2026-12-10
Redirect307 /begins /h from=2026-12-02T08:00Z until=2027-01-01 then=308
Redirect307Maintenance /down/ until=2026-12-03T06:00Z
Redirect307 /late /i until=2027-06-01 then=410
Redirect307 /never /j
EOT

sub kinds { return join ' ', $_[0] =~ /^([A-Z]+) /mg }

my @cases = (
    [['--due'], 1, 'RETURNS', qr/^7 rules, 1 due\.$/m],
    [['--within', '14d'], 1, 'ENDS REVIEW BEGINS ENDS', qr/^7 rules, 4 due or to come\.$/m],
    [['--due', '--within', '14d'], 1, 'RETURNS ENDS REVIEW BEGINS ENDS', qr{^BEGINS +/begins +- +begins 2 Dec 2026, 08:00 UTC \(in 44 hours\)}m],
    [['--within', '24h'], 0, '', qr/^7 rules, 0 due or to come\.$/m],
    [['--within', '365d'], 1, 'ENDS REVIEW BEGINS ENDS ENDS', qr{^ENDS +/late +- +ends 1 Jun 2027, 24:00 UTC \(in \d+ \w+\), and answers 410 from then on}m],
    [['--within', 'soon'], 2, '', qr/--within 'soon' is no/], [['--due', '--format', 'xml'], 2, '', qr/write text, json, csv or ics/],
    [['--due', '--hits', 'x'], 2, '', qr/--hits is for --unused 180d; write both/],
    [[], 2, '', qr/write redirect307ctl report --due FILE/],
);
for my $case (@cases) {
    my ($words, $wanted, $kinds, $says) = @$case;
    my ($status, $text) = run(@$words, $rules);
    is_deeply([$status, kinds($text)], [$wanted, $kinds], "report @$words") or diag($text);
    like($text, $says, 'and what it says');
}

# ---- formats ----------------------------------------------------------------------------

my $said = JSON::PP->new->utf8->decode((run('--due', '--within', '14d', '--format', 'json', $rules))[1]);
is_deeply([map { "$_->{kind} $_->{at} $_->{rule} $_->{line}" } @{$said->{due}}],
          ['RETURNS 2020-01-02T00:00:00Z /over 1', 'ENDS 2026-12-06T00:00:00Z xmas 2', 'REVIEW 2026-12-10T00:00:00Z /look 3',
           'BEGINS 2026-12-02T08:00:00Z /begins 4', 'ENDS 2026-12-03T06:00:00Z /down/ 5'], 'json');
is_deeply([@{$said->{due}[0]}{qw(owner note)}, $said->{rules}], ['seo', 'for, x; y\\z', 7], 'with owner and note');
my @csv = split /\r\n/, (run('--due', '--format', 'csv', $rules))[1];
is($csv[0], 'kind,at,rule,owner,note,file,line,text,author,written', 'csv: a head');
like($csv[1], qr{^RETURNS,2020-01-02T00:00:00Z,/over,seo,"for, x; y\\z",\Q$rules\E,1,"ended }, 'and a row');

# A calendar, read as RFC 5545 says: unfolded, name and parameters, values of text unescaped.
sub calendar
{
    my ($text) = @_;
    my @events;
    return [] if $text =~ /(?<!\r)\n/ || grep { length > 75 } split /\r\n/, $text;
    $text =~ s/\r\n[ \t]//g;
    for my $line (split /\r\n/, $text) {
        my ($name, $value) = $line =~ /^([A-Z-]+(?:;[A-Z]+=[A-Z-]+)*):(.*)$/ or return [];
        $value =~ s/\\([\\;,n])/$1 eq 'n' ? "\n" : $1/ge;
        push @events, {} if $line eq 'BEGIN:VEVENT';
        $events[-1]{$name} = $value if @events;
    }
    return \@events;
}

my (undef, $ics) = run('--due', '--within', '14d', '--format', 'ics', $rules);
like($ics, qr/\ABEGIN:VCALENDAR\r\nVERSION:2\.0\r\nPRODID:\S+.*\r\nEND:VCALENDAR\r\n\z/s, 'ics: a calendar');
my $events = calendar($ics);
is_deeply([map { $_->{SUMMARY} } @$events], ['RETURNS /over', 'ENDS xmas', 'REVIEW /look', 'BEGINS /begins', 'ENDS /down/'], 'its events') or diag($ics);
is_deeply([map { $_->{'DTSTART;VALUE=DATE'} || $_->{DTSTART} } @$events], ['20200101', '20261205', '20261210', '20261202T080000Z', '20261203T060000Z'], 'their days and times');
like($events->[0]{DESCRIPTION}, qr/\Qrules.htaccess:1\E\nowner: seo\nnote: for, x; y\\z$/, 'commas, semicolons and backslashes');
is_deeply([grep { $_->{DTSTAMP} ne '20261130T120000Z' } @$events], [], 'DTSTAMP');
my %uids = map { $_->{UID} => 1 } @$events;
is(scalar keys %uids, 5, 'each has an UID of its own');
my $moved = file('rules.htaccess', "# a comment\n\n" . join '', reverse map { "$_\n" }
    'Redirect307 /over /b until=2020-01-01', 'Redirect307 /other /d until=2026-12-07 name=xmas', 'Redirect307 /look /f review=2026-12-11');
is_deeply([sort map { $_->{UID} } @{calendar((run('--due', '--within', '14d', '--format', 'ics', $moved))[1])}],
          [sort map { $_->{UID} } @$events[0 .. 2]], 'which stays where lines and dates move');
my $long = file('long.htaccess', 'Redirect307 /' . "\xC3\xBC" x 90 . " /b until=2026-12-05 \"note=" . "\xE2\x82\xAC;" x 60 . "\"\n");
my $folded = (run('--within', '14d', '--format', 'ics', $long))[1];
is(scalar @{calendar($folded)}, 1, 'long lines are folded');
ok(!grep({ !utf8::decode(my $line = $_) } split /\r\n/, $folded), 'and no character is cut');
unlike($folded, qr/[\x00-\x09\x0b\x0c\x0e-\x1f]/, 'no control byte');

# ---- who wrote it -------------------------------------------------------------------------

my $git = (grep { -x } '/usr/bin/git', '/usr/local/bin/git')[0];
SKIP: {
    skip 'no git', 14 unless $git;
    my $repo = "$dir/repo";
    my $ran = "$dir/ran";
    make_path($repo);
    my $run = sub { local %ENV = (PATH => '/usr/bin:/bin', HOME => "$dir", GIT_CONFIG_NOSYSTEM => 1);
                    system($git, '-C', $repo, '-c', 'user.name=Ann Otter', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main', @_) == 0 or die "git @_\n" };
    umask 022;
    $run->('init', '-q');
    file('repo/site/.htaccess', "# top\nRedirect307 /a /b until=2020-01-01\n");
    file('repo/.gitattributes', "* diff=evil filter=evil\n");
    $run->('add', '.');
    $run->('commit', '-q', '-m', 'x', '--date', '2026-11-02T10:00:00+0000');
    my $blame = sub { return run('--due', '--blame', @_) };

    my ($status, $text) = $blame->("$repo/site");
    like($text, qr/^RETURNS .*:2  Ann Otter 2026-11-02$/m, 'author and day') or diag($text);
    is($status, 1, 'and the status is as without');
    $said = JSON::PP->new->utf8->decode((run('--due', '--blame', '--format', 'json', "$repo/site"))[1]);
    is_deeply([@{$said->{due}[0]}{qw(author written)}], ['Ann Otter', '2026-11-02T10:00:00Z'], 'in json, too');

    # whatever the repository wants to be run
    file('evil', "#!/bin/sh\necho \"\$0 \$*\" >> $ran\ncat\n");
    chmod 0755, "$dir/evil" or die "$!\n";
    for my $setting (['diff.evil.textconv'], ['filter.evil.clean'], ['filter.evil.smudge'], ['filter.evil.process'], ['core.fsmonitor'],
                     ['core.pager'], ['pager.blame'], ['alias.blame', '!'], ['core.sshCommand'], ['core.gitProxy'], ['gpg.program'],
                     ['core.editor'], ['core.askPass'], ['credential.helper', '!'], ['diff.external'], ['uploadpack.packObjectsHook']) {
        $run->('config', $setting->[0], ($setting->[1] || '') . "$dir/evil");
    }
    $run->('config', 'core.hooksPath', "$dir");
    $run->('config', 'log.showSignature', 'true');
    ($status, $text) = $blame->("$repo/site");
    like($text, qr/Ann Otter 2026-11-02$/m, 'a repository that wants programs to run');
    $run->('config', 'remote.origin.url', "ext::$dir/evil");
    $run->('config', 'remote.origin.promisor', 'true');
    $run->('config', 'core.repositoryFormatVersion', '1');
    $run->('config', 'extensions.partialClone', 'origin');
    for my $object (glob "$repo/.git/objects/??/*") {
        unlink $object;         # so that it would have to be fetched
    }
    ($status, $text) = $blame->("$repo/site");
    like($text, qr/:2: is not in the last commit as it is now\n/, 'one that has to be fetched from somewhere');
    ok(!-e $ran, 'none of them ran') or diag(qx(cat $ran));

    # and where nothing is asked
    file('repo2/.htaccess', "Redirect307 /a /b until=2020-01-01\n");
    $repo = "$dir/repo2";
    $run->('init', '-q');
    $run->('add', '.');
    $run->('commit', '-q', '-m', 'x');
    file('repo2/.htaccess', "Redirect307 /changed /b until=2020-01-01\nRedirect307 /new /b until=2020-01-01\n");
    like((run('--due', '--blame', $repo))[1], qr/is not in the last commit.*\n(?:.*\n)*RETURNS.*:1  - -\nRETURNS.*:2  - -\n/, 'lines that are not committed');
    for my $name ('.git', '.git/config', '.') {
        my @stat = stat "$repo/$name";
        chmod 0777 & ($stat[2] | 022), "$repo/$name" or die "$!\n";
        like((run('--due', '--blame', $repo))[1], qr/:1: lies in a repository that others can write, and git is not asked$/m, "$name that others can write");
        chmod $stat[2] & 07777, "$repo/$name" or die "$!\n";
    }
    unlike((run('--due', '--blame', $repo))[1], qr/others can write/, 'as it was');
    rename "$repo/.git", "$dir/elsewhere" or die "$!\n";
    symlink "$dir/elsewhere", "$repo/.git" or die "$!\n";
    like((run('--due', '--blame', $repo))[1], qr/others can write/, 'nor one that is a link');
    unlink "$repo/.git";
    file('repo2/.git', "gitdir: $dir/elsewhere\n");
    like((run('--due', '--blame', $repo))[1], qr/others can write/, 'or lies elsewhere');
    like((run('--due', '--blame', file('bare/.htaccess', "Redirect307 /a /b until=2020-01-01\n")))[1], qr/lies in no repository of git/, 'without one');
}

done_testing();

# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Every block of README and the manual: what is configuration t/examples.t loads; a command
# behind a prompt is run here and prints what stands below it; of every other block
# t/data/manual.tsv says what becomes of it. A block without an answer fails, and so does a row
# without a block.
#
# Each page has a folder that stands for the machine: /var, /etc, /home and /srv of a command
# are its, and what it calls the httpd that is installed is the one of /etc/apache2.
use strict;
use warnings FATAL => 'all';
use R307;
use R307::Manual qw(blocks_of kind_of pages);
use R307::Site;
use R307::Tool qw($ctl $dir file);
use POSIX qw(strftime);

once();

my ($bin) = $ctl =~ m{^(.*)/};

# --- the machine of a page

my %made;

sub days_ago { return strftime($_[1], localtime(time - $_[0] * 86400)) }

# a line of an access log
sub line_of
{
    my ($url, $status, %with) = @_;
    return sprintf qq{192.0.2.1 - - [%s +0000] "%s %s HTTP/1.1" %d 250 "%s" "%s"\n}, days_ago($with{days} || 1, '%d/%b/%Y:%H:%M:%S'),
        $with{method} || 'GET', $url, $status, $with{from} || '-', $with{agent} || 'Mozilla/5.0';
}

# what every page has
sub machine
{
    my $page = shift;
    (my $world = $page) =~ s/\W/-/g;
    return "$dir/$world" if $made{$world}++;
    my $root = "$dir/$world";
    my %files = (
        'etc/apache2/apache2.conf' => join('', module_lines(only => ['dir']), "ServerRoot \"$root\"\nListen 127.0.0.1:80\nListen 127.0.0.1:443 https\n<Directory \"/\">\n    AllowOverride None\n</Directory>\nServerName www.example.com\nDocumentRoot \"$root/var/www/html\"\n",
            "<Directory \"$root/var/www\">\n    AllowOverride FileInfo\n</Directory>\nIncludeOptional \"$root/etc/apache2/sites-enabled/*.conf\"\n"),
        'etc/apache2/sites-enabled/shop.conf' => "Redirect307Maintenance /down/ page=$root/srv/maintenance/index.html flag=$root/srv/maintenance/down.on exempt=/healthz\n",
        'srv/maintenance/index.html' => "<title>Down</title>\n", 'srv/calendar/x' => '',
        'var/lib/redirect307/x' => '',
        'var/www/shop/.htaccess' => "Redirect307Maintenance down/ flag=down.on exempt=/healthz\n", 'var/www/shop/down/index.html' => "down\n",
        'var/www/html/.htaccess' => "Redirect307 /offer /offers/ from=2026-12-01 until=2190-12-26\n",
        'var/www/tenants/a/.htaccess' => "Redirect307 menu.html menu-summer.html\n",
        '.htaccess' => "#? /shop at=2026-12-10 -> 307 /winter-shop\nRedirect307 /shop /winter-shop from=2026-12-01 until=2026-12-26\nRedirect307 /order /orders\n",
        'public_html/.htaccess' => "#? /a -> 307 /b\nRedirect307 /a /b\n",
        'relaunch.csv' => "source,target\n/agb.html,/terms\n", 'old.csv' => "source,target\n/agb.html,/terms\n", 'new.csv' => "source,target\n/agb.html,/terms\n",
        'shop.map' => "/agb.html /terms/\n",
        'access.log' => line_of('/agb.html', 307), 'more.tests' => "http://www.example.com/offer at=2026-12-10 -> 307 /offers/\n",
    );
    file("$world/$_", $files{$_}) for sort keys %files;
    return $root;
}

# --- what single commands of a page are asked of beside that

my %before;

# the doubts, one after the other
$before{'docs/lint.md'} = [
    sub { file('docs-lint-md/site.conf', "\n" x 8 . "Redirect307Match ^/old(.*)\$ https://h.example\$1\n") },
    sub {
        file('docs-lint-md/public_html/.htaccess', "\n" x 6 . "Redirect307 sale.html /winter.html match=exact\n");
        file('docs-lint-md/public_html/index.html', '');
    },
    sub { file('docs-lint-md/site.conf', "\n\nRedirect307 /a /b\nRedirect307 /b /a\n") },
    sub {
        file('docs-lint-md/site.conf', "\n\nRedirect307 /shop /winter-shop\nRedirect307Map relaunch.map\n");
        file('docs-lint-md/relaunch.map', "\n" x 811 . "/shop/x /y\n");
    },
    sub { file('docs-lint-md/public_html/.htaccess', "Redirect307 301 /a /b\nRedirect307 c d\n") },
    sub { file('docs-lint-md/.htaccess', "Redirect307 301 /a /b\nRedirect307 c d\n") },
];

# ten sites, then two more, one with a line that somebody else wrote
$before{'docs/hosts.md'} = [
    sub {
        my $home = 'docs-hosts-md/home';
        file(sprintf('%s/u%04d/public_html/.htaccess', $home, $_), "Redirect307 /a https://wa.example/\nRedirect307 /b /c\n") for 1 .. 2;
        file("$home/u0003/public_html/.htaccess", "Redirect / https://partner.example/\n");
        file("$home/u0004/shop.example/.htaccess", "Redirect /a https://www.shop.example/\n");
        system("'$ctl' hosts --state '$dir/docs-hosts-md/var/lib/redirect307/hosts' '$dir/$home' >'$dir/first' 2>&1") == 0
            or die R307::Tool::text_of("$dir/first");
        file("$home/u0412/public_html/.htaccess", "\n\nRedirect307 /a https://wa.example/\n");
        file("$home/u0077/public_html/.htaccess", "\n" x 10 . "RewriteCond %{HTTP_REFERER} search\nRewriteRule ^ https://evil.example/ [R,L]\n");
    },
];

# a month of logs
$before{'docs/missing.md'} = [
    sub {
        my ($site, $robot) = ('docs-missing-md/var/www/html', 'Googlebot/2.1 (+http://www.example.org/bot.html)');
        file("$site/products/shoe.html", '');
        file("$site/.htaccess", "\n" x 11 . "Redirect307 /shop /store\n" . "\n" x 18 . "Redirect307 /christmas /store/christmas\n");
        file('docs-missing-md/var/log/apache2/access.log', join '', (line_of('/prodcts/shoe', 404, from => 'https://partner.example/catalogue')) x 61,
            (line_of('/prodcts/shoe', 404, agent => $robot)) x 3, (line_of('/shpo/winter', 404)) x 9, (line_of('/index.html', 200)) x 900);
        file('docs-missing-md/var/log/apache2/access.log.1', join '', (line_of('/christmas', 404, days => 9)) x 4, (line_of('/.env', 404, days => 9, agent => 'x')) x 40,
            (line_of('/favicon.ico', 404, days => 9)) x 5, (line_of('/favicon.ico', 404, days => 40)) x 5);
    },
];

# --- commands

# What a shell says to it in the folder of the page: exit status and everything printed, with
# the machine's names as the page has them.
sub shell
{
    my ($page, $line, $port) = @_;
    my $root = machine($page);
    $line =~ s{(?<![\w/.])/(?=(?:var|etc|home|srv)/)}{$root/}g;
    $line =~ s{(?<=\s)/home(?=\s|\z)}{$root/home}g;
    # the httpd that is installed
    $line =~ s{^(redirect307ctl (?:lint(?: --homes)?|explain(?: -\S+ \S+)* https://\S+))$}{$1 -f $root/etc/apache2/apache2.conf}mg;
    $line =~ s{127\.0\.0\.1:8080}{127.0.0.1:$port}g if $port;
    file('line.sh', "set -e\n$line\n");
    my $text = qx(cd '$root' && PATH='$bin':"\$PATH" sh '$dir/line.sh' 2>&1 </dev/null);
    my $exit = $? >> 8;
    $text =~ s{\Q$root\E/?(?=\S)}{/}g;
    return ($exit, $text);
}

# one spelling of what differs by the day and by the width of a page
sub plain
{
    my $text = shift;
    $text =~ s/\b\d{4}-\d\d-\d\d\b/DAY/g;
    $text =~ s/(?:DAY |\d\d? \w{3} )?\b\d\d:\d\d\b/TIME/g;
    $text =~ s/\s+/ /g;
    return $text =~ s/^ | $//gr;
}

my (%transcripts, @wrong);

# "$ command" and what it prints, up to the next one
sub run_transcript
{
    my $block = shift;
    my $page = $block->{page};
    for my $part (split /^(?=[\$#] redirect307ctl |\$ )/m, $block->{text}) {
        my ($line, $wanted) = $part =~ /\A[\$#] ([^\n]*)\n(.*)\z/s or die "no command: $part\n";
        machine($page);
        my $prepare = $before{$page}[ $transcripts{$page}++ ];
        $prepare->() if $prepare;
        my ($exit, $said) = shell($page, $line);
        # a question is asked at a terminal alone (t/ctl-fix.t)
        $said = substr plain($said), 0, length plain($wanted) if $wanted =~ s{^Write \S+\? \[y/N\]\n\z}{}m;
        # the sum stands below what is shown
        $said =~ s/^\d+ findings?\b.*\n//m unless $wanted =~ /^\d+ findings?\b/m;
        is(plain($said), plain($wanted), "$page, line $block->{line}: $line") or diag("exit $exit\n$said");
    }
    return;
}

# --- the table

my %rows;

sub read_table
{
    open my $in, '<', "$ENV{R307_DATA}/manual.tsv" or die "no manual.tsv: $!\n";
    while (my $line = <$in>) {
        next if $line =~ /^#|^\s*$/ || $line =~ /^page\t/;
        chomp $line;
        my ($page, $first, $how, $with) = split /\t/, $line;
        defined $with && length $with or die "manual.tsv:$.: four columns: page, first line, how, with\n";
        !$rows{"$page\t$first"} or die "manual.tsv:$.: is there twice\n";
        $rows{"$page\t$first"} = { how => $how, with => $with, line => $. };
    }
    close $in;
    return;
}

# one line each, as a table that a page lays out in blanks: "command    what it does"
sub commands_of
{
    my $text = shift;
    $text =~ s/^(\S[^#\n]*?) {2,}.*$/$1/mg;
    $text =~ s/^ {8,}.*\n//mg;
    return grep { /\S/ && !/^#/ } split /\n/, $text;
}

sub answer_matches
{
    my ($block, $server) = @_;
    my $reply = raw("GET /shop/lamps?sort=price HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n", port => $server->{port});
    return grep { index($reply, "$_\r\n") < 0 } split /\n/, $block->{text};
}

my $server;

my %do = (
    # each command by itself; with: the exit statuses that are right
    run => sub {
        my ($block, $row) = @_;
        my @bad;
        for my $line (commands_of($block->{text})) {
            my ($exit, $said) = shell($block->{page}, $line, $server->{port});
            push @bad, "$line\nexit $exit\n$said" if !grep { $_ == $exit } split /,/, $row->{with};
        }
        return @bad;
    },
    # what the server answers to the request in column with
    answer => sub { return answer_matches($_[0], $server) },
    # the block stands in that file, whatever its indentation
    in => sub {
        my ($block, $row) = @_;
        my $text = R307::Tool::text_of(stage() . "/$row->{with}");
        return 'no such file' if !defined $text;
        s{\s+|</?script>}{}g for $text, my $shown = $block->{text};
        return index($text, $shown) < 0 ? "not in $row->{with}" : ();
    },
    # lines of httpd without one of ours
    loads => sub {
        my ($block, $row) = @_;
        my ($exit, $said) = conf_test($block->{text} =~ s{ logs/}{ }gr, only => [split /,/, $row->{with}]);
        return $exit ? $said : ();
    },
    # by a test of its own, which knows the page
    by => sub {
        my ($block, $row) = @_;
        my ($page) = $block->{page} =~ m{([^/]+)\z};
        my $text = R307::Tool::text_of(stage() . "/$row->{with}");
        return defined $text && index($text, $page) >= 0 ? () : "$row->{with} does not name $page";
    },
    # a flag file: the tool that writes them takes it for one, and takes it away
    flag => sub {
        my ($block, $row) = @_;
        my @bad;
        for my $text ($block->{text}, $block->{text} . "qwertz\n") {
            my $flag = machine($block->{page}) . '/var/www/shop/down.on';
            file($flag =~ s{^\Q$dir\E/}{}r, $text);
            my ($exit, $said) = shell($block->{page}, 'redirect307ctl maintenance off /var/www/shop');
            push @bad, "exit $exit\n$said" if ($exit == 2) != ($text =~ /qwertz/) || -e $flag && $exit != 2;
            unlink $flag;
        }
        return @bad;
    },
    # with: why
    'not run' => sub { return },
);

read_table();
my @blocks = map { blocks_of($_) } pages();
my $root = machine('docs/testing.md');
$server = own_server(<<"CONF", only => ['dir']);
Redirect307Hits on keep=$dir/hits
Redirect307 /shop /winter-shop
Redirect307Map "$root/relaunch.csv"
CONF

my (%used, $files);
my $asked = 0;
while (my $block = shift @blocks) {
    my $kind = kind_of($block);
    my $where = "$block->{page}, line $block->{line}";
    if ($kind eq 'transcript') {
        # what it prints may have blank lines in it
        while (@blocks && $blocks[0]{page} eq $block->{page} && $blocks[0]{follows} && $blocks[0]{text} !~ /\A\$ /) {
            $block->{text} .= "\n" . shift(@blocks)->{text};
        }
        run_transcript($block);
        $asked++;
        next;
    }
    if ($block->{name}) {
        my $name = $block->{name};
        machine($block->{page});
        (my $world = $block->{page}) =~ s/\W/-/g;
        $block->{text} = R307::Tool::text_of("$dir/$world/$name") . "\n$block->{text}" if ($files || '') eq "$world/$name" && $block->{follows};
        file("$world/$name", $block->{text});
        $files = "$world/$name";
    }
    next if $kind;
    my ($first) = $block->{text} =~ /\A\s*([^\n\t]*)/;
    my $key = "$block->{page}\t$first";
    my $row = $rows{$key};
    if (!$row) {
        fail("$where: neither configuration nor a command behind '\$ '; say in t/data/manual.tsv what becomes of it");
        diag($block->{text});
        next;
    }
    $used{$key} = 1;
    my $do = $do{ $row->{how} } or die "manual.tsv:$row->{line}: '$row->{how}' is none of " . join(', ', sort keys %do) . "\n";
    my @bad = $do->($block, $row);
    ok(!@bad, "$where: $row->{how}, $first") or diag(join "\n", @bad);
    $asked++;
}
is(join(', ', map { "line $rows{$_}{line}" } grep { !$used{$_} } sort keys %rows), '', 'every row of manual.tsv has its block');
ok($asked >= 55, "blocks that are no configuration: $asked");
done_testing();

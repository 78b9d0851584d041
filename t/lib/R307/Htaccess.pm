# SPDX-License-Identifier: Apache-2.0
#
# Texts of .htaccess files as people and their tools write them, right and wrong, from a
# seed: rules of ours among directives of others, in sections, continued, with variables
# and macros, with mistakes of every kind.
package R307::Htaccess;

use strict;
use warnings FATAL => 'all';

# R307::Htaccess->make($seed): its own numbers, so that a text can be made again alone.
sub make
{
    my ($class, $seed) = @_;
    my $self = bless { state => ($seed * 2_654_435_761 + 1) & 0xffff_ffff, names => 0 }, $class;
    $self->below(2) for 1 .. 8;
    return $self;
}

sub below
{
    my ($self, $most) = @_;
    my $x = $self->{state};
    $x ^= ($x << 13) & 0xffff_ffff;
    $x ^= $x >> 17;
    $x ^= ($x << 5) & 0xffff_ffff;
    $self->{state} = $x;
    return $x % $most;
}

sub one_of { my ($self, @things) = @_; return $things[$self->below(scalar @things)] }
sub chance { my ($self, $of) = @_; return $self->below($of) == 0 }

my @sources = qw(old.html page.html foo.html a a/* gone.html sub sub/x.html :any/y.html ./);
my @targets = ('new.html', '/n', '/n/', 'https://www.example.net/x', '/q?x=1', '-');
my @options = ('', '', '', '', 'query=drop', 'match=exact', 'case=ignore', 'header=X-T', 'env=tested', 'method=!POST', 'note="a b"',
               'status=302', 'name=n1', 'name=n2', 'slash=ignore', 'args=id=1', 'expr="%{REQUEST_METHOD} == \'GET\'"',
               'percent=100', 'percent=0.01 sticky=address', 'lang=de', 'cookie=none', 'ip=192.0.2.0/24', 'flag=here.on', 'flag=not-here.on', 'user=nobody',
               'until=2020-01-01', 'until=2020-01-01 then=410', 'from=2099-01-01', 'host=www.example.net,127.0.0.1');

sub rule
{
    my $self = shift;
    my $name = $self->one_of('Redirect307', 'Redirect307', 'Redirect307', 'redirect307', 'REDIRECT307');
    if ($self->chance(4)) {
        my $regex = $self->one_of('old', '^/.*/foo\.html$', '/(\d+)$', 'x(?<ext>\.html)$', '/a/(.*)$', '.');
        my $target = $regex =~ /\(\?</ ? '/r:ext' : $regex =~ /\(/ ? '/r/$1' : '/r';
        return $self->one_of('Redirect307Match', 'redirect307match') . " $regex $target " . $self->one_of(@options);
    }
    my $source = $self->one_of(@sources);
    my $target = $self->one_of(@targets);
    $target = '/p/:any' if $source =~ /:any/ && $self->chance(2);
    $target = '/s/:splat' if $source =~ /\*/ && $self->chance(2);
    return "$name gone.html status=" . $self->one_of('gone', '503', '404') if $self->chance(12);
    return "$name $source $target " . $self->one_of(@options) . ($self->chance(6) ? ' ' . $self->one_of(@options) : '');
}

my @bad = (
    'Redirect307', 'Redirect307 301 /a /b', 'Redirect307 /a', 'Redirect307 /a /b /c', 'Redirect307 /a /b qurey=1',
    'Redirect307Match ^old /x', 'Redirect307Match (unclosed /x', 'Redirect307 "/a /b', 'Redirect307 /elsewhere/x /y',
    'Redirect307 a /b status=gone', 'Redirect307Engine perhaps', 'Redirect307Base nowhere', 'Redirect307 a b expr="file(\'/x\')"',
    'Redirect307Map no-such-file.csv', 'Redirect307 a //x', 'Redirect307Match old /x/$3',
);

my @foreign = (
    'Header set X-One 1', 'Header always set X-Two "2 2"', 'Header append X-One more', 'SetEnvIf X-T . tested', 'SetEnvIf Host . hosted',
    'RewriteEngine On', 'RewriteRule ^moved\.html$ /rewritten [R=302,L]', 'RewriteRule ^foo\.html$ page.html [L]', 'AddType text/x-page .html',
    'ErrorDocument 404 "not there"', 'Redirect 302 /alias.html /aliased', 'DirectoryIndex page.html', 'Options -Indexes',
    'Redirect307Base /base/', 'Redirect307Engine on', 'ExpiresActive On', 'FileETag None', 'DefaultType None', 'Redirect307Map site.map', 'Redirect307Map site.map case=ignore',
    'Redirect307Maintenance page.html flag=not-here.on', 'Redirect307Maintenance /down/ flag=here.on allow=192.0.2.0/24', 'AddHandler none .x',
    'ErrorDocument 410 /e410', 'SetEnv late 1', '"Header" set X-Quoted q', 'Header>set X',
);

sub plain
{
    my $self = shift;
    return $self->one_of(@foreign) if $self->chance(3);
    return $self->one_of(@bad) if $self->chance(8);
    return $self->one_of('', '   ', "\t", '# a comment', '  # another', '#Redirect307 a b', '# continued \\') if $self->chance(5);
    return $self->one_of('Use Rules u1', 'Use Rules u2', 'Use Nothing', 'use Rules u3', 'Use Headers') if $self->chance(14);
    return 'Redirect307 a /v/${R307_DEFINED}' if $self->chance(20);
    return 'Redirect307 foo.html /${R307_UNDEFINED}/x' if $self->chance(40);
    return 'Header set X-Var ${R307_DEFINED}' if $self->chance(30);
    return 'Redirect307 long.html /' . 'l' x (150 + $self->below(120)) if $self->chance(25);
    return 'Header set X-Long ' . 'h' x (150 + $self->below(120)) if $self->chance(25);
    my $rule = $self->rule;
    $rule =~ s/ / \\\n  / if $self->chance(25);
    return $rule;
}

# Opening line, closing line; what stands between may be anything.
my @sections = (
    ['<IfModule mod_redirect307.c>', '</IfModule>'], ['<IfModule mod_none.c>', '</IfModule>'], ['<IfModule !mod_none.c>', '</IfModule>'],
    ['<IfDefine R307_ON>', '</IfDefine>'], ['<IfDefine R307_OFF>', '</IfDefine>'], ['<IfVersion >= 2.4>', '</IfVersion>'],
    ['<IfVersion < 2.4>', '</IfVersion>'], ['<Files "foo.html">', '</Files>'], ['<Files "*.html">', '</Files>'],
    ['<FilesMatch "^(foo|old)">', '</FilesMatch>'], ['<If "%{REQUEST_METHOD} == \'GET\'">', '</If>'],
    ['<If "-n %{HTTP:X-T}">', '</If>'], ['<If "false">', '</If>'], ['<Limit GET>', '</Limit>'], ['<LimitExcept GET>', '</LimitExcept>'],
    ['<IfFile /nothing/here>', '</IfFile>'], ['<ifmodule mod_redirect307.c>', '</ifModule>'],
);

sub section
{
    my ($self, $depth) = @_;
    return ("<RequireAll>", 'Require all granted', '</RequireAll>') if $self->chance(15);
    return ("<Macro Own\$n>", 'Redirect307 own$n.html /own', '', '# in it', '</Macro>', 'Use Own7') if $self->chance(20);
    my ($open, $close) = @{ $self->one_of(@sections) };
    my @inside = $self->lines($depth + 1);
    my @else = $open =~ /^<If "/ && $self->chance(2)
        ? ($self->one_of('<Else>|</Else>', '<ElseIf "true">|</ElseIf>') =~ /(.*)\|(.*)/) : ();
    return ($open, @inside, $close, @else ? ($else[0], $self->lines($depth + 1), $else[1]) : ());
}

sub lines
{
    my ($self, $depth) = @_;
    my @lines;
    for (1 .. 1 + $self->below($depth ? 4 : 9)) {
        push @lines, $depth < 3 && $self->chance(5) ? $self->section($depth) : $self->plain;
    }
    return @lines;
}

# What httpd will not take, or only just.
sub spoil
{
    my ($self, $text) = @_;
    return "\xef\xbb\xbf$text" if $self->chance(10);
    return $text . $self->one_of("<Files x>\n", "</Files>\n", "<IfModule x>\n", "</IfModule>\n", "NoSuchDirective x\n", "<Location /x>\n</Location>\n",
        "<Nonsense>\n</Nonsense>\n", "<Files >\n</Files>\n", "<Files x> # x\n</Files>\n", "<Files x>\nRedirect307 a b\n</Filesx>\n", "Header nonsense\n",
        "<Limit GET\nRedirect307 a b\n</Limit>\n", "<IfModule>\n</IfModule>\n", "Require nonsense\n", "Header set \0 x\n", "RewriteRule ( x\n",
        "<RequireAll>\nRedirect307 a b\nRequire all granted\n</RequireAll>\n", "Use Unknown\n", "Use Opens\n", "Use Opens\nRedirect307 a b\n</Limit>\n",
        "<Macro M\nx\n</Macro>\n", "<If \"broken(\">\n</If>\n", "< Files x>\n</Files>\n") if $self->chance(2);
    my $size = $self->one_of(8000, 8180, 8188, 8189, 8190, 8191, 8192, 8193, 9000) - 20;
    return $text . $self->one_of('Redirect307 big.html /', 'Header set X-Big ', '# ') . 'b' x $size . "\n" if $self->chance(2);
    # the last line, without an end, about as long as httpd's buffer
    return $text . $self->one_of('Redirect307 last.html /', 'Header set X-Last ', 'SetEnvIf X-T . ') . 'z' x (165 + $self->below(45));
}

sub text
{
    my $self = shift;
    my @lines = $self->lines(0);
    # enough of them that they are looked up
    splice @lines, $self->below(@lines + 1), 0, map { "Redirect307 many$_.html /many/$_ match=exact" } 1 .. 6 if $self->chance(3);
    my $text = join '', map { "$_\n" } @lines;
    $text = $self->spoil($text) if $self->chance(6);
    $text =~ s/\n/\r\n/g if $self->chance(8);
    $text =~ s/\n\z// if $self->chance(6);
    $text =~ s/^/  /mg if $self->chance(10);
    return $text;
}

1;

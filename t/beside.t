# SPDX-License-Identifier: Apache-2.0
# needs no conf
# Beside other modules, and in a house that forbids more than others do: each row is a server of
# its own in which the rule answers, its form arrives, and what is not ours stays what it was.
# A row whose module or program is not on this machine says SKIP, and only that row.
use strict;
use warnings FATAL => 'all';
use IO::Socket::INET;
use POSIX ();
use R307;
use R307::Site;
use R307::Wire;
use Time::HiRes qw(sleep);

my $form = 'name=kim&words=' . 'w' x 3000;
my $rules = "Redirect307 /old /new\nRedirect307Match ^/n([0-9]+)\$ /number-\$1\n";

# what answers at /new: the method and the body that came
my $cgi = put('beside-cgi/new', <<'EOT');
#!/bin/sh
body=$(cat)
printf 'Content-Type: text/plain\r\n\r\n%s %s' "$REQUEST_METHOD" "$body"
EOT
chmod 0755, $cgi;
my $state = root() . '/beside-state';
my $hook = put("$state/hook.lua", "function beside(r)\n  return apache2.DECLINED\nend\n");
chmod 0777, $state;
put('beside/page.html', "page\n");

my $files = <<"EOT";
<Directory "@{[root()]}/beside">
    Require all granted
    AllowOverride All
</Directory>
<Directory "@{[root()]}/beside-cgi">
    Require all granted
    Options ExecCGI
</Directory>
ScriptAlias /new "$cgi"
EOT

# name, its modules, its configuration, what else is asked: [path, what is answered, why]
my @beside = (
    ['mod_http2', ['http2'], "Protocols h2c http/1.1\n"],
    ['mod_md', ['md', 'ssl', 'socache_shmcb'],
     "MDomain beside.example\nMDMembers manual\nMDRenewMode manual\nMDStoreDir $state\nRedirect307Match ^/.well.* /never\n",
     ['/.well-known/acme-challenge/token', '404', 'a challenge is its business']],
    ['mod_rewrite', ['rewrite'], "RewriteEngine on\nRewriteRule ^/old - [F]\nRewriteRule ^/there\$ /new [PT]\n",
     ['/there', '200', 'its own rules work']],
    ['mod_dav', ['dav', 'dav_fs'], "DavLockDB $state/locks\n<Directory \"@{[root()]}/beside/files\">\nDav on\n</Directory>\n"],
    ['mod_deflate', ['deflate', 'filter'], "SetOutputFilter DEFLATE\n"],
    ['mod_ext_filter', ['ext_filter'], "ExtFilterDefine loud mode=output cmd=/bin/cat\n<Location />\nSetOutputFilter loud\n</Location>\n"],
    ['mod_ratelimit', ['ratelimit', 'env'], "<Location />\nSetOutputFilter RATE_LIMIT\nSetEnv rate-limit 400\n</Location>\n"],
    ['mod_substitute', ['substitute', 'filter'], "<Location />\nAddOutputFilterByType SUBSTITUTE text/html\nSubstitute s/has/hat/i\n</Location>\n"],
    ['mod_speling', ['speling'], "CheckSpelling on\n"],
    ['mod_dumpio', ['dumpio'], "DumpIOInput on\nDumpIOOutput on\n"],
    ['mod_reqtimeout', ['reqtimeout'], "RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500\n"],
    ['mod_unique_id, mod_usertrack', ['unique_id', 'usertrack'], "CookieTracking on\n"],
    ['mod_session', ['session', 'session_cookie'], "Session On\nSessionCookieName session path=/\n"],
    ['mod_allowmethods', ['allowmethods'], "<Location />\nAllowMethods GET POST\n</Location>\n"],
    ['mod_lua', ['lua'], "LuaHookTranslateName $hook beside\n"],
    ['mod_info', ['info'], "<Location /info>\nSetHandler server-info\n</Location>\n", ['/info', '200', 'it lists us']],
    ['mod_security2', ['security2', 'unique_id'],
     "SecRuleEngine On\nSecRequestBodyAccess On\nSecDataDir $state\nSecRule ARGS_GET \"bad\" \"id:1,phase:1,deny,status:403\"\n",
     ['/other?x=bad', '403', 'what it refuses']],
);

plan tests => @beside * 5 + 5 + 4 + 6 + 2 + 6;

sub ask
{
    my ($server, $method, $path, $content, @headers) = @_;
    my $length = defined $content ? 'Content-Length: ' . length($content) . "\r\nContent-Type: application/x-www-form-urlencoded\r\n" : '';
    return raw("$method $path HTTP/1.1\r\nHost: h\r\n$length" . join('', map { "$_\r\n" } @headers)
               . "Connection: close\r\n\r\n" . (defined $content ? $content : ''), port => $server->{port}, timeout => 30);
}

sub told_by
{
    my $reply = shift;
    my ($code) = $reply =~ m{^HTTP/1\.1 (\d+)} or return "no answer: $reply";
    return join ' ', $code, each_header($reply, 'Location');
}

# A form to the old name, and again to where it was sent.
sub form_arrives
{
    my ($server, $name) = @_;
    my $reply = ask($server, 'POST', '/old', $form);
    is(told_by($reply), '307 /new', "$name: a form is redirected");
    my ($location) = each_header($reply, 'Location');
    my $came = ask($server, 'POST', $location || '/nowhere', $form);
    ok(index($came, "POST $form") > 0, "$name: and arrives") or diag(substr $came, 0, 400);
    return;
}

my ($folder) = module_lines() =~ m{"([^"]+)/mod_authz_core\.so"};
my @base = ('alias', $ENV{R307_MPM} eq 'prefork' ? 'cgi' : 'cgid');

# The LoadModule lines for what this run does not load anyway; nothing where a module is not here.
sub loads
{
    my $lines = '';
    for my $name (@_) {
        my ($file) = grep { -f } "$folder/mod_$name.so", "$folder/$name.so" or return;
        $lines .= "LoadModule ${name}_module \"$file\"\n" if !grep { $_ eq $name } @base;
    }
    return $lines;
}

for my $row (@beside) {
    my ($name, $modules, $conf, $more) = @$row;
    my $lines = loads(@$modules);
    SKIP: {
        skip "$name is not on this machine", 5 unless defined $lines;
        my $server = own_server($lines . $files . $rules . $conf, only => \@base, root => root() . '/beside');
        form_arrives($server, $name);
        is(told_by(ask($server, 'GET', '/n307')), '307 /number-307', "$name: a regex");
        is(told_by(ask($server, 'GET', '/nothing')), '404', "$name: what is not there");
        my ($path, $answer, $why) = @{ $more || ['/old?a=b', '307 /new?a=b', 'a query goes along'] };
        is(told_by(ask($server, 'GET', $path)), $answer, "$name: $why");
        stop_server($server);
    }
}

# ---- memory that may never be made executable -------------------------------------------

# PR_SET_MDWE with PR_MDWE_REFUSE_EXEC_GAIN, as MemoryDenyWriteExecute= of systemd has it for
# kernels that know it. PCRE2 finds no memory for its compiled code and interprets.
my $denies = 'my ($number) = `uname -m` =~ /^(?:aarch64|riscv64|loong)/ ? 167 : `uname -m` =~ /^x86_64/ ? 157 : exit 77;'
    . ' exit 77 if syscall($number, 65, 1, 0, 0, 0) < 0; exec @ARGV or exit 127';
SKIP: {
    system $^X, '-e', $denies, 'true';
    skip 'this kernel cannot forbid executable memory', 5 if $?;
    my $server = own_server($files . $rules, only => \@base, root => root() . '/beside', under => [$^X, '-e', $denies]);
    form_arrives($server, 'no executable memory');
    is(told_by(ask($server, 'GET', '/n307')), '307 /number-307', 'no executable memory: a regex');
    is(told_by(ask($server, 'GET', '/n' . '3' x 4000)), '307 /number-' . '3' x 4000, 'no executable memory: and a long path');
    is(told_by(ask($server, 'GET', '/nothing')), '404', 'no executable memory: what is not there');
    stop_server($server);
}

# ---- IPv6 -------------------------------------------------------------------------------

SKIP: {
    require IO::Socket::IP;
    my $probe = IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1);
    skip 'this machine has no IPv6', 4 unless $probe;
    close $probe;
    my $server = own_server(<<'EOT' . $files, only => \@base, root => root() . '/beside');
Listen [::1]:@PORT2@
Redirect307 /near /welcome ip=::1
Redirect307 /far /never ip=2001:db8::/32
<Location "/whole">
    Redirect307Relative off
    Redirect307 /there
</Location>
EOT
    my $six = sub {
        my $socket = IO::Socket::IP->new(PeerHost => '::1', PeerPort => $server->{port2}) or return "no connection: $!";
        print $socket "GET $_[0] HTTP/1.1\r\nHost: [::1]:$server->{port2}\r\nConnection: close\r\n\r\n";
        local $/;
        return told_by(scalar <$socket>);
    };
    is($six->('/near'), '307 /welcome', 'IPv6: who asks from ::1');
    is($six->('/far'), '404', 'IPv6: and is in no other network');
    is($six->('/whole'), "307 http://[::1]:$server->{port2}/there", 'IPv6: its own address in brackets');
    is(told_by(ask($server, 'GET', '/near')), '404', 'IPv6: who asks by IPv4 is not ::1');
    stop_server($server);
}

# ---- behind HAProxy, with the PROXY protocol --------------------------------------------

my ($haproxy) = grep { -x } '/usr/sbin/haproxy', '/usr/local/sbin/haproxy';

# A program in front, which listens at $front when this is over.
sub start_front
{
    my ($name, $front, @command) = @_;
    my $pid = fork;
    if (!$pid) {
        open STDERR, '>', "$state/$name.log";
        open STDOUT, '>&', \*STDERR;
        exec @command or POSIX::_exit(127);
    }
    R307::Site::wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $front) });
    return $pid;
}

sub start_haproxy
{
    my ($name, $front, $conf) = @_;
    my $file = put("$state/$name.cfg", "defaults\n    mode http\n    timeout connect 20s\n    timeout client 60s\n    timeout server 60s\n$conf");
    return start_front($name, $front, $haproxy, '-db', '-f', $file);
}

SKIP: {
    my $lines = loads('remoteip');
    skip 'haproxy or mod_remoteip is not on this machine', 6 unless $haproxy && defined $lines;
    my $server = own_server($lines . <<'EOT' . $files, only => \@base, root => root() . '/beside');
RemoteIPProxyProtocol On
Redirect307 /near /welcome ip=127.0.0.1
Redirect307 /far /other ip=192.0.2.0/24
Redirect307 /old /new
Redirect307 / https: match=prefix
EOT
    my $front = $server->{port2} || R307::Site::free_port($server->{port});
    my $pid = start_haproxy('haproxy', $front, <<"EOT");
frontend front
    bind 127.0.0.1:$front
    http-request set-header X-Forwarded-Proto https
    default_backend back
backend back
    server httpd 127.0.0.1:$server->{port} send-proxy-v2
EOT
    my $behind = { port => $front };
    is(told_by(ask($behind, 'GET', '/near')), '307 /welcome', 'HAProxy: the address is the one that the PROXY line names');
    form_arrives($behind, 'HAProxy');
    is(told_by(ask($behind, 'GET', '/page.html')), '200', 'HAProxy: https: is there already, and no circle');
    my $far = raw("PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\nGET /far HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port => $server->{port});
    is(told_by($far), '307 /other', 'HAProxy: another address');
    is(told_by(ask($server, 'GET', '/far')), 'no answer: ', 'HAProxy: who brings no PROXY line gets nothing');
    kill 'TERM', $pid;
    waitpid $pid, 0;
    stop_server($server);
}

# ---- HAProxy that speaks HTTP/2 to the client -------------------------------------------

# curl ends its stream when an answer comes before its body; what it asks next must be whole.
my ($curl) = grep { -x } map { "$_/curl" } split /:/, $ENV{PATH};
SKIP: {
    my $pem = vars('t_dir') . '/tls/server.pem';
    skip 'no haproxy, no certificate or no curl with HTTP/2 here', 2 unless $haproxy && -s $pem && $curl && `$curl --version` =~ /HTTP2/;
    my $server = own_server("KeepAliveTimeout 60\n$files$rules", only => \@base, root => root() . '/beside');
    my $front = $server->{port2} || R307::Site::free_port($server->{port});
    my $pid = start_haproxy('haproxy-h2', $front, <<"EOT");
frontend front
    bind 127.0.0.1:$front ssl crt $pem alpn h2,http/1.1
    default_backend back
backend back
    server httpd 127.0.0.1:$server->{port}
EOT
    for my $size (900, 60_000) {
        my $file = put("../form-$size", 'w' x $size);
        my %came;
        $came{`$curl -skL --http2 -m 20 -w ' %{http_version}' --data-binary \@$file https://127.0.0.1:$front/old`}++ for 1 .. 10;
        is_deeply(\%came, { 'POST ' . 'w' x $size . ' 2' => 10 }, "HAProxy over h2: ten forms of $size bytes arrive")
            or diag(map { substr($_, 0, 200) . " x $came{$_}\n" } keys %came);
    }
    kill 'TERM', $pid;
    waitpid $pid, 0;
    stop_server($server);
}

# ---- nginx that passes bodies on as they come -------------------------------------------

SKIP: {
    my ($nginx) = grep { -x } '/usr/sbin/nginx', '/usr/local/sbin/nginx';
    skip 'nginx or curl is not on this machine', 6 unless $nginx && $curl;
    my $server = own_server("KeepAliveTimeout 60\n$files$rules", only => \@base, root => root() . '/beside');
    my $front = $server->{port2} || R307::Site::free_port($server->{port});
    my $paths = join ' ', map { "${_}_temp_path $state/nginx-$_;" } qw(client_body proxy fastcgi uwsgi scgi);
    my $conf = put("$state/nginx.conf", <<"EOT");
daemon off;
master_process off;
pid $state/nginx.pid;
error_log $state/nginx.log;
events { worker_connections 64; }
http {
    access_log off;
    client_max_body_size 8m;
    $paths
    upstream back { server 127.0.0.1:$server->{port}; keepalive 4; }
    server {
        listen 127.0.0.1:$front;
        location / {
            proxy_pass http://back;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
        }
    }
}
EOT
    my $pid = start_front('nginx-out', $front, $nginx, '-p', $state, '-c', $conf);
    for my $size (900, 60_000) {
        my $wire = R307::Wire->open(port => $front);
        $wire->send("POST /old HTTP/1.1\r\nHost: h\r\nContent-Length: $size\r\n\r\n");
        sleep 0.1;
        $wire->send('w' x $size);
        my $first = $wire->answer;
        $wire->send("GET /n307 HTTP/1.1\r\nHost: h\r\n\r\n");
        my $second = $wire->answer;
        is(join(' ', map { $_ ? ($_->{status}, $_->{head} =~ /^Location: (\S+)/mi) : 'no answer' } $first, $second),
           '307 /new 307 /number-307', "nginx: $size bytes that come a moment later, and what follows");
        $wire->close;
    }
    for my $size (900, 3_000_000) {
        my $file = put("../body-$size", 'w' x $size);
        for my $header ('Transfer-Encoding: chunked', 'Expect: 100-continue') {
            my $came = `$curl -sL -m 20 -H '$header' -H 'Content-Type: text/plain' --data-binary \@$file http://127.0.0.1:$front/old`;
            ok($came eq 'POST ' . 'w' x $size, "nginx: $size bytes with $header arrive") or diag(substr $came, 0, 200);
        }
    }
    kill 'TERM', $pid;
    waitpid $pid, 0;
    stop_server($server);
}

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The hostile bytes of t/data/guard-hostile.tsv against the obvious configuration of others and
# of ours, for four tasks everybody has. Each answer's Location is resolved by a browser's URL
# parser (t/whatwg/judge.js): one that leads to an origin nobody wrote down is an escape.
#
#   sh t/bench/payloads.sh [build/t/env]
#
# Prints a Markdown table. Needs perl, node, and nginx (Debian: nginx-light) if its column is
# wanted. Everything listens on loopback.
set -eu
umask 022
env_file=${1:-build/t/env}
MODULE='' APXS='' SRCDIR=''
# shellcheck source=/dev/null
. "$env_file"
httpd=$("$APXS" -q SBINDIR)/$("$APXS" -q PROGNAME)
libexec=$("$APXS" -q LIBEXECDIR)
port=${PORT:-8390}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/r307-payloads.XXXXXX")
chmod 755 "$scratch"
pids=''
leave() {
  for pid in $pids; do kill "$pid" 2>/dev/null || :; done
  wait 2>/dev/null || :
  rm -rf "$scratch"
}
trap leave EXIT

mkdir "$scratch/htdocs" "$scratch/logs"
{
  echo "ServerRoot $scratch"
  echo "Listen 127.0.0.1:$port"
  echo "ServerName localhost"
  echo "PidFile $scratch/pid"
  echo "ErrorLog $scratch/error_log"
  echo "LogLevel crit"
  echo "User nobody"
  echo "DocumentRoot $scratch/htdocs"
  for name in mpm_event authz_core alias rewrite; do
    echo "LoadModule ${name}_module $libexec/mod_$name.so"
  done
  echo "LoadModule redirect307_module $MODULE"
  cat <<'EOT'
AllowEncodedSlashes NoDecode
Redirect307Lint off
# mod_alias
<VirtualHost *>
  ServerName move.alias
  Redirect 307 / https://h.example
</VirtualHost>
<VirtualHost *>
  ServerName match.alias
  RedirectMatch 307 ^/(.*)$ https://h.example$1
</VirtualHost>
<VirtualHost *>
  ServerName strip.alias
  RedirectMatch 307 ^/old(.*)$ $1
</VirtualHost>
<VirtualHost *>
  ServerName host.alias
  RedirectMatch 307 ^/([^/]*)/(.*)$ https://$1.h.example/$2
</VirtualHost>
# mod_rewrite
<VirtualHost *>
  ServerName move.rewrite
  RewriteEngine On
  RewriteRule ^(.*)$ https://h.example$1 [R=307,L]
</VirtualHost>
<VirtualHost *>
  ServerName match.rewrite
  RewriteEngine On
  RewriteRule ^/(.*)$ https://h.example$1 [R=307,L]
</VirtualHost>
<VirtualHost *>
  ServerName strip.rewrite
  RewriteEngine On
  RewriteRule ^/old(.*)$ $1 [R=307,L]
</VirtualHost>
<VirtualHost *>
  ServerName host.rewrite
  RewriteEngine On
  RewriteRule ^/([^/]*)/(.*)$ https://$1.h.example/$2 [R=307,L]
</VirtualHost>
<VirtualHost *>
  ServerName query.rewrite
  RewriteEngine On
  RewriteCond %{QUERY_STRING} (?:^|&)to=([^&]*)
  RewriteRule ^/go$ %1 [R=307,NE,L]
</VirtualHost>
# ours
<VirtualHost *>
  ServerName move.ours
  Redirect307 / https://h.example
</VirtualHost>
<VirtualHost *>
  ServerName match.ours
  Redirect307Match ^/(.*)$ https://h.example$1
</VirtualHost>
<VirtualHost *>
  ServerName strip.ours
  Redirect307Match ^/old(.*)$ $1
</VirtualHost>
<VirtualHost *>
  ServerName host.ours
  Redirect307AllowHosts *.h.example
  Redirect307Match ^/([^/]*)/(.*)$ https://$1.h.example/$2
</VirtualHost>
<VirtualHost *>
  ServerName query.ours
  Redirect307 /go "%{arg:to}" match=exact
</VirtualHost>
EOT
} > "$scratch/httpd.conf"

cat > "$scratch/nginx.conf" <<EOT
daemon off;
master_process off;
pid $scratch/nginx.pid;
error_log $scratch/logs/error.log crit;
events {}
http {
  access_log off;
  client_body_temp_path $scratch/b; proxy_temp_path $scratch/p; fastcgi_temp_path $scratch/f;
  uwsgi_temp_path $scratch/u; scgi_temp_path $scratch/s;
  server { listen 127.0.0.1:$((port + 1)); server_name move.nginx; return 307 https://h.example\$uri; }
  server { listen 127.0.0.1:$((port + 1)); server_name match.nginx; rewrite ^/(.*)\$ https://h.example\$1 redirect; }
  server { listen 127.0.0.1:$((port + 1)); server_name strip.nginx; absolute_redirect off; rewrite ^/old(.*)\$ \$1 redirect; }
  server { listen 127.0.0.1:$((port + 1)); server_name host.nginx; rewrite ^/([^/]*)/(.*)\$ https://\$1.h.example/\$2 redirect; }
  server { listen 127.0.0.1:$((port + 1)); server_name query.nginx; absolute_redirect off; location = /go { return 307 \$arg_to; } }
}
EOT

"$httpd" -f "$scratch/httpd.conf" -DFOREGROUND > "$scratch/said" 2>&1 &
pids=$!
servers='alias rewrite ours'
if command -v nginx > /dev/null; then
  nginx -p "$scratch" -c "$scratch/nginx.conf" > "$scratch/nginx-said" 2>&1 &
  pids="$pids $!"
  servers='alias rewrite nginx ours'
else
  echo "payloads.sh: nginx is missing, and so is its column" >&2
fi
tries=0
until [ -s "$scratch/pid" ] || [ $tries -ge 50 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
[ -s "$scratch/pid" ] || { cat "$scratch/said" "$scratch/error_log" >&2; exit 1; }
sleep 0.5

# ask TASK SERVER PORT: one JSON line for each Location, for judge.js; a line that a request
# wrote into the head of an answer is an escape of its own
ask() {
  R307_DATA=$SRCDIR/t/data perl -I"$SRCDIR/t/lib" -MR307::Rows -MIO::Socket::INET -e '
  my ($task, $server, $port) = @ARGV;
  my %path = (move => "/%s", match => "/%s", strip => "/old%s", host => "/%s/y", query => "/go?to=%s");
  my %allowed = (move => ["https", "h.example", 443], match => ["https", "h.example", 443], host => ["https", "*.h.example", 443]);
  my (%seen, @payloads);
  for my $row (R307::Rows::read_table("guard-hostile.tsv")) {
      my ($kind, $target) = @$row{"rule", "target"};
      my $bytes = $kind =~ m{^/go "} ? ($target =~ /^\/go\?to=(.*)/s)[0]
          : $kind =~ m{^\^/(?:[gw])\(} ? substr $target, 2
          : $kind =~ m{^(?:\^/c/|/o |/s/|\^/q/|\^/h/)} ? substr $target, 3
          : $kind =~ m{^\^/\(\.\*\)\$ https://example\.com\$1$} ? substr $target, 1
          : $row->{headers} =~ /^X-P: (.*)/s ? $1 : next;
      # what no server takes in a request line cannot be sent to any
      next if !defined $bytes || $bytes =~ /[\0-\x20\x7f]/ || length $bytes > 4000 || $seen{$bytes}++;
      push @payloads, $bytes;
  }
  my ($sent, $split) = (0, 0);
  for my $bytes (@payloads) {
      (my $path = $path{$task}) =~ s/%s/$bytes/;
      my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 10) or die "no $server\n";
      print $socket "GET $path HTTP/1.1\r\nHost: $task.$server\r\nConnection: close\r\n\r\n";
      my $reply = do { local $/; <$socket> } // "";
      $sent++;
      my ($head) = split /\r\n\r\n/, $reply, 2;
      $split++ if ($head // "") =~ /^(?:X-|Set-Cookie|Location:.*\n(?s:.*)^Location)/mi;
      my ($location) = ($head // "") =~ /^Location:[ \t]*([^\r\n]*)/mi or next;
      my $json = sub { join "", map { ord() < 0x20 || ord() > 0x7e || /["\\]/ ? sprintf "\\u%04x", ord : $_ } split //, shift };
      printf "{\"any\":1,\"b\":\"http://%s/\",\"o\":[\"http\",\"%s\",80,\"http\",\"%s\",%d%s],\"l\":\"%s\"}\n", "$task.$server", "$task.$server", "$task.$server", $port,
          $allowed{$task} ? sprintf ",\"%s\",\"%s\",%d", @{ $allowed{$task} } : "", $json->($location);
  }
  print STDERR "$sent $split\n";' "$1" "$2" "$3"
}

echo "| task | server | requests | redirects | lead nowhere | split heads | escapes |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
all=0
for task in move match strip host query; do
  for server in $servers; do
    at=$port
    [ "$server" != nginx ] || at=$((port + 1))
    if [ "$task $server" = 'query alias' ]; then
      echo "| $task | $server | - | - | - | - | - |"
      continue
    fi
    ask "$task" "$server" "$at" > "$scratch/lines" 2> "$scratch/counts"
    node "$SRCDIR/t/whatwg/judge.js" < "$scratch/lines" > "$scratch/judged" || :
    read -r sent split < "$scratch/counts"
    said=$(tail -n 1 "$scratch/judged")
    redirects=${said#judged }; redirects=${redirects%%,*}
    nowhere=${said#*, }; nowhere=${nowhere%% *}
    escapes=${said##*, }; escapes=${escapes%% *}
    [ "$server" != ours ] || all=$((all + escapes + split))
    echo "| $task | $server | $sent | $redirects | $nowhere | $split | $escapes |"
  done
done
[ "$all" -eq 0 ]

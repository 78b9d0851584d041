#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a .htaccess costs each request, in user-space instructions (callgrind, httpd -X,
# keep-alive): files of rules of ours beside a file with one comment, and beside the
# directives of another module alone. The goals (C4):
#
#   a miss with 10 000 rules   <= 1.07 times the miss with one comment
#   a hit with 10 000 rules    <= 36 000
#   100 foreign lines + 100 rules <= 1.02 times the 100 foreign lines
#
#   sh t/bench/htaccess.sh [build/t/env]
#
# Prints a Markdown table, then each goal; exits 1 when one is missed. Needs valgrind, perl
# and curl (Debian packages of these names).
set -eu
umask 022
env_file=${1:-build/t/env}
MODULE='' APXS=''
# shellcheck source=/dev/null
. "$env_file"
for tool in valgrind callgrind_control perl curl; do
  command -v "$tool" >/dev/null || { echo "htaccess.sh: $tool is missing" >&2; exit 2; }
done
httpd=$("$APXS" -q SBINDIR)/$("$APXS" -q PROGNAME)
libexec=$("$APXS" -q LIBEXECDIR)
port=${PORT:-8398}
requests=200
scratch=$(mktemp -d "${TMPDIR:-/tmp}/r307-htaccess.XXXXXX")
pid='' last=0
leave() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
  wait 2>/dev/null || :
  rm -rf "$scratch"
}
trap leave EXIT

mkdir "$scratch/htdocs"
echo x > "$scratch/htdocs/page.html"

# Files that nobody has touched for a while, since that is what is kept.
write() {
  cat > "$scratch/htdocs/.htaccess"
  sleep 2.1
}

rules() {
  n=0
  while [ $n -lt "$1" ]; do
    n=$((n + 1))
    echo "Redirect307 old-$n.html new-$n.html"
  done
}

headers() {
  n=0
  while [ $n -lt 100 ]; do
    n=$((n + 1))
    echo "Header set X-$n value-$n"
    [ "$1" = alone ] || echo "Redirect307 old-$n.html new-$n.html"
  done
}

# ask COUNT PATH: the shortest request there is, so many times over one connection; the goals
# were measured with it, and each header a client sends costs httpd some 1 000 more.
ask() {
  perl -MIO::Socket::INET -e '
    my ($port, $count, $path) = @ARGV;
    my $to = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die "$!\n";
    for (1 .. $count) {
        syswrite $to, "GET $path HTTP/1.1\r\nHost: localhost\r\n\r\n";
        my ($reply, $length) = ("");
        until ($reply =~ /\r\n\r\n/ and length($reply) >= $+[0] + $length) {
            sysread $to, $reply, 65536, length $reply or die "the server closed\n";
            ($length) = $reply =~ /^Content-Length: (\d+)/mi unless defined $length;
        }
    }' "$port" "$1" "$2"
}

# measure LABEL PATH CACHE [MODULE...]: $last is instructions a request
measure() {
  label=$1 path=$2 cache=$3
  shift 3
  {
    echo "ServerRoot $scratch"
    echo "Listen 127.0.0.1:$port"
    echo "ServerName localhost"
    echo "PidFile $scratch/pid"
    echo "ErrorLog $scratch/error_log"
    echo "DocumentRoot $scratch/htdocs"
    echo "EnableMMAP Off"
    echo "KeepAlive On"
    echo "MaxKeepAliveRequests 0"
    echo "User nobody"
    for name in mpm_event authz_core dir mime "$@"; do
      echo "LoadModule ${name}_module $libexec/mod_$name.so"
    done
    echo "LoadModule redirect307_module $MODULE"
    echo "Redirect307HtaccessCache $cache"
    echo "TypesConfig /dev/null"
    printf '<Directory />\nAllowOverride None\n</Directory>\n'
    printf '<Directory "%s/htdocs">\nAllowOverride FileInfo\n</Directory>\n' "$scratch"
  } > "$scratch/httpd.conf"
  rm -f "$scratch"/cg.* "$scratch/pid"
  (cd "$scratch" && exec valgrind --tool=callgrind --callgrind-out-file="$scratch/cg" \
    "$httpd" -X -f "$scratch/httpd.conf") > "$scratch/valgrind.log" 2>&1 &
  pid=$!
  tries=0
  until curl -s -o "$scratch/body" "http://127.0.0.1:$port$path"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$scratch/valgrind.log" "$scratch/error_log" >&2; exit 1; }
    sleep 0.2
  done
  ask 50 "$path"
  callgrind_control -z "$pid" > /dev/null 2>&1
  ask $requests "$path"
  callgrind_control -d "$pid" > /dev/null 2>&1
  sleep 0.5
  total=$(sed -n 's/^\(summary\|totals\): *\([0-9]*\).*/\2/p' "$scratch/cg.1" | head -n 1)
  status=$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port$path")
  last=$((total / requests))
  printf '| %s | %s | %d |\n' "$label" "$status" "$last"
  [ -z "${R307_KEEP:-}" ] || { mkdir -p "$R307_KEEP"; cp "$scratch/cg.1" "$R307_KEEP/$(echo "$label" | tr -c 'a-z0-9\n' -)"; }
  kill "$pid"
  wait "$pid" 2>/dev/null || :
  pid=''
}

echo '| .htaccess and request | status | Ir a request |'
echo '| --- | --- | --- |'
echo '# a comment' | write
measure 'one comment' /page.html on
comment=$last
rules 1 | write
measure '1 rule, a miss' /page.html on
rules 200 | write
measure '200 rules, a miss, cache off' /page.html off
measure '200 rules, a miss' /page.html on
measure '200 rules, the last hits' /old-200.html on
rules 10000 | write
measure '10 000 rules, a miss' /page.html on
miss=$last
measure '10 000 rules, the first hits' /old-1.html on
first=$last
measure '10 000 rules, the last hits' /old-10000.html on
hit=$last
[ "$first" -le "$hit" ] || hit=$first
headers alone | write
measure '100 Header lines' /page.html on headers
foreign=$last
headers mixed | write
measure '100 Header lines and 100 rules, mixed, a miss' /page.html on headers
mixed=$last

missed=0
# goal TEXT IS MOST
goal() {
  if [ "$2" -le "$3" ]; then verdict=met; else verdict=MISSED missed=1; fi
  printf '%s: %d of at most %d: %s\n' "$1" "$2" "$3" "$verdict"
}
echo
goal 'C4, a miss, 1.07 times one comment' "$miss" $((comment * 107 / 100))
goal 'C4, a hit' "$hit" 36000
goal 'C4, mixed, 1.02 times the foreign lines' "$mixed" $((foreign * 102 / 100))
[ "$missed" -eq 0 ]

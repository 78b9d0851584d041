#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a request costs, in user-space instructions (callgrind, httpd -X, keep-alive): one
# rule of ours, hit and miss, beside mod_alias with one rule and beside no rule at all; and
# what dates and each condition add.
#
#   sh t/bench/cost.sh [build/t/env]
#
# Prints a Markdown table. Needs valgrind and ab (Debian: valgrind, apache2-utils).
set -eu
umask 022
env_file=${1:-build/t/env}
MODULE='' APXS=''
# shellcheck source=/dev/null
. "$env_file"
for tool in valgrind callgrind_control ab curl; do
  command -v "$tool" >/dev/null || { echo "cost.sh: $tool is missing" >&2; exit 2; }
done
httpd=$("$APXS" -q SBINDIR)/$("$APXS" -q PROGNAME)
libexec=$("$APXS" -q LIBEXECDIR)
port=${PORT:-8399}
requests=200
scratch=$(mktemp -d "${TMPDIR:-/tmp}/r307-cost.XXXXXX")
pid=''
leave() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
  wait 2>/dev/null || :
  rm -rf "$scratch"
}
trap leave EXIT

mkdir "$scratch/htdocs" "$scratch/htdocs/dir"
echo x > "$scratch/htdocs/index.html"
echo x > "$scratch/htdocs/dir/page.html"

# measure LABEL PATH MODULES < extra configuration; sends $header, too
header='X-None: 1'
measure() {
  label=$1 path=$2
  shift 2
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
      if [ "$name" = redirect307 ]; then
        echo "LoadModule redirect307_module $MODULE"
      else
        echo "LoadModule ${name}_module $libexec/mod_$name.so"
      fi
    done
    echo "TypesConfig /dev/null"
    cat
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
  ab -q -k -c 1 -n 50 -H "$header" "http://127.0.0.1:$port$path" > /dev/null 2>&1
  callgrind_control -z "$pid" > /dev/null 2>&1
  ab -q -k -c 1 -n $requests -H "$header" "http://127.0.0.1:$port$path" > "$scratch/ab.log" 2>&1
  callgrind_control -d "$pid" > /dev/null 2>&1
  sleep 0.5
  total=$(sed -n 's/^\(summary\|totals\): *\([0-9]*\).*/\2/p' "$scratch/cg.1" | head -n 1)
  status=$(curl -s -o /dev/null -w '%{http_code}' -H "$header" "http://127.0.0.1:$port$path")
  printf '| %s | %s | %d |\n' "$label" "$status" "$((total / requests))"
  kill "$pid"
  wait "$pid" 2>/dev/null || :
  pid=''
}

echo '| configuration and request | status | Ir a request |'
echo '| --- | --- | --- |'
measure 'no module: a static file' /index.html </dev/null
measure 'mod_redirect307 loaded, no rule: the same file' /index.html redirect307 </dev/null
echo 'Redirect307 /old /new' | measure 'Redirect307 /old /new: the same file (a miss)' /index.html redirect307
echo 'Redirect 307 /old /new' | measure 'mod_alias, Redirect 307 /old /new: the same file (a miss)' /index.html alias
echo 'Redirect307 /old /new' | measure 'Redirect307 /old /new: a hit' /old/page redirect307
echo 'Redirect 307 /old /new' | measure 'mod_alias, Redirect 307 /old /new: a hit' /old/page alias
printf '<Directory %s>\nRedirect307 page.html new.html\n</Directory>\n' "$scratch/htdocs/dir" |
  measure 'a <Directory> rule: a hit' /dir/page.html redirect307

# with OPTIONS HEADER: a hit of a rule with these options
with() {
  header=$2
  echo "Redirect307 /old /new $1" | measure "$1: a hit" /old/page redirect307
  header='X-None: 1'
}
for time in until=2020-01-01 from=2199-01-01; do
  echo "Redirect307 /index.html /new $time" |
    measure "a rule with $time: the file" /index.html redirect307
  echo "Redirect307Match ^/in.*x\\.html\$ /new $time" |
    measure "a regex with $time: the file" /index.html redirect307
done
with 'from=2020-01-01 until=2199-12-31' "$header"
with 'until=2020-01-01 then=308' "$header"
with 'header=X-A' 'X-A: 1'
with 'cookie=a=b' 'Cookie: x=y; a=b'
with 'ip=192.0.2.0/24,127.0.0.0/8' "$header"
with 'lang=de' 'Accept-Language: de-AT,de;q=0.9,en;q=0.8,fr;q=0.7'
with 'percent=100' "$header"
with 'percent=100 sticky=cookie=SID' 'Cookie: SID=4711'
with 'percent=100 sticky=address' "$header"
with "flag=$scratch/htdocs/index.html" "$header"

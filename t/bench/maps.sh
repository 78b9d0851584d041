#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a map of a million lines costs: start to first answer from the text and from its
# compiled image, memory over all processes, and whether it grows with requests.
#
#   sh t/bench/maps.sh [build/t/env [LINES]]
#
# Prints a Markdown table beside goal C5 and exits with 1 when a part of it is missed, naming
# it. Needs root (an image is trusted only when the server cannot write it), curl and ab
# (Debian: apache2-utils). Seconds are worth something on an idle machine only.
set -eu
umask 022
env_file=${1:-build/t/env}
lines=${2:-1000000}
MODULE='' APXS='' CTL=''
# shellcheck source=/dev/null
. "$env_file"
for tool in ab curl awk; do
  command -v "$tool" >/dev/null || { echo "maps.sh: $tool is missing" >&2; exit 2; }
done
[ "$(id -u)" -eq 0 ] || { echo "maps.sh: run it as root" >&2; exit 2; }
httpd=$("$APXS" -q SBINDIR)/$("$APXS" -q PROGNAME)
libexec=$("$APXS" -q LIBEXECDIR)
port=${PORT:-8398}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/r307-maps.XXXXXX")
chmod 755 "$scratch"
pid=''
leave() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
  wait 2>/dev/null || :
  rm -rf "$scratch"
}
trap leave EXIT
mkdir "$scratch/htdocs"
echo x > "$scratch/htdocs/index.html"
missed=0

now() { date +%s%N; }

# seconds FROM TO, in milliseconds a decimal point
seconds() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%.3f", (to - from) / 1e9 }'; }

# pss: of all processes of the server, MiB
pss() {
  for p in "$pid" $(pgrep -P "$pid"); do
    cat "/proc/$p/smaps_rollup"
  done | awk '/^Pss:/ { sum += $2 } END { printf "%.1f", sum / 1024 }'
}

write_conf() {
  {
    echo "ServerRoot $scratch"
    echo "Listen 127.0.0.1:$port"
    echo "ServerName localhost"
    echo "PidFile $scratch/pid"
    echo "ErrorLog $scratch/error_log"
    echo "DocumentRoot $scratch/htdocs"
    echo "KeepAlive On"
    echo "MaxKeepAliveRequests 0"
    echo "Redirect307Arena 512M"
    cat
  } > "$scratch/body.conf"
  {
    for name in mpm_event authz_core; do
      echo "LoadModule ${name}_module $libexec/mod_$name.so"
    done
    echo "LoadModule redirect307_module $MODULE"
    cat "$scratch/body.conf"
  } > "$scratch/httpd.conf"
}

# start PATH: starts the server and sets took and code
start() {
  rm -f "$scratch/pid"
  from=$(now)
  "$httpd" -DFOREGROUND -f "$scratch/httpd.conf" > "$scratch/said" 2>&1 &
  pid=$!
  tries=0
  until curl -s -o "$scratch/body" -w '%{http_code} %{redirect_url}' "http://127.0.0.1:$port$1" > "$scratch/answer"; do
    tries=$((tries + 1))
    [ $tries -lt 2000 ] || { cat "$scratch/said" "$scratch/error_log" >&2; exit 2; }
    sleep 0.005
  done
  took=$(seconds "$from" "$(now)")
  code=$(cat "$scratch/answer")
}

stop() {
  kill "$pid"
  wait "$pid" 2>/dev/null || :
  pid=''
}

# row WHAT SEEN GOAL UNIT
row() {
  if awk -v seen="$2" -v goal="$3" 'BEGIN { exit !(seen <= goal) }'; then
    verdict=met
  else
    verdict=missed
    missed=1
    echo "C5 missed: $1 is $2 $4, the goal is $3" >&2
  fi
  printf '| %s | %s %s | %s %s | %s |\n' "$1" "$2" "$4" "$3" "$4" "$verdict"
}

awk -v n="$lines" 'BEGIN { for (i = 0; i < n; i++) printf "/alt/kategorie-%d/produkt-%07d.html /shop/artikel/%07d\n", i % 100, i, i }' > "$scratch/big.map"
last=$(awk -v n="$lines" 'BEGIN { printf "/alt/kategorie-%d/produkt-%07d.html", (n - 1) % 100, n - 1 }')
wanted=$(awk -v n="$lines" -v port="$port" 'BEGIN { printf "307 http://127.0.0.1:%d/shop/artikel/%07d", port, n - 1 }')
from=$(now)
"$CTL" compile "$scratch/big.map" -o "$scratch/big.image" > "$scratch/compiled"
compiling=$(seconds "$from" "$(now)")

# without a map: what httpd itself takes
: | write_conf
start /index.html
bare_took=$took
bare_pss=$(pss)
stop

echo "| $lines lines | seen | goal (C5) | |"
echo '| --- | --- | --- | --- |'
echo "| httpd without a map: first answer, memory | $bare_took s, $bare_pss MiB | | |"
echo "| redirect307ctl compile | $compiling s | | |"
for kind in text image; do
  if [ "$kind" = text ]; then file=big.map goal=1.0; else file=big.image goal=0.05; fi
  echo "Redirect307Map $scratch/$file" | write_conf
  best=''
  for round in 1 2 3; do
    start "$last"
    [ "$code" = "$wanted" ] || { echo "maps.sh: $kind answers '$code', wanted '$wanted'" >&2; exit 2; }
    if [ -z "$best" ] || awk -v a="$took" -v b="$best" 'BEGIN { exit !(a < b) }'; then best=$took; fi
    [ $round -eq 3 ] || stop
  done
  row "first answer, $kind (best of 3)" "$best" $goal s
  row "memory of all processes, $kind" "$(pss)" 100 MiB
  before=$(pss)
  awk -v n="$lines" 'BEGIN { srand(307); for (i = 0; i < 2000; i++) { k = int(rand() * n); printf "url = \"http://127.0.0.1:'"$port"'/alt/kategorie-%d/produkt-%07d.html\"\noutput = /dev/null\n", k % 100, k } }' > "$scratch/urls"
  curl -s -K "$scratch/urls"
  warm=$(pss)
  ab -q -k -c 8 -n 40000 "http://127.0.0.1:$port$last" > "$scratch/ab.log" 2>&1
  curl -s -K "$scratch/urls"
  grown=$(awk -v a="$warm" -v b="$(pss)" 'BEGIN { printf "%.1f", b - a }')
  echo "| memory after 2 000 random hits, $kind | $before -> $warm MiB | | |"
  row "growth by 42 000 further requests, $kind" "$grown" 2 MiB
  stop
done
[ "$missed" -eq 0 ]

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a request costs, in user-space instructions (callgrind, httpd -X, keep-alive): rules of
# ours, hit and miss, from one to a million, beside mod_alias and mod_rewrite, and beside no
# module at all. Seconds depend on who else works; instructions do not.
#
#   sh t/bench/rules.sh [--quick] [build/t/env]
#
# --quick: up to 1 000 rules. Prints a Markdown table, then each goal and what was reached;
# exits 1 when one is missed. Needs valgrind and curl (Debian: valgrind, curl). 10 minutes.
set -eu
umask 022
quick=''
[ "${1:-}" != --quick ] || { quick=1; shift; }
env_file=${1:-build/t/env}
MODULE='' APXS='' SRCDIR=''
# shellcheck source=/dev/null
. "$env_file"
for tool in valgrind callgrind_control curl perl; do
  command -v "$tool" >/dev/null || { echo "rules.sh: $tool is missing" >&2; exit 2; }
done
httpd=$("$APXS" -q SBINDIR)/$("$APXS" -q PROGNAME)
libexec=$("$APXS" -q LIBEXECDIR)
port=${PORT:-8399}
requests=200
scratch=$(mktemp -d "${TMPDIR:-/tmp}/r307-rules.XXXXXX")
pid='' missed=0
leave() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
  wait 2>/dev/null || :
  rm -rf "$scratch"
}
trap leave EXIT
chmod 755 "$scratch"
mkdir "$scratch/htdocs" "$scratch/htdocs/dir"
echo x > "$scratch/htdocs/index.html"
echo x > "$scratch/htdocs/dir/page.html"

# serve MODULES: with what stands in $scratch/extra; until `stop`
serve() {
  {
    echo "ServerRoot $scratch"
    echo "Listen 127.0.0.1:$port"
    echo "ServerName localhost"
    echo "PidFile $scratch/pid"
    echo "ErrorLog $scratch/error_log"
    echo "DocumentRoot $scratch/htdocs"
    echo "EnableMMAP Off"
    echo "KeepAlive On"
    echo "KeepAliveTimeout 60"
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
    echo "<Directory />"
    echo "AllowOverride None"
    echo "</Directory>"
    cat "$scratch/extra"
  } > "$scratch/httpd.conf"
  rm -f "$scratch"/cg.* "$scratch/pid"
  dumps=0
  (cd "$scratch" && exec valgrind --tool=callgrind --callgrind-out-file="$scratch/cg" \
    "$httpd" -X -f "$scratch/httpd.conf") > "$scratch/valgrind.log" 2>&1 &
  pid=$!
  tries=0
  until curl -s -m 10 -o "$scratch/body" "http://127.0.0.1:$port/index.html"; do
    tries=$((tries + 1))
    [ $tries -lt 1500 ] || { cat "$scratch/valgrind.log" "$scratch/error_log" >&2; exit 2; }
    sleep 0.2
  done
}

stop() {
  kill "$pid"
  wait "$pid" 2>/dev/null || :
  pid=''
}

# measure LABEL PATH [NUMBERS]: a row, and its figure in $ir
measure() {
  perl "$SRCDIR/t/bench/client.pl" "$port" 30 "$2" "${3:-}" > "$scratch/status"
  callgrind_control -z "$pid" > /dev/null 2>&1
  perl "$SRCDIR/t/bench/client.pl" "$port" $requests "$2" "${3:-}" > "$scratch/status"
  callgrind_control -d "$pid" > /dev/null 2>&1
  dumps=$((dumps + 1))
  sleep 0.5
  total=$(sed -n 's/^\(summary\|totals\): *\([0-9]*\).*/\2/p' "$scratch/cg.$dumps" | head -n 1)
  ir=$((total / requests))
  printf '| %s | %s | %d |\n' "$1" "$(cat "$scratch/status")" "$ir"
}

# goal NAME VALUE MOST WHAT
goal() {
  if [ "$2" -le "$3" ]; then
    printf 'met     %s: %d, at most %d: %s\n' "$1" "$2" "$3" "$4" >> "$scratch/goals"
  else
    printf 'MISSED  %s: %d, at most %d: %s\n' "$1" "$2" "$3" "$4" >> "$scratch/goals"
    missed=$((missed + 1))
  fi
}

# The spread of figures in a file, in tenths of a per cent of the first one
spread() {
  awk 'NR == 1 { first = $1 } { d = $1 - first; d = d < 0 ? -d : d; if (d > most) most = d }
       END { printf "%d", most * 1000 / first }' "$1"
}

# "#" is a number of seven digits: a longer path costs more, whatever the rules
lines() {
  perl -e 'my ($n, $line) = @ARGV;
    for my $i (1 .. $n) { my $text = $line; $text =~ s/#/sprintf "%07d", $i/ge; print "$text\n"; }' "$1" "$2"
}

# Ten letters of two kinds each, another choice in every pattern: no byte is certain
patterns() {
  perl -e 'my ($n, $directive, $from) = @ARGV;
    for my $i ($from .. $n) {
      my $classes = sprintf "%010b", $i;
      $classes =~ s/0/[a-m]/g; $classes =~ s/1/[n-z]/g;
      print "$directive ^/$classes/([0-9]+)\$ /neu/\$1\n";
    }' "$1" "$2" "${3:-1}"
}

echo '| configuration and request | status | Ir a request |'
echo '| --- | --- | --- |'

: > "$scratch/extra"
serve
measure 'no module: a static file' /index.html
floor=$ir
stop
serve redirect307
measure 'mod_redirect307 without a rule: the same file' /index.html
goal 'C2 miss, no rule' $((ir - floor)) 150 'what the module adds'
stop

counts='1 1000 100000'
[ -z "$quick" ] || counts='1 1000'
for n in $counts; do
  lines "$n" 'Redirect307 /old-#/x /new/#' > "$scratch/extra"
  serve redirect307
  measure "$n Redirect307: the first" /old-0000001/x
  [ "$n" != 1 ] || goal 'C2 hit' "$ir" 21500 'one rule, in translate_name'
  echo "$ir" >> "$scratch/hits"
  measure "$n Redirect307: the last" "/old-$(printf %07d "$n")/x"
  echo "$ir" >> "$scratch/hits"
  measure "$n Redirect307: at random" /old-%d/x "$n"
  measure "$n Redirect307: a miss (the static file)" /index.html
  echo "$ir" >> "$scratch/misses"
  goal "C2 miss, $n rules" $((ir - floor)) 400 'what the module adds'
  stop
done

counts='1 1000 100000 1000000'
[ -z "$quick" ] || counts='1 1000'
for n in $counts; do
  lines "$n" '/old-#/x /new/#' > "$scratch/site.map"
  echo "Redirect307Map $scratch/site.map" > "$scratch/extra"
  serve redirect307
  measure "map of $n lines: the first" /old-0000001/x
  echo "$ir" >> "$scratch/map-hits"
  measure "map of $n lines: the last" "/old-$(printf %07d "$n")/x"
  echo "$ir" >> "$scratch/map-hits"
  measure "map of $n lines: at random" /old-%d/x "$n"
  measure "map of $n lines: a miss (the static file)" /index.html
  echo "$ir" >> "$scratch/map-misses"
  goal "C2 miss, a map of $n lines" $((ir - floor)) 400 'what the module adds'
  stop
done
goal 'C1 hits, directives' "$(spread "$scratch/hits")" 10 'thousandths between one rule and the most'
goal 'C1 misses, directives' "$(spread "$scratch/misses")" 10 'thousandths between one rule and the most'
goal 'C1 hits, map' "$(spread "$scratch/map-hits")" 10 'thousandths between one line and the most'
goal 'C1 misses, map' "$(spread "$scratch/map-misses")" 10 'thousandths between one line and the most'

for n in 1 1000; do
  # shellcheck disable=SC2016
  lines "$n" 'Redirect307Match ^/alt/seite-#/(\d+)$ /neu/$1' > "$scratch/extra"
  serve redirect307
  measure "$n Redirect307Match with a word: the last" "/alt/seite-$(printf %07d "$n")/12"
  [ "$n" != 1 ] || one=$ir
  stop
done
goal 'C3 words' $((ir * 100 / one)) 110 'per cent: 1 000 regexes of one regex'
goal 'C3 words, in all' "$ir" 30000 '1 000 regexes'
patterns 1000 Redirect307Match 1000 > "$scratch/extra"
serve redirect307
measure '1 Redirect307Match without a word' /zzzzzazaaa/12
one=$ir
stop
patterns 1000 Redirect307Match > "$scratch/extra"
serve redirect307
measure '1000 Redirect307Match without a word: the last' /zzzzzazaaa/12
goal 'C3 no words' $((ir * 100 / one)) 200 'per cent: 1 000 regexes of one regex'
stop
patterns 1000 Redirect307Match 1000 | sed 's/\^//;s/\$ / /' > "$scratch/extra"
serve redirect307
measure '1 Redirect307Match without a word or an anchor' /zzzzzazaaa/12
one=$ir
stop
patterns 1000 Redirect307Match | sed 's/\^//;s/\$ / /' > "$scratch/extra"
serve redirect307
measure '1000 Redirect307Match without a word or an anchor: the last' /zzzzzazaaa/12
goal 'C3 no words, no anchor' $((ir * 100 / one)) 200 'per cent: 1 000 regexes of one regex'
stop

printf '<Directory %s>\nRedirect307 page.html new.html\n</Directory>\n' "$scratch/htdocs/dir" > "$scratch/extra"

serve redirect307
measure 'a <Directory> rule: a hit' /dir/page.html
goal 'C2 hit, directory' "$ir" 27500 'one rule'
stop

counts='1 1000 100000'
[ -z "$quick" ] || counts='1 1000'
for n in $counts; do
  lines "$n" 'Redirect 307 /old-#/x /new/#' > "$scratch/extra"
  serve alias
  measure "mod_alias, $n Redirect: the last" "/old-$(printf %07d "$n")/x"
  measure "mod_alias, $n Redirect: a miss" /index.html
  stop
done
# shellcheck disable=SC2016
lines 1000 'RedirectMatch 307 ^/alt/seite-#/(\d+)$ /neu/$1' > "$scratch/extra"
serve alias
measure 'mod_alias, 1000 RedirectMatch: the last' /alt/seite-0001000/12
stop
# shellcheck disable=SC2016
{ echo 'RewriteEngine On'; lines 1000 'RewriteRule ^/alt/seite-#/(\d+)$ /neu/$1 [R=307,L]'; } > "$scratch/extra"
serve rewrite
measure 'mod_rewrite, 1000 RewriteRule: the last' /alt/seite-0001000/12
stop

echo
cat "$scratch/goals"
[ $missed -eq 0 ] || { echo "rules.sh: $missed goals missed"; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What contrib/ has for editors and automation names what there is: vim's files each directive
# and each option and no other, alerts and dashboard series that the status page shows,
# Ansible and Puppet the module and the package. t/contrib.t tries them.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

looked=0
# same WHAT FILE: the words of $folder/have are those of $folder/want
same() {
  sort -u "$folder/want" > "$folder/wanted"; sort -u "$folder/have" > "$folder/had"
  [ -s "$folder/wanted" ] || complain "found no $1 in the tables"
  looked=$((looked + $(wc -l < "$folder/wanted")))
  for word in $(comm -23 "$folder/wanted" "$folder/had"); do complain "$2 does not know $1 $word"; done
  for word in $(comm -13 "$folder/wanted" "$folder/had"); do complain "$2 knows $1 $word, which there is not"; done
}
# the alternatives of \(a\|b\) of lines with that pattern
words_of() { sed -n "/$1/s/.*\\\\(\(.*\)\\\\)\\\\ze=.*/\1/p" "$2" | sed 's/\\|/\n/g'; }

VIM=contrib/vim/after/syntax/apache.vim MAP=contrib/vim/syntax/redirect307map.vim
sed -n 's/^DIRECTIVE([A-Z0-9_]*, "\(Redirect307[A-Za-z0-9]*\)".*/\1/p' modules/engine/conf/directive_table.h > "$folder/want"
sed -n 's/^syn keyword redirect307Directive contained //p' "$VIM" | tr ' ' '\n' > "$folder/have"
same directive "$VIM"

# (a row with NEVER is no word that anybody writes)
sed -n '/^const r307_option_t r307_options\[\]/,/^};/{/NEVER,/d;s/^ *{ *"\([a-z-]*\)" *,.*/\1/p;}' modules/engine/grammar/options.c > "$folder/options"
cp "$folder/options" "$folder/want"
words_of redirect307mapOption "$MAP" > "$folder/have"
same option "$MAP"

{
  cat "$folder/options"
  sed -n '/^static const option_t options\[\]/,/^};/s/^ *{ *"\([a-z-]*\)" *,.*/\1/p' modules/engine/maintenance/maintenance_line.c
  sed -n 's/^ *\[R307_LIMIT_[A-Z_]*\] = { "\([a-z-]*\)",.*/\1/p' modules/engine/rule/limit.c
  printf '%s\n' format keep link
} > "$folder/want"
{
  words_of 'redirect307Option ' "$VIM"
  sed -n 's/^syn match redirect307Option "\\s\\zs\([a-z]*\)\\ze=.*/\1/p' "$VIM"
} > "$folder/have"
same option "$VIM"
for word in format keep link; do
  grep -rqE "\"$word(=|\")" modules/engine || complain "nothing in modules/engine reads $word=, which $VIM knows"
done

# series: what a row calls them, with _total where it counts
sed -n 's/^ *\(one\|sums\|maps\)(&m, \(status, \)\{0,1\}"\([a-z_]*\)".*/redirect307_\3/p;s/^ *family(&m, "\([a-z_]*\)".*/redirect307_\1/p' modules/engine/status/status_metrics.c > "$folder/series"
[ "$(wc -l < "$folder/series")" -ge 10 ] || complain "found no series in modules/engine/status/status_metrics.c"
for file in contrib/prometheus/redirect307.rules.yml contrib/grafana/redirect307.json; do
  asked=$(grep -E '"?expr"?: ' "$file" | grep -oE 'redirect307_[a-z_]+' | sort -u)
  for name in $asked; do
    looked=$((looked + 1))
    grep -qx "${name%_total}" "$folder/series" || complain "$file asks for $name, which no row of status_metrics.c shows"
  done
done

package=$(sed -n 's/^Package: //p' packaging/debian/control)
for file in contrib/ansible/redirect307.yml contrib/puppet/redirect307.pp; do
  looked=$((looked + 2))
  grep -q "$package" "$file" || complain "$file does not name the package, $package"
  grep -qw redirect307 "$file" || complain "$file does not name the module, redirect307"
done
verdict "$looked" 110 'words of contrib/'

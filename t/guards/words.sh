#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# No file asks an option for its name: whoever wants to know something of it asks its row in
# r307_options[] for a property, so that a new option answers in that row and nowhere else.
# Refused is a comparison with the name of an option, and a list of such names. What is
# compared with a value, or with the verb of a command, is none of that.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

OPTIONS=modules/engine/grammar/options.c
# functions of httpd's expressions, some of which are called as options are
NOT_OURS='modules/engine/conf/expr_check.c modules/engine/rule/change.c'

names=$(sed -n '/^const r307_option_t r307_options\[\]/,/^};/s/^[[:space:]]*{[[:space:]]*"\([a-z]*\)",.*/\1/p' "$OPTIONS" | sort -u)
count=$(echo "$names" | wc -l)
[ "$count" -ge 25 ] || complain "found $count options in $OPTIONS, expected at least 25"
any=$(echo "$names" | paste -s -d '|')

compared="(str(n|case|ncase)?cmp|strstr|memcmp|r307_text_same_fold|r307_word_is|(has|is|find)[a-z_]*)[(][^\"]*\"($any)=?\""
a_value='[(](value|order[.]verb),'
listed="\"($any)\", *\"($any)\""

# found_in FILE: the lines that ask for a name
found_in() { grep -nE "$compared|$listed" "$1" | grep -vE "$a_value" || :; }

# the pattern finds what it is for
cat > "$folder/asks.c" <<'END'
if (strcmp(cond->kind->name, "host") == 0) {
if (strncmp(word->text, "name=", 5) == 0) {
const char **value = name_len == 5 && memcmp(text, "match", 5) == 0 ? &of->match
if (has(draft, "file") && !context->is_late) {
if (r307_word_is(word, "until")) {
static const char *const light[] = { "host", "method", "args" };
END
cat > "$folder/asks_not.c" <<'END'
cache->mode = strcmp(value, "off") == 0 ? R307_CACHE_OFF
if (strcmp(value, "cookie") == 0) {
r307_mapfile_word(reading, "status", said->code);
END
[ "$(found_in "$folder/asks.c" | wc -l)" -eq 6 ] || complain "does not find all of asks.c"
[ -z "$(found_in "$folder/asks_not.c")" ] || complain "finds what asks for no name: $(found_in "$folder/asks_not.c")"

looked=0
for file in modules/engine/*/*.[ch] modules/httpd/*.[ch] modules/ctl/*.[ch]; do
  case " $OPTIONS $NOT_OURS " in *" $file "*) continue ;; esac
  looked=$((looked + 1))
  found_in "$file" > "$folder/found"
  while read -r line; do
    complain "$file:$line: asks an option for its name; ask its row for a property (rule/option.h)"
  done < "$folder/found"
done

# the fuzzers know every word that may be written
written=$(sed -n '/^const r307_option_t r307_options\[\]/,/^};/{/NEVER,/d;s/^[[:space:]]*{[[:space:]]*"\([a-z]*\)",.*/\1/p;}' "$OPTIONS")
for name in $written; do
  grep -q "^\"$name=" t/fuzz/dict/line.dict || complain "option $name is not in t/fuzz/dict/line.dict"
done

# what a condition of _redirects cannot be said by is no option by now
REDIRECTS=modules/engine/map/map_redirects.c
refused=$(sed -n 's/^[[:space:]]*{ "\([A-Z][a-z]*\)", NULL,.*/\1/p' "$REDIRECTS")
[ "$(echo "$refused" | wc -w)" -ge 1 ] || complain "found no conditions that $REDIRECTS refuses"
for name in $refused; do
  option=$(echo "$name" | tr '[:upper:]' '[:lower:]')
  ! echo "$names" | grep -qx "$option" || complain "$REDIRECTS refuses $name=, and there is an option $option: name it in that row"
done
verdict "$looked" 150 "files that ask no option for its name"

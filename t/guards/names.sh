#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A name means one thing in all rooms: no two files of the same name in two of them, and no
# type that is made twice. Who looks for a name finds one, and a file that includes both
# cannot see the wrong layout.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

looked=0
for file in mod_redirect307.c modules/*/*.[ch] modules/engine/*/*.[ch] modules/engine/*/*.h.in; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  stem=${file##*/}
  echo "${stem%%.*} ${file%/*}" >> "$folder/stems"
  # the last word of a typedef, on one line or behind its members, and of a function's type
  sed -n -e 's/^} \([a-z0-9_]*_t\);.*/\1/p' -e 's/^typedef [^(]*[ *]\([a-z0-9_]*_t\);.*/\1/p' \
    -e 's/^typedef [^(]*(\*\([a-z0-9_]*_t\))(.*/\1/p' "$file" | sed "s|\$| $file|" >> "$folder/types"
done
for stem in $(sort -u "$folder/stems" | cut -d' ' -f1 | uniq -d); do
  complain "files of the name $stem are in $(grep "^$stem " "$folder/stems" | cut -d' ' -f2 | sort -u | tr '\n' ' ')"
done
# a type of one file alone has no prefix, and no other file sees it
grep -E '^(r307|ctl)_' "$folder/types" | sort > "$folder/shared"
for type in $(cut -d' ' -f1 "$folder/shared" | uniq -d); do
  complain "$type is made more than once: $(grep "^$type " "$folder/shared" | cut -d' ' -f2 | tr '\n' ' ')"
done
types=$(wc -l < "$folder/shared")
[ "$types" -ge 150 ] || complain "found $types types, expected at least 150"
verdict "$looked" 200 "files whose name, and whose types, are there once"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Each file of the engine, of shared/ and of file/ has its unit test where t/unit/where.tsv
# says; and where that says nothing of how, the test names something that the file defines.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

table=t/unit/where.tsv
tab=$(printf '\t')
grep -v '^#' "$table" | tail -n +2 > "$folder/rows"
looked=0
while IFS=$tab read -r file test by; do
  looked=$((looked + 1))
  source=modules/$file.c
  [ -f "$source" ] || source=modules/engine/$file.c
  [ -f "$source" ] || { complain "$table: there is no $file.c"; continue; }
  [ -f "t/unit/$test.c" ] || { complain "$table: there is no t/unit/$test.c"; continue; }
  [ -z "$by" ] || continue
  names=$(sed -n 's/^[a-z].*[ *]\(r307_[a-z0-9_]*\)[([].*/\1/p' "$source" | sort -u)
  # shellcheck disable=SC2086
  if [ -z "$names" ] || ! grep -qwF "$(printf '%s\n' $names)" "t/unit/$test.c"; then
    complain "$table: t/unit/$test.c names nothing that $source defines"
  fi
done < "$folder/rows"
for source in modules/engine/*/*.c modules/shared/*.c modules/file/*.c; do
  file=${source#modules/}; file=${file#engine/}; file=${file%.c}
  grep -q "^$file$tab" "$folder/rows" || complain "$source has no row in $table: where is it tested?"
done
verdict "$looked" 60 "files with their unit test"

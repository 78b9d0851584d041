#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A file of more than 650 lines has a second subject in it.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

looked=0
for file in mod_redirect307.c modules/*/*.[ch] modules/engine/*/*.[ch] t/unit/*.[ch] t/unit/*/*.[ch] t/fuzz/*.c; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  lines=$(wc -l < "$file")
  [ "$lines" -le 650 ] || complain "$file has $lines lines; look for the second subject in it"
done
verdict "$looked" 55 "C files of at most 650 lines"

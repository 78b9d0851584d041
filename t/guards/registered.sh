#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Nothing written is forgotten: every unit test is built and called, every end-to-end test is
# distributed and has its configuration, every source file says its licence.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

looked=0
# every word of Makefile.am
words=" $(tr -s '[:space:]\134' ' ' < Makefile.am) "
listed() { case $words in *" $1 "*) ;; *) return 1 ;; esac; }

# unit tests: in Makefile.am, and called by main.c (text -> test_text)
for file in t/unit/*.[ch] t/unit/*/*.[ch]; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  listed "$file" || complain "$file is not in UNIT_FILES of Makefile.am"
  stem=$(basename "$file" .c)
  case $stem in
    test_*) grep -qE "(^|[^A-Za-z0-9_])(${stem}|${stem#test_}_(case|cases|suite|tcase|tests))([^A-Za-z0-9_]|\$)" t/unit/main.c ||
              complain "t/unit/main.c never calls $stem" ;;
  esac
done
units=$looked

# what a room holds, its list holds
for file in modules/engine/*/*.[ch] modules/file/*.[ch] modules/shared/*.[ch] modules/httpd/*.[ch] modules/ctl/*.[ch] t/fuzz/*.c t/whatwg/* t/guards/*.sh; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  [ "$file" != modules/engine/base/version.h ] || continue
  listed "$file" || complain "$file is not in Makefile.am"
done

# end to end: distributed, with t/conf/<topic>.conf.in or a line that says why not
tests=0
for file in $(find t -name '*.t' -type f ! -path 't/unit/*' ! -path 't/fuzz/*' | sort); do
  looked=$((looked + 1))
  tests=$((tests + 1))
  listed "$file" || complain "$file is not in E2E_TESTS of Makefile.am"
  [ -f "t/conf/$(basename "$file" .t).conf.in" ] || grep -q '^# needs no conf' "$file" ||
    complain "$file has no t/conf/$(basename "$file" .t).conf.in and no line '# needs no conf'"
done
for file in t/conf/*.conf.in; do
  looked=$((looked + 1))
  topic=$(basename "$file" .conf.in)
  [ -f "t/$topic.t" ] || [ -f "t/security/$topic.t" ] || complain "$file has no t/$topic.t"
done
# tables and corpora: only in folders that are distributed whole
for file in $(find t -type f \( -name '*.tsv' -o -name '*.dict' \) | sort); do
  looked=$((looked + 1))
  case $file in
    t/data/*|t/fuzz/corpus/*|t/htdocs/*) ;;
    *) listed "$file" || complain "$file is neither in a folder of DIST_FOLDERS nor in EXTRA_DIST" ;;
  esac
done
for program in $(basename -s .c t/fuzz/fuzz_*.c); do
  [ -n "$(find "t/fuzz/corpus/$program" -type f 2>/dev/null | head -n 1)" ] ||
    complain "t/fuzz/corpus/$program is missing or empty"
done

files=$(source_files)
for file in $files; do
  looked=$((looked + 1))
  [ -f "$file" ] || complain "$file is missing"
done
# shellcheck disable=SC2013,SC2086
for file in $(grep -sL 'SPDX-License-Identifier: Apache-2\.0' $files); do complain "$file has no SPDX line"; done

[ "$units" -ge 11 ] || complain "found $units unit test files, expected at least 11"
[ "$tests" -ge 1 ] || complain "found no end-to-end test"
verdict "$looked" 120 "things registered where they belong"

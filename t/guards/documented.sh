#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every directive and every option of the two tables is in the manual and in an example that
# a test loads, and the manual has no directive that does not exist. The tables are found by
# how a row begins:   AP_INIT_...("Redirect307...",   and, in r307_options[],   { "option",
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

DIRECTIVES=modules/httpd/directives.c
OPTIONS=modules/engine/options.c

directives=$(sed -n 's/^[[:space:]]*AP_INIT_[A-Z0-9_]*([[:space:]]*"\(Redirect307[A-Za-z0-9]*\)".*/\1/p' "$DIRECTIVES" | sort -u)
options=$(sed -n '/^const r307_option_t r307_options\[\]/,/^};/s/^[[:space:]]*{[[:space:]]*"\([a-z][a-z0-9-]*\)"[[:space:]]*,.*/\1/p' "$OPTIONS" | sort -u)

looked=0
found=0
for name in $directives; do
  looked=$((looked + 1)); found=$((found + 1))
  grep -qE "^#+.*[^A-Za-z0-9]$name([^A-Za-z0-9]|\$)" docs/*.md ||
    complain "$name has no heading in docs/*.md"
  grep -rqE "^[[:space:]]*$name([[:space:]]|\$)" conf-examples ||
    complain "$name is in no file of conf-examples/"
done
[ "$found" -ge 9 ] || complain "found $found directives in $DIRECTIVES, expected at least 9"

found=0
for name in $options; do
  looked=$((looked + 1)); found=$((found + 1))
  grep -qE "(^|[^A-Za-z0-9_-])$name=|\`$name\`" docs/*.md ||
    complain "option $name is not in docs/*.md (as $name= or \`$name\`)"
  grep -rqE "[[:space:]\"]$name=" conf-examples ||
    complain "option $name is in no file of conf-examples/"
done
[ "$found" -ge 14 ] || complain "found $found options in $OPTIONS, expected at least 14"

headings=$(sed -n 's/^#.*[^A-Za-z0-9]\(Redirect307[A-Za-z0-9]*\).*/\1/p' docs/*.md | sort -u)
for name in $headings; do
  echo "$directives" | grep -qx "$name" || complain "docs/ has a heading for $name, which $DIRECTIVES has not"
done
verdict "$looked" 23 "directives and options documented, with an example"

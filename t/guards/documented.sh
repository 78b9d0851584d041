#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every directive and every option of the two tables is in the manual and in an example that
# a test loads, every verdict and finding is explained, and the manual has none of them that
# does not exist. The tables are found by how a row begins:
# DIRECTIVE(R307_DIRECTIVE_..., "Redirect307...",   and, in r307_options[],   { "option",
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

DIRECTIVES=modules/engine/conf/directive_table.h
OPTIONS=modules/engine/grammar/options.c

directives=$(sed -n 's/^DIRECTIVE([A-Z0-9_]*, "\(Redirect307[A-Za-z0-9]*\)".*/\1/p' "$DIRECTIVES" | sort -u)
# (a row with NEVER is no word that anybody writes)
options=$(sed -n '/^const r307_option_t r307_options\[\]/,/^};/{/NEVER,/d;s/^[[:space:]]*{[[:space:]]*"\([a-z][a-z0-9-]*\)"[[:space:]]*,.*/\1/p;}' "$OPTIONS" | sort -u)

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

# What people meet in a log has an id, and the manual a row for it
for file in modules/engine/rule/guard.c modules/engine/lint/lint_rule.c; do
  ids=$(sed -n 's/.*{ "\(R307-[A-Z][0-9][0-9]\)".*/\1/p' "$file" | grep -v 'R307-G00' | sort)
  [ "$(echo "$ids" | wc -l)" -ge 6 ] || complain "found no table of ids in $file"
  [ "$(echo "$ids" | uniq -d)" = '' ] || complain "an id is there twice in $file: $(echo "$ids" | uniq -d | tr '\n' ' ')"
  for id in $ids; do
    looked=$((looked + 1))
    grep -q "^| $id |" docs/*.md || complain "$id of $file has no row in docs/*.md"
  done
done
explained=$(sed -n 's/^| \(R307-[A-Z][0-9][0-9]\) |.*/\1/p' docs/*.md)
for id in $explained; do
  grep -q "\"$id\"" modules/engine/rule/guard.c modules/engine/lint/lint_rule.c || complain "docs/ explains $id, which nobody says"
done

# What format= can say
formats=$(sed -n 's/^ *\(FIRST\|NEXT\)(\([a-z]*\),.*/\2/p' modules/engine/map/map_format.h)
[ "$(echo "$formats" | wc -w)" -ge 3 ] || complain "found no formats in modules/engine/map/map_format.h"
for name in $formats; do
  looked=$((looked + 1))
  grep -qE "format=.*$name" docs/maps.md || complain "format=$name is not in docs/maps.md"
  grep -q "^$name	" t/data/map.tsv || complain "no row of t/data/map.tsv reads format=$name"
done

headings=$(sed -n 's/^#.*[^A-Za-z0-9]\(Redirect307[A-Za-z0-9]*\).*/\1/p' docs/*.md | sort -u)
for name in $headings; do
  echo "$directives" | grep -qx "$name" || complain "docs/ has a heading for $name, which $DIRECTIVES has not"
done
# The tool's commands and options, by the rows of its table: a command begins a row of its own,
# an option stands in braces. The manual page has all of them and no other.
ROWS=modules/ctl/main.c PAGE=docs/redirect307ctl.1
table=$(sed -n '/^#define HTTPD/,/^};/p' "$ROWS")
names=$(printf '%s\n' "$table" | sed -n 's/^    { "\([a-z]*\)", ".*/\1/p')
[ "$(printf '%s\n' "$names" | wc -l)" -ge 7 ] || complain "found no table of commands in $ROWS"
for name in $names; do
  looked=$((looked + 1))
  grep -qx "\.It Cm $name.*" "$PAGE" || complain "command $name of $ROWS is not in $PAGE"
done
letters=$(printf '%s\n' "$table" | sed -n "s/.*{ \(NULL\|\"[a-z]*\"\), '\([a-zA-Z]\)', .*/\2/p")
options=$(printf '%s\n' "$table" | sed -n "s/.*{ \"\([a-z-]*\)\", \(0\|'[a-zA-Z]'\), .*/-\1/p" | sort -u)
[ "$(printf '%s\n' "$options" | wc -l)" -ge 12 ] || complain "found no options in $ROWS"
for name in $options $letters; do
  looked=$((looked + 1))
  grep -qE "Fl $name( |\$)" "$PAGE" || complain "option -$name of $ROWS is not in $PAGE"
done
known=" help version V h option $(printf '%s\n%s\n' "$options" "$letters" | tr '\n' ' ')"
shown=$(grep -oE '(^\.|[A-Za-z] )Fl -?[a-zA-Z][a-zA-Z-]*' "$PAGE" | sed 's/.*Fl //' | sort -u)
for name in $shown; do
  case "$known" in
    *" ${name#-} "*|*" $name "*) ;;
    *) complain "$PAGE has an option -$name, which $ROWS has not" ;;
  esac
done
# The keys of cases: { "host", "NAME", 0, ...
KEYS=modules/engine/case/case_key.c
keys=$(sed -n 's/^    { "\([a-z]*\)", "[^"]*", [01], [01], .*/\1/p' "$KEYS")
[ "$(printf '%s\n' "$keys" | wc -l)" -ge 15 ] || complain "found no keys of cases in $KEYS"
for name in $keys; do
  looked=$((looked + 1))
  [ "$name" = url ] || grep -q "^| .*\`\"*$name=" docs/testing.md || complain "key $name= of $KEYS has no row in docs/testing.md"
done
verdict "$looked" 64 "directives, options, verdicts and findings documented"

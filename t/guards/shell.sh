#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every shell script parses, is POSIX sh, and satisfies shellcheck where that is installed
# (./setup test installs it; a plain `make check` does without).
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

looked=0 with=''
if command -v shellcheck >/dev/null 2>&1; then with=' and shellcheck'; fi
for file in $(source_files); do
  head -n 3 "$file" | grep -qE '^#!.*/sh( |$)|shellcheck shell=sh' || continue
  looked=$((looked + 1))
  sh -n "$file" || complain "$file does not parse"
  if [ -n "$with" ]; then
    shellcheck -s sh -x -P SCRIPTDIR:. "$file" || complain "shellcheck finds fault with $file"
  fi
done
verdict "$looked" 11 "shell scripts checked by sh -n$with"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The module exports its record and nothing else: any other name could collide with another
# module's in the one process they share.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

exported=$("$NM" -D --defined-only "$MODULE" | awk '{ print $NF }' | grep -vE '^(_init|_fini|_edata|_end|__bss_start)$' || :)
count=0
for name in $exported; do
  count=$((count + 1))
  [ "$name" = redirect307_module ] || complain "exports $name"
done
verdict "$count" 1 "exported symbol, redirect307_module"

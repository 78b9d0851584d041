#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# An engine file cannot include httpd's headers even if it wants to: compiled with exactly
# the engine's flags, `#include <httpd.h>` must fail, and the same file without it must not.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

if [ "$HTTPD_INCLUDEDIR" = "$(pkg-config --variable=includedir apr-1 2>/dev/null)" ]; then
  echo "ok   $guard: SKIP, this httpd keeps its headers in APR's folder, so there is no wall to test"
  exit 0
fi
[ -n "$ENGINE_COMPILE" ] || complain "t/env has no ENGINE_COMPILE"
cd "$BUILDDIR"
echo '#include <httpd.h>' > "$folder/through.c"
printf '#include <apr_pools.h>\n#include "base/version.h"\nextern const char *r307_wall;\nconst char *r307_wall = R307_VERSION;\n' > "$folder/beside.c"
tried=0
if ! sh -c "$ENGINE_COMPILE -c -o '$folder/beside.o' '$folder/beside.c'" > "$folder/log" 2>&1; then
  cat "$folder/log"
  complain "the engine's flags do not even compile a file with APR and the version in it"
fi
tried=$((tried + 1))
if sh -c "$ENGINE_COMPILE -c -o '$folder/through.o' '$folder/through.c'" > "$folder/log" 2>&1; then
  complain "#include <httpd.h> compiles with the engine's flags: $ENGINE_COMPILE"
elif ! grep -q 'httpd\.h' "$folder/log"; then
  cat "$folder/log"
  complain "the compiler failed for another reason than httpd.h"
fi
tried=$((tried + 1))
verdict "$tried" 2 "compilations: APR is seen, httpd.h is not"

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# Sourced by every guard. A guard collects complaints, counts what it looked at, and ends
# with `verdict`: too little looked at is a failure, for a guard that found no input has
# guarded nothing.
set -eu
LC_ALL=C
export LC_ALL

guard=$(basename "$0" .sh)
[ -n "${R307_ENV:-}" ] || R307_ENV=$(cd "$(dirname "$0")/../.." && pwd)/build/t/env
[ -f "$R307_ENV" ] || { echo "FAIL $guard: no '$R307_ENV'; run ./setup build, or set R307_ENV to t/env of the build"; exit 1; }
SRCDIR='' BUILDDIR='' NM='' HTTPD_INCLUDEDIR='' ENGINE_COMPILE='' MODULE=''
# shellcheck source=/dev/null
. "$R307_ENV"
cd "$SRCDIR"
: "$BUILDDIR" "$NM" "$HTTPD_INCLUDEDIR" "$ENGINE_COMPILE" "$MODULE"

complaints=0
complain() {
  echo "$guard: $*"
  complaints=$((complaints + 1))
}

# verdict LOOKED_AT MINIMUM WHAT
verdict() {
  if [ "$1" -lt "$2" ]; then
    complain "looked at $1 $3, expected at least $2: is the pattern that finds them still right?"
  fi
  if [ "$complaints" -gt 0 ]; then
    echo "FAIL $guard: $complaints complaints"
    exit 1
  fi
  echo "ok   $guard: $1 $3"
  exit 0
}

# A temporary folder, gone at the end.
own_folder() {
  folder=$(mktemp -d "${TMPDIR:-/tmp}/r307-guard.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
}

# Every file of ours that is source: what make dist carries, minus what is generated.
source_files() {
  for f in configure.ac Makefile.am setup mod_redirect307.c; do echo "$f"; done
  find modules t demo conf-examples contrib docs packaging .ci -type f \
    \( -name '*.[ch]' -o -name '*.h.in' -o -name '*.conf.in' -o -name '*.conf' -o -name '*.t' -o -name '*.pm' -o -name '*.pl' \
    -o -name '*.sh' -o -name '*.py' -o -name '*.js' -o -name '*.[1-8]' -o -path 't/bench/*' \
    -o -name run -o -name TEST -o -name installed -o -name post-redirect -o -name '*.spec' -o -name APKBUILD -o -name Containerfile \) \
    ! -path 'modules/engine/base/version.h' ! -path 't/fuzz/corpus/*' ! -path 't/logs/*' 2>/dev/null | sort
}

# The words inside #include of FILE, quotes or angle brackets kept
includes_of() { sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*[>"]\).*/\1/p' "$1"; }

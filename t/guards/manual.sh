#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every link of the manual leads somewhere: in the Markdown, and in the HTML that is made of it
# where its two tools are installed. The manual pages have no faults, and the one about the
# module knows each directive.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

said=$(perl docs/html/build.pl --links) || complain "$said"
looked=$(printf '%s\n' "$said" | sed -n 's/^\([0-9]*\) links$/\1/p')
with=''
if command -v cmark-gfm >/dev/null 2>&1 && command -v mandoc >/dev/null 2>&1; then
  with=', and those of the HTML'
  said=$(perl docs/html/build.pl --out "$folder/html" 2>&1) || complain "$said"
  mandoc -T lint -W warning docs/*.[1-8] || complain "mandoc finds fault with a manual page"
fi
directives=$(sed -n 's/^[[:space:]]*AP_INIT_[A-Z0-9_]*([[:space:]]*"\(Redirect307[A-Za-z0-9]*\)".*/\1/p' modules/httpd/directives.c | sort -u)
for name in $directives; do
  looked=$((looked + 1))
  grep -qE "^\.(It )?Ic (.*[ ,])?$name( |\$)" docs/mod_redirect307.8 || complain "$name is not in docs/mod_redirect307.8"
done
formats=$(sed -n 's/^ *\(FIRST\|NEXT\)(\([a-z]*\),.*/\2/p' modules/engine/map/map_format.h)
for format in $formats; do
  looked=$((looked + 1))
  grep -qx "\.It Cm $format" docs/redirect307-map.5 || complain "format=$format is not in docs/redirect307-map.5"
done
verdict "${looked:-0}" 150 "links of the manual$with"

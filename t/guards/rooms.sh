#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Who may include whom. The engine sees nothing of httpd/ and ctl/, and its files only those
# above them in ORDER; httpd/ and ctl/ never see each other; httpd's headers are for
# modules/httpd and mod_redirect307.c.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

ORDER='version text time script url path query token view ip cookie capture regex pattern target target_parse lang share cond_kind cond cond_visitor guard plan rule maintenance maintenance_parse maintenance_flag options line_cond line limit audit need run sieve_block sieve sieve_build plain index_block index index_build image_block image image_build mapfile mapfile_csv mapfile_redirects map ruleset group decide sample loop'

place_of() {
  place=0
  for name in $ORDER; do
    place=$((place + 1))
    [ "$name" != "$1" ] || { echo $place; return; }
  done
  echo 0
}

# is_httpd_header <name>: by looking where httpd keeps its own, and by name
is_httpd_header() {
  case $1 in
    httpd.h|http_*.h|util_*.h|ap_*.h|mod_*.h|mpm_common.h|scoreboard.h|os.h|unixd.h|heartbeat.h|cache_common.h) return 0 ;;
    apr*.h|apu*.h|*/*) return 1 ;;
  esac
  [ -f "$HTTPD_INCLUDEDIR/$1" ] && [ ! -f "/usr/include/$1" ]
}

looked=0
for file in modules/engine/*.[ch] modules/engine/*.h.in modules/httpd/*.[ch] modules/ctl/*.[ch] mod_redirect307.c t/unit/*.[ch] t/fuzz/*.[ch]; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  room=$(dirname "$file")
  stem=$(basename "$file"); stem=${stem%%.*}
  for include in $(includes_of "$file"); do
    name=${include#[<\"]}; name=${name%[>\"]}
    case $room in
      modules/engine)
        case $name in
          *httpd/*|*ctl/*) complain "$file includes $include: the engine knows neither room"; continue ;;
        esac
        case $include in \"*) ;; *) is_httpd_header "$name" && complain "$file includes $include, a header of httpd"; continue ;; esac
        is_httpd_header "$name" && complain "$file includes $include, a header of httpd"
        target=$(basename "$name" .h)
        [ "$target" != config ] || continue
        mine=$(place_of "$stem")
        theirs=$(place_of "$target")
        if [ "$mine" -eq 0 ]; then
          complain "$file is not in the include order; give '$stem' its place in ORDER in t/guards/rooms.sh"
          break
        elif [ "$theirs" -eq 0 ]; then
          complain "$file includes $include, which is not in the include order"
        elif [ "$theirs" -gt "$mine" ]; then
          complain "$file includes $include, which stands below it in the include order"
        fi ;;
      modules/httpd)
        case $name in *ctl/*|ctl.h) complain "$file includes $include: httpd/ does not know ctl/" ;; esac
        case $name in ../config.h|../../config.h) complain "$file includes $include: httpd's headers define PACKAGE_* too" ;; esac ;;
      modules/ctl|t/unit|t/fuzz)
        case $name in *httpd/*) complain "$file includes $include: only the glue may" ;; esac
        is_httpd_header "$name" && complain "$file includes $include, a header of httpd" ;;
    esac
  done
done
verdict "$looked" 55 "source files include only what their room allows"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Who may include whom. The engine sees nothing of the other rooms. It has twelve rooms of its
# own on eight floors: a file sees its own room and the floors below, and no files include
# each other in a circle. file/ sees itself alone, shared/ (what processes share) itself and
# the engine; httpd/ and ctl/ never see each other, and their files include each other in no
# circle either, nor does httpd/ call in one; httpd's headers are for modules/httpd and
# mod_redirect307.c.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"
own_folder

FLOORS='base=1 http=2 rule=3 grammar=4 index=4 map=5 maintenance=5 decide=6 conf=7 lint=7 case=8 status=8'

# floor_of <room>: leaves its floor in $floor, or 0
floor_of() {
  floor=" $FLOORS "
  case $floor in
    *" $1="*) floor=${floor#*" $1="}; floor=${floor%% *} ;;
    *) floor=0 ;;
  esac
}

# is_httpd_header <name>: by looking where httpd keeps its own, and by name
is_httpd_header() {
  case $1 in
    httpd.h|http_*.h|util_*.h|ap_*.h|mod_*.h|mpm_common.h|scoreboard.h|os.h|unixd.h|heartbeat.h|cache_common.h) return 0 ;;
    apr*.h|apu*.h|*/*) return 1 ;;
  esac
  [ -f "$HTTPD_INCLUDEDIR/$1" ] && [ ! -f "/usr/include/$1" ]
}

# look_in_engine: $file of $room includes $include, with $name between the quotes
look_in_engine() {
  case $include in \<*) ! is_httpd_header "$name" || complain "$file includes $include, a header of httpd"; return ;; esac
  [ "$name" != config.h ] || return 0
  theirs=${name%%/*}
  floor_of "$theirs"; below=$floor
  floor_of "$room"
  if [ "$floor" -eq 0 ]; then
    complain "$file is in no room of FLOORS"
  elif [ "$theirs" = "$name" ] || [ "$below" -eq 0 ]; then
    complain "$file includes $include: the engine knows only its own rooms, by \"room/file.h\""
  elif [ "$theirs" != "$room" ] && [ "$below" -ge "$floor" ]; then
    complain "$file includes $include: $theirs/ (floor $below) is not below $room/ (floor $floor)"
  fi
  note_include
}

# note_include: $file includes $name, which is of a room of ours
note_include() {
  stem=${file##*/}; seen=${name##*/}
  [ "${stem%%.*}" = "${seen%.h}" ] || echo "${stem%%.*} ${seen%.h}" >> "$folder/includes"
}

# circle_in <list>: the names in a circle; tsort wants an order, and says who has none
circle_in() { tsort "$1" 2>&1 > /dev/null | sed -n 's/^tsort: \([a-z0-9_]*\)$/\1/p' | tr '\n' ' '; }

# calls_in <room>: "caller callee" for its files, by their objects in the module
calls_in() {
  for source in "$1"/*.c; do
    stem=${source##*/}; stem=${stem%.c}
    "$NM" -P "$BUILDDIR/$1/.libs/mod_redirect307_la-$stem.o" | sed "s/^/$stem /"
  done | awk '
    $3 == "U" { used[$1 " " $2] = 1; next }
    $3 ~ /^[TDRB]$/ { home[$2] = $1 }
    END { for (pair in used) { split(pair, p, " ")
            if (p[2] in home && home[p[2]] != p[1]) print p[1], home[p[2]] } }' | sort -u
}

looked=0
for file in modules/engine/*.[ch] modules/engine/*/*.[ch] modules/engine/*/*.h.in modules/file/*.[ch] modules/shared/*.[ch] modules/httpd/*.[ch] modules/ctl/*.[ch] mod_redirect307.c t/unit/*.[ch] t/unit/*/*.[ch] t/fuzz/*.[ch]; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  room=${file%/*}
  for include in $(includes_of "$file"); do
    name=${include#[<\"]}; name=${name%[>\"]}
    # ctl's files, too, are not to know each other in a circle
    case $room/$include in modules/ctl/\"*)
      stem=${file##*/}; stem=${stem%%.*}
      [ ! -f "modules/ctl/$name" ] || [ "$stem" = "${name%.h}" ] || echo "$stem ${name%.h}" >> "$folder/includes" ;;
    esac
    case $room in
      modules/engine*) room=${room##*/}; look_in_engine; room=modules/engine/$room ;;
      modules/file)
        case $include in \<*|\"file/*) ;; *) complain "$file includes $include: file/ knows no other room" ;; esac
        is_httpd_header "$name" && complain "$file includes $include, a header of httpd" ;;
      modules/shared)
        case $name in httpd/*|ctl/*|file/*) complain "$file includes $include: shared/ knows the engine alone" ;; esac
        is_httpd_header "$name" && complain "$file includes $include, a header of httpd" ;;
      modules/httpd)
        case $name in *ctl/*|ctl.h) complain "$file includes $include: httpd/ does not know ctl/" ;; esac
        case $name in ../config.h|../../config.h) complain "$file includes $include: httpd's headers define PACKAGE_* too" ;; esac
        case $name in httpd/*) note_include ;; esac ;;
      modules/ctl|t/unit*|t/fuzz)
        case $name in *httpd/*) complain "$file includes $include: only the glue may" ;; esac
        is_httpd_header "$name" && complain "$file includes $include, a header of httpd"
        case $room/$include in modules/ctl/\"*) [ ! -f "modules/ctl/$name" ] || note_include ;; esac ;;
    esac
  done
done
[ -s "$folder/includes" ] || complain "no file includes another"
circles=$(circle_in "$folder/includes")
[ -z "$circles" ] || complain "these include each other in a circle: $circles"

calls_in modules/httpd > "$folder/calls"
[ "$(wc -l < "$folder/calls")" -ge 100 ] || complain "found no calls between the objects of httpd/: are they built?"
circles=$(circle_in "$folder/calls")
[ -z "$circles" ] || complain "these call each other in a circle: $circles"
verdict "$looked" 55 "source files include only what their room allows"

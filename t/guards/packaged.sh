#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The version stands in configure.ac; packages that have to repeat it say the same one.
# shellcheck source=t/guards/lib.sh
. "$(dirname "$0")/lib.sh"

version=$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' configure.ac)
[ -n "$version" ] || complain "configure.ac has no version"
looked=0
# says FILE VERSION
says() {
  looked=$((looked + 1))
  [ "$2" = "$version" ] || complain "$1 is of version '$2', and configure.ac of '$version'"
}
says packaging/debian/changelog "$(sed -n '1s/^[^(]*(\([^)]*\)-[^-)]*).*/\1/p' packaging/debian/changelog)"
for spec in packaging/*/*.spec packaging/*/*.spec.txt; do
  [ ! -f "$spec" ] || says "$spec" "$(sed -n 's/^Version: *//p' "$spec")"
done
for build in packaging/*/APKBUILD; do
  [ ! -f "$build" ] || says "$build" "$(sed -n 's/^pkgver=//p' "$build")"
done
# rpmbuild -tb takes the one spec that is in the tarball, and no tarball with two
specs=$(find packaging -name '*.spec' | sort | paste -s -d ' ')
looked=$((looked + 1))
[ "$specs" = packaging/fedora/mod_redirect307.spec ] || complain "rpmbuild -tb wants one *.spec in the tarball, and there are: $specs"
# one address to write to, which whoever publishes replaces
by=$(grep -rhoE '<[^<>@ ]+@[^<>@ ]+>' packaging | sort | uniq -c | sort -rn | sed -n 's/^ *[0-9]* //p')
looked=$((looked + 1))
[ "$(printf '%s\n' "$by" | grep -c .)" -eq 1 ] || complain "the packages name several addresses of a maintainer: $by"
# the newest heading of CHANGES is this version's, or that of the one that is to come
news=$(sed -n 's/^\([0-9][0-9.]*\)\( (not released yet)\)\{0,1\}$/\1\2/p' CHANGES | head -n 1)
looked=$((looked + 1))
case "$news" in
  "$version"|*' (not released yet)') ;;
  *) complain "CHANGES begins with '$news', and configure.ac has '$version'" ;;
esac
# a package that takes documentation takes NOTICE with it
for file in packaging/debian/docs packaging/*/*.spec packaging/*/*.spec.txt packaging/*/APKBUILD; do
  [ -f "$file" ] || continue
  looked=$((looked + 1))
  grep -q NOTICE "$file" || complain "$file leaves out NOTICE"
done
verdict "$looked" 2 "things that packages say"

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC2034
#
# How a bare Debian is made and entered: for t/fresh/run, t/deb/run and t/apps/run. Who sources
# it has set $suite, $arch, $cache, $scratch, $root and $tree, and has say, die and cannot.
: "$suite" "$arch" "$cache" "$scratch" "$tree"

# "URL|SUITE" of Debian's own archives only: what else this machine's apt knows would bring
# versions that a bare Debian has not.
debian_sources() {
  if [ -n "${R307_FRESH_MIRROR:-}" ]; then
    echo "$R307_FRESH_MIRROR|$suite"
    return
  fi
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(REPO_URI)|$(RELEASE)' 'Created-By: Packages' 'Origin: Debian' \
    'Component: main' 2>/dev/null | grep -E "\|$suite(-updates|-security)?\$" | sort -u
}

# What apt here says about fetching: proxies, certificates, checks. What runs a program of
# this machine is left here.
apt_settings() {
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries|ForceIPv|AllowInsecure|Languages)' |
    grep -vi 'auto-\?detect' || :
}

# One at a time of each processor: who comes while another makes it has it then.
make_base() {
  if ! mkdir -p "$cache" || [ ! -w "$cache" ]; then
    die "$cache cannot be written" "R307_FRESH_CACHE=DIR names another folder"
  fi
  exec 9> "$cache/$suite-$arch.lock"
  flock -n 9 || { say "the bare system: another run makes it"; flock 9; }
  find_base
  exec 9>&-
}

find_base() {
  base=$cache/$suite-$arch.tar
  if [ -n "$(find "$base" -mtime -30 2>/dev/null)" ]; then
    say "the bare system: $base"
    return
  fi
  say "the bare system: debootstrap $suite $arch"
  mirror=$(debian_sources | sed -n "s/|$suite\$//p" | head -n 1)
  mkdir -p "$scratch/bare"
  debootstrap --arch="$arch" --variant=minbase "$suite" "$scratch/bare" "$mirror" > "$scratch/log" 2>&1 9>&- || {
    tail -n 15 "$scratch/log" >&2
    [ ! -f "$scratch/bare/debootstrap/debootstrap.log" ] || tail -n 15 "$scratch/bare/debootstrap/debootstrap.log" >&2
    cannot "debootstrap could not make a $suite for $arch" "its last lines are above"
  }
  rm -f "$scratch"/bare/var/cache/apt/archives/*.deb
  rm -rf "$cache/packages-$arch"
  tar -C "$scratch/bare" -cf "$base.$$" .
  mv "$base.$$" "$base"
  rm -rf --one-file-system "$scratch/bare"
}

# share FROM TO: packages by a second name where that is possible
share() {
  mkdir -p "$2"
  for package in "$1"/*.deb; do
    [ ! -f "$package" ] || [ -f "$2/${package##*/}" ] || ln "$package" "$2/" 2>/dev/null || cp "$package" "$2/"
  done
}

furnish() {
  mkdir "$root"
  tar -C "$root" -xf "$cache/$suite-$arch.tar"
  debian_sources | while IFS='|' read -r url release; do echo "deb $url $release main"; done > "$root/etc/apt/sources.list"
  apt_settings > "$root/etc/apt/apt.conf.d/01machine"
  # a disk that must survive a power cut is not wanted here
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || :
  if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    mkdir -p "$root/etc/ssl/certs"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  fi
  if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$root/usr/local/share/ca-certificates"
    cp -RL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
  fi
  share "$cache/packages-$arch" "$root/var/cache/apt/archives"
}

# As a clone has it: nothing that was made here.
copy_tree() {
  mkdir -p "$root/root/mod_redirect307"
  if git -C "$tree" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    (cd "$tree" && git ls-files -z --cached --others --exclude-standard |
      perl -0 -ne 'print if -e substr $_, 0, -1' > "$scratch/files")
    tar -C "$tree" --null -T "$scratch/files" -cf -
  else
    tar -C "$tree" --exclude='./build*' --exclude=./autom4te.cache -cf - .
  fi | tar -C "$root/root/mod_redirect307" --no-same-owner -xf -
}

# The first process of the namespace. $1: the root; the rest: a command
# shellcheck disable=SC2016
inside='set -eu
root=$1; shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
exec chroot "$root" "$@"'

apart() { unshare --mount --pid --fork --kill-child "$@"; }

in_debian="env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive"

# What t/deb/run and t/apps/run need of this machine, before anything is made.
need_chroots() {
  [ "$(id -u)" -eq 0 ] || cannot "a chroot needs root"
  command -v debootstrap >/dev/null 2>&1 || cannot "debootstrap is missing" "apt-get install debootstrap"
  apart true 2>/dev/null || cannot "no mount namespace can be made here" "in a container it takes the right to mount (CAP_SYS_ADMIN)"
  [ -n "$(debian_sources)" ] || die "the apt of this machine knows no Debian $suite" "apt-get update, or R307_FRESH_MIRROR=URL"
}

# in_there COMMAND...: in $root, with the network of this machine
in_there() {
  # shellcheck disable=SC2086 # words
  apart sh -c "$inside" sh "$root" $in_debian DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" "$@" < /dev/null
}

# alone_there COMMAND...: in $root, with a network that holds nothing but itself
alone_there() {
  # the loopback of a new network is down
  # shellcheck disable=SC2016 # perl's own variables
  up='use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0) or die; my $ask = pack("a16 s x14", "lo", 0x49); ioctl($s, 0x8914, $ask) or die "lo: $!\n"'
  # shellcheck disable=SC2086 # words
  apart --net perl -e "$up; exec @ARGV" sh -c "$inside" sh "$root" $in_debian "$@" < /dev/null
}

#!/bin/sh
# cleanroom.sh - does what README.txt says, word for word, in Debian roots that have next to nothing.
#
#   sh test/cleanroom.sh [COMMIT]
#
# COMMIT  what is tried; default: HEAD, as committed
#
# Three roots, made by debootstrap once and kept in .scratch/cleanroom (root; from where apt of this
# machine has its packages): "git" has make, Node.js and git, "node" make and Node.js, "make" make
# alone; none has strace. In each an ordinary user without a network has a fresh clone. With Node.js:
# all commands of README.txt that need no network, and the example recorded again; in all: the example,
# and an archive that another root made, checked and reproduced by make and sh.
# Exit status: 0 all held, 1 something did not, 77 it cannot be tried here.

set -u
LC_ALL=C
export LC_ALL
umask 022

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
kept=$here/.scratch/cleanroom
commit=${1:-HEAD}
# packages_of ROOT
packages_of() {
  case $1 in
  make) echo make ;;
  node) echo make,nodejs ;;
  git) echo make,nodejs,git ;;
  esac
}
roots='git node make'
failed=0

cannot() {
  printf 'cleanroom: cannot be tried here: %s\n' "$1"
  exit 77
}

[ "$(id -u)" = 0 ] || cannot 'it takes root, for debootstrap and chroot'
command -v git >/dev/null || cannot 'no git'
unshare -mnp --fork true 2>/dev/null || cannot 'no namespaces: unshare -mnp is refused'
mkdir -p "$kept"

# ---- the roots ------------------------------------------------------------------------------------

# Where apt has Debian's main packages from, and of which release: "URI RELEASE".
# shellcheck disable=SC2016
find_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Identifier: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $4 == "main" && $3 !~ /-/ { print $2, $3; exit }'
}

# make_roots NAME...: a root is whole when its file NAME.packages says of what it was made.
make_roots() {
  if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || cannot 'no debootstrap, and no apt-get to bring it'
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap; } >"$kept/debootstrap.log" 2>&1
    command -v debootstrap >/dev/null || cannot "no debootstrap, and apt-get does not bring it: see $kept/debootstrap.log"
  fi
  mirror=$(find_mirror)
  if [ -z "$mirror" ]; then
    apt-get update -qq >/dev/null 2>&1
    mirror=$(find_mirror)
  fi
  [ -n "$mirror" ] || cannot "apt names no place of Debian's packages"
  for name; do
    packages=$(packages_of "$name")
    rm -rf "${kept:?}/$name" "$kept/$name.packages"
    printf 'cleanroom: making the root "%s": %s %s\n' "$name" "${mirror##* }" "$packages"
    # In a mount space of its own: killed, it would leave /proc mounted in the root, and "make clean" would walk into that.
    timeout -s KILL 900 unshare -mp --fork --kill-child debootstrap --variant=minbase --cache-dir="$kept/packages" --include="$packages" "${mirror##* }" "$kept/$name" "${mirror%% *}" >"$kept/$name.log" 2>&1 ||
      cannot "debootstrap failed: see $kept/$name.log"
    printf '%s\n' "$packages" >"$kept/$name.packages"
  done
}

missing=
for name in $roots; do
  [ "$(cat "$kept/$name.packages" 2>/dev/null)" = "$(packages_of "$name")" ] || missing="$missing $name"
done
mkdir -p "$kept/packages"
# shellcheck disable=SC2086
[ -z "$missing" ] || make_roots $missing

# ---- what is done in them -------------------------------------------------------------------------

# inside ROOT COMMAND...: as an ordinary user, without a network, in a process and mount space of its own.
inside() {
  root=$kept/$1
  shift
  # shellcheck disable=SC2016
  timeout -s KILL 300 unshare -mnp --fork --kill-child sh -c '
    mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev" || exit 99
    for device in null zero random urandom tty; do : >"$0/dev/$device"; mount --bind "/dev/$device" "$0/dev/$device"; done
    mkdir "$0/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$0/dev/pts" && ln -s pts/ptmx "$0/dev/ptmx" || exit 99
    exec chroot --userspec=4711:4711 "$0" /usr/bin/env -i HOME=/home/user PATH=/home/user/bin:/usr/bin:/bin LANG=C.UTF-8 "$@"' "$root" "$@" </dev/null
}

# A fresh clone of the commit in the home folder of the user in each root.
prepare() {
  rm -rf "$kept/clone"
  git clone -q --no-hardlinks --no-checkout "$here" "$kept/clone" || return 1
  commit=$(git -C "$here" rev-parse --verify "$commit^{commit}") || return 1
  git -C "$kept/clone" fetch -q "$here" "$commit" && git -C "$kept/clone" checkout -q --detach "$commit" || return 1
  for name in $roots; do
    rm -rf "$kept/$name/home/user"
    mkdir -p "$kept/$name/home/user/bin"
    cp -R "$kept/clone" "$kept/$name/home/user/rr"
    cp "$here/test/cleanroom-inside.sh" "$here/test/cleanroom.awk" "$kept/$name/home/user"
    chown -R 4711:4711 "$kept/$name/home/user"
  done
}

# ---- the tour -------------------------------------------------------------------------------------

# tour ROOT WHAT
tour() {
  printf '\n%s: %s\n' "$1" "$2"
  inside "$1" sh /home/user/cleanroom-inside.sh "$2" || failed=1
}

prepare || cannot "the commit $commit cannot be cloned"
printf 'cleanroom: commit %s\n' "$commit"
for name in $roots; do
  # shellcheck disable=SC2016
  printf '%s: %s\n' "$name" "$(inside "$name" sh -c 'id -u; for p in make node git strace; do command -v $p || echo "no $p"; done' | tr '\n' ' ')"
done
for name in git node; do
  tour "$name" example
  tour "$name" without
  tour "$name" readme
done
cp "$kept/node/home/user/example.tar" "$kept/make/home/user/" 2>/dev/null || failed=1
tour make without
rm -rf "$kept/clone"
if [ "$failed" -eq 0 ]; then printf '\ncleanroom: all held\n'; else printf '\ncleanroom: something did not hold (FAULT above)\n'; fi
exit "$failed"

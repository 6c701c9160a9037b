#!/bin/sh
# install-peers.sh - brings the programs that "make bench" measures rr against. Debian's packages where
# that is possible (root); else, and what Debian lacks, from PyPI into environments of their own in
# .scratch/peers, with links in .scratch/peers/bin; never into the user's Python. Five minutes once,
# then a moment. What cannot be installed is named here, and again in the table.

# program and the Debian package that has it; a path stands for a program that a shell has as well
debian='git git
git-annex git-annex
datalad datalad
git-lfs git-lfs
snakemake snakemake
reprozip reprozip
ninja ninja-build
make make
bmake bmake
parallel parallel
hyperfine hyperfine
strace strace
openssl openssl
python3 python3
gcc gcc
/usr/bin/time time'

# program and its PyPI packages, for what is not there by then; Sumatra needs a Django of before 4
python='dvc dvc
smt sumatra Django<4 GitPython
snakemake snakemake
reprozip reprozip
datalad datalad'

CDPATH='' cd -- "$(dirname -- "$0")/.." || exit 1
peers=$PWD/.scratch/peers
mkdir -p "$peers/bin" || exit 1

is_there() {
  case $1 in
  /*) [ -e "$1" ] ;;
  *) [ -x "$peers/bin/$1" ] || command -v "$1" >/dev/null 2>&1 ;;
  esac
}

packages=$(printf '%s\n' "$debian" | while read -r program package; do
  is_there "$program" || printf '%s ' "$package"
done)

if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  # One at a time when all together fail: a release may lack one of them.
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $packages </dev/null >/dev/null 2>&1 ||
    for package in $packages; do
      apt-get install -y -qq --no-install-recommends "$package" </dev/null >/dev/null 2>&1
    done
fi

# install_python PROGRAM PACKAGE...: the link is made only once all of it is installed
install_python() {
  program=$1
  shift
  rm -rf "${peers:?}/$program"
  python3 -m venv "$peers/$program" >/dev/null 2>&1 || return
  "$peers/$program/bin/python" -m pip install -q --disable-pip-version-check --no-input --retries 1 "$@" >/dev/null 2>&1 || return
  [ -x "$peers/$program/bin/$program" ] || return
  ln -sf "../$program/bin/$program" "$peers/bin/$program"
}

printf '%s\n' "$python" | while read -r program packages; do
  # shellcheck disable=SC2086
  is_there "$program" || install_python "$program" $packages </dev/null
done

lacking=$(printf '%s\n' "$debian" "$python" | while read -r program packages; do
  is_there "$program" || printf '%s\n' "$program"
done | sort -u | tr '\n' ' ')
[ -z "$lacking" ] || printf 'measured without: %s\n' "$lacking"
exit 0

#!/bin/sh
# install-tools.sh - brings the programs that tests use as judges: other makes and shells, recutils,
# package managers; and those that they watch at work: compilers, R, Python, gnuplot, LaTeX and others.
# Installs what is missing where that is possible (Debian, root); else names it, and the tests that
# need it are skipped and say so.

# program, or file, and the Debian package that has it
tools='recfix recutils
bmake bmake
busybox busybox
mksh mksh
yash yash
ksh93 ksh93u+m
posh posh
bash bash
zsh zsh
fish fish
dash dash
shellcheck shellcheck
checkbashisms devscripts
mandoc mandoc
gawk gawk
original-awk original-awk
strace strace
git git
patch patch
hg mercurial
svn subversion
fossil fossil
make make
ninja ninja-build
python3 python3
sqlite3 sqlite3
rpmbuild rpm
db5.3_load db5.3-util
pacman pacman-package-manager
cc gcc
setpriv util-linux
faketime faketime
script bsdutils
gdb gdb
parallel parallel
gnuplot gnuplot-nox
dot graphviz
Rscript r-base-core
pdflatex texlive-latex-base
pdftotext poppler-utils
pandoc pandoc
guile guile-3.0
nix-instantiate nix-bin
emacs emacs-nox
chromium chromium
/usr/bin/convert imagemagick
pngcrush pngcrush
optipng optipng
bsdtar libarchive-tools
zip zip
unzip unzip
pax pax
/usr/lib/python3/dist-packages/PIL python3-pil
/usr/lib/python3/dist-packages/numpy python3-numpy
/usr/lib/python3/dist-packages/yaml python3-yaml
/usr/lib/python3/dist-packages/ruamel python3-ruamel.yaml
/usr/lib/python3/dist-packages/tomli python3-tomli
/usr/lib/python3/dist-packages/matplotlib python3-matplotlib'

# For steps as jobs of a cluster (test/slurm.test.ts): 15 s to install. Their packages would start
# services, so they are installed only where nothing starts any.
cluster='/usr/sbin/slurmctld slurmctld
/usr/sbin/slurmd slurmd
sbatch slurm-client
/usr/sbin/munged munge
/usr/sbin/slurmdbd slurmdbd
/usr/sbin/mariadbd mariadb-server'
[ -d /run/systemd/system ] || tools="$tools
$cluster"

# missing COLUMN: 1 programs, 2 packages
missing() {
  printf '%s\n' "$tools" | while read -r program package; do
    case $program in
    /*) [ -e "$program" ] && continue ;;
    *) command -v "$program" >/dev/null 2>&1 && continue ;;
    esac
    if [ "$1" = 1 ]; then printf '%s ' "$program"; else printf '%s ' "$package"; fi
  done
}

packages=$(missing 2)
[ -z "$packages" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  # One at a time when all together fail: a release may lack one of them.
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 ||
    for package in $packages; do
      apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1
    done
fi

programs=$(missing 1)
[ -z "$programs" ] || printf 'tests go without: %s\n' "$programs"
exit 0

#!/bin/sh
# cleanroom-inside.sh - what cleanroom.sh does in a root, as an ordinary user without a network.
#
#   sh cleanroom-inside.sh WHAT
#
# readme   the commands of README.txt, in ~/rr, a fresh clone, and in a study of their own
# example  records the example again and archives it as ~/example.tar
# without  checks and reproduces the example, and ~/example.tar if it is there, without Node.js
#
# Prints a line a command; exit status 1 if one did not do as it should.

set -u
cd "$HOME" || exit 1
failed=0
trouble=$HOME/output

fault() {
  printf '    FAULT: %s\n' "$1"
  [ ! -s "$trouble" ] || tail -n 20 "$trouble" | sed 's/^/    | /'
  failed=1
}

# try FOLDER STATUS COMMAND: STATUS is 0, 1 (not 0), or "-" (either).
try() {
  (cd "$1" && timeout -s KILL 120 sh -c "$3") >"$trouble" 2>&1 </dev/null
  judge "$2" "$?" "$3"
}

# The same on a terminal, as who reads README.txt has one.
try_on_terminal() {
  (cd "$1" && SHELL=/bin/sh timeout -s KILL 120 script -qec "$3" /dev/null) </dev/null 2>&1 | tr -d '\r\000' >"$trouble"
  judge "$2" 0 "$3"
}

judge() {
  got=$2
  printf '  %s  (%s)\n' "$3" "$got"
  case "$1 $got" in
  '0 0' | '- '[0-9] | '1 '[1-9]) ;;
  *) fault "exit status $got" ;;
  esac
}

# What differs from run to run, on both sides: ids, times, folders, numbers of lines, widths of columns.
# (script(1) writes ^@ when its input ends.)
alike() {
  sed -E 's/^\^@//; s/[0-9]{8}T[0-9]{6}Z-[a-z2-7]{6}/ID/g; s/[0-9]{4}-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]/WHEN/g; s/^(make: \*\*\*|gmake: \*\*\*) \[[^]]*: /\1 [/; s|'"$HOME"'/study|/tmp/study|g; s/ +/ /g; s/ $//'
}

show() {
  line=$(printf '%s\n' "$1" | alike)
  # A line that was cut was cut for the width of README.txt.
  case $line in
  *'~') alike <"$trouble" | grep -Fq -- "${line%\~}" ;;
  *) alike <"$trouble" | grep -Fqx -- "$line" ;;
  esac || fault "does not print: $1"
}

do_readme() {
  mkdir -p "$HOME/study" "$HOME/bin"
  # Before the commands that need "rr": section 9 says how it is installed.
  awk -f "$HOME/cleanroom.awk" rr/README.txt | sed -n 's/^install //p' >"$HOME/install"
  [ -s "$HOME/install" ] || fault 'README.txt names no command to install rr'
  while IFS= read -r line; do try "$HOME/rr" 0 "$line"; done <"$HOME/install"
  awk -f "$HOME/cleanroom.awk" rr/README.txt | grep -v '^install ' >"$HOME/plan"
  count=$(grep -c '^study' "$HOME/plan")
  [ "$count" -ge 10 ] || fault "README.txt has only $count commands of a study"
  change=
  while IFS= read -r line; do
    rest=${line#* }
    case $line in
    'fetches '*) printf '  %s  (not here: it fetches packages)\n' "$rest" ;;
    'clone '*) try "$HOME/rr" 0 "$rest" ;;
    'example '*) try "$HOME/rr/docs/example" 0 "$rest" ;;
    'study sed '*)
      cp -p study/data.txt kept
      change=$rest
      try "$HOME/study" 0 "$rest"
      ;;
    # These are judged by what README shows of their output, which tells, too, where make fails.
    'study make'* | 'study rr '*) try_on_terminal "$HOME/study" - "$rest" ;;
    'study '*) try "$HOME/study" 0 "$rest" ;;
    back) cp -p kept study/data.txt ;;
    change) try "$HOME/study" 0 "$change" ;;
    'show '*) show "$rest" ;;
    *) fault "not understood: $line" ;;
    esac
  done <"$HOME/plan"
}

# same FOLDER: has it the results of the example, byte for byte?
same() {
  for name in clean/monthly.csv fit/coefficients.txt fit/cycle.csv fit/residuals.csv figures/co2.svg report/page.txt; do
    cmp -s "rr/docs/example/$name" "$1/$name" || fault "$1/$name is not that of the example"
  done
}

do_example() {
  # It was written to by "readme": the results are compared with those of the commit.
  rm -rf again
  try "$HOME" 0 'sh rr/docs/example/record.sh again'
  same again
  for command in 'make' 'make verify' 'make reproduce'; do try "$HOME/again" 0 "$command"; done
  try "$HOME/again" 0 'node ../rr/rr.js verify'
  try "$HOME/again" 0 'node ../rr/rr.js rerun --all'
  try "$HOME/again" 0 'node ../rr/rr.js archive -q ../example.tar'
}

do_without() {
  rm -rf copy bag
  cp -R rr/docs/example copy
  for command in 'make' 'make verify' 'make reproduce' 'sha256sum -c --quiet provenance/SHA256SUMS' 'rm -r clean fit figures report' 'make'; do try "$HOME/copy" 0 "$command"; done
  same copy
  printf x >>copy/clean/monthly.csv
  try "$HOME/copy" 1 'make verify'
  try "$HOME/copy" 1 'make'
  [ -f example.tar ] || return
  mkdir bag
  try "$HOME" 0 'tar -x -f example.tar -C bag'
  bag=$(echo "$HOME"/bag/*)
  try "$bag" 0 'sha256sum -c --quiet manifest-sha256.txt tagmanifest-sha256.txt'
  for command in 'make' 'make verify' 'make reproduce'; do try "$bag/data" 0 "$command"; done
  same "${bag#"$HOME/"}/data"
}

case ${1-} in
readme | example | without) "do_$1" ;;
*) echo 'usage: cleanroom-inside.sh readme|example|without' >&2; exit 2 ;;
esac
exit "$failed"

#!/bin/sh
# record.sh - records the study anew, then verifies and reproduces it.
#
#   sh docs/example/record.sh [FOLDER]
#
# FOLDER  made by this script, or empty; default: a new folder under .scratch
#         of the repository
#
# Node.js runs rr here; what it records needs none.  Inputs and outputs are
# declared, so the records are whole also where rr cannot see what a run reads.

set -eu

case $# in
0 | 1) ;;
*) echo 'usage: record.sh [FOLDER]' >&2; exit 2 ;;
esac

example=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
repository=$(CDPATH='' cd -- "$example/../.." && pwd)
rr=$repository/rr.js
[ -f "$rr" ] || { echo "record.sh: no $rr" >&2; exit 1; }

if [ $# -eq 1 ]; then
  folder=$1
  mkdir -p -- "$folder"
else
  mkdir -p -- "$repository/.scratch"
  number=1
  until mkdir -- "$repository/.scratch/example-$number" 2>/dev/null; do
    number=$((number + 1))
    [ "$number" -le 1000 ] || { echo "record.sh: cannot make a folder in $repository/.scratch" >&2; exit 1; }
  done
  folder=$repository/.scratch/example-$number
fi
folder=$(CDPATH='' cd -- "$folder" && pwd)
[ -z "$(ls -A -- "$folder")" ] || { echo "record.sh: $folder is not empty" >&2; exit 1; }

cp -R -- "$example/data" "$example/scripts" "$folder"
cp -- "$example/README.txt" "$folder"
cd -- "$folder"

node "$rr" init

node "$rr" record -l monthly -t co2 -t data -p min_days=7 \
  -m 'Monthly means of the weekly averages; months with fewer than 7 days are gaps' \
  -i data/maunaloa_c.dat -i scripts/clean.sh -o clean/monthly.csv \
  -- sh scripts/clean.sh data/maunaloa_c.dat clean/monthly.csv 7

node "$rr" record -l fit -t co2 -t model -p harmonics=2 \
  -m 'Quadratic trend and annual cycle; a third harmonic gains 0.003 ppm' \
  -i clean/monthly.csv -i scripts/fit.sh \
  -o fit/coefficients.txt -o fit/cycle.csv -o fit/residuals.csv \
  -- sh scripts/fit.sh clean/monthly.csv fit/coefficients.txt fit/cycle.csv fit/residuals.csv 2

node "$rr" record -l plot -t co2 -t figure \
  -m 'Figure: data and fit, annual cycle, residuals' \
  -i clean/monthly.csv -i fit/coefficients.txt -i fit/cycle.csv -i fit/residuals.csv \
  -i scripts/plot.sh -o figures/co2.svg \
  -- sh scripts/plot.sh clean/monthly.csv fit/coefficients.txt fit/cycle.csv fit/residuals.csv figures/co2.svg

node "$rr" record -l page -t co2 -t report -p level=350 \
  -m 'One page for a reader: growth, cycle, first month above 350 ppm' \
  -i clean/monthly.csv -i fit/coefficients.txt -i fit/cycle.csv -i fit/residuals.csv \
  -i scripts/page.sh -o report/page.txt \
  -- sh scripts/page.sh clean/monthly.csv fit/coefficients.txt fit/cycle.csv fit/residuals.csv report/page.txt 350

make verify
make reproduce
echo "recorded in $folder"

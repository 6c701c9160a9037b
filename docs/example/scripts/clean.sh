#!/bin/sh
# clean.sh - weekly averages as published -> monthly means with the gaps named.
#
#   sh scripts/clean.sh RAW MONTHLY [MIN_DAYS]
#
# RAW      data/maunaloa_c.dat
# MONTHLY  csv: month,date,ppm,days,weeks,status
#
# A week counts to the month in which its date falls.  The mean of a month and
# its date are those of its weeks, weighted by the days measured in each.  A
# month with fewer than MIN_DAYS days (7) is a gap: its row stays, without a
# mean, dated at the middle of the month.  Nothing is interpolated.  A line
# that is not as expected stops the script: nothing is passed over in silence.
#
# Sums and rounding are done in whole numbers, so every awk prints the same.

set -eu
LC_ALL=C; export LC_ALL

usage() { echo 'usage: clean.sh RAW MONTHLY [MIN_DAYS]' >&2; exit 2; }

case $# in 2 | 3) ;; *) usage ;; esac
raw=$1 monthly=$2 min_days=${3-7}
case $min_days in '' | *[!0-9]*) usage ;; esac

mkdir -p "$(dirname "$monthly")"
# rename() is atomic only within one file system: the part sits beside.
part=$monthly.part.$$
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM

awk -v min_days="$min_days" '
function fail(why) {
  print "clean.sh: line " NR ": " why ": " $0 | "cat >&2"
  failed = 1
  exit 1
}

function leap(year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

function month_days(year, month) {
  if (month == 2) return 28 + leap(year)
  return 30 + (month == 1 || month == 3 || month == 5 || month == 7 || month == 8 || month == 10 || month == 12)
}

function day_of_year(year, month, day,   m) {
  for (m = 1; m < month; m++) day += month_days(year, m)
  return day
}

# numerator/denominator to the nearest whole number; both are whole, positive
function nearest(numerator, denominator) {
  return int((2 * numerator + denominator) / (2 * denominator))
}

# decimal date of halves/2/count days after the start of the year
function decimal_date(year, halves, count,   part) {
  part = nearest(10000 * halves, 2 * count * (365 + leap(year)))
  return sprintf("%d.%04d", year, part)
}

$1 != "MLO" && !weeks_read { next }          # the heading
{
  if ($1 != "MLO" || NF != 5) fail("not a week")
  if ($2 !~ /^[0-9][0-9][0-9][0-9][0-9][0-9]$/) fail("date is not YYMMDD")
  year = substr($2, 1, 2) + 1900
  if (year < 1958) year += 100               # the record begins in 1958
  month = substr($2, 3, 2) + 0
  day = substr($2, 5, 2) + 0
  if (month < 1 || month > 12 || day < 1 || day > month_days(year, month)) fail("no such date")
  number = (year * 12 + month - 1) * 31 + day
  if (number <= before) fail("not later than the week above")
  before = number
  if ($3 !~ /^[1-7]$/) fail("weight is not 1 to 7 days")
  if ($4 != "0") fail("flagged, and there is no rule for flags")
  if ($5 !~ /^[0-9][0-9][0-9]\.[0-9][0-9]$/) fail("concentration is not NNN.NN")

  at = year * 12 + month - 1
  if (!weeks_read) first = at
  last = at
  weeks_read++
  weeks[at]++
  days[at] += $3
  hundredths[at] += $3 * (substr($5, 1, 3) * 100 + substr($5, 5, 2))
  halves[at] += $3 * (2 * day_of_year(year, month, day) - 1)
}

END {
  if (failed) exit 1
  if (!weeks_read) { print "clean.sh: no weeks in the input" | "cat >&2"; exit 1 }
  print "month,date,ppm,days,weeks,status"
  for (at = first; at <= last; at++) {
    year = int(at / 12)
    month = at % 12 + 1
    if (days[at] + 0 < min_days || days[at] + 0 == 0) {
      date = decimal_date(year, 2 * day_of_year(year, month, 1) - 2 + month_days(year, month), 1)
      ppm = ""
      status = "gap"
    } else {
      date = decimal_date(year, halves[at], days[at])
      mean = nearest(hundredths[at], days[at])
      ppm = sprintf("%d.%02d", int(mean / 100), mean % 100)
      status = "measured"
    }
    printf "%d-%02d,%s,%s,%d,%d,%s\n", year, month, date, ppm, days[at], weeks[at], status
  }
}
' <"$raw" >"$part"

mv "$part" "$monthly"

#!/bin/sh
# page.sh - the study's files -> one page of text whose numbers all come from
# them, each with the file it comes from.
#
#   sh scripts/page.sh MONTHLY COEFFICIENTS CYCLE RESIDUALS PAGE [LEVEL]
#
# MONTHLY       csv of clean.sh
# COEFFICIENTS  CYCLE and RESIDUALS of fit.sh
# PAGE          text, at most 72 columns
# LEVEL         concentration whose first crossing is told, whole ppm (350)

set -eu
LC_ALL=C; export LC_ALL

usage() { echo 'usage: page.sh MONTHLY COEFFICIENTS CYCLE RESIDUALS PAGE [LEVEL]' >&2; exit 2; }

case $# in 5 | 6) ;; *) usage ;; esac
monthly=$1 coefficients=$2 cycle=$3 residuals=$4 page=$5 level=${6-350}
case $level in '' | *[!0-9]*) usage ;; esac
# awk takes an operand a=b as an assignment, ./a=b as a file.
case $monthly in /*) ;; *) monthly=./$monthly ;; esac
case $coefficients in /*) ;; *) coefficients=./$coefficients ;; esac
case $cycle in /*) ;; *) cycle=./$cycle ;; esac
case $residuals in /*) ;; *) residuals=./$residuals ;; esac

mkdir -p "$(dirname "$page")"
# rename() is atomic only within one file system: the part sits beside.
part=$page.part.$$
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM

awk -v level="$level" '
function fail(why) {
  print "page.sh: " why | "cat >&2"
  failed = 1
  exit 1
}

# --- text ---

# prints a paragraph filled to 72 columns
function fill(what,   n, i, word, line) {
  n = split(what, word, " ")
  line = word[1]
  for (i = 2; i <= n; i++) {
    if (length(line) + 1 + length(word[i]) > 72) {
      print line
      line = word[i]
    } else line = line " " word[i]
  }
  print line
  print ""
}
function row(what, value, unit, from) { printf "  %-39s %8s %-7s %12s\n", what, value, unit, from }
function month_name(number,   names) {
  split("January February March April May June July August September October November December", names, " ")
  return names[number]
}
# "May 1986" for 1986-05
function long_month(month) { return month_name(substr(month, 6, 2) + 0) " " substr(month, 1, 4) }
# "14 May" for the day of a year of 365 days
function long_day(day,   month, lengths) {
  split("31 28 31 30 31 30 31 31 30 31 30 31", lengths, " ")
  for (month = 1; day > lengths[month]; month++) day -= lengths[month]
  return day " " month_name(month)
}

# --- numbers ---

function trend_at(date,   t) {
  t = date - fit["epoch"]
  return fit["a0"] + t * (fit["a1"] + t * fit["a2"])
}
# day on which the cycle is highest (sign 1), lowest (-1)
function extreme_day(sign,   day, best) {
  best = 1
  for (day = 2; day <= 365; day++)
    if (sign * fitted[day] > sign * fitted[best]) best = day
  return best
}
function trend_growth(from, to) { return sprintf("%.2f", (trend_at(to) - trend_at(from)) / (to - from)) }
function year_mean(year) {
  if (count[year] != 12) fail("a month of " year " has no mean")
  return sum[year] / 12
}
function mean_growth(from, to) { return sprintf("%.2f", (year_mean(to) - year_mean(from)) / (to - from)) }

# --- input ---

FNR == 1 { file++ }
file == 1 && FNR > 1 {
  split($0, word, ",")
  months++
  weeks += word[5]
  days += word[4]
  if (months == 1) first = word[1]
  last = word[1]
  if (word[6] == "gap") { gaps++; gap_list = gap_list (gaps > 1 ? ", " : "") word[1]; next }
  year = substr(word[1], 1, 4)
  count[year]++
  sum[year] += word[3]
  if (word[3] + 0 > level + 0 && above == "") { above = word[1]; above_ppm = word[3] }
  if (word[3] + 0 <= level + 0) { below = word[1]; below_ppm = word[3] }
}
file == 2 && $1 != "#" { fit[$1] = $2 }
file == 3 && FNR > 1 {
  split($0, word, ",")
  fitted[word[1]] = word[2]
}
file == 4 && FNR > 1 {
  split($0, word, ",")
  residuals++
  if (largest == "" || size(word[6]) > size(largest)) { largest = word[6]; largest_month = word[1] }
}
function size(number) { return number < 0 ? -number : number + 0 }

END {
  if (failed) exit 1
  if (!months || residuals != fit["months"] || residuals != months - gaps) fail("the four files do not belong together")
  start = substr(first, 1, 4) + (substr(first, 6, 2) != "01")       # first and last whole year
  end = substr(last, 1, 4) - (substr(last, 6, 2) != "12")
  if (end - start < 20) fail("the record is shorter than two decades")
  for (year = start; year <= end; year++)
    if (count[year] == 12 && sum[year] / 12 > level + 0 && !level_year) level_year = year
  write()
}

function write(   high, low, rise) {
  high = extreme_day(1)
  low = extreme_day(-1)
  rise = fitted[high] - fitted[low]
  what = "CARBON DIOXIDE IN THE AIR AT MAUNA LOA, " substr(first, 1, 4) "-" substr(last, 1, 4)
  print what
  gsub(/./, "=", what)
  print what
  print ""
  fill("From " long_month(first) " to " long_month(last) " there are " weeks " weekly averages, of " days " days [1]. They make " residuals " monthly means; " gaps " months have too few days for one [1]: " gap_list ".")
  fill("A quadratic trend and an annual cycle of " fit["harmonics"] " harmonic" (fit["harmonics"] == 1 ? "" : "s") ", fitted by least squares, leave residuals with a standard deviation of " sprintf("%.2f", fit["residual_sd"]) " ppm [2]. The largest, " signed(largest) " ppm, is that of " long_month(largest_month) " [4].")

  print "Growth, ppm a year"
  row("trend, " start "-" start + 9, trend_growth(start, start + 10), "", "[2]")
  row("trend, " end - 9 "-" end, trend_growth(end - 9, end + 1), "", "[2]")
  row("annual means, " start " to " start + 10, mean_growth(start, start + 10), "", "[1]")
  row("annual means, " end - 10 " to " end, mean_growth(end - 10, end), "", "[1]")
  print ""
  print "Annual cycle of the fit"
  row("amplitude (half of highest less lowest)", sprintf("%.2f", rise / 2), "ppm", "[3]")
  row("highest about", long_day(high), "", "[3]")
  row("lowest about", long_day(low), "", "[3]")
  print ""
  print "Level of " level " ppm"
  row("first monthly mean above it", above == "" ? "none" : above, above_ppm == "" ? "" : above_ppm, "[1]")
  row("last monthly mean not above it", below == "" ? "none" : below, below_ppm == "" ? "" : below_ppm, "[1]")
  row("first year whose mean is above it", level_year ? level_year : "none", level_year ? sprintf("%.2f", sum[level_year] / 12) : "", "[1]")
  print ""

  fill("What the numbers do not say. Each residual resembles the one before it (correlation " sprintf("%.2f", fit["residual_lag1"]) " [2]): the growth rises and falls over years in a way no quadratic follows. The months are thus far from independent, and no error bars are given. The cycle is taken to be the same in every year. The source does not say whether a date begins or ends its week: the days of highest and lowest may be off by half a week.")

  print "Where the numbers come from"
  source("[1]", ARGV[1], "monthly means and gaps; made from the published weekly averages")
  source("[2]", ARGV[2], "fitted model; made from [1]")
  source("[3]", ARGV[3], "fitted cycle, day by day; made from [1]")
  source("[4]", ARGV[4], "residuals of the fit; made from [1]")
}
function signed(text) { return text ~ /^-/ ? text : "+" text }
function source(mark, file, what) {
  sub(/^\.\//, "", file)
  print mark " " file
  print "    " what
}
' "$monthly" "$coefficients" "$cycle" "$residuals" >"$part"

mv "$part" "$page"

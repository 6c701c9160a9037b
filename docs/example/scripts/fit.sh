#!/bin/sh
# fit.sh - monthly means -> least-squares trend and annual cycle, residuals.
#
#   sh scripts/fit.sh MONTHLY COEFFICIENTS CYCLE RESIDUALS [HARMONICS]
#
# MONTHLY       csv of clean.sh; its gaps are left out
# COEFFICIENTS  text, one line a number: NAME VALUE UNIT
# CYCLE         csv: day,cycle; the fitted cycle at the middle of each of the
#               365 days of a year
# RESIDUALS     csv: month,date,ppm,trend,cycle,residual
# HARMONICS     of the annual cycle, 1 to 6 (2)
#
# Ordinary least squares, every month with the same weight, by the normal
# equations, solved by Gaussian elimination with partial pivoting.  With time
# counted from 1980 the equations lose about five of the sixteen digits of a
# double.  Sine and root are computed here: an awk may be built without them,
# and their last digit is not the same on all systems.

set -eu
LC_ALL=C; export LC_ALL

usage() { echo 'usage: fit.sh MONTHLY COEFFICIENTS CYCLE RESIDUALS [HARMONICS]' >&2; exit 2; }

case $# in 4 | 5) ;; *) usage ;; esac
monthly=$1 coefficients=$2 cycle=$3 residuals=$4 harmonics=${5-2}
case $harmonics in [1-6]) ;; *) usage ;; esac

mkdir -p "$(dirname "$coefficients")" "$(dirname "$cycle")" "$(dirname "$residuals")"
# rename() is atomic only within one file system: the parts sit beside.
coefficients_part=$coefficients.part.$$
cycle_part=$cycle.part.$$
residuals_part=$residuals.part.$$
trap 'rm -f "$coefficients_part" "$cycle_part" "$residuals_part"' EXIT
trap 'exit 1' HUP INT TERM

coefficients_part=$coefficients_part cycle_part=$cycle_part residuals_part=$residuals_part \
awk -F, -v harmonics="$harmonics" '
function fail(why) {
  print "fit.sh: " why | "cat >&2"
  failed = 1
  exit 1
}

# x[1..size]: the terms of the model at a date
function set_terms(date,   t, k) {
  t = date - epoch
  x[1] = 1
  x[2] = t
  x[3] = t * t
  for (k = 1; k <= harmonics; k++) {
    x[2 * k + 2] = sine(k * t + 0.25)
    x[2 * k + 3] = sine(k * t)
  }
}

# solves a[1..size, 1..size] c = b into c
function solve(   column, row, pivot, j, keep, factor) {
  for (column = 1; column <= size; column++) {
    pivot = column
    for (row = column + 1; row <= size; row++)
      if (absolute(a[row, column]) > absolute(a[pivot, column])) pivot = row
    if (a[pivot, column] == 0) fail("the equations have no single solution")
    if (pivot != column) {
      for (j = 1; j <= size; j++) {
        keep = a[column, j]; a[column, j] = a[pivot, j]; a[pivot, j] = keep
      }
      keep = b[column]; b[column] = b[pivot]; b[pivot] = keep
    }
    for (row = column + 1; row <= size; row++) {
      factor = a[row, column] / a[column, column]
      for (j = column; j <= size; j++) a[row, j] -= factor * a[column, j]
      b[row] -= factor * b[column]
    }
  }
  for (row = size; row >= 1; row--) {
    c[row] = b[row]
    for (j = row + 1; j <= size; j++) c[row] -= a[row, j] * c[j]
    c[row] /= a[row, row]
  }
}

# sine of so many turns, by its series over a quarter of a turn
function sine(turns,   angle, term, sum, k) {
  turns -= int(turns)
  if (turns > 0.5) turns -= 1
  if (turns < -0.5) turns += 1
  if (turns > 0.25) turns = 0.5 - turns
  if (turns < -0.25) turns = -0.5 - turns
  angle = 2 * 3.141592653589793 * turns
  term = sum = angle
  for (k = 2; k <= 22; k += 2) {
    term *= -angle * angle / (k * (k + 1))
    sum += term
  }
  return sum
}

# square root of a positive number, by Newton
function root(square,   guess, i) {
  guess = square + 1
  for (i = 0; i < 100; i++) guess = (guess + square / guess) / 2
  return guess
}

# the fitted cycle at the date of set_terms()
function cycle_here(   j, sum) {
  for (j = 4; j <= size; j++) sum += c[j] * x[j]
  return sum
}

function absolute(number) { return number < 0 ? -number : number }

# value with so many decimals, and never "-0.000"
function fixed(value, decimals,   text) {
  text = sprintf("%." decimals "f", value)
  if (text ~ /^-[0.]*$/) text = substr(text, 2)
  return text
}

function put(name, value, unit) {
  printf "%-22s %14s  %s\n", name, value, unit >coefficients_part
}

BEGIN {
  coefficients_part = ENVIRON["coefficients_part"]
  cycle_part = ENVIRON["cycle_part"]
  residuals_part = ENVIRON["residuals_part"]
  epoch = 1980
  size = 3 + 2 * harmonics
}

NR == 1 {
  if ($0 != "month,date,ppm,days,weeks,status") fail("not a file of clean.sh")
  next
}
$6 == "gap" { next }
{
  n++
  month[n] = $1
  date[n] = $2
  ppm[n] = $3
  set_terms($2)
  for (i = 1; i <= size; i++) {
    b[i] += x[i] * $3
    for (j = 1; j <= size; j++) a[i, j] += x[i] * x[j]
  }
}

END {
  if (failed) exit 1
  if (n <= size) fail("too few months for " size " coefficients")
  solve()
  print "month,date,ppm,trend,cycle,residual" >residuals_part
  for (i = 1; i <= n; i++) {
    set_terms(date[i])
    trend = c[1] + c[2] * x[2] + c[3] * x[3]
    cycle = cycle_here()
    residual = ppm[i] - trend - cycle
    printf "%s,%s,%s,", month[i], date[i], ppm[i] >residuals_part
    printf "%s,%s,%s\n", fixed(trend, 3), fixed(cycle, 3), fixed(residual, 3) >residuals_part
    squares += residual * residual
    mean += ppm[i] / n
    at = substr(month[i], 1, 4) * 12 + substr(month[i], 6, 2)
    if (i > 1 && at == previous_at + 1) { products += residual * previous; pairs++ }
    previous_at = at
    previous = residual
  }
  for (i = 1; i <= n; i++) total += (ppm[i] - mean) * (ppm[i] - mean)

  print "day,cycle" >cycle_part
  for (day = 1; day <= 365; day++) {
    set_terms(epoch + (day - 0.5) / 365)
    printf "%d,%s\n", day, fixed(cycle_here(), 4) >cycle_part
  }

  print "# ppm = trend + cycle + residual, ordinary least squares over the months" >coefficients_part
  print "# trend = a0 + a1 t + a2 t^2, where t = decimal date - epoch" >coefficients_part
  print "# cycle = sum over k of ck cos(2 pi k t) + sk sin(2 pi k t)" >coefficients_part
  put("epoch", epoch, "year")
  put("harmonics", harmonics, "-")
  put("a0", fixed(c[1], 4), "ppm")
  put("a1", fixed(c[2], 6), "ppm/year")
  put("a2", fixed(c[3], 7), "ppm/year^2")
  for (k = 1; k <= harmonics; k++) {
    put("c" k, fixed(c[2 * k + 2], 5), "ppm")
    put("s" k, fixed(c[2 * k + 3], 5), "ppm")
  }
  put("months", n, "-")
  put("residual_sd", fixed(root(squares / (n - size)), 4), "ppm")
  put("residual_lag1", fixed(products / pairs / (squares / n), 3), "-")
  put("explained_variance", fixed(1 - squares / total, 5), "-")
}
' <"$monthly"

mv "$coefficients_part" "$coefficients"
mv "$cycle_part" "$cycle"
mv "$residuals_part" "$residuals"

#!/bin/sh
# plot.sh - monthly means, fit and residuals -> the figure, as SVG.
#
#   sh scripts/plot.sh MONTHLY COEFFICIENTS CYCLE RESIDUALS FIGURE
#
# MONTHLY       csv of clean.sh, for the gaps
# COEFFICIENTS  CYCLE and RESIDUALS of fit.sh
# FIGURE        figures/co2.svg: plain SVG 1.1, no script, no font of its own
#
# Panel a: means, fit and trend.  Panel b: the annual cycle, means less trend.
# Panel c: residuals.  Axes follow the data.  Text is ASCII and character
# references.

set -eu
LC_ALL=C; export LC_ALL

case $# in
5) ;;
*) echo 'usage: plot.sh MONTHLY COEFFICIENTS CYCLE RESIDUALS FIGURE' >&2; exit 2 ;;
esac
monthly=$1 coefficients=$2 cycle=$3 residuals=$4 figure=$5
# awk takes an operand a=b as an assignment, ./a=b as a file.
case $monthly in /*) ;; *) monthly=./$monthly ;; esac
case $coefficients in /*) ;; *) coefficients=./$coefficients ;; esac
case $cycle in /*) ;; *) cycle=./$cycle ;; esac
case $residuals in /*) ;; *) residuals=./$residuals ;; esac

mkdir -p "$(dirname "$figure")"
# rename() is atomic only within one file system: the part sits beside.
part=$figure.part.$$
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM

awk '
function fail(why) {
  print "plot.sh: " why | "cat >&2"
  failed = 1
  exit 1
}

# --- the model ---

function trend_at(date,   t) {
  t = date - fit["epoch"]
  return fit["a0"] + t * (fit["a1"] + t * fit["a2"])
}


# month in which the fitted cycle is highest (sign 1) or lowest (sign -1)
function cycle_month(sign,   day, best, names) {
  best = 1
  for (day = 2; day <= 365; day++)
    if (sign * fitted[day] > sign * fitted[best]) best = day
  split("January February March April May June July August September October November December", names, " ")
  return names[int((best - 0.5) * 12 / 365) + 1]
}

# --- scales: a panel maps x0..x1, y0..y1 to left..right, bottom..top ---

function panel(name, l, t, r, b, a0, a1, b0, b1) {
  left = l; top = t; right = r; bottom = b
  x0 = a0; x1 = a1; y0 = b0; y1 = b1
  print "<g id=\"" name "\">"
}

function px(x) { return sprintf("%.2f", left + (x - x0) / (x1 - x0) * (right - left)) }
function py(y) { return sprintf("%.2f", bottom - (y - y0) / (y1 - y0) * (bottom - top)) }
function floor_to(value, step,   whole) {
  whole = int(value / step)
  return (whole * step > value ? whole - 1 : whole) * step
}
function ceil_to(value, step) { return -floor_to(-value, step) }

# --- marks ---

function text(x, y, class, what) {
  print "<text x=\"" x "\" y=\"" y "\" class=\"" class "\">" what "</text>"
}
function upright(x, y, what) {
  print "<text transform=\"translate(" x " " y ") rotate(-90)\" class=\"m\">" what "</text>"
}
function signed(number) { return number < 0 ? "&#8722;" (-number) : number "" }
function rule(class, ax, ay, bx, by) {
  print "<path class=\"" class "\" d=\"M" ax " " ay "L" bx " " by "\"/>"
}
function dot(x, y) { return "M" px(x) " " py(y) "h.01" }
function box(class, ax, ay, bx, by) {
  printf "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n", class, ax, ay, bx - ax, by - ay
}
# path data, a few points a line; move is "M" to lift the pen before the point
function point(move, x, y) {
  printf "%s%s%s %s", (points % 8 ? "" : "\n"), move, px(x), py(y)
  points++
}

function y_axis(step, from,   y) {
  for (y = ceil_to(y0, step); y <= y1; y += step) {
    if (y > y0 && y < y1) rule("grid", left, py(y), right, py(y))
    rule("tick", left - 5, py(y), left, py(y))
    text(left - 9, py(y) + 4, "e n", signed(y))
  }
}
function year_axis(labelled,   x) {
  for (x = x0; x <= x1; x++) {
    rule("tick", px(x), bottom, px(x), bottom + (x % 5 ? 3 : 6))
    if (labelled && x % 5 == 0) text(px(x), bottom + 21, "m n", x)
  }
}
function gap_bands(   i) {
  for (i = 1; i <= gaps; i++) box("gap", px(gap_from[i]), top, px(gap_from[i] + 1 / 12), bottom)
}
function heading(letter, what) {
  text(left, top - 9, "n", "<tspan class=\"panel\">" letter "</tspan>&#160; " what)
}
function frame() { box("frame", left, top, right, bottom) }

# --- input ---

FNR == 1 { file++ }
file == 1 {
  split($0, word, ",")
  weeks += word[5]
  if (word[6] == "gap") gap_from[++gaps] = substr(word[1], 1, 4) + (substr(word[1], 6, 2) - 1) / 12
}
file == 2 && $1 != "#" { fit[$1] = $2 }
file == 3 && FNR > 1 {
  split($0, word, ",")
  fitted[word[1]] = word[2]
}
file == 4 && FNR > 1 {
  split($0, word, ",")
  date[++n] = word[2]
  month[n] = word[1]
  ppm[n] = word[3]
  cycle[n] = word[5] + word[6]
  residual[n] = word[6]
  if (n == 1 || ppm[n] + 0 < lowest + 0) lowest = ppm[n]
  if (n == 1 || ppm[n] + 0 > highest + 0) highest = ppm[n]
  if (cycle[n] > widest) widest = cycle[n]
  if (-cycle[n] > widest) widest = -cycle[n]
  if (residual[n] > largest) largest = residual[n]
  if (-residual[n] > largest) largest = -residual[n]
}

END {
  if (failed) exit 1
  if (n < 12) fail("fewer than 12 months")
  from = int(date[1])
  to = int(date[n]) + 1
  years = substr(month[1], 1, 4) "&#8211;" substr(month[n], 1, 4)
  head()
  main_panel()
  cycle_panel()
  residual_panel()
  print "</svg>"
}

function head() {
  print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 780\" width=\"960\" height=\"780\" role=\"img\" aria-labelledby=\"title desc\">"
  print "<title id=\"title\">Carbon dioxide in the air at Mauna Loa, " years "</title>"
  printf "<desc id=\"desc\">Three panels. a: monthly means of carbon dioxide rise from about %d to %d ppm with a yearly wave; ", lowest + 0.5, highest + 0.5
  printf "a fitted curve and a dashed quadratic trend follow them. b: the annual cycle, highest in %s, lowest in %s. ", cycle_month(1), cycle_month(-1)
  printf "c: residuals of the fit, with a standard deviation of %.2f ppm, all within %.1f ppm.</desc>\n", fit["residual_sd"], largest + 0.05
  print "<style>"
  print "text{font-family:Helvetica,Arial,\"Liberation Sans\",\"DejaVu Sans\",sans-serif;font-size:14px;fill:#222}"
  print ".title{font-size:21px;font-weight:bold}.sub{font-size:14px;fill:#555}.panel{font-size:16px;font-weight:bold}"
  print ".n{font-size:13px;fill:#444}.s{font-size:12px;fill:#444}.m{text-anchor:middle}.e{text-anchor:end}"
  print "path{fill:none}.grid{stroke:#e4e4e4;stroke-width:1}.tick{stroke:#444;stroke-width:1}.zero{stroke:#444;stroke-width:1}"
  print ".frame{fill:none;stroke:#444;stroke-width:1}.gap{fill:#e6dcc6}.sd{fill:#d55e00;fill-opacity:.12}"
  print ".mean{stroke:#0072b2;stroke-width:3.4;stroke-linecap:round}.small{stroke:#0072b2;stroke-width:2.4;stroke-linecap:round;stroke-opacity:.35}"
  print ".fit{stroke:#d55e00;stroke-width:1.3;stroke-linejoin:round}.trend{stroke:#222;stroke-width:1.3;stroke-dasharray:7 4}"
  print ".key{fill:#fff}.stem{stroke:#0072b2;stroke-width:1;stroke-opacity:.45}"
  print "</style>"
  print "<rect width=\"960\" height=\"780\" fill=\"#fff\"/>"
  text(78, 38, "title", "Carbon dioxide in the air at Mauna Loa, Hawaii, " years)
  text(78, 61, "sub", n " monthly means of " weeks " weekly averages, and a least-squares fit: quadratic trend + annual cycle with " fit["harmonics"] " harmonic" (fit["harmonics"] == 1 ? "" : "s"))
}

function main_panel(   i, x, year, day) {
  panel("a", 78, 100, 934, 530, from, to, floor_to(lowest - 1, 5), ceil_to(highest + 1, 5))
  gap_bands()
  y_axis(10)
  year_axis(0)
  print "<path class=\"trend\" d=\""
  for (i = 0; i <= 4 * (to - from); i++) point(i ? "L" : "M", from + i / 4, trend_at(from + i / 4))
  print "\"/>"
  print "<path class=\"mean\" d=\""
  for (i = 1; i <= n; i++) print dot(date[i], ppm[i])
  print "\"/>"
  print "<path class=\"fit\" d=\""
  points = 0
  for (year = from; year < to; year++)
    for (day = 8; day <= 365; day += 15) {
      x = year + (day - 0.5) / 365
      point(points ? "L" : "M", x, trend_at(x) + fitted[day])
    }
  print "\"/>"
  frame()
  heading("a", "Monthly means and fit")
  upright(26, (top + bottom) / 2, "CO&#8322; (ppm by volume)")
  legend(690, 418)
  print "</g>"
}

function legend(x, y) {
  box("key", x - 14, y - 20, x + 230, y + 92)
  print "<path class=\"mean\" d=\"M" x + 8 " " y "h.01M" x + 17 " " y "h.01M" x + 26 " " y "h.01\"/>"
  rule("fit", x, y + 24, x + 34, y + 24)
  rule("trend", x, y + 48, x + 34, y + 48)
  box("gap", x + 14, y + 64, x + 20, y + 80)
  text(x + 46, y + 4.5, "n", "monthly mean")
  text(x + 46, y + 28.5, "n", "fit: trend + annual cycle")
  text(x + 46, y + 52.5, "n", "trend")
  text(x + 46, y + 76.5, "n", "month without a mean")
}

function cycle_panel(   i, half, names) {
  half = ceil_to(widest + 0.2, 1)
  panel("b", 262, 132, 520, 280, 0, 12, -half, half)
  box("key", left - 52, top - 28, right + 4, bottom + 22)
  y_axis(2)
  rule("zero", left, py(0), right, py(0))
  print "<path class=\"small\" d=\""
  for (i = 1; i <= n; i++) print dot(12 * (date[i] - int(date[i])), cycle[i])
  print "\"/>"
  print "<path class=\"fit\" style=\"stroke-width:2\" d=\""
  points = 0
  for (i = 1; i <= 365; i += 4) point(points ? "L" : "M", (i - 0.5) / 365 * 12, fitted[i])
  print "\"/>"
  frame()
  split("J F M A M J J A S O N D", names, " ")
  for (i = 1; i <= 12; i++) {
    rule("tick", px(i), bottom, px(i), bottom + 4)
    text(px(i - 0.5), bottom + 17, "m s", names[i])
  }
  heading("b", "Annual cycle: mean less trend")
  upright(left - 34, (top + bottom) / 2, "ppm")
  print "</g>"
}

function residual_panel(   i, half) {
  half = ceil_to(largest + 0.1, 0.5)
  panel("c", 78, 572, 934, 702, from, to, -half, half)
  gap_bands()
  y_axis(1)
  box("sd", left, py(fit["residual_sd"]), right, py(-fit["residual_sd"]))
  print "<path class=\"stem\" d=\""
  for (i = 1; i <= n; i++) print "M" px(date[i]) " " py(0) "V" py(residual[i])
  print "\"/>"
  print "<path class=\"mean\" style=\"stroke-width:2.4\" d=\""
  for (i = 1; i <= n; i++) print dot(date[i], residual[i])
  print "\"/>"
  rule("zero", left, py(0), right, py(0))
  year_axis(1)
  frame()
  heading("c", "Residuals: mean less fit; band: &#177;1 standard deviation, " sprintf("%.2f", fit["residual_sd"]) " ppm")
  upright(26, (top + bottom) / 2, "residual (ppm)")
  text((left + right) / 2, bottom + 46, "m", "Year")
  text(left, bottom + 66, "s", "Data: C. D. Keeling and T. P. Whorf, Scripps Institution of Oceanography, September 2004.")
  print "</g>"
}
' "$monthly" "$coefficients" "$cycle" "$residuals" >"$part"

mv "$part" "$figure"

#!/bin/sh
# chainoracle.sh [PROVENANCE] - checks the chain of records with sh, awk and sha256sum; shares no code with rr.
#
# Prints "altered ID", "removed ID", "head ID", and "unreached ID" for a record that no walk from the heads
# comes to. Status 1 if one is altered, removed or unreached. With "reach ID..." after it walks from these.
cd "${1:-provenance}" || exit 2
[ $# -gt 0 ] && shift
{
  find runs -name '*.rec' -exec sha256sum {} +
  find runs -name '*.rec' -exec grep -H '^Previous: ' {} +
} | LC_ALL=C awk -v from="$*" '
  function base(path) { sub(/.*\//, "", path); sub(/\.rec$/, "", path); return path }
  $1 ~ /^[0-9a-f]+$/ && length($1) == 64 { hash[base($2)] = $1; next }
  { path = $1; sub(/:Previous:$/, "", path); id = base(path); to[id, ++count[id]] = $2; want[id, count[id]] = $3; named[$2] = 1 }
  END {
    bad = 0
    for (id in count) for (i = 1; i <= count[id]; i++) {
      other = to[id, i]
      if (!(other in hash)) { if (!(other in told)) print "removed " other; told[other] = 1; bad = 1 }
      else if (hash[other] != want[id, i]) { if (!(other in told)) print "altered " other; told[other] = 1; bad = 1 }
    }
    top = 0
    for (id in hash) if (!(id in named)) { print "head " id; if (from == "") stack[++top] = id }
    if (from != "") { n = split(from, given, " "); for (i = 1; i <= n; i++) stack[++top] = given[i] }
    while (top > 0) { id = stack[top--]; if (id in seen) continue; seen[id] = 1; for (i = 1; i <= count[id]; i++) stack[++top] = to[id, i] }
    for (id in hash) if (!(id in seen)) { print "unreached " id; bad = 1 }
    exit bad
  }'

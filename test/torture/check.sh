#!/bin/sh
# check.sh - holds a project of rr against what DESIGN promises of it, by sh, awk, recutils, coreutils, make and ssh-keygen alone.
#
# usage: sh check.sh remember PROJECT MEMORY    notes in the folder MEMORY what is there now
#        sh check.sh hurt PROJECT MEMORY        just after a fault: what holds at any instant
#        sh check.sh settled PROJECT MEMORY     when all has come to an end: what holds then, too
#
# Both places are absolute. Each line printed names an invariant that does not hold, and where; status 1 if there is
# one. MEMORY/targets may have lines "SUM PATH": a file or folder that is to have one of the sums given for it, as
# "sh check.sh sum NAME" prints it; "absent PATH": it may be missing.
LC_ALL=C
export LC_ALL
mode=$1 project=$2 memory=$3
oracle=$(cd "${0%/*}/.." && pwd)/chainoracle.sh
status=0

broken() { # NAME, with what is broken on standard input; no line, no fault
  while IFS= read -r line; do
    status=1
    printf '%s: %s\n' "$1" "$line"
  done
}

list_kept() { # all that is never to change again; what rr sign left half, without its statement, the next one takes away
  find provenance/runs provenance/notes provenance/environments provenance/code provenance/logs provenance/signatures -type f ! -name '.*.tmp' 2>/dev/null | sort |
    while IFS= read -r name; do
      case $name in
      provenance/signatures/*.rec.*) [ ! -e "${name%.*}" ] || printf '%s\n' "$name" ;;
      *) printf '%s\n' "$name" ;;
      esac
    done
}

list_outside() { # names, kinds, modes and sums of what lies beside the project
  find . -path "./$own" -prune -o -mindepth 1 -printf '%p %y %m %l\n' | sort
  find . -path "./$own" -prune -o -type f -exec sha256sum {} + | sort
}

sum_of() { # of a file, or of all in a folder
  if [ -d "$1" ]; then (cd "$1" && find . -type f -exec sha256sum {} + | sort | sha256sum | cut -c1-64)
  elif [ -f "$1" ]; then sha256sum < "$1" | cut -c1-64
  else echo absent; fi
}

if [ "$mode" = sum ]; then sum_of "$project"; exit; fi
cd "$project" || exit 2
own=${project##*/}

if [ "$mode" = remember ]; then
  mkdir -p "$memory" || exit 2
  list_kept > "$memory/names"
  tr '\n' '\0' < "$memory/names" | xargs -0 -r sha256sum > "$memory/sums"
  (cd .. && list_outside) > "$memory/outside"
  exit 0
fi

temporary=$(mktemp -d) || exit 2
trap 'rm -rf "$temporary"' EXIT

# ---- kept: what was recorded is there, byte for byte ------------------------------------------------------------
[ ! -s "$memory/sums" ] || sha256sum -c --quiet "$memory/sums" > "$temporary/out" 2>&1
[ ! -s "$temporary/out" ] || broken kept < "$temporary/out"

# ---- outside: nothing beside the project was touched ------------------------------------------------------------
(cd .. && list_outside) > "$temporary/outside"
diff "$memory/outside" "$temporary/outside" | grep '^[<>]' > "$temporary/out"
broken outside < "$temporary/out"

# ---- names: in provenance/ is nothing that the format does not know, but for unfinished files --------------------
find provenance -mindepth 1 ! -type d ! -name '.*.tmp' 2>/dev/null | sed 's/[^ -~]/?/g' | grep -Ev '^provenance/(README\.txt|Makefile|SHA256SUMS|rerun\.sh|plan\.rec|heads\.rec|(runs|notes)/[0-9]{4}-[0-9]{2}/[0-9]{8}T[0-9]{6}Z-[2-7a-z]{6}\.rec|environments/[0-9a-f]{64}\.rec|code/[0-9a-f]{64}\.(patch|src)|logs/[0-9]{8}T[0-9]{6}Z-[2-7a-z]{6}\.(out|err|order|series|resources)|signatures/.*)$' > "$temporary/out"
broken names < "$temporary/out"

# ---- sealed: each new record parses, its sum holds, its name is its id -------------------------------------------
list_kept > "$temporary/names"
comm -13 "$memory/names" "$temporary/names" > "$temporary/new"
while IFS= read -r name; do
  case $name in
  *.rec) recfix --check "$name" 2>&1 | sed "s|^|$name: |" | head -n 1 ;;
  esac
  stem=${name##*/}
  case $name in
  provenance/runs/*.rec | provenance/notes/*.rec)
    said=$(sed -n '$s/^Sha256: //p' "$name")
    sum=$(sed '$d' "$name" | sha256sum)
    [ "$said" = "${sum%% *}" ] || echo "$name: its sum does not hold"
    [ "$(grep -c '^Sha256: ' "$name")" = 1 ] || echo "$name: not one sum"
    id=$(recsel -P Id "$name" 2>/dev/null)
    [ "$id.rec" = "$stem" ] || echo "$name: it says that it is $id"
    month=${name%/*}
    [ "${month##*/}" = "$(printf '%.4s-%.2s' "$id" "${id#????}")" ] || echo "$name: in the folder of another month"
    grep -q '^Status: running' "$name" && echo "$name: a record that says running"
    # What it names is there and is that.
    sed -n 's/^Environment: \(.*\)/\1  provenance\/environments\/\1.rec/p; s/^Code: [^ ]* [^ ]* dirty \([0-9a-f]\{64\}\)$/\1  provenance\/code\/\1.patch/p; s/^Log: \([0-9a-f]*\)  [0-9]* \(.*\)/\1  \2/p' "$name" > "$temporary/names-of"
    [ ! -s "$temporary/names-of" ] || sha256sum -c --quiet "$temporary/names-of" 2>&1 | grep -v WARNING | sed "s|^|$name names |"
    ;;
  provenance/signatures/*.rec)
    [ "$(sed -n '$s/^Sha256: //p' "$name")" = "$(sed '$d' "$name" | sha256sum | cut -c1-64)" ] || echo "$name: its sum does not hold"
    ;;
  provenance/environments/* | provenance/code/*)
    [ "$(sum_of "$name")" = "${stem%%.*}" ] || echo "$name: not of that content"
    ;;
  esac
done < "$temporary/new" > "$temporary/out"
broken sealed < "$temporary/out"

# ---- chained: each record that another names is there and is as it was named -------------------------------------
if [ -d provenance/runs ]; then
  sh "$oracle" provenance | grep -v '^head ' > "$temporary/out"
  broken chained < "$temporary/out"
fi

# ---- signed: each file of a signature is whole, and each signature of a statement is good -------------------------
if [ -d provenance/signatures ]; then
  find provenance/signatures -type f ! -name '.*.tmp' | sort | while IFS= read -r name; do
    case $name in
    *.rec)
      printf 'somebody namespaces="rr-provenance" %s\n' "$(cat "$name.pub")" > "$temporary/allowed"
      ssh-keygen -Y verify -q -f "$temporary/allowed" -I somebody -n rr-provenance -s "$name.sig" < "$name" > "$temporary/err" 2>&1 || sed "s|^|$name: |" "$temporary/err"
      ;;
    *.sig) [ "$(sed -n '1p;$p' "$name" | tr '\n' ' ')" = '-----BEGIN SSH SIGNATURE----- -----END SSH SIGNATURE----- ' ] || echo "$name: not whole" ;;
    *.pub) [ "$(grep -cE '^ssh-ed25519 [A-Za-z0-9+/]{68}$' "$name")" = 1 ] || echo "$name: not whole" ;;
    *) echo "$name: not of a signature" ;;
    esac
  done > "$temporary/out"
  broken signed < "$temporary/out"
fi

# ---- parts: a report has the files beside it that it names, and they have their content ---------------------------
find . -maxdepth 1 -name '*.html' | while IFS= read -r name; do
  sed -n 's/.*"parts":{"count":[0-9]*,"of":[^]]*\],"folder":"\([^"]*\)","names":\[\([^]]*\)\]}.*/\1 \2/p' "$name" | tr -d '"' | while read -r folder parts; do
    for part in $(echo "$parts" | tr ',' ' '); do
      stem=${part%.js}
      [ "$(sum_of "$folder/$part" | cut -c1-16)" = "${stem##*-}" ] || echo "$name: $folder/$part is not there, or not that"
    done
  done
done > "$temporary/out"
broken parts < "$temporary/out"

# ---- unique: no two runs or notes have one id ---------------------------------------------------------------------
find provenance/runs provenance/notes -name '[!.]*.rec' 2>/dev/null | sed 's|.*/||' | sort | uniq -d > "$temporary/out"
broken unique < "$temporary/out"

# ---- usable: checksums and Makefile are whole, old or new ---------------------------------------------------------
if [ -e provenance/SHA256SUMS ] && [ -e provenance/Makefile ] && [ -e provenance/rerun.sh ]; then
  grep -Ev '^\\?[0-9a-f]{64}  .' provenance/SHA256SUMS | sed 's/^/SHA256SUMS: /' > "$temporary/out"
  make -n -f provenance/Makefile verify > /dev/null 2> "$temporary/err" || sed 's/^/Makefile: /' "$temporary/err" >> "$temporary/out"
  grep -oE '\.rr/made/[0-9]{8}T[0-9]{6}Z-[2-7a-z]{6}' provenance/Makefile | sed 's|.*/||' | sort -u > "$temporary/made"
  find provenance/runs -name '[!.]*.rec' 2>/dev/null | sed 's|.*/||; s|\.rec$||' | sort > "$temporary/ids"
  comm -23 "$temporary/made" "$temporary/ids" | sed 's/^/Makefile: no record of /' >> "$temporary/out"
  broken usable < "$temporary/out"
fi

# ---- whole: a file that was asked for is all there, or not there --------------------------------------------------
if [ -f "$memory/targets" ]; then
  cut -d' ' -f2- "$memory/targets" | sort -u | while IFS= read -r target; do
    sum=$(sum_of "$target")
    grep -qxF "$sum $target" "$memory/targets" || echo "$target is neither as it was nor as it is to be ($sum)"
  done > "$temporary/out"
  broken whole < "$temporary/out"
fi

if [ "$mode" = settled ]; then
  # ---- marks: no run is called running that is not, nothing is unfinished -----------------------------------------
  # (Of making/ and scratch/ the next command that has something to make or to repeat removes what the dead left.)
  find .rr/running .rr/pending -mindepth 1 ! -name '*.done' ! -name 'shells-*.p*' 2>/dev/null > "$temporary/out"
  # (Pipes of shells the next make or sweep removes, and nobody else may.)
  [ "$(find .rr/running -name 'shells-*.p*' -type p 2>/dev/null | wc -l)" -eq "$(find .rr/running -name 'shells-*.p*' 2>/dev/null | wc -l)" ] || echo '.rr/running: no pipe of a shell' >> "$temporary/out"
  [ "$(find .rr/running -name 'shells-*.p*' 2>/dev/null | wc -l)" -le 64 ] || echo '.rr/running: much is left over' >> "$temporary/out"
  for folder in .rr/making .rr/scratch; do
    [ "$(find "$folder" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -le 3 ] || echo "$folder: much is left over" >> "$temporary/out"
  done
  find . -name '.*.tmp' -o -name '.*.old' >> "$temporary/out"
  # Pipes are kept for the next run; a bound of them.
  [ "$(find .rr/pipes -mindepth 1 2>/dev/null | wc -l)" -le 64 ] || echo ".rr/pipes: much is left over" >> "$temporary/out"
  broken marks < "$temporary/out"

  # ---- derived: SHA256SUMS has the last result of each path, the Makefile a rule of its run ------------------------
  find provenance/runs -name '[!.]*.rec' | sort -t/ -k4 | xargs -r awk '
    FNR == 1 { finish(); n = 0; succeeded = 0; tree = 0 }
    /^Id: / { id = $2 }
    /^Status: succeeded/ { succeeded = 1 }
    /^Tree: / { tree = 1 }
    /^Removed: / { line[++n] = "-" substr($0, 10) }
    /^Output: / { line[++n] = "+" substr($0, 9) }
    function finish(  i, at, path, words) {
      if (tree) return
      for (i = 1; i <= n; i++) if (line[i] ~ /^-/) { delete sum[substr(line[i], 2)]; delete run[substr(line[i], 2)] }
      if (!succeeded) return
      for (i = 1; i <= n; i++) if (line[i] ~ /^[+]/) {
        split(substr(line[i], 2), words, " ")
        path = substr(line[i], 2)
        sub(/^[^ ]*  [^ ]* /, "", path)
        delete sum[path]
        delete run[path]
        if (length(words[1]) == 64 && words[2] !~ /l$/) { sum[path] = words[1]; run[path] = id }
      }
    }
    END { finish(); for (path in sum) print sum[path] "  ./" path > sums; for (path in run) print run[path] > runs }' sums="$temporary/sums" runs="$temporary/runs"
  touch "$temporary/sums" "$temporary/runs"
  sort "$temporary/sums" > "$temporary/sums.sorted"
  sort provenance/SHA256SUMS | diff - "$temporary/sums.sorted" | grep '^[<>]' | sed 's/^/SHA256SUMS: /' > "$temporary/out"
  sort -u "$temporary/runs" | comm -23 - "$temporary/made" | sed 's/^/Makefile: no rule of /' >> "$temporary/out"
  broken derived < "$temporary/out"

  # ---- chained: where MEMORY/joined is, the last record comes after all others ---------------------------------------
  sh "$oracle" provenance | grep '^head ' > "$temporary/heads"
  if [ -e "$memory/joined" ] && [ "$(wc -l < "$temporary/heads")" -ne 1 ]; then
    sed 's/$/: one of several/' "$temporary/heads" > "$temporary/out"
    broken chained < "$temporary/out"
  fi

  # ---- processes: nobody is left behind ---------------------------------------------------------------------------
  waited=0
  while :; do
    ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -F -e "-> $project" | sed 's|.*/proc/\([0-9]*\)/.*|\1|' | grep -vx -e "$$" > "$temporary/left"
    : > "$temporary/out"
    while read -r pid; do
      [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f2)" = "$$" ] || [ ! -e "/proc/$pid/cwd" ] || tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | sed "s/^/$pid /; s/\$/\n/" | head -n 1
    done < "$temporary/left" > "$temporary/out"
    if [ ! -s "$temporary/out" ] || [ "$waited" -ge 50 ]; then break; fi
    waited=$((waited + 1))
    sleep 0.1
  done
  broken processes < "$temporary/out"
fi
exit "$status"

// rerunlook.ts - first half of rerun.sh: text, content, records. Written from src/rerun.sh by its test.
import { REPLAYED_VARIABLES } from '../core/variables.ts';

/** Up to what finds out what there is to do. */
export const RERUN_LOOK = `#!/bin/sh
# rerun.sh - repeats and checks the runs that provenance/runs tells of.
# The same file in every project.  Needs a POSIX shell, awk, sed, find, xargs
# and a program for SHA-256.  provenance/Makefile calls it; docs: README.txt.
#
# usage: sh provenance/rerun.sh verify           compare all results and inputs
#        sh provenance/rerun.sh all MAKE         make what is missing, check all
#        sh provenance/rerun.sh make ID MAKE     the same for one run
#        sh provenance/rerun.sh run ID [N...]    repeat one run; its outputs
#                                                number N are results no more
#        sh provenance/rerun.sh reproduce MAKE   make all again in a copy
#        sh provenance/rerun.sh clean            remove that copy
#        sh provenance/rerun.sh help
#
# Names of files are bytes and stand percent-encoded wherever they are text:
# rr_enc holds an encoded name, rr_path the name itself.

set -u
LC_ALL=C
export LC_ALL
IFS=' 	
'
unset CDPATH

rr_made=.rr/made
# Variables that change results.  Those that a record does not give were unset.
rr_variables='${REPLAYED_VARIABLES.join(' ')}'

rr_say() {
	printf 'rr: %s\\n' "$*" >&2
}

rr_die() {
	rr_say "$@"
	exit 1
}

# rr_trap FUNCTION: calls it on every way out, once.  make may send a signal that
# the terminal sent already: a second one is ignored.
rr_trap() {
	# shellcheck disable=SC2064  # the function is named now
	trap "$1" EXIT
	trap 'trap "" HUP INT TERM; exit 129' HUP
	trap 'trap "" HUP INT TERM; exit 130' INT
	trap 'trap "" HUP INT TERM; exit 143' TERM
}

# ---- text -------------------------------------------------------------------

# Shells that hold text of their locale instead of bytes (yash) lose others.
rr_require_bytes() {
	rr_probe=$(printf '\\377.')
	case $rr_probe in
	?.) [ "\${#rr_probe}" -eq 2 ] && return 0 ;;
	esac
	rr_die "cannot go on: a name or command holds bytes that this shell cannot; put another sh first in PATH (dash, bash, busybox)"
}

# %XX as octal escapes for printf %b, in lines that any printf takes.
# shellcheck disable=SC2016  # this is a program of awk
rr_octal_program='
BEGIN { hex = "0123456789ABCDEF" }
function put(piece) { out = out piece; if (length(out) > 1000) flush() }
function flush() { if (out != "") print out; out = "" }
function put_text(text,  n, i, j, piece) {
	n = split(text, piece, /\\\\/)
	for (i = 1; i <= n; i++) {
		if (i > 1) put("\\\\0134")
		for (j = 1; j <= length(piece[i]); j += 1000) put(substr(piece[i], j, 1000))
	}
}
{
	count = split($0, part, "%")
	for (k = 1; k <= count; k++) {
		high = index(hex, toupper(substr(part[k], 1, 1))) - 1
		low = index(hex, toupper(substr(part[k], 2, 1))) - 1
		if (k == 1) put_text(part[k])
		else if (length(part[k]) < 2 || high < 0 || low < 0) put_text("%" part[k])
		else {
			code = high * 16 + low
			put(sprintf("\\\\0%d%d%d", int(code / 64), int(code / 8) % 8, code % 8))
			put_text(substr(part[k], 3))
		}
	}
	flush()
}'

# rr_decode ENCODED: sets rr_path.
rr_decode() {
	rr_path=$1
	case $1 in
	*%*) ;;
	*[!\\ -~]*) rr_require_bytes; return ;;
	*) return ;;
	esac
	case $1 in
	*%[89A-Fa-f]* | *[!\\ -~]*) rr_require_bytes ;;
	esac
	rr_path=$(
		awk "$rr_octal_program" <<RR_END | while IFS= read -r rr_piece; do printf '%b' "$rr_piece"; done
$1
RR_END
		printf .
	)
	rr_path=\${rr_path%.}
}

# Does the encoded text hold a byte 0, which no name can?
rr_has_nul() {
	case $1 in
	*%00*) return 0 ;;
	esac
	return 1
}

# rr_is_inside PATH: by its text, is it in the project, and nothing of rr or git?
rr_is_inside() {
	case /$1/ in
	// | //* | */../* | /./*) return 1 ;;
	/.rr/* | /.git/* | /provenance/*) return 1 ;;
	esac
	return 0
}

rr_is_id() {
	case $1 in
	[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z-[a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7]) return 0 ;;
	esac
	return 1
}

# ---- content ----------------------------------------------------------------

rr_find_tool() {
	for rr_tool in 'sha256sum' 'shasum -a 256' 'sha256 -q' 'openssl dgst -sha256 -r' 'cksum -a sha256' 'busybox sha256sum'; do
		if command -v "\${rr_tool%% *}" >/dev/null 2>&1; then
			rr_hash_stdin </dev/null 2>/dev/null
			[ "$rr_hash" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] && return 0
		fi
	done
	rr_die 'cannot compute SHA-256: none of sha256sum, shasum, sha256, openssl, cksum is here'
}

# Sets rr_hash; a string that is no hash if the file cannot be read.
rr_hash_stdin() {
	rr_hash=$($rr_tool)
	rr_hash=\${rr_hash##*= }
	rr_hash=\${rr_hash%% *}
}

# rr_locate PATH: sets rr_file, the same for programs that take options.
rr_locate() {
	case $1 in
	-*) rr_file=./$1 ;;
	*) rr_file=$1 ;;
	esac
}

# Sets rr_target, the text of the link rr_file.
rr_read_link() {
	if command -v readlink >/dev/null 2>&1; then
		rr_target=$(readlink "$rr_file"; printf .)
		rr_target=\${rr_target%.}
	else
		# shellcheck disable=SC2012  # POSIX has nothing else that shows it
		rr_target=$(ls -ld "$rr_file"; printf .)
		rr_target=\${rr_target%.}
		rr_target=\${rr_target#*"$rr_file -> "}
	fi
	rr_target=\${rr_target%
}
}

# rr_look_at ENCODED [later]: sets rr_kind: f file, x executable file, l link, u
# unreadable, o anything else, - nothing there; and rr_hash ("?": to be
# computed with many others, if "later" is given).
rr_look_at() {
	rr_hash=-
	if rr_has_nul "$1"; then rr_kind=-; return; fi
	rr_decode "$1"
	rr_locate "$rr_path"
	if [ -h "$rr_file" ]; then
		rr_kind=l
		rr_read_link
		rr_hash=$(printf %s "$rr_target" | { rr_hash_stdin; printf %s "$rr_hash"; })
	elif [ -f "$rr_file" ]; then
		if [ -x "$rr_file" ]; then rr_kind=x; else rr_kind=f; fi
		if [ ! -r "$rr_file" ]; then rr_kind=u
		elif [ "\${2-}" = later ] && [ "$rr_path" = "$1" ]; then rr_hash='?'
		else rr_hash_stdin <"$rr_file"
		fi
	elif [ -e "$rr_file" ]; then rr_kind=o
	else rr_kind=-
	fi
}

# Encoded names, a line each, to "KIND HASH NAME" lines.
rr_look_each() {
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_look_at "$rr_enc" "$1"
		case $rr_enc in
		# Where printf is no builtin it would be a process for each name.
		*\\\\*) printf '%s\\n' "$rr_kind $rr_hash $rr_enc" ;;
		*) echo "$rr_kind $rr_hash $rr_enc" ;;
		esac
	done
}

# The same with one process of the SHA-256 program for many files.  Hashes are
# taken in order, not by name, for programs differ in how they write odd names.
rr_look() {
	rr_names=$(cat)
	rr_seen=$(rr_look_each later <<RR_END
$rr_names
RR_END
	)
	# shellcheck disable=SC2086  # the tool is several words
	{
		case $rr_seen in
		*' ? '*)
			awk '$2 == "?" {
				name = substr($0, 5)
				if (name ~ /[^A-Za-z0-9._\\/]/) {
					# gsub would do, were "&" the same to every awk.
					quoted = ""
					for (i = 1; i <= length(name); i++) {
						letter = substr(name, i, 1)
						quoted = quoted (letter ~ /[A-Za-z0-9._\\/]/ ? "" : "\\\\") letter
					}
					name = quoted
				}
				print (name ~ /^\\// ? "" : "./") name
			}' <<RR_END | xargs $rr_tool | sed -n -e 's/^\\\\\\{0,1\\}\\([0-9a-f]\\{64\\}\\)[ *].*/\\1/p' -e t -e 's/.*\\([0-9a-f]\\{64\\}\\)$/\\1/p'
$rr_seen
RR_END
			;;
		esac
		printf '=\\n'
		cat <<RR_END
$rr_seen
RR_END
	} | awk '
		!split_seen && $0 == "=" { split_seen = 1; next }
		!split_seen { hash[++hashes] = $0; next }
		$0 == "" { next }
		{ line[++n] = $0; if ($2 == "?") wanted++ }
		END {
			if (wanted + 0 != hashes + 0) exit 1
			for (i = 1; i <= n; i++) {
				if (substr(line[i], 3, 2) == "? ") line[i] = substr(line[i], 1, 2) hash[++used] substr(line[i], 4)
				print line[i]
			}
		}' && return
	# A file came, went, or could not be read: one by one.
	rr_look_each now <<RR_END
$rr_names
RR_END
}

# ---- records ----------------------------------------------------------------

# rr_record_path ID: sets rr_record.
rr_record_path() {
	rr_rest=\${1#????}
	rr_record=provenance/runs/\${1%"$rr_rest"}-\${rr_rest%"\${rr_rest#??}"}/$1.rec
}

# Every record's lines, in the order of ids, each after "@ID".
rr_records() {
	find provenance/runs -type f -name '*.rec' 2>/dev/null |
		sed -n '/^provenance\\/runs\\/[0-9]\\{4\\}-[0-9]\\{2\\}\\/[0-9]\\{8\\}T[0-9]\\{6\\}Z-[a-z2-7]\\{6\\}\\.rec$/p' | sort |
		xargs awk '
			FNR == 1 { name = FILENAME; sub(/.*\\//, "", name); sub(/\\.rec$/, "", name); print "@" name }
			/^(Id|Status|Input|Output|Removed|Sha256): / { print }' /dev/null
}

# Of rr_records, the live runs (docs/makefile.txt, 1):
#   R ID SUM                  a live run
#   O ID HASH KIND NAME       its result         L ID NAME   its output, no result any more
#   I ID HASH KIND PRODUCER|- NAME    its input
# shellcheck disable=SC2016
rr_graph_program='
function kind_of(word) { gsub(/[0-9]/, "", word); return word == "" ? "f" : word }
function name_of() { return substr($0, length($1) + length($2) + length($3) + 5) }
function inside(name) {
	name = "/" name "/"
	return !(name ~ /^\\/\\// || name ~ /\\/\\.\\.\\// || name ~ /^\\/\\.\\// || name ~ /^\\/(\\.rr|\\.git|provenance)\\// || name ~ /%00/)
}
function finish(  i, name, o) {
	if (id == "" || sum == "" || id != file) { id = ""; return }
	n++
	ids[n] = id; sums[n] = sum; ins[n] = ni; outs[n] = no
	for (i = 1; i <= ni; i++) {
		name = in_name[i]; o = owner[name]
		if (o != "" && hash[name] == in_hash[i] && (kind[name] == "l") == (in_kind[i] == "l")) from[n, i] = o
		input[n, i] = in_hash[i] " " in_kind[i]
		input_name[n, i] = name
	}
	for (i = 1; i <= nr; i++) delete owner[gone[i]]
	if (status == "succeeded") for (i = 1; i <= no; i++) {
		name = out_name[i]
		if ((out_kind[i] == "f" || out_kind[i] == "x" || out_kind[i] == "l") && length(out_hash[i]) == 64 && inside(name)) {
			owner[name] = n; hash[name] = out_hash[i]; kind[name] = out_kind[i]
			output[n, i] = out_hash[i] " " out_kind[i]; output_name[n, i] = name
		} else delete owner[name]
	}
	id = ""
}
/^@/ { finish(); file = substr($0, 2); id = sum = status = ""; ni = no = nr = 0; next }
$1 == "Id:" { id = $2 }
$1 == "Status:" { status = $2 }
$1 == "Input:" { ni++; in_hash[ni] = $2; in_kind[ni] = kind_of($3); in_name[ni] = name_of() }
$1 == "Output:" { no++; out_hash[no] = $2; out_kind[no] = kind_of($3); out_name[no] = name_of() }
$1 == "Removed:" { gone[++nr] = substr($0, 10) }
$1 == "Sha256:" { sum = $2 }
END {
	finish()
	for (name in owner) if (owner[name] != "") live[owner[name]] = 1
	for (r = n; r > 0; r--) if (live[r]) for (i = 1; i <= ins[r]; i++) if ((r, i) in from) live[from[r, i]] = 1
	for (r = 1; r <= n; r++) if (live[r]) {
		print "R " ids[r] " " sums[r]
		for (i = 1; i <= outs[r]; i++) if ((r, i) in output) {
			name = output_name[r, i]
			if (owner[name] == r) print "O " ids[r] " " output[r, i] " " name
			else print "L " ids[r] " " name
		}
		for (i = 1; i <= ins[r]; i++)
			print "I " ids[r] " " input[r, i] " " ((r, i) in from ? ids[from[r, i]] : "-") " " input_name[r, i]
	}
}'

rr_graph() {
	rr_records | awk "$rr_graph_program"
}

# Fields of one record for a shell: a letter, words, an encoded text.
# shellcheck disable=SC2016
rr_items_program='
function kind_of(word) { gsub(/[0-9]/, "", word); return word == "" ? "f" : word }
function rest(skip) { return substr($0, skip) }
$1 == "Output:" {
	n++; name = substr($0, length($2) + length($3) + 12); k = kind_of($3)
	if (name == "") name = "%00"
	if (k == "d") print "D " name
	else if ((k == "f" || k == "x" || k == "l") && length($2) == 64) print "O " n " " $2 " " k " " name
}
$1 == "Input:" {
	name = substr($0, length($2) + length($3) + 11); k = kind_of($3)
	if (k == "f" || k == "x" || k == "l") print "I " $2 " " k " " name
}
$1 == "Command:" { print "C " rest(10) }
$1 == "Directory:" { print "W " rest(12) }
$1 == "Redirect:" { print "R " rest(11) }
$1 == "Variable:" { print "V " rest(11) }
$1 == "Variable_hash:" { print "H " $2 }
$1 == "Status:" { print "S " $2 }'


# What there is to do, of "KIND HASH NAME" lines, a line "=", and rr_graph:
#   todo ID          a run to be repeated
#   own ID           of those, only results that are still its own are needed
#   input ID NAME    a raw input that is not as recorded
#   result WORD NAME a result that is missing, different, unreadable
#   sum ...          counts
# With stamps=FOLDER it writes the stamps of the runs that need not be repeated.
# shellcheck disable=SC2016
rr_plan_program='
function rest(count,  text) { text = $0; while (count-- > 0) sub(/^[^ ]* /, "", text); return text }
function judge(want, name) {
	if (kind[name] == "-" || kind[name] == "") return "missing"
	if (kind[name] == "u") return "unreadable"
	return kind[name] " " hash[name] == want ? "good" : "different"
}
function is_read(want_hash, want_kind, name) {
	return want_hash == "?" || (hash[name] == want_hash && (kind[name] == "l") == (want_kind == "l"))
}
function write_stamp(id, sum,  file, old) {
	file = stamps "/" id
	if ((getline old < file) > 0 && old == sum) { close(file); return }
	close(file)
	print sum > file
	close(file)
}
$0 == "=" { in_graph = 1; next }
$0 == "" { next }
!in_graph { name = rest(2); kind[name] = $1; hash[name] = $2; next }
$1 == "R" { n++; id[n] = $2; sum[n] = $3; number[$2] = n; ins[n] = 0; lost[n] = 0 }
$1 == "L" { lost[n]++ }
$1 == "O" {
	name = rest(4); word = judge($4 " " $3, name); results++; owned[name] = 1
	if (word != "good") { print "result " word " " name; todo[n] = 1 }
	count[word]++
}
$1 == "I" {
	name = rest(5); i = ++ins[n]
	want_hash[n, i] = $3; want_kind[n, i] = $4; from[n, i] = $5; read_name[n, i] = name
}
END {
	for (r = n; r > 0; r--) if (r in todo) for (i = 1; i <= ins[r]; i++) {
		made = number[from[r, i]]
		if (made != "" && !is_read(want_hash[r, i], want_kind[r, i], read_name[r, i])) { todo[made] = 1; asked[made] = 1 }
	}
	for (r = 1; r <= n; r++) {
		for (i = 1; i <= ins[r]; i++) if (from[r, i] == "-") {
			name = read_name[r, i]
			if (name in owned || name in told || kind[name] == "" || kind[name] == "-") continue
			told[name] = 1; inputs++
			if (!is_read(want_hash[r, i], want_kind[r, i], name)) { print "input " id[r] " " name; changed++ }
		}
		if (r in todo) { print "todo " id[r]; if (lost[r] > 0 && !(r in asked)) print "own " id[r] }
		else if (stamps != "") write_stamp(id[r], sum[r])
	}
	print "sum " results + 0 " " count["good"] + 0 " " count["different"] + 0 " " count["missing"] + 0 " " count["unreadable"] + 0 " " inputs + 0 " " changed + 0
}'

# rr_plan STAMPS: sets rr_plan from rr_graphed.
rr_make_plan() {
	rr_states=$(awk '
		$1 == "O" || $1 == "I" {
			count = $1 == "O" ? 4 : 5
			name = $0
			while (count-- > 0) sub(/^[^ ]* /, "", name)
			if (!(name in seen) && name != "") { seen[name] = 1; print name }
		}' <<RR_END | rr_look
$rr_graphed
RR_END
	)
	rr_plan=$(awk -v stamps="$1" "$rr_plan_program" <<RR_END
$rr_states
=
$rr_graphed
RR_END
	) || exit 1
}

# Sums of rr_plan in words; fails unless all is as recorded.
rr_report_plan() {
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		case $rr_word in
		result) printf '%-10s  %s\\n' "$rr_first" "$rr_enc" ;;
		input) printf '%-10s  %s\\n' 'input' "$rr_enc is not as run $rr_first read it" ;;
		sum)
			# shellcheck disable=SC2086  # several numbers
			set -- $rr_first $rr_enc
			printf 'rr: %s results: %s as recorded, %s different, %s missing, %s unreadable\\n' "$1" "$2" "$3" "$4" "$5"
			[ "$6" -eq 0 ] || printf 'rr: %s inputs are here: %s as recorded, %s different\\n' "$6" "$(($6 - $7))" "$7"
			[ "$1" -eq "$2" ] && [ "$7" -eq 0 ]
			return
			;;
		esac
	done <<RR_END
$rr_plan
RR_END
	return 1
}

rr_verify() {
	rr_graphed=$(rr_graph)
	rr_make_plan ''
	rr_report_plan
}

`;

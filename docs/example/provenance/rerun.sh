#!/bin/sh
# rerun.sh - repeats and checks the runs that provenance/runs tells of.
# The same file in every project.  Needs a POSIX shell, awk, sed, grep, find, xargs
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
rr_variables='LANG LANGUAGE LC_ALL LC_CTYPE LC_COLLATE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME TZ OMP_NUM_THREADS OMP_PROC_BIND OMP_SCHEDULE OPENBLAS_NUM_THREADS MKL_NUM_THREADS BLIS_NUM_THREADS NUMEXPR_NUM_THREADS VECLIB_MAXIMUM_THREADS JULIA_NUM_THREADS PYTHONHASHSEED PYTHONUTF8 PYTHONOPTIMIZE R_DEFAULT_PACKAGES SOURCE_DATE_EPOCH MALLOC_PERTURB_ POSIXLY_CORRECT GSL_RNG_SEED GSL_RNG_TYPE CUBLAS_WORKSPACE_CONFIG'
# Variables that no record sets, though it declares them: they say which programs
# and libraries are loaded, or are the shell's own.  Whole names, and beginnings.
rr_refused=' PATH IFS ENV PWD OLDPWD CDPATH FPATH ZDOTDIR SHELL SHELLOPTS GLOBIGNORE PROMPT_COMMAND PS1 PS2 PS3 PS4 TMOUT OPTIND OPTARG OPTERR LINENO PPID UID EUID GROUPS RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME FUNCNAME FUNCNEST PIPESTATUS DIRSTACK HISTCMD HISTFILE HISTSIZE EXECSHELL TRACEFD HANDLED SHLVL PGRP USER_ID GID EGID ERRNO ARGV0 JOBMAX MAIL MAILCHECK MAILPATH MODULE_PATH POSH_VERSION HOME USER LOGNAME TMPDIR TERM TERMINFO TERMCAP COLUMNS LINES DISPLAY HOSTALIASES LIBPATH SHLIB_PATH GCONV_PATH LOCPATH NLSPATH GLIBC_TUNABLES RESOLV_HOST_CONF LOCALDOMAIN RES_OPTIONS MALLOC_TRACE OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONWARNINGS PYTHONBREAKPOINT PYTHONINSPECT PYTHONEXECUTABLE PYTHONPLATLIBDIR PYTHONPYCACHEPREFIX MPLCONFIGDIR MATPLOTLIBRC MPLBACKEND IPYTHONDIR PERLLIB PERL5LIB PERL5OPT PERL5DB PERL5SHELL RUBYLIB RUBYOPT GEM_HOME GEM_PATH BUNDLE_GEMFILE NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS R_HOME R_LIBS R_LIBS_USER R_LIBS_SITE R_PROFILE R_PROFILE_USER R_ENVIRON R_ENVIRON_USER R_SHARE_DIR R_BROWSER R_PDFVIEWER JULIA_LOAD_PATH JULIA_DEPOT_PATH JULIA_PROJECT JULIA_BINDIR JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH OCTAVE_PATH MATLABPATH PHPRC PHP_INI_SCAN_DIR TCLLIBPATH AWKPATH AWKLIBPATH GUILE_LOAD_PATH EMACSLOADPATH CC CXX CPP FC F77 F90 LD AR AS CFLAGS CXXFLAGS FFLAGS FCFLAGS CPPFLAGS LDFLAGS LDLIBS CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX PKG_CONFIG PKG_CONFIG_PATH PKG_CONFIG_LIBDIR RUSTC RUSTC_WRAPPER RUSTFLAGS GOFLAGS VIRTUAL_ENV JAVA_HOME CUDA_HOME GUIX_PROFILE NIX_PROFILES LOADEDMODULES MODULEPATH NVCC_PREPEND_FLAGS NVCC_APPEND_FLAGS MAKEFLAGS MFLAGS GNUMAKEFLAGS MAKELEVEL MAKEOVERRIDES MAKEFILES EDITOR VISUAL PAGER BROWSER LESSOPEN LESSCLOSE MANPAGER SSH_ASKPASS SUDO_ASKPASS RSYNC_RSH CVS_RSH TAR_OPTIONS CURL_HOME WGETRC GDBINIT STRACE_OPTS GTK_PATH GTK_MODULES QT_PLUGIN_PATH _ '
rr_refused_starts='rr_ RR_ LD_ DYLD_ _RLD BASH KSH MKSH YASH ZSH GIT_ LUA_ LUA5_ CONDA_ XDG_'

rr_say() {
	printf 'rr: %s\n' "$*" | rr_harmless >&2
}

# Control bytes of a stranger's record do not reach the terminal.
rr_harmless() {
	tr '\001-\010\013-\037\177' '[?*]'
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
	rr_probe=$(printf '\377.')
	case $rr_probe in
	?.) [ "${#rr_probe}" -eq 2 ] && return 0 ;;
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
	n = split(text, piece, /\\/)
	for (i = 1; i <= n; i++) {
		if (i > 1) put("\\0134")
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
			put(sprintf("\\0%d%d%d", int(code / 64), int(code / 8) % 8, code % 8))
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
	*[!\ -~]*) rr_require_bytes; return ;;
	*) return ;;
	esac
	case $1 in
	*%[89A-Fa-f]* | *[!\ -~]*) rr_require_bytes ;;
	esac
	rr_path=$(
		awk "$rr_octal_program" <<RR_END | while IFS= read -r rr_piece; do printf '%b' "$rr_piece"; done
$1
RR_END
		printf .
	)
	rr_path=${rr_path%.}
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

# rr_leads_out PATH: is one of the folders above it a link that leads out of here?
rr_leads_out() {
	rr_before=.
	rr_after=$1
	while :; do
		case $rr_after in
		*/*) ;;
		*) return 1 ;;
		esac
		rr_before=$rr_before/${rr_after%%/*}
		rr_after=${rr_after#*/}
		[ -h "$rr_before" ] || continue
		case $(cd "$rr_before" 2>/dev/null && pwd -P)/ in
		"$(pwd -P)"/*) ;;
		*) return 0 ;;
		esac
	done
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
		if command -v "${rr_tool%% *}" >/dev/null 2>&1; then
			rr_hash_stdin </dev/null 2>/dev/null
			[ "$rr_hash" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] && return 0
		fi
	done
	rr_die 'cannot compute SHA-256: none of sha256sum, shasum, sha256, openssl, cksum is here'
}

# Sets rr_hash; a string that is no hash if the file cannot be read.
rr_hash_stdin() {
	rr_hash=$($rr_tool)
	rr_hash=${rr_hash##*= }
	rr_hash=${rr_hash%% *}
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
		rr_target=${rr_target%.}
	else
		# shellcheck disable=SC2012  # POSIX has nothing else that shows it
		rr_target=$(ls -ld "$rr_file"; printf .)
		rr_target=${rr_target%.}
		rr_target=${rr_target#*"$rr_file -> "}
	fi
	rr_target=${rr_target%
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
		elif [ "${2-}" = later ] && [ "$rr_path" = "$1" ]; then rr_hash='?'
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
		*\\*) printf '%s\n' "$rr_kind $rr_hash $rr_enc" ;;
		*) echo "$rr_kind $rr_hash $rr_enc" ;;
		esac
	done
}

# The hashes in what the SHA-256 program printed.
rr_hashes() {
	sed -n -e 's/^\\\{0,1\}\([0-9a-f]\{64\}\)[ *].*/\1/p' -e t -e 's/.*\([0-9a-f]\{64\}\)$/\1/p'
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
				if (name ~ /[^A-Za-z0-9._\/]/) {
					# gsub would do, were "&" the same to every awk.
					quoted = ""
					for (i = 1; i <= length(name); i++) {
						letter = substr(name, i, 1)
						quoted = quoted (letter ~ /[A-Za-z0-9._\/]/ ? "" : "\\") letter
					}
					name = quoted
				}
				print (name ~ /^\// ? "" : "./") name
			}' <<RR_END | xargs $rr_tool | rr_hashes
$rr_seen
RR_END
			;;
		esac
		printf '=\n'
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
	rr_rest=${1#????}
	rr_record=provenance/runs/${1%"$rr_rest"}-${rr_rest%"${rr_rest#??}"}/$1.rec
}

rr_records_found() {
	find provenance/runs -type f -name '*.rec' 2>/dev/null |
		sed -n '/^provenance\/runs\/[0-9]\{4\}-[0-9]\{2\}\/[0-9]\{8\}T[0-9]\{6\}Z-[a-z2-7]\{6\}\.rec$/p' | sort
}

# Every record's lines, in the order of ids, each after "FILE:", which has 52 bytes.
rr_records() {
	rr_records_found | xargs grep -E '^(Id|Status|Redoes|Input|Output|Removed|Sha256): ' /dev/null
}

# Of "F ID" lines, ids of which there must be a record, and of rr_records, the
# live runs (docs/makefile.txt, 1):
#   Z ID              no run: its record is not there, or was cut
#   R ID SUM                  a live run
#   O ID HASH KIND NAME       its result         L ID NAME   its output, no result any more
#   I ID HASH KIND PRODUCER|- NAME    its input
# With states=yes what is to be found here, if that can be said in one line each;
# it fails if not, if a record is lacking, or if goal=ID is no live run:
#   f HASH FILE       a result with an ordinary name; x if it is executable
#   i HASH FILE       a raw input with an ordinary name
#   o KIND HASH NAME  a result that is a link, or has another name
#   p KIND HASH NAME  the same of a raw input; KIND f, executable or not
#   sum ...           as rr_plan_program prints it
# shellcheck disable=SC2016
rr_graph_program='
function kind_of(word) {
	if (word !~ /[^0-9]/) return "f"
	gsub(/[0-9]/, "", word)
	return word
}
function name_of() { return substr($0, length($1) + length($2) + length($3) + 5) }
function inside(name) {
	name = "/" name "/"
	return !index(name, "/../") && !index(name, "%00") && name !~ /^\/(\/|\.\/|\.rr\/|\.git\/|provenance\/)/
}
function is_result(r, i,  k) {
	k = oat[r] + i
	if (!(k in judged)) judged[k] = (okind[k] == "f" || okind[k] == "x" || okind[k] == "l") && length(ohash[k]) == 64 && inside(oname[k])
	return judged[k]
}
function is_owners(r, i,  name) {
	name = input_name[iat[r] + i]
	return owner[name] != "" && hash[name] == ihash[iat[r] + i] && (kind[name] == "l") == (ikind[iat[r] + i] == "l")
}
# What a run leaves: the owners, and who touched a path last.
function leave(r,  i, name) {
	for (i = 1; i <= goes[r]; i++) { delete owner[gname[gat[r] + i]]; if (any) touched[gname[gat[r] + i]] = r }
	if (good[r]) for (i = 1; i <= outs[r]; i++) {
		name = oname[oat[r] + i]
		if (any) touched[name] = r
		if (is_result(r, i)) { owner[name] = r; hash[name] = ohash[oat[r] + i]; kind[name] = okind[oat[r] + i] }
		else delete owner[name]
	}
}
function is_before(name, e) { return !(name in touched) || place[touched[name]] <= place[e] }
# May r take the place of e (docs/makefile.txt, 1)?
function may_take(r, e,  i, name, made, link) {
	for (i = 1; i <= ins[r]; i++) if (!is_before(input_name[iat[r] + i], e)) return 0
	for (i = 1; i <= goes[r]; i++) if (!is_before(gname[gat[r] + i], e)) return 0
	for (i = 1; i <= outs[r]; i++) {
		name = oname[oat[r] + i]
		if (!is_before(name, e)) return 0
		made[name] = ohash[oat[r] + i]; link[name] = okind[oat[r] + i] == "l"
	}
	for (i = 1; i <= reads[e]; i++) {
		name = read_path[e, i]
		if (!(name in made) || made[name] != read_hash[e, i] || link[name] != read_link[e, i]) return 0
	}
	return 1
}
# The runs that count, in the order of their places: order[1] to order[m].
function put_in_places(  r, i, e, o) {
	for (r = 1; r <= n; r++) {
		place[r] = r
		e = redoes[r] != "" && good[r] ? number[redoes[r]] : ""
		if (e != "" && e < r && !(e in out) && may_take(r, e)) {
			place[r] = place[e]; out[e] = 1; reads[r] = reads[e]
			for (i = 1; i <= reads[e]; i++) { read_path[r, i] = read_path[e, i]; read_hash[r, i] = read_hash[e, i]; read_link[r, i] = read_link[e, i] }
		}
		for (i = 1; i <= ins[r]; i++) if (is_owners(r, i)) {
			o = owner[input_name[iat[r] + i]]; e = ++reads[o]
			read_path[o, e] = input_name[iat[r] + i]; read_hash[o, e] = ihash[iat[r] + i]; read_link[o, e] = ikind[iat[r] + i] == "l"
		}
		leave(r)
	}
	for (i in owner) delete owner[i]
	for (r = 1; r <= n; r++) if (!(r in out)) stands[place[r]] = r
	for (r = 1; r <= n; r++) if (r in stands) order[++m] = stands[r]
}
# Files of run r stand from iat[r] + 1, oat[r] + 1, gat[r] + 1.
function finish() {
	if (sum ~ /^[0-9a-f]+$/) whole[file] = 1
	if (id == "" || sum == "" || id != file) { ni = iat[n + 1]; no = oat[n + 1]; nr = gat[n + 1]; return }
	n++
	ids[n] = id; sums[n] = sum; number[id] = n
	ins[n] = ni - iat[n]; outs[n] = no - oat[n]; goes[n] = nr - gat[n]
	if (status == "succeeded") good[n] = 1
	if (redo != "") { redoes[n] = redo; any = 1 }
}
# States of files, by name: one that two runs read otherwise has no one state.
function expect(is_raw, kind, hash, name,  is_plain) {
	is_plain = kind != "l" && name ~ /^[A-Za-z0-9._\/+,=:@-]+$/
	if (is_raw && kind == "x") kind = "f"
	if (name in expected) { if (!is_raw || expected[name] != kind hash) unclear = 1; return }
	if (length(hash) != 64 || name == "") { unclear = 1; return }
	expected[name] = kind hash
	if (is_raw) inputs++; else results++
	if (is_plain) print (is_raw ? "i" : kind) " " hash " " (name ~ /^\// ? "" : "./") name
	else print (is_raw ? "p " : "o ") kind " " hash " " name
}
function print_states(  q, r, i) {
	for (q = 1; q <= m; q++) if (live[r = order[q]] && good[r])
		for (i = 1; i <= outs[r]; i++) if (is_result(r, i) && owner[oname[oat[r] + i]] == r) expect(0, okind[oat[r] + i], ohash[oat[r] + i], oname[oat[r] + i])
	for (q = 1; q <= m; q++) if (live[r = order[q]])
		for (i = 1; i <= ins[r]; i++) if (!((iat[r] + i) in from) && owner[input_name[iat[r] + i]] == "") expect(1, ikind[iat[r] + i], ihash[iat[r] + i], input_name[iat[r] + i])
	print "sum " results + 0 " " results + 0 " 0 0 0 " inputs + 0 " 0"
}
$1 == "F" { asked[$2] = 1; next }
{
	word = substr($1, 53)
	if (path == "" || index($1, path) != 1) {
		finish()
		path = substr($1, 1, 52); file = substr(path, 25, 23)
		id = sum = status = redo = ""
		iat[n + 1] = ni += 0; oat[n + 1] = no += 0; gat[n + 1] = nr += 0
	}
}
word == "Input:" { ni++; ihash[ni] = $2; ikind[ni] = kind_of($3); input_name[ni] = name_of(); next }
word == "Output:" { no++; ohash[no] = $2; okind[no] = kind_of($3); oname[no] = name_of(); next }
word == "Id:" { id = $2; next }
word == "Status:" { status = $2; next }
word == "Redoes:" { redo = $2; next }
word == "Removed:" { gname[++nr] = substr($0, 62) }
word == "Sha256:" { sum = $2 }
END {
	finish()
	for (id in asked) if (!(id in whole)) { if (states == "") print "Z " id; else exit 1 }
	if (any) put_in_places()
	else for (r = 1; r <= n; r++) order[++m] = r
	for (q = 1; q <= m; q++) {
		r = order[q]
		for (i = 1; i <= ins[r]; i++) if (is_owners(r, i)) from[iat[r] + i] = owner[input_name[iat[r] + i]]
		leave(r)
	}
	for (name in owner) if (owner[name] != "") live[owner[name]] = 1
	for (q = m; q > 0; q--) { r = order[q]; if (live[r]) for (i = 1; i <= ins[r]; i++) if ((iat[r] + i) in from) live[from[iat[r] + i]] = 1 }
	if (states != "") {
		if (goal == "" || (goal in number && live[number[goal]])) print_states()
		else unclear = 1
		exit unclear + 0
	}
	for (q = 1; q <= m; q++) if (live[r = order[q]]) {
		print "R " ids[r] " " sums[r]
		if (good[r]) for (i = 1; i <= outs[r]; i++) if (is_result(r, i)) {
			name = oname[oat[r] + i]
			if (owner[name] == r) print "O " ids[r] " " ohash[oat[r] + i] " " okind[oat[r] + i] " " name
			else print "L " ids[r] " " name
		}
		for (i = 1; i <= ins[r]; i++)
			print "I " ids[r] " " ihash[iat[r] + i] " " ikind[iat[r] + i] " " ((iat[r] + i) in from ? ids[from[iat[r] + i]] : "-") " " input_name[iat[r] + i]
	}
}'

# rr_graph [states=yes goal=ID]
rr_graph() {
	{
		rr_records_found | sed 's/.*\//F /; s/\.rec$//'
		sed -n 's/^\.rr\/made\/\([0-9TZ]*-[a-z2-7]*\):.*/F \1/p' provenance/Makefile
		rr_records
	} | awk -v "${1-states=}" -v "${2-goal=}" "$rr_graph_program"
}

# Fields of one record for a shell: a letter, words, an encoded text.
# shellcheck disable=SC2016
rr_items_program='
function kind_of(word) { gsub(/[0-9]/, "", word); return word == "" ? "f" : word }
function rest(skip) { return substr($0, skip) }
$1 == "Output:" {
	n++; name = substr($0, length($2) + length($3) + 12); k = kind_of($3)
	if (name == "") name = "%00"
	# A stream that went to a file outside is no result, and is not kept again.
	if (name ~ /^\// && name in outside) next
	if (k == "d") print "D " name
	else if ((k == "f" || k == "x" || k == "l") && length($2) == 64) print "O " n " " $2 " " k " " name
}
$1 == "Input:" {
	name = substr($0, length($2) + length($3) + 11); k = kind_of($3)
	if (k == "f" || k == "x" || k == "l") print "I " $2 " " k " " name
}
$1 == "Command:" { print "C " rest(10) }
$1 == "Directory:" { print "W " rest(12) }
$1 == "Redirect:" { print "R " rest(11); outside[substr($0, length($2) + length($3) + 13)] = 1 }
$1 == "Variable:" { print "V " rest(11) }
$1 == "Declared_variable:" { print "N " rest(20) }
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

# Are the records all there, and whole?  Says which are not.
rr_check_graph() {
	rr_lacking=$(sed -n 's/^Z //p' <<RR_END | sort
$rr_graphed
RR_END
	)
	[ -n "$rr_lacking" ] || return 0
	for rr_word in $rr_lacking; do rr_say "the record of run $rr_word is not there, or was cut"; done
	return 1
}

# rr_expect LETTERS: what rr_expected has in these lines, without the letter.
rr_expect() {
	sed -n "s/^[$1] //p" <<RR_END
$rr_expected
RR_END
}

# rr_is_well ID|"": is nothing to be done and nothing to be said?  Looks at the
# same as rr_make_plan, at many files at a time, and sets rr_plan; where it says
# no that may be because of a thing that this look cannot tell.
rr_is_well() {
	rr_expected=$(rr_graph states=yes "goal=$1") || return 1
	for rr_word in f x i; do
		rr_names=$(rr_expect $rr_word | sed 's/^[^ ]* //')
		[ -n "$rr_names" ] || continue
		case $rr_word in
		f) rr_first='! -perm -100 ! -perm -010 ! -perm -001' ;;
		x) rr_first='-perm -111' ;;
		i) rr_first= ;;
		esac
		# Names, in their order, of those that are plain files of this kind.
		rr_found=$(xargs sh -c "find \"\$@\" -prune -type f $rr_first -print 2>/dev/null" sh <<RR_END
$rr_names
RR_END
		)
		[ "$rr_found" = "$rr_names" ] || return 1
	done
	rr_names=$(rr_expect fxi)
	if [ -n "$rr_names" ]; then
		# shellcheck disable=SC2086  # the tool is several words
		rr_found=$(sed 's/^[^ ]* //' <<RR_END | xargs $rr_tool 2>/dev/null | rr_hashes
$rr_names
RR_END
		)
		[ "$rr_found" = "$(rr_expect fxi | sed 's/ .*//')" ] || return 1
	fi
	for rr_word in o p; do
		rr_wanted=$(rr_expect $rr_word)
		[ -n "$rr_wanted" ] || continue
		rr_found=$(sed 's/^[^ ]* [^ ]* //' <<RR_END | rr_look
$rr_wanted
RR_END
		)
		[ "$rr_word" = o ] || rr_found=$(printf '%s\n' "$rr_found" | sed 's/^x /f /')
		[ "$rr_found" = "$rr_wanted" ] || return 1
	done
	rr_plan=$(sed -n '/^sum /p' <<RR_END
$rr_expected
RR_END
	)
}

# Is rr_record as its Sha256 line says?  Sets rr_sum to what that says.
rr_holds_seal() {
	rr_sum=$(sed -n '$s/^Sha256: \([0-9a-f]\{64\}\)$/\1/p' "$rr_record")
	rr_hash=$(sed '$d' "$rr_record" | { rr_hash_stdin; echo "$rr_hash"; })
	[ "$rr_hash" = "$rr_sum" ]
}

# Does each record that matters hold the hash it ends in?
rr_check_seals() {
	rr_broken=0
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		[ "$rr_word" = R ] || continue
		rr_record_path "$rr_first"
		rr_holds_seal && continue
		rr_say "the record $rr_record was changed after it was written"
		rr_broken=1
	done <<RR_END
$rr_graphed
RR_END
	return "$rr_broken"
}

# Sums of rr_plan in words; fails unless all is as recorded.
rr_report_plan() {
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		case $rr_word in
		result) printf '%-10s  %s\n' "$rr_first" "$rr_enc" ;;
		input) printf '%-10s  %s\n' 'input' "$rr_enc is not as run $rr_first read it" ;;
		sum)
			# shellcheck disable=SC2086  # several numbers
			set -- $rr_first $rr_enc
			printf 'rr: %s results: %s as recorded, %s different, %s missing, %s unreadable\n' "$1" "$2" "$3" "$4" "$5"
			[ "$6" -eq 0 ] || printf 'rr: %s inputs are here: %s as recorded, %s different\n' "$6" "$(($6 - $7))" "$7"
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
	rr_verified=0
	rr_check_graph || rr_verified=1
	rr_check_seals || rr_verified=1
	rr_report=$(rr_report_plan) || rr_verified=1
	printf '%s\n' "$rr_report" | rr_harmless
	return "$rr_verified"
}

# ---- make -------------------------------------------------------------------

# Was make asked only to tell what it would do?
rr_is_dry() {
	rr_first=yes
	for rr_word in ${MAKEFLAGS-}; do
		case $rr_word in
		--) break ;;
		-n) return 0 ;;
		-* | *=*) ;;
		*n*) [ "$rr_first" = yes ] && return 0 ;;
		esac
		rr_first=no
	done
	return 1
}

rr_own_folder() {
	if [ -h .rr ] || [ -h "$rr_made" ]; then rr_die 'cannot go on: .rr is a link, and must be a folder of this project'; fi
	# What came along with the project may lead anywhere.
	for rr_file in .rr/* .rr/.[!.]*; do
		[ ! -h "$rr_file" ] || rr_die 'cannot go on: a link is in .rr, which rr puts none in: look at it, and remove it'
	done
	# Where this stands commands run in the very folder.
	if [ -e .rr/copy ]; then
		case $(pwd -P) in
		*/.rr/reproduce | */.rr/build/*) ;;
		*) rr_die 'cannot go on: .rr/copy is here, which only a copy has that make made: remove it' ;;
		esac
	fi
	if ! mkdir -p "$rr_made" 2>/dev/null || [ ! -w "$rr_made" ] || [ ! -w .rr ]; then
		rr_die 'cannot write in .rr: to look without writing, run "make verify"'
	fi
	[ -e .rr/.gitignore ] || printf '*\n' >.rr/.gitignore
}

# rr_keep_closure ID: keeps of rr_graphed what make looks at for ID.
rr_keep_closure() {
	rr_wanted=$(sed -n 's/^\.rr\/made\/\([0-9TZ]*-[a-z2-7]*\):/\1/p' provenance/Makefile | awk -v goal="$1" '
		{ gsub(/\.rr\/made\//, ""); n++; id[n] = $1; line[n] = $0 }
		END {
			want[goal] = 1
			for (i = n; i > 0; i--) if (id[i] in want) {
				print "W " id[i]
				m = split(line[i], word, " ")
				for (j = 2; j <= m; j++) want[word[j]] = 1
			}
		}')
	rr_graphed=$(awk '$1 == "W" { want[$2] = 1; next } $2 in want' <<RR_END
$rr_wanted
$rr_graphed
RR_END
	)
}

# Runs, "todo ID" lines of standard input, as a target rr-todo for make.  A line
# of the Makefile for each would cost GNU make time in the square of their number.
rr_print_todo() {
	awk '
		BEGIN { printf "%s", ".PHONY: rr-todo\nrr-todo:" }
		$1 == "todo" || $1 == "R" { printf " .rr/made/%s", $2 }
		END { print "" }'
}

# rr_bring ID|"" MAKE...: makes what is missing.  Commands run only in a copy of
# the project, from which what is missing is taken: whatever goes wrong, nothing
# that is here is touched.
rr_bring() {
	rr_goal=$1
	shift
	rr_is_dry && return 0
	rr_own_folder
	rr_stamps=$rr_made
	if [ ! -f .rr/copy ]; then
		# Here no make takes a stamp for anything.
		rr_stamps=
		if rr_is_well "$rr_goal"; then
			[ -n "$rr_goal" ] || rr_report_plan
			return
		fi
		rr_copy=
		rr_trap rr_end_bring
		rr_lock .rr/made/make.lock
	fi
	rr_graphed=$(rr_graph)
	rr_status=0
	rr_check_graph || rr_status=1
	if [ -n "$rr_goal" ]; then
		case "
$rr_graphed" in
		*"
R $rr_goal "*) ;;
		*) rr_die "run $rr_goal is not repeated: no result here is its own, or needs it" ;;
		esac
		rr_keep_closure "$rr_goal"
	fi
	rr_make_plan "$rr_stamps"
	rr_todo=0
	rr_missing=
	rr_altered=
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		case $rr_word in
		input)
			rr_say "input $rr_enc is not as run $rr_first read it"
			rr_status=1
			;;
		result)
			# Content that some run left or read there may be replaced by what comes after it.
			if [ "$rr_first" = different ] && rr_look_at "$rr_enc" && rr_is_known "$rr_hash" "$rr_enc"; then rr_first=missing; fi
			if [ "$rr_first" = missing ]; then
				rr_missing="$rr_missing$rr_enc
"
			elif [ ! -f .rr/copy ]; then
				rr_say "$rr_enc is $rr_first; nothing is overwritten: move it away to have it made again, or put it back as it was"
				rr_status=1
				rr_altered="$rr_altered$rr_enc
"
			fi
			;;
		todo)
			rr_todo=$((rr_todo + 1))
			rm -f "$rr_made/$rr_first" "$rr_made/$rr_first.own"
			;;
		own) [ ! -f .rr/copy ] || : >"$rr_made/$rr_first.own" ;;
		esac
	done <<RR_END
$rr_plan
RR_END
	if [ "$rr_todo" -gt 0 ] && [ -f .rr/copy ]; then
		rr_bring_here "$@" || rr_status=1
	elif [ "$rr_todo" -gt 0 ]; then
		[ -z "$rr_missing" ] || rr_bring_by_copy "$@" || rr_status=1
	elif [ "$rr_status" -eq 0 ] && [ -z "$rr_goal" ]; then
		rr_report_plan
	fi
	return "$rr_status"
}

# In a copy: repeats what is to be repeated.
rr_bring_here() {
	rr_todo_file=$rr_made/todo.$$
	rr_trap rr_end_make
	rr_print_todo >"$rr_todo_file" <<RR_END
$rr_plan
RR_END
	# Without MAKELEVEL GNU make does not tell which folder it is in.
	(unset MAKELEVEL; "$@" -r -f provenance/Makefile -f "$rr_todo_file" rr-todo)
}

rr_end_make() {
	rm -f "$rr_todo_file"
	rr_put_all_back
}

rr_end_bring() {
	[ -z "$rr_copy" ] || rm -rf "$rr_copy"
	[ -z "${rr_locked-}" ] || rm -rf "$rr_lock_dir"
}

rr_bring_by_copy() {
	rr_copy=.rr/build/$(uname -n)-$$
	mkdir -p .rr/build || exit 1
	for rr_file in .rr/build/"$(uname -n)"-*; do
		kill -s 0 "${rr_file##*-}" 2>/dev/null || rm -rf "$rr_file"
	done
	rr_copy_project
	# What was altered here is not taken from there, and must not stand in the way.
	printf %s "$rr_altered" | (cd "$rr_copy" && rr_remove_outputs)
	if [ -z "$rr_goal" ]; then set -- all "$@"; else set -- make "$rr_goal" "$@"; fi
	(cd "$rr_copy" && sh provenance/rerun.sh "$@") >&2
	rr_copied=$?
	# What was made otherwise can be looked at.
	for rr_file in "$rr_copy"/.rr/different/*; do
		[ -d "$rr_file" ] || continue
		mkdir -p .rr/different
		rm -rf ".rr/different/${rr_file##*/}" && mv "$rr_file" .rr/different/
	done
	rr_take_missing || rr_copied=1
	rr_make_plan "$rr_stamps"
	return "$rr_copied"
}

# Takes the results that are missing here from the copy, if they are as recorded
# there.  Each appears whole, and only where nothing is or what a run left.
rr_take_missing() {
	rr_wanted=$(awk '$1 == "O" { want = $4 " " $3; for (i = 0; i < 4; i++) sub(/^[^ ]* /, ""); print want " " $0 }' <<RR_END
$rr_graphed
RR_END
	)
	rr_taken=0
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		rr_target=$rr_file
		rr_look_at "$rr_enc"
		[ "$rr_kind" = - ] || rr_is_known "$rr_hash" "$rr_enc" || continue
		rr_found=$(cd "$rr_copy" && rr_look_at "$rr_enc" && printf '%s %s' "$rr_kind" "$rr_hash")
		case "
$rr_wanted
" in
		*"
$rr_found $rr_enc
"*) ;;
		*) rr_taken=1; continue ;;
		esac
		if rr_leads_out "$rr_path"; then rr_taken=1; continue; fi
		case $rr_target in
		*/*) mkdir -p "${rr_target%/*}" || return 1 ;;
		esac
		rm -f "$rr_made/taken.$$"
		cp -pP "$rr_copy/$rr_target" "$rr_made/taken.$$" && mv -f "$rr_made/taken.$$" "$rr_target" || return 1
	done <<RR_END
$rr_missing
RR_END
	return "$rr_taken"
}

# rr_is_aside HASH: is that content in .rr/aside?
rr_is_aside() {
	case $1 in
	*[!0-9a-f]*) return 1 ;;
	esac
	[ -f ".rr/aside/$1" ]
}

# Results that runs moved out of the way and nobody put back.
rr_put_all_back() {
	[ -d .rr/aside ] || return 0
	while IFS=' ' read -r rr_word rr_first rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_is_aside "$rr_want" || continue
		rr_look_at "$rr_enc"
		if [ "$rr_hash" != "$rr_want" ]; then
			rr_is_known "$rr_hash" "$rr_enc" || [ "$rr_kind" = - ] || continue
			rm -f "$rr_file" && mv -f ".rr/aside/$rr_want" "$rr_file"
		else
			rm -f ".rr/aside/$rr_want"
		fi
	done <<RR_END
$rr_graphed
RR_END
	rmdir .rr/aside 2>/dev/null || :
}

# rr_is_known HASH ENCODED: did some run leave this content under this name?
rr_is_known() {
	rr_records | RR_HASH=$1 RR_NAME=$2 awk '
		BEGIN { hash = ENVIRON["RR_HASH"]; name = ENVIRON["RR_NAME"] }
		{ word = substr($1, 53) }
		(word == "Output:" || word == "Input:") && $2 == hash && substr($0, length($1) + length($2) + length($3) + 5) == name { found = 1 }
		END { exit !found }'
}

# ---- one run ----------------------------------------------------------------

# What becomes of a run is told to reproduce by a note beside its stamp.
rr_note() {
	[ -z "$rr_reproducing" ] || printf '%s\n' "$*" >"$rr_made/$rr_id.note"
}

# rr_give_up REASON: the run is not repeated.
rr_give_up() {
	rr_note "not run because $*"
	rr_die "run $rr_id is not repeated: $*"
}

rr_check_record() {
	[ -f "$rr_record" ] || rr_give_up "it has no record $rr_record"
	rr_holds_seal || rr_give_up "its record $rr_record was changed or cut after it was written"
}

# rr_lock FOLDER: two makes at once do not run one command twice; the second
# waits, then finds the results.  To go on without the lock would harm nothing, so
# a holder that cannot be asked is waited for no longer than some seconds.
rr_lock() {
	rr_lock_dir=$1
	rr_waited=0
	until mkdir "$rr_lock_dir" 2>/dev/null; do
		rr_holder=$([ -f "$rr_lock_dir/process" ] && cat "$rr_lock_dir/process" 2>/dev/null)
		case $rr_holder in
		"$(uname -n) "[0-9]*)
			if ! kill -s 0 "${rr_holder##* }" 2>/dev/null; then
				# Of all who see this only one can rename it.
				rm -rf "$rr_lock_dir.$$" && mv "$rr_lock_dir" "$rr_lock_dir.$$" 2>/dev/null && rm -rf "$rr_lock_dir.$$"
				continue
			fi
			[ "$rr_waited" -ne 3 ] || rr_say "waiting for another make (process ${rr_holder##* }); if there is none, remove $rr_lock_dir"
			;;
		*) [ "$rr_waited" -lt 5 ] || return 0 ;;
		esac
		rr_waited=$((rr_waited + 1))
		sleep 1
	done
	rr_locked=yes
	echo "$(uname -n) $$" >"$rr_lock_dir/process"
}

# What must be done on every way out, also by a signal.
rr_clean_up() {
	if [ -n "${rr_moved-}" ]; then rr_put_back; fi
	if [ -n "${rr_locked-}" ]; then rm -rf "$rr_lock_dir"; fi
}

rr_is_lost() {
	case $rr_lost in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

rr_has_stamp() {
	[ -s "$rr_made/$rr_id" ] && [ "$(cat "$rr_made/$rr_id")" = "$rr_sum" ]
}

rr_stamp() {
	printf '%s\n' "$rr_sum" >"$rr_made/$rr_id.new" && mv -f "$rr_made/$rr_id.new" "$rr_made/$rr_id"
	rm -f "$rr_made/$rr_id.own"
}

# rr_count_results: sets rr_good, rr_bad, and rr_elsewhere: how many of the bad
# another run has moved out of the way.  With "back" these come back.
rr_count_results() {
	rr_good=0
	rr_bad=0
	rr_elsewhere=0
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		if rr_is_lost "$rr_n"; then continue; fi
		rr_look_at "$rr_enc"
		if [ "$rr_kind $rr_hash" = "$rr_want_kind $rr_want" ]; then
			rr_good=$((rr_good + 1))
			continue
		fi
		rr_bad=$((rr_bad + 1))
		rr_is_aside "$rr_want" || continue
		if [ "$rr_kind" = - ] || rr_is_known "$rr_hash" "$rr_enc"; then
			rr_elsewhere=$((rr_elsewhere + 1))
			[ "${1-}" != back ] || { rm -f "$rr_file" && cp -p ".rr/aside/$rr_want" "$rr_file"; }
		fi
	done <<RR_END
$rr_items
RR_END
}

# Are all its results there, maybe after some came back?
rr_is_done() {
	rr_count_results
	if [ "$rr_bad" -gt 0 ] && [ "$rr_bad" -eq "$rr_elsewhere" ]; then
		rr_count_results back
		rr_count_results
	fi
	[ "$rr_bad" -eq 0 ] || return 1
	# Whether outputs that are results no more are needed is told by the stamp.
	rr_has_stamp || { [ "$rr_good" -gt 0 ] && [ -z "$rr_lost" ]; }
}

rr_refuse_unrepeatable() {
	while IFS=' ' read -r rr_word rr_enc; do
		case $rr_word in
		S) [ "$rr_enc" = succeeded ] || rr_give_up "it did not succeed" ;;
		C)
			case $rr_enc in
			*'%{'*) rr_give_up "its command holds a secret that was not recorded" ;;
			*%00*) rr_give_up "its command holds a byte 0" ;;
			esac
			;;
		W)
			rr_decode "$rr_enc"
			if [ "$rr_path" != . ] && ! rr_is_inside "$rr_path"; then rr_give_up "it ran in $rr_enc, outside the project"; fi
			;;
		O | D)
			if [ "$rr_word" = O ]; then rr_enc=${rr_enc#* * * }; fi
			rr_decode "$rr_enc"
			if rr_has_nul "$rr_enc" || [ -z "$rr_path" ] || ! rr_is_inside "$rr_path"; then rr_give_up "its output $rr_enc is outside the project"; fi
			if rr_leads_out "$rr_path"; then rr_give_up "its output $rr_enc lies behind a link that leads out of the project"; fi
			;;
		esac
	done <<RR_END
$rr_items
RR_END
}

rr_check_inputs() {
	rr_reason=
	while IFS=' ' read -r rr_word rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = I ] || continue
		[ "${#rr_want}" -eq 64 ] || continue
		rr_look_at "$rr_enc"
		case $rr_kind$rr_want_kind in
		ll | [fx][fx]) [ "$rr_hash" != "$rr_want" ] || continue ;;
		esac
		if [ "$rr_kind" = - ]; then rr_word="input $rr_enc is not here"; else rr_word="input $rr_enc is not as recorded"; fi
		rr_say "run $rr_id: $rr_word"
		rr_reason=${rr_reason:-$rr_word}
	done <<RR_END
$rr_items
RR_END
	[ -z "$rr_reason" ] || rr_give_up "$rr_reason"
}

# rr_is_input ENCODED: was this path an input of the run, too?
rr_is_input() {
	while IFS=' ' read -r rr_word rr_rest; do
		[ "$rr_word" = I ] && [ "${rr_rest#* * }" = "$1" ] && return 0
	done <<RR_END
$rr_items
RR_END
	return 1
}

# Only what some run made, or this one read, may be moved out of the way.
rr_check_outputs() {
	rr_blocked=
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_look_at "$rr_enc"
		case $rr_kind in
		-) continue ;;
		[fxl]) [ "$rr_hash" = "$rr_want" ] || [ -n "$rr_reproducing" ] || rr_is_known "$rr_hash" "$rr_enc" || rr_blocked=$rr_enc ;;
		o)
			# In a copy made for this, a folder is what an earlier run made there.
			if [ -n "$rr_reproducing" ] && [ -d "$rr_file" ]; then rm -rf "$rr_file"; else rr_blocked=$rr_enc; fi
			;;
		*) rr_blocked=$rr_enc ;;
		esac
		[ -z "$rr_blocked" ] || rr_give_up "$rr_blocked is there and is not as any run left it; nothing is overwritten: move it away, or put it back as it was"
	done <<RR_END
$rr_items
RR_END
}

rr_move_aside() {
	mkdir "$rr_old" || exit 1
	rr_moved=yes
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		[ -e "$rr_file" ] || [ -h "$rr_file" ] || continue
		if rr_is_input "$rr_enc"; then cp -pP "$rr_file" "$rr_old/$rr_n"; else mv -f "$rr_file" "$rr_old/$rr_n"; fi || exit 1
	done <<RR_END
$rr_items
RR_END
}

# Folders: those the run is to make must not be there, unless something else is
# in them; those of its outputs must be.
rr_prepare_folders() {
	rr_folders=
	rr_made_folders='
'
	while IFS=' ' read -r rr_word rr_enc; do
		[ "$rr_word" = D ] || continue
		rr_folders="$rr_enc
$rr_folders"
		rr_made_folders="$rr_made_folders$rr_enc
"
	done <<RR_END
$rr_items
RR_END
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		rmdir "$rr_file" 2>/dev/null
	done <<RR_END
$(printf %s "$rr_folders" | sort -r)
RR_END
	while IFS=' ' read -r rr_word rr_rest; do
		case $rr_word in
		O) rr_enc=${rr_rest#* * * } ;;
		D) rr_enc=$rr_rest ;;
		*) continue ;;
		esac
		case $rr_enc in
		*/*) ;;
		*) continue ;;
		esac
		rr_enc=${rr_enc%/*}
		case $rr_made_folders in
		*"
$rr_enc
"*) continue ;;
		esac
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		[ -d "$rr_file" ] || mkdir -p "$rr_file" || exit 1
	done <<RR_END
$rr_items
RR_END
}

# In a subshell: opens what standard streams were redirected to.
rr_redirect() {
	exec </dev/null
	while IFS=' ' read -r rr_word rr_n rr_how rr_enc <&9; do
		[ "$rr_word" = R ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		case $rr_how in
		'>' | '>>')
			# The bytes are no result: what lies outside is not written.
			rr_is_inside "$rr_path" || rr_file=/dev/null
			;;
		esac
		case "$rr_n $rr_how" in
		'0 <') exec <"$rr_file" ;;
		'1 >') exec >"$rr_file" ;;
		'1 >>') exec >>"$rr_file" ;;
		'2 >') exec 2>"$rr_file" ;;
		'2 >>') exec 2>>"$rr_file" ;;
		'2 >&') exec 2>&1 ;;
		*) rr_die "run $rr_id: unknown redirection" ;;
		esac
	done 9<<RR_END
$rr_items
RR_END
	exec 9<&-
}

# rr_may_set NAME: is it the name of a variable that a record may set?
rr_may_set() {
	case $1 in
	'' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;;
	esac
	case " $rr_variables " in *" $1 "*) return 0 ;; esac
	case $rr_declared in *" $1 "*) ;; *) return 1 ;; esac
	case $rr_refused in *" $1 "*) return 1 ;; esac
	for rr_word in $rr_refused_starts; do
		case $1 in "$rr_word"*) return 1 ;; esac
	done
}

# In a subshell: the recorded variables, and none of the list or declared that
# were not set.
rr_set_variables() {
	rr_withheld=' '
	rr_declared=' '
	while IFS=' ' read -r rr_word rr_enc; do
		case $rr_word in
		H) rr_withheld="$rr_withheld$rr_enc " ;;
		V) case $rr_enc in *'%{'*) rr_withheld="$rr_withheld${rr_enc%%=*} " ;; esac ;;
		N) case $rr_enc in '' | *[!A-Za-z0-9_]*) ;; *) rr_declared="$rr_declared$rr_enc " ;; esac ;;
		esac
	done <<RR_END
$rr_items
RR_END
	[ "$rr_withheld" = ' ' ] || rr_say "run $rr_id: not recorded, because it may be secret, and left as it is here:$rr_withheld"
	rr_exports=
	while IFS=' ' read -r rr_word rr_enc; do
		[ "$rr_word" = V ] || continue
		case $rr_withheld in *" ${rr_enc%%=*} "*) continue ;; esac
		rr_may_set "${rr_enc%%=*}" || continue
		# Decoded later, for some change how this shell reads text.
		rr_exports="$rr_exports$rr_enc
"
	done <<RR_END
$rr_items
RR_END
	rr_words=
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_quote "$rr_path"
		rr_words="$rr_words export $rr_quoted;"
	done <<RR_END
$rr_exports
RR_END
	for rr_first in $rr_variables $rr_declared; do
		case $rr_withheld in *" $rr_first "*) continue ;; esac
		rr_may_set "$rr_first" || continue
		rr_words="unset $rr_first; $rr_words"
	done
}

# rr_quote TEXT: sets rr_quoted, one word of shell source.
rr_quote() {
	rr_rest=$1
	rr_quoted="'"
	while :; do
		case $rr_rest in
		*\'*)
			rr_quoted="$rr_quoted${rr_rest%%\'*}'\\''"
			rr_rest=${rr_rest#*\'}
			;;
		*) break ;;
		esac
	done
	rr_quoted="$rr_quoted$rr_rest'"
}

# Runs the command; its exit status is the function's.
rr_execute() {
	rr_folder=.
	while IFS=' ' read -r rr_word rr_rest; do
		case $rr_word in
		C) rr_enc=$rr_rest ;;
		W) rr_decode "$rr_rest"; rr_locate "$rr_path"; rr_folder=$rr_file ;;
		esac
	done <<RR_END
$rr_items
RR_END
	rr_say "run $rr_id: $rr_enc"
	rr_decode "$rr_enc"
	rr_command=$rr_path
	(
		trap - EXIT HUP INT TERM
		rr_redirect
		rr_set_variables
		# "exec" takes no builtin of this shell instead of the program.
		rr_words="$rr_words unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES RR_REPRODUCE; set +u; exec $rr_command"
		cd "$rr_folder" || exit 126
		eval "$rr_words"
	)
}

# Sets rr_reason to what is not as recorded, or to nothing.
rr_compare() {
	rr_reason=
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_look_at "$rr_enc"
		[ "$rr_kind $rr_hash" != "$rr_want_kind $rr_want" ] || continue
		case $rr_kind in
		-) rr_word="did not make $rr_enc" ;;
		*) if [ "$rr_hash" = "$rr_want" ]; then rr_word="made $rr_enc with another kind or mode"; else rr_word="made $rr_enc with other bytes"; fi ;;
		esac
		rr_say "run $rr_id: $rr_word"
		rr_is_lost "$rr_n" || rr_reason=${rr_reason:-$rr_word}
	done <<RR_END
$rr_items
RR_END
}

# rr_move FILE TO: with the folders of TO.
rr_move() {
	case $2 in
	*/*) mkdir -p "${2%/*}" ;;
	esac
	mv -f "$1" "$2"
}

# After a failure: what was made goes to .rr/different, what was there comes back.
rr_put_back() {
	rr_moved=
	[ -z "$rr_reproducing" ] || { rm -rf "$rr_old"; return 0; }
	rm -rf ".rr/different/$rr_id"
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		if [ -e "$rr_file" ] || [ -h "$rr_file" ]; then rr_move "$rr_file" ".rr/different/$rr_id/$rr_path" 2>/dev/null || rm -f "$rr_file"; fi
		if [ -e "$rr_old/$rr_n" ] || [ -h "$rr_old/$rr_n" ]; then rr_move "$rr_old/$rr_n" "$rr_file"; fi
	done <<RR_END
$rr_items
RR_END
	rmdir "$rr_old" || rr_say "files that were there before are in $rr_old"
	[ ! -d ".rr/different/$rr_id" ] || rr_say "run $rr_id: what it made is in .rr/different/$rr_id"
}

# After success: outputs that belong to a later run come back, or are kept for it.
rr_settle() {
	rr_moved=
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_is_lost "$rr_n" || continue
		[ -z "$rr_reproducing" ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		rr_keep=$rr_old/$rr_n
		if [ -f "$rr_made/$rr_id.own" ]; then
			rm -f "$rr_file"
			if [ -e "$rr_keep" ] || [ -h "$rr_keep" ]; then mv -f "$rr_keep" "$rr_file"; fi
		elif [ -f "$rr_keep" ] && [ ! -h "$rr_keep" ]; then
			rr_hash_stdin <"$rr_keep"
			mkdir -p .rr/aside && mv -f "$rr_keep" ".rr/aside/$rr_hash"
		fi
	done <<RR_END
$rr_items
RR_END
	rm -rf "$rr_old"
}

# rr_run ID [N...]
rr_run() {
	rr_id=$1
	shift
	rr_lost=
	[ $# -eq 0 ] || rr_lost=" $* "
	rr_is_id "$rr_id" || rr_die "not the id of a run: $rr_id"
	rr_record_path "$rr_id"
	rr_own_folder
	rr_check_record
	rr_old=$rr_made/$rr_id.old
	rr_trap rr_clean_up
	rr_lock "$rr_made/$rr_id.lock"
	rr_items=$(awk "$rr_items_program" "$rr_record")
	rr_refuse_unrepeatable
	# The last one that worked on this run was killed before it could tidy up.
	if [ -d "$rr_old" ]; then rr_put_back; fi
	if [ -z "$rr_reproducing" ] && rr_is_done; then
		rr_stamp
		return
	fi
	rm -f "$rr_made/$rr_id"
	rr_check_inputs
	rr_check_outputs
	rr_move_aside
	rr_prepare_folders
	rr_execute
	rr_exit=$?
	rr_note ran
	rr_compare
	if [ "$rr_exit" -ne 0 ]; then
		rr_note failed
		rr_die "run $rr_id failed: exit status $rr_exit"
	fi
	if [ -n "$rr_reason" ]; then rr_die "run $rr_id is not reproduced: it $rr_reason"; fi
	rr_settle
	rr_note made
	rr_stamp
}

# ---- reproduce --------------------------------------------------------------

# In the copy: a link to a folder could lead to the originals; a copy of what is
# in that folder takes its place.
rr_cut_links() {
	rr_before=
	rr_after=$1
	while :; do
		case $rr_after in
		*/*) ;;
		*) return 0 ;;
		esac
		rr_before=$rr_before${rr_after%%/*}
		rr_after=${rr_after#*/}
		rr_locate "$rr_before"
		if [ -h "$rr_file" ]; then
			rr_there=$(cd "$rr_file" 2>/dev/null && pwd -P; printf .)
			rr_there=${rr_there%
.}
			rm -f "$rr_file"
			mkdir "$rr_file"
			[ -d "$rr_there" ] && cp -RPp "$rr_there/." "$rr_file" 2>/dev/null
		fi
		rr_before=$rr_before/
	done
}

# In the copy: removes what live runs wrote, but not what they read as it was
# before all runs.
rr_remove_outputs() {
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_cut_links "$rr_path"
		rr_locate "$rr_path"
		rm -f "$rr_file" 2>/dev/null
	done
}

rr_copy_project() {
	rm -rf "$rr_copy" || exit 1
	mkdir -p "$rr_copy/.rr" || exit 1
	for rr_file in ./* ./.[!.]* ./..?*; do
		[ -e "$rr_file" ] || [ -h "$rr_file" ] || continue
		case $rr_file in
		./.rr | ./.git | ./provenance) continue ;;
		esac
		if [ -p "$rr_file" ] || ! cp -RPp "$rr_file" "$rr_copy/" 2>/dev/null; then
			rr_say "not all of $(printf %s "$rr_file" | tr -c ' -~' '?') could be copied"
		fi
	done
	mkdir "$rr_copy/provenance" &&
		cp -p provenance/Makefile provenance/rerun.sh "$rr_copy/provenance/" &&
		cp -Rp provenance/runs "$rr_copy/provenance/" &&
		: >"$rr_copy/.rr/copy" || exit 1
}

# Of "KIND HASH NAME" lines, "=", notes ("ID WORDS"), "=", rr_graph: the table.
# shellcheck disable=SC2016
rr_verdict_program='
function rest(count,  text) { text = $0; while (count-- > 0) sub(/^[^ ]* /, "", text); return text }
$0 == "=" { part++; next }
$0 == "" { next }
part == 0 { name = rest(2); state[name] = $2 " " $1; next }
part == 1 { note[$1] = rest(1); next }
$1 == "R" { n++; order[n] = $2 }
$1 == "O" {
	name = rest(4); k++; result[k] = name; want[k] = $3 " " $4; run[k] = $2
	if (length(name) > width) width = length(name)
}
$1 == "I" && !($2 in blocked) {
	name = rest(5)
	if ($5 != "-" && note[$5] != "made") blocked[$2] = name
}
function verdict(i) {
	if (note[run[i]] ~ /^not run/) return note[run[i]]
	if (note[run[i]] == "") {
		if (run[i] in blocked) return "not run because its input " blocked[run[i]] " was not reproduced"
		return "not run because a run that comes before it failed"
	}
	if (state[result[i]] == want[i]) return note[run[i]] == "failed" ? "different because its command failed" : "identical"
	return state[result[i]] ~ / [-]$/ || state[result[i]] == "" ? "missing" : "different"
}
END {
	if (width > 40) width = 40
	if (width < 6) width = 6
	printf "%-" width "s  %s\n", "RESULT", "VERDICT"
	for (i = 1; i <= k; i++) {
		v = verdict(i)
		printf "%-" width "s  %s\n", result[i], v
		sub(/ .*/, "", v)
		count[v]++
	}
	printf "\n%d results: %d identical, %d different, %d missing, %d not run\n", k, count["identical"], count["different"], count["missing"], count["not"]
	exit k != count["identical"] + 0
}'

rr_verdicts() {
	{
		awk '$1 == "O" { name = $0; for (i = 0; i < 4; i++) sub(/^[^ ]* /, "", name); print name }' <<RR_END | (cd .rr/reproduce && rr_look)
$rr_graphed
RR_END
		echo '='
		# shellcheck disable=SC2016
		find .rr/reproduce/.rr/made -name '*.note' 2>/dev/null | sed -n '/^\.rr\/reproduce\/\.rr\/made\/[0-9TZ]*-[a-z2-7]*\.note$/p' |
			xargs awk '{ name = FILENAME; sub(/.*\//, "", name); sub(/\.note$/, "", name); print name " " $0 }' /dev/null
		echo '='
		cat <<RR_END
$rr_graphed
RR_END
	} | awk "$rr_verdict_program"
}

rr_reproduce() {
	rr_is_dry && return 0
	rr_own_folder
	rr_graphed=$(rr_graph)
	rr_copy=.rr/reproduce
	rr_copy_project
	awk '
		function rest(count,  text) { text = $0; while (count-- > 0) sub(/^[^ ]* /, "", text); return text }
		$1 == "I" && $5 == "-" { raw[rest(5)] = 1 }
		$1 == "O" { name[++n] = rest(4) }
		$1 == "L" { name[++n] = rest(2) }
		END { for (i = 1; i <= n; i++) if (!(name[i] in raw)) print name[i] }' <<RR_END | (cd .rr/reproduce && rr_remove_outputs)
$rr_graphed
RR_END
	mkdir -p ".rr/reproduce/$rr_made" || exit 1
	rr_print_todo >.rr/reproduce/.rr/todo <<RR_END
$rr_graphed
RR_END
	(
		unset MAKELEVEL
		cd .rr/reproduce || exit 1
		RR_REPRODUCE=yes "$@" -k -r -f provenance/Makefile -f .rr/todo rr-todo
	)
	rr_verdicts
}

# ---- main -------------------------------------------------------------------

rr_usage() {
	sed -n '2,/^$/s/^# \{0,1\}//p' provenance/rerun.sh
}

case $0 in
*/*) cd "${0%/*}/.." || exit 1 ;;
*) cd .. || exit 1 ;;
esac
[ -d provenance ] || rr_die 'cannot find the folder provenance: run "sh provenance/rerun.sh" in the project'
rr_reproducing=${RR_REPRODUCE-}
case $# in
0) set -- help ;;
esac
rr_verb=$1
shift
case $rr_verb in
verify | run | all | make | reproduce) rr_find_tool ;;
esac
case $rr_verb in
verify) rr_verify ;;
run)
	if [ -f .rr/copy ]; then rr_run "$@"; else
		rr_is_id "${1-}" || rr_die "not the id of a run: ${1-}"
		rr_bring "$1" "${MAKE:-make}"
	fi
	;;
all) rr_bring '' "$@" ;;
make)
	rr_goal=${1-}
	rr_is_id "$rr_goal" || rr_die "not the id of a run: $rr_goal"
	shift
	rr_bring "$rr_goal" "$@"
	;;
reproduce) rr_reproduce "$@" ;;
clean) [ -h .rr ] || rm -rf .rr/reproduce .rr/build ;;
help) rr_usage ;;
*)
	rr_usage >&2
	exit 2
	;;
esac

// replayscript.ts - recorded runs as a shell script that repeats them without rr. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { isComparable } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { isResultPath } from '../core/graph.ts';
import { isDeclarableVariable, isReplayedVariable, REPLAYED_VARIABLES } from '../core/variables.ts';
import { encodeText, encodeWithheld, makeHarmless } from '../formats/percent.ts';
import { quoteWord } from '../formats/shell.ts';
import { RERUN_SCRIPT } from './rerunscript.ts';

// What repeats a run and how its files are compared is as in provenance/rerun.sh, parts of which are
// taken over word for word.

const BORROWED = ['rr_say', 'rr_harmless', 'rr_die', 'rr_find_tool', 'rr_hash_stdin', 'rr_locate', 'rr_read_link'];

/** A function of rerun.sh, where an empty line stands after each. */
function borrowFunction(name: string): string {
  const start = RERUN_SCRIPT.indexOf('\n' + name + '() {\n') + 1;
  return RERUN_SCRIPT.slice(start, RERUN_SCRIPT.indexOf('\n}\n\n', start) + 4);
}

const USAGE = `#!/bin/sh
# Repeats recorded runs without rr and compares what they write with the SHA-256
# that was recorded.  Made by "rr list --sh".
#
# usage: sh FILE [-k] [PROJECT]
#        PROJECT is the folder that the paths below begin in (default: this one)
#        -k: go on after a run that is not as recorded
#
# It runs the commands in the project itself.  A result that is there already is
# in .rr/replaced while it is made again, and comes back if that fails or gives
# other bytes, which are then in .rr/different.  A file that none of these runs
# left so is not overwritten.  Needs a POSIX shell and a program for SHA-256.
#
# shellcheck disable=SC2030,SC2031  # each run has variables of its own

set -u
LC_ALL=C
export LC_ALL
IFS=' 	
'
unset CDPATH

`;

const FUNCTIONS = `# rr_look PATH: sets rr_file; rr_kind: f file, x executable file, l link, o other, -
# nothing there; and rr_hash.
rr_look() {
	rr_hash=-
	rr_locate "$1"
	if [ -h "$rr_file" ]; then
		rr_kind=l
		rr_read_link
		rr_hash=$(printf %s "$rr_target" | { rr_hash_stdin; printf %s "$rr_hash"; })
	elif [ -f "$rr_file" ]; then
		if [ -x "$rr_file" ]; then rr_kind=x; else rr_kind=f; fi
		[ ! -r "$rr_file" ] || rr_hash_stdin <"$rr_file"
	elif [ -e "$rr_file" ]; then rr_kind=o
	else rr_kind=-
	fi
}

# rr_note SENTENCE: the run is not as recorded, and why.
rr_note() {
	rr_say "run $rr_id: $1"
	rr_good=no
}

rr_start() {
	rr_id=$1
	rr_good=yes
	rr_outputs=0
}

# rr_input PATH KIND HASH SHOWN
rr_input() {
	rr_look "$1"
	case $rr_kind$2 in
	ll | [fx][fx]) [ "$rr_hash" != "$3" ] || return 0 ;;
	esac
	if [ "$rr_kind" = - ]; then rr_note "its input $4 is not here"; else rr_note "its input $4 is not as recorded"; fi
}

# rr_place PATH SHOWN: may the run write there?
rr_place() {
	rr_look "$1"
	case $rr_kind in
	-) return 0 ;;
	[fxl])
		case $rr_known in
		*" $rr_hash "*) return 0 ;;
		esac
		;;
	esac
	rr_note "$2 is there and is not as any of these runs left it; nothing is overwritten: move it away"
}

rr_is_good() {
	[ "$rr_good" = yes ]
}

# rr_folder_of NAME: makes the folder that NAME lies in.
rr_folder_of() {
	case $1 in
	*/*) mkdir -p "\${1%/*}" || exit 1 ;;
	esac
}

# rr_clear PATH: moves what is there out of the way.
rr_clear() {
	rr_locate "$1"
	[ -e "$rr_file" ] || [ -h "$rr_file" ] || return 0
	rr_folder_of ".rr/replaced/$rr_id/$rr_file"
	mv -f "$rr_file" ".rr/replaced/$rr_id/$rr_file" || exit 1
}

# rr_exit STATUS
rr_exit() {
	[ "$1" -eq 0 ] || rr_note "its command exited with $1"
}

# rr_output PATH KIND HASH SHOWN
rr_output() {
	rr_outputs=$((rr_outputs + 1))
	rr_look "$1"
	if [ "$rr_kind $rr_hash" = "$2 $3" ]; then
		rm -f ".rr/replaced/$rr_id/$rr_file"
		return
	fi
	case $rr_kind in
	-) rr_note "it did not make $4" ;;
	*) if [ "$rr_hash" = "$3" ]; then rr_note "it made $4 with another kind or mode"; else rr_note "it made $4 with other bytes"; fi ;;
	esac
	[ -e ".rr/replaced/$rr_id/$rr_file" ] || [ -h ".rr/replaced/$rr_id/$rr_file" ] || return 0
	if [ "$rr_kind" != - ]; then
		rr_folder_of ".rr/different/$rr_id/$rr_file"
		mv -f "$rr_file" ".rr/different/$rr_id/$rr_file" || exit 1
	fi
	rr_folder_of "$rr_file"
	mv -f ".rr/replaced/$rr_id/$rr_file" "$rr_file"
}

rr_finish() {
	find ".rr/replaced/$rr_id" -depth -type d -exec rmdir {} \\; 2>/dev/null
	if rr_is_good; then
		rr_done=$((rr_done + 1))
		rr_say "run $rr_id: as recorded (outputs: $rr_outputs)"
	else
		rr_failed=$((rr_failed + 1))
		[ "$rr_go_on" = yes ] || rr_die "stopped; to go on after such a run: -k"
	fi
}

rr_refuse() {
	rr_say "cannot understand \\"$1\\""
	rr_die 'hint: sh FILE [-k] [PROJECT]'
}

# rr_leave_out ID WHY
rr_leave_out() {
	rr_say "run $1 is left out: $2"
	rr_left_out=$((rr_left_out + 1))
}

rr_go_on=no
case \${1-} in
-k)
	rr_go_on=yes
	shift
	;;
-*) rr_refuse "$1" ;;
esac
if [ $# -gt 1 ]; then rr_refuse "$2"; fi
if [ $# -gt 0 ]; then cd "$1" || exit 1; fi
if [ -h .rr ]; then rr_die 'cannot go on: .rr is a link, and must be a folder of this project'; fi
rr_find_tool
rr_done=0
rr_failed=0
rr_left_out=0
`;

const CONCLUSION = `
rr_say "runs: $rr_done as recorded, $rr_failed not, $rr_left_out left out"
[ "$((rr_failed + rr_left_out))" -eq 0 ]
`;

/** The script up to the first run. `hashes`: of all that the runs wrote. */
export function printReplayHead(hashes: Set<string>): ByteString {
  const unset = '# Variables that change results.  Those that a record does not give were unset.\nrr_unset_variables() {\n'
    + REPLAYED_VARIABLES.map((name) => '\tunset ' + name + '\n').join('') + '}\n\n';
  const known = "# What these runs wrote.\nrr_known=' " + Array.from(hashes).sort().map((hash) => hash + ' ').join('\n ') + "'\n";
  return USAGE + BORROWED.map(borrowFunction).join('') + unset + FUNCTIONS + known;
}

export function printReplayEnd(): ByteString {
  return CONCLUSION;
}

/** Why a run cannot be repeated by the script; `isLacking`: something that it would make will be missing. */
export type ReplayObstacle = { why: string; isLacking: boolean };

/** undefined if the run can be repeated. */
export function findReplayObstacle(run: Run): ReplayObstacle | undefined {
  if (run.status !== 'succeeded') return { why: 'it did not succeed (' + run.status + ')', isLacking: false };
  if (run.command.indexOf('\0') >= 0) return { why: 'its command holds a secret that was not recorded', isLacking: true };
  if (run.directory !== '.' && !isResultPath(run.directory)) return { why: 'it ran in ' + encodeText(run.directory) + ', outside of the project', isLacking: true };
  const outside = run.outputs.find((file) => !isResultPath(file.path) && !isRedirected(run, file.path));
  return outside === undefined ? undefined : { why: 'its output ' + encodeText(outside.path) + ' is outside of the project', isLacking: true };
}

/** A stream that went to a file outside is no result, and is not kept again. */
function isRedirected(run: Run, path: ByteString): boolean {
  return path[0] === '/' && run.redirects.some((redirect) => redirect.replace(/^[012] (?:<|>|>>) /, '') === path);
}

function printScriptComment(text: ByteString): ByteString {
  return '# ' + makeHarmless(text) + '\n';
}

function printScriptTitle(run: Run): ByteString {
  const label = run.label === undefined ? '' : '  ' + run.label;
  return '\n' + printScriptComment('---- ' + run.id + label) + (run.reason === undefined ? '' : printScriptComment(run.reason));
}

/** A name that no program takes for an option. */
function quoteName(path: ByteString): ByteString {
  return quoteWord(path[0] === '-' ? './' + path : path);
}

function shownOf(file: FileState): ByteString {
  return quoteWord(encodeText(file.path));
}

function kindWord(file: FileState): string {
  return file.kind === '' ? 'f' : file.kind;
}

function isHashed(file: FileState): boolean {
  return isComparable(file) && file.hash.length === 64;
}

function printRedirects(run: Run): ByteString {
  return run.redirects.reduce((text, redirect) => {
    const parts = /^([012]) (<|>|>>|>&) ([^]*)$/.exec(redirect);
    if (parts === null) return text;
    if (parts[2] === '>&') return text + '\t\texec ' + parts[1] + '>&' + parts[3] + '\n';
    // The bytes are no result: what lies outside is not written.
    const isLost = parts[2] !== '<' && !isResultPath(parts[3]);
    return text + '\t\texec ' + parts[1] + parts[2] + (isLost ? '/dev/null' : quoteName(parts[3])) + '\n';
  }, '\t\texec </dev/null\n');
}

/** The recorded variables, and none of the list or declared that were not set; what was withheld stays as it is. */
function printVariables(run: Run): ByteString {
  const nameOf = (variable: ByteString): ByteString => variable.slice(0, variable.indexOf('='));
  const withheld = new Set(run.variableHashes.map((one) => one.split(' ')[0]).concat(run.variables.filter((one) => one.indexOf('\0') >= 0).map(nameOf)));
  const declared = run.declaredVariables.filter((name) => isDeclarableVariable(name) && REPLAYED_VARIABLES.indexOf(name) < 0 && !withheld.has(name));
  const unset = REPLAYED_VARIABLES.some((name) => withheld.has(name))
    ? REPLAYED_VARIABLES.filter((name) => !withheld.has(name)).map((name) => '\t\tunset ' + name + '\n').join('') : '\t\trr_unset_variables\n';
  const told = withheld.size === 0 ? '' : '\t\t# not recorded, because it may be secret, and left as it is: ' + makeHarmless(Array.from(withheld).join(' ')) + '\n';
  const given = run.variables.filter((one) => !withheld.has(nameOf(one)) && isReplayedVariable(nameOf(one), declared));
  return told + unset + declared.map((name) => '\t\tunset ' + name + '\n').join('')
    + given.map((one) => '\t\texport ' + nameOf(one) + '=' + quoteWord(one.slice(one.indexOf('=') + 1)) + '\n').join('') + '\t\tunset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES\n';
}

/** Folders that the run makes are taken away if they are empty; those that its outputs lie in are made. */
function printFolders(run: Run): ByteString {
  const made = run.outputs.filter((file) => file.kind === 'd').map((file) => file.path).sort();
  const parents = new Set<ByteString>();
  for (const { path } of run.outputs) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent !== '' && path[0] !== '/' && made.indexOf(parent) < 0) parents.add(parent);
  }
  return made.reverse().map((path) => '\trmdir ' + quoteName(path) + ' 2>/dev/null\n').join('')
    + Array.from(parents).sort().map((path) => '\tmkdir -p ' + quoteName(path) + ' || exit 1\n').join('');
}

function printCommand(run: Run): ByteString {
  // "exec" takes no builtin of this shell instead of the program.
  return '\t(\n' + printRedirects(run) + printVariables(run) + (run.directory === '.' ? '' : '\t\tcd ' + quoteName(run.directory) + ' || exit 126\n')
    + '\t\tset +u\n\t\texec ' + run.command + '\n\t)\n\trr_exit "$?"\n';
}

function printRepeat(run: Run): ByteString {
  const outputs = run.outputs.filter((file) => isHashed(file) && isResultPath(file.path));
  const read = new Set(run.inputs.map((file) => file.path));
  const written = outputs.filter((file) => !read.has(file.path));
  const compared = (verb: string, file: FileState): ByteString => verb + ' ' + quoteWord(file.path) + ' ' + kindWord(file) + ' ' + file.hash + ' ' + shownOf(file) + '\n';
  return 'rr_start ' + run.id + '\n' + run.inputs.filter(isHashed).map((file) => compared('rr_input', file)).join('')
    + written.map((file) => 'rr_place ' + quoteWord(file.path) + ' ' + shownOf(file) + '\n').join('')
    + 'if rr_is_good; then\n' + written.map((file) => '\trr_clear ' + quoteWord(file.path) + '\n').join('') + printFolders(run) + printCommand(run)
    + outputs.map((file) => '\t' + compared('rr_output', file)).join('') + 'fi\nrr_finish\n';
}

/** One run of the script: repeated, or as a comment with the reason. */
export function printReplay(run: Run): ByteString {
  const obstacle = findReplayObstacle(run);
  if (obstacle === undefined) return printScriptTitle(run) + printRepeat(run);
  const told = obstacle.isLacking ? 'rr_leave_out ' + run.id + ' ' + quoteWord(makeHarmless(obstacle.why)) + '\n' : '';
  return printScriptTitle(run) + printScriptComment((obstacle.isLacking ? 'left out: ' : 'not repeated: ') + obstacle.why) + printScriptComment('  ' + encodeWithheld(run.command)) + told;
}

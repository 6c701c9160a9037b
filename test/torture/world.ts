// world.ts - the projects that are tortured, and the commands that are tortured in them.
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { CLEAN_ENV, hasProgram, RR_JS } from '../rig.ts';

export const SOURCES = path.resolve(__dirname, '..', '..', '..', '..', 'test', 'torture');
export const CHECK = path.join(SOURCES, 'check.sh');

/** What a command of the user does, whatever rr meets: `record` passes it on. */
export type Promised = { stdout: string; stderr: string; status: number };

export type Tortured = {
  name: string;
  /** 'full': with runs of all kinds; 'empty': a folder with nothing in it; 'pictures': too many for a page. */
  world: 'full' | 'empty' | 'pictures';
  /** Shell script in the project, before. */
  before: string;
  args: string[];
  /** What is there to be, whole or not at all, or as before. */
  targets: string[];
  /** Only of verbs that run one command of the user. */
  promised: Promised | undefined;
  /** It looks only: what it cannot write it does without, and says nothing of it. */
  isLooking: boolean;
  /** To say it again afterwards, if that takes other words. */
  again: string[] | undefined;
  /** What others do while it is stopped, after what they always do. */
  partners: string[][];
};

const SPEAKING: Promised = { stdout: 'said\n', stderr: 'told\n', status: 0 };
const SPEAKS = 'echo said; echo told >&2; ';

function tortured(name: string, args: string[], more: Partial<Tortured> = {}): Tortured {
  return { name, world: 'full', before: '', args, targets: [], promised: undefined, isLooking: false, again: undefined, partners: [], ...more };
}

function record(name: string, options: string[], script: string, more: Partial<Tortured> = {}): Tortured {
  return tortured(name, ['record', ...options, '--', 'sh', '-c', SPEAKS + script], { promised: SPEAKING, ...more });
}

const CHANGED = 'echo other >> in.txt; ';

const NEEDS_KEYS = hasProgram('ssh-keygen') ? false : 'ssh-keygen is missing';

/** Every verb that writes, in the ways in which it writes. */
export const TORTURED: Tortured[] = [
  tortured('init', ['init', '-q'], { world: 'empty' }),
  tortured('init-reuse', ['init', '-q', '--reuse']),
  record('record-first', [], 'echo 1 > one.txt', { world: 'empty' }),
  record('record', ['--trace', 'scan', '-p', 'n=1'], 'echo 1 > one.txt; echo 2 > a.txt'),
  record('record-traced', ['-l', 'traced', '-o', 'one.txt'], 'cat in.txt a.txt > one.txt'),
  record('record-failing', ['--trace', 'none', '-o', 'one.txt'], 'echo half > one.txt; exit 7', { promised: { ...SPEAKING, status: 7 } }),
  record('record-reusing', ['--reuse', '-i', 'in.txt', '-o', 'one.txt'], 'cat in.txt > one.txt'),
  tortured('plan', ['record', '-q', '--plan', 'more', '-o', 'more.txt', '--', 'sh', '-c', 'cat b.txt > more.txt'], { again: ['record', '-q', '--force', '--plan', 'more', '-o', 'more.txt', '--', 'sh', '-c', 'cat b.txt > more.txt'] }),
  tortured('sweep', ['sweep', '-q', '-j', '2', '-l', 'more', '-p', 'k=1,2,3', '-o', 'm{k}.txt', '--', 'sh', '-c', 'cat in.txt > m{k}.txt']),
  tortured('sweep-short', ['sweep', '-q', '-j', '2', '--trace', 'none', '-l', 'more', '-p', 'k=1..4', '-o', 'm{k}.txt', '--', 'sh', '-c', 'echo {k} > m{k}.txt']),
  tortured('note', ['note', '-q', '-l', 'renamed', '-t', 'tag', 'a', 'a comment'], { again: ['note', '-q', '-l', 'renamed', '@', 'again'] }),
  tortured('note-comment', ['note', '-q', 'b', 'a comment']),
  tortured('makefile', ['makefile', '-q'], { before: 'rm provenance/SHA256SUMS; echo > provenance/Makefile; ' }),
  tortured('make', ['make', '-q', '-j', '2'], { before: CHANGED }),
  tortured('make-one', ['make', '-q', '-j', '1', '--reuse', 'b.txt'], { before: CHANGED }),
  tortured('rerun', ['rerun', '-q', 'b']),
  tortured('rerun-in-place', ['rerun', '-q', '--in-place', 'a']),
  tortured('rerun-set', ['rerun', '-q', '--set', 'n=5', 'p'], {}),
  tortured('gc', ['gc', '-q', '--size', '0', '--aside']),
  tortured('export-file', ['export', '-q', 'ro-crate', '-o', 'new.json'], { targets: ['new.json'], again: ['export', '-q', '-f', 'ro-crate', '-o', 'new.json'] }),
  tortured('export-over', ['export', '-q', '-f', 'prov-n', '-o', 'old.provn'], { targets: ['old.provn'] }),
  tortured('export-folder', ['export', '-q', '-f', 'guix', '-o', 'guix/'], { targets: ['guix/channels.scm', 'guix/manifest.scm'] }),
  tortured('archive-tar', ['archive', '-q', 'new.tar'], { targets: ['new.tar'], again: ['archive', '-q', '-f', 'new.tar'] }),
  tortured('archive-over', ['archive', '-q', '-f', 'old.tar'], { targets: ['old.tar'] }),
  tortured('archive-zip', ['archive', '-q', 'new.zip'], { targets: ['new.zip'], again: ['archive', '-q', '-f', 'new.zip'] }),
  tortured('archive-folder', ['archive', '-q', 'new/'], { targets: ['new'], again: ['archive', '-q', '-f', 'new/'] }),
  tortured('archive-folder-over', ['archive', '-q', '-f', 'oldbag/'], { targets: ['oldbag'] }),
  tortured('report', ['report', '-q', '-o', 'new.html'], { targets: ['new.html'] }),
  tortured('report-over', ['report', '-q', '-o', 'old.html'], { targets: ['old.html'] }),
  tortured('report-parts', ['report', '-q', '-o', 'old.html'], { world: 'pictures', before: 'rr record -q --trace none -- true; ', partners: [['report', '-q', '-o', 'old.html']] }),
  ...(NEEDS_KEYS === false ? [tortured('sign', ['sign', '-q', '--key', '../neighbour/key'])] : []),
  tortured('swhid', ['swhid', '-q', 'in.txt', '.'], { isLooking: true }),
  tortured('status', ['status'], { before: 'rm -rf .rr/status .rr/index .rr/hashes; ', isLooking: true }),
  tortured('list', ['list'], { before: 'rm -rf .rr/index; ', isLooking: true }),
  tortured('why', ['why', 'b.txt'], { before: 'rm -rf .rr/index .rr/hashes; ', isLooking: true }),
  tortured('verify', ['verify', '-q'], { isLooking: true }),
];

const FULL = [
  'git init -q .; echo one > in.txt; printf "out.txt\\n" > .gitignore; git add in.txt .gitignore; git -c user.name=A -c user.email=a@example.org commit -q -m first; echo more >> in.txt',
  'rr init -q',
  'rr record -q -l a -i in.txt -o a.txt -- sh -c "cat in.txt in.txt > a.txt; echo said a; echo told a >&2" > /dev/null 2>&1',
  'rr record -q -l b -o b.txt -- sh -c "wc -l < a.txt > b.txt"',
  'rr record -q -l p -p n=4 -o p.txt -- sh -c "echo \\$0 > p.txt" 4',
  'rr sweep -q -l s -p k=1,2 -o "s{k}.txt" -- sh -c "echo {k} > s{k}.txt"',
  '! rr record -q -l bad -- sh -c "echo no > bad.txt; exit 3"',
  'rr note -q a "a note"',
  'rr record -q --plan later -i b.txt -o later.txt -- sh -c "cat b.txt > later.txt"',
  'rr record -q --reuse -l kept -i in.txt -o kept.txt -- sh -c "tr a-z A-Z < in.txt > kept.txt"',
  'rr export -q prov-n -o old.provn; rr report -q -o old.html; rr archive -q old.tar; rr archive -q oldbag/',
  '! command -v ssh-keygen > /dev/null || { ssh-keygen -q -t ed25519 -N "" -C "" -f ../neighbour/key && rr sign -q --key ../neighbour/key > /dev/null; }',
  'rr record -q -l late -- sh -c "echo late > late.txt"',
];
const PICTURES = [
  'rr init -q',
  'for run in 1 2 3 4 5 6; do rr record -q --trace scan -- sh -c \'for i in 1 2 3 4 5 6 7 8; do { printf "\\211PNG\\r\\n\\032\\n"; head -c 390000 /dev/urandom; } > $1-$i.png; done\' sh $run || exit 9; done',
  'rr report -q -o old.html && [ -d old_files ]',
];
const SMALL = 5;

export type Place = { /** Of the round; holds the others. */ base: string; project: string; memory: string };

export function placeAt(base: string): Place {
  return { base, project: path.join(base, 'world', 'project'), memory: path.join(base, 'memory') };
}

/** Runs a program to its end, without holding up others. */
function finish(folder: string, argv: string[]): Promise<{ status: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = childProcess.spawn(argv[0], argv.slice(1), { cwd: folder, env: { ...CLEAN_ENV, NODE: process.execPath, RR: RR_JS }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000, killSignal: 'SIGKILL' } as childProcess.SpawnOptionsWithoutStdio);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => { text += data.toString('latin1'); });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
  });
}

/** Runs a shell script; rr is there as a function. */
export function runScript(folder: string, script: string): Promise<{ status: number | null; text: string }> {
  return finish(folder, ['sh', '-c', 'rr() { "$NODE" "$RR" "$@"; }\n' + script]);
}

/** The worlds as they are before anything goes wrong. */
export async function makeWorlds(work: string, isSmall: boolean): Promise<void> {
  const scripts: { [world: string]: string[] } = { full: FULL.slice(0, isSmall ? SMALL : FULL.length), empty: [], pictures: isSmall ? [] : PICTURES };
  for (const world of Object.keys(scripts)) {
    const { project } = placeAt(path.join(work, world));
    fs.mkdirSync(project, { recursive: true });
    fs.mkdirSync(path.join(project, '..', 'neighbour'));
    fs.writeFileSync(path.join(project, '..', 'neighbour', 'file'), 'of another\n');
    const done = await runScript(project, scripts[world].map((line) => '{ ' + line + '; } || exit 9').join('\n'));
    if (done.status !== 0) throw new Error('cannot set up the world: ' + done.text);
  }
}

/** A new copy of a world, made ready for a command. */
export async function enterWorld(work: string, base: string, one: Tortured, isMounted = false): Promise<Place> {
  const place = placeAt(base);
  fs.mkdirSync(path.join(base, 'world'), { recursive: true });
  if (isMounted && (await finish('/', ['mount', '-t', 'tmpfs', '-o', 'size=24m', 'none', path.join(base, 'world')])).status !== 0) throw new Error('cannot mount');
  await finish('/', ['cp', '-a', path.join(work, one.world, 'world') + '/.', path.join(base, 'world')]);
  if (one.before !== '' && (await runScript(place.project, one.before)).status !== 0) throw new Error('cannot make ready for ' + one.name);
  return place;
}

/** Lines of the checker: what does not hold. */
export async function check(mode: 'remember' | 'hurt' | 'settled', place: Place): Promise<string[]> {
  const done = await finish('/', ['sh', CHECK, mode, place.project, place.memory]);
  if (done.status !== 0 && done.status !== 1) throw new Error('check.sh: status ' + String(done.status) + ' ' + done.text);
  const lines = done.text.split('\n').filter((line) => line !== '');
  return done.status === 1 && lines.length === 0 ? ['check.sh found something that it did not name'] : lines;
}

export async function sumOf(project: string, target: string): Promise<string> {
  return (await finish('/', ['sh', CHECK, 'sum', path.join(project, target)])).text.trim();
}

/** What unfinished writes left passes for old from now on: the next writer removes it; of contents kept for reuse rr gc does. */
export async function ageLeftovers(project: string): Promise<void> {
  // A mark that was written by half is none.
  await runScript(project, 'for f in .rr/running/*Z-??????; do [ ! -f "$f" ] || [ "$(sed -n \'$s/^Sha256: //p\' "$f")" = "$(sed \'$d\' "$f" | sha256sum | cut -c1-64)" ] || touch -d "2 hours ago" "$f"; done');
  await runScript(project, 'find . -name ".*.tmp" -exec touch -h -d "2 hours ago" {} +; find . -name ".*.old" -exec touch -h -d "2 hours ago" {} +; cd .rr/running 2>/dev/null || exit 0; find . -mindepth 1 \\( -name "*.*" -o -type f -size 0 \\) -exec touch -h -d "2 hours ago" {} +; cd ../..; [ ! -d .rr/objects ] || rr gc -q --older 9000d');
}

// ---- a small disk (needs root, and a mount namespace of our own) ----------------------------------------------

/** Fills the disk of a place, but for some KiB. */
export async function fillDisk(place: Place, leftKib: number): Promise<void> {
  const done = await runScript(place.project, 'f=../neighbour/filler; head -c 100000000 /dev/zero > $f 2>/dev/null; s=$(wc -c < $f); truncate -s $((s - ' + String(leftKib) + ' * 1024)) $f');
  if (done.status !== 0) throw new Error('cannot fill the disk: ' + done.text);
}

export async function freeDisk(place: Place): Promise<void> {
  await runScript(place.project, 'rm -f ../neighbour/filler; sed -i /filler/d "' + place.memory + '/outside"');
}

export async function remount(place: Place, how: 'ro' | 'rw'): Promise<void> {
  const done = await finish('/', ['mount', '-o', 'remount,' + how, path.join(place.base, 'world')]);
  if (done.status !== 0) throw new Error('cannot remount: ' + done.text);
}

export async function leaveWorld(place: Place, isMounted: boolean): Promise<void> {
  if (isMounted) await finish('/', ['umount', path.join(place.base, 'world')]);
  await finish('/', ['rm', '-rf', '--', place.base]);
}

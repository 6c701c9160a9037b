// matrix.ts - runs the transcripts of rr.js on every runtime it promises. Knows npm, and no transcript.
import * as childProcess from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

// usage: node matrix.js [--fetch-only] [NAME ...]
//   NAME           node14, node16 ... bun, deno (all of them)
//   --fetch-only   fetch and start each, run no transcript
// The tests run on this Node.js; rr.js runs on RR_RUNTIME, words separated by single spaces.

const FOLDER = path.resolve('.scratch/matrix');
const TRANSCRIPTS = '.scratch/out/test/transcripts.test.js';
const NODE_MAJORS = [14, 16, 18, 20, 22, 24, 26];

/** `command`: path of the binary inside its npm package, then the words that make it run a file. */
type Runtime = { name: string; packageName: string; range: string; command: string[] };
type Row = { name: string; version: string; passed: string; failed: string; skipped: string; isGood: boolean };

function listRuntimes(): Runtime[] {
  const { platform, arch } = process;
  const runtimes: Runtime[] = NODE_MAJORS.map((major) => (
    { name: 'node' + major, packageName: 'node-' + platform + '-' + arch, range: '@' + major, command: ['bin/node'] }
  ));
  const bunArch = arch === 'arm64' ? 'aarch64' : arch;
  runtimes.push({ name: 'bun', packageName: '@oven/bun-' + platform + '-' + bunArch, range: '', command: ['bin/bun'] });
  const libc = platform === 'linux' ? '-glibc' : '';
  runtimes.push({ name: 'deno', packageName: '@deno/' + platform + '-' + arch + libc, range: '', command: ['deno', 'run', '-A'] });
  return runtimes;
}

/** The highest of `versions` by number; versions with a pre-release tag do not count. '' if there is none. */
export function highestVersion(versions: string[]): string {
  const plain = versions.filter((version) => /^\d+\.\d+\.\d+$/.test(version));
  return plain.sort(compareVersions).pop() || '';
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** Newest published version, '' if the registry cannot be asked. */
function askVersion(runtime: Runtime): string {
  const asked = childProcess.spawnSync('npm', ['view', '--json', '--loglevel=error', runtime.packageName + runtime.range, 'version'], { encoding: 'utf8' });
  if (asked.status !== 0) return '';
  return highestVersion(([] as string[]).concat(JSON.parse(asked.stdout) as string | string[]));
}

function installedVersion(runtime: Runtime): string {
  const file = path.join(packageFolder(runtime), 'package.json');
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version : '';
}

function packageFolder(runtime: Runtime): string {
  return path.join(FOLDER, runtime.name, 'node_modules', runtime.packageName);
}

/** Brings the newest version here unless it is here; without a network what is here will do. */
function fetchRuntime(runtime: Runtime): void {
  const wanted = askVersion(runtime);
  if (wanted === '' || wanted === installedVersion(runtime)) return;
  const folder = path.join(FOLDER, runtime.name);
  fs.mkdirSync(folder, { recursive: true });
  // The binary is in the platform's own package: no install script of anybody has to run.
  childProcess.spawnSync('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save',
    '--no-package-lock', '--loglevel=error', runtime.packageName + '@' + wanted], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** What the runtime says of itself when it runs a script, '' if it does not start. */
function startRuntime(command: string[]): string {
  const script = path.join(FOLDER, 'hello.js');
  fs.writeFileSync(script, "const v = process.versions; console.log(v.bun || v.deno || v.node);\n");
  const started = childProcess.spawnSync(command[0], [...command.slice(1), script], { encoding: 'utf8' });
  return started.status === 0 ? started.stdout.trim() : '';
}

function runTranscripts(command: string[]): { passed: string; failed: string; skipped: string; isGood: boolean } {
  const env = { ...process.env, RR_RUNTIME: command.join(' ') };
  const ran = childProcess.spawnSync(process.execPath, ['--test', '--test-reporter=tap', TRANSCRIPTS],
    { encoding: 'utf8', env, maxBuffer: 1 << 28 });
  const failures = ran.stdout.split('\n').filter((line) => /^ *not ok /.test(line));
  if (failures.length > 0) process.stdout.write(failures.join('\n') + '\n');
  const count = (word: string): string => (new RegExp('^# ' + word + ' (\\d+)$', 'm').exec(ran.stdout) || ['', '?'])[1];
  const passed = count('pass');
  return { passed, failed: count('fail'), skipped: count('skipped'), isGood: ran.status === 0 && Number(passed) > 0 };
}

function tryRuntime(runtime: Runtime, isFetchOnly: boolean): Row {
  fetchRuntime(runtime);
  const command = [path.join(packageFolder(runtime), runtime.command[0]), ...runtime.command.slice(1)];
  if (fs.existsSync(command[0])) fs.chmodSync(command[0], 0o755);
  const version = startRuntime(command);
  if (version === '') return { name: runtime.name, version: 'does not start', passed: '-', failed: '-', skipped: '-', isGood: false };
  const none = { passed: '-', failed: '-', skipped: '-', isGood: true };
  return { name: runtime.name, version, ...(isFetchOnly ? none : runTranscripts(command)) };
}

function main(args: string[]): void {
  const isFetchOnly = args.includes('--fetch-only');
  const names = args.filter((arg) => arg !== '--fetch-only');
  const runtimes = listRuntimes().filter((runtime) => names.length === 0 || names.includes(runtime.name));
  if (!isFetchOnly && !fs.existsSync(TRANSCRIPTS)) throw new Error('no ' + TRANSCRIPTS + ': run "make compile"');
  fs.mkdirSync(FOLDER, { recursive: true });
  const print = (...cells: string[]): void => {
    process.stdout.write(cells.map((cell, i) => cell.padEnd([8, 15, 7, 7, 7][i])).join(' ').trimEnd() + '\n');
  };
  print('runtime', 'version', 'passed', 'failed', 'skipped');
  const rows = runtimes.map((runtime) => {
    const row = tryRuntime(runtime, isFetchOnly);
    print(row.name, row.version, row.passed, row.failed, row.skipped);
    return row;
  });
  if (rows.length === 0 || rows.some((row) => !row.isGood)) process.exitCode = 1;
}

if (require.main === module) main(process.argv.slice(2));

// runtests.ts - runs the tests, names what was skipped, remembers which tree passed. Knows no test.
import * as childProcess from 'child_process';
import * as crypto from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

// usage: node runtests.js [--reuse] [FILE.test.ts ...]
//   FILE       a test file (all of test/*.test.ts)
//   --reuse    run nothing if all tests have passed on this very tree with this Node.js

const TAP_FILE = '.scratch/tests.tap';
const PASSED_FILE = '.scratch/passed';
/** Folders that are no part of the tree under test; of the files beside them only these are: no log, no scrap. */
const OUTSIDE = ['.git', '.rr', '.scratch', 'node_modules'];
const TOP_FILES = /^(Makefile|LICENSE|rr\.js|.*\.(json|md))$/;

/** SHA-256 over names, modes and contents of the tree under test, and over the version of Node.js. */
export function hashTree(top: string): string {
  const hash = crypto.createHash('sha256').update(process.version + '\n');
  function add(name: string): void {
    const file = path.join(top, name);
    const stat = fs.lstatSync(file);
    hash.update(JSON.stringify(name) + ' ' + stat.mode + '\n');
    if (stat.isDirectory()) for (const entry of fs.readdirSync(file).sort()) add(path.join(name, entry));
    if (stat.isFile()) hash.update(crypto.createHash('sha256').update(fs.readFileSync(file)).digest());
    if (stat.isSymbolicLink()) hash.update(fs.readlinkSync(file));
  }
  for (const entry of listTop(top)) add(entry);
  return hash.digest('hex');
}

function listTop(top: string): string[] {
  const entries = fs.readdirSync(top, { withFileTypes: true });
  const inside = entries.filter((entry) => (entry.isDirectory() ? !OUTSIDE.includes(entry.name) : TOP_FILES.test(entry.name)));
  return inside.map((entry) => entry.name).sort();
}

export type SkippedTest = { name: string; reason: string };

/** The skipped tests of TAP 13 as node:test writes it; '\#' and '\\' in names are undone. */
export function readSkipped(tap: string): SkippedTest[] {
  const skipped: SkippedTest[] = [];
  for (const line of tap.split('\n')) {
    const match = /^ *ok \d+ - (.*) # SKIP ?(.*)$/.exec(line);
    if (match !== null) skipped.push({ name: unescapeTap(match[1]), reason: unescapeTap(match[2]).trim() });
  }
  return skipped;
}

function unescapeTap(text: string): string {
  return text.replace(/\\([\\#])/g, '$1');
}

/** The runner's closing lines, '# tests 12' to '# duration_ms 345'. */
function readClosing(tap: string): string {
  return tap.split('\n').filter((line) => /^# (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(line)).join('\n');
}

function runNode(files: string[]): boolean {
  const args = ['--test'];
  // More than there are cores, as some wait for clocks. Node.js before 20.10 has no such option and takes all cores but one.
  if (hasOption('--test-concurrency')) args.push('--test-concurrency=' + String(os.cpus().length + 1));
  args.push('--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=tap', '--test-reporter-destination=' + TAP_FILE);
  return childProcess.spawnSync(process.execPath, [...args, ...files], { stdio: 'inherit' }).status === 0;
}

function hasOption(option: string): boolean {
  return childProcess.spawnSync(process.execPath, ['--help'], { encoding: 'utf8' }).stdout.includes(option);
}

function listTests(): string[] {
  return fs.readdirSync('test').filter((name) => name.endsWith('.test.ts')).sort().map((name) => 'test/' + name);
}

/** Prints each skipped test with its reason; false if one has none, for it would be forgotten. */
function reportSkipped(skipped: SkippedTest[]): boolean {
  if (skipped.length > 0) process.stdout.write('\nskipped tests:\n');
  for (const { name, reason } of skipped) process.stdout.write('  ' + name + ': ' + (reason || 'NO REASON GIVEN') + '\n');
  return skipped.every((one) => one.reason !== '');
}

function main(args: string[]): boolean {
  const named = args.filter((arg) => arg !== '--reuse');
  const before = hashTree('.');
  if (args.includes('--reuse') && fs.existsSync(PASSED_FILE)) {
    const [hash, ...summary] = fs.readFileSync(PASSED_FILE, 'utf8').split('\n');
    if (hash === before) {
      process.stdout.write('the tests have passed on this very tree:\n' + summary.join('\n'));
      return true;
    }
  }
  const files = (named.length > 0 ? named : listTests()).map((name) => path.join('.scratch/out', name.replace(/\.ts$/, '.js')));
  const isPassed = runNode(files);
  const tap = fs.readFileSync(TAP_FILE, 'utf8');
  const isNothingForgotten = reportSkipped(readSkipped(tap));
  if (!isPassed || !isNothingForgotten) return false;
  if (named.length === 0 && hashTree('.') === before) fs.writeFileSync(PASSED_FILE, before + '\n' + readClosing(tap) + '\n');
  return true;
}

if (require.main === module && !main(process.argv.slice(2))) process.exitCode = 1;

// runtests.ts - runs the tests and names what was skipped. Knows no test.
import * as childProcess from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

// usage: node runtests.js [FILE.test.ts ...], or all of test/*.test.ts

const TAP_FILE = '.scratch/tests.tap';

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

function main(named: string[]): boolean {
  const files = (named.length > 0 ? named : listTests()).map((name) => path.join('.scratch/out', name.replace(/\.ts$/, '.js')));
  const isPassed = runNode(files);
  const isNothingForgotten = reportSkipped(readSkipped(fs.readFileSync(TAP_FILE, 'utf8')));
  return isPassed && isNothingForgotten;
}

if (require.main === module && !main(process.argv.slice(2))) process.exitCode = 1;

// example.test.ts - docs/example gives its committed bytes again, without Node.js, on several makes and shells.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { RERUN_SCRIPT } from '../src/views/rerunscript.ts';
import { PROVENANCE_README } from '../src/views/texts.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const EXAMPLE = path.resolve(__dirname, '..', '..', '..', 'docs', 'example');
const RESULTS = ['clean/monthly.csv', 'fit/coefficients.txt', 'fit/cycle.csv', 'fit/residuals.csv', 'figures/co2.svg', 'report/page.txt'];

/** A folder with all programs of the system but Node.js, and `shell` as its sh. */
function makeProgramFolder(shell: string): string {
  const folder = makeTemporary();
  for (const from of ['/usr/bin', '/bin']) {
    for (const name of fs.readdirSync(from)) {
      const place = path.join(folder, name);
      if (/^(?:node|nodejs|npm|npx|rr|deno|bun|sh)$/.test(name) || fs.existsSync(place)) continue;
      try {
        fs.symlinkSync(path.join(from, name), place);
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST') throw error;
      }
    }
  }
  fs.symlinkSync(run(undefined, ['sh', '-c', 'command -v "$1"', 'sh', shell]).stdout.trim(), path.join(folder, 'sh'));
  return folder;
}

function copyExample(): string {
  const copy = path.join(makeTemporary(), 'copy of the example');
  assert.equal(run(undefined, ['cp', '-R', EXAMPLE, copy]).status, 0);
  return copy;
}

const PAIRS = ['dash', 'busybox', 'bash', 'mksh', 'yash', 'ksh93', 'posh'].map((shell) => ['make', shell]).concat([['bmake', 'dash'], ['bmake', 'busybox'], ['bmake', 'ksh93'], ['pdpmake', 'dash']]);

for (const [make, shell] of PAIRS) {
  const missing = [make, shell].find((name) => !hasProgram(name));
  test('docs/example reproduces on ' + make + ' with ' + shell + ' as sh, without Node.js', { skip: missing === undefined ? false : 'no ' + missing }, () => {
    const env = { PATH: makeProgramFolder(shell), LANG: 'C' };
    const copy = copyExample();
    assert.notEqual(run(copy, ['sh', '-c', 'command -v node'], { env }).status, 0, 'node must not be there');
    const done = run(copy, [make, 'reproduce'], { env });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /6 results: 6 identical/);
    for (const name of RESULTS) fs.unlinkSync(path.join(copy, name));
    const made = run(copy, [make], { env });
    assert.equal(made.status, 0, made.stdout + made.stderr);
    for (const name of RESULTS) {
      assert.ok(fs.readFileSync(path.join(copy, name)).equals(fs.readFileSync(path.join(EXAMPLE, name))), name);
    }
  });
}

test('docs/example: sha256sum reads SHA256SUMS, and every record holds its seal', { skip: hasProgram('sha256sum') ? false : 'no sha256sum' }, () => {
  const sums = run(EXAMPLE, ['sha256sum', '-c', '--strict', 'provenance/SHA256SUMS']);
  assert.equal(sums.status, 0, sums.stdout + sums.stderr);
  assert.equal(sums.stdout.split('\n').length - 1, RESULTS.length);
  const seals = run(EXAMPLE, ['sh', '-c', 'for f in provenance/runs/*/*.rec; do [ "$(sed "\\$d" "$f" | sha256sum | cut -c1-64)" = "$(sed -n "\\$s/^Sha256: //p" "$f")" ] || exit 1; done']);
  assert.equal(seals.status, 0);
});

test('docs/example: its records name no place outside of it but programs', () => {
  const found = run(EXAMPLE, ['grep', '-rhE', '^(Input|Output|Command|Directory|Redirect): .*(^| )/', 'provenance/runs']);
  assert.equal(found.stdout, '');
});

test('docs/example: its rerun.sh and README.txt are those that rr writes now', () => {
  assert.equal(fs.readFileSync(path.join(EXAMPLE, 'provenance/rerun.sh'), 'latin1'), RERUN_SCRIPT);
  assert.equal(fs.readFileSync(path.join(EXAMPLE, 'provenance/README.txt'), 'latin1'), PROVENANCE_README);
});

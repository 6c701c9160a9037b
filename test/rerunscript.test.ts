// rerunscript.test.ts - the text of rerun.sh in rr is the file src/rerun.sh, and is portable sh.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as childProcess from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { REPLAYED_VARIABLES } from '../src/core/variables.ts';
import { RERUN_SCRIPT } from '../src/views/rerunscript.ts';

// src/rerun.sh is the source, because sh is best read and checked as sh. rr.js has to be one file,
// so two TypeScript files hold its text; RR_UPDATE=1 with this test writes them.

const VIEWS = 'src/views';
/** The line at which the second file begins. */
const SECOND_PART = '\n# ---- make -';
const VARIABLES_MARK = '@REPLAYED_VARIABLES@';

function printLiteral(text: string): string {
  const escaped = text.replace(/[\\`]|\$\{/g, '\\$&');
  return '`' + escaped.replace(VARIABLES_MARK, "${REPLAYED_VARIABLES.join(' ')}") + '`';
}

function printSources(script: string): { [name: string]: string } {
  const at = script.indexOf(SECOND_PART) + 1;
  assert.ok(at > 0);
  return {
    'rerunlook.ts': '// rerunlook.ts - first half of rerun.sh: text, content, records. Written from src/rerun.sh by its test.\n'
      + "import { REPLAYED_VARIABLES } from '../core/variables.ts';\n\n"
      + '/** Up to what finds out what there is to do. */\n'
      + 'export const RERUN_LOOK = ' + printLiteral(script.slice(0, at)) + ';\n',
    'rerunscript.ts': '// rerunscript.ts - provenance/rerun.sh. Written from src/rerun.sh by its test.\n'
      + "import { RERUN_LOOK } from './rerunlook.ts';\n\n"
      + '/** The whole file: static, the same in every project. */\n'
      + 'export const RERUN_SCRIPT = RERUN_LOOK + ' + printLiteral(script.slice(at)) + ';\n',
  };
}

test('RERUN_SCRIPT is src/rerun.sh with the variables that rr records', () => {
  const script = fs.readFileSync('src/rerun.sh', 'utf8');
  const sources = printSources(script);
  for (const name of Object.keys(sources)) {
    const file = path.join(VIEWS, name);
    if (process.env.RR_UPDATE === '1') fs.writeFileSync(file, sources[name]);
    assert.equal(fs.readFileSync(file, 'utf8'), sources[name], file + ': run this test with RR_UPDATE=1');
  }
  if (process.env.RR_UPDATE !== '1') assert.equal(RERUN_SCRIPT, script.replace(VARIABLES_MARK, REPLAYED_VARIABLES.join(' ')));
});

function isThere(program: string): boolean {
  return childProcess.spawnSync('sh', ['-c', 'command -v ' + program]).status === 0;
}

for (const [program, args] of [['shellcheck', ['-s', 'sh']], ['checkbashisms', ['-f', '-p']]] as [string, string[]][]) {
  test('RERUN_SCRIPT is clean to ' + program, { skip: isThere(program) ? false : program + ' is missing' }, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-'));
    const file = path.join(folder, 'rerun.sh');
    fs.writeFileSync(file, RERUN_SCRIPT);
    const { status, stdout, stderr } = childProcess.spawnSync(program, [...args, file], { encoding: 'utf8' });
    fs.rmSync(folder, { recursive: true });
    assert.equal(stdout + stderr, '');
    assert.equal(status, 0);
  });
}

for (const shell of ['dash', 'busybox sh', 'bash --posix', 'mksh', 'yash', 'ksh93', 'posh']) {
  const program = shell.split(' ')[0];
  test('RERUN_SCRIPT is read by ' + shell, { skip: isThere(program) ? false : program + ' is missing' }, () => {
    const { status } = childProcess.spawnSync('sh', ['-c', shell + ' -n'], { input: RERUN_SCRIPT });
    assert.equal(status, 0);
  });
}

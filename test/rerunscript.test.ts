// rerunscript.test.ts - the text of rerun.sh in rr is the file src/rerun.sh, and is portable sh.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as childProcess from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { REFUSED_PREFIXES, REFUSED_VARIABLES, REPLAYED_VARIABLES } from '../src/core/variables.ts';
import { RERUN_SCRIPT } from '../src/views/rerunscript.ts';

test('RERUN_SCRIPT is src/rerun.sh with the variables that rr records', () => {
  const script = fs.readFileSync('src/rerun.sh', 'utf8');
  const filled = script.replace('@REPLAYED_VARIABLES@', REPLAYED_VARIABLES.join(' ')).replace('@REFUSED_VARIABLES@', REFUSED_VARIABLES.join(' ')).replace('@REFUSED_PREFIXES@', REFUSED_PREFIXES.join(' '));
  assert.equal(RERUN_SCRIPT, filled);
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

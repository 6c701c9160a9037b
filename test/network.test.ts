// network.test.ts - no verb opens a connection or writes outside of the project. Asked of strace.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasProgram, makeTemporary, RR_JS, run } from './rig.ts';

const NEEDS_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? false : 'strace is missing or may not trace';

const CALLS = 'socket,connect,bind,sendto,sendmsg,sendmmsg,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,truncate,mknod,mknodat,chmod,fchmodat,utimensat';

/** A scratch folder with a git work tree in it, so that what rr does for git is seen too. */
function makeWorld(): { folder: string; trace: string } {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'data.txt'), '1\n');
  const git = run(folder, ['sh', '-c', 'git init -q . && git add . && git -c user.name=a -c user.email=a@b.c commit -qm a && echo 2 > data.txt']);
  assert.equal(git.status, 0, git.stderr);
  return { folder, trace: path.join(makeTemporary(), 'trace') };
}

/** Lines of calls that reach the network, and those that change something outside of `folder`. */
function findOffences(trace: string, folder: string): string[] {
  const offences: string[] = [];
  for (const line of fs.readFileSync(trace, 'latin1').split('\n')) {
    if (/AF_INET6?\b|AF_PACKET/.test(line)) offences.push(line);
    const isOpen = /^\d+ +(?:openat|open)\(/.test(line);
    if (isOpen && !/O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/.test(line)) continue;
    if (!isOpen && !/^\d+ +(?:creat|mkdir|rename|link|symlink|unlink|rmdir|truncate|mknod|chmod|fchmod|utimens)/.test(line)) continue;
    if (/ = -1 /.test(line)) continue;
    for (const [, name] of line.matchAll(/(?<!\\)"((?:[^"\\]|\\.)*)"/g)) {
      if (name.startsWith('/') && !name.startsWith(folder + '/') && name !== folder && !/^\/dev\/(null|tty|pts\/\d+|ptmx|full|zero)$|^\/proc\/self\/fd\//.test(name)) offences.push(line);
      if (name.startsWith('../')) offences.push(line);
    }
  }
  return offences;
}

test('no verb reaches the network, and none writes outside of the project', { skip: NEEDS_STRACE, timeout: 60000 }, () => {
  const { folder, trace } = makeWorld();
  const verbs: [string[], number][] = [
    [['init'], 0], [['record', '--', 'sh', '-c', 'cat data.txt > out.txt; echo hi'], 0], [['record', '--trace', 'atime', '--', 'cat', 'data.txt'], 0],
    [['list'], 0], [['list', '--json'], 0], [['show', '@'], 0], [['verify'], 0], [['makefile'], 0], [['makefile', '--print'], 0],
    [['help'], 0], [['help', 'record'], 0], [['--help'], 0], [['--version'], 0], [['record', '--help'], 0], [['nonsense'], 2],
  ];
  for (const [args, status] of verbs) {
    const done = run(folder, ['strace', '-f', '-qq', '-s', '4096', '-o', trace, '-e', 'trace=' + CALLS, process.execPath, RR_JS].concat(args));
    assert.equal(done.status, status, args.join(' ') + ': ' + done.stderr);
    assert.ok(fs.statSync(trace).size > 0, 'strace saw something');
    assert.deepEqual(findOffences(trace, folder), [], 'rr ' + args.join(' '));
  }
});

test('verbs that look change nothing but the cache of hashes', { timeout: 60000 }, () => {
  const { folder } = makeWorld();
  assert.equal(run(folder, [process.execPath, RR_JS, 'record', '-q', '--', 'sh', '-c', 'cat data.txt > out.txt; echo hi']).status, 0);
  const look = (): string => run(folder, ['sh', '-c', 'find . ! -path ./.rr ! -path ./.rr/seen -printf "%p %s %m %T@ %C@\\n" | sort']).stdout;
  const before = look();
  for (const args of [['list'], ['list', '--csv'], ['show', '@'], ['show', 'out.txt'], ['verify', '--quick'], ['makefile', '--print'], ['help'], ['--version']]) {
    const done = run(folder, [process.execPath, RR_JS].concat(args));
    assert.equal(done.status, 0, args.join(' ') + done.stderr);
    assert.equal(look(), before, 'rr ' + args.join(' '));
  }
});

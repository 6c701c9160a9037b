// trace.test.ts - lines of strace in, what the run did out. The lines are as strace 6.1 printed them; what follows from them is written by hand.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Trace } from '../src/core/trace.ts';
import type { TracedFile, TraceSummary } from '../src/core/trace.ts';
import { StraceReader } from '../src/formats/strace.ts';

/** Classes as in a project in /p; links: /p/link -> /p/real, /p/alias -> /p/target. */
function traceOf(lines: string[], split = 1 << 16): TraceSummary {
  const trace = new Trace({
    folder: '/p',
    classOf: (path) => (/^\/p(\/|$)/.test(path) ? 'project' : /^\/(usr|etc)\//.test(path) ? 'system' : /^\/(dev|proc|sys)\//.test(path) ? 'ignored' : /^\/tmp\//.test(path) ? 'temporary' : 'outside'),
    resolveFolder: (folder) => folder.replace(/^\/p\/link(?=\/|$)/, '/p/real').replace(/^\/p\/alias$/, '/p/target'),
  });
  const reader = new StraceReader((event) => trace.handle(event));
  const text = lines.map((line, i) => (/^\d+ /.test(line) ? line : '10 ' + line).replace(/^(\d+) (?!\d+\.)/, '$1  1700000000.' + String(i).padStart(6, '0') + ' ') + '\n').join('');
  for (let at = 0; at < text.length; at += split) reader.feed(text.slice(at, at + split));
  reader.end();
  return trace.summarize();
}

/** `path role...`, with `<initial` where it was elsewhere before. */
function describe(file: TracedFile): string {
  const roles: [boolean, string][] = [
    [file.isRead, 'read'], [file.isReplaced, 'replaced'], [file.isUpdated, 'updated'], [file.isRelocated, 'relocated'], [file.isModeSet, 'mode'], [file.isTimesSet, 'times'], [file.isGone, 'gone'], [file.kind !== 'file', file.kind],
  ];
  const initial = file.initialPath === undefined || file.initialPath === file.path ? '' : ' <' + file.initialPath;
  return [file.path + initial, file.origin].concat(roles.filter(([is]) => is).map(([, role]) => role)).join(' ');
}

const CASES: [string, string[], string[]][] = [
  ['a file opened for reading is from before and read', ['openat(AT_FDCWD</p>, "a", O_RDONLY|O_CLOEXEC) = 3</p/a>'], ['/p/a before read']],
  ['O_PATH is nothing', ['openat(AT_FDCWD</p>, "a", O_RDONLY|O_PATH) = 3</p/a>'], []],
  ['O_DIRECTORY is no file', ['openat(AT_FDCWD</p>, "d", O_RDONLY|O_DIRECTORY) = 3</p/d>'], []],
  ['O_RDWR is read and updated', ['openat(AT_FDCWD</p>, "a", O_RDWR) = 3</p/a>'], ['/p/a before read updated']],
  ['appending is updated', ['openat(AT_FDCWD</p>, "a", O_WRONLY|O_APPEND) = 3</p/a>'], ['/p/a before updated']],
  ['O_CREAT proves nothing', ['openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/a>'], ['/p/a unknown replaced']],
  ['creat() too', ['creat("a", 0666) = 3</p/a>'], ['/p/a unknown replaced']],
  ['O_EXCL proves that the run made it', ['openat(AT_FDCWD</p>, "a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</p/a>'], ['/p/a made updated']],
  ['a name that was not there before is made', ['openat(AT_FDCWD</p>, "a", O_RDONLY) = -1 ENOENT (No such file or directory)', 'openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT, 0666) = 3</p/a>'], ['/p/a made updated']],
  ['a name that was there before is from before', ['readlink("a", 0x7ffe, 4096) = -1 EINVAL (Invalid argument)', 'openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/a>'], ['/p/a before replaced']],
  ['what lies in a new folder is made', ['mkdir("d", 0777) = 0', 'openat(AT_FDCWD</p>, "d/a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/d/a>'], ['/p/d/a made replaced']],
  ['openat2 has its flags in a structure', ['openat2(3</p/d>, "a", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_BENEATH}, 24) = 4</p/d/a>'], ['/p/d/a before read']],
  ['openat2 that truncates', ['openat2(AT_FDCWD</p>, "a", {flags=O_WRONLY|O_CREAT|O_TRUNC, mode=0666}, 24) = 4</p/a>'], ['/p/a unknown replaced']],
  ['what the run wrote and read back is not read', ['openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/a>', 'openat(AT_FDCWD</p>, "a", O_RDONLY) = 3</p/a>'], ['/p/a unknown replaced']],
  ['read before it was replaced is both', ['openat(AT_FDCWD</p>, "a", O_RDONLY) = 3</p/a>', 'openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/a>'], ['/p/a before read replaced']],
  ['made and removed is temporary', ['openat(AT_FDCWD</p>, "a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</p/a>', 'unlink("a") = 0'], []],
  ['removed is gone', ['unlinkat(AT_FDCWD</p>, "a", 0) = 0'], ['/p/a before gone']],
  ['write aside and rename', ['openat(AT_FDCWD</p>, "t", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3</p/t>', 'rename("t", "out") = 0'], ['/p/out made updated relocated']],
  ['sed -i: what was there stays an input', [
    'openat(AT_FDCWD</p>, "f", O_RDONLY) = 3</p/f>', 'openat(AT_FDCWD</p>, "./sedX", O_RDWR|O_CREAT|O_EXCL, 0600) = 4</p/sedX>', 'fchmod(4</p/sedX>, 0100644) = 0', 'rename("./sedX", "f") = 0',
  ], ['/p/f before read replaced gone', '/p/f made updated relocated mode']],
  ['a backup by rename, then a new file', ['rename("f", "f~") = 0', 'openat(AT_FDCWD</p>, "f", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/f>'], ['/p/f made replaced', '/p/f~ </p/f before read relocated']],
  ['RENAME_EXCHANGE swaps', ['renameat2(AT_FDCWD</p>, "a", AT_FDCWD</p>, "b", RENAME_EXCHANGE) = 0'], ['/p/a </p/b before read relocated', '/p/b </p/a before read relocated']],
  ['RENAME_NOREPLACE renames', ['renameat2(AT_FDCWD</p>, "a", 5</p/d>, "b", RENAME_NOREPLACE) = 0'], ['/p/d/b </p/a before read relocated']],
  ['renameat between folders', ['renameat(4</p/x>, "a", 5</p/d>, "b") = 0'], ['/p/d/b </p/x/a before read relocated']],
  ['a link is a second name', ['link("a", "b") = 0'], ['/p/a before read', '/p/b </p/a before read relocated']],
  ['what is written by one name is written by both', ['link("a", "b") = 0', 'truncate("b", 0) = 0'], ['/p/a before read replaced', '/p/b </p/a before read replaced relocated']],
  ['link and unlink is a rename', ['link("a", "b") = 0', 'unlink("a") = 0'], ['/p/b </p/a before read relocated']],
  ['renaming a name onto its other name does nothing', ['link("a", "b") = 0', 'rename("a", "b") = 0'], ['/p/a before read', '/p/b </p/a before read relocated']],
  ['O_TMPFILE and linkat by /proc', [
    'openat(AT_FDCWD</p>, ".", O_RDWR|O_CLOEXEC|O_TMPFILE, 0644) = 3</p/#21>(deleted)', 'linkat(AT_FDCWD</p>, "/proc/self/fd/3", AT_FDCWD</p>, "t", AT_SYMLINK_FOLLOW) = 0',
  ], ['/p/t made updated relocated']],
  ['O_TMPFILE and linkat by descriptor', ['openat(AT_FDCWD</p>, ".", O_RDWR|O_TMPFILE, 0644) = 3</p/#21>(deleted)', 'linkat(3</p/#21>(deleted), "", AT_FDCWD</p>, "t", AT_EMPTY_PATH) = 0'], ['/p/t made updated relocated']],
  ['O_TMPFILE of an older strace', ['openat(AT_FDCWD, ".", O_RDWR|O_TMPFILE, 0644) = 3</p/#21 (deleted)>', 'linkat(3</p/#21 (deleted)>, "", AT_FDCWD, "t", AT_EMPTY_PATH) = 0'], ['/p/t made updated relocated']],
  ['O_TMPFILE alone is temporary', ['openat(AT_FDCWD</p>, ".", O_RDWR|O_TMPFILE, 0644) = 3</p/#21>(deleted)'], []],
  ['a symbolic link is made', ['symlink("t", "l") = 0', 'symlinkat("t", 4</p/d>, "l") = 0'], ['/p/d/l made link', '/p/l made link']],
  ['a call follows a link that the run made', ['symlink("d/t", "l") = 0', 'chmod("l", 0600) = 0'], ['/p/d/t before mode', '/p/l made link']],
  ['a call follows a link from before', ['truncate("alias", 0) = 0'], ['/p/target before replaced']],
  ['a rename does not follow', ['rename("alias", "b") = 0'], ['/p/b </p/alias before read relocated']],
  ['a folder behind a link', ['unlink("link/a") = 0'], ['/p/real/a before gone']],
  ['FIFO, device, socket', [
    'mknodat(AT_FDCWD</p>, "ff", S_IFIFO|0666) = 0', 'mknod("dev", S_IFCHR|0600, makedev(0x1, 0x3)) = 0', 'bind(7<socket:[2]>, {sa_family=AF_UNIX, sun_path="so ck"}, 8) = 0',
    'bind(8<socket:[3]>, {sa_family=AF_UNIX, sun_path=@"abstract"}, 8) = 0', 'bind(9<socket:[4]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
  ], ['/p/dev made other', '/p/ff made other', '/p/so ck made other']],
  ['truncate to nothing replaces, to more updates', ['truncate("a", 0) = 0', 'ftruncate(3</p/b>, 100) = 0'], ['/p/a before replaced', '/p/b before read updated']],
  ['mode and times', ['chmod("a", 0600) = 0', 'utimensat(3</p/b>, NULL, NULL, 0) = 0', 'utimensat(AT_FDCWD</p>, "c", [{tv_sec=1, tv_nsec=0}, {tv_sec=1, tv_nsec=0}], 0) = 0', 'fchmodat(AT_FDCWD</p>, "d", 0600) = 0'],
    ['/p/a before mode', '/p/b before times', '/p/c before times', '/p/d before mode']],
  ['a folder that moves takes its files along', [
    'openat(AT_FDCWD</p>, "d/a", O_RDONLY) = 3</p/d/a>', 'openat(AT_FDCWD</p>, "d/n", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</p/d/n>', 'rename("d", "e") = 0', 'openat(AT_FDCWD</p>, "e/late", O_RDONLY) = 3</p/e/late>',
  ], ['/p/e/a </p/d/a before read relocated', '/p/e/late </p/d/late before read', '/p/e/n made updated relocated']],
  ['names of every byte', ['openat(AT_FDCWD</p>, "x\\377\\351>y\\"\\n\\\\z\\1 (deleted)", O_RDONLY) = 3</p/x\\377\\351\\76y\\"\\n\\\\z\\1 (deleted)>'], ['/p/x\xff\xe9>y"\n\\z\x01 (deleted) before read']],
  ['octal digits do not run into digits', ['rename("\\0011\\7a", "b") = 0'], ['/p/b </p/\x011\x07a before read relocated']],
  ['chdir and fchdir', ['chdir("d") = 0', 'unlink("a") = 0', 'fchdir(4</q>) = 0', 'unlink("b") = 0', 'chdir("/x") = -1 ENOENT (No such file or directory)', 'unlink("c") = 0'], ['/p/d/a before gone', '/q/b before gone', '/q/c before gone']],
  ['the current folder goes with a folder that moves', ['chdir("d") = 0', 'rename("/p/d", "/p/e") = 0', 'unlink("a") = 0'], ['/p/e </p/d before read relocated', '/p/e/a </p/d/a before gone'].slice(1)],
  ['chroot', ['chroot("/p/root") = 0', 'openat(AT_FDCWD</p>, "/etc/x", O_RDONLY) = 3</p/root/etc/x>', 'unlink("/a") = 0', 'chdir("/d") = 0', 'unlink("b") = 0'], ['/p/root/a before gone', '/p/root/d/b before gone', '/p/root/etc/x before read']],
  ['old strace does not tell the current folder', ['chdir("d") = 0', 'openat(AT_FDCWD, "a", O_RDONLY) = 3</p/d/a>', 'unlinkat(AT_FDCWD, "b", 0) = 0'], ['/p/d/a before read', '/p/d/b before gone']],
  ['a program of the project is read', ['execve("./run", ["./run", "x"], 0x7ff /* 3 vars */) = 0'], ['/p/run before read']],
  ['classes: temporary ones only from before', [
    'openat(AT_FDCWD</p>, "/tmp/old", O_RDONLY) = 3</tmp/old>', 'openat(AT_FDCWD</p>, "/tmp/new", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</tmp/new>', 'openat(AT_FDCWD</p>, "/data/in", O_RDONLY) = 3</data/in>',
    'openat(AT_FDCWD</p>, "/dev/null", O_RDWR) = 3</dev/null>', 'openat(AT_FDCWD</p>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>',
  ], ['/data/in before read', '/tmp/old before read']],
  ['from a temporary folder into the project', ['openat(AT_FDCWD</p>, "/tmp/new", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</tmp/new>', 'rename("/tmp/new", "out") = 0'], ['/p/out made updated relocated']],
  ['failed calls change nothing', ['openat(AT_FDCWD</p>, "a", O_RDWR|O_CREAT|O_EXCL, 0600) = -1 EEXIST (File exists)', 'rename("a", "b") = -1 EXDEV (Invalid cross-device link)', 'unlink("a") = -1 EPERM (Operation not permitted)', 'openat(AT_FDCWD</p>, "c", O_RDONLY) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)'], []],
];

for (const [claim, lines, expected] of CASES) {
  test('Trace: ' + claim, () => {
    const start = lines[0].startsWith('execve(') ? [] : ['execve("/usr/bin/x", ["x"], 0x7ffc /* 2 vars */) = 0'];
    assert.deepEqual(traceOf(start.concat(lines)).files.map(describe), expected);
    assert.deepEqual(traceOf(start.concat(lines), 7), traceOf(start.concat(lines)), 'in pieces of 7 bytes');
  });
}

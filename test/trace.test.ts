// trace.test.ts - lines of strace in, what the run did out. The lines are as strace 6.1 printed them; what follows from them is written by hand.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Trace } from '../src/core/trace.ts';
import type { TracedFile, TraceSummary } from '../src/core/trace.ts';
import type { TraceEvent } from '../src/core/traceevents.ts';
import { StraceReader, TRACED_CALLS } from '../src/formats/strace.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

/** Classes as in a project in /p; links: /p/link -> /p/real, /p/alias -> /p/target. */
function newTrace(): Trace {
  return new Trace({
    folder: '/p',
    classOf: (path) => (/^\/p(\/|$)/.test(path) ? 'project' : /^\/(usr|etc)\//.test(path) ? 'system' : /^\/(dev|proc|sys)\//.test(path) ? 'ignored' : /^\/tmp\//.test(path) ? 'temporary' : 'outside'),
    resolveFolder: (folder) => folder.replace(/^\/p\/link(?=\/|$)/, '/p/real').replace(/^\/p\/alias$/, '/p/target'),
  });
}

/** Lines as strace prints them, of `CALL` or `PID CALL`; a microsecond apart. */
function logOf(lines: string[]): string {
  return lines.map((line, i) => (/^\d+ /.test(line) ? line : '10 ' + line).replace(/^(\d+) /, '$1  1700000000.' + String(i).padStart(6, '0') + ' ') + '\n').join('');
}

function traceOf(lines: string[], split = 1 << 16): TraceSummary {
  const trace = newTrace();
  const reader = new StraceReader((event) => trace.handle(event));
  const text = logOf(lines);
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
  ['removed by another before strace looked', ['openat(AT_FDCWD</p>, "a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</p/a>(deleted)', 'unlink("a") = 0', 'openat(AT_FDCWD</p>, "/proc/self/fd/3", O_RDONLY) = 4</p/a>(deleted)', 'openat(AT_FDCWD</p>, "/proc/self/fd/9", O_RDONLY) = 5</memfd:x>(deleted)'], []],
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
  ['the current folder goes with a folder that moves', ['chdir("d") = 0', 'rename("/p/d", "/p/e") = 0', 'unlink("a") = 0'], ['/p/e/a </p/d/a before gone']],
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
    const summary = traceOf(lines);
    assert.deepEqual(summary.files.map(describe), expected);
    assert.deepEqual(summary.warnings, []);
    assert.deepEqual(traceOf(lines, 7), summary, 'in pieces of 7 bytes');
  });
}

// ---- lists of the summary ---------------------------------------------------------------------------

/** Those lists of a summary that are not empty. */
function listsOf(lines: string[]): Partial<TraceSummary> {
  const { absent, linkedNames, linksRead, movedFolders, foldersMade, foldersRemoved, programs, systemReads, temporaryCount, ignoredCount, refusedTracing, warnings } = traceOf(lines);
  const all = { absent, linkedNames, linksRead, movedFolders, foldersMade, foldersRemoved, programs, systemReads, temporaryCount, ignoredCount, refusedTracing, warnings };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value))));
}

const LISTS: [string, string[], Partial<TraceSummary>][] = [
  ['absent: looked for in vain', ['openat(AT_FDCWD</p>, "a", O_RDONLY) = -1 ENOENT (No such file or directory)', 'readlink("b/c", 0x7f, 9) = -1 ENOTDIR (Not a directory)', 'execve("./d", ["d"], 0x7f /* 0 vars */) = -1 ENOENT (No such file or directory)'], { absent: ['/p/a', '/p/b/c', '/p/d'] }],
  ['absent: not outside the project', ['openat(AT_FDCWD</p>, "/etc/a", O_RDONLY) = -1 ENOENT (No such file or directory)', 'openat(AT_FDCWD</p>, "/data/a", O_RDONLY) = -1 ENOENT (No such file or directory)'], {}],
  ['absent: not what the run made later', ['openat(AT_FDCWD</p>, "a", O_RDONLY) = -1 ENOENT (No such file or directory)', 'openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT, 0666) = 3</p/a>', 'readlink("d", 0x7f, 9) = -1 ENOENT (No such file or directory)', 'mkdir("d", 0777) = 0'], { foldersMade: ['/p/d'] }],
  ['absent: not what the run removed itself', ['unlink("a") = 0', 'openat(AT_FDCWD</p>, "a", O_RDONLY) = -1 ENOENT (No such file or directory)', 'rmdir("d") = 0', 'openat(AT_FDCWD</p>, "d/x", O_RDONLY) = -1 ENOENT (No such file or directory)'], { foldersRemoved: ['/p/d'] }],
  ['absent: not what was to be made', ['openat(AT_FDCWD</p>, "d/a", O_WRONLY|O_CREAT, 0666) = -1 ENOENT (No such file or directory)', 'unlink("b") = -1 ENOENT (No such file or directory)'], {}],
  ['linkedNames: another name than the real one', ['openat(AT_FDCWD</p>, "link/a", O_RDONLY) = 3</p/real/a>', 'openat(AT_FDCWD</p>, "./x/../b", O_RDONLY) = 3</p/b>', 'openat(AT_FDCWD</p>, "/usr/lib/c", O_RDONLY) = 3</usr/lib64/c>', 'openat(5</p/d>, "../c", O_RDONLY) = 3</p/c>'], { linkedNames: ['/p/link/a'], systemReads: ['/usr/lib64/c'] }],
  ['linkedNames: of a program too', ['execve("link/run", ["run"], 0x7f /* 0 vars */) = 0'], { linkedNames: ['/p/link/run'], programs: ['/p/real/run'] }],
  ['linksRead: not those the run made', ['readlink("l", "a", 4096) = 1', 'symlink("a", "m") = 0', 'readlink("m", "a", 4096) = 1', 'readlinkat(AT_FDCWD</p>, "n", 0x7f, 9) = -1 EINVAL (Invalid argument)'], { linksRead: ['/p/l'] }],
  ['movedFolders: from before the run', ['openat(AT_FDCWD</p>, "d/a", O_RDONLY) = 3</p/d/a>', 'rename("d", "e") = 0', 'rename("e", "f") = 0'], { movedFolders: [{ from: '/p/d', to: '/p/f' }] }],
  ['movedFolders: not those the run made', ['mkdir("d", 0777) = 0', 'openat(AT_FDCWD</p>, "d/a", O_WRONLY|O_CREAT, 0666) = 3</p/d/a>', 'rename("d", "e") = 0'], { foldersMade: ['/p/e'] }],
  ['movedFolders: what was never opened may be one', ['rename("x", "y") = 0'], { movedFolders: [{ from: '/p/x', to: '/p/y' }] }],
  ['movedFolders: not a file that was written', ['openat(AT_FDCWD</p>, "x", O_RDWR) = 3</p/x>', 'rename("x", "y") = 0'], {}],
  ['foldersMade: still there', ['mkdir("d", 0777) = 0', 'mkdir("d/e", 0777) = 0', 'mkdirat(4</p/f>, "g", 0777) = 0', 'unlinkat(AT_FDCWD</p>, "d/e", AT_REMOVEDIR) = 0'], { foldersMade: ['/p/d', '/p/f/g'] }],
  ['foldersRemoved: by the name from before', ['rename("d", "e") = 0', 'rmdir("e") = 0'], { foldersRemoved: ['/p/d'] }],
  ['temporaryCount: files made and gone, wherever', [
    'openat(AT_FDCWD</p>, "a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</p/a>', 'unlink("a") = 0', 'openat(AT_FDCWD</p>, "/tmp/a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</tmp/a>', 'unlink("/tmp/a") = 0',
    'symlink("x", "l") = 0', 'unlink("l") = 0', 'mkdir("d", 0777) = 0', 'rmdir("d") = 0', 'openat(AT_FDCWD</p>, ".", O_RDWR|O_TMPFILE, 0644) = 3</p/#21>(deleted)',
  ], { temporaryCount: 4 }],
  ['ignoredCount: what is left out, by name', [
    'openat(AT_FDCWD</p>, "/dev/null", O_RDWR) = 3</dev/null>', 'openat(AT_FDCWD</p>, "/dev/null", O_RDWR) = 3</dev/null>', 'openat(AT_FDCWD</p>, "/dev/tty", O_RDWR) = -1 ENXIO (No such device or address)',
    'openat(AT_FDCWD</p>, "/tmp/a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</tmp/a>', 'mkdir("/tmp/d", 0777) = 0',
  ], { ignoredCount: 2 }],
  ['refusedTracing', ['ptrace(PTRACE_TRACEME) = -1 EPERM (Operation not permitted)'], { refusedTracing: true }],
  ['ptrace that works is nothing', ['ptrace(PTRACE_TRACEME) = 0'], {}],
  ['warnings: another root', ['pivot_root(".", "old") = 0'], { warnings: ['the command changed its root folder: names of files may be others than recorded'] }],
  ['warnings: what cannot be read', ['openat(AT_FDCWD</p>, "a'], { warnings: ['1 line of strace could not be read'] }],
  ['lines that tell nothing', ['[ Process PID=10 runs in 32 bit mode. ]', '--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9} ---', '???( <unfinished ...>', '<... openat resumed>) = 3</p/a>', 'openat(AT_FDCWD</p>, "a", O_RDONLY <detached ...>'], {}],
];

for (const [claim, lines, expected] of LISTS) test('Trace: ' + claim, () => { assert.deepEqual(listsOf(lines), expected); });

// ---- processes --------------------------------------------------------------------------------------

/** A line for each process: number, parent, programs, what it read, read of its run, wrote, how it ended. */
function treeOf(lines: string[]): string[] {
  const summary = traceOf(lines);
  const names = (positions: number[]): string => positions.map((at) => summary.files[at].path.slice(3)).join(',');
  return summary.processes.map((process, i) => [
    String(i), '<' + String(process.parent), process.images.map((image) => image.argv.join(' ') + '@' + image.folder).join(';'), 'r:' + names(process.read), 'n:' + names(process.readNew), 'w:' + names(process.wrote),
    process.endMs === undefined ? 'alive' : process.signal ?? String(process.exit),
  ].join(' '));
}

const START = 'execve("/usr/bin/sh", ["sh"], 0x7ffc /* 2 vars */) = 0';
const FORK = 'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f78f38bda10) = ';
const THREAD = 'clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, child_tid=0x7f, parent_tid=0x7f, exit_signal=0, stack=0x7f, stack_size=0x7f, tls=0x7f} => {parent_tid=[11]}, 88) = 11';

const TREES: [string, string[], string[]][] = [
  ['a child with its files', [START, FORK + '11', '11 execve("/usr/bin/cat", ["cat", "a"], 0x7f /* 2 vars */) = 0', '11 openat(AT_FDCWD</p>, "a", O_RDONLY) = 3</p/a>', '11 +++ exited with 3 +++', '+++ exited with 0 +++'],
    ['0 <-1 sh@/p r: n: w: 0', '1 <0 cat a@/p r:a n: w: 3']],
  ['one writes, another reads', [
    START, FORK + '11', FORK + '12', '11 openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/a>', '11 +++ exited with 0 +++', '12 openat(AT_FDCWD</p>, "a", O_RDONLY) = 3</p/a>', '12 +++ killed by SIGSEGV (core dumped) +++', '+++ killed by SIGKILL +++',
  ], ['0 <-1 sh@/p r: n: w: SIGKILL', '1 <0  r: n: w:a 0', '2 <0  r: n:a w: SIGSEGV']],
  ['the child first', [START, '10 vfork( <unfinished ...>', '11 execve("./x", ["x"], 0x7f /* 0 vars */ <unfinished ...>', '10 <... vfork resumed>) = 11', '11 <... execve resumed>) = 0', '11 +++ exited with 0 +++'], ['0 <-1 sh@/p r: n: w: alive', '1 <0 x@/p r:x n: w: 0']],
  ['the child and its child first', [
    START, '10 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>', '11 chdir("d") = 0', '11 ' + FORK + '12', '12 unlink("a") = 0', '12 +++ exited with 0 +++', '11 +++ exited with 0 +++', '10 <... clone resumed>) = 11',
  ], ['0 <-1 sh@/p r: n: w: alive', '1 <0  r: n: w: 0', '2 <1  r: n: w:d/a 0']],
  ['a folder is inherited, not shared', [START, 'chdir("d") = 0', FORK + '11', '11 chdir("e") = 0', 'unlink("a") = 0', '11 unlink("b") = 0'], ['0 <-1 sh@/p r: n: w:d/a alive', '1 <0  r: n: w:d/e/b alive']],
  ['threads share the folder and are one process', [START, THREAD, '11 chdir("d") = 0', 'unlink("a") = 0', '11 unlink("b") = 0', '11 +++ exited with 0 +++', '10 +++ exited with 4 +++'], ['0 <-1 sh@/p r: n: w:d/a,d/b 4']],
  ['the first thread may end first', [START, THREAD, '10 +++ exited with 4 +++', '11 unlink("b") = 0', '11 +++ exited with 0 +++'], ['0 <-1 sh@/p r: n: w:b 4']],
  ['an exec by a thread', [
    START, THREAD, '11 execve("./x", ["x", "y"], 0x7ffc9d8fa238 /* 35 vars */ <pid changed to 10 ...>', '10 +++ superseded by execve in pid 11 +++', '10 <... execve resumed>) = -1 (errno 18446744073709551359)', '10 unlink("a") = 0', '10 +++ exited with 0 +++',
  ], ['0 <-1 sh@/p;x y@/p r:x n: w:a 0']],
  ['CLONE_PARENT makes a sibling', [START, FORK + '11', '11 clone(child_stack=NULL, flags=CLONE_PARENT|SIGCHLD) = 12', '11 clone(child_stack=NULL, flags=CLONE_PARENT_SETTID|SIGCHLD, parent_tid=[13]) = 13'], ['0 <-1 sh@/p r: n: w: alive', '1 <0  r: n: w: alive', '2 <0  r: n: w: alive', '3 <1  r: n: w: alive']],
  ['an id that comes again is another process', [START, FORK + '11', '11 +++ exited with 1 +++', FORK + '11', '11 unlink("a") = 0', '11 +++ exited with 2 +++'], ['0 <-1 sh@/p r: n: w: alive', '1 <0  r: n: w: 1', '2 <0  r: n: w:a 2']],
  ['an id that no call returned is somebody\'s child', [START, FORK + '2', '11 unlink("a") = 0'], ['0 <-1 sh@/p r: n: w: alive', '1 <0  r: n: w: alive', '2 <0  r: n: w:a alive']],
  ['updated is read old and new', [START, FORK + '11', 'openat(AT_FDCWD</p>, "a", O_WRONLY|O_APPEND) = 3</p/a>', '11 openat(AT_FDCWD</p>, "a", O_RDONLY) = 3</p/a>'], ['0 <-1 sh@/p r: n: w:a alive', '1 <0  r:a n:a w: alive']],
  ['a rename takes the writer along', [START, FORK + '11', 'openat(AT_FDCWD</p>, "t", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3</p/t>', 'rename("t", "out") = 0', '11 openat(AT_FDCWD</p>, "out", O_RDONLY) = 3</p/out>'], ['0 <-1 sh@/p r: n: w:out alive', '1 <0  r: n:out w: alive']],
  ['an exec by descriptor', [START, 'execveat(11</p/prog>, "", ["tr", "two"], NULL, AT_EMPTY_PATH) = 0'], ['0 <-1 sh@/p;tr two@/p r:prog n: w: alive']],
  ['a fork that failed or was interrupted', [START, 'clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN (Resource temporarily unavailable)', 'clone(child_stack=NULL, flags=SIGCHLD) = ? ERESTARTNOINTR (To be restarted)'], ['0 <-1 sh@/p r: n: w: alive']],
];

for (const [claim, lines, expected] of TREES) test('Trace: processes: ' + claim, () => { assert.deepEqual(treeOf(lines), expected); });

test('Trace.isMainEnded() and countAlive() follow the processes', () => {
  const trace = newTrace();
  const reader = new StraceReader((event) => trace.handle(event));
  const seen = [START, '10 vfork( <unfinished ...>', '11 unlink("a") = 0', '10 <... vfork resumed>) = 11', '10 +++ exited with 0 +++', '11 +++ exited with 0 +++'].map((line) => {
    reader.feed(logOf([line]));
    return [trace.mainPid(), trace.countAlive(), trace.isMainEnded()];
  });
  assert.deepEqual(seen, [[10, 1, false], [10, 1, false], [10, 2, false], [10, 2, false], [10, 1, true], [10, 0, true]]);
  assert.equal(newTrace().mainPid(), 0);
  assert.equal(newTrace().isMainEnded(), false);
});

test('Trace gives times in milliseconds', () => {
  const [first] = traceOf([START, '+++ exited with 0 +++']).processes;
  assert.deepEqual([first.startMs, first.images[0].startMs, first.endMs], [1700000000000, 1700000000000, 1700000000000.001]);
});

// ---- the reader ---------------------------------------------------------------------------------------

function eventsOf(text: string, split = 1 << 16): TraceEvent[] {
  const events: TraceEvent[] = [];
  const reader = new StraceReader((event) => events.push(event));
  for (let at = 0; at < text.length; at += split) reader.feed(text.slice(at, at + split));
  reader.end();
  return events;
}

test('StraceReader cuts a line without an end instead of keeping it', () => {
  const reader: TraceEvent[] = [];
  const cutting = new StraceReader((event) => reader.push(event));
  const piece = 'x'.repeat(1 << 20);
  cutting.feed('10  1700000000.000000 execve("');
  for (let i = 0; i < 20; i++) cutting.feed(piece);
  cutting.feed('", [], NULL) = 0\n10  1700000000.000001 +++ exited with 0 +++\n');
  assert.deepEqual(reader.map((event) => event.kind), ['unreadable', 'exited']);
});

test('StraceReader reads a long list of arguments whole', () => {
  const argv = Array.from({ length: 5000 }, (_, i) => 'argument "' + String(i) + '"\\\n,)]');
  const printed = argv.map((word) => '"' + word.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n') + '"').join(', ');
  const [event] = eventsOf('10  1700000000.000000 execve("/bin/x", [' + printed + '], 0x7f /* 3 vars */) = 0\n', 4096);
  assert.equal(event.kind, 'call');
  if (event.kind === 'call') assert.deepEqual(event.arguments[1].items, argv);
});

test('StraceReader and Trace: speed, for the reader of this output', (t) => {
  const count = 200000;
  const text = Array.from({ length: count }, (_, i) => '10  1700000000.' + String(i).padStart(6, '0') + ' openat(AT_FDCWD</p>, "d' + String(i % 100) + '/name' + String(i % 5000) + '", O_RDONLY|O_CLOEXEC) = '
    + (i % 2 === 0 ? '-1 ENOENT (No such file or directory)' : '3</p/d' + String(i % 100) + '/name' + String(i % 5000) + '>') + '\n').join('');
  const trace = newTrace();
  const reader = new StraceReader((event) => trace.handle(event));
  const start = process.hrtime.bigint();
  for (let at = 0; at < text.length; at += 1 << 16) reader.feed(text.slice(at, at + (1 << 16)));
  t.diagnostic(String(Math.round(count / (Number(process.hrtime.bigint() - start) / 1e9))) + ' lines a second');
  const summary = trace.summarize();
  assert.deepEqual([summary.files.length, summary.absent.length], [2500, 2500]);
});

test('Trace keeps nothing of temporary files that are gone', () => {
  const trace = newTrace();
  const reader = new StraceReader((event) => trace.handle(event));
  for (let i = 0; i < 50000; i++) reader.feed(logOf(['openat(AT_FDCWD</p>, "/tmp/x' + String(i) + '", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</tmp/x' + String(i) + '>', 'unlink("/tmp/x' + String(i) + '") = 0']));
  const files = Reflect.get(trace, 'files') as { names: Map<string, unknown>; nodes: Map<number, unknown> };
  assert.deepEqual([files.names.size, files.nodes.size, trace.summarize().temporaryCount], [0, 0, 50000]);
});

test('TRACED_CALLS has no call twice, and each may be unknown', () => {
  const calls = TRACED_CALLS.split(',');
  assert.equal(new Set(calls).size, calls.length);
  assert.ok(calls.every((call) => /^\?[a-z0-9_]+$/.test(call)));
});

/** A generator of numbers below `limit`, the same for the same seed. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

test('StraceReader and Trace take any mutation of a log', () => {
  const whole = logOf(CASES.flatMap(([, lines]) => lines).concat(LISTS.flatMap(([, lines]) => lines), TREES.flatMap(([, lines]) => lines)));
  const lines = whole.split('\n');
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomFrom(seed);
    let text = Array.from({ length: 60 }, () => lines[random(lines.length)]).join('\n') + '\n';
    for (let i = 0; i < 40; i++) {
      const at = random(text.length);
      const piece = random(4) === 0 ? '' : random(3) === 0 ? String.fromCharCode(random(256)) : ['"', '<', '>', '(', ')', '\\', '\n', ' = ', ' <unfinished ...>', '[', '{', ',', '9', '..', '/'][random(15)];
      text = text.slice(0, at) + piece + text.slice(at + random(6));
    }
    const trace = newTrace();
    const reader = new StraceReader((event) => trace.handle(event));
    for (let at = 0; at < text.length;) {
      const length = 1 + random(200);
      reader.feed(text.slice(at, at + length));
      at += length;
    }
    reader.end();
    const summary = trace.summarize();
    for (const process of summary.processes) for (const position of process.read.concat(process.wrote, process.readNew)) assert.ok(summary.files[position] !== undefined, 'seed ' + String(seed));
    summary.processes.forEach((process, i) => assert.ok(process.parent < i, 'parents first, seed ' + String(seed)));
    assert.deepEqual(trace.summarize(), summary, 'twice the same, seed ' + String(seed));
  }
});

// ---- strace itself ------------------------------------------------------------------------------------

const STRACE = hasProgram('strace') && run('/', ['strace', '-f', '--seccomp-bpf', '-q', '-y', '-o', '/dev/null', 'true']).status === 0;

/** A new folder that has the files a, b and d/c. */
function makeFiles(): string {
  const folder = makeTemporary();
  fs.mkdirSync(path.join(folder, 'd'));
  for (const name of ['a', 'b', 'd/c']) fs.writeFileSync(path.join(folder, name), name + '\n');
  return folder;
}

/** What a shell script did in a folder. */
function straceShell(folder: string, script: string): TraceSummary {
  const log = path.join(makeTemporary(), 'log');
  const done = run(folder, ['strace', '-D', '-f', '--seccomp-bpf', '-q', '-y', '-ttt', '-s', '131072', '-e', 'trace=' + TRACED_CALLS, '-o', log, '--', 'bash', '-c', script]);
  assert.equal(done.status, 0, done.stderr);
  const trace = new Trace({
    folder,
    classOf: (name) => (name === folder || name.startsWith(folder + '/') ? 'project' : /^\/(dev|proc|sys)(\/|$)/.test(name) ? 'ignored' : 'system'),
    resolveFolder: (name) => {
      try {
        return fs.realpathSync(Buffer.from(name, 'latin1'), 'latin1');
      } catch {
        return name;
      }
    },
  });
  const reader = new StraceReader((event) => trace.handle(event));
  reader.feed(fs.readFileSync(log, 'latin1'));
  reader.end();
  return trace.summarize();
}

const SCRIPTS: [string, string[]][] = [
  ['cat a > x; cat x b > y', ['a before read', 'b before read', 'x unknown replaced', 'y unknown replaced']],
  ['sed -i s/a/z/ a', ['a before read replaced gone', 'a made updated relocated']],
  ['mv a e; ln b f; ln -s d l; rm d/c; cp -p e l/new', ['b before read', 'd/c before gone', 'd/new made updated times', 'e <a before read relocated', 'f <b before read relocated', 'l made link']],
  ['mkdir n; (cd n; cat ../a > x; mv x y); chmod 600 b; mkfifo p; echo >> d/c', ['a before read', 'b before mode', 'd/c unknown updated', 'n/y made replaced relocated', 'p made other']],
  ['mv d e; cat e/c; t=$(mktemp ./tmp.XXXX); cat a > $t; rm $t; touch b', ['a before read', 'b unknown updated times', 'e/c <d/c before read']],
  ["cat < a > $'n\\377\\351> (deleted)\"\\n'; cat < n* > x; rm n*", ['a before read', 'n\xff\xe9> (deleted)"\n unknown replaced gone', 'x unknown replaced']],
];

for (const [script, expected] of SCRIPTS) {
  test('Trace: strace of ' + script, { skip: STRACE ? false : 'no strace, or it may not trace here' }, () => {
    const folder = makeFiles();
    const summary = straceShell(folder, script);
    assert.deepEqual(summary.files.map(describe).map((line) => line.split(folder + '/').join('')).filter((line) => !/^\S+ before read relocated folder/.test(line)), expected);
    assert.deepEqual(summary.warnings, []);
    assert.equal(summary.outlived, 0);
  });
}

type OnDisk = Map<string, string>;

/** Every file that is no folder, by path: its content. */
function lookAt(folder: string): OnDisk {
  const found: OnDisk = new Map();
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      for (const [below, file] of lookAt(name)) found.set(below, file);
      continue;
    }
    found.set(name, entry.isFile() ? fs.readFileSync(name, 'latin1') : '');
  }
  return found;
}

/** Holds a summary against the disk before and after; gives what contradicts it. */
function contradictionsIn(folder: string, summary: TraceSummary, before: OnDisk, after: OnDisk): string[] {
  const found: string[] = [];
  const inside = summary.files.filter((file) => file.path.startsWith(folder + '/'));
  const named = new Map(inside.filter((file) => !file.isGone).map((file): [string, TracedFile] => [file.path, file]));
  const gone = new Set(inside.map((file) => file.initialPath));
  const moved = (name: string): boolean => summary.movedFolders.some(({ from, to }) => name.startsWith(from + '/') || name.startsWith(to + '/'));
  for (const file of inside) {
    if (file.isGone !== !after.has(file.path) && !inside.some((other) => other.path === file.path && !other.isGone) && !fs.existsSync(file.path)) found.push('is it gone? ' + describe(file));
    if (file.origin === 'made' && file.initialPath !== undefined) found.push('made, but from before: ' + describe(file));
    if (file.origin === 'before' && file.initialPath !== undefined && !before.has(file.initialPath) && !fs.existsSync(file.path)) found.push('not from before: ' + describe(file));
    if (file.origin === 'made' && !file.isRelocated && before.has(file.path) && !gone.has(file.path)) found.push('was there before: ' + describe(file));
  }
  for (const [name, text] of after) {
    const file = named.get(name);
    const isNew = !before.has(name);
    const isChanged = !isNew && before.get(name) !== text;
    if (file === undefined && (isNew || isChanged) && !moved(name)) found.push((isNew ? 'made' : 'changed') + ' unseen: ' + name);
    if (file !== undefined && isNew && file.origin === 'before' && !file.isRelocated && file.initialPath === name) found.push('was not there before: ' + describe(file));
    if (file !== undefined && isChanged && !file.isReplaced && !file.isUpdated && !file.isRelocated && file.origin !== 'made') found.push('changed, but only ' + describe(file));
  }
  for (const name of before.keys()) if (!after.has(name) && !gone.has(name) && !moved(name)) found.push('went unseen: ' + name);
  for (const name of summary.foldersMade) if (!fs.existsSync(name)) found.push('no folder: ' + name);
  return found;
}

const GIT = 'git -c user.name=x -c user.email=x@example.org ';
const PROGRAMS: [string, string][] = [
  ['git', 'git init -q . && ' + GIT + 'add . && ' + GIT + 'commit -qm one && git mv a z && echo x >> b && ' + GIT + 'commit -qam two && git checkout -q HEAD~1 && git gc -q && git clone -q . ../clone.$$ && rm -rf ../clone.$$'],
  ['git', 'git init -q --bare r && git clone -q r w 2>&1 && cd w && cp ../a . && git add a && ' + GIT + 'commit -qm x && git push -q && git stash list && echo y > a && ' + GIT + 'stash -q && ' + GIT + 'stash pop -q'],
  ['tar', 'tar cf x.tar a b d && rm -r d && tar xf x.tar && mkdir e && tar xf x.tar -C e && gzip x.tar'],
  ['make', 'for i in 1 2 3 4 5 6; do echo "int f$i(void){return $i;}" > f$i.c; done; printf "all: \\$(patsubst %%.c,%%.o,\\$(wildcard *.c))\n%%.o: %%.c\n\tcc -c -o \\$@.tmp \\$< && mv \\$@.tmp \\$@\n" > Makefile; make -s -j3'],
  ['python3', 'python3 -c "\nimport os,shutil,tempfile,threading,subprocess\nshutil.copytree(\'d\',\'e\'); shutil.move(\'e\',\'f\'); os.replace(\'a\',\'f/a\'); os.symlink(\'f\',\'g\')\nopen(\'g/n\',\'w\').write(\'x\'); os.rename(\'f\',\'h\')\nts=[threading.Thread(target=lambda i=i: open(\'t%d\'%i,\'w\').write(str(i))) for i in range(20)]\n[t.start() for t in ts]; [t.join() for t in ts]\nwith tempfile.TemporaryDirectory(dir=\'.\') as t: open(t+\'/q\',\'w\').close(); shutil.copy(t+\'/q\',\'q\')\nps=[subprocess.Popen([\'sh\',\'-c\',\'echo %d > p%d; cat p%d >> all\'%(i,i,i)]) for i in range(20)]\n[p.wait() for p in ps]\nos.truncate(\'b\',1); os.unlink(\'all\')\n"'],
  ['python3', 'python3 -m venv --without-pip v && v/bin/python3 -c "import json" && rm -r v/lib'],
  ['sqlite3', 'sqlite3 x.db "create table t(a); insert into t values(1),(2)"; sqlite3 x.db "pragma journal_mode=wal; update t set a=3; vacuum"; sqlite3 -readonly x.db "select * from t"'],
  ['perl', 'perl -pi.bak -e "s/a/zz/" a && perl -i -pe "s/b/zz/" b'],
  ['patch', 'cp a a.orig2; printf "%s\n" "--- a" "+++ a" "@@ -1 +1 @@" "-a" "+A" | patch -s a'],
  ['ln', 'ln -s d l && ln -sfn . l && ln -f a b && ln -sf a b && mv -T d e && mv e/c d && rm -f l && install -m 600 a inst && rmdir e'],
  ['rsync', 'rsync -a d/ e && echo z > d/c && rsync -a --inplace d/ e && rsync -a --delete a b d e/'],
];

for (const [program, script] of PROGRAMS) {
  const missing = !STRACE ? 'no strace, or it may not trace here' : hasProgram(program) ? false : 'no ' + program;
  test('Trace: the disk agrees on ' + script.slice(0, 60).split('\n')[0], { skip: missing }, () => {
    const folder = makeFiles();
    const before = lookAt(folder);
    const summary = straceShell(folder, script);
    assert.deepEqual(contradictionsIn(folder, summary, before, lookAt(folder)), []);
    assert.deepEqual(summary.warnings, []);
  });
}

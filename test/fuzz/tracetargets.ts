// tracetargets.ts - lines of strace, for the fuzzer.

export const STRACE_LINES = [
  '100 1700000000.000001 execve("/usr/bin/sh", ["sh", "-c", "cat a"], 0x7ffd /* 20 vars */) = 0\n'
  + '100 1700000000.000002 openat(AT_FDCWD</p>, "a \\303\\251\\n\\"b", O_RDONLY|O_CLOEXEC) = 3</p/a>\n'
  + '100 1700000000.000003 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD <unfinished ...>\n'
  + '101 1700000000.000004 chdir("sub" <unfinished ...>\n'
  + '100 1700000000.000005 <... clone resumed>, child_tidptr=0x7f) = 101\n'
  + '101 1700000000.000006 <... chdir resumed>) = 0\n'
  + '101 1700000000.000007 rename("x", "../y") = 0\n'
  + '101 1700000000.000008 unlinkat(AT_FDCWD</p/sub>, "z", 0) = -1 ENOENT (No such file or directory)\n'
  + '101 1700000000.000009 +++ exited with 0 +++\n'
  + '100 1700000000.000010 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=101, si_uid=0, si_status=0} ---\n'
  + '100 1700000000.000011 +++ killed by SIGKILL +++\n',
  '5 1.5 openat2(3</p/d>, "x", {flags=O_WRONLY|O_CREAT, mode=0644, resolve=0}, 24) = 4</p/d/x>\n5 1.6 symlink("a", "b") = 0\n5 1.7 readlink("b", "a", 4095) = 1\n5 1.8 mkdir("k", 0777) = 0\n5 1.9 execve("./x", ["x"...], NULL <pid changed to 4 ...>\n4 2.0 <... execve resumed>) = 0\n',
];

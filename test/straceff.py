#!/usr/bin/python3
"""straceff.py - which files of a folder a command read and wrote, told by the bytes that flowed.

usage: straceff.py FOLDER COMMAND [ARGUMENT ...]

Runs COMMAND in FOLDER under "strace -ff" with every call on files and descriptors, puts the logs of
its processes together by time, and prints JSON. It shares nothing with rr, and judges otherwise: a
file is read when a process reads, maps or executes it, not when it is opened. Made for programs that
edit no file in place, and for plain names.

  read      files from before, whose bytes were read before anything else stood in their place
  opened    files from before that were opened for reading and not read
  written   files and links that are there afterwards and were written, or got a new name
  folders   folders that were made and are there
  removed   what was there before and is not
  absent    names that were looked for by open, exec or readlink, and are there neither before nor after
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

OUR_OWN = re.compile(r'(^|/)(\.git|\.rr|__pycache__)(/|$)|^provenance(/|$)')
LINE = re.compile(r'^(\d+\.\d+) (\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?(?:\(deleted\))?(?: (E\w+).*)?(?: \(.*\))?$')
CWD = re.compile(r'AT_FDCWD<([^>]*)>')
DESCRIPTOR = re.compile(r'(?<![\w"])(\d+)<([^>]*)>')
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
READERS = {'read', 'pread64', 'readv', 'preadv', 'preadv2'}
WRITERS = {'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'ftruncate', 'fallocate'}


def listing(root):
    names = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            kind = 'link' if os.path.islink(path) else 'folder' if os.path.isdir(path) else 'file'
            names[os.path.relpath(path, root)] = kind
    return names


def events(prefix, root):
    """(time, call, arguments, result, path of the result, error, current folder), by time."""
    found = []
    for log in glob.glob(prefix + '.*'):
        folder = None
        waiting = []
        with open(log, encoding='latin1') as lines:
            for line in lines:
                parts = LINE.match(line.rstrip('\n'))
                if not parts:
                    continue
                time, call, arguments, result, path, error = parts.groups()
                seen = CWD.search(arguments)
                if seen:
                    folder = seen.group(1)
                if call == 'chdir' and result == '0' and folder is not None:
                    folder = os.path.normpath(os.path.join(folder, STRING.search(arguments).group(1)))
                waiting.append([float(time), call, arguments, result, path, error, folder])
        first = next((event[6] for event in waiting if event[6] is not None), root)
        for event in waiting:
            if event[6] is None:
                event[6] = first
        found += waiting
    found.sort(key=lambda event: event[0])
    return found


class Reader:
    def __init__(self, root):
        self.root = root
        self.before = listing(root)
        self.old = {name: name for name, kind in self.before.items()}  # current name -> name before the run
        self.read, self.opened, self.absent = set(), set(), set()
        self.written, self.made = set(), set()

    def relative(self, path, folder=None):
        path = os.path.normpath(os.path.join(folder or self.root, path))
        if not path.startswith(self.root + '/'):
            return None
        name = path[len(self.root) + 1:]
        return None if OUR_OWN.search(name) else name

    def note_read(self, name, where):
        if name is not None and name in self.old and self.before[self.old[name]] == 'file':
            where.add(self.old[name])

    def note_write(self, name):
        if name is not None:
            self.written.add(name)

    def replace(self, name):
        if name is not None:
            self.old.pop(name, None)
            self.written.add(name)

    def move(self, old, new):
        for table in (self.written, self.made):
            for name in [n for n in table if n == new or n.startswith(new + '/')] if new else []:
                table.discard(name)
        for name in [n for n in self.old if new is not None and n == new]:
            del self.old[name]
        if old is None:
            self.note_write(new)
            return
        for name in sorted(set(self.old) | self.written | self.made):
            if name != old and not name.startswith(old + '/'):
                continue
            moved = None if new is None else new + name[len(old):]
            if name in self.old:
                self.note_read(name, self.read)
                source = self.old.pop(name)
                if moved is not None:
                    self.old[moved] = source
                    if self.before[source] != 'folder':
                        self.written.add(moved)
                    else:
                        self.made.add(moved)
            for table in (self.written, self.made):
                if name in table:
                    table.discard(name)
                    if moved is not None:
                        table.add(moved)

    def names(self, arguments, folder):
        """The names given as strings, each relative to the descriptor that stands before it."""
        found = []
        for string in STRING.finditer(arguments):
            base = re.search(r'(?:AT_FDCWD|\d+)<([^>]*)>, $', arguments[:string.start()])
            found.append(self.relative(string.group(1), base.group(1) if base else folder))
        return found

    def handle(self, call, arguments, result, path, error, folder):
        if error:
            if error in ('ENOENT', 'ENOTDIR') and call in ('open', 'openat', 'openat2', 'execve', 'execveat', 'readlink', 'readlinkat') and 'O_CREAT' not in arguments:
                name = self.names(arguments, folder)[0]
                if name is not None:
                    self.absent.add(name)
            return
        descriptors = [self.relative(place) if place.startswith('/') else None for _, place in DESCRIPTOR.findall(arguments)]
        if call in ('open', 'openat', 'openat2', 'creat'):
            name = self.relative(path) if path else None
            if 'O_TRUNC' in arguments or call == 'creat':
                self.replace(name)
            elif 'O_CREAT' in arguments and name not in self.old:
                self.note_write(name)
            elif 'O_PATH' not in arguments and 'O_WRONLY' not in arguments and 'O_DIRECTORY' not in arguments:
                self.note_read(name, self.opened)
        elif call in READERS and descriptors:
            self.note_read(descriptors[0], self.read)
        elif call in WRITERS and descriptors and result != '0' or call in ('ftruncate', 'fallocate'):
            self.note_write(descriptors[0])
        elif call == 'mmap' and descriptors:
            self.note_read(descriptors[0], self.read)
            if 'MAP_SHARED' in arguments and 'PROT_WRITE' in arguments:
                self.note_write(descriptors[0])
        elif call == 'sendfile' and len(descriptors) == 2:
            self.note_read(descriptors[1], self.read)
            self.note_write(descriptors[0])
        elif call in ('copy_file_range', 'splice') and len(descriptors) == 2:
            self.note_read(descriptors[0], self.read)
            self.note_write(descriptors[1])
        elif call == 'execve':
            self.note_read(self.names(arguments, folder)[0], self.read)
        elif call.startswith('rename'):
            self.move(*self.names(arguments, folder)[:2])
        elif call.startswith('link'):
            names = self.names(arguments, folder)
            self.note_read(names[0], self.read)
            self.note_write(names[1])
        elif call.startswith('symlink'):
            self.replace(self.names(arguments, folder)[-1])
        elif call.startswith('mkdir'):
            name = self.names(arguments, folder)[0]
            if name is not None:
                self.made.add(name)
        elif call in ('unlink', 'unlinkat', 'rmdir'):
            name = self.names(arguments, folder)[0]
            for table in (self.written, self.made):
                table.discard(name)
            self.old.pop(name, None)

    def report(self):
        after = listing(self.root)
        keep = lambda names: sorted(name for name in names if not OUR_OWN.search(name))
        return {
            'read': keep(self.read),
            'opened': keep(self.opened - self.read),
            'written': keep(name for name in self.written if after.get(name) in ('file', 'link')),
            'folders': keep(name for name in self.made if after.get(name) == 'folder' and (name not in self.before)),
            'removed': keep(name for name in self.before if name not in after),
            'absent': keep(name for name in self.absent if name not in after and name not in self.before),
        }


def main():
    root, command = os.path.realpath(sys.argv[1]), sys.argv[2:]
    reader = Reader(root)
    with tempfile.TemporaryDirectory() as scratch:
        prefix = os.path.join(scratch, 'log')
        status = subprocess.call(
            ['strace', '-ff', '-q', '-y', '-ttt', '-s', '0', '-e', 'signal=none', '-e', 'trace=%file,%desc,execve', '-o', prefix, '--'] + command,
            cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _, *event in events(prefix, root):
            reader.handle(*event)
    json.dump(dict(reader.report(), status=status), sys.stdout, indent=1)


main()

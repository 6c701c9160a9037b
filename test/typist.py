# typist.py - types at a shell in a terminal of its own, and tells what the lines became.
#
# Standard input: JSON, {"argv": [...], "folder": "...", "setup": "...", "lines": [...]}.
# The shell reads "setup" first, which binds Ctrl-X D to write the line to $TYPIST/line and then make
# $TYPIST/done. Of each of "lines" the keys are sent, then Ctrl-X D, and the line is thrown away. A line
# that ends in LF is run instead. Standard output: JSON, for each line what it became; null if it was run.
import json
import os
import pty
import select
import shutil
import sys
import tempfile
import time


def wait_for(terminal, name):
    """Reads what the shell prints, so that it is never held up, until the file is there."""
    until = time.monotonic() + 30
    shown = b""
    while not os.path.exists(name):
        if time.monotonic() > until:
            sys.exit("the shell does not answer: " + repr(shown[-2000:]))
        if select.select([terminal], [], [], 0.005)[0]:
            shown += os.read(terminal, 65536)
    os.unlink(name)


def main():
    task = json.load(sys.stdin)
    place = tempfile.mkdtemp()
    done = os.path.join(place, "done")
    setup = os.path.join(place, "setup")
    with open(setup, "w", encoding="latin-1") as file:
        file.write(task["setup"])
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(task["folder"])
        os.environ.update(TYPIST=place, TERM="dumb")
        os.execvp(task["argv"][0], task["argv"])
    os.write(terminal, (" . " + setup + "; : >" + done + "\n").encode())
    wait_for(terminal, done)
    became = []
    for line in task["lines"]:
        keys = line.encode("latin-1")
        if keys.endswith(b"\n"):
            os.write(terminal, keys[:-1] + b"\n : >" + done.encode() + b"\n")
            wait_for(terminal, done)
            became.append(None)
            continue
        os.write(terminal, keys + b"\x18d")
        wait_for(terminal, done)
        with open(os.path.join(place, "line"), encoding="latin-1") as file:
            became.append(file.read())
        os.write(terminal, b"\x05\x15")
    os.kill(child, 9)
    os.waitpid(child, 0)
    shutil.rmtree(place)
    print(json.dumps(became))


main()

// terminal.ts - what rr's own descriptors are, and printing to them. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import { makeHarmless, makeLinesHarmless } from '../formats/percent.ts';
import { childProcess, fs, tty } from './node.ts';
import { pauseMs } from './clock.ts';
import { errorCode, gatherPieces, writeAll } from './files.ts';

/** Is this descriptor of rr a terminal? Told without process.stdout, whose mere use changes modes. */
export function isTerminal(descriptor: number): boolean {
  try {
    if (!fs.fstatSync(descriptor).isCharacterDevice()) return false;
  } catch (error) {
    return false;
  }
  return tty().isatty(descriptor);
}

/**
 * Puts /dev/null in the place of a terminal that is gone. At its end Node.js gives each terminal back the modes that
 * it found; where it cannot, as that is gone, it aborts: status 134, and maybe a file "core" in the project.
 */
export function letGoOfTerminal(): void {
  for (const descriptor of [0, 1, 2]) {
    try {
      if (!fs.fstatSync(descriptor).isCharacterDevice() || tty().isatty(descriptor)) continue;
      fs.closeSync(descriptor);
      fs.openSync('/dev/null', 'r+');
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
  }
}

/**
 * Is rr in the foreground process group of a terminal, so that what the keyboard sends comes to
 * the command as well? From /proc/self/stat: process group and the terminal's foreground group.
 */
export function isSharingForeground(): boolean {
  try {
    const stat = fs.readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5] && fields[4] !== '0';
  } catch (error) {
    return isTerminal(0);
  }
}

/** Columns of the terminal on `descriptor`; COLUMNS if set; 80 if neither tells. */
export function readColumns(descriptor: number): number {
  const fromVariable = Number(process.env.COLUMNS);
  if (Number.isInteger(fromVariable) && fromVariable > 0) return fromVariable;
  if (!isTerminal(descriptor)) return 80;
  const columns = (descriptor === 1 ? process.stdout : process.stderr).columns;
  return columns > 20 ? columns : 80;
}

/** Prints data to standard output; to a terminal without its codes, but for colours. A reader that went away ends rr quietly: false. */
export function printOut(text: ByteString): boolean {
  try {
    writeAll(1, Buffer.from(isTerminal(1) ? makeLinesHarmless(text) : text, 'latin1'));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EPIPE') return false;
    throw error;
  }
}

const PRINTED_PIECE = 1 << 20;

/** Prints what an open file has, as printOut() does, however long it is. */
export function printWholeFile(fd: number): void {
  const buffer = Buffer.allocUnsafe(PRINTED_PIECE);
  let rest = '';
  for (let count = -1; count !== 0;) {
    count = fs.readSync(fd, buffer, 0, buffer.length, null);
    const text = rest + buffer.toString('latin1', 0, count);
    // By whole lines, as what a terminal obeys, and a character, stands in one; but nothing is a line without end.
    const cut = count === 0 || text.length > 4 * PRINTED_PIECE ? text.length : text.lastIndexOf('\n') + 1;
    if (cut > 0 && !printOut(text.slice(0, cut))) return;
    rest = text.slice(cut);
  }
}

/** All of standard input. */
export function readIn(): ByteString {
  const buffer = Buffer.alloc(65536);
  let text = '';
  for (;;) {
    try {
      const count = fs.readSync(0, buffer, 0, buffer.length, null);
      if (count === 0) return text;
      text += buffer.toString('latin1', 0, count);
    } catch (error) {
      if (errorCode(error) === 'EOF') return text;
      if (errorCode(error) !== 'EAGAIN') throw error;
      pauseMs(10);
    }
  }
}

/** Prints pieces as they come, many at a time; false if nobody reads on. */
export function printPieces(pieces: Iterable<ByteString>): boolean {
  for (const piece of gatherPieces(pieces)) if (!printOut(piece)) return false;
  return true;
}

/** Prints a line for the person at standard error. Where that cannot be written, there is no one to tell. */
export function tell(line: ByteString): void {
  try {
    writeAll(2, Buffer.from(makeHarmless(line) + '\n', 'latin1'));
  } catch (error) {
    if (['EPIPE', 'EBADF', 'EIO', 'ENOSPC'].indexOf(errorCode(error)) < 0) throw error;
  }
}

/**
 * Keeps the terminal from turning LF into CR LF until the function is called that this returns,
 * which gives it back all the modes it had. script(1) does the same, but it ends, and undoes it,
 * before the last that went through it is shown. undefined if the terminal does not do so, or if
 * its foreground is another's.
 */
export function holdTerminalModes(): (() => void) | undefined {
  if (!isSharingForeground()) return undefined;
  const line = 'stty -g && case " $(stty -a | tr "\\n;" "  ") " in *" onlcr "*) stty -onlcr ;; *) exit 1 ;; esac';
  const done = childProcess().spawnSync('/bin/sh', ['-c', line], { encoding: 'latin1', stdio: [0, 'pipe', 'ignore'] });
  if (done.status !== 0) return undefined;
  return () => {
    childProcess().spawnSync('stty', [done.stdout.trim()], { stdio: [0, 'ignore', 'ignore'] });
  };
}

/** How script(1) is called here, and which descriptors get the new terminal. */
export type TerminalPlan = { flavour: 'util-linux' | 'bsd'; stdin: boolean; stdout: boolean; stderr: boolean };

/** Is it a pipe or a socket, whose bytes are gone once they are read? */
export function isPipe(descriptor: number): boolean {
  try {
    const stat = fs.fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch (error) {
    if (errorCode(error) !== 'EBADF') throw error;
    return false;
  }
}

/**
 * How to give a command a terminal of its own, so that it behaves as on the one rr writes to
 * (docs/rr.1, TERMINALS); undefined if there is no script(1) that can, and where the output goes on
 * to another program: that one may use the terminal too (a pager), and script would take its keys.
 */
export function planTerminal(): TerminalPlan | undefined {
  const plan = { stdin: isTerminal(0), stdout: isTerminal(1), stderr: isTerminal(2) };
  if (!plan.stdout && isPipe(1)) return undefined;
  if (process.platform === 'darwin' || /bsd$/.test(process.platform)) return { flavour: 'bsd', ...plan };
  const version = childProcess().spawnSync('script', ['--version'], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  return version.status === 0 && /util-linux/.test(version.stdout) ? { flavour: 'util-linux', ...plan } : undefined;
}

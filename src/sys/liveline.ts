// liveline.ts - one line at the bottom of the terminal that is written over again and again. Knows not what it says.
import type { ByteString } from '../core/bytes.ts';
import { readMonotonicMs } from './clock.ts';
import { errorCode, writeAll } from './files.ts';
import { isSharingForeground, isTerminal, readColumns } from './terminal.ts';

const REDRAW_MS = 125;
// After output of a command the next may follow at once.
const QUIET_AFTER_OUTPUT_MS = 250;
const ERASE = '\r\x1b[K';

/** Is there a terminal that can move its cursor, on standard error? */
function canRedraw(): boolean {
  return isTerminal(2) && (process.env.TERM ?? '') !== '' && process.env.TERM !== 'dumb';
}

/** Of another size now? Told by the terminal itself; COLUMNS is what it had at the start. */
function readTerminalColumns(): number {
  const columns = isTerminal(2) ? process.stderr.columns : 0;
  return columns > 0 ? columns : readColumns(2);
}

export class LiveLine {
  private readonly isLive: boolean;
  private readonly print: (columns: number) => ByteString;
  private timer: ReturnType<typeof setInterval> | undefined;
  private shown = '';
  private isInLine = false;
  private outputMs = -Infinity;
  private readonly onResize = (): void => { this.erase(); this.draw(); };

  /** `print` gives the line, at most so many columns wide, whenever it is drawn. */
  constructor(isWanted: boolean, print: (columns: number) => ByteString) {
    this.isLive = isWanted && canRedraw();
    this.print = print;
    if (!this.isLive) return;
    this.timer = setInterval(() => this.draw(), REDRAW_MS);
    this.timer.unref();
    process.on('SIGWINCH', this.onResize);
  }

  /** To be called before anything else is printed. */
  erase(): void {
    if (this.shown !== '') this.write(ERASE);
    this.shown = '';
  }

  /** The command prints this itself now: nothing is drawn into its lines. */
  noteOutput(data: Buffer): void {
    this.erase();
    this.isInLine = data.length > 0 && data[data.length - 1] !== 10;
    this.outputMs = readMonotonicMs();
  }

  /** What was printed last has come to its end; was that in the midst of a line? */
  endOutput(): boolean {
    const isInLine = this.isInLine;
    this.isInLine = false;
    return isInLine;
  }

  private draw(): void {
    if (!this.isLive || this.isInLine || readMonotonicMs() - this.outputMs < QUIET_AFTER_OUTPUT_MS || !isSharingForeground()) return;
    // One column is left free: in the last one some terminals go to the next line, some do not.
    const line = this.print(Math.max(1, readTerminalColumns() - 1));
    if (line === this.shown) return;
    this.write(ERASE + line);
    this.shown = line;
  }

  private write(text: ByteString): void {
    try {
      writeAll(2, Buffer.from(text, 'latin1'));
    } catch (error) {
      if (['EPIPE', 'EBADF', 'EIO', 'ENOSPC'].indexOf(errorCode(error)) < 0) throw error;
    }
  }

  close(): void {
    this.erase();
    if (this.timer !== undefined) clearInterval(this.timer);
    process.removeListener('SIGWINCH', this.onResize);
  }
}

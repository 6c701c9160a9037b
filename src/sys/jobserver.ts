// jobserver.ts - the slots that rr shares with makes around it and in it (GNU make 4.4, "POSIX Jobserver Interaction").
//
// Invariants
// 1. One slot is rr's own and has no token. For each further slot that its steps use it holds one token.
// 2. All tokens that were taken are written back, whatever ends rr but SIGKILL: the pool of a make around it is
//    none of rr's.
// 3. Nothing here waits: the pipe is read by a description of its own that does not block, while those that
//    makes have of it block, as they expect.
//
// A step that was said to use several slots has a jobserver of its own with these: what a make in it starts
// has been counted already.
import type { ByteString } from '../core/bytes.ts';
import { parseJobserver, printJobserver } from '../formats/makeflags.ts';
import type { JobserverPlace } from '../formats/makeflags.ts';
import { makeRandomDigits } from './clock.ts';
import { errorCode, makeFolder, readAccessMode, removeIfThere, toFsPath, toText } from './files.ts';
import { findInheritedDescriptors } from './machine.ts';
import { childProcess, fs } from './node.ts';
import type { Project } from './project.ts';

/** Descriptors of a pool, in this process: for makes to read and to write, and for rr to read without waiting. */
export type TokenPipe = { read: number; write: number; own: number };

const TOKEN = '+';

/** Descriptors can be given to commands on Node.js alone. */
export function canShareDescriptors(): boolean {
  return process.platform === 'linux' && process.versions.bun === undefined && process.versions.deno === undefined;
}

/** A new pipe with so many tokens; undefined where it cannot be had. Nothing of it is left in the file system. */
export function makeTokenPipe(project: Project, tokens: number): TokenPipe | undefined {
  if (!canShareDescriptors()) return undefined;
  const name = project.own + '/running/jobs-' + makeRandomDigits() + '.fifo';
  try {
    makeFolder(project.own + '/running');
    if (childProcess().spawnSync('mkfifo', ['-m', '600', '--', toText(name)], { stdio: 'ignore' }).status !== 0) return undefined;
    // In this order none of them waits for the other end.
    const own = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const write = fs.openSync(toFsPath(name), fs.constants.O_WRONLY);
    const read = fs.openSync(toFsPath(name), fs.constants.O_RDONLY);
    fs.writeSync(write, TOKEN.repeat(tokens));
    return { read, write, own };
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  } finally {
    removeIfThere(name);
  }
}

export function closeTokenPipe(pipe: TokenPipe): void {
  for (const descriptor of [pipe.read, pipe.write, pipe.own]) fs.closeSync(descriptor);
}

/** What offers a pool to the makes in a command: the variable, and the descriptors that it is to have. */
export function offerJobserver(slots: number, place: JobserverPlace | undefined): { variables: { [name: string]: string }; inherited: number[] } {
  if (place === undefined) return { variables: {}, inherited: [] };
  return { variables: { MAKEFLAGS: printJobserver(slots, place) }, inherited: place.kind === 'pipe' ? [place.read, place.write] : [] };
}

// Those that Node.js has opened itself at its start are not beyond.
const FIRST_NOT_OF_NODE = 32;

function isOpenFor(descriptor: number, isWriting: boolean): boolean {
  try {
    if (!fs.fstatSync(descriptor).isFIFO()) return false;
  } catch (error) {
    return false;
  }
  const mode = readAccessMode(descriptor);
  return mode === 2 || mode === (isWriting ? 1 : 0);
}

/** Descriptors of a pool that a make around rr has given it; undefined if it kept them to itself, or they cannot be used. */
function openSurroundingPipe(place: JobserverPlace): TokenPipe | undefined {
  try {
    if (place.kind === 'fifo') {
      const own = fs.openSync(place.name, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      return { read: own, write: fs.openSync(place.name, fs.constants.O_WRONLY), own };
    }
    const given = findInheritedDescriptors();
    const isGiven = (descriptor: number): boolean => given.indexOf(descriptor) >= 0 || descriptor >= FIRST_NOT_OF_NODE;
    if (!canShareDescriptors() || !isGiven(place.read) || !isGiven(place.write) || !isOpenFor(place.read, false) || !isOpenFor(place.write, true)) return undefined;
    const own = fs.openSync('/proc/self/fd/' + String(place.read), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    return { read: place.read, write: place.write, own };
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  }
}

/** The tokens of one rr make: of the make around it, or else its own. */
export class JobTokens {
  /** Where makes in steps find the pool; undefined if they are offered none. */
  readonly place: JobserverPlace | undefined;
  /** isShared: a make around rr has others work with the same tokens. */
  readonly isShared: boolean;
  private readonly pipe: TokenPipe | undefined;
  private readonly held: number[] = [];
  private readonly buffer = Buffer.alloc(1);

  constructor(place: JobserverPlace | undefined, pipe: TokenPipe | undefined, isShared: boolean) {
    this.place = place;
    this.pipe = pipe;
    this.isShared = isShared;
  }

  /** Takes or gives back tokens until there are enough for so many slots; false, and as before, if there are not so many. Without a pool there are as many as one likes. */
  holdFor(slots: number): boolean {
    const { pipe } = this;
    if (pipe === undefined) return true;
    const before = this.held.length;
    while (this.held.length > Math.max(0, slots - 1)) this.giveBack();
    while (this.held.length < slots - 1) {
      if (this.take(pipe)) continue;
      // Not even some: two that each hold a part of what both need would wait for ever.
      while (this.held.length > before) this.giveBack();
      return false;
    }
    return true;
  }

  private take(pipe: TokenPipe): boolean {
    try {
      if (fs.readSync(pipe.own, this.buffer, 0, 1, null) === 0) return false;
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return false;
      throw error;
    }
    this.held.push(this.buffer[0]);
    return true;
  }

  private giveBack(): void {
    // The same byte: a make may have put into it what only it knows.
    const token = this.held.pop();
    if (token !== undefined && this.pipe !== undefined) fs.writeSync(this.pipe.write, Buffer.from([token]));
  }

  /** Gives all tokens back. */
  close(): void {
    while (this.held.length > 0) this.giveBack();
    if (this.pipe === undefined) return;
    if (!this.isShared) closeTokenPipe(this.pipe);
    else fs.closeSync(this.pipe.own);
  }
}

/**
 * The pool for so many slots. `problem`: why a make around rr cannot be shared with, so that rr should use one
 * slot alone, as GNU make does.
 */
export function openJobTokens(project: Project, slots: number, makeflags: ByteString | undefined): { tokens: JobTokens; problem: string | undefined } {
  const around = parseJobserver(makeflags);
  if (around !== undefined) {
    const pipe = openSurroundingPipe(around);
    if (pipe !== undefined) return { tokens: new JobTokens(around, pipe, true), problem: undefined };
    return { tokens: new JobTokens(undefined, undefined, false), problem: 'the jobserver of the make around rr is not to be had: one step at a time; put a "+" before the line of its recipe' };
  }
  const pipe = slots === 1 ? undefined : makeTokenPipe(project, slots - 1);
  return { tokens: new JobTokens(pipe === undefined ? undefined : { kind: 'pipe', read: pipe.read, write: pipe.write }, pipe, false), problem: undefined };
}

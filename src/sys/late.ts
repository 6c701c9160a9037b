// late.ts - brings in the files of rr.js that stand in comments until one of their functions is called.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { toBytes } from './files.ts';
import { fs, vm } from './node.ts';

// Most of a start of rr is spent on parsing what that start does not need. A comment costs a tenth.
// So what few starts need stands in comments (src/ORDER, "late"); src/tool/parts.ts decides which
// files these are, and makes the stubs by which the others call their functions.

/** Names that files declare at top level, with their values. */
type Names = { [name: string]: unknown };

/** What the build knows of files in comments; lists are words. */
export type LateParts = {
  /** Names the text of these files, for rr.js may be replaced while it runs. */
  build: string;
  /** By file: the line of rr.js on which it begins, names that it uses of others, and names that others use of it. */
  files: { [file: string]: [line: number, uses: string, gives: string] };
  /** By the file whose functions are called: it and all late files that it needs, in their order. */
  needs: { [file: string]: string };
  /** Names of the files that are no comments, as far as others use them. */
  base: () => Names;
};

const given: Names = {};
const broughtIn = new Set<string>();
/** From "==== late" on. */
let ownText: Buffer | undefined;
let ownParts: LateParts | undefined;

/** Called once, by what the build puts in the place of late files. */
export function noteParts(parts: LateParts): void {
  ownParts = parts;
}

/** From now on rr.js may be replaced: what this run of rr may yet need of it is kept in memory. */
export function keepOwnText(): void {
  if (ownParts === undefined || ownText !== undefined) return;
  try {
    ownText = readOwnText(nameOfOwnFile(), ownParts.build);
  } catch (error) {
    if (!(error instanceof Failure)) throw error; // told when something is needed of it
  }
}

/** Where rr.js is. An ES module has no __filename, and what it was called by may lack ".js". */
export function nameOfOwnFile(): string {
  if (typeof __filename === 'string') return __filename;
  return fs.existsSync(process.argv[1]) ? process.argv[1] : process.argv[1] + '.js';
}

/** The late part of rr.js, as bytes: to make a string of all of it takes ten times as long. Throws Failure if it is not there any more or another one. */
function readOwnText(name: string, build: string): Buffer {
  let text: Buffer;
  try {
    text = fs.readFileSync(name);
  } catch (error) {
    throw new Failure('cannot read the rest of rr.js: "' + toBytes(String(name)) + '" is not there', 'run it as a file: node rr.js');
  }
  const start = text.indexOf('\n// ==== late, build ' + build + ' ');
  if (start < 0) throw new Failure('cannot go on: rr.js was replaced while it ran', 'run it again');
  return text.subarray(start);
}

/** The script in which the comments `files` of `text` are code, each line on the line where it stands in rr.js. */
function uncomment(text: Buffer, parts: LateParts, files: string[]): ByteString {
  let script = '';
  let line = 1;
  let at = 0;
  for (const file of files) {
    const banner = text.indexOf('\n// ==== src/' + file + ' =', at);
    if (banner < 0) throw new Failure('cannot go on: rr.js has no "src/' + file + '"', 'get rr.js anew');
    const start = text.indexOf('\n', banner + 1);
    const end = text.indexOf('\n// ==== ', start);
    const lines = text.toString('latin1', start, end < 0 ? text.length : end).split('\n');
    script += '\n'.repeat(Math.max(0, parts.files[file][0] - line)) + lines.map((one) => one.slice(one[2] === ' ' ? 3 : 2)).join('\n');
    line = parts.files[file][0] + lines.length - 1;
    at = end < 0 ? text.length : end;
  }
  return script;
}

/** What the functions of `file` and others of it are, which is brought in if it is not there yet. Throws Failure if rr.js cannot be read. */
export function bringIn(file: string): Names {
  if (broughtIn.has(file)) return given;
  const parts = ownParts as LateParts;
  const splitWords = (lists: string[]): string[] => lists.join(' ').split(' ').filter((word) => word !== '');
  const files = splitWords([parts.needs[file]]).filter((one) => !broughtIn.has(one));
  const known: Names = { ...parts.base(), ...given };
  const gives = splitWords(files.map((one) => parts.files[one][2]));
  const own = new Set(gives);
  const uses = Array.from(new Set(splitWords(files.map((one) => parts.files[one][1])))).filter((name) => !own.has(name));
  const name = nameOfOwnFile();
  ownText = ownText ?? readOwnText(name, parts.build);
  const script = '(function (' + uses.join(', ') + ") { 'use strict'; " + uncomment(ownText, parts, files) + '\nreturn { ' + gives.join(', ') + ' }; })';
  const bring = vm().runInThisContext(script, { filename: name }) as (...values: unknown[]) => Names;
  Object.assign(given, bring(...uses.map((one) => known[one])));
  for (const one of files) broughtIn.add(one);
  return given;
}

// late.ts - brings in the files of rr.js that stand in comments until one of their functions is called.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { toBytes } from './files.ts';
import { fs, vm } from './node.ts';

// Most of a start of rr is spent on parsing what that start does not need. A comment costs a twentieth.
// So what few starts need stands in a comment (src/ORDER, "late"); src/tool/parts.ts decides which
// files these are, and makes the stubs by which the others call their functions.
//
// The comment is all there is of a function, and an engine gives a function's text as it stands in the
// file: nothing is read anew, whatever has become of rr.js meanwhile. Bun leaves comments out, so there the
// text comes from the file.

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
  /** The function whose text they are. */
  holder: () => void;
};

const given: Names = {};
const broughtIn = new Set<string>();
/** The late part of rr.js. */
let lateText: ByteString | undefined;
let ownParts: LateParts | undefined;

/** Called once, by what the build puts in the place of late files. */
export function noteParts(parts: LateParts): void {
  ownParts = parts;
}

/** From now on rr.js may be replaced: what this run of rr may yet need of it is in memory. */
export function keepOwnText(): void {
  try {
    if (ownParts !== undefined) lateText = lateText ?? readLateText(ownParts);
  } catch (error) {
    if (!(error instanceof Failure)) throw error; // told when something is needed of it
  }
}

/** Where rr.js is. An ES module has no __filename, and what it was called by may lack ".js". */
export function nameOfOwnFile(): string {
  if (typeof __filename === 'string') return __filename;
  return fs.existsSync(process.argv[1]) ? process.argv[1] : process.argv[1] + '.js';
}

/** Throws Failure if the text is not to be had but from the file, and that is not there any more or another one. */
function readLateText(parts: LateParts): ByteString {
  const text = String(parts.holder);
  return text.indexOf('\n// ==== src/') >= 0 ? text : readOwnFile(nameOfOwnFile(), parts.build);
}

function readOwnFile(name: string, build: string): ByteString {
  let text: Buffer;
  try {
    text = fs.readFileSync(name);
  } catch (error) {
    throw new Failure('cannot read the rest of rr.js: "' + toBytes(String(name)) + '" is not there', 'run it as a file: node rr.js');
  }
  const start = text.indexOf('\n// ==== late, build ' + build + ' ');
  if (start < 0) throw new Failure('cannot go on: rr.js was replaced while it ran', 'run it again');
  return text.toString('latin1', start);
}

/** The script in which `files` of the comment are code, each line on the line where it stands in rr.js. */
function uncomment(text: ByteString, parts: LateParts, files: string[]): ByteString {
  let script = '';
  let line = 1;
  let at = 0;
  for (const file of files) {
    const banner = text.indexOf('\n// ==== src/' + file + ' =', at);
    if (banner < 0) throw new Failure('cannot go on: rr.js has no "src/' + file + '"', 'get rr.js anew');
    const start = text.indexOf('\n', banner + 1);
    const next = text.indexOf('\n// ==== ', start);
    at = next < 0 ? text.lastIndexOf('*/') : next;
    const code = text.slice(start, at).replace(/\*_\//g, '*/');
    script += '\n'.repeat(Math.max(0, parts.files[file][0] - line)) + code;
    line = parts.files[file][0];
    for (let i = code.indexOf('\n'); i >= 0; i = code.indexOf('\n', i + 1)) line++;
  }
  return script;
}

/** What the functions of `file` and others of it are, which is brought in if it is not there yet. Throws Failure if rr.js cannot be read. */
export function bringIn(file: string): Names {
  if (broughtIn.has(file)) return given;
  const parts = ownParts as LateParts;
  const splitWords = (lists: string[]): string[] => lists.join(' ').split(' ').filter((word) => word !== '');
  const files = splitWords([parts.needs[file]]).filter((one) => !broughtIn.has(one));
  const base = parts.base();
  const gives = splitWords(files.map((one) => parts.files[one][2]));
  const own = new Set(gives);
  const uses = Array.from(new Set(splitWords(files.map((one) => parts.files[one][1])))).filter((name) => !own.has(name));
  lateText = lateText ?? readLateText(parts);
  const script = '(function (' + uses.join(', ') + ") { 'use strict'; " + uncomment(lateText, parts, files) + '\nreturn { ' + gives.join(', ') + ' }; })';
  const bring = vm().runInThisContext(script, { filename: nameOfOwnFile() }) as (...values: unknown[]) => Names;
  Object.assign(given, bring(...uses.map((one) => given[one] ?? base[one])));
  for (const one of files) broughtIn.add(one);
  return given;
}

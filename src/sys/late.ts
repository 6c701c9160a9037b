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

/** What the build tells of the comment. */
export type LateParts = {
  /** Names the text of these files, for rr.js may be replaced while it runs. */
  build: string;
  /** Names of the files that are no comments, as far as others use them. */
  base: () => Names;
  /** The function whose text they are. */
  holder: () => void;
};

/** A file in the comment: the line of rr.js on which it begins, names that it uses of others, and names that others use of it. */
type LateFile = { line: number; uses: string[]; gives: string[]; needs: string[] };

const given: Names = {};
const broughtIn = new Set<string>();
/** The late part of rr.js, and what its head says of the files. */
let lateText: ByteString | undefined;
let lateFiles: Map<string, LateFile> | undefined;
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

/** The head of the comment, as printTable() of src/tool/parts.ts makes it. `needs`: of a file whose functions are called, it and all late files that it needs, in their order. */
function readTable(text: ByteString): Map<string, LateFile> {
  const files = new Map<string, LateFile>();
  let file: LateFile = { line: 0, uses: [], gives: [], needs: [] };
  for (const row of text.slice(0, text.indexOf('\n// ==== src/')).split('\n')) {
    const [key, ...words] = row.split(' ').filter((word) => word !== '');
    if (key === 'uses' || key === 'gives' || key === 'needs') file[key] = words;
    else if (words.length === 1) files.set(key, file = { line: Number(words[0]), uses: [], gives: [], needs: [] });
  }
  return files;
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
  // Behind the comment something else stands. In it every end of a comment is spelled otherwise.
  return text.toString('latin1', start, text.indexOf('*/', start) + 2);
}

/** The script in which `files` of the comment are code, each line on the line where it stands in rr.js. */
function uncomment(text: ByteString, files: Map<string, LateFile>): ByteString {
  let script = '';
  let line = 1;
  let at = 0;
  for (const [file, { line: first }] of Array.from(files)) {
    const banner = text.indexOf('\n// ==== src/' + file + ' =', at);
    if (banner < 0) throw new Failure('cannot go on: rr.js has no "src/' + file + '"', 'get rr.js anew');
    const start = text.indexOf('\n', banner + 1);
    const next = text.indexOf('\n// ==== ', start);
    at = next < 0 ? text.lastIndexOf('*/') : next;
    const code = text.slice(start, at).replace(/\*_\//g, '*/');
    script += '\n'.repeat(Math.max(0, first - line)) + code;
    line = first;
    for (let i = code.indexOf('\n'); i >= 0; i = code.indexOf('\n', i + 1)) line++;
  }
  return script;
}

/** What the functions of `file` and others of it are, which is brought in if it is not there yet. Throws Failure if rr.js cannot be read. */
export function bringIn(file: string): Names {
  if (broughtIn.has(file)) return given;
  const parts = ownParts as LateParts;
  lateText = lateText ?? readLateText(parts);
  lateFiles = lateFiles ?? readTable(lateText);
  const files = new Map<string, LateFile>();
  const [uses, gives] = [new Set<string>(), new Set<string>()];
  for (const name of (lateFiles.get(file) as LateFile).needs) {
    if (broughtIn.has(name)) continue;
    const one = lateFiles.get(name) as LateFile;
    files.set(name, one);
    for (const word of one.uses) uses.add(word);
    for (const word of one.gives) gives.add(word);
  }
  const base = parts.base();
  const taken = Array.from(uses).filter((name) => !gives.has(name));
  const script = '(function (' + taken.join(', ') + ") { 'use strict'; " + uncomment(lateText, files) + '\nreturn { ' + Array.from(gives).join(', ') + ' }; })';
  const bring = vm().runInThisContext(script, { filename: nameOfOwnFile() }) as (...values: unknown[]) => Names;
  Object.assign(given, bring(...taken.map((name) => given[name] ?? base[name])));
  for (const one of Array.from(files.keys())) broughtIn.add(one);
  return given;
}

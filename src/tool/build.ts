// build.ts - makes rr.js out of src/. Knows no rule of its own: it asks for them and prints.
import * as fs from 'fs';
import * as path from 'path';
import { findLayerBreaches } from './layers.ts';
import { holdInComment, splitParts } from './parts.ts';
import type { Parts } from './parts.ts';
import { SourceError } from './place.ts';
import { stripTypes } from './strip.ts';
import { findRefusedSyntax } from './syntax.ts';
import { readTree } from './tree.ts';
import type { SourceUnit } from './tree.ts';
import { verifyScript, verifyStripped } from './verify.ts';

// usage: node build.js [--src DIR] [--out FILE] [--check]
//   --src DIR    folder with ORDER (src); package.json and LICENSE stand beside it
//   --out FILE   what to write (rr.js)
//   --check      write nothing; say where FILE differs from a fresh build

const WIDTH = 100;

/** The text of rr.js: the same bytes for the same source, whoever builds it where. Throws SourceError. */
export function amalgamate(src: string): string {
  const units = readTree(src);
  const problems = units.flatMap((unit) => findRefusedSyntax(unit.source));
  problems.push(...findLayerBreaches(units));
  if (problems.length > 0) throw new SourceError(problems.join('\n'));
  const top = path.dirname(path.resolve(src));
  const scripts = new Map(units.map((unit) => [unit, strip(unit)]));
  const parts = splitParts(units, (unit) => scripts.get(unit)!);
  const print = (lineOf: (unit: SourceUnit) => number): string => head(top, units, parts) + printParts(parts, scripts, lineOf) + license(top);
  const lines = findBanners(print(() => 0));
  const text = print((unit) => lines.get(unit.name)!);
  verifyScript(text, 'rr.js');
  return text;
}

function strip(unit: SourceUnit): string {
  const stripped = stripTypes(unit.source);
  verifyStripped(unit.source, stripped);
  return stripped;
}

/** The files that are code, before the last of them the stubs of the others, and these in a comment. */
function printParts(parts: Parts, scripts: Map<SourceUnit, string>, lineOf: (unit: SourceUnit) => number): string {
  const printUnit = (unit: SourceUnit): string => '\n' + banner('src/' + unit.name) + scripts.get(unit)!;
  const code = parts.code.map(printUnit);
  if (parts.late.length === 0) return code.join('');
  const last = code.pop()!;
  const late = holdInComment([parts.table(lineOf)].concat(parts.late.map(printUnit)));
  return code.join('') + '\n' + banner('what brings in the files below') + parts.stubs + last + '\n' + banner('late, build ' + parts.build) + late;
}

/** On which line each file's banner stands. */
function findBanners(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  text.split('\n').forEach((line, i) => {
    const match = /^\/\/ ==== src\/(\S+) =+$/.exec(line);
    if (match !== null) lines.set(match[1], i + 1);
  });
  return lines;
}

function banner(title: string): string {
  return ('// ==== ' + title + ' ').padEnd(WIDTH, '=') + '\n';
}

function head(top: string, units: SourceUnit[], parts: Parts): string {
  const project = JSON.parse(fs.readFileSync(path.join(top, 'package.json'), 'utf8')) as { version: string; description: string };
  const width = Math.max(...units.map((unit) => unit.name.length));
  const contents = parts.code.concat(parts.late).map((unit) => '//   ' + unit.name.padEnd(width) + '  ' + purposeOf(unit));
  const late = parts.late.length === 0 ? [] : [
    '//',
    '// What few starts need stands in a comment, from "==== late" on, and is code from the first call on:',
    '// so that a start need not parse it. It may be changed like the rest; "*_/" in it is the end of a comment.',
  ];
  return [
    '#!/usr/bin/env node',
    '// rr ' + project.version + ': ' + project.description + '.',
    '//',
    '// Runs on Node.js 14 and newer, Bun and Deno; needs nothing else.',
    '// Made by `make` from the TypeScript in src/: the same files in the same order with the same',
    '// comments, the types taken out, the shapes of the records left as comments.',
    '// Change src/ if you have it; if you have only this file, change it.',
    ...late,
    '//',
    '// Contents: search for "==== src/".',
    ...contents,
    "'use strict';",
    '',
  ].join('\n');
}

/** `// run.ts - what a run is. Knows no files.` gives 'what a run is'. Throws SourceError if there is no such line. */
function purposeOf(unit: SourceUnit): string {
  const line = unit.source.text.split('\n')[0];
  const match = /^\/\/ \S+\.ts - (.*?)(\. .*|\.)?$/.exec(line);
  if (match === null) throw new SourceError(unit.source.fileName + ':1: first line is not "// ' + path.basename(unit.name) + ' - PURPOSE"');
  return match[1];
}

/** rr.js travels alone, and the licence asks to travel along. */
function license(top: string): string {
  const text = fs.readFileSync(path.join(top, 'LICENSE'), 'utf8').trimEnd();
  return '\n' + banner('LICENSE') + text.split('\n').map((line) => ('// ' + line).trimEnd() + '\n').join('');
}

/** '' if the two are the same, else what the first differing line is and would be. */
export function firstDifference(shown: string, is: string, wanted: string): string {
  if (is === wanted) return '';
  const isLines = is.split('\n');
  const wantedLines = wanted.split('\n');
  let i = 0;
  while (isLines[i] === wantedLines[i]) i++;
  return shown + ':' + (i + 1) + ': is not what src/ gives; run "make"\n  is        ' + quoteLine(isLines[i]) +
    '\n  should be ' + quoteLine(wantedLines[i]);
}

function quoteLine(line: string | undefined): string {
  return line === undefined ? 'the end' : JSON.stringify(line);
}

type BuildOptions = { src: string; out: string; isCheck: boolean };

function readOptions(args: string[]): BuildOptions {
  const options: BuildOptions = { src: 'src', out: 'rr.js', isCheck: false };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--check') options.isCheck = true;
    else if (args[i] === '--src' && i + 1 < args.length) options.src = args[++i];
    else if (args[i] === '--out' && i + 1 < args.length) options.out = args[++i];
    else throw new SourceError('usage: node build.js [--src DIR] [--out FILE] [--check]');
  }
  return options;
}

function build(options: BuildOptions): void {
  const text = amalgamate(options.src);
  const old = fs.existsSync(options.out) ? fs.readFileSync(options.out, 'latin1') : '';
  if (options.isCheck) {
    const difference = firstDifference(path.basename(options.out), old, text);
    if (difference !== '') throw new SourceError(difference);
  } else {
    if (old !== text) fs.writeFileSync(options.out, text, 'latin1');
    // Not left to the umask: the mode goes into git and into archives.
    fs.chmodSync(options.out, 0o755);
  }
}

function main(): void {
  try {
    build(readOptions(process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    process.stderr.write(error.message + '\n');
    process.exitCode = 1;
  }
}

if (require.main === module) main();

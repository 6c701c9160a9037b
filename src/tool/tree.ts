// tree.ts - the source tree and its ORDER. Knows no rule about what stands in a file.
import * as fs from 'fs';
import * as path from 'path';
import * as ts from 'typescript';
import { SourceError, parseSource } from './place.ts';

/** One file of src/: `name` as in ORDER, `orderPlace` is where ORDER names it; isGate: with the word "late" (parts.ts). */
export type SourceUnit = { name: string; folder: string; orderPlace: string; isGate: boolean; source: ts.SourceFile };

/** Folders from the ground up; a file of src itself counts as a folder of its own. */
export const FOLDERS = ['core', 'formats', 'views', 'sys', 'commands', 'cli.ts', 'main.ts'];

/**
 * The files of ORDER, parsed. Throws SourceError with a line for each file that ORDER names and is
 * not there, is there and not named, is named twice, or stands above a folder it must stand below.
 */
export function readTree(src: string): SourceUnit[] {
  const shown = path.basename(src);
  const entries = readOrder(src);
  const problems = [...findMisplaced(entries), ...findUnlisted(src, entries.map((entry) => entry.name))];
  const units: SourceUnit[] = [];
  for (const { name, isGate, place } of entries) {
    const file = path.join(src, name);
    if (!fs.existsSync(file)) problems.push(place + ': ' + shown + '/' + name + ' does not exist');
    else units.push({ name, folder: folderOf(name), orderPlace: place, isGate, source: readSource(file, shown + '/' + name) });
  }
  if (problems.length > 0) throw new SourceError(problems.join('\n'));
  return units;
}

/** Reads a file of ASCII text with LF (a tab may stand in a literal of a recipe); anything else would make rr.js depend on who reads it. */
export function readSource(file: string, shown: string): ts.SourceFile {
  const text = fs.readFileSync(file, 'latin1');
  const odd = /[^\n\t -~]/.exec(text);
  if (odd !== null) {
    const line = text.slice(0, odd.index).split('\n').length;
    throw new SourceError(shown + ':' + line + ': not ASCII: byte 0x' + odd[0].charCodeAt(0).toString(16).padStart(2, '0'));
  }
  if (!text.endsWith('\n')) throw new SourceError(shown + ':' + text.split('\n').length + ': no newline at the end');
  return parseSource(shown, text);
}

/** Every .ts file under `folder` in byte order, paths relative to it, with '/'. */
export function listSources(folder: string): string[] {
  const found: string[] = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) found.push(...listSources(path.join(folder, entry.name)).map((name) => entry.name + '/' + name));
    else if (entry.name.endsWith('.ts')) found.push(entry.name);
  }
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

type OrderEntry = { name: string; isGate: boolean; place: string };

function readOrder(src: string): OrderEntry[] {
  const lines = fs.readFileSync(path.join(src, 'ORDER'), 'latin1').split('\n');
  const entries = lines.map((line, i) => {
    const text = line.replace(/#.*/, '').trim();
    return { name: text.replace(/ +late$/, ''), isGate: / late$/.test(text), place: path.basename(src) + '/ORDER:' + (i + 1) };
  });
  return entries.filter((entry) => entry.name !== '');
}

function folderOf(name: string): string {
  return name.split('/')[0];
}

function findMisplaced(entries: OrderEntry[]): string[] {
  const problems: string[] = [];
  let highest: OrderEntry | undefined;
  const placeByName = new Map<string, string>();
  for (const entry of entries) {
    const level = FOLDERS.indexOf(folderOf(entry.name));
    const first = placeByName.get(entry.name);
    if (first !== undefined) problems.push(entry.place + ': ' + entry.name + ' is named already at ' + first);
    else if (level < 0) problems.push(entry.place + ': ' + entry.name + ' is in none of ' + FOLDERS.join(', '));
    else if (highest !== undefined && level < FOLDERS.indexOf(folderOf(highest.name))) {
      problems.push(entry.place + ': ' + entry.name + ' must stand above ' + highest.name + ' of ' + highest.place);
    } else highest = entry;
    placeByName.set(entry.name, entry.place);
  }
  return problems;
}

function findUnlisted(src: string, names: string[]): string[] {
  const unlisted = listSources(src).filter((name) => !name.startsWith('tool/') && !names.includes(name));
  return unlisted.map((name) => path.basename(src) + '/' + name + ':1: not in ' + path.basename(src) + '/ORDER');
}

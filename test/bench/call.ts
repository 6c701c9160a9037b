// call.ts - a process that does one thing of rr's own code, to be timed beside a program that does the same.
import fs from 'fs';
import path from 'path';
import { writeAll } from '../../src/sys/files.ts';
import { hashFiles, hashRegularFile } from '../../src/sys/hash.ts';
import type { HashOutcome, HashRequest } from '../../src/sys/hash.ts';
import { lookAgain, takeSnapshot } from '../../src/sys/scan.ts';

// usage: node call.js one-by-one FILE...   hashes, one after another
//        node call.js together FILE...     hashes, shared by two threads
//        node call.js list LIST            the same of the files named in LIST, a line each
//        node call.js walk FOLDER          milliseconds of looking at it a second time and comparing
//        node call.js bare-walk FOLDER     milliseconds of readdir and lstat alone, a second time

function printOutcomes(names: string[], outcomes: HashOutcome[]): void {
  const lines = outcomes.map((outcome, i) => (outcome.kind === 'hashed' ? outcome.hash : outcome.kind) + '  ' + names[i] + '\n');
  writeAll(1, Buffer.from(lines.join(''), 'latin1'));
}

async function hashTogether(names: string[]): Promise<void> {
  const requests: HashRequest[] = names.map((name) => ({ name, sizeBytes: fs.lstatSync(name).size }));
  printOutcomes(names, await hashFiles(requests));
}

async function walkTwice(folder: string): Promise<void> {
  const before = takeSnapshot(folder, []);
  const started = process.hrtime.bigint();
  const { changes } = await lookAgain(folder, before, false);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (changes.written.length + changes.removed.length > 0) throw new Error('the files changed meanwhile');
  fs.writeFileSync(1, ms.toFixed(3) + '\n');
}

function lookAtAll(folder: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) lookAtAll(name);
    else fs.lstatSync(name);
  }
}

function walkBare(folder: string): void {
  lookAtAll(folder);
  const started = process.hrtime.bigint();
  lookAtAll(folder);
  fs.writeFileSync(1, (Number(process.hrtime.bigint() - started) / 1e6).toFixed(3) + '\n');
}

async function main(verb: string, names: string[]): Promise<void> {
  if (verb === 'one-by-one') printOutcomes(names, names.map((name) => hashRegularFile(name)));
  else if (verb === 'together') await hashTogether(names);
  else if (verb === 'list') await hashTogether(fs.readFileSync(names[0], 'latin1').split('\n').filter((name) => name !== ''));
  else if (verb === 'walk') await walkTwice(names[0]);
  else if (verb === 'bare-walk') walkBare(names[0]);
  else throw new Error('no such verb: ' + verb);
}

void main(process.argv[2], process.argv.slice(3));

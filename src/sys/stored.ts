// stored.ts - what lies in a store of contents and entries, and taking it away. Decides nothing.
//
// Others may put and take at the same time. What was used since it was listed is left alone. A content that goes while
// another process takes it is read to its end; an entry that lost one is found out by whoever wants it.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { StoredContent, StoredEntry } from '../core/freeing.ts';
import { RUN_ID } from '../core/run.ts';
import { unsealRecord } from '../formats/fields.ts';
import { parseReuseEntry } from '../formats/reuseentry.ts';
import { readUtcMicros } from './clock.ts';
import { errorCode, listFolder, lstatIfThere, readBytesIfThere, toFsPath } from './files.ts';
import { hashBytes } from './hash.ts';
import { fs } from './node.ts';

/** A file that is of no use to anybody: unfinished, damaged. */
export type Leftover = { path: string; sizeBytes: number };

export type Stored = { contents: StoredContent[]; entries: StoredEntry[]; leftovers: Leftover[] };

// Of these one may still be at work.
const UNFINISHED_MS = 3600000;

function listStoreFolders(folder: ByteString, test: RegExp): string[] {
  return listFolder(folder).filter((name) => test.test(name) && lstatIfThere(folder + '/' + name)?.isDirectory() === true).sort();
}

/** The regular files in a folder of the store; of unfinished ones only those that nobody writes any more. */
function visitFiles(store: ByteString, path: string, nowMs: number, leftovers: Leftover[], visit: (name: string, stat: import('fs').Stats) => void): void {
  for (const name of listFolder(store + '/' + path).sort()) {
    const stat = lstatIfThere(store + '/' + path + '/' + name);
    if (stat === undefined || !stat.isFile()) continue;
    if (name[0] !== '.') visit(name, stat);
    else if (name.endsWith('.tmp') && nowMs - stat.mtimeMs > UNFINISHED_MS) leftovers.push({ path: path + '/' + name, sizeBytes: stat.size });
  }
}

/** `hasLogs`: what was printed lies in the store, too. undefined if it is damaged. */
function readStoredEntry(name: ByteString, hasLogs: boolean): Pick<StoredEntry, 'id' | 'command' | 'hashes'> | undefined {
  try {
    const text = readBytesIfThere(name) ?? '';
    const parts = unsealRecord(text);
    if (parts === undefined || hashBytes(parts.body) !== parts.hash) return undefined;
    const { run } = parseReuseEntry(text, name);
    const files = run.outputs.filter((file) => file.kind !== 'd').concat(hasLogs ? run.logs : []);
    return { id: run.id, command: run.command, hashes: Array.from(new Set(files.map((file) => file.hash))) };
  } catch (error) {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error;
    return undefined;
  }
}

/** All that lies in the store in `folder`. `isShared`: it is a cache, not .rr of a project. */
export function listStored(folder: ByteString, isShared: boolean): Stored {
  const stored: Stored = { contents: [], entries: [], leftovers: [] };
  const nowMs = readUtcMicros() / 1000;
  for (const first of listStoreFolders(folder + '/objects', /^[0-9a-f]{2}$/)) {
    visitFiles(folder, 'objects/' + first, nowMs, stored.leftovers, (name, stat) => {
      if (/^[0-9a-f]{62}$/.test(name)) stored.contents.push({ hash: first + name, sizeBytes: stat.size, usedMs: stat.mtimeMs });
    });
  }
  visitFiles(folder, 'objects/corrupt', nowMs, stored.leftovers, (name, stat) => {
    if (/^[0-9a-f]{64}\.[a-z2-7]+$/.test(name)) stored.leftovers.push({ path: 'objects/corrupt/' + name, sizeBytes: stat.size });
  });
  for (const first of listStoreFolders(folder + '/entries', /^[0-9a-f]{2}$/)) {
    for (const rest of listStoreFolders(folder + '/entries/' + first, /^[0-9a-f]{62}$/)) {
      const path = 'entries/' + first + '/' + rest;
      visitFiles(folder, path, nowMs, stored.leftovers, (name, stat) => {
        if (!name.endsWith('.rec') || !RUN_ID.test(name.slice(0, -4))) return;
        const entry = readStoredEntry(folder + '/' + path + '/' + name, isShared);
        if (entry === undefined) stored.leftovers.push({ path: path + '/' + name, sizeBytes: stat.size });
        else stored.entries.push({ ...entry, path: path + '/' + name, sizeBytes: stat.size, usedMs: stat.mtimeMs });
      });
    }
  }
  return stored;
}

/** Takes a file of the store away, if it was not used since; and its folder, if that is empty then. */
export function removeStored(folder: ByteString, path: string, usedMs: number | undefined): 'removed' | 'used' | 'failed' {
  const name = folder + '/' + path;
  const stat = lstatIfThere(name);
  if (stat === undefined || (usedMs !== undefined && stat.mtimeMs !== usedMs)) return 'used';
  try {
    fs.unlinkSync(toFsPath(name));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return errorCode(error) === 'ENOENT' ? 'used' : 'failed';
  }
  for (let slash = path.lastIndexOf('/'); slash > 0 && path.indexOf('/') !== slash; slash = path.lastIndexOf('/', slash - 1)) {
    try {
      fs.rmdirSync(toFsPath(folder + '/' + path.slice(0, slash)));
    } catch (error) {
      if (errorCode(error) === '') throw error;
      break; // not empty
    }
  }
  return 'removed';
}

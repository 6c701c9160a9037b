// ownercache.ts - packages of files that were asked for before. Without it all is the same, later.
//
// Lines of "STAMP MANAGER NAME VERSION ARCHITECTURE PATH .", separated by tabs, appended; a line is true
// as long as the databases have this stamp. A file without an owner has a line with empty fields. The
// "." at the end tells a whole line from one that a crash or a full disk cut off.
import type { ByteString } from '../core/bytes.ts';
import type { PackageFact, PackageManager } from '../core/packagefact.ts';
import { decodeText, encodeText } from '../formats/percent.ts';
import { errorCode, readRegularIfThere, removeIfThere, statIfThere, toFsPath } from './files.ts';
import { hashBytes } from './hash.ts';
import { isSettled } from './hashcache.ts';
import { fs } from './node.ts';

const OWNERS_LIMIT_BYTES = 4 << 20;
const MANAGERS: readonly string[] = ['dpkg', 'rpm', 'apk', 'pacman', 'guix', 'nix', 'conda'];

/** What changes when databases do, in 16 hexadecimal digits; `isSettled` if they were not changed just now. */
export type DatabaseStamp = { text: string; isSettled: boolean };

/** The stamp of databases that consist of these files; undefined if none of them is there. */
export function stampDatabases(names: ByteString[], more: ByteString): DatabaseStamp | undefined {
  const parts: ByteString[] = [];
  let isOld = true;
  for (const name of names) {
    const stat = statIfThere(name);
    if (stat === undefined) continue;
    parts.push([name, stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join('\t'));
    if (!isSettled(stat)) isOld = false;
  }
  if (parts.length === 0) return undefined;
  return { text: hashBytes('1\n' + more + '\n' + parts.join('\n')).slice(0, 16), isSettled: isOld };
}

export class OwnerCache {
  private readonly name: ByteString;
  private readonly known = new Map<string, Map<ByteString, PackageFact | 'none'>>();
  private added = '';
  constructor(name: ByteString) {
    this.name = name;
  }

  private read(stamp: string): Map<ByteString, PackageFact | 'none'> {
    const known = new Map<ByteString, PackageFact | 'none'>();
    let text = '';
    try {
      text = readRegularIfThere(this.name) ?? '';
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    for (const line of text.split('\n')) {
      if (!line.startsWith(stamp)) continue;
      const parts = line.split('\t');
      if (parts.length !== 7 || parts[6] !== '.') continue;
      const path = decodeText(parts[5]);
      if (parts[1] === '') known.set(path, 'none');
      else if (MANAGERS.indexOf(parts[1]) >= 0) {
        known.set(path, { manager: parts[1] as PackageManager, name: decodeText(parts[2]), version: decodeText(parts[3]), architecture: decodeText(parts[4]) });
      }
    }
    return known;
  }

  /** The owner that was found with databases of this stamp, if the file was asked for. */
  find(stamp: DatabaseStamp, path: ByteString): PackageFact | 'none' | undefined {
    let known = this.known.get(stamp.text);
    if (known === undefined) {
      known = this.read(stamp.text);
      this.known.set(stamp.text, known);
    }
    return known.get(path);
  }

  /** Notes what was found after the stamp was taken. */
  add(stamp: DatabaseStamp, path: ByteString, owner: PackageFact | undefined): void {
    if (!stamp.isSettled) return;
    const fields = owner === undefined ? ['', '', '', ''] : [owner.manager, owner.name, owner.version, owner.architecture];
    this.added += [stamp.text].concat(fields.map(encodeText), encodeText(path), '.').join('\t') + '\n';
  }

  /** Writes what was added. Where that cannot be, it is forgotten: it is only a cache. */
  save(): void {
    if (this.added === '') return;
    try {
      fs.appendFileSync(toFsPath(this.name), Buffer.from(this.added, 'latin1'));
      if (fs.statSync(toFsPath(this.name)).size > OWNERS_LIMIT_BYTES) removeIfThere(this.name);
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    this.added = '';
  }
}

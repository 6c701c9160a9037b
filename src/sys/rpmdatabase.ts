// rpmdatabase.ts - which package of rpm a file came with. Knows no other package manager.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';
import { choosePackage } from '../core/packagefact.ts';
import { scanBerkeleyHash } from '../formats/berkeleyhash.ts';
import { LineSearch } from '../formats/linesearch.ts';
import { scanNdb } from '../formats/ndb.ts';
import type { RpmQuestion } from '../formats/rpmheader.ts';
import { findInRpmHeader } from '../formats/rpmheader.ts';
import type { SqliteDatabase } from '../formats/sqlite.ts';
import { findSqliteKeys, findSqliteRoot, findSqliteRow, openSqlite, scanSqliteTable } from '../formats/sqlite.ts';
import { readFileInParts } from './filesource.ts';
import { resolveLinks } from './machine.ts';
import type { PackageQuestion } from './packagepaths.ts';
import { spellPaths } from './packagepaths.ts';

// Where rpm keeps its database: in most systems, in Fedora and SUSE since 2021, in rpm-ostree's.
const RPM_FOLDERS = ['/usr/lib/sysimage/rpm', '/var/lib/rpm', '/usr/share/rpm'];
const RPM_FILES = ['/rpmdb.sqlite', '/Packages.db', '/Packages'];

/** Files that change whenever an answer may. */
export const RPM_STAMPED = RPM_FOLDERS.map((folder) => RPM_FILES.concat('/rpmdb.sqlite-wal').map((file) => folder + file)).reduce((all, some) => all.concat(some), []);

/**
 * Headers of the packages that have a file of a wanted last part, by the database's own index;
 * undefined if that cannot be used.
 */
function findByBaseName(db: SqliteDatabase, names: Iterable<ByteString>): ByteString[] | undefined {
  const index = findSqliteRoot(db, 'index', 'Basenames_key_idx');
  const table = findSqliteRoot(db, 'table', 'Basenames');
  const packages = findSqliteRoot(db, 'table', 'Packages');
  if (index === undefined || table === undefined || packages === undefined) return undefined;
  const headers = new Map<number, ByteString>();
  for (const name of names) {
    const rowIds = findSqliteKeys(db, index, name);
    if (rowIds === undefined) return undefined;
    for (const rowId of rowIds) {
      const number = findSqliteRow(db, table, rowId)?.[1];
      if (typeof number !== 'number') return undefined;
      if (headers.has(number)) continue;
      const blob = findSqliteRow(db, packages, number)?.[1];
      if (typeof blob !== 'string') return undefined;
      headers.set(number, blob);
    }
  }
  return Array.from(headers.values());
}

function scanSqliteHeaders(db: SqliteDatabase, visit: (blob: ByteString) => void): void {
  const packages = findSqliteRoot(db, 'table', 'Packages');
  if (packages === undefined) return;
  scanSqliteTable(db, packages, (row) => {
    if (typeof row[1] === 'string') visit(row[1]);
  });
}

/** Calls `visit` with the headers in which wanted files may be. */
function visitRpmHeaders(folder: ByteString, baseNames: Set<ByteString>, visit: (blob: ByteString) => void): void {
  readFileInParts(folder + RPM_FILES[0], (source) => {
    const visitAll = (db: SqliteDatabase | undefined): void => {
      if (db === undefined) return;
      const headers = findByBaseName(db, baseNames);
      if (headers === undefined) scanSqliteHeaders(db, visit);
      else headers.forEach(visit);
    };
    const hasLog = readFileInParts(folder + RPM_FILES[0] + '-wal', (log) => {
      visitAll(openSqlite(source, log));
      return true;
    });
    if (hasLog === undefined) visitAll(openSqlite(source));
  });
  readFileInParts(folder + RPM_FILES[1], (source) => scanNdb(source, visit));
  readFileInParts(folder + RPM_FILES[2], (source) => scanBerkeleyHash(source, visit));
}

/** The packages that own these files; a file without one is not in the map. */
export function findRpmOwners(question: PackageQuestion): Map<ByteString, PackageIdentity> {
  const owners = new Map<ByteString, PackageIdentity>();
  const names = spellPaths(question, 0);
  const baseNames = new Set<ByteString>();
  for (const name of names.keys()) baseNames.add(name.slice(name.lastIndexOf('/') + 1));
  const wanted: RpmQuestion = { paths: new Set(names.keys()), baseNames: new LineSearch('\0', baseNames) };
  // In many systems one is a link to another.
  for (const folder of new Set(RPM_FOLDERS.map((name) => resolveLinks(question.root + name)))) {
    visitRpmHeaders(folder, baseNames, (blob) => {
      findInRpmHeader(blob, wanted, (name, identity) => {
        const path = names.get(name);
        if (path !== undefined) owners.set(path, choosePackage(owners.get(path), identity, ''));
      });
    });
  }
  return owners;
}

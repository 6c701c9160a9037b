// rocratefiles.ts - the files of an RO-Crate: those beside it, and contents that are not. Knows no runs but what they name.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { isResultPath } from '../core/graph.ts';
import type { Publication } from '../core/publication.ts';
import type { FileState, Run } from '../core/run.ts';
import { encodeIri } from '../formats/iri.ts';
import { mediaTypeOf } from '../formats/mediatypes.ts';
import { jsonTextOf } from './json.ts';
import type { CrateEntity, CrateGraph, CrateReference } from './rocrategraph.ts';

// 1. A path is the @id of a data entity only if its file lies beside the crate with just the content
//    that is meant.
// 2. Contents of other times, of scratch trees, outside of the project and such that are no files or
//    may hold secrets have an @id that begins with "#": nobody looks for them beside the crate.

/** A file beside the crate; `size` in bytes, `hash` SHA-256, both of the content that a link leads to. swhid: identifier of its content. */
export type CrateFile = { path: ByteString; size: number; hash: string; isFolder: boolean; swhid?: string };

/** The descriptor: it is no data entity (RO-Crate 1.1, 2.1). */
export const CRATE_DESCRIPTOR = 'ro-crate-metadata.json';

/** The files that the records name: current results and inputs in the project, each with its last known content. */
export function listNamedFiles(publication: Publication): CrateFile[] {
  const started = new Map(publication.runs.map(({ run }): [string, string] => [run.id, run.startedUtc]));
  const lastRead = (readers: string[]): string => readers.reduce((last, id) => ((started.get(id) ?? '') > last ? started.get(id) as string : last), '');
  const files = new Map<ByteString, { file: FileState; read: string }>();
  for (const { file, readers } of publication.inputs) {
    const read = lastRead(readers);
    const known = files.get(file.path);
    const isHere = isResultPath(file.path) && file.hash.length === 64 && file.kind !== 'l';
    if (isHere && (known === undefined || known.read < read)) files.set(file.path, { file, read });
  }
  for (const { file } of publication.results) if (file.kind !== 'l') files.set(file.path, { file, read: '' });
  const states = Array.from(files.values(), (one) => one.file).sort((a, b) => compareBytes(a.path, b.path));
  return states.map((file) => ({ path: file.path, size: file.size, hash: file.hash, isFolder: false }));
}

/** What lies beside the crate: files by path, and the folders that they are in or that were named. */
export type CrateIndex = { files: Map<ByteString, CrateFile>; folders: Set<ByteString> };

/** The index of files, of which some may be folders. */
export function indexCrateFiles(all: CrateFile[]): CrateIndex {
  const files = new Map<ByteString, CrateFile>();
  const folders = new Set<ByteString>();
  for (const file of all) {
    if (file.path === CRATE_DESCRIPTOR || !isCratePath(file.path)) continue;
    if (file.isFolder) folders.add(file.path);
    else files.set(file.path, file);
    for (let slash = file.path.indexOf('/'); slash >= 0; slash = file.path.indexOf('/', slash + 1)) folders.add(file.path.slice(0, slash));
  }
  return { files, folders };
}

/** The files in one walk through the entities. */
export class CrateFiles {
  private readonly graph: CrateGraph;
  private readonly files: Map<ByteString, CrateFile>;
  private readonly folders: Set<ByteString>;
  /** Names that are not UTF-8, and so percent-encoded in texts, too. */
  readonly odd = new Set<ByteString>();

  constructor(graph: CrateGraph, { files, folders }: CrateIndex) {
    this.graph = graph;
    this.files = files;
    this.folders = folders;
  }

  /** Puts the files beside the crate, and gives the entities; `facts` tells more of a path, such as which run wrote it. */
  * putAll(facts: (path: ByteString) => { [key: string]: unknown }): Generator<CrateEntity[]> {
    for (const file of this.files.values()) {
      this.graph.addPart(this.graph.put({
        '@id': encodeIri(file.path), '@type': 'File', name: this.nameOf(file.path), contentSize: String(file.size), encodingFormat: mediaTypeOf(file.path),
        sha256: file.hash, identifier: file.swhid, ...facts(file.path),
      }));
      yield this.graph.take();
    }
  }

  /** A file beside the crate of which the records tell no content. */
  putUnknown(path: ByteString): CrateReference {
    const known = this.files.has(path);
    const reference = this.graph.put({ '@id': encodeIri(path), '@type': 'File', name: this.nameOf(path), encodingFormat: mediaTypeOf(path) });
    if (!known) this.graph.addPart(reference);
    return reference;
  }

  nameOf(path: ByteString): ByteString {
    const name = jsonTextOf(path);
    if (name !== path) this.odd.add(path);
    return name;
  }

  /** The file as it was when a run read it, or (isOutput) wrote it. */
  referenceOf(run: Run, file: FileState, isOutput: boolean): CrateReference {
    const beside = this.files.get(file.path);
    const isElsewhere = isOutput && (run.tree !== undefined || run.aside !== undefined);
    if (!isElsewhere && beside !== undefined && (beside.hash === file.hash || file.kind === 'l')) return { '@id': encodeIri(file.path) };
    if (file.kind === 'd' && !isElsewhere && this.folders.has(file.path)) return this.putFolder(file.path);
    const prefix = isElsewhere || file.hash.length !== 64 ? '#run/' + run.id + (isOutput ? '/output/' : '/input/') : '#content/' + file.hash + '/';
    return this.graph.put(this.describe(prefix, run, file, isElsewhere));
  }

  /** A file of which not even the hash is told. */
  putSecret(run: Run, path: ByteString): CrateReference {
    return this.graph.put({ '@id': '#run/' + run.id + '/withheld/' + encodeIri(path), '@type': 'File', name: this.nameOf(path), description: 'It may hold secrets, so nothing of its content is recorded but a keyed hash' });
  }

  private putFolder(path: ByteString): CrateReference {
    const id = encodeIri(path) + '/';
    if (!this.graph.has(id)) this.graph.addPart({ '@id': id });
    return this.graph.put({ '@id': id, '@type': 'Dataset', name: this.nameOf(path) });
  }

  /** Rule 2. */
  private describe(prefix: string, run: Run, file: FileState, isElsewhere: boolean): CrateEntity {
    const name = this.nameOf(file.path);
    const base = { '@id': prefix + encodeIri(file.path), name };
    if (file.kind === 'd') return { ...base, '@type': 'Dataset', description: 'A folder; it is not in this crate' };
    if (file.kind === 'l') return { ...base, '@type': 'File', description: 'A symbolic link' + (file.hash.length === 64 ? '; the SHA-256 of its text is ' + file.hash : '') };
    if (file.kind !== '' && file.kind !== 'x') return { ...base, '@type': 'CreativeWork', description: { p: 'A FIFO', s: 'A socket', c: 'A character device', b: 'A block device' }[file.kind] };
    const facts = { ...base, '@type': 'File', encodingFormat: mediaTypeOf(file.path) };
    if (file.hash.length !== 64) return { ...facts, description: 'Its content at that time is not known' };
    const where = isElsewhere ? (run.aside !== undefined ? 'The run did not succeed, so this was moved to ' + jsonTextOf(run.aside) : 'Written in a copy of the project')
      : isResultPath(file.path) ? 'Content that was at this path' : file.path[0] === '/' ? 'A file outside of the project' : 'A file that is no result';
    return { ...facts, contentSize: String(file.size), sha256: file.hash, description: where + '; it is not in this crate' };
  }
}

/** A path that stays below the crate. */
function isCratePath(path: ByteString): boolean {
  return path !== '' && path[0] !== '/' && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}

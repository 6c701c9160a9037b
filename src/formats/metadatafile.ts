// metadatafile.ts - reads texts, lists and people out of a file of metadata, with their lines. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { emptyTold } from '../core/metadata.ts';
import type { Creator, ToldMetadata } from '../core/metadata.ts';
import type { ParameterMapping, ParameterNode } from '../core/parameters.ts';
import { joinSome } from './amounts.ts';
import { ParameterSource } from './parametersource.ts';

export const METADATA_HINT = 'what rr reads of it is told in rr(1), "METADATA"';

/** The place in its text of a node, or of the first in it that has one; undefined if none has. */
function placeOf(node: ParameterNode): number | undefined {
  if (node.kind === 'unreadable') return undefined;
  if (node.start >= 0) return node.start;
  if (node.kind === 'scalar') return undefined;
  for (const inner of node.kind === 'list' ? node.items : node.entries.values()) {
    const place = placeOf(inner);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** A file as a mapping of keys, what it tells so far, and its lines for messages. */
export class MetadataFile {
  readonly told: ToldMetadata = emptyTold();
  readonly root: ParameterMapping;
  private readonly source: ParameterSource;
  /** Throws Failure with the line if the text is not what `read` reads, or no mapping. */
  constructor(text: ByteString, file: ByteString, read: (source: ParameterSource) => ParameterNode) {
    this.source = new ParameterSource(text, file);
    let root: ParameterNode;
    try {
      root = read(this.source);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(error.message, METADATA_HINT, EXIT.failed);
    }
    this.root = root.kind === 'mapping' ? root : this.refuse(root, '', 'no keys in it');
  }

  /** The line of a key at the top or, where that can be told, of the node. */
  lineOf(node: ParameterNode | undefined, key: ByteString): number {
    const place = node === undefined ? undefined : placeOf(node);
    if (place !== undefined && node?.kind === 'scalar') return this.source.lineAt(place);
    // In block style a text or a list has no place of its own; its key begins a line.
    const line = this.source.text.split('\n').findIndex((one) => one.replace(/["']/g, '').startsWith(key + ':'));
    return line >= 0 ? line + 1 : place === undefined ? 1 : this.source.lineAt(place);
  }

  refuse(node: ParameterNode | undefined, key: ByteString, what: string): never {
    throw new Failure('cannot read "' + this.source.file + '": line ' + String(this.lineOf(node, key)) + ': ' + (key === '' ? '' : key + ': ') + what, METADATA_HINT, EXIT.failed);
  }

  /** The text of a key in `mapping`, without blanks at its ends; undefined if it has none, or null, or ''. A number is taken as it is spelled. */
  text(mapping: ParameterMapping, key: ByteString): ByteString | undefined {
    const node = mapping.entries.get(key);
    return node === undefined ? undefined : this.textOf(node, key);
  }

  textOf(node: ParameterNode, key: ByteString): ByteString | undefined {
    if (node.kind !== 'scalar') return this.refuse(node, key, 'no text');
    if (node.type === 'null') return undefined;
    if (node.type === 'boolean') return this.refuse(node, key, node.spelled + ' is no text: put it in quotes if it is meant so');
    const text = trimBlanks(node.type === 'string' ? node.value : node.spelled).replace(/\r\n/g, '\n');
    if (/[\0-\x08\x0b-\x1f\x7f]/.test(text)) this.refuse(node, key, 'a control character');
    return text === '' ? undefined : text;
  }

  /** The nodes of a list, or the only one; none if there is no such key. */
  nodes(mapping: ParameterMapping, key: ByteString): ParameterNode[] {
    const node = mapping.entries.get(key);
    if (node === undefined || (node.kind === 'scalar' && node.type === 'null')) return [];
    return node.kind === 'list' ? node.items : [node];
  }

  /** The texts of a list. */
  texts(mapping: ParameterMapping, key: ByteString): ByteString[] {
    return this.nodes(mapping, key).map((node) => this.textOf(node, key)).filter((text): text is ByteString => text !== undefined);
  }

  /** Takes in that this file tells `field` under `key`. */
  tell(field: string, key: ByteString, mapping = this.root): void {
    this.told.sources.set(field, this.source.file + ':' + String(this.lineOf(mapping.entries.get(key), key)));
  }

  /** Takes in the text of a key as a field. */
  takeText(field: 'title' | 'description' | 'version' | 'url' | 'repository', key: ByteString): void {
    const text = this.text(this.root, key);
    if (text === undefined || this.told[field] !== undefined) return;
    this.told[field] = field === 'description' ? text : text.replace(/[ \t\n]+/g, ' ');
    this.tell(field, key);
  }

  /** Takes in that keys other than these stand there. */
  tellUnread(known: string[]): void {
    const others = Array.from(this.root.entries.keys()).filter((key) => known.indexOf(key) < 0 && key[0] !== '@' && key[0] !== '$');
    if (others.length > 0) this.told.doubts.push('of ' + this.source.file + ' is not read: ' + joinSome(others, 20));
  }

  takeCreators(key: ByteString, creators: Creator[]): void {
    if (creators.length === 0) return;
    this.told.creators = creators;
    this.tell('creators', key);
  }

  takeKeywords(key: ByteString): void {
    const words = this.texts(this.root, key);
    if (words.length === 0) return;
    this.told.keywords = Array.from(new Set(words));
    this.tell('keywords', key);
  }
}

/** An ORCID as an address; undefined if the text holds none. */
export function normalizeOrcid(text: ByteString): ByteString | undefined {
  const digits = /(?:^|\/)(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])\/?$/.exec(text);
  return digits === null ? undefined : 'https://orcid.org/' + digits[1].toUpperCase();
}

/** A DOI without what leads to it; undefined if the text is none. */
export function normalizeDoi(text: ByteString): ByteString | undefined {
  const doi = /^(?:https?:\/\/(?:dx\.|www\.)?doi\.org\/|doi:[ ]*)?(10\.\d{4,9}(?:\.\d+)*\/\S+)$/i.exec(text);
  return doi === null ? undefined : doi[1];
}

/** A person of whom parts of the name are known; undefined if none is. */
export function personOf(given: ByteString | undefined, family: ByteString | undefined, whole: ByteString | undefined): Creator | undefined {
  const plain = (text: ByteString | undefined): ByteString | undefined => text?.replace(/[ \t\n]+/g, ' ');
  const name = plain(given !== undefined && family !== undefined ? given + ' ' + family : whole ?? family ?? given);
  if (name === undefined) return undefined;
  const person: Creator = { kind: 'person', name };
  if (given !== undefined && family !== undefined) Object.assign(person, { given: plain(given), family: plain(family) });
  return person;
}

/** 'Name <address>', as packages name people. */
export function personOfAddress(text: ByteString): Creator | undefined {
  const whole = text.replace(/\([^()]*\)/g, '');
  const at = whole.search(/[<>]/);
  const name = trimBlanks(at < 0 ? whole : whole.slice(0, at));
  const address = at < 0 ? [] : /^<([^<>]*)>/.exec(whole.slice(at));
  if (address === null || name === '') return undefined;
  const person = personOf(undefined, undefined, name);
  if (person !== undefined && /^\S[^\s@]*@\S+$/.test(address[1] ?? '')) person.email = address[1];
  return person;
}

/** A day as YYYY-MM-DD, which may begin a moment; undefined if the text begins otherwise. */
export function dayIn(text: ByteString): string | undefined {
  return /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:$|[T ])/.exec(text)?.[1];
}

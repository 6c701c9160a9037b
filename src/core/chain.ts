// chain.ts - how records name those before them. Knows no files and no hashing.
//
// Each record names, by hash, the records that its writer found and that no other named: a graph, as of commits.
// A record that is changed or removed is no more what a later one names. What no other names is a head.
import type { ByteString } from './bytes.ts';
import { RUN_ID } from './run.ts';
import type { RecordLink } from './run.ts';

/** "ID HASH" as a line Previous has it; undefined if it is none. */
export function readRecordLink(value: ByteString): RecordLink | undefined {
  const cut = value.indexOf(' ');
  const [id, hash] = [value.slice(0, cut), value.slice(cut + 1)];
  return RUN_ID.test(id) && /^[0-9a-f]{64}$/.test(hash) ? { id, hash } : undefined;
}

/** The lines Previous of a record's text, which need not be whole. */
export function findPrevious(text: ByteString): RecordLink[] {
  const links: RecordLink[] = [];
  for (let at = text.indexOf('\nPrevious: '); at >= 0; at = text.indexOf('\nPrevious: ', at + 1)) {
    const end = text.indexOf('\n', at + 1);
    const link = readRecordLink(text.slice(at + 11, end < 0 ? text.length : end));
    if (link !== undefined) links.push(link);
  }
  return links;
}

/** A record, and those that it names. */
export type ChainedRecord = RecordLink & { previous: RecordLink[] };

/** The records that none of these names, in their order. */
export function findHeads(records: ChainedRecord[]): ChainedRecord[] {
  const named = new Set<string>();
  for (const record of records) for (const link of record.previous) named.add(link.id);
  return records.filter((record) => !named.has(record.id));
}

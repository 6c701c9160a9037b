// freed.ts - what was freed in a store, in words. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { FreeingPlan, StoredEntry } from '../core/freeing.ts';
import { countThings } from '../formats/amounts.ts';
import { showText } from './page.ts';
import { formatBytes } from './table.ts';

/** How many of each kind went, and how many bytes in all; `failed`: how many could not be removed. */
export type Freed = { contents: number; entries: number; leftovers: number; folders: number; bytes: number; failed: number };

function joinCounts(counts: [number, string][]): string {
  return counts.filter(([count]) => count > 0).map(([count, thing]) => countThings(count, thing)).join(', ');
}

/** Two or three lines: what went, what is left, what could not be removed. */
export function printFreed(freed: Freed, plan: FreeingPlan, isMeant: boolean): ByteString {
  const what = joinCounts([[freed.contents, 'content'], [freed.entries, 'reusable run'], [freed.leftovers, 'leftover'], [freed.folders, 'folder']]);
  const left = joinCounts([[plan.leftContents, 'content'], [plan.leftEntries, 'reusable run']]);
  return (isMeant ? 'would free ' : 'freed ') + formatBytes(freed.bytes) + (what === '' ? '' : ': ' + what) + '\n'
    + 'left ' + formatBytes(plan.leftBytes) + (left === '' ? '' : ': ' + left) + '\n'
    + (freed.failed > 0 ? 'not removed: ' + countThings(freed.failed, 'file') + ' of others\n' : '');
}

/** The runs that could not be reused any more, and folders, a line each. */
export function printWouldGo(entries: StoredEntry[], folders: ByteString[]): ByteString {
  const runs = entries.slice().sort((a, b) => (a.id < b.id ? -1 : 1));
  return runs.map((entry) => entry.id + '  ' + showText(entry.command) + '\n').concat(folders.map((path) => path + '/\n')).join('');
}

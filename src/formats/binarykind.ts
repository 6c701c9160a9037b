// binarykind.ts - tells binary formats apart and compares two contents of one. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { Comparison, Tolerance } from '../core/comparison.ts';
import { areSameBytes, textOfBytes } from './bytewindow.ts';
import type { Archive, UnpackBudget } from './members.ts';
import { compareMembers } from './members.ts';
import { compareNpy } from './npy.ts';
import { NPY_MAGIC } from './npyheader.ts';
import type { InflateAtMost } from './png.ts';
import { PNG_SIGNATURE } from './png.ts';
import { comparePng } from './pngcomparison.ts';
import { isTar, readTar } from './tar.ts';
import { readZip } from './zipmembers.ts';

export type BinaryKind = 'PNG' | 'npy' | 'tar' | 'zip';

export type BinaryContext = {
  tolerance: Tolerance | undefined;
  inflateZlib: InflateAtMost;
  inflateRaw: InflateAtMost;
  /** Spent by all comparisons that begin with this one. */
  budget: UnpackBudget;
  /** How many archives inside of each other may be opened yet. */
  depthLeft: number;
  /** Compares two members that are not the same bytes; `inner` is the context for what they are. */
  compareMember(name: ByteString, first: Uint8Array, second: Uint8Array, inner: BinaryContext): Comparison;
};

/** What a comparison that begins at a file may spend. */
export const BINARY_DEPTH = 4;

export function startUnpackBudget(): UnpackBudget {
  return { membersLeft: 200000, bytesLeft: 2 ** 30 };
}

/** The format of the content, by how it begins; undefined if it is none of these. */
export function recognizeBinary(bytes: Uint8Array): BinaryKind | undefined {
  const start = textOfBytes(bytes.subarray(0, 8));
  if (start === PNG_SIGNATURE) return 'PNG';
  if (start.startsWith(NPY_MAGIC)) return 'npy';
  if (start.startsWith('PK\x03\x04') || start.startsWith('PK\x05\x06')) return 'zip';
  return isTar(bytes) ? 'tar' : undefined;
}

/** Two contents that recognizeBinary() says are of that kind. Never throws. */
export function compareBinary(kind: BinaryKind, first: Uint8Array, second: Uint8Array, context: BinaryContext): Comparison {
  if (areSameBytes(first, second)) return { kind: 'identical' };
  if (kind === 'PNG') return comparePng(first, second, spendOn(context.budget, context.inflateZlib), context.tolerance);
  if (kind === 'npy') return compareNpy(first, second, context.tolerance);
  if (context.depthLeft <= 0) return { kind: 'unchecked', why: 'archives are nested too deep' };
  const archives: Archive[] = [];
  for (const bytes of [first, second]) {
    const reading = kind === 'tar' ? readTar(bytes, context.budget.membersLeft) : readZip(bytes, context.budget.membersLeft);
    if (reading.kind === 'unreadable') return { kind: 'unchecked', why: (bytes === first ? 'the first ' : 'the second ') + kind + ' cannot be read: ' + reading.why };
    archives.push(reading.archive);
  }
  const inner = { ...context, depthLeft: context.depthLeft - 1 };
  // NumPy's .npz is a zip of arrays.
  const isOfArrays = kind === 'zip' && archives.every(({ members }) => members.length > 0 && members.every(({ name }) => name.endsWith('.npy')));
  return compareMembers(isOfArrays ? 'npz' : kind, archives[0], archives[1], {
    inflateRaw: context.inflateRaw, budget: context.budget,
    compareMember: (name, one, other) => context.compareMember(name, one, other, inner),
  });
}

/** Unpacks only what the budget has left. */
function spendOn(budget: UnpackBudget, inflate: InflateAtMost): InflateAtMost {
  return (packed, mostBytes) => {
    if (mostBytes > budget.bytesLeft) return undefined;
    budget.bytesLeft -= mostBytes;
    return inflate(packed, mostBytes);
  };
}

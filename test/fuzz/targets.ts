// targets.ts - all readers that are fuzzed, by name.
import { BINARY_TARGETS } from './binarytargets.ts';
import { JUDGED_TARGETS } from './judgedtargets.ts';
import { PLANTED_TARGETS } from './planted.ts';
import { RECORD_TARGETS } from './recordtargets.ts';
import { SIGNATURE_TARGETS } from './signaturetargets.ts';
import { SWEEP_TARGETS } from './sweeptargets.ts';
import { TEXT_TARGETS } from './texttargets.ts';
import type { FuzzTarget } from './target.ts';

/** All but the planted ones. */
export function listTargets(): FuzzTarget[] {
  return [RECORD_TARGETS, TEXT_TARGETS, JUDGED_TARGETS, SIGNATURE_TARGETS, SWEEP_TARGETS, BINARY_TARGETS].flat();
}

export function findTarget(name: string): FuzzTarget {
  const found = listTargets().concat(PLANTED_TARGETS).find((target) => target.name === name);
  if (found === undefined) throw new Error('no target "' + name + '"; there are: ' + listTargets().map((target) => target.name).join(' '));
  return found;
}

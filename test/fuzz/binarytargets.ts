// binarytargets.ts - the binary readers, for the fuzzer.
import type { FuzzTarget } from './target.ts';

export const BINARY_TARGETS: FuzzTarget[] = [];

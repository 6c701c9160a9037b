// binarytargets.ts - the binary readers, for the fuzzer.
import { ARCHIVE_TARGETS } from './archivetargets.ts';
import { COMPARE_TARGETS } from './comparetargets.ts';
import { DATABASE_TARGETS } from './databasetargets.ts';
import { ELF_TARGETS } from './elftargets.ts';
import { GIT_TARGETS } from './gittargets.ts';
import { PICTURE_TARGETS } from './picturetargets.ts';
import type { FuzzTarget } from './target.ts';

export const BINARY_TARGETS: FuzzTarget[] = [...ARCHIVE_TARGETS, ...COMPARE_TARGETS, ...DATABASE_TARGETS, ...ELF_TARGETS, ...GIT_TARGETS, ...PICTURE_TARGETS];

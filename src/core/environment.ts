// environment.ts - what the software environment of a run is. Knows no files, and not how a record is spelled.
import type { ByteString } from './bytes.ts';
import type { FileState } from './run.ts';

/** '' is the version that is not known; `detail` is what else the manager tells: architecture, place. */
export type InstalledPackage = { manager: string; name: ByteString; version: ByteString; detail: ByteString };

/** An environment record (docs/record-format.txt, 6). Absent facts are undefined or have no entry. */
export type Environment = {
  /** What stands once, or needs no names to be compared: Os, Kernel, Cpu, Memory_bytes, Locale, Gpu, ... */
  facts: { name: string; value: ByteString }[];
  executables: FileState[];
  interpreters: FileState[];
  libraries: FileState[];
  /** System files that no package explains, or that people change. */
  files: FileState[];
  lockFiles: FileState[];
  packages: InstalledPackage[];
  /** Of executables, interpreters and libraries. */
  owners: { manager: string; name: ByteString; path: ByteString }[];
  compilers: { path: ByteString; producer: ByteString }[];
  buildIds: { path: ByteString; id: string }[];
  /** 'NAME SOFT HARD' */
  limits: ByteString[];
  /** 'NAME=VALUE' */
  variables: ByteString[];
};

export function emptyEnvironment(): Environment {
  return { facts: [], executables: [], interpreters: [], libraries: [], files: [], lockFiles: [], packages: [], owners: [], compilers: [], buildIds: [], limits: [], variables: [] };
}

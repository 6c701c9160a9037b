// publication.ts - what of a project's records is published in some other form, and what comes of that.
import type { ByteString } from './bytes.ts';
import type { Environment } from './environment.ts';
import type { GraphRun } from './graph.ts';
import type { ProjectMetadata } from './metadata.ts';
import type { AnnotatedRun } from './notes.ts';
import type { FileState } from './run.ts';

/** A current result, and the run that made it. */
export type PublishedResult = { file: FileState; runId: string };

/** An input that none of the published runs made, and the ids of those that read it. */
export type PublishedInput = { file: FileState; readers: string[] };

/** Chosen runs with all that exports tell of them; the same in every folder, time zone and locale. */
export type Publication = {
  metadata: ProjectMetadata;
  /** Makers before those that read what they made. Notes are applied. Of `processes` and `absent` no more than the first is here. */
  runs: AnnotatedRun[];
  /** All that is recorded, these runs among the rest, by id. */
  recorded: GraphRun[];
  /** Current results that these runs made, by path. */
  results: PublishedResult[];
  /** By path, then hash; paths outside of the project are absolute. */
  inputs: PublishedInput[];
  /** Environments of these runs by their hash; one that cannot be read has no entry. */
  environments: Map<string, Environment>;
  /** SOURCE_DATE_EPOCH, else the end of the last of these runs: UTC, YYYY-MM-DDTHH:MM:SSZ. */
  momentUtc: string;
  /** Version of rr that publishes. */
  rr: string;
};

/** A text, or what gives it anew in pieces of whole lines: one of hundreds of megabytes is not held. */
export type ExportedText = ByteString | (() => Iterable<ByteString>);

/** A file of an export. */
export type ExportedFile = { /** Relative, without './'. */ path: string; text: ExportedText; isExecutable: boolean };

/** What an export gives. One file is printed; several need a folder to go to. */
export type Exported = {
  files: ExportedFile[];
  /** What the form cannot express, or what the records do not tell though it asks for it: a sentence each, without a full stop. */
  left: ByteString[];
};

/** An export of one file. */
export function oneFile(path: string, text: ExportedText, left: ByteString[]): Exported {
  return { files: [{ path, text, isExecutable: false }], left };
}

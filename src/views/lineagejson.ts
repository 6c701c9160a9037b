// lineagejson.ts - a lineage as JSON (RFC 8259). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { FileOrigin } from '../core/lineage.ts';
import type { Run } from '../core/run.ts';
import { encodeText, encodeWithheld } from '../formats/percent.ts';
import { jsonFileOf, printJsonValue } from './json.ts';
import type { LineageStory, RunName } from './lineagestory.ts';
import { listNeighbours } from './lineagestory.ts';

function jsonOriginOf(story: LineageStory, origin: FileOrigin): unknown {
  if (origin.kind === 'run') return { kind: 'run', run: origin.node };
  if (origin.kind === 'copy' || origin.kind === 'other') return { kind: origin.kind, file: origin.node };
  if (origin.kind === 'cut') return { kind: 'cut', id: story.nameOf(origin.run).id };
  return { kind: story.graph.direction === 'up' ? 'raw' : 'start' };
}

function jsonNameOf(name: RunName): { [key: string]: unknown } {
  return { id: name.id, label: name.label === undefined ? undefined : encodeText(name.label) };
}

function jsonFactsOf(run: Run | undefined): { [key: string]: unknown } {
  if (run === undefined) return { readable: false };
  return {
    started: run.startedUtc, status: run.status, command: encodeWithheld(run.command), directory: encodeText(run.directory),
    parameters: run.parameters.map(encodeWithheld), code: run.code === undefined ? undefined : encodeText(run.code),
    code_files: run.codeFiles.map((file) => ({ state: file.state, path: encodeText(file.path) })), environment: run.environment,
  };
}

function jsonReproducibleOf(story: LineageStory): unknown {
  const { reproducible } = story;
  if (reproducible === undefined) return undefined;
  if (reproducible.kind === 'yes') return { answer: 'yes', exact: reproducible.isExact, shown_by: reproducible.shownBy };
  return { answer: reproducible.kind, reasons: reproducible.reasons.map((reason) => ({ reason: reason.word, subject: encodeText(reason.subject), run: reason.id === '' ? undefined : reason.id })) };
}

/** `rr why --json`: files and runs as arrays, which name each other by position. Texts are percent-encoded as in the record. */
export function printLineageJson(story: LineageStory): ByteString {
  const { graph } = story;
  const { made } = listNeighbours(graph);
  const files = graph.files.map((file, node) => ({
    ...(jsonFileOf(file.file) as { [key: string]: unknown }), origin: jsonOriginOf(story, file.origin), state: story.marks[node] === '' ? undefined : story.marks[node], code: story.isCode[node] ? true : undefined,
  }));
  const runs = graph.runs.map((run, node) => ({
    ...jsonNameOf(story.nameOf(run.run)), ...jsonFactsOf(story.records[node]), level: run.level, cut: run.isCut ? true : undefined, reads: run.reads, made: made[node],
  }));
  return printJsonValue({
    asked: story.asked === undefined ? undefined : jsonFileOf(story.asked), answer: story.answer, direction: graph.direction,
    start: graph.start, files, runs, readers: story.readers.map(jsonNameOf),
    reproducible: jsonReproducibleOf(story),
  }) + '\n';
}

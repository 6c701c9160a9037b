// lineagejson.ts - a lineage as JSON (RFC 8259). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { FileOrigin } from '../core/lineage.ts';
import { encodeText, encodeWithheld } from '../formats/percent.ts';
import { jsonFileOf, printJsonValue } from './json.ts';
import type { LineageStory, RunName, ToldRun } from './lineagestory.ts';
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

function jsonFactsOf(run: ToldRun | undefined): { [key: string]: unknown } {
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

/** A list as JSON, an element at a time. */
function* printJsonList<T>(list: T[], jsonOf: (one: T, at: number) => unknown): Generator<ByteString> {
  yield '[';
  for (let at = 0; at < list.length; at++) yield (at === 0 ? '' : ',') + printJsonValue(jsonOf(list[at], at));
  yield ']';
}

/** `rr why --json`: files and runs as arrays, which name each other by position. Texts are percent-encoded as in the record. In pieces. */
export function* printLineageJson(story: LineageStory): Generator<ByteString> {
  const { graph } = story;
  const { made } = listNeighbours(graph);
  const asked = story.asked === undefined ? '' : '"asked":' + printJsonValue(jsonFileOf(story.asked)) + ',';
  yield '{' + asked + '"answer":' + printJsonValue(story.answer) + ',"direction":' + printJsonValue(graph.direction) + ',"start":' + printJsonValue(graph.start) + ',"files":';
  yield* printJsonList(graph.files, (file, node) => ({
    ...(jsonFileOf(file.file) as { [key: string]: unknown }), origin: jsonOriginOf(story, file.origin), state: story.marks[node] === '' ? undefined : story.marks[node], code: story.isCode[node] ? true : undefined,
  }));
  yield ',"runs":';
  yield* printJsonList(graph.runs, (run, node) => ({
    ...jsonNameOf(story.nameOf(run.run)), ...jsonFactsOf(story.records[node]), level: run.level, cut: run.isCut ? true : undefined, reads: run.reads, made: made[node],
  }));
  yield ',"readers":' + printJsonValue(story.readers.map(jsonNameOf));
  const reproducible = jsonReproducibleOf(story);
  yield (reproducible === undefined ? '' : ',"reproducible":' + printJsonValue(reproducible)) + '}\n';
}

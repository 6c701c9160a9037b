// claims.ts - what the records claim of files: results, raw inputs, logs. Knows no files on a disk.
import type { ByteString } from '../core/bytes.ts';
import { detachString } from '../core/bytes.ts';
import { isResult, isResultPath, listOwners, placeRuns } from '../core/graph.ts';
import type { GraphRun } from '../core/graph.ts';
import { emptyRun } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { parseFile, printFile } from './fields.ts';
import { GraphLine, printGraphLine, readLineId } from './runlines.ts';

/** A file that must be as it was. `mayBeGone`: an input that is no longer at hand is no failure. */
export type Claim = { expected: FileState; what: 'result' | 'input' | 'log'; mayBeGone: boolean; /** The run that says so. */ runId: string };

type IsWanted = (runId: string, path: ByteString) => boolean;

// So many bytes stand in one text.
const BYTES_OF_TEXT = 2 << 20;

/** Holds of each run one line of its files and one of its logs: objects of 100,000 runs would be several times as much. */
export class RecordClaims {
  private readonly runs: GraphRun[] = [];
  private readonly logTexts: ByteString[] = [];
  private lines: ByteString[] = [];
  private logLines: ByteString[] = [];
  private lineBytes = 0;
  private readonly hold: (text: ByteString) => ByteString;

  /** `hold` gives a text as it is to be held. */
  constructor(hold: (text: ByteString) => ByteString) {
    this.hold = hold;
  }

  /** Takes a run in; they come in the order of their ids. */
  add(run: Run): void {
    const { status, redoes, tree, inputs, outputs, removed } = run;
    const line = printGraphLine({ ...emptyRun(run.id, '', '', ''), status, redoes, tree, inputs, outputs, removed });
    this.lines.push(line);
    this.lineBytes += line.length;
    for (const log of run.logs) this.logLines.push(run.id + printFile(log) + '\n');
    if (this.lineBytes >= BYTES_OF_TEXT) this.closeText();
  }

  private closeText(): void {
    const text = this.hold(this.lines.join(''));
    for (let start = 0; start < text.length; start = text.indexOf('\n', start) + 1) this.runs.push(new GraphLine(text, start));
    this.logTexts.push(this.hold(this.logLines.join('')));
    this.lines = [];
    this.lineBytes = 0;
    this.logLines = [];
  }

  /** Current results by the places of their runs, raw inputs, logs. A claim is read when its turn comes. */
  * list(isWanted: IsWanted): Generator<Claim> {
    if (this.lines.length > 0) this.closeText();
    const placed = placeRuns(this.runs);
    const owners = listOwners(placed);
    for (let index = 0; index < placed.length; index++) {
      const owned = placed[index].outputs.filter((file) => isResult(file) && owners.get(file.path)?.index === index);
      for (const file of owned.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
        if (isWanted(placed[index].id, file.path)) yield { expected: file, what: 'result', mayBeGone: false, runId: placed[index].id };
      }
    }
    yield* this.listInputs((path) => owners.has(path), isWanted);
    yield* this.listLogs(isWanted);
  }

  private * listInputs(isOwned: (path: ByteString) => boolean, isWanted: IsWanted): Generator<Claim> {
    const readers = new Map<ByteString, GraphRun>();
    for (const run of this.runs) {
      for (const file of run.inputs) if (!isOwned(file.path) && file.hash !== '?') readers.set(readers.has(file.path) ? file.path : detachString(file.path), run);
      for (const file of run.outputs) if (!isResultPath(file.path)) readers.delete(file.path);
    }
    const lastReaders = new Set(readers.values());
    for (const run of this.runs) {
      if (!lastReaders.has(run)) continue;
      // A name may stand there twice: the last line counts.
      const lastLines = new Map<ByteString, FileState>();
      for (const file of run.inputs) if (file.hash !== '?' && readers.get(file.path) === run) lastLines.set(file.path, file);
      for (const [path, expected] of lastLines) if (isWanted(run.id, path)) yield { expected, what: 'input', mayBeGone: true, runId: run.id };
    }
  }

  private * listLogs(isWanted: IsWanted): Generator<Claim> {
    for (const text of this.logTexts) {
      for (let start = 0; start < text.length; start = text.indexOf('\n', start) + 1) {
        const runId = readLineId(text, start);
        const expected = parseFile(text.slice(start + runId.length, text.indexOf('\n', start)));
        if (expected !== undefined && isWanted(runId, expected.path)) yield { expected, what: 'log', mayBeGone: false, runId };
      }
    }
  }
}

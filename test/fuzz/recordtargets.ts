// recordtargets.ts - records, and rr's own files beside them, for the fuzzer.
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import type { ByteString } from '../../src/core/bytes.ts';
import { isUtf8 } from '../../src/core/bytes.ts';
import { emptyRun } from '../../src/core/run.ts';
import type { FileKind, FileState, Run } from '../../src/core/run.ts';
import { parseArrayJobs, parseBatch, parseTask } from '../../src/formats/clusterbatch.ts';
import { parseEnvironment } from '../../src/formats/environment.ts';
import { parseFile, printFile, sealRecord } from '../../src/formats/fields.ts';
import { parseIndexFile } from '../../src/formats/indexfile.ts';
import { parseNote, printNoteBody } from '../../src/formats/note.ts';
import { parseNoteText, printNoteText } from '../../src/formats/notetext.ts';
import { decodeText, decodeWithheld, encodeText, encodeWithheld, encodeWord, makeHarmless } from '../../src/formats/percent.ts';
import { parsePlan } from '../../src/formats/plan.ts';
import { parseRun, printRunBody } from '../../src/formats/record.ts';
import { parseReuseEntry, printReuseEntry } from '../../src/formats/reuseentry.ts';
import { GraphLine, printGraphLine, printSummaryLine, SummaryLine } from '../../src/formats/runlines.ts';
import { numberOfValue, parseResources, parseSeries, printResources, printSeries } from '../../src/formats/series.ts';
import { findChecksum, printChecksumLine } from '../../src/formats/checksums.ts';
import { hasProgram, makeTemporary } from '../rig.ts';
import { choicesOf, pick, randomBytes, randomWord } from './dice.ts';
import type { Dice } from './dice.ts';
import type { FuzzTarget } from './target.ts';
import { claimSame, failCase } from './target.ts';

const ID = '20261122T052039Z-k35f5q';
const HASH = '0123456789abcdef'.repeat(4);
const EXAMPLE = path.resolve(__dirname, '..', '..', '..', '..', 'docs', 'example', 'provenance');

/** All files with this ending below a folder of the example. */
function exampleFiles(folder: string): ByteString[] {
  const below = path.join(EXAMPLE, folder);
  return fs.readdirSync(below).sort().flatMap((name) => {
    const file = path.join(below, name);
    return fs.statSync(file).isDirectory() ? exampleFiles(folder + '/' + name) : [fs.readFileSync(file, 'latin1')];
  });
}

const OTHER_NAMES = ['a', 'out/b c.csv', '../x', '/etc/passwd', '-x', 'a\nb', '\xff', 'x\\', ' a ', '$(touch x)', 'caf\xc3\xa9'];

export function makeFileState(dice: Dice): FileState {
  const kind = pick(dice, ['', '', '', 'x', 'l', 'd', 'p', 's', 'c', 'b'] as FileKind[]);
  const hash = 'dpscb'.indexOf(kind) >= 0 && kind !== '' ? '-' : dice(9) === 0 ? '?' : HASH.slice(0, 63) + 'abcdef'[dice(6)];
  return { hash, size: dice(3) === 0 ? Number.MAX_SAFE_INTEGER - dice(9) : dice(1e6), kind, path: dice(2) === 0 ? pick(dice, OTHER_NAMES) : randomWord(dice, 12, /\0/g) };
}

/** A run of random texts, as the bytes of `dice` have it. No text but a secret's mark holds a NUL. */
export function makeRun(dice: Dice): Run {
  const text = (): string => randomWord(dice, 24, /\0/g);
  const many = <T>(make: () => T): T[] => Array.from({ length: dice(3) }, make);
  const maybe = <T>(make: () => T): T | undefined => (dice(2) === 0 ? make() : undefined);
  const run = emptyRun(ID, text(), '2026-11-22T05:20:39.123456Z', '0.1.0');
  run.status = pick(dice, ['succeeded', 'failed', 'running', 'interrupted', 'lost'] as const);
  run.label = maybe(text);
  run.reason = maybe(text);
  run.plan = maybe(text);
  run.because = maybe(text);
  run.tags = many(text);
  run.directory = dice(2) === 0 ? '.' : text();
  run.parameters = many(() => randomWord(dice, 8, /[\0 ]/g) + ' ' + (dice(4) === 0 ? '' : text()));
  run.metrics = many(() => randomWord(dice, 8, /[\0 ]/g) + ' ' + (dice(4) === 0 ? '' : text()));
  run.redirects = many(() => pick(dice, ['0 < ', '1 > ', '2 >> ']) + text());
  run.asked = many(() => pick(dice, ['cpus 4', 'partition ']) + text());
  run.inputs = many(() => makeFileState(dice));
  run.outputs = many(() => makeFileState(dice));
  run.logs = many(() => makeFileState(dice));
  run.removed = many(text);
  run.absent = many(text);
  run.warnings = many(text);
  run.variables = many(() => 'TZ=' + text());
  run.leftOut = many(() => ({ what: text(), count: dice(1e6) }));
  run.verdicts = many(() => ({ word: pick(dice, ['identical', 'different'] as const), path: text(), detail: dice(3) === 0 ? '' : text() }));
  run.processes = many(() => ({ parent: undefined, startS: dice(1e6) / 1e6, endS: undefined, exit: dice(256), signal: undefined, directory: text(), command: text(), later: [], read: [], wrote: [] }));
  return run;
}

/** Fields sorted by name; those that are undefined left out. */
function spellRun(run: Run): string {
  return JSON.stringify(run, (_, value: unknown) => (typeof value !== 'object' || value === null || Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))));
}

function checkRunValue(input: ByteString): void {
  const run = makeRun(choicesOf(input));
  const printed = sealRecord(printRunBody(run), HASH);
  if (!isUtf8(printed)) failCase('a record is UTF-8');
  if (/[\0-\x09\x0b-\x1f\x7f]/.test(printed)) failCase('a record has no control character');
  const read = parseRun(printed, 'x');
  claimSame('parse(print(run)) is the run', spellRun(read), spellRun(run));
  claimSame('print(parse(print(run))) is the same text', sealRecord(printRunBody(read), HASH), printed);
  checkLines(run);
}

/** The lines of the index say what the run says. */
function checkLines(run: Run): void {
  const summary = 'x\n' + printSummaryLine(run);
  if (summary.indexOf('\n', 2) !== summary.length - 1) failCase('a line of the index is one line');
  const line = new SummaryLine(summary, 2);
  for (const name of ['id', 'label', 'reason', 'command', 'directory', 'status'] as const) claimSame('a line of the index has the ' + name, line[name], run[name]);
  for (const name of ['tags', 'parameters', 'metrics'] as const) claimSame('a line of the index has the ' + name, JSON.stringify(line[name]), JSON.stringify(run[name]));
  const graph = new GraphLine('x\n' + printGraphLine(run), 2);
  claimSame('a line of the graph has the outputs', JSON.stringify(graph.outputs), JSON.stringify(run.outputs));
}

function checkRecordText(input: ByteString): void {
  const run = parseRun(input, 'x');
  const printed = sealRecord(printRunBody(run), HASH);
  claimSame('print(parse(print(parse(text)))) is the same text', sealRecord(printRunBody(parseRun(printed, 'x')), HASH), printed);
  checkLinesOfText(run);
}

function checkLinesOfText(run: Run): void {
  const summary = printSummaryLine(run);
  if (summary.indexOf('\n') !== summary.length - 1) failCase('a line of the index is one line', summary);
  claimSame('a line of the index has the command', new SummaryLine(summary, 0).command, run.command);
  const graph = printGraphLine(run);
  if (graph.indexOf('\n') !== graph.length - 1) failCase('a line of the graph is one line', graph);
}

const RECORD_WORDS = ['Input: ', 'Output: ', 'Command: ', 'Sha256: ' + HASH + '\n', HASH, '  12 ', '  12x ', '  12l ', '%00', '%0A', '%', '%{0123456789abcdef}', '\n', '\n+ ', ': ', '# ', 'Process: ', 'Process_read: 1-3', '1-16777216', '0-9007199254740991', 'Status: lost\n', 'Verdict: identical ', 'Exit: 256', 'Left_out: a 1', ID, 'constructor: a\n', '__proto__: a\n', 'toString: a\n'];

/** Records in recutils' own reading: recsel's fields, of a file of many records. */
function judgeRecords(inputs: ByteString[]): (string | undefined)[] {
  const wrong: (string | undefined)[] = inputs.map(() => undefined);
  const bodies = inputs.map((input) => sealRecord(printRunBody(makeRun(choicesOf(input))), HASH));
  // One file of one kind of record: recutils refuses two that each name their set.
  const strip = (body: string): string => body.split('\n').filter((line) => !/^[#%]/.test(line)).join('\n').replace(/^\n+/, '');
  const file = path.join(makeTemporary(), 'all.rec');
  fs.writeFileSync(file, Buffer.from('%rec: Run\n\n' + bodies.map((body) => strip(body).trim() + '\n').join('\n'), 'latin1'));
  const read = childProcess.spawnSync('recsel', ['-t', 'Run', file], { encoding: 'latin1', maxBuffer: 1 << 28 });
  if (read.status !== 0) return inputs.map((_, i) => (inputs.length > 1 ? judgeRecords([inputs[i]])[0] : 'recsel refuses it: ' + read.stderr));
  const records = read.stdout.trim().split('\n\n');
  inputs.forEach((_, i) => {
    const wanted = strip(bodies[i]).trim();
    if (records.length !== inputs.length) wrong[i] = inputs.length === 1 ? 'recsel reads ' + records.length + ' records' : judgeRecords([inputs[i]])[0];
    else if (records[i] !== wanted) wrong[i] = 'recsel reads other fields: ' + JSON.stringify(records[i]) + ' for ' + JSON.stringify(wanted);
  });
  return wrong;
}

const NOTE = '# rr note, format 1; described in provenance/README.txt\nId: ' + ID + '\nRun: ' + ID + '\nWritten: 2026-11-22T05:20:39.123456Z\nAuthor: A. Author\nLabel: a\nTag: b\nComment: c d\nOutcome: e\nRr: 0.1.0\n';
const PLAN = '# rr plan, format 1; described in provenance/README.txt\n\n%rec: Step\n%key: Plan\n%mandatory: Command\n\nPlan: fit\nCommand: ./fit data.csv > fit.csv\nDeclared_input: data.csv\nDeclared_output: fit.csv\nParameter: a 1\nAsked: cpus 4\n\nPlan: plot\nDirectory: sub\nCommand: python3 plot.py \\\n \'a b\'\nDeclared_input: fit.csv\nVariable: A=b c\nTimeout_s: 3\nX_mine: x\nEncoding: percent\n';
const SERIES = printSeries([{ name: 'loss', points: [{ atS: 1.5, step: 1, value: '0.25' }, { atS: undefined, step: 2, value: 'nan' }] }, { name: 'a b', points: [{ atS: 0, step: undefined, value: '-1e-3' }] }]);
const RESOURCES = printResources([{ atS: 1, cpus: 0.5, memoryBytes: 4096, readBytes: 1, writtenBytes: undefined, processes: 2 }, { atS: 2, cpus: 1, memoryBytes: 8192, readBytes: 1, writtenBytes: 3, processes: 2, gpuPercent: 50, gpuMemoryBytes: 1 }]);

function checkChecksums(input: ByteString): void {
  const dice = choicesOf(input);
  const names = Array.from(new Set(Array.from({ length: 1 + dice(6) }, () => randomWord(dice, 10, /\0/g)))).sort();
  const sums = names.map((name, i) => printChecksumLine(HASH.slice(1) + String(i), name)).join('');
  names.forEach((name, i) => claimSame('findChecksum() finds what printChecksumLine() printed', findChecksum(sums, name).hash, HASH.slice(1) + String(i)));
}

function judgeChecksums(inputs: ByteString[]): (string | undefined)[] {
  return inputs.map((input) => {
    const dice = choicesOf(input);
    const folder = makeTemporary();
    const names = Array.from(new Set(Array.from({ length: 1 + dice(6) }, () => randomWord(dice, 10, /[\0/]/g)))).filter((name) => !/^\.\.?$/.test(name));
    for (const name of names) fs.writeFileSync(Buffer.from(folder + '/' + name, 'latin1'), '');
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const done = childProcess.spawnSync('sha256sum', ['-c', '--strict', '--quiet', '-'], { cwd: folder, input: Buffer.from(names.map((name) => printChecksumLine(empty, name)).join(''), 'latin1'), encoding: 'latin1' });
    fs.rmSync(folder, { recursive: true, force: true });
    return done.status === 0 || names.length === 0 ? undefined : 'sha256sum -c: ' + done.stdout + done.stderr;
  });
}

const choiceInput = (dice: Dice): ByteString => randomBytes(dice, 4 + dice(dice(4) === 0 ? 600 : 120));

/** What was read and printed stands when it is read and printed again. */
function claimStable(print: (text: ByteString) => ByteString): (input: ByteString) => void {
  return (input) => {
    const printed = print(input);
    claimSame('print(parse(print(parse(text)))) is the same text', print(printed), printed);
  };
}

export const RECORD_TARGETS: FuzzTarget[] = [
  {
    name: 'percent',
    corpus: () => ['a b', 'x%41', '\\', 'caf\xc3\xa9', '\xff', ' a', 'a ', '\xe2\x80\xae', '\xc2\x9b31m'],
    dictionary: ['%', '%0A', '%zz', '\\', '\xe2\x80\xae', ' ', '\0{0123456789abcdef}'],
    check: (input) => {
      claimSame('decodeText(encodeText(x)) is x', decodeText(encodeText(input)), input);
      claimSame('decodeText(encodeWord(x)) is x', decodeText(encodeWord(input)), input);
      const marked = input.replace(/\0(?!\{[0-9a-f]{16}\})/g, '');
      claimSame('decodeWithheld(encodeWithheld(x)) is x', decodeWithheld(encodeWithheld(marked)), marked);
      decodeText(input);
      const shown = makeHarmless(input);
      if (!isUtf8(shown) || /[\0-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]/.test(shown)) failCase('makeHarmless() leaves nothing that a terminal obeys', shown);
      for (const text of [encodeText(input), encodeWord(input)]) if (!isUtf8(text) || /[\0-\x1f\x7f]|\xc2[\x80-\x9f]|^ | $|\\$/.test(text)) failCase('an encoded text is plain', text);
    },
  },
  { name: 'record-value', corpus: () => [], generate: choiceInput, check: checkRunValue, judge: { lacks: () => (hasProgram('recsel') ? false : 'no recutils'), batch: 200, find: judgeRecords }, mostBytes: 8192 },
  { name: 'record-text', corpus: () => exampleFiles('runs').concat([0, 1, 2, 3, 4, 5].map((n) => sealRecord(printRunBody(makeRun(choicesOf(String.fromCharCode(n, 7 * n, 11 * n).repeat(40)))), HASH))), dictionary: RECORD_WORDS, check: checkRecordText },
  {
    name: 'record-file', corpus: () => [HASH + '  12 a b', HASH + '  12x a%0Ab', '-  0d d', '?  3l x'], dictionary: [HASH, '  ', '12', 'x ', '%00', ' '],
    check: (input) => {
      const file = parseFile(input);
      if (file === undefined) return false;
      assert.deepEqual(parseFile(printFile(file)), file);
      return true;
    },
  },
  { name: 'note', corpus: () => [sealRecord(NOTE, HASH)], dictionary: RECORD_WORDS.concat(['Comment: ', 'Tolerance: ', 'Accept: ', 'Unset: Label', 'Untag: ']), check: claimStable((text) => sealRecord(printNoteBody(parseNote(text, 'x')), HASH)) },
  { name: 'notetext', corpus: () => [printNoteText('a title', { label: 'a', tags: ['b', 'c d'], reason: 'e\n--- f', outcome: '', comments: [{ noteId: ID, by: 'A. Author', text: 'many\nlines' }, { noteId: undefined, by: '', text: 'new' }] })], dictionary: ['--- label\n', '--- tags\n', '--- new comment\n', '--- comment ' + ID + '\n', '--- end\n', '\\---', '%0A', '\r\n'], long: [['--- label\n', '\n', ''], ['--- reason\n', ' \n', 'a\n'], ['--- reason\na', '\n', '']], check: (input) => parseNoteText(input) !== undefined },
  { name: 'environment', corpus: () => exampleFiles('environments'), dictionary: ['Package: ', 'Library: ', 'Program: ', 'Owner: ', ': ', '\n'], check: (input) => { parseEnvironment(input); } },
  { name: 'plan', corpus: () => [PLAN], long: [['a=', '\\\n ', ''], ['Command: a', ' \t', 'b\n']], dictionary: ['Plan: ', 'Command: ', 'Declared_input: ', 'Declared_output: ', 'Directory: ', 'Parameter: ', 'Asked: ', 'Redirect: ', 'Observed: ', 'Encoding: percent\n', 'constructor: a\n', '__proto__: a\n', '\n+ ', '\\\n ', '\n\n', '$PWD', '> ', "'", '"', '{n}', '..', '1:3', '%'], check: (input) => { parsePlan(input, 'provenance/plan.rec', '/p'); } },
  {
    name: 'series', corpus: () => [SERIES, RESOURCES], dictionary: ['loss', '1.5', 'nan', '-inf', '1e400', '\n', ' ', ': '],
    check: (input) => {
      const all = parseSeries(input);
      claimSame('print(parse(print(parse(series)))) is the same text', printSeries(parseSeries(printSeries(all))), printSeries(all));
      const samples = parseResources(input);
      claimSame('print(parse(print(parse(resources)))) is the same text', printResources(parseResources(printResources(samples))), printResources(samples));
      numberOfValue(input);
      return all.length > 0 || samples.length > 0;
    },
  },
  { name: 'indexfile', corpus: () => [HASH + '\n# rr index, format 3, x\ntag folder 1-2\na\tb\t\n'], dictionary: ['# rr index, format 3, x\n', '\t', '\n'], check: (input) => parseIndexFile(input, 0, input.length, 'x') !== undefined },
  {
    name: 'runlines', corpus: () => [3, 4, 5].map((n) => printSummaryLine(makeRun(choicesOf(String.fromCharCode(n, 7 * n).repeat(60))))).concat([3, 4, 5].map((n) => printGraphLine(makeRun(choicesOf(String.fromCharCode(n, 7 * n).repeat(60)))))), dictionary: ['\t', '\n', '%00', HASH + '  1 x'],
    check: (input) => {
      const summary = new SummaryLine(input, 0) as unknown as { [name: string]: unknown };
      for (const name of ['id', 'label', 'tags', 'status', 'wallS', 'exit', 'verdicts', 'sweep', 'metrics', 'parameters', 'command']) void summary[name];
      const graph = new GraphLine(input, 0) as unknown as { [name: string]: unknown };
      for (const name of ['id', 'inputs', 'outputs', 'removed', 'directory', 'command']) void graph[name];
    },
  },
  { name: 'reuseentry', corpus: () => [4, 5].map((n) => printReuseEntry({ run: makeRun(choicesOf(String.fromCharCode(n, 7 * n).repeat(60))), listings: [{ path: 'a b', hash: HASH }] })).map((body) => sealRecord(body, HASH)), dictionary: RECORD_WORDS.concat(['Listed: ']), check: claimStable((text) => sealRecord(printReuseEntry(parseReuseEntry(text, 'x')), HASH)) },
  {
    name: 'clusterbatch', corpus: () => ['# rr batch, format 1\nName: a\n', '# rr batch, format 1\nKey: a\nName: b\nBefore: c\n---\nx\n---\nBegan: 1 n 0 h\n', 'trying 0\nsubmitted 0 12\nrefused 1 no\n'], dictionary: ['Key: ', 'Name: ', 'Before: ', '---\n', 'Began: ', 'Ended: ', 'trying ', 'submitted ', 'refused ', '%0A'],
    check: (input) => {
      const jobs = parseArrayJobs(input);
      return [parseBatch(input), parseTask(input)].some((read) => read !== undefined) || jobs.size > 0;
    },
  },
  { name: 'checksums', corpus: () => [], generate: choiceInput, check: checkChecksums, share: 0.5, mostBytes: 4096 },
  { name: 'checksums-judged', corpus: () => [], generate: choiceInput, check: () => true, judge: { lacks: () => (hasProgram('sha256sum') ? false : 'no sha256sum'), batch: 50, find: judgeChecksums }, share: 0.02, mostBytes: 4096 },
];

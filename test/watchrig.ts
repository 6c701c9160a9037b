// watchrig.ts - runs one command under rr's tracer in a fresh project and gives back what its record says.
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { hasProgram, listRecords, makeProject, makeTemporary, readRecord, RR_JS, run } from './rig.ts';
import type { Done, RunOptions } from './rig.ts';

/** Why nothing can be traced here, or false: for the option `skip` of a test. */
export const NO_TRACER: string | false = whyNoTracer();

function whyNoTracer(): string | false {
  if (process.platform !== 'linux') return 'the tracer is for Linux';
  if (!hasProgram('strace')) return 'strace is missing';
  return childProcess.spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0 ? false : 'ptrace is forbidden here';
}

/** Python as the distribution has it: without a version manager in between. */
export const PYTHON = '/usr/bin/python3';
export const NO_PYTHON: string | false = fs.existsSync(PYTHON) ? false : PYTHON + ' is missing';

/** A reason to skip, if one of these programs is missing or nothing can be traced. */
export function missingOf(...programs: string[]): string | false {
  const missing = programs.filter((name) => (name[0] === '/' ? !fs.existsSync(name) : !hasProgram(name)));
  return NO_TRACER !== false ? NO_TRACER : missing.length > 0 ? 'no ' + missing.join(', no ') : false;
}

export type Fields = { [field: string]: string[] };

export type FileLine = { hash: string; size: number; kind: string; path: string };

/** The file lines of a field; paths as they stand, encoded. */
export function fileLines(lines: string[] | undefined): FileLine[] {
  return (lines ?? []).map((line) => {
    const parts = /^([0-9a-f]{64}|-|\?) {2}(\d+)([a-z]?) (.*)$/.exec(line);
    assert.ok(parts !== null, 'a file line: ' + line);
    return { hash: parts[1], size: Number(parts[2]), kind: parts[3], path: parts[4] };
  });
}

/** A path with its kind before it ("l:", "d:", "p:", "s:") unless it is a regular file's. */
export function kindAndPath(file: FileLine): string {
  return (file.kind === '' || file.kind === 'x' ? '' : file.kind + ':') + file.path;
}

// ---- projects ---------------------------------------------------------------------------------------

let template: string | undefined;

/** A new project, copied from one that `rr init` made: quicker than making each. */
export function copyProject(): string {
  if (template === undefined) template = makeProject();
  const folder = makeTemporary();
  assert.equal(run(undefined, ['cp', '-a', template + '/.', folder]).status, 0);
  return folder;
}

export function shell(folder: string, script: string): void {
  const done = run(folder, ['sh', '-ec', script]);
  assert.equal(done.status, 0, script + ': ' + done.stderr);
}

/** Hash, or text of a link, of every file below a folder but rr's own, by path (latin1). */
export function hashAll(folder: string): Map<string, string> {
  const hashes = new Map<string, string>();
  const look = (relative: string): void => {
    const names = fs.readdirSync(Buffer.from(folder + '/' + relative, 'latin1'), { encoding: 'latin1' });
    for (const name of names) {
      const file = relative === '' ? name : relative + '/' + name;
      if (file === '.rr' || file === 'provenance' || name === '.git') continue;
      const place = Buffer.from(folder + '/' + file, 'latin1');
      const stat = fs.lstatSync(place);
      if (stat.isDirectory()) look(file);
      else if (stat.isFile()) hashes.set(file, sha256(fs.readFileSync(place)));
      else if (stat.isSymbolicLink()) hashes.set(file, sha256(fs.readlinkSync(place, 'buffer')));
    }
  };
  look('');
  return hashes;
}

export function sha256(content: string | Buffer): string {
  return crypto.createHash('sha256').update(content).digest('hex');
}

/** Undoes the percent-encoding, by a rule of its own. */
export function decode(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

// ---- a traced run -----------------------------------------------------------------------------------

export type Traced = {
  done: Done;
  fields: Fields;
  inputs: FileLine[];
  outputs: FileLine[];
  removed: string[];
  absent: string[];
  warnings: string[];
  /** Count of files made and gone again. */
  temporary: number;
  processes: TracedNode[];
};

export function traceArguments(...options: string[]): string[] {
  return [process.execPath, RR_JS, 'record', '-q', '--trace', 'strace'].concat(options, '--');
}

/** Records a command and reads the newest record of the project. `outer` is a shell script whose "$@" is the call of rr. */
export function traceRun(folder: string, argv: string[], options: RunOptions & { outer?: string; rr?: string[] } = {}): Traced {
  const call = traceArguments(...(options.rr ?? [])).concat(argv);
  const done = run(folder, options.outer === undefined ? call : ['sh', '-c', options.outer, 'sh'].concat(call), options);
  const names = listRecords(folder);
  assert.ok(names.length > 0, 'no record was written: ' + done.stderr);
  return readTraced(folder, names[names.length - 1], done);
}

export function readTraced(folder: string, name: string, done: Done): Traced {
  const fields = readRecord(folder, name);
  const inputs = fileLines(fields.Input);
  const outputs = fileLines(fields.Output);
  const temporary = (fields.Left_out ?? []).map((line) => /^temporary (\d+)$/.exec(line)).find((parts) => parts !== null);
  return {
    done, fields, inputs, outputs, removed: fields.Removed ?? [], absent: fields.Absent ?? [], warnings: fields.Warning ?? [],
    temporary: temporary === null || temporary === undefined ? 0 : Number(temporary[1]),
    processes: readProcesses(fs.readFileSync(path.join(folder, name), 'latin1'), inputs.concat(outputs).map(kindAndPath)),
  };
}

// ---- processes --------------------------------------------------------------------------------------

/** A process of a record. */
export type TracedNode = {
  number: number; parent: number; startS: number; endS: number | undefined; end: string; folder: string; command: string;
  later: { startS: number; folder: string; command: string }[];
  read: string[]; wrote: string[]; children: TracedNode[];
};

function expandRanges(ranges: string, names: string[]): string[] {
  const found: string[] = [];
  for (const range of ranges.split(',')) {
    const parts = /^(\d+)(?:-(\d+))?$/.exec(range);
    assert.ok(parts !== null, 'ranges: ' + ranges);
    for (let at = Number(parts[1]); at <= Number(parts[2] ?? parts[1]); at++) {
      assert.ok(at >= 1 && at <= names.length, 'file ' + String(at) + ' of ' + String(names.length));
      found.push(names[at - 1]);
    }
  }
  return found;
}

/** The processes that stand in a record, in its order; `names` are its inputs and outputs. */
export function readProcesses(record: string, names: string[]): TracedNode[] {
  const nodes: TracedNode[] = [];
  for (const line of record.split('\n')) {
    const made = /^Process: (\d+) (\d+) (\S+) (\S+) (\S+) (\S+)(?: (.*))?$/.exec(line);
    const later = /^Process_exec: (\d+) (\S+) (\S+) (.*)$/.exec(line);
    const files = /^Process_(read|wrote): (\d+) (\S+)$/.exec(line);
    if (made !== null) {
      const node: TracedNode = {
        number: Number(made[1]), parent: Number(made[2]), startS: Number(made[3]), endS: made[4] === '-' ? undefined : Number(made[4]), end: made[5], folder: decode(made[6]),
        command: made[7] ?? '', later: [], read: [], wrote: [], children: [],
      };
      assert.equal(node.number, nodes.length + 1, line);
      assert.ok(node.parent < node.number, 'parents stand before children: ' + line);
      if (node.parent > 0) nodes[node.parent - 1].children.push(node);
      nodes.push(node);
    } else if (later !== null) nodes[Number(later[1]) - 1].later.push({ startS: Number(later[2]), folder: decode(later[3]), command: later[4] });
    else if (files !== null) nodes[Number(files[2]) - 1][files[1] as 'read' | 'wrote'] = expandRanges(files[3], names);
    else assert.doesNotMatch(line, /^Process/, 'a line of a process');
  }
  return nodes;
}

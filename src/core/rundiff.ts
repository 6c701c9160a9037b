// rundiff.ts - in what runs differ. Knows no files, no contents and no output.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import type { Environment, InstalledPackage } from './environment.ts';
import type { FileState, Run } from './run.ts';
import { compareVersions } from './versions.ts';

// 1. The first run is the origin: each other one is compared with it, none with each other.
// 2. What is there in several instances (files, packages, parameters) is matched by its name alone.
// 3. What is not known (a hash "?") is not the same as anything. Only of system files whose names say
//    that they may hold a secret, and which are therefore never hashed, the size must do.
// 4. When and how a run was observed and what it cost are shown, but are no differences: they never
//    are the same.

/** How a value of a run stands to that of the origin; 'up' and 'down' are of versions. */
export type ValueChange = 'same' | 'changed' | 'added' | 'gone' | 'up' | 'down';

/** In what the contents of a file in one run (its place in the list) and in the origin differ. */
export type ContentDifference = {
  run: number;
  /** Sentences: what a comparison by kind says, or why there is no more to say. */
  told: ByteString[];
  /** Unified format from the first "@@" on, without line ends. */
  lines: ByteString[];
};

export type DiffRow = {
  /** What the values are of; '' in an aspect that is one fact. */
  name: ByteString;
  /** One a run, undefined where it has none. Of a file its kind and hash. */
  values: (ByteString | undefined)[];
  /** Of files: as the runs have them. */
  files?: (FileState | undefined)[];
  /** One a run; that of the origin is 'same'. */
  changes: ValueChange[];
  /** A path of the same content that one of the runs has in its place. */
  twin?: ByteString;
  /** The package by whose change this one is explained; of what is told of a binary, that binary. */
  cause?: ByteString;
  contents: ContentDifference[];
};

/** fact: one row without a name. list: named values. names: the values say nothing. */
export type AspectKind = 'fact' | 'list' | 'names' | 'files' | 'packages';

export type DiffAspect = {
  /** The field's name in JSON (views/json.ts); of the environment's "environment.NAME". */
  name: string;
  kind: AspectKind;
  /** False: shown, but no difference (rule 4). */
  isCounted: boolean;
  rows: DiffRow[];
  /** Further sentences on the value of a run, or (undefined) on all: the distance in commits from the origin, say. */
  told: { run: number | undefined; text: ByteString }[];
};

export type RunDifference = { runs: Run[]; aspects: DiffAspect[] };

/** Is no value of the row other than the origin's? */
export function isSameRow(row: DiffRow): boolean {
  return row.changes.every((change) => change === 'same');
}

export function isSameAspect(aspect: DiffAspect): boolean {
  return aspect.rows.every(isSameRow);
}

/** Is there any difference that counts? */
export function hasDifference(difference: RunDifference): boolean {
  return difference.aspects.some((aspect) => aspect.isCounted && !isSameAspect(aspect));
}

// ---- rows -------------------------------------------------------------------------------------------

function changeOf(origin: ByteString | undefined, value: ByteString | undefined): ValueChange {
  if (origin === value) return 'same';
  return origin === undefined ? 'added' : value === undefined ? 'gone' : 'changed';
}

function makeRow(name: ByteString, values: (ByteString | undefined)[]): DiffRow {
  return { name, values, changes: values.map((value) => changeOf(values[0], value)), contents: [] };
}

function makeAspect(name: string, kind: AspectKind, rows: DiffRow[]): DiffAspect {
  return { name, kind, isCounted: true, rows, told: [] };
}

function makeFact(name: string, values: (ByteString | number | undefined)[]): DiffAspect {
  const texts = values.map((value) => (value === undefined ? undefined : String(value)));
  return makeAspect(name, 'fact', texts.every((text) => text === undefined) ? [] : [makeRow('', texts)]);
}

/** A row for each name that any run has, sorted; a value that stands several times is joined. */
function makeList(name: string, kind: AspectKind, lists: [ByteString, ByteString][][]): DiffAspect {
  const byName = new Map<ByteString, (ByteString | undefined)[]>();
  lists.forEach((list, run) => {
    for (const [key, value] of list) {
      const values = byName.get(key) ?? lists.map(() => undefined);
      values[run] = values[run] === undefined ? value : values[run] + '; ' + value;
      byName.set(key, values);
    }
  });
  const names = Array.from(byName.keys()).sort(compareBytes);
  return makeAspect(name, kind, names.map((key) => makeRow(key, byName.get(key) as (ByteString | undefined)[])));
}

/** 'NAME=VALUE' or 'NAME VALUE': cut at the first `sign`. */
export function splitAt(text: ByteString, sign: string): [ByteString, ByteString] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + sign.length)];
}

// ---- files --------------------------------------------------------------------------------------------

/** Two files are the same if this is; what has no hash that is known is never the same (rule 3). */
function valueOfFile(file: FileState, run: number): ByteString {
  return file.kind + ' ' + (file.hash === '?' ? '? of ' + String(run) : file.hash === '-' ? String(file.size) : file.hash);
}

type NamedFile = [ByteString, FileState];

function nameByPath(files: FileState[]): NamedFile[] {
  return files.map((file): NamedFile => [file.path, file]);
}

/** A row for each path that any run has, sorted. */
function makeFiles(name: string, lists: FileState[][]): DiffAspect {
  return makeNamedFiles(name, lists.map(nameByPath));
}

function makeNamedFiles(name: string, lists: NamedFile[][]): DiffAspect {
  const byName = new Map<ByteString, (FileState | undefined)[]>();
  lists.forEach((list, run) => {
    for (const [key, file] of list) {
      const files = byName.get(key) ?? lists.map(() => undefined);
      files[run] = file;
      byName.set(key, files);
    }
  });
  const rows = Array.from(byName.keys()).sort(compareBytes).map((key): DiffRow => {
    const files = byName.get(key) as (FileState | undefined)[];
    return { ...makeRow(key, files.map((file, run) => (file === undefined ? undefined : valueOfFile(file, run)))), files };
  });
  findTwins(rows);
  return makeAspect(name, 'files', rows);
}

/** Of paths that only one side has: the same content under another name on the other. */
function findTwins(rows: DiffRow[]): void {
  const gone = new Map<ByteString, DiffRow>();
  const isKnown = (value: ByteString | undefined): value is ByteString => value !== undefined && /^[0-9a-f]{64}$/.test(value.slice(-64));
  for (const row of rows) if (isKnown(row.values[0]) && row.changes.indexOf('gone') > 0) gone.set(row.values[0], row);
  for (const row of rows) {
    const value = row.values.find(isKnown);
    const other = row.changes.indexOf('added') > 0 && value !== undefined ? gone.get(value) : undefined;
    // An empty file is like any other one.
    if (other === undefined || (row.files ?? []).some((file) => file !== undefined && file.size === 0)) continue;
    row.twin = other.name;
    other.twin = row.name;
  }
}

/** A file that is code to one of the runs is code to all: it may be data by its name alone. */
function splitInputs(runs: Run[], unseenCode: FileState[][]): { code: FileState[][]; data: FileState[][] } {
  const paths = new Set<ByteString>();
  for (const run of runs) for (const file of run.codeFiles) paths.add(file.path);
  return {
    code: runs.map((run, i) => {
      const seen = run.inputs.filter((file) => paths.has(file.path));
      const seenPaths = new Set(run.inputs.map((file) => file.path));
      return seen.concat(unseenCode[i].filter((file) => !seenPaths.has(file.path)));
    }),
    data: runs.map((run) => run.inputs.filter((file) => !paths.has(file.path))),
  };
}

/** Logs are matched by what they are, as their names hold the run's id. The order of the two streams is left to chance. */
function logsOf(run: Run): NamedFile[] {
  return ['out', 'err'].reduce<NamedFile[]>((named, end) => {
    const log = run.logs.find((file) => file.path.endsWith('.' + end));
    return log === undefined ? named : named.concat([[end, log]]);
  }, []);
}

// ---- packages -------------------------------------------------------------------------------------------

function nameOfPackage(one: InstalledPackage): ByteString {
  return one.manager + ' ' + one.name;
}

function changeOfVersion(manager: string, origin: ByteString, version: ByteString): ValueChange {
  const order = origin === '' || version === '' ? 0 : compareVersions(manager, version, origin);
  return order > 0 ? 'up' : order < 0 ? 'down' : 'changed';
}

/**
 * A row for each package that any run has. Of one that is there for several architectures, or in
 * several versions, these are matched together, and told up or down only if there is one on each side.
 */
function makePackages(name: string, lists: InstalledPackage[][]): DiffAspect {
  // Architecture and place count only if the version is the same: they say where, not what.
  const valueOf = (one: InstalledPackage): ByteString => (one.version === '' ? '-' : one.version);
  const aspect = makeList(name, 'packages', lists.map((list) => {
    const pairs = new Map<ByteString, [ByteString, ByteString]>();
    for (const one of list) pairs.set(nameOfPackage(one) + '\0' + valueOf(one), [nameOfPackage(one), valueOf(one)]);
    return Array.from(pairs.values());
  }));
  for (const row of aspect.rows) {
    const manager = splitAt(row.name, ' ')[0];
    row.changes = row.changes.map((change, run) => {
      const [origin, version] = [row.values[0] ?? '', row.values[run] ?? ''];
      const isSingle = origin.indexOf('; ') < 0 && version.indexOf('; ') < 0 && origin !== '-' && version !== '-';
      return change === 'changed' && isSingle ? changeOfVersion(manager, origin, version) : change;
    });
  }
  return aspect;
}

// ---- the environment ------------------------------------------------------------------------------------

const SOFTWARE_LISTS: ('executables' | 'interpreters' | 'libraries')[] = ['executables', 'interpreters', 'libraries'];

/** Facts of environments by their names, in the order met; one that stands several times is joined. */
function compareFacts(environments: Environment[]): DiffAspect[] {
  const names: string[] = [];
  for (const { facts } of environments) for (const fact of facts) if (names.indexOf(fact.name) < 0) names.push(fact.name);
  return names.map((name) => makeFact('environment.' + name.toLowerCase(), environments.map(({ facts }) => {
    const values = facts.filter((fact) => fact.name === name).map((fact) => fact.value);
    return values.length === 0 ? undefined : values.join('; ');
  })));
}

/** Says of each file whose package changed that this is why. */
function explainByPackages(environments: Environment[], packages: DiffAspect, aspects: DiffAspect[]): void {
  const changed = new Set(packages.rows.filter((row) => !isSameRow(row)).map((row) => row.name));
  const causes = new Map<ByteString, ByteString>();
  for (const { owners } of environments) {
    for (const owner of owners) {
      const name = owner.manager + ' ' + owner.name;
      if (changed.has(name)) causes.set(owner.path, name);
    }
  }
  for (const aspect of aspects) for (const row of aspect.rows) if (!isSameRow(row)) row.cause = causes.get(row.name);
}

/** Of a binary that only some have, its compiler is told with it; of one that differs, its build-id is. */
function explainByBinaries(software: DiffAspect[], compilers: DiffAspect, buildIds: DiffAspect): void {
  const differing = new Map<ByteString, DiffRow>();
  for (const { rows } of software) for (const row of rows) if (!isSameRow(row)) differing.set(row.name, row);
  for (const row of buildIds.rows) if (!isSameRow(row) && differing.has(row.name)) row.cause = row.cause ?? row.name;
  for (const row of compilers.rows) {
    const binary = differing.get(row.name);
    if (binary !== undefined && binary.values.indexOf(undefined) >= 0 && !isSameRow(row)) row.cause = row.cause ?? row.name;
  }
}

function compareEnvironments(environments: Environment[]): DiffAspect[] {
  const packages = makePackages('environment.packages', environments.map((one) => one.packages));
  const software = SOFTWARE_LISTS.map((list) => makeFiles('environment.' + list, environments.map((one) => one[list])));
  const compilers = makeList('environment.compilers', 'list', environments.map((one) => one.compilers.map(({ path, producer }): [ByteString, ByteString] => [path, producer])));
  const buildIds = makeList('environment.build_ids', 'list', environments.map((one) => one.buildIds.map(({ path, id }): [ByteString, ByteString] => [path, id])));
  explainByPackages(environments, packages, software.concat(compilers, buildIds));
  explainByBinaries(software, compilers, buildIds);
  return compareFacts(environments).concat(
    packages, software, compilers, buildIds,
    makeFiles('environment.files', environments.map((one) => one.files.map((file) => (file.hash === '?' ? { ...file, hash: '-' } : file)))),
    makeFiles('environment.lock_files', environments.map((one) => one.lockFiles)),
    makeList('environment.limits', 'list', environments.map((one) => one.limits.map((text) => splitAt(text, ' ')))),
    makeList('environment.variables', 'list', environments.map((one) => one.variables.map((text) => splitAt(text, '=')))),
  );
}

// ---- runs -----------------------------------------------------------------------------------------------

/** 'COMMIT [dirty [HASH]] PATH' and 'SYSTEM COMMIT [dirty HASH] PATH' as path and the rest. */
function splitCheckout(text: ByteString, words: RegExp): [ByteString, ByteString] {
  const length = words.exec(text)?.[0].length ?? 0;
  return [text.slice(length), text.slice(0, Math.max(0, length - 1))];
}

function compareCode(runs: Run[], code: FileState[][]): DiffAspect[] {
  return [
    makeFact('code', runs.map((run) => run.code)),
    makeFact('code_branch', runs.map((run) => run.codeBranch)),
    makeFact('code_remote', runs.map((run) => run.codeRemote)),
    makeList('code_submodules', 'list', runs.map((run) => run.codeSubmodules.map((text) => splitCheckout(text, /^[^ ]+ (?:dirty )?/)))),
    makeList('code_others', 'list', runs.map((run) => run.codeOthers.map((text) => splitCheckout(text, /^[^ ]+ [^ ]+ (?:dirty (?:[0-9a-f]{64}|-) )?/)))),
    makeFiles('code_files', code),
    makeList('compilers', 'list', runs.map((run) => run.compilers.map(({ path, producer }): [ByteString, ByteString] => [path, producer]))),
  ];
}

/** What was asked for: by whom and why, and what was run. */
function compareRequests(runs: Run[]): DiffAspect[] {
  return [
    makeFact('label', runs.map((run) => run.label)),
    makeFact('reason', runs.map((run) => run.reason)),
    makeList('tags', 'names', runs.map((run) => run.tags.map((tag): [ByteString, ByteString] => [tag, '']))),
    makeFact('command', runs.map((run) => run.command)),
    makeFact('directory', runs.map((run) => run.directory)),
    makeList('redirects', 'list', runs.map((run) => run.redirects.map((text) => splitAt(text, ' ')))),
    makeList('parameters', 'list', runs.map((run) => run.parameters.map((text) => splitAt(text, ' ')))),
    makeList('variables', 'list', runs.map((run) => run.variables.map((text) => splitAt(text, '=')))),
    makeList('variable_hashes', 'list', runs.map((run) => run.variableHashes.map((text) => splitAt(text, ' ')))),
    makeFact('timeout_s', runs.map((run) => run.timeoutS)),
  ];
}

function compareTouchedFiles(runs: Run[], data: FileState[][]): DiffAspect[] {
  const names = (name: string, of: (run: Run) => ByteString[]): DiffAspect => makeList(name, 'names', runs.map((run) => of(run).map((path): [ByteString, ByteString] => [path, ''])));
  // 'HMAC PATH'
  const hashed = (name: string, of: (run: Run) => ByteString[]): DiffAspect => makeList(name, 'list', runs.map((run) => of(run).map((text): [ByteString, ByteString] => {
    const [hash, path] = splitAt(text, ' ');
    return [path, hash];
  })));
  return [
    makeFiles('inputs', data), hashed('secret_inputs', (run) => run.secretInputs),
    makeFiles('outputs', runs.map((run) => run.outputs)), hashed('secret_outputs', (run) => run.secretOutputs),
    makeList('metrics', 'list', runs.map((run) => run.metrics.map((text) => splitAt(text, ' ')))),
    makeFiles('uncertain', runs.map((run) => run.uncertain)),
    names('missing_outputs', (run) => run.missingOutputs), names('removed', (run) => run.removed),
    makeNamedFiles('logs', runs.map(logsOf)),
  ];
}

function compareObservations(runs: Run[]): DiffAspect[] {
  const facts = [
    makeFact('tree', runs.map((run) => run.tree)), makeFact('observed', runs.map((run) => run.observed)), makeFact('wall_s', runs.map((run) => run.wallS)),
    makeFact('user_s', runs.map((run) => run.userS)), makeFact('system_s', runs.map((run) => run.systemS)),
    makeFact('peak_memory_bytes', runs.map((run) => run.peakMemoryBytes)),
  ];
  return facts.map((fact) => ({ ...fact, isCounted: false }));
}

/**
 * In what runs differ from the first of them, aspect by aspect, what is the same included.
 * `environments` has one for each run; undefined where there is no record of it. `unseenCode` has of
 * each run the files of its code that it may have read, though it was not seen to.
 */
export function compareRuns(runs: Run[], environments: (Environment | undefined)[], unseenCode: FileState[][]): RunDifference {
  const { code, data } = splitInputs(runs, unseenCode);
  const known = environments.filter((one): one is Environment => one !== undefined);
  // The hash tells all if one of the records is gone; if none is, their lines tell more.
  const environment = known.length === runs.length ? compareEnvironments(known) : [makeFact('environment', runs.map((run) => run.environment))];
  return {
    runs,
    aspects: compareRequests(runs).concat(
      [makeFact('status', runs.map((run) => run.status)), makeFact('exit', runs.map((run) => run.exit)), makeFact('signal', runs.map((run) => run.signal))],
      compareCode(runs, code), environment, compareTouchedFiles(runs, data), compareObservations(runs),
    ).filter((aspect) => aspect.rows.length > 0),
  };
}

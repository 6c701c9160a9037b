// reuse.ts - finds an earlier run with the same outcome, puts its outputs back, and keeps those of new runs. Records nothing.
//
//   FOLDER/objects/ab/REST            contents (objects.ts); FOLDER is .rr, or a cache that several share
//   FOLDER/entries/ab/REST/ID.rec     runs of the step whose key has the SHA-256 abREST (formats/reuseentry.ts)
//
// What a cache holds others may have written: nothing of it is believed but bytes that have their hash.
// Outputs are put only where a run of this project may leave results, behind no link. Who may
// write to a cache can make a step come out as they like, though, as who may write to its code can.
import type { ByteString } from '../core/bytes.ts';
import { folderOfName } from '../core/names.ts';
import { fileParametersOf } from '../core/parameters.ts';
import { endingOfLog, findReuseObstacle, ListedFolders } from '../core/reuse.ts';
import type { NameInFolder } from '../core/reuse.ts';
import { RUN_ID } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { Failure } from '../core/failure.ts';
import { sealRecord, unsealRecord } from '../formats/fields.ts';
import { parseReuseEntry, printReuseEntry, printStepKey } from '../formats/reuseentry.ts';
import type { FolderListing, ReuseEntry } from '../formats/reuseentry.ts';
import { quoteCommand, splitCommand } from '../formats/shell.ts';
import { makeRandomDigits } from './clock.ts';
import { ContentFinder } from './contents.ts';
import { EnvironmentComparer } from './environmentnow.ts';
import { errorCode, listFolder, lstatIfThere, makeFolder, readBytesIfThere, removeIfThere, toFsPath } from './files.ts';
import { describeStat, hashBytes, hashFiles } from './hash.ts';
import { HashCache, isSettled, statKeyOf } from './hashcache.ts';
import { fs } from './node.ts';
import { ContentStore, copyChecked, touchIfAllowed } from './objects.ts';
import { expandDeclared, findArgumentFiles, isDeclared } from './observe.ts';
import { readParameterNow } from './parameterfiles.ts';
import { absoluteOf, describeSystemError } from './project.ts';
import type { Project } from './project.ts';
import { readRecordFile } from './recordfiles.ts';
import { areOpenedAsThen, isFree, isTargetInside, pourInto, putInPlace, readTarget, stagingFolder } from './putback.ts';
import type { OpenedOutputs, Staged } from './putback.ts';
import { isLeftOut } from './scan.ts';
import { makeSecretHasher } from './secretkey.ts';
import type { ReuseChoice } from './settings.ts';
import { makeResultTester, saveByContent } from './store.ts';
import { tell } from './terminal.ts';

/** An earlier run whose outputs may be put back. `inputs`: its inputs as they are now. */
export type Reusable = { id: string; entry: ReuseEntry; place: { path: string; last: string }; inputs: FileState[] };

/** What is known of a run that ended but for its record. */
export type KeptDetails = {
  /** Folders of the project that it listed; paths as in a record. */
  listed: ByteString[];
  /** Of run.removed what the command did not remove itself. */
  removedByOthers: ByteString[];
};

/** Where what is put back goes to. */
export type RestorePlaces = {
  opened: OpenedOutputs;
  /** Absolute name, without its ending, of files that what was printed is put into. */
  logs: ByteString;
};

const LARGEST_ENTRY_BYTES = 64 << 20;
const LARGEST_ENVIRONMENT_BYTES = 16 << 20;
const REMEMBERED_FROM_BYTES = 1 << 20;
const NO_DETAILS: KeptDetails = { listed: [], removedByOthers: [] };

export class Reuse {
  readonly store: ContentStore;
  private readonly project: Project;
  private readonly isShared: boolean;
  private readonly hasEnvironment: boolean;
  private readonly seen: HashCache;
  private readonly hashes = new Map<ByteString, string>();
  private finder: ContentFinder | undefined;
  private comparer: EnvironmentComparer | undefined;

  constructor(project: Project, cacheFolder: ByteString | undefined, hasEnvironment: boolean) {
    this.project = project;
    this.isShared = cacheFolder !== undefined;
    this.hasEnvironment = hasEnvironment;
    this.store = cacheFolder === undefined ? new ContentStore(project.own, true) : new ContentStore(cacheFolder, false);
    this.seen = new HashCache(project.own + '/seen');
  }

  // ---- finding --------------------------------------------------------------------------------------

  /**
   * The newest run of the same step that would come out the same now, undefined if there is none.
   * Of `template` are looked at command, directory, redirects, parameters, parameterFiles,
   * variables, variableHashes, declaredVariables, declaredInputs, declaredOutputs and metricsFiles.
   */
  async find(template: Run): Promise<Reusable | undefined> {
    const path = this.entryFolder(template);
    const names = listFolder(this.store.folder + '/' + path).filter((name) => name.endsWith('.rec') && RUN_ID.test(name.slice(0, -4)));
    const argv = splitCommand(template.command, this.project.root, template.directory) ?? [];
    for (const last of names.sort().reverse()) {
      const entry = this.readEntry(path, last);
      const inputs = entry === undefined || !this.isAnswering(entry, template, argv) ? undefined : await this.matchInputs(entry.run);
      if (entry !== undefined && inputs !== undefined) return { id: entry.run.id, entry, place: { path, last }, inputs };
    }
    return undefined;
  }

  /** By the command as its arguments, so that one that a person wrote into a plan finds those that rr spelled. */
  private entryFolder(run: Run): string {
    const argv = splitCommand(run.command, this.project.root, run.directory);
    const command = argv === undefined ? run.command : quoteCommand(argv, this.project.root, run.directory);
    const key = hashBytes(printStepKey({ ...run, command }));
    return 'entries/' + key.slice(0, 2) + '/' + key.slice(2);
  }

  /** An entry that is whole, of this step, and may be reused; undefined otherwise: it is as if it were not there. */
  private readEntry(path: string, last: string): ReuseEntry | undefined {
    const name = this.store.folder + '/' + path + '/' + last;
    try {
      const stat = lstatIfThere(name);
      const text = stat === undefined || !stat.isFile() || stat.size > LARGEST_ENTRY_BYTES ? undefined : readBytesIfThere(name);
      const parts = text === undefined ? undefined : unsealRecord(text);
      if (text === undefined || parts === undefined || hashBytes(parts.body) !== parts.hash) return undefined;
      const entry = parseReuseEntry(text, name);
      const isOfStep = entry.run.id + '.rec' === last && this.entryFolder(entry.run) === path;
      const isUsable = isOfStep && findReuseObstacle(entry.run, this.isShared, isLeftOut) === undefined;
      return isUsable ? entry : undefined;
    } catch (error) {
      if (!(error instanceof Failure) && errorCode(error) === '') throw error;
      return undefined;
    }
  }

  /** Does the entry tell all that is asked for, but for the content of inputs? */
  private isAnswering({ run, listings }: ReuseEntry, template: Run, argv: ByteString[]): boolean {
    const { project } = this;
    const folder = absoluteOf(project, template.directory);
    const known = new Set(run.inputs.concat(run.outputs).map((file) => file.path).concat(run.secretInputs.map((line) => line.slice(line.indexOf(' ') + 1))));
    const tests = template.declaredOutputs.concat(template.metricsFiles).map((pattern) => isDeclared(project, project.root, pattern));
    if (!tests.every((test) => run.outputs.some((file) => test(file.path)))) return false;
    for (const pattern of template.declaredInputs) {
      const { paths, isThere } = expandDeclared(project, project.root, pattern);
      if (!isThere || !paths.every((path) => known.has(path))) return false;
    }
    // Of what was not traced nobody knows what it looked for in vain.
    const isTraced = run.observed.startsWith('strace');
    if (!isTraced && !findArgumentFiles({ project, folder, argv }).every((path) => known.has(path))) return false;
    if (run.absent.concat(run.removed).some((path) => lstatIfThere(absoluteOf(project, path)) !== undefined)) return false;
    if (!fileParametersOf(run).every(({ path, key, value }) => readParameterNow(project, path, key) === value)) return false;
    if (!this.hasSameSecrets(run)) return false;
    if (this.hasEnvironment && !this.hasSameEnvironment(run)) return false;
    const described = this.describeListings(run, listings.map((listing) => listing.path));
    return described.every(({ hash }, i) => hash === listings[i].hash);
  }

  private hasSameSecrets(run: Run): boolean {
    if (run.secretInputs.length === 0) return true;
    const hash = makeSecretHasher(this.project.own + '/key');
    return run.secretInputs.every((line) => {
      const space = line.indexOf(' ');
      const content = lstatIfThere(absoluteOf(this.project, line.slice(space + 1)))?.isFile() === true ? readBytesIfThere(absoluteOf(this.project, line.slice(space + 1))) : undefined;
      return content !== undefined && hash(content) === line.slice(0, space);
    });
  }

  private hasSameEnvironment(run: Run): boolean {
    if (run.environment === undefined) return false;
    this.comparer = this.comparer ?? new EnvironmentComparer(this.project);
    const isSame = this.comparer.changesOf(run.environment, this.isShared ? this.store.read(run.environment, LARGEST_ENVIRONMENT_BYTES) : undefined).length === 0;
    this.comparer.save();
    return isSame;
  }

  /** Puts the record of an environment into the project, if it is not there. */
  private bringEnvironment(hash: string): void {
    if (!this.isShared || lstatIfThere(this.project.provenance + '/environments/' + hash + '.rec') !== undefined) return;
    const text = this.store.read(hash, LARGEST_ENVIRONMENT_BYTES);
    if (text !== undefined && text.startsWith('# rr environment record, format ')) saveByContent(this.project, 'environments', text, '.rec');
  }

  /** The inputs of the run as they are now; undefined if one of them has other content. Parameter files may. */
  private async matchInputs(run: Run): Promise<FileState[] | undefined> {
    const now: FileState[] = [];
    const free = new Set(run.parameterFiles);
    const unknown: { file: FileState; name: ByteString; stat: import('fs').Stats; expected: FileState | undefined }[] = [];
    for (const expected of run.inputs) {
      const name = absoluteOf(this.project, expected.path);
      const stat = lstatIfThere(name);
      if (stat === undefined) return undefined;
      const file = describeStat(stat, name, expected.path);
      now.push(file);
      if (file.kind !== expected.kind || (file.size !== expected.size && !free.has(file.path))) return undefined;
      if (file.hash === '?') file.hash = this.knownHash(stat, file.path) ?? '?';
      if (file.hash === '?') unknown.push({ file, name, stat, expected: free.has(file.path) ? undefined : expected });
      else if (file.hash !== expected.hash && !free.has(file.path)) return undefined;
    }
    const outcomes = await hashFiles(unknown.map(({ name, stat }) => ({ name, sizeBytes: stat.size })));
    let isSame = true;
    unknown.forEach(({ file, stat, expected }, i) => {
      const outcome = outcomes[i];
      if (outcome.kind === 'hashed') {
        file.hash = outcome.hash;
        this.remember(stat, file.path, outcome.hash);
      }
      if (file.hash === '?' || (expected !== undefined && file.hash !== expected.hash)) isSame = false;
    });
    this.seen.save();
    return isSame ? now : undefined;
  }

  private knownHash(stat: import('fs').Stats, path: ByteString): string | undefined {
    return this.hashes.get(statKeyOf(stat, path)) ?? (stat.size < REMEMBERED_FROM_BYTES ? undefined : this.seen.find(stat, path));
  }

  private remember(stat: import('fs').Stats, path: ByteString, hash: string): void {
    if (!isSettled(stat)) return;
    this.hashes.set(statKeyOf(stat, path), hash);
    if (stat.size >= REMEMBERED_FROM_BYTES) this.seen.add(stat, path, hash);
  }

  private describeListings(run: Run, listed: ByteString[]): FolderListing[] {
    if (listed.length === 0) return [];
    const folders = new ListedFolders(run, listed);
    const isResultNow = makeResultTester(this.project);
    return listed.map((path) => ({ path, hash: hashBytes(folders.describe(path, listNamesIn(this.project, path, isResultNow), isResultNow)) }));
  }

  // ---- putting back -----------------------------------------------------------------------------------

  /**
   * Puts the outputs into the project, each whole, and what was printed beside. False if that cannot
   * be: a content is gone or damaged, a folder or a link stands in the way. Then the step is to be run.
   */
  restore(found: Reusable, places: RestorePlaces): boolean {
    const { run } = found.entry;
    if (!run.outputs.every((file) => isFree(this.project, file)) || !areOpenedAsThen(run, places.opened)) return false;
    const staged: Staged[] = [];
    const taken: ByteString[] = [];
    const take = (file: FileState, name: ByteString): boolean => {
      taken.push(name);
      return this.takeContent(file, run, name) && (file.kind !== 'l' || isTargetInside(file.path, readBytesIfThere(name) ?? ''));
    };
    try {
      for (const log of run.logs) if (!take(log, places.logs + String(endingOfLog(log)))) return false;
      for (const file of run.outputs) {
        if (file.kind === 'd' || (!places.opened.has(file.path) && this.isInPlace(file))) continue;
        const name = stagingFolder(this.project, file.path) + '/.reused.' + makeRandomDigits() + '.tmp';
        if (!take(file, name)) return false;
        staged.push({ file, name });
      }
      if (run.environment !== undefined) this.bringEnvironment(run.environment);
      for (const file of run.outputs) if (file.kind === 'd') makeFolder(absoluteOf(this.project, file.path));
      for (const one of staged) if (!places.opened.has(one.file.path)) putInPlace(this.project, one);
      pourInto(staged, places.opened);
      taken.splice(0, run.logs.length);
      this.noteUse(found);
      return true;
    } catch (error) {
      if (errorCode(error) === '') throw error;
      tell('rr: cannot put back the outputs of ' + found.id + ': ' + describeSystemError(error) + '; the command is run');
      return false;
    } finally {
      for (const name of taken) removeIfThere(name);
    }
  }

  /** Copies a content, of a link the text of its target, to a new file; false if it is nowhere, whole. */
  private takeContent(file: FileState, run: Run, to: ByteString): boolean {
    const mode = file.kind === 'x' ? 0o777 : 0o666;
    makeFolder(folderOfName(to));
    const taken = this.store.take(file.hash, to, mode);
    if (taken === 'whole' || taken === 'failed') return taken === 'whole';
    this.finder = this.finder ?? new ContentFinder(this.project);
    const found = this.finder.find(file, run);
    if (found === undefined) return false;
    if (found.kind === 'file') return copyChecked(found.name, file.hash, to, mode);
    fs.writeFileSync(toFsPath(to), Buffer.from(found.content, 'latin1'), { mode, flag: 'wx' });
    return true;
  }

  private isInPlace(file: FileState): boolean {
    const name = absoluteOf(this.project, file.path);
    const stat = lstatIfThere(name);
    if (stat === undefined) return false;
    const now = describeStat(stat, name, file.path);
    if (now.kind !== file.kind || now.size !== file.size) return false;
    return (now.hash === '?' ? this.knownHash(stat, file.path) : now.hash) === file.hash;
  }

  /** For gc: it was used now. Of another's file in a cache only the owner may set times, but all may replace it. */
  private noteUse({ place }: Reusable): void {
    const name = this.store.folder + '/' + place.path + '/' + place.last;
    const text = touchIfAllowed(name) ? undefined : readBytesIfThere(name);
    if (text !== undefined) this.store.putFile(place.path, place.last, text);
  }

  /** What the record of a run says whose outputs were put back. */
  fill(run: Run, found: Reusable): void {
    const { entry, id, inputs } = found;
    const { environment } = entry.run;
    run.reused = id;
    run.exit = 0;
    run.status = 'succeeded';
    run.observed = entry.run.observed;
    run.inputs = inputs;
    run.outputs = entry.run.outputs;
    run.absent = entry.run.absent;
    run.secretInputs = entry.run.secretInputs;
    if (environment !== undefined && lstatIfThere(this.project.provenance + '/environments/' + environment + '.rec') !== undefined) run.environment = environment;
  }

  // ---- keeping ----------------------------------------------------------------------------------------

  /**
   * Keeps the outputs of a run that ended well, so that they can be put back. Returns why it is not
   * kept, as a part of a sentence; undefined if it is, or if the store cannot be used, which is told.
   */
  async keep(run: Run, details: KeptDetails = NO_DETAILS): Promise<string | undefined> {
    const removed = run.removed.filter((path) => details.removedByOthers.indexOf(path) < 0);
    // What it used is a fact of that run alone.
    const kept = { ...run, removed, logs: run.logs.filter((log) => endingOfLog(log) !== '.resources') };
    const obstacle = findReuseObstacle(kept, this.isShared, isLeftOut) ?? this.findLinkObstacle(kept) ?? await this.findChange(kept);
    if (obstacle !== undefined) return obstacle;
    // Logs stay in the project; only others need another copy.
    for (const file of kept.outputs.concat(this.isShared ? kept.logs : [])) {
      if (file.kind !== 'd' && !this.putContent(file)) return this.store.isUsable ? 'its output ' + file.path + ' is not as it was any more' : undefined;
    }
    if (this.isShared && kept.environment !== undefined) this.putEnvironment(kept.environment);
    const body = printReuseEntry({ run: kept, listings: this.describeListings(kept, details.listed) });
    this.store.putFile(this.entryFolder(kept), kept.id + '.rec', sealRecord(body, hashBytes(body)));
    return undefined;
  }

  private putContent(file: FileState): boolean {
    const name = absoluteOf(this.project, file.path);
    if (file.kind !== 'l') return this.store.put(name, file.hash, file.size);
    const text = readTarget(name);
    return text !== undefined && hashBytes(text) === file.hash && this.store.putBytes(text, file.hash);
  }

  /** A link that leads elsewhere would have whoever writes to it later write there. */
  private findLinkObstacle(run: Run): string | undefined {
    for (const file of run.outputs) {
      const target = file.kind === 'l' ? readTarget(absoluteOf(this.project, file.path)) : undefined;
      if (target !== undefined && !isTargetInside(file.path, target)) return 'it made the link ' + file.path + ', which leads out of the project';
    }
    return undefined;
  }

  /** What is not any more as the run found it: then it may have read either. */
  private async findChange(run: Run): Promise<string | undefined> {
    const written = new Set(run.outputs.map((file) => file.path).concat(run.removed));
    const inputs = run.inputs.filter((file) => !written.has(file.path));
    if (await this.matchInputs({ ...run, inputs }) === undefined) return 'an input changed while it ran';
    const found = run.absent.find((path) => lstatIfThere(absoluteOf(this.project, path)) !== undefined);
    return found === undefined ? undefined : found + ' appeared while it ran';
  }

  /** One with keyed hashes of secrets is not for others. */
  private putEnvironment(hash: string): void {
    const text = readRecordFile(this.project, 'environments/' + hash + '.rec');
    if (text !== undefined && !/%\{[0-9a-f]{16}\}/.test(text)) this.store.putBytes(text, hash);
  }
}

let opened: { name: string; reuse: Reuse } | undefined;

/** What `choice` names; undefined is .rr of the project. The same is given again as long as nothing else is asked for: it knows what it has seen. */
export function openReuse(project: Project, choice: ReuseChoice | undefined): Reuse {
  const { cache, hasEnvironment } = choice ?? { cache: undefined, hasEnvironment: false };
  const name = [project.root, project.own, cache ?? '', String(hasEnvironment)].join('\0');
  if (opened === undefined || opened.name !== name) opened = { name, reuse: new Reuse(project, cache, hasEnvironment) };
  return opened.reuse;
}

/** Names in a folder of the project, those left out that are never looked at. */
function listNamesIn(project: Project, folder: ByteString, isResult: (path: ByteString) => boolean): NameInFolder[] {
  const names: NameInFolder[] = [];
  for (const name of listFolder(absoluteOf(project, folder))) {
    const path = folder === '.' ? name : folder + '/' + name;
    const stat = isLeftOut(path) ? undefined : lstatIfThere(absoluteOf(project, path));
    if (stat !== undefined) names.push({ name, isFolder: stat.isDirectory(), isResult: isResult(path) });
  }
  return names;
}

// present.ts - what steps are judged by, as it is now: files, secrets, parameters, variables, software. Judges nothing.
import type { ByteString } from '../core/bytes.ts';
import type { FileState } from '../core/run.ts';
import { isSameContent } from '../core/graph.ts';
import { findOverwriters } from '../core/staleness.ts';
import type { StepGraph } from '../core/steps.ts';
import { isSecretName, maskValue } from '../formats/secrets.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { EnvironmentComparer } from './environmentnow.ts';
import { errorCode, lstatIfThere, readBytesIfThere, statIfThere, toBytes, toText } from './files.ts';
import { keepStats, readFileState, readFileStates, SeenFiles } from './filestates.ts';
import type { KeptStats } from './filestates.ts';
import { expandDeclared } from './observe.ts';
import { readParameterNow } from './parameterfiles.ts';
import type { Project } from './project.ts';
import { absoluteOf } from './project.ts';
import { readRun } from './records.ts';
import { takeSnapshot } from './scan.ts';
import { makeSecretHasher } from './secretkey.ts';
import type { Dependence } from './statuscache.ts';
import { dependOn } from './statuscache.ts';

function isAsSeen(a: KeptStats | undefined, b: KeptStats | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.mode === b.mode;
}

// As files are withheld where they are recorded (watch.ts).
const LARGEST_SECRET_BYTES = 1 << 20;

/** What is there now, as core/stepcauses.ts asks for it. Files are read when they are asked for, and kept. */
export class PresentFacts {
  private readonly project: Project;
  private readonly seen = new SeenFiles();
  private readonly hash: SecretHasher;
  readonly hasKey: boolean;
  private readonly comparer: EnvironmentComparer | undefined;
  private readonly patterns = new Map<ByteString, ByteString[]>();
  private readonly variables = new Map<ByteString, ByteString | undefined>();
  private readonly secrets = new Set<ByteString>();
  private overwriters: ReturnType<typeof findOverwriters> | undefined;

  constructor(project: Project, hasEnvironment: boolean) {
    this.project = project;
    this.hash = makeSecretHasher(project.own + '/key');
    // Without the key, as in a clone, nothing that was hashed under it can be compared; and none is made for it.
    this.hasKey = lstatIfThere(project.own + '/key') !== undefined;
    this.comparer = hasEnvironment ? new EnvironmentComparer(project) : undefined;
  }

  /** Reads these files, unless they are known and have not changed since. */
  async look(paths: Iterable<ByteString>): Promise<void> {
    const unknown: ByteString[] = [];
    for (const path of paths) {
      if (this.seen.has(path) && isAsSeen(this.seen.statOf(path), lstatIfThere(absoluteOf(this.project, path)))) continue;
      this.seen.delete(path);
      unknown.push(path);
    }
    await readFileStates(this.project, unknown, this.seen);
    for (const path of unknown) if (!this.seen.has(path)) this.seen.set(path, undefined);
  }

  stateOf(path: ByteString): FileState | undefined {
    if (!this.seen.has(path)) this.seen.set(path, readFileState(this.project, path));
    return this.seen.stateOf(path);
  }

  /** Notes what is there after it was recorded; `state` undefined: it was removed. */
  note(path: ByteString, state: FileState | undefined): void {
    const stat = lstatIfThere(absoluteOf(this.project, path));
    this.seen.set(path, state === undefined || stat === undefined ? undefined : { state, stat: keepStats(stat) });
    if (state === undefined && stat !== undefined) this.seen.delete(path);
  }

  /** What is found by looking at many files is found anew when it is asked for. */
  renew(): void {
    this.patterns.clear();
    this.overwriters = undefined;
  }

  /** Is read again when it is asked for. */
  forget(path: ByteString): void {
    this.seen.delete(path);
  }

  secretOf(path: ByteString): string | undefined {
    this.secrets.add(path);
    const name = absoluteOf(this.project, path);
    const stat = statIfThere(name);
    if (stat === undefined) return undefined;
    if (!this.hasKey || !stat.isFile()) return '?';
    if (stat.size > LARGEST_SECRET_BYTES) {
      const hash = this.stateOf(path)?.hash;
      return hash === undefined || hash === '?' ? '?' : this.hash(hash);
    }
    try {
      const content = readBytesIfThere(name);
      return content === undefined ? undefined : this.hash(content);
    } catch (error) {
      if (['EACCES', 'EPERM', 'EIO', 'ESTALE'].indexOf(errorCode(error)) < 0) throw error;
      return '?';
    }
  }

  parameterOf(path: ByteString, key: ByteString): ByteString | undefined {
    return readParameterNow(this.project, path, key);
  }

  variableOf(name: ByteString): ByteString | undefined {
    if (!this.variables.has(name)) this.variables.set(name, this.readVariable(name));
    return this.variables.get(name);
  }

  private readVariable(name: ByteString): ByteString | undefined {
    const value = process.env[toText(name)];
    if (value === undefined) return undefined;
    const isSecret = isSecretName(name) || maskValue(name, toBytes(value), () => '0'.repeat(16)) !== toBytes(value);
    if (!isSecret) return name + '=' + toBytes(value);
    return this.hasKey ? name + ' ' + this.hash(toBytes(value)) : undefined;
  }

  filesOf(pattern: ByteString): ByteString[] {
    const known = this.patterns.get(pattern);
    if (known !== undefined) return known;
    const { paths } = expandDeclared(this.project, this.project.root, pattern);
    this.patterns.set(pattern, paths);
    return paths;
  }

  /** Does a declared file, folder or glob name anything? */
  isThere(pattern: ByteString): boolean {
    return expandDeclared(this.project, this.project.root, pattern).isThere;
  }

  environmentOf(id: string): ByteString[] {
    const environment = this.comparer === undefined ? undefined : readRun(this.project, id)?.environment;
    return environment === undefined || this.comparer === undefined ? [] : this.comparer.changesOf(environment).map((change) => change.subject);
  }

  /** The run without success that left in this place what is there now. */
  overwriterOf(graph: StepGraph, path: ByteString): string | undefined {
    this.overwriters = this.overwriters ?? findOverwriters(graph.runs);
    const by = this.overwriters.get(path);
    const now = by === undefined ? undefined : this.stateOf(path);
    return by !== undefined && now !== undefined && isSameContent(by.file, now) ? by.id : undefined;
  }

  /** All files and folders that were looked at. */
  * listDependences(): Generator<Dependence> {
    for (const path of this.seen.paths()) yield { path, stat: this.seen.statOf(path) };
    for (const path of this.secrets) yield dependOn(this.project, path);
    if (this.secrets.size > 0 || this.variables.size > 0) yield dependOn(this.project, '.rr/key');
    for (const pattern of this.patterns.keys()) yield* listPatternFolders(this.project, pattern);
  }

  /** The variables that were asked for, as lines of a record; '' of those that are not set. */
  listVariables(): [ByteString, ByteString][] {
    return Array.from(this.variables, ([name, line]): [ByteString, ByteString] => [name, line ?? '']);
  }

  /** Writes what was learned of files that have not changed. */
  save(): void {
    this.comparer?.save();
  }
}

/** The folders in which a file that a pattern names could come or go. */
function listPatternFolders(project: Project, pattern: ByteString): Dependence[] {
  const fixed = pattern.split('/');
  const glob = fixed.findIndex((part) => /[*?[]/.test(part));
  const base = glob < 0 ? pattern : fixed.slice(0, glob).join('/') || (pattern[0] === '/' ? '/' : '.');
  const found = [dependOn(project, base)];
  for (const [path, seen] of takeSnapshot(absoluteOf(project, base), [])) if (seen.isFolder) found.push(dependOn(project, base === '.' ? path : base + '/' + path));
  return found;
}

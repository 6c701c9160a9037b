// environmentnow.ts - is the software that an environment record names still what it was? Starts nothing, writes only caches.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import type { SoftwareChange } from '../core/reproducible.ts';
import { parseDpkgStatus } from '../formats/dpkg.ts';
import { parseFile } from '../formats/fields.ts';
import { decodeText } from '../formats/percent.ts';
import { normalizePythonName } from '../formats/pythonmetadata.ts';
import { statIfThere } from './files.ts';
import { hashWithRetry } from './hash.ts';
import { HashCache } from './hashcache.ts';
import { readPackageText } from './packagepaths.ts';
import type { Project } from './project.ts';
import { absoluteOf } from './project.ts';
import { readRecordFile } from './recordfiles.ts';
import { openPythonSite, readDistributionFacts } from './pythonsites.ts';

/** The lines of an environment record by name, as they stand. */
type Lines = Map<string, ByteString[]>;

type PackageLine = { manager: string; name: ByteString; version: ByteString };

function groupLines(text: ByteString): Lines {
  const lines: Lines = new Map();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon <= 0 || line[0] === '#') continue;
    const name = line.slice(0, colon);
    const values = lines.get(name);
    if (values === undefined) lines.set(name, [line.slice(colon + 2)]);
    else values.push(line.slice(colon + 2));
  }
  return lines;
}

function readPackageLines(lines: Lines): PackageLine[] {
  return (lines.get('Package') ?? []).map((line) => {
    const [manager, name, version] = line.split(' ');
    return { manager, name: decodeText(name ?? ''), version: decodeText(version ?? '-') };
  });
}

/** Folders in which the run found its packages of Python; of a record that does not tell, where its interpreters find some. */
function listSitesOf(lines: Lines, project: Project): ByteString[] {
  const told = lines.get('Site');
  if (told !== undefined) return told.map((site) => absoluteOf(project, decodeText(site)));
  const sites = new Set<ByteString>();
  for (const line of lines.get('Library') ?? []) {
    const parts = /^(.*?\/(?:site|dist)-packages)\//.exec(parseFile(line)?.path ?? '');
    if (parts !== null) sites.add(parts[1]);
  }
  for (const line of (lines.get('Executable') ?? []).concat(lines.get('Interpreter') ?? [])) {
    const parts = /^(.*)\/bin\/python(\d+)(\.\d+)?$/.exec(parseFile(line)?.path ?? '');
    if (parts === null) continue;
    const version = 'python' + parts[2] + (parts[3] ?? '');
    sites.add(parts[1] + '/lib/python' + parts[2] + '/dist-packages').add(parts[1] + '/lib/' + version + '/site-packages').add(parts[1] + '/local/lib/' + version + '/dist-packages');
    for (const variable of lines.get('Variable') ?? []) {
      const prefix = /^(?:VIRTUAL_ENV|CONDA_PREFIX)=(\/.*)$/.exec(decodeText(variable));
      if (prefix !== null) sites.add(prefix[1] + '/lib/' + version + '/site-packages');
    }
  }
  return Array.from(sites);
}

/** Compares environments with this machine: programs, libraries and files by hash, packages of dpkg and Python by version. */
export class EnvironmentComparer {
  private readonly project: Project;
  private readonly cache: HashCache;
  private readonly answers = new Map<string, SoftwareChange[]>();
  /** Hash of each file asked for: '' if it is not there, '?' if it cannot be read. */
  private readonly hashes = new Map<ByteString, string>();
  /** Versions of the packages asked for so far. */
  private readonly dpkg = new Map<ByteString, ByteString[]>();
  private readonly sites = new Map<ByteString, Map<ByteString, ByteString>>();

  constructor(project: Project) {
    this.project = project;
    this.cache = new HashCache(project.own + '/programs');
  }

  /** What is not any more as in the record `hash` names, a line for a person each, sorted. `given`: its text, if the project may not have it. */
  changesOf(hash: string, given?: ByteString): SoftwareChange[] {
    const known = this.answers.get(hash);
    if (known !== undefined) return known;
    const text = given ?? readRecordFile(this.project, 'environments/' + hash + '.rec');
    const subjects = text === undefined ? ['the record of the environment, provenance/environments/' + hash + '.rec, is not there'] : this.compare(groupLines(text));
    const changes = subjects.sort(compareBytes).map((subject) => ({ subject }));
    this.answers.set(hash, changes);
    return changes;
  }

  /** Writes the hashes that were found. */
  save(): void {
    this.cache.save();
  }

  private compare(lines: Lines): ByteString[] {
    const changed = new Map<ByteString, ByteString>();
    const packages = readPackageLines(lines);
    this.readDpkg(packages.filter((one) => one.manager === 'dpkg').map((one) => one.name));
    for (const one of packages) {
      const now = one.version === '-' ? undefined : this.findVersion(one, lines);
      if (now !== undefined && now.indexOf(one.version) < 0) changed.set(one.manager + ' ' + one.name, 'package ' + one.name + ' ' + one.version + (now.length === 0 ? ' is not installed' : ' is ' + now.join(', ')));
    }
    const owners = new Map((lines.get('Owner') ?? []).map((line) => {
      const [manager, name, path] = line.split(' ');
      return [decodeText(path ?? ''), manager + ' ' + decodeText(name ?? '')];
    }));
    const subjects = Array.from(changed.values());
    for (const [field, word] of [['Executable', 'program'], ['Interpreter', 'program'], ['Library', 'library'], ['File', 'file']]) {
      for (const line of lines.get(field) ?? []) {
        const file = parseFile(line);
        // A package that is another version now explains its files.
        if (file === undefined || file.hash.length !== 64 || changed.has(owners.get(file.path) ?? '')) continue;
        const now = this.hashOf(absoluteOf(this.project, file.path));
        if (now !== file.hash && now !== '?') subjects.push(word + ' ' + file.path + (now === '' ? ' is gone' : ' has changed'));
      }
    }
    return subjects;
  }

  private hashOf(name: ByteString): string {
    let hash = this.hashes.get(name);
    if (hash === undefined) {
      hash = this.readHash(name);
      this.hashes.set(name, hash);
    }
    return hash;
  }

  private readHash(name: ByteString): string {
    const stat = statIfThere(name);
    if (stat === undefined) return '';
    if (isSecretFile(name) || !stat.isFile()) return '?';
    const known = this.cache.find(stat, name);
    if (known !== undefined) return known;
    const outcome = hashWithRetry(name);
    if (outcome.kind !== 'hashed') return '?';
    if (outcome.size === stat.size) this.cache.add(stat, name, outcome.hash);
    return outcome.hash;
  }

  /** Versions that are installed; undefined if that cannot be told here. */
  private findVersion(one: PackageLine, lines: Lines): ByteString[] | undefined {
    if (one.manager === 'dpkg') return this.dpkg.get(one.name);
    if (one.manager !== 'python') return undefined;
    const name = normalizePythonName(one.name);
    const found = listSitesOf(lines, this.project).map((site) => this.readSite(site).get(name)).filter((version) => version !== undefined) as ByteString[];
    // It may have been in a place that the record does not tell.
    return found.length === 0 ? undefined : found;
  }

  private readDpkg(names: ByteString[]): void {
    const wanted = new Set(names.filter((name) => !this.dpkg.has(name)));
    const text = wanted.size === 0 ? '' : readPackageText('/var/lib/dpkg/status');
    if (text === '') return;
    for (const name of wanted) this.dpkg.set(name, []);
    for (const [key, one] of parseDpkgStatus(text, wanted)) if (key !== one.name) this.dpkg.get(one.name)?.push(one.version);
  }

  private readSite(folder: ByteString): Map<ByteString, ByteString> {
    let versions = this.sites.get(folder);
    if (versions === undefined) {
      versions = new Map();
      for (const one of openPythonSite(folder).distributions) {
        const facts = readDistributionFacts(one);
        versions.set(normalizePythonName(facts.name), facts.version);
      }
      this.sites.set(folder, versions);
    }
    return versions;
  }
}

// recordedsoftware.ts - the software of several runs put together, so that it can be installed again. Knows no form of it.
import type { ByteString } from './bytes.ts';
import { compareBytes, lookUp } from './bytes.ts';
import type { Environment, InstalledPackage } from './environment.ts';
import type { Publication } from './publication.ts';
import { EXIT, Failure } from './failure.ts';
import type { Run } from './run.ts';
import { readSystemRelease } from './system.ts';
import type { SystemRelease } from './system.ts';
import { REPLAYED_VARIABLES, splitVariable } from './variables.ts';
import { compareVersions } from './versions.ts';

// 1. Only runs on one system and one kind of machine can have one environment: those of the latest run.
// 2. Of a package that these runs had in several versions the latest run's counts; the others are told.
// 3. A package of a language is installed once: if a package of the system brought it, not again.

/** A package; `source` is the manager of the package of the system, or of conda, that brought it, its own manager if none did. */
export type RecordedPackage = InstalledPackage & { source: string };

/** A package of which the runs had several versions; `other` are those that were not taken. */
export type VersionConflict = { manager: string; name: ByteString; taken: ByteString; others: ByteString[] };

export type RecordedSoftware = {
  system: SystemRelease;
  /** As the Kernel line names it: 'x64', 'arm64'; '' if that is not told. */
  machine: string;
  /** Start of the latest run: YYYYMMDDTHHMMSSZ. */
  moment: string;
  /** The same, and the starts of earlier runs that had packages the later ones had not: latest first, one a day, at most 4. */
  moments: string[];
  /** By manager, name, version. Interpreters of languages are not among them. */
  packages: RecordedPackage[];
  /** By language: manager 'python' has name 'python' or 'pypy'. At most one each. */
  interpreters: RecordedPackage[];
  conflicts: VersionConflict[];
  /** Variables that a repeat sets, with the one value that all runs had. */
  variables: { name: ByteString; value: ByteString }[];
  /** Names of those that differ between runs; of those whose value was withheld. */
  varied: ByteString[];
  withheld: ByteString[];
  /** Packages that programs which ran came with, sorted: 'MANAGER\0NAME'. */
  programPackages: Set<string>;
  /** Absolute names of programs and libraries, sorted. */
  binaries: ByteString[];
  lockFiles: ByteString[];
  /** Files of the system that no package explains. */
  looseFiles: ByteString[];
  gpus: ByteString[];
  /** What the project's own binaries were compiled with. */
  compilers: ByteString[];
  limits: ByteString[];
  runCount: number;
  /** Runs that are left out: on another system, and without a readable environment. */
  elsewhere: { systems: ByteString[]; count: number };
  bareCount: number;
};

const INTERPRETER_NAMES: { [manager: string]: RegExp } = { python: /^(?:python|pypy)$/, r: /^R$/, julia: /^julia$/, npm: /^node$/, perl: /^perl$/, java: /^java$/, ruby: /^ruby$/ };
const INTERPRETER_PROGRAMS: { [manager: string]: RegExp } = {
  python: /\/(?:python|pypy)[\d.]*[a-z]*$/, r: /\/(?:R|Rscript|r)$|\/libR\.so$/, julia: /\/julia$/, npm: /\/node(?:js)?$/, perl: /\/perl[\d.]*$/, java: /\/java$/, ruby: /\/ruby[\d.]*$/,
};
const SYSTEM_MANAGERS = ['dpkg', 'rpm', 'apk', 'pacman', 'guix', 'nix', 'conda'];
const SYSTEM_SITE = /^\/usr\/lib(?:64)?\/python3(?:\.\d+)?\/(?:dist|site)-packages$/;

type Placed = { run: Run; environment: Environment };

function factOf(environment: Environment, name: string): ByteString {
  return environment.facts.find((fact) => fact.name === name)?.value ?? '';
}

function machineOf(environment: Environment): string {
  const word = factOf(environment, 'Kernel').split(' ').pop() ?? '';
  return /^[a-z][a-z0-9_]*$/.test(word) ? word : '';
}

function systemKeyOf(environment: Environment): string {
  return factOf(environment, 'Os') + '\0' + machineOf(environment);
}

/** Without the epoch, and what the packagers put behind: "1:3.11.2-6+deb12u1" is of 3.11.2. */
function isVersionOf(packaged: ByteString, version: ByteString): boolean {
  const upstream = packaged.replace(/^\d+:/, '');
  if (version === '' || !upstream.startsWith(version)) return false;
  return /^(?:$|[-+~=]|\.dfsg|\.ds|\.\d{8})/.test(upstream.slice(version.length));
}

function plainName(name: ByteString): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '');
}

/** "python3-yaml" without what says that it is for Python: "yaml". */
function stemOfPackage(name: ByteString): string {
  return plainName(name.toLowerCase().replace(/^(?:python3?(?:\.\d+)?|py3|r-cran|r-bioc|r|ruby|node|perl|lib)-|^lib(?=.*-perl$)|-perl$|-(?:base|core)$/g, ''));
}

function isNameOf(packaged: ByteString, name: ByteString): boolean {
  const [plain, stem] = [plainName(name), stemOfPackage(packaged)];
  return plain === stem || plainName(packaged).endsWith(plain) || (stem.length > 2 && plain.indexOf(stem) >= 0) || (plain.length > 2 && stem.indexOf(plain) >= 0);
}

/** Rule 3: the manager that brought a package of a language in this environment. */
function findSource(one: InstalledPackage, environment: Environment): string {
  if (SYSTEM_MANAGERS.indexOf(one.manager) >= 0) return one.manager;
  const others = environment.packages.filter((other) => SYSTEM_MANAGERS.indexOf(other.manager) >= 0);
  if (lookUp(INTERPRETER_NAMES, one.manager)?.test(one.name) === true) {
    const numbers = /^\d+(?:\.\d+)*/.exec(one.version)?.[0] ?? '';
    const owner = environment.owners.find(({ manager, name, path }) => INTERPRETER_PROGRAMS[one.manager].test(path)
      && others.some((other) => other.manager === manager && other.name === name && other.version.replace(/^\d+:/, '').startsWith(numbers)));
    return owner?.manager ?? one.manager;
  }
  // What was installed from a checkout or an address no package of the system brought.
  if (/^(?:editable|from|linked) |(?:^| )git [0-9a-f]/.test(one.detail)) return one.manager;
  const sites = environment.facts.filter((fact) => fact.name === 'Site').map((fact) => fact.value);
  const system = others.find((other) => /^(?:dpkg|rpm|apk|pacman)$/.test(other.manager));
  if (one.manager === 'python' && sites.length > 0 && sites.every((site) => SYSTEM_SITE.test(site)) && system !== undefined) return system.manager;
  return others.find((other) => isVersionOf(other.version, one.version) && isNameOf(other.name, one.name))?.manager ?? one.manager;
}

/** Rule 1. Throws Failure if no run has an environment that can be read. */
function placeEnvironments(publication: Publication, form: string): { placed: Placed[]; elsewhere: RecordedSoftware['elsewhere']; bareCount: number } {
  const all: Placed[] = [];
  for (const { run } of publication.runs) {
    const environment = run.environment === undefined ? undefined : publication.environments.get(run.environment);
    if (environment !== undefined) all.push({ run, environment });
  }
  // Latest first; the id tells which of two that began at once.
  all.sort((a, b) => compareBytes(b.run.startedUtc, a.run.startedUtc) || compareBytes(b.run.id, a.run.id));
  if (all.length === 0) throw new Failure('cannot export "' + form + '": none of the runs has an environment record', 'name others: rr export ' + form + ' RUN; or all: --all', EXIT.differs);
  const key = systemKeyOf(all[0].environment);
  const placed = all.filter((one) => systemKeyOf(one.environment) === key);
  const others = all.filter((one) => systemKeyOf(one.environment) !== key);
  const systems = Array.from(new Set(others.map((one) => (factOf(one.environment, 'Os') || 'an unknown system') + ' ' + machineOf(one.environment)))).sort(compareBytes);
  return { placed, elsewhere: { systems, count: others.length }, bareCount: publication.runs.length - all.length };
}

const MOST_MOMENTS = 4;

/** YYYYMMDDTHHMMSSZ. What a record says of its start may be any text; its id has the same moment. */
function momentOf(run: Run): string {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z$/.exec(run.startedUtc);
  return parts === null ? (/^\d{8}T\d{6}Z/.exec(run.id)?.[0] ?? '') : parts.slice(1, 4).join('') + 'T' + parts.slice(4).join('') + 'Z';
}

/** Rules 2 and 3. */
function mergePackages(placed: Placed[]): Pick<RecordedSoftware, 'conflicts' | 'moments'> & { packages: RecordedPackage[] } {
  const groups = new Map<string, RecordedPackage[]>();
  const days = new Map<string, string>([[momentOf(placed[0].run).slice(0, 8), momentOf(placed[0].run)]]);
  const seen = new Set<Environment>();
  for (const { environment, run } of placed) {
    if (seen.has(environment)) continue;
    seen.add(environment);
    const countBefore = groups.size;
    const own = environment.packages.slice().sort((a, b) => compareVersions(a.manager, b.version, a.version) || compareBytes(a.detail, b.detail));
    for (const one of own) {
      const key = one.manager + '\0' + one.name + (one.manager === 'dpkg' || one.manager === 'rpm' ? '\0' + one.detail : '');
      const group = groups.get(key) ?? [];
      groups.set(key, group);
      const same = group.find((other) => other.version === one.version && other.detail === one.detail);
      const source = findSource(one, environment);
      if (same === undefined) group.push({ ...one, source });
      else if (source === one.manager) same.source = source;
    }
    const moment = momentOf(run);
    if (groups.size > countBefore && days.size < MOST_MOMENTS && !days.has(moment.slice(0, 8))) days.set(moment.slice(0, 8), moment);
  }
  const packages: RecordedPackage[] = [];
  const conflicts: VersionConflict[] = [];
  for (const group of groups.values()) {
    const [taken, ...others] = group;
    packages.push(taken);
    const spell = (one: InstalledPackage): ByteString => (one.version === taken.version && one.detail !== '' ? one.version + ' (' + one.detail + ')' : one.version || 'unknown');
    if (others.length > 0) conflicts.push({ manager: taken.manager, name: taken.name, taken: spell(taken), others: others.map(spell) });
  }
  packages.sort((a, b) => compareBytes(a.manager, b.manager) || compareBytes(a.name, b.name) || compareBytes(a.detail, b.detail));
  conflicts.sort((a, b) => compareBytes(a.manager, b.manager) || compareBytes(a.name, b.name));
  return { packages, conflicts, moments: Array.from(days.values()) };
}

function mergeVariables(runs: Run[]): Pick<RecordedSoftware, 'variables' | 'varied' | 'withheld'> {
  const variables: RecordedSoftware['variables'] = [];
  const varied: ByteString[] = [];
  const withheld = new Set<ByteString>();
  const names = new Set<ByteString>(REPLAYED_VARIABLES);
  for (const run of runs) for (const name of run.declaredVariables) names.add(name);
  for (const run of runs) for (const line of run.variableHashes) if (names.has(line.split(' ')[0])) withheld.add(line.split(' ')[0]);
  for (const name of Array.from(names).sort(compareBytes)) {
    const values = new Set(runs.map((run) => run.variables.map(splitVariable).find((one) => one.name === name)?.value));
    const [value] = values;
    if (values.size > 1) varied.push(name);
    else if (value !== undefined && value.indexOf('\0') >= 0) withheld.add(name);
    else if (value !== undefined) variables.push({ name, value });
  }
  return { variables, varied, withheld: Array.from(withheld).sort(compareBytes) };
}

function collectSorted(placed: Placed[], listOf: (environment: Environment) => ByteString[]): ByteString[] {
  const found = new Set<ByteString>();
  for (const environment of new Set(placed.map((one) => one.environment))) for (const one of listOf(environment)) found.add(one);
  return Array.from(found).sort(compareBytes);
}

/** What the runs of a publication ran on. Throws Failure, which names the form, if no run tells. */
export function collectSoftware(publication: Publication, form: string): RecordedSoftware {
  const { placed, elsewhere, bareCount } = placeEnvironments(publication, form);
  const { packages: all, conflicts, moments } = mergePackages(placed);
  const isInterpreter = (one: RecordedPackage): boolean => lookUp(INTERPRETER_NAMES, one.manager)?.test(one.name) === true;
  const runs = placed.map((one) => one.run);
  const compilers = new Set<ByteString>();
  for (const run of runs) for (const { producer } of run.compilers) if (producer !== '') compilers.add(producer);
  return {
    system: readSystemRelease(factOf(placed[0].environment, 'Os')), machine: machineOf(placed[0].environment),
    moment: momentOf(runs[0]), moments,
    packages: all.filter((one) => !isInterpreter(one)), interpreters: all.filter(isInterpreter), conflicts, ...mergeVariables(runs),
    programPackages: new Set(collectSorted(placed, ({ owners, executables, interpreters }) => {
      const programs = new Set(executables.concat(interpreters).map((file) => file.path));
      return owners.filter((owner) => programs.has(owner.path)).map((owner) => owner.manager + '\0' + owner.name);
    })),
    binaries: collectSorted(placed, ({ executables, interpreters, libraries }) => executables.concat(interpreters, libraries).map((file) => file.path)),
    lockFiles: collectSorted(placed, ({ lockFiles }) => lockFiles.map((file) => file.path)),
    looseFiles: collectSorted(placed, ({ files }) => files.map((file) => file.path)),
    gpus: collectSorted(placed, ({ facts }) => facts.filter((fact) => /^Gpu/.test(fact.name)).map((fact) => fact.value)),
    compilers: Array.from(compilers).sort(compareBytes),
    limits: collectSorted(placed, ({ limits }) => limits), runCount: runs.length, elsewhere, bareCount,
  };
}

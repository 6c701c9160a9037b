// exportapt.ts - recorded packages of Debian and Ubuntu as apt takes them, and the archive of that day. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { joinWords } from '../core/words.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { commentLine, commentLines, countWords, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';

// Debian Policy 5.6.1, 5.6.12 and 5.6.8.
const DEBIAN_NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const DEBIAN_VERSION = /^(?:\d+:)?\d[A-Za-z0-9.+~-]*$/;
const DEBIAN_ARCHITECTURE = /^[a-z0-9][a-z0-9-]*$/;

export type AptPins = {
  /** "libc6=2.36-9", "libc6:i386=2.36-9" for another architecture than most. */
  pins: ByteString[];
  /** Of the machine, as dpkg names it; '' if no package tells. */
  architecture: ByteString;
  foreign: ByteString[];
  unspelled: RecordedPackage[];
};

/** Of the packages those that are dpkg's. */
export function spellAptPins(packages: RecordedPackage[]): AptPins {
  const counts = new Map<ByteString, number>();
  const own = packages.filter((one) => one.manager === 'dpkg');
  for (const { detail } of own) if (detail !== 'all' && DEBIAN_ARCHITECTURE.test(detail)) counts.set(detail, (counts.get(detail) ?? 0) + 1);
  const [architecture, ...foreign] = Array.from(counts.keys()).sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number) || compareBytes(a, b));
  const pins: ByteString[] = [];
  const unspelled: RecordedPackage[] = [];
  for (const one of own) {
    const isSpelled = DEBIAN_NAME.test(one.name) && DEBIAN_VERSION.test(one.version) && (one.detail === '' || DEBIAN_ARCHITECTURE.test(one.detail));
    if (isSpelled) pins.push(one.name + (foreign.indexOf(one.detail) >= 0 ? ':' + one.detail : '') + '=' + one.version);
    else unspelled.push(one);
  }
  return { pins: pins.sort(compareBytes), architecture: architecture ?? '', foreign, unspelled };
}

/**
 * Lines of a sources.list(5) for the archive as it was at `moment`, a date and time or a variable of
 * the shell: snapshot.debian.org gives the state at any moment since 2005, snapshot.ubuntu.com since
 * March 2023. [] where the system has no such archive, or its codename is not known.
 */
export function listSnapshotSources(software: RecordedSoftware, moment: string): ByteString[] {
  const { system } = software;
  if (system.codename === '') return [];
  if (system.family === 'ubuntu' && software.moment >= '20230301') {
    const base = 'deb https://snapshot.ubuntu.com/ubuntu/' + moment + ' ' + system.codename;
    return ['', '-updates', '-security'].map((pocket) => base + pocket + ' main restricted universe multiverse');
  }
  if (system.family !== 'debian') return [];
  const version = Number(system.version || '99');
  const areas = ' main contrib non-free' + (version >= 12 ? ' non-free-firmware' : '');
  const base = 'deb [check-valid-until=no] http://snapshot.debian.org/archive/';
  // Before it is released, a release has neither updates nor security updates of its own.
  if (system.version === '') return [base + 'debian/' + moment + ' ' + system.codename + areas];
  return [
    base + 'debian/' + moment + ' ' + system.codename + areas, base + 'debian/' + moment + ' ' + system.codename + '-updates' + areas,
    base + 'debian-security/' + moment + ' ' + system.codename + (version >= 11 ? '-security' : '/updates') + areas,
  ];
}

// Debian's packages that hold a link to the program of another one: gcc is that to gcc-12.
const LINK_PACKAGES: { pattern: RegExp; name: string }[] = [
  { pattern: /^(gcc|g\+\+|gfortran|cpp|clang|gdc|gnat)-\d+(?:\.\d+)?$/, name: '$1' }, { pattern: /^python3\.\d+-minimal$/, name: 'python3-minimal' },
  { pattern: /^ruby\d\.\d$/, name: 'ruby' }, { pattern: /^php\d\.\d-cli$/, name: 'php-cli' },
];

/**
 * Packages of the links by which programs of these runs are mostly called. A record has the program
 * that a link leads to, and so neither the link nor its package.
 */
export function listLinkPackages(software: RecordedSoftware): string[] {
  const found = new Set<string>();
  for (const key of software.programPackages) {
    const [manager, name] = key.split('\0');
    const link = manager === 'dpkg' ? LINK_PACKAGES.find((one) => one.pattern.test(name)) : undefined;
    if (link !== undefined) found.add(name.replace(link.pattern, link.name));
  }
  return Array.from(found).filter((name) => !software.packages.some((one) => one.manager === 'dpkg' && one.name === name)).sort(compareBytes);
}

/** 2026-11-26 of 20261126T062953Z. */
export function spellDay(moment: string): string {
  return moment.slice(0, 4) + '-' + moment.slice(4, 6) + '-' + moment.slice(6, 8);
}

/** What pins of apt presuppose, and may not find. */
export function tellAptPins(software: RecordedSoftware, apt: AptPins): ByteString[] {
  const left: ByteString[] = [];
  if (listSnapshotSources(software, software.moment).length === 0) left.push('for this system no archive of its packages as they were that day is known: the versions must be found in the archives of today');
  else left.push('the archive is named as it was on ' + joinWords(software.moments.map(spellDay), 'and') + ', when runs began; a version that was already out of date then is in an earlier one, which its page in the archive names');
  if (apt.unspelled.length > 0) left.push(countWords(apt.unspelled.length, 'package') + ' had a name or version that apt does not take: ' + listSome(apt.unspelled.map(spellPackage)));
  return left;
}

/** apt.txt: words for apt-get install. Throws Failure if the runs used no package of dpkg. */
export function printAptExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'apt');
  const apt = spellAptPins(software.packages);
  if (apt.pins.length === 0) throw new Failure('cannot export "apt": the runs used no package of dpkg', 'see what they used: rr show RUN', EXIT.differs);
  const sources = software.moments.reduce<ByteString[]>((all, moment) => all.concat(listSnapshotSources(software, moment)), []);
  let text = headOfExport('# ', software, 'apt.txt: packages of dpkg, for "grep -v \'^#\' apt.txt | xargs apt-get install --allow-downgrades".');
  if (apt.architecture !== '') text += commentLine('# ', 'Architecture: ' + apt.architecture);
  for (const one of apt.foreign) text += commentLine('# ', 'Some are for ' + one + ': dpkg --add-architecture ' + one);
  if (sources.length > 0) text += commentLine('# ', 'Lines for /etc/apt/sources.list, with the archive as it was when runs began:') + commentLines('#   ', sources);
  text += apt.pins.map((pin) => pin + '\n').join('');
  const links = listLinkPackages(software);
  if (links.length > 0) text += commentLine('# ', 'Links to programs of those above; their versions are not recorded.') + links.map((name) => name + '\n').join('');
  const others = software.packages.concat(software.interpreters).filter((one) => one.manager !== 'dpkg' && one.source !== 'dpkg');
  const left = tellAptPins(software, apt);
  if (links.length > 0) left.push('without a version, as not recorded, stand packages of links to programs: ' + listSome(links));
  return oneFile('apt.txt', text, left.concat(tellRuns(software, ['dpkg']), tellLeftPackages(others, 'apt does not install them'), tellVariables(software), tellMachine(software)));
}

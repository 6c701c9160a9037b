// exportleft.ts - sentences on what an export of software cannot express. One a kind, however many packages there are.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import type { InstalledPackage } from '../core/environment.ts';
import type { RecordedPackage, RecordedSoftware, VersionConflict } from '../core/recordedsoftware.ts';
import { joinWords } from '../core/words.ts';
import { makeHarmless } from '../formats/percent.ts';

const MOST_NAMES = 8;

/** "1 package", "3 packages". */
export function countWords(count: number, word: string): string {
  return String(count) + ' ' + word + (count === 1 ? '' : 's');
}

/** The first names, and how many more there are. */
export function listSome(names: ByteString[]): ByteString {
  const shown = names.slice(0, MOST_NAMES).map(makeHarmless);
  return joinWords(names.length > MOST_NAMES ? shown.concat(String(names.length - MOST_NAMES) + ' more') : shown, 'and');
}

export function spellPackage(one: InstalledPackage): ByteString {
  return one.version === '' ? one.name : one.name + ' ' + one.version;
}

/** A line of a comment: no name ends it. `mark`: '# ', ';; '. */
export function commentLine(mark: string, text: ByteString): ByteString {
  // YAML 1.1 takes line and paragraph separators for ends of lines, and a byte order mark for no character of its own.
  const plain = makeHarmless(text).replace(/\xe2\x80[\xa8\xa9]|\xef\xbb\xbf/g, (bytes) => Array.from(bytes, (byte) => '%' + byte.charCodeAt(0).toString(16).toUpperCase()).join(''));
  return dropAtEnd(mark + plain, ' ') + '\n';
}

export function commentLines(mark: string, texts: ByteString[]): ByteString {
  return texts.map((text) => commentLine(mark, text)).join('');
}

/** Packages that are not in the form, by their managers. `why`: 'a requirements file holds only packages of Python'. */
export function tellLeftPackages(packages: InstalledPackage[], why: string): ByteString[] {
  const managers = Array.from(new Set(packages.map((one) => one.manager)));
  return managers.map((manager) => {
    const names = packages.filter((one) => one.manager === manager).map(spellPackage);
    return countWords(names.length, 'package') + ' of ' + makeHarmless(manager) + (names.length === 1 ? ' is' : ' are') + ' left out, as ' + why + ': ' + listSome(names);
  });
}

export function spellConflict(one: VersionConflict): ByteString {
  return one.name + ' ' + one.taken + ' (not ' + joinWords(one.others, 'or') + ')';
}

/** What concerns every form: runs that are left out, and versions of these managers that were not taken. */
export function tellRuns(software: RecordedSoftware, managers: string[]): ByteString[] {
  const left: ByteString[] = [];
  const { elsewhere, bareCount } = software;
  if (elsewhere.count > 0) {
    left.push(countWords(elsewhere.count, 'run') + (elsewhere.count === 1 ? ' was' : ' were') + ' on another system than the latest and ' + (elsewhere.count === 1 ? 'is' : 'are') + ' left out: ' + listSome(elsewhere.systems));
  }
  if (bareCount > 0) left.push('of ' + countWords(bareCount, 'run') + ' the environment is not known: there is no record of it that can be read');
  const conflicts = software.conflicts.filter((one) => managers.indexOf(one.manager) >= 0);
  if (conflicts.length > 0) left.push('the runs had ' + countWords(conflicts.length, 'package') + ' in several versions, of which that of the latest run is taken, and of one run the highest: ' + listSome(conflicts.map(spellConflict)));
  return left;
}

/** What no description of packages holds. */
export function tellMachine(software: RecordedSoftware): ByteString[] {
  const left = ['kernel, processor and memory are those of the machine on which it is used; the records tell what they were'];
  if (software.gpus.length > 0) left.push('graphics processors and their drivers come from the machine: ' + listSome(software.gpus));
  return left;
}

/** Variables that have no one value to be set to. */
export function tellVariables(software: RecordedSoftware): ByteString[] {
  const left: ByteString[] = [];
  const { varied, withheld } = software;
  if (varied.length > 0) left.push(countWords(varied.length, 'variable') + (varied.length === 1 ? ' differs' : ' differ') + ' between the runs and ' + (varied.length === 1 ? 'is' : 'are') + ' not set: ' + listSome(varied) + '; provenance/rerun.sh sets those of each run');
  if (withheld.length > 0) left.push('the values of these variables were withheld as secrets: ' + listSome(withheld));
  return left;
}

/** The interpreter of a language; undefined if the runs used none. */
export function findInterpreter(software: RecordedSoftware, manager: string): RecordedPackage | undefined {
  return software.interpreters.find((one) => one.manager === manager);
}

/** What these exports say first of themselves. */
export function headOfExport(mark: string, software: RecordedSoftware, what: string): ByteString {
  const system = software.system.name === '' ? 'a system that is not told' : software.system.name;
  return commentLines(mark, [
    what, 'Made by rr export from what ' + countWords(software.runCount, 'run') + ' loaded and read on ' + system + (software.machine === '' ? '' : ', ' + software.machine) + '.',
    'What the runs did not use is not here.',
  ]);
}

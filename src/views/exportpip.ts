// exportpip.ts - packages of Python as pip takes them (PEP 440, PEP 508, pip's requirements file format). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { InstalledPackage } from '../core/environment.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { normalizePythonName } from '../formats/pythonmetadata.ts';
import { commentLine, countWords, findInterpreter, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';

const PYTHON_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
// PEP 440, appendix B, in any case, without what its normal form has not.
const PYTHON_VERSION = /^(?:\d+!)?\d+(?:\.\d+)*(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?(?:-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?(?:[-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$/i;
const ADDRESS = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[A-Za-z0-9._~:/@!$&()*+,=%[\]-]+$/;

/** `why` none is given for a package that pip can have. */
export type PipRequirement = { text: ByteString; isOnIndex: boolean; hasLocalVersion: boolean } | { text: undefined; why: 'version' | 'spelling' | 'place' };

/**
 * "numpy==1.26.4", "name @ git+https://host/repository@COMMIT", or why there is nothing that pip would
 * take: no version recorded, a name or version that is none (PEP 508, 440), a place on that machine.
 */
export function spellPipRequirement(one: InstalledPackage): PipRequirement {
  if (!PYTHON_NAME.test(one.name)) return { text: undefined, why: 'spelling' };
  const name = normalizePythonName(one.name);
  const [first, second, third] = one.detail.split(' ');
  if (/^(?:git|hg|svn|bzr)$/.test(first) && third !== undefined) {
    const address = third.startsWith(first + '+') ? third : first + '+' + third;
    const isSpelled = ADDRESS.test(address) && /^[A-Za-z0-9._-]+$/.test(second);
    return isSpelled ? { text: name + ' @ ' + address + '@' + second, isOnIndex: false, hasLocalVersion: false } : { text: undefined, why: 'place' };
  }
  if (first === 'from' && second !== undefined && !second.startsWith('file:')) {
    return ADDRESS.test(second) ? { text: name + ' @ ' + second, isOnIndex: false, hasLocalVersion: false } : { text: undefined, why: 'place' };
  }
  if (first === 'editable' || first === 'from') return { text: undefined, why: 'place' };
  if (one.version === '') return { text: undefined, why: 'version' };
  const version = PYTHON_VERSION.exec(one.version);
  return version === null ? { text: undefined, why: 'spelling' } : { text: name + '==' + one.version, isOnIndex: true, hasLocalVersion: version[1] !== undefined };
}

/** Requirements, sorted, and sentences on the packages that are none. */
export function spellPipRequirements(packages: InstalledPackage[]): { lines: ByteString[]; comments: ByteString[]; left: ByteString[] } {
  const lines: ByteString[] = [];
  const comments: ByteString[] = [];
  const local: ByteString[] = [];
  const without: { [why: string]: ByteString[] } = { version: [], spelling: [], place: [] };
  for (const one of packages) {
    const requirement = spellPipRequirement(one);
    if (requirement.text === undefined) {
      without[requirement.why].push(spellPackage(one));
      comments.push(spellPackage(one) + (one.detail === '' ? '' : ' (' + one.detail + ')'));
    } else {
      lines.push(requirement.text);
      if (requirement.hasLocalVersion) local.push(requirement.text);
    }
  }
  const left: ByteString[] = [];
  const say = (names: ByteString[], why: string): void => {
    if (names.length > 0) left.push(countWords(names.length, 'package') + ' of Python ' + why + ': ' + listSome(names));
  };
  say(without.place, 'came from a place on that machine, where pip finds nothing elsewhere');
  say(without.version, 'had no version that is known');
  say(without.spelling, 'had a name or a version that pip does not take');
  say(local, 'had a local version (after "+"), which the Python Package Index does not have: pip must be told of another index');
  return { lines: lines.sort(), comments: comments.sort(), left };
}

/** Packages of Python that no package of the system, or of conda, brought. */
export function selectPipPackages(software: RecordedSoftware): RecordedPackage[] {
  return software.packages.filter((one) => one.manager === 'python' && one.source === 'python');
}

/** All packages of Python, whoever brought them. */
export function printRequirements(software: RecordedSoftware, packages: RecordedPackage[]): { text: ByteString; left: ByteString[] } {
  const { lines, comments, left } = spellPipRequirements(packages);
  const python = findInterpreter(software, 'python');
  let text = headOfExport('# ', software, 'requirements.txt: packages of Python, for "pip install -r".');
  text += python === undefined ? commentLine('# ', 'The records name no Python.') : commentLine('# ', python.name + ' ' + (python.version || '(version not known)'));
  text += lines.map((line) => line + '\n').join('');
  if (comments.length > 0) text += commentLine('# ', 'Used, but not to be had by pip:') + comments.map((line) => commentLine('#   ', line)).join('');
  return { text, left };
}

/** requirements.txt */
export function printPipExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'pip');
  const packages = software.packages.filter((one) => one.manager === 'python');
  const python = findInterpreter(software, 'python');
  const { text, left } = printRequirements(software, packages);
  if (python !== undefined) left.unshift('a requirements file cannot say which Python: it was ' + spellPackage(python));
  if (packages.length === 0) left.unshift('the runs used no package of Python');
  const brought = packages.filter((one) => one.source !== 'python');
  if (brought.length > 0) left.push(countWords(brought.length, 'package') + ' of Python came with packages of ' + listSome(Array.from(new Set(brought.map((one) => one.source))).sort()) + '; what pip installs of that version is another build: ' + listSome(brought.map(spellPackage)));
  const editable = packages.filter((one) => /^editable [^/]/.test(one.detail));
  if (editable.length > 0) left.push('what is used from a folder of the project is installed from there (pip install -e): ' + listSome(editable.map((one) => one.detail.split(' ')[1])));
  const others = software.packages.concat(software.interpreters).filter((one) => one.manager !== 'python');
  return oneFile('requirements.txt', text, left.concat(tellRuns(software, ['python']), tellLeftPackages(others, 'a requirements file holds only packages of Python'), tellVariables(software), tellMachine(software)));
}

// exportconda.ts - an environment.yml of conda from the recorded packages. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, lookUp } from '../core/bytes.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { quoteYaml } from './citation.ts';
import { commentLine, countWords, findInterpreter, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';
import { selectPipPackages, spellPipRequirements } from './exportpip.ts';

// What conda's CEP 26 lets a name, a version and a build string be.
const CONDA_NAME = /^(?:[a-z0-9]|_[a-z0-9_])(?:[.-]?[a-z0-9]|_)*$/;
const CONDA_VERSION = /^[a-z0-9_.+!]+(?:=[A-Za-z0-9_.+]+)?$/i;

/** "numpy=1.26.4=py311h64a7726_0"; undefined for a name or version that conda does not take. */
export function spellCondaPackage(one: { name: ByteString; version: ByteString }): ByteString | undefined {
  return CONDA_NAME.test(one.name) && CONDA_VERSION.test(one.version) ? one.name + '=' + one.version : undefined;
}

/** The channels that packages of conda came from; the one of most of them first. */
export function listCondaChannels(software: RecordedSoftware): ByteString[] {
  const counts = new Map<ByteString, number>();
  for (const one of software.packages.concat(software.interpreters)) {
    const channel = one.manager === 'conda' ? one.detail.split(' ')[1] : undefined;
    if (channel !== undefined && /^[A-Za-z0-9][A-Za-z0-9._~:/-]*$/.test(channel)) counts.set(channel, (counts.get(channel) ?? 0) + 1);
  }
  return Array.from(counts.keys()).sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number) || compareBytes(a, b));
}

/** A YAML scalar: plain where nothing in it can mean anything, else in double quotes. */
function spellScalar(text: ByteString): ByteString {
  return /^[A-Za-z_][A-Za-z0-9_.=+-]*$/.test(text) ? text : quoteYaml(text);
}

/** Of the specs those that conda itself installed, or, without any, the interpreters under conda-forge's names. */
export function selectCondaSpecs(software: RecordedSoftware): { specs: ByteString[]; unspelled: RecordedPackage[]; ruled: ByteString[]; isRecorded: boolean } {
  const own = software.packages.concat(software.interpreters).filter((one) => one.manager === 'conda');
  const specs: ByteString[] = [];
  const ruled: ByteString[] = [];
  const unspelled: RecordedPackage[] = [];
  for (const one of own) {
    const spec = spellCondaPackage(one);
    if (spec === undefined) unspelled.push(one);
    else specs.push(spec);
  }
  if (own.length > 0) return { specs, unspelled, ruled, isRecorded: true };
  const names: { [language: string]: string } = { python: 'python', r: 'r-base', julia: 'julia', perl: 'perl', ruby: 'ruby', npm: 'nodejs', java: 'openjdk' };
  for (const one of software.interpreters) {
    const version = /^\d+(?:\.\d+)*/.exec(one.version)?.[0];
    const name = lookUp(names, one.manager);
    if (one.name !== 'pypy' && name !== undefined && version !== undefined) specs.push(name + '=' + version);
  }
  // conda-forge's rule for packages of R: "r-" and the name in small letters.
  for (const one of software.packages.filter((other) => other.manager === 'r')) {
    const spec = spellCondaPackage({ name: 'r-' + one.name.toLowerCase(), version: one.version.replace(/-/g, '_') });
    if (spec === undefined || /(?:^| )git [0-9a-f]/.test(one.detail)) unspelled.push(one);
    else ruled.push(spec);
  }
  return { specs, unspelled, ruled, isRecorded: false };
}

/** The text of an environment.yml, and sentences on what is not in it. */
export function printCondaEnvironment(software: RecordedSoftware): { text: ByteString; left: ByteString[] } {
  const { specs, unspelled, ruled, isRecorded } = selectCondaSpecs(software);
  // What conda itself brought is there already; of Debian's packages conda has none.
  const pip = isRecorded ? selectPipPackages(software) : software.packages.filter((one) => one.manager === 'python');
  const { lines, comments, left } = spellPipRequirements(pip);
  let text = headOfExport('# ', software, 'environment.yml: packages, for "conda env create -f", or mamba\'s or micromamba\'s.');
  const channels = listCondaChannels(software);
  if (channels.length === 0) text += commentLine('# ', 'The channels are not recorded: name yours with -c, or here.');
  text += 'name: recorded\n';
  if (channels.length > 0) text += 'channels:\n' + channels.map((channel) => '  - ' + spellScalar(channel) + '\n').join('');
  const all = specs.concat(ruled).sort();
  const isPipMissing = lines.length > 0 && !all.some((spec) => spec.startsWith('pip='));
  text += all.length + lines.length === 0 ? 'dependencies: []\n' : 'dependencies:\n' + all.map((spec) => '  - ' + spellScalar(spec) + '\n').join('');
  if (isPipMissing) text += '  - pip\n';
  if (lines.length > 0) text += '  - pip:\n' + lines.map((line) => '      - ' + spellScalar(line) + '\n').join('');
  if (comments.length > 0) text += commentLine('# ', 'Used, but not to be had by pip:') + comments.map((line) => commentLine('#   ', line)).join('');
  const told: ByteString[] = [];
  const locks = software.lockFiles.filter((name) => /(?:^|\/)(?:environment\.ya?ml|conda-lock\.ya?ml|pixi\.lock)$/.test(name));
  if (channels.length === 0) told.push('the channels are not recorded, and the file names none' + (locks.length > 0 ? '; these files of the project may: ' + listSome(locks) : ''));
  if (channels.length > 1) told.push('the order of the channels is not recorded: the one of most packages stands first');
  if (!isRecorded) {
    told.unshift('nothing of what ran came from conda: the file has the interpreters and packages under the names that conda-forge gives them, and conda may not have these versions');
    if (ruled.length > 0) told.push('the names of ' + countWords(ruled.length, 'package') + ' of R follow the rule of conda-forge; whether it has them is not known: ' + listSome(ruled));
    if (pip.length > 0) told.push('packages of Python are left to pip');
  }
  if (isPipMissing) told.push('pip is added without a version, to install those for pip');
  if (unspelled.length > 0) told.push(countWords(unspelled.length, 'package') + ' had a name, a version or a place that conda does not take: ' + listSome(unspelled.map(spellPackage)));
  return { text, left: told.concat(left) };
}

/** environment.yml */
export function printCondaExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'conda');
  const { text, left } = printCondaEnvironment(software);
  const isRecorded = software.packages.some((one) => one.manager === 'conda');
  const others = software.packages.filter((one) => one.manager !== 'conda' && one.manager !== 'python' && (isRecorded ? one.source !== 'conda' : one.manager !== 'r'));
  const python = findInterpreter(software, 'python');
  if (isRecorded && python !== undefined && python.source !== 'conda') left.push('Python was not conda\'s own: ' + spellPackage(python));
  return oneFile('environment.yml', text, left.concat(tellRuns(software, ['conda', 'python', 'r']), tellLeftPackages(others, 'conda knows them under other names or not at all'), tellVariables(software), tellMachine(software)));
}

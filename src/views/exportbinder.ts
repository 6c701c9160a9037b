// exportbinder.ts - the files in binder/ from which repo2docker builds an image. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { Exported, ExportedFile, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { quoteWord } from '../formats/shell.ts';
import { spellAptPins, spellDay } from './exportapt.ts';
import { printCondaEnvironment } from './exportconda.ts';
import { selectOwnPackages } from './exportdockerfile.ts';
import { spellJuliaPackages, spellRPackages } from './exportlanguages.ts';
import { commentLine, countWords, findInterpreter, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';
import { printRequirements } from './exportpip.ts';

type BinderParts = { files: ExportedFile[]; left: ByteString[] };

function addFile(parts: BinderParts, name: string, text: ByteString, isExecutable = false): void {
  parts.files.push({ path: 'binder/' + name, text, isExecutable });
}

/** apt.txt: of packages of dpkg those whose programs ran; what these load comes with them. */
function addApt(parts: BinderParts, software: RecordedSoftware): void {
  const ran = software.packages.filter((one) => one.manager === 'dpkg' && software.programPackages.has('dpkg\0' + one.name));
  // Interpreters repo2docker brings itself.
  const wanted = ran.filter((one) => !/^(?:python\d|r-base|julia)/.test(one.name) && spellAptPins([one]).pins.length > 0);
  const names = wanted.map((one) => one.name).sort();
  if (names.length > 0) {
    addFile(parts, 'apt.txt', headOfExport('# ', software, 'apt.txt: packages of Ubuntu whose programs ran.') + names.map((name) => name + '\n').join(''));
    parts.left.push('apt.txt has names without versions: repo2docker builds on the Ubuntu of its own release, which has other versions: ' + listSome(wanted.map(spellPackage)));
  }
  const rest = software.packages.filter((one) => one.manager === 'dpkg' && wanted.indexOf(one) < 0);
  if (rest.length > 0) parts.left.push(countWords(rest.length, 'package') + ' of dpkg that brought libraries or interpreters are not in apt.txt: those of Ubuntu may have other names');
}

function addR(parts: BinderParts, software: RecordedSoftware, one: RecordedPackage): void {
  const version = /^\d+\.\d+(?:\.\d+)?$/.test(one.version) ? '-' + one.version : '';
  addFile(parts, 'runtime.txt', 'r' + version + '-' + spellDay(software.moment) + '\n');
  const { words, left } = spellRPackages(software.packages.filter((other) => other.manager === 'r'), software.moment);
  if (words.length > 0) addFile(parts, 'install.R', headOfExport('# ', software, 'install.R: packages of R.') + words.map((line) => line + '\n').join(''));
  parts.left.push(...left);
}

function addJulia(parts: BinderParts, software: RecordedSoftware, one: RecordedPackage): void {
  const version = /^\d+\.\d+\.\d+/.exec(one.version)?.[0];
  addFile(parts, 'Project.toml', headOfExport('# ', software, 'Project.toml: which Julia. Packages are added by postBuild.') + '[deps]\n\n[compat]\n' + (version === undefined ? '' : 'julia = "=' + version + '"\n'));
  const { words, left } = spellJuliaPackages(selectOwnPackages(software, 'julia'));
  if (words.length > 0) addFile(parts, 'postBuild', '#!/bin/sh\n' + headOfExport('# ', software, 'postBuild: packages of Julia.') + 'set -e\njulia' + words.map((word) => ' -e ' + quoteWord(word)).join('') + '\n', true);
  parts.left.push(...left);
}

/** requirements.txt and runtime.txt, which can tell one language's version alone. */
function addPython(parts: BinderParts, software: RecordedSoftware, isOnly: boolean): void {
  const python = findInterpreter(software, 'python');
  const packages = software.packages.filter((one) => one.manager === 'python');
  if (python === undefined && packages.length === 0) return;
  const { text, left } = printRequirements(software, packages);
  addFile(parts, 'requirements.txt', text);
  parts.left.push(...left);
  const minor = python === undefined || python.name !== 'python' ? undefined : /^\d+\.\d+/.exec(python.version)?.[0];
  if (isOnly && minor !== undefined) addFile(parts, 'runtime.txt', 'python-' + minor + '\n');
  if (python === undefined) return;
  if (!isOnly) parts.left.push('repo2docker takes the version of one language, and not that of Python: it was ' + spellPackage(python));
  else if (python.version !== minor) parts.left.push('repo2docker takes two numbers of a version of Python: it was ' + spellPackage(python));
}

/** start: sets the variables, and becomes the command. */
function addStart(parts: BinderParts, software: RecordedSoftware): void {
  const isSet = ({ name, value }: { name: ByteString; value: ByteString }): boolean => /^[A-Za-z_]\w*$/.test(name) && value.indexOf('\0') < 0;
  const lines = software.variables.filter(isSet).map(({ name, value }) => 'export ' + name + '=' + quoteWord(value) + '\n');
  if (lines.length > 0) addFile(parts, 'start', '#!/bin/sh\n' + commentLine('# ', 'start: variables that all runs had.') + lines.join('') + 'exec "$@"\n', true);
}

/**
 * Files of binder/. `names` are those at the top of the project and `inBinder` those in its binder/.
 * Throws Failure where repo2docker would refuse the project, or read something else.
 */
export function printBinderExport(publication: Publication, names: ByteString[], inBinder: ByteString[]): Exported {
  if (names.indexOf('.binder') >= 0) throw new Failure('cannot export "binder": the project has ".binder", and repo2docker refuses one that has both this and "binder"', 'remove or rename .binder', EXIT.differs);
  const deciding = ['Dockerfile', 'default.nix'].find((name) => inBinder.indexOf(name) >= 0);
  if (deciding !== undefined) throw new Failure('cannot export "binder": with "binder/' + deciding + '" repo2docker reads nothing else', 'remove or rename binder/' + deciding, EXIT.differs);
  const software = collectSoftware(publication, 'binder');
  const parts: BinderParts = { files: [], left: [] };
  const [r, julia] = ['r', 'julia'].map((manager) => findInterpreter(software, manager));
  addApt(parts, software);
  const isConda = software.packages.concat(software.interpreters).some((one) => one.manager === 'conda');
  if (isConda) {
    const { text, left } = printCondaEnvironment(software);
    addFile(parts, 'environment.yml', text);
    parts.left.push(...left);
  } else {
    if (julia !== undefined) addJulia(parts, software, julia);
    else if (r !== undefined) addR(parts, software, r);
    if (julia !== undefined && r !== undefined) parts.left.push('repo2docker takes Julia or R: ' + spellPackage(r) + ' and its packages are left out');
    addPython(parts, software, julia === undefined && r === undefined);
  }
  addStart(parts, software);
  const taken = isConda ? /^(?:dpkg|conda|python)$/ : julia !== undefined ? /^(?:dpkg|python|julia)$/ : /^(?:dpkg|python|r)$/;
  const others = software.packages.filter((one) => !taken.test(one.manager) && !(isConda && one.source === 'conda') && one.source !== 'dpkg');
  if (parts.files.length === 0) throw new Failure('cannot export "binder": the runs used nothing that repo2docker can install', 'see what they used: rr show RUN', EXIT.differs);
  parts.left.push(...tellLeftPackages(others, 'repo2docker has no file for them'), 'with binder/ there, repo2docker reads no such files at the top of the project');
  parts.left.push(...tellRuns(software, ['dpkg', 'conda', 'python', 'r', 'julia']), ...tellVariables(software), ...tellMachine(software));
  return { files: parts.files.sort((a, b) => (a.path < b.path ? -1 : 1)), left: parts.left };
}

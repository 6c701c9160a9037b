// exportguix.ts - channels.scm and manifest.scm for GNU Guix from the recorded packages. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { parseStorePath } from '../formats/storepath.ts';
import { commentLine, commentLines, countWords, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';

// Outputs that a package of Guix can have besides "out"; they stand at the end of the name in the store.
const OUTPUTS = /-(lib|doc|debug|bin|static|gui|tcl|include|opencl|pcre)$/;
/** Packages that a program finds by a search path, so that they must be in the profile themselves. */
const SEARCHED = /^(?:python|r|julia|perl|guile|ghc|ruby|node|java|ocaml|emacs|texlive)-/;

/** "gcc@11.3.0:lib"; undefined for what can be no specification (Guix Reference Manual, "Invoking guix package"). */
export function spellGuixPackage(one: { name: ByteString; version: ByteString }): ByteString | undefined {
  const output = OUTPUTS.exec(one.version)?.[1];
  const version = one.version.replace(OUTPUTS, '');
  if (!/^[a-z0-9][A-Za-z0-9+._-]*$/.test(one.name) || !/^(?:|[A-Za-z0-9.+_~-]+)$/.test(version)) return undefined;
  return one.name + (version === '' ? '' : '@' + version) + (output === undefined ? '' : ':' + output);
}

/** What Guix makes in a store around packages, and is none. */
function isGuixWorkpiece(one: RecordedPackage): boolean {
  return one.version === '' && /^(?:profile|system|module-import|info-dir|ca-certificate-bundle|fonts-dir|manual-database|grub|etc|linux-module-database)\b/.test(one.name);
}

/** The folders of a store that programs and libraries lie in, sorted. */
export function listPackageFolders(software: RecordedSoftware, manager: 'guix' | 'nix'): ByteString[] {
  const folders = new Set<ByteString>();
  for (const path of software.binaries) {
    if (parseStorePath(path)?.manager === manager) folders.add(path.split('/').slice(0, 4).join('/'));
  }
  return Array.from(folders).filter((folder) => /^\/[a-z]+\/store\/[A-Za-z0-9+._?=-]+$/.test(folder));
}

/** The same packages under the names that Guix's guidelines for packages would give them. */
function suggestGuixNames(software: RecordedSoftware): ByteString[] {
  const prefixes: { [manager: string]: string } = { python: 'python-', r: 'r-', perl: 'perl-', julia: 'julia-', ruby: 'ruby-' };
  return software.packages.filter((one) => Object.prototype.hasOwnProperty.call(prefixes, one.manager)).map((one) => {
    const name = one.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    return (name.startsWith(prefixes[one.manager]) ? name : prefixes[one.manager] + name) + (one.version === '' ? '' : '@' + one.version);
  });
}

type ManifestText = { text: ByteString; left: ByteString[] };

function printOwnManifest(software: RecordedSoftware, own: RecordedPackage[]): ManifestText {
  const wanted: ByteString[] = [];
  const dependencies: RecordedPackage[] = [];
  const unspelled: RecordedPackage[] = [];
  for (const one of own) {
    const spec = spellGuixPackage(one);
    if (isGuixWorkpiece(one)) continue;
    if (spec === undefined) unspelled.push(one);
    else if (SEARCHED.test(one.name) || software.programPackages.has('guix\0' + one.name)) wanted.push(spec);
    else dependencies.push(one);
  }
  let text = '(specifications->manifest\n (list' + wanted.map((spec) => '\n  "' + spec + '"').join('') + '))\n';
  if (dependencies.length > 0) text += commentLine(';; ', 'Loaded as well, and mostly brought by those above:') + dependencies.map((one) => commentLine(';;   ', spellPackage(one))).join('');
  const folders = listPackageFolders(software, 'guix');
  if (folders.length > 0) text += commentLine(';; ', 'Where the programs and libraries lay:') + commentLines(';;   ', folders);
  const left = ['the versions of the packages are those of the channels, which had no commit that is recorded: fill it in channels.scm, for "guix time-machine -C channels.scm -- shell -m manifest.scm"'];
  if (dependencies.length > 0) left.push(countWords(dependencies.length, 'package') + ' of libraries come as others need them and are not asked for: ' + listSome(dependencies.map(spellPackage)));
  if (unspelled.length > 0) left.push(countWords(unspelled.length, 'package') + ' had a name or version that guix does not take: ' + listSome(unspelled.map(spellPackage)));
  return { text, left };
}

function printForeignManifest(software: RecordedSoftware): ManifestText {
  const suggested = suggestGuixNames(software);
  let text = '(specifications->manifest\n (list))\n';
  if (suggested.length > 0) text += commentLine(';; ', 'Names that the guidelines of Guix would give to packages that the runs used, if it has them:') + suggested.map((name) => commentLine(';;   ', '"' + name + '"')).join('');
  const rest = software.interpreters.concat(software.packages);
  if (rest.length > 0) text += commentLine(';; ', 'What the runs used:') + rest.map((one) => commentLine(';;   ', one.manager + ' ' + spellPackage(one))).join('');
  const left = ['nothing of what ran came from Guix: the manifest asks for nothing, and has what the runs used as comments'];
  return { text, left: left.concat(tellLeftPackages(rest, 'which package of Guix it would be is not known')) };
}

/** channels.scm and manifest.scm */
export function printGuixExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'guix');
  const own = software.packages.filter((one) => one.manager === 'guix');
  const manifest = own.length > 0 ? printOwnManifest(software, own) : printForeignManifest(software);
  const channels = headOfExport(';; ', software, 'channels.scm: the channels of Guix.')
    + commentLine(';; ', 'Their commits are not recorded. "guix describe -f channels", said where the runs were made, tells them.') + '%default-channels\n';
  const text = headOfExport(';; ', software, 'manifest.scm: packages for "guix shell -m manifest.scm".') + manifest.text;
  const others = software.packages.concat(software.interpreters).filter((one) => one.manager !== 'guix' && one.source !== 'guix');
  const left = manifest.left.concat(own.length > 0 ? tellLeftPackages(others, 'they did not come from Guix') : [], tellRuns(software, ['guix']), tellVariables(software), tellMachine(software));
  return { files: [{ path: 'channels.scm', text: channels, isExecutable: false }, { path: 'manifest.scm', text, isExecutable: false }], left };
}

// exportspack.ts - a spack.yaml from the recorded software. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, lookUp } from '../core/bytes.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { commentLine, countWords, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';

// Where Spack installs: .../linux-debian12-x86_64/gcc-12.2.0/NAME-VERSION-HASH/, and since 1.0 .../linux-x86_64/NAME-VERSION-HASH/.
const SPACK_PATH = /\/(?:linux|darwin)-[a-z0-9_]+(?:-[a-z0-9_]+)?\/(?:([a-z][a-z-]*)-(\d[\w.]*)\/)?([a-z0-9][a-z0-9-]*?)-(\d[\w.-]*?|main|master|develop)-([a-z2-7]{32})\//;

/** Specs of what Spack itself installed, told by the paths of programs and libraries. */
export function listSpackSpecs(binaries: ByteString[]): { spec: ByteString; hash: ByteString }[] {
  const specs = new Map<ByteString, ByteString>();
  for (const path of binaries) {
    // It takes the square of a part's length; no file system has longer ones.
    const parts = path.split('/').some((part) => part.length > 255) ? null : SPACK_PATH.exec(path);
    if (parts === null) continue;
    const [, compiler, compilerVersion, name, version, hash] = parts;
    specs.set(name + '@' + version + (compiler === undefined ? '' : '%' + compiler + '@' + compilerVersion), hash);
  }
  return Array.from(specs, ([spec, hash]) => ({ spec, hash })).sort((a, b) => compareBytes(a.spec, b.spec));
}

const LANGUAGE_NAMES: { [manager: string]: string } = { python: 'python', r: 'r', julia: 'julia', perl: 'perl', ruby: 'ruby', npm: 'node-js', java: 'openjdk' };
const LANGUAGE_PREFIXES: { [manager: string]: string } = { python: 'py-', r: 'r-', perl: 'perl-', ruby: 'ruby-' };

/** By the rule of Spack's packaging guide: "py-" and the name, in small letters, with "-". Undefined where name or version is none for Spack. */
function spellByRule(one: RecordedPackage): ByteString | undefined {
  const prefix = lookUp(LANGUAGE_PREFIXES, one.manager);
  const name = one.name.toLowerCase().replace(/[._:]+/g, '-');
  const isSpelled = prefix !== undefined && one.detail.indexOf('git ') < 0 && !/^(?:editable|from) /.test(one.detail);
  if (!isSpelled || !/^[a-z0-9][a-z0-9-]*$/.test(name) || !/^\d[A-Za-z0-9_.-]*$/.test(one.version)) return undefined;
  return (name.startsWith(prefix as string) ? name : (prefix as string) + name) + '@' + one.version;
}

/** Of "GNU C17 12.2.0 -O3 (2 units)" the compiler as Spack names it. */
function listCompilers(software: RecordedSoftware): ByteString[] {
  const found = new Set<ByteString>();
  for (const producer of software.compilers) {
    const gnu = /^GNU (?:C|C\+\+|Fortran|GIMPLE)\w* (\d+\.\d+\.\d+)\b/.exec(producer) ?? /^GCC: \([^)]*\) (\d+\.\d+\.\d+)\b/.exec(producer);
    const clang = /\bclang version (\d+\.\d+\.\d+)\b/.exec(producer);
    if (gnu !== null) found.add('gcc@' + gnu[1]);
    else if (clang !== null) found.add('llvm@' + clang[1]);
  }
  return Array.from(found).sort(compareBytes);
}

/** spack.yaml */
export function printSpackExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'spack');
  const own = listSpackSpecs(software.binaries);
  const specs: ByteString[] = own.map((one) => one.spec);
  const ownNames = new Set(specs.map((spec) => spec.split('@')[0]));
  const ruled: ByteString[] = [];
  const others: RecordedPackage[] = [];
  for (const one of software.interpreters) {
    const version = /^\d+(?:\.\d+)*/.exec(one.version)?.[0];
    const name = lookUp(LANGUAGE_NAMES, one.manager);
    if (one.name === 'pypy' || version === undefined || name === undefined) others.push(one);
    else if (!ownNames.has(name)) specs.push(name + '@' + version);
  }
  for (const one of software.packages) {
    const spec = spellByRule(one);
    if (spec === undefined) others.push(one);
    else if (!ownNames.has(spec.split('@')[0])) ruled.push(spec);
  }
  const compilers = listCompilers(software);
  const all = Array.from(new Set(specs.concat(ruled, compilers))).sort(compareBytes);
  let text = headOfExport('# ', software, 'spack.yaml: for "spack -e . concretize" and "spack -e . install".');
  for (const { spec, hash } of own) text += commentLine('# ', spec + ' was /' + hash);
  if (others.length > 0) text += commentLine('# ', 'Used, but with no name in Spack that is known:') + others.map((one) => commentLine('#   ', one.manager + ' ' + spellPackage(one))).join('');
  // Each spec is of letters, digits and "-._@%": a plain scalar, as none begins with "-", "@" or "%".
  text += 'spack:\n' + (all.length === 0 ? '  specs: []\n' : '  specs:\n' + all.map((spec) => '  - ' + spec + '\n').join('')) + '  view: true\n  concretizer:\n    unify: true\n';
  const left: ByteString[] = [];
  if (own.length === 0) left.push('nothing of what ran lay where Spack installs: the interpreters stand under the names that Spack has for them, and it may not have these versions');
  if (own.length > 0) left.push('variants and dependencies of the packages of Spack are not recorded; the comments have the hashes of those that ran');
  if (ruled.length > 0) left.push('the names of ' + countWords(ruled.length, 'package') + ' follow Spack\'s rule for the language; whether it has them is not known: ' + listSome(ruled));
  if (compilers.length > 0) left.push('compilers that made the project\'s own programs are asked for as packages: ' + listSome(compilers));
  left.push(...tellLeftPackages(others, 'its name in Spack is not known'), ...tellRuns(software, Object.keys(LANGUAGE_NAMES)), ...tellVariables(software), ...tellMachine(software));
  return oneFile('spack.yaml', text, left);
}

// languages.ts - the packages of programming languages that a run used, from the files it read. Starts no program.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { findNodePackages, findRPackages, findRubyPackages } from './folderpackages.ts';
import { findJavaPackages } from './javapackages.ts';
import { findJuliaPackages } from './juliapackages.ts';
import type { FilesRead, LanguagePackage, PackageClaim } from './packagefiles.ts';
import { lastPartOf, isFileQuietly, listQuietly } from './packagefiles.ts';
import { findPerlPackages } from './perlpackages.ts';
import { findPythonPackages } from './pythonpackages.ts';

/**
 * `packages` are sorted by manager, name and version; `lockFiles` are absolute. `explained` are those
 * of the files that belong to a package or a standard library, or to the bookkeeping of either;
 * `owners` says to which, where it is a package that was used.
 */
export type LanguageFacts = {
  packages: LanguagePackage[];
  lockFiles: ByteString[];
  explained: Set<ByteString>;
  owners: Map<ByteString, LanguagePackage>;
};

const PACKAGE_FINDERS: ((files: FilesRead) => PackageClaim[])[] = [
  findPythonPackages, findRPackages, findJuliaPackages, findNodePackages, findPerlPackages, findJavaPackages, findRubyPackages,
];

/**
 * What owns the files in `read` (absolute, links resolved). A package counts only if the run read a
 * file of it; files that merely describe it prove nothing, for Python looks through those of all. A
 * file that cannot be read or understood tells nothing; nothing is thrown.
 */
export function findLanguagePackages(read: ByteString[], options: { programs: ByteString[]; projectRoot: ByteString }): LanguageFacts {
  const isRead = new Set(read);
  const files = { paths: Array.from(isRead).sort(), isRead, programs: Array.from(new Set(options.programs)).sort(), projectRoot: options.projectRoot };
  const facts: LanguageFacts = { packages: [], lockFiles: [], explained: new Set(), owners: new Map() };
  const known = new Map<ByteString, LanguagePackage>();
  for (const find of PACKAGE_FINDERS) {
    for (const claim of find(files)) addClaim(facts, known, claim);
  }
  facts.packages = Array.from(known.values()).sort((a, b) => compareBytes(packageKey(a), packageKey(b)));
  facts.lockFiles = findLockFiles(facts.packages, files);
  return facts;
}

function addClaim(facts: LanguageFacts, known: Map<ByteString, LanguagePackage>, claim: PackageClaim): void {
  for (const name of claim.paths) facts.explained.add(name);
  if (claim.package === undefined) return;
  const key = packageKey(claim.package);
  const one = known.get(key) ?? claim.package;
  // The same package in two places is one; it covers the first of them.
  if (claim.package.covers < one.covers) one.covers = claim.package.covers;
  known.set(key, one);
  for (const name of claim.paths) if (!facts.owners.has(name)) facts.owners.set(name, one);
}

function packageKey(one: LanguagePackage): ByteString {
  return one.manager + '\0' + one.name + '\0' + one.version + '\0' + one.detail;
}

type Language = LanguagePackage['manager'] | 'rust' | 'go';

const LANGUAGE_PROGRAMS: { language: Language; pattern: RegExp }[] = [
  { language: 'python', pattern: /^(?:python|pypy)[\d.]*[a-z]*$/ },
  { language: 'r', pattern: /^(?:R|Rscript|littler|r)$/ },
  { language: 'julia', pattern: /^julia$/ },
  { language: 'npm', pattern: /^(?:node|nodejs|deno|bun)$/ },
  { language: 'perl', pattern: /^perl[\d.]*$/ },
  { language: 'java', pattern: /^java$/ },
  { language: 'ruby', pattern: /^(?:ruby[\d.]*|jruby)$/ },
  { language: 'rust', pattern: /^(?:cargo|rustc)$/ },
  { language: 'go', pattern: /^go$/ },
];

const LOCK_FILES: { pattern: RegExp; languages: Language[] }[] = [
  { pattern: /^requirements[^/]*\.txt$/, languages: ['python'] },
  { pattern: /^(?:poetry|uv|pdm|Pipfile|pixi)\.lock$/, languages: ['python'] },
  { pattern: /^(?:conda-lock\.ya?ml|environment\.ya?ml)$/, languages: ['python', 'r', 'julia', 'perl'] },
  { pattern: /^(?:renv|packrat)\.lock$/, languages: ['r'] },
  { pattern: /^(?:Julia)?(?:Manifest(?:-v[\d.]+)?|Project)\.toml$/, languages: ['julia'] },
  { pattern: /^(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock)$/, languages: ['npm'] },
  { pattern: /^(?:Gemfile\.lock|gems\.locked)$/, languages: ['ruby'] },
  { pattern: /^(?:cpanfile\.snapshot|carton\.lock)$/, languages: ['perl'] },
  { pattern: /^gradle\.lockfile$/, languages: ['java'] },
  { pattern: /^Cargo\.lock$/, languages: ['rust'] },
  { pattern: /^go\.sum$/, languages: ['go'] },
];

/** Those at the top of the project, of the languages that were used. */
function findLockFiles(packages: LanguagePackage[], files: FilesRead): ByteString[] {
  const used = new Set<Language>(packages.map((one) => one.manager));
  for (const program of files.programs) {
    const name = lastPartOf(program);
    for (const one of LANGUAGE_PROGRAMS) if (one.pattern.test(name)) used.add(one.language);
  }
  if (used.size === 0) return [];
  const isLock = (name: ByteString): boolean => LOCK_FILES.some((one) => one.pattern.test(name) && one.languages.some((language) => used.has(language)));
  return listQuietly(files.projectRoot).filter(isLock).map((name) => files.projectRoot + '/' + name).filter(isFileQuietly);
}

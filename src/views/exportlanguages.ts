// exportlanguages.ts - packages of R, Julia, Ruby and Node.js as their own installers take them. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { RecordedPackage } from '../core/recordedsoftware.ts';
import { spellDay } from './exportapt.ts';
import { countWords, listSome, spellPackage } from './exportleft.ts';

/** Arguments of the installer, not quoted yet, and sentences on packages that it cannot be asked for. */
export type SpelledPackages = { words: ByteString[]; left: ByteString[] };

const R_VERSION = /^\d+(?:[.-]\d+)+$/;
const SEMANTIC_VERSION = /^\d+\.\d+\.\d+(?:[-+][A-Za-z0-9.+-]+)?$/;

function tellUnspelled(language: string, packages: RecordedPackage[]): ByteString[] {
  return packages.length === 0 ? [] : [countWords(packages.length, 'package') + ' of ' + language + ' had a name, a version or a place that its installer does not take: ' + listSome(packages.map(spellPackage))];
}

/** "https://packagemanager.posit.co/cran/2026-11-26": the Comprehensive R Archive Network as it was that day. */
function spellCranOfDay(moment: string): string {
  return 'https://packagemanager.posit.co/cran/' + spellDay(moment);
}

/** One call of an R function for each package; `left` tells the others. The package remotes is needed. */
function listRCalls(packages: RecordedPackage[]): SpelledPackages {
  const words: ByteString[] = [];
  const unspelled: RecordedPackage[] = [];
  for (const one of packages) {
    const [, commit, place] = /(?:^| )git ([0-9a-f]{7,40}) (\S+)$/.exec(one.detail) ?? [];
    const repository = /^github\/([\w.-]+\/[\w.-]+)$/.exec(place ?? '')?.[1];
    if (repository !== undefined) words.push('remotes::install_github("' + repository + '", ref = "' + commit + '", upgrade = "never")');
    else if (place !== undefined && /^https?:\/\/[A-Za-z0-9._~:/@%+-]+$/.test(place)) words.push('remotes::install_git("' + place + '", ref = "' + commit + '", upgrade = "never")');
    else if (place === undefined && /^[A-Za-z][A-Za-z0-9.]*$/.test(one.name) && R_VERSION.test(one.version)) words.push('remotes::install_version("' + one.name + '", "' + one.version + '", upgrade = "never")');
    else unspelled.push(one);
  }
  return { words, left: tellUnspelled('R', unspelled) };
}

/** Expressions for Rscript -e. */
export function spellRPackages(packages: RecordedPackage[], moment: string): SpelledPackages {
  const { words, left } = listRCalls(packages);
  if (words.length === 0) return { words, left };
  const first = ['options(repos = "' + spellCranOfDay(moment) + '")', 'install.packages("remotes")'];
  return { words: first.concat(words), left: left.concat('the package remotes of R is added, to install the others') };
}

/** Expressions for julia -e. */
export function spellJuliaPackages(packages: RecordedPackage[]): SpelledPackages {
  const isSpelled = (one: RecordedPackage): boolean => /^[A-Za-z_]\w*$/.test(one.name) && SEMANTIC_VERSION.test(one.version) && !one.detail.startsWith('editable ');
  const specs = packages.filter(isSpelled).map((one) => 'PackageSpec(name="' + one.name + '", version="' + one.version.split('+')[0] + '")');
  const left = tellUnspelled('Julia', packages.filter((one) => !isSpelled(one)));
  return { words: specs.length === 0 ? [] : ['using Pkg; Pkg.add([' + specs.join(', ') + '])'], left };
}

/** Arguments of gem install. */
export function spellRubyPackages(packages: RecordedPackage[]): SpelledPackages {
  const isSpelled = (one: RecordedPackage): boolean => /^[A-Za-z0-9][\w.-]*$/.test(one.name) && /^\d[A-Za-z0-9.]*$/.test(one.version) && !/^git /.test(one.detail);
  return { words: packages.filter(isSpelled).map((one) => one.name + ':' + one.version), left: tellUnspelled('Ruby', packages.filter((one) => !isSpelled(one))) };
}

/** Arguments of npm install. */
export function spellNodePackages(packages: RecordedPackage[]): SpelledPackages {
  const isSpelled = (one: RecordedPackage): boolean => /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(one.name) && !one.name.startsWith('-') && SEMANTIC_VERSION.test(one.version) && !one.detail.startsWith('linked ');
  return { words: packages.filter(isSpelled).map((one) => one.name + '@' + one.version), left: tellUnspelled('Node.js', packages.filter((one) => !isSpelled(one))) };
}

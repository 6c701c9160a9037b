// exportnix.ts - a shell.nix from the recorded store paths. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedSoftware } from '../core/recordedsoftware.ts';
import { listPackageFolders } from './exportguix.ts';
import { commentLine, countWords, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';

/** A string of the Nix language (Nix Reference Manual, "String literal"). It can hold any byte but NUL. */
export function quoteNix(text: ByteString): ByteString {
  return '"' + text.replace(/["\\$]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t') + '"';
}

// Attributes that mkShell itself or the scripts of its stdenv give a meaning, so that no variable can be set by them.
const NOT_VARIABLES = /^(?:name|packages|inputsFrom|shellHook|buildInputs|nativeBuildInputs|src|stdenv|system|builder|args|outputs|(?:pre|post)(?:Hook|Phases)|phases|__.*)$/;
// Words of the language: they are names only in quotes.
const NIX_WORDS = /^(?:assert|else|if|in|inherit|let|or|rec|then|with)$/;

function printShellVariables(software: RecordedSoftware): { text: ByteString; left: ByteString[] } {
  const isSet = ({ name, value }: { name: ByteString; value: ByteString }): boolean => /^[A-Za-z_]\w*$/.test(name) && !NOT_VARIABLES.test(name) && value.indexOf('\0') < 0;
  const unset = software.variables.filter((one) => !isSet(one)).map((one) => one.name);
  const text = software.variables.filter(isSet).map(({ name, value }) => '  ' + (NIX_WORDS.test(name) ? quoteNix(name) : name) + ' = ' + quoteNix(value) + ';\n').join('');
  return { text, left: unset.length === 0 ? [] : ['mkShell gives these names another meaning than that of a variable: ' + listSome(unset)] };
}

/** shell.nix */
export function printNixExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'nix');
  const folders = listPackageFolders(software, 'nix');
  const own = software.packages.filter((one) => one.manager === 'nix');
  const variables = printShellVariables(software);
  const rest = software.packages.concat(software.interpreters).filter((one) => one.manager !== 'nix' && one.source !== 'nix');
  let text = headOfExport('# ', software, 'shell.nix: for "nix-shell".');
  if (folders.length > 0) text += commentLine('# ', 'Each path names one build; "nix-store --realise PATH" fetches it from a cache that has it.');
  if (rest.length > 0) text += commentLine('# ', 'Used, but not from Nix:') + rest.map((one) => commentLine('#   ', one.manager + ' ' + spellPackage(one))).join('');
  text += '{ pkgs ? import <nixpkgs> { } }:\npkgs.mkShell {\n';
  text += folders.length === 0 ? '  packages = [ ];\n' : '  packages = map builtins.storePath [\n' + folders.map((folder) => '    ' + quoteNix(folder) + '\n').join('') + '  ];\n';
  text += variables.text + '}\n';
  const left: ByteString[] = [];
  if (folders.length > 0) left.push('the packages are named by their paths in the store, which are exact; if no cache has them any more they must be built from a commit of nixpkgs, which is not recorded');
  else left.push('no program or library that ran lay in the store of Nix: the shell has no packages, and has what the runs used as comments');
  const named = new Set(folders.map((folder) => folder.slice(44)));
  const modules = own.filter((one) => !named.has(spellPackage(one).replace(' ', '-')));
  if (modules.length > 0) left.push(countWords(modules.length, 'package') + ' of Nix were only read, so that their paths are not recorded: ' + listSome(modules.map(spellPackage)));
  left.push(...tellLeftPackages(rest, 'which package of Nix it would be is not known'), ...variables.left, ...tellRuns(software, ['nix']), ...tellVariables(software), ...tellMachine(software));
  return oneFile('shell.nix', text, left);
}

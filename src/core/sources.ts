// sources.ts - which files are code by their name and size. Knows no files.
import type { ByteString } from './bytes.ts';

/** Larger files are data, whatever their name: a dump in SQL, a table in TeX. */
export const LARGEST_SOURCE_BYTES = 1 << 20;

const SOURCE_NAME = new RegExp('(?:^|/)(?:' + [
  '(?:GNU|BSD)?[Mm]akefile', 'Snakefile', 'Rakefile', 'Dockerfile', 'Containerfile', 'SConstruct', 'SConscript', '[Jj]ustfile', 'CMakeLists\\.txt', 'meson\\.build',
  '[^/]*\\.(?:' + [
    'py|pyx|pxd|ipynb|[rR]|Rmd|Rnw|qmd|jl|m|pl|pm|php|rb|lua|tcl|sh|bash|zsh|ksh|fish|ps1|awk|sed|m4',
    'js|mjs|cjs|jsx|ts|tsx|c|h|cc|hh|cpp|cxx|hpp|hxx|cu|cuh|f|f77|f90|f95|f03|f08|for|F|F77|F90|F95|F03|F08|go|rs|zig|nim|java|scala|kt|swift|cs|fs|hs|ml|mli|ex|exs|erl|clj|lisp|el|scm|rkt',
    'sql|gp|gnu|gnuplot|plt|do|ado|sas|sps|nf|smk|wdl|cwl|stan|bugs|jags|mod|ncl|pro|mk|cmake|nix|tex|sty|cls|bib|bst',
  ].join('|') + ')',
].join('|') + ')$');

/** Has the path the name of a script, a module or another source? */
export function isSourceName(path: ByteString): boolean {
  return SOURCE_NAME.test(path);
}

/**
 * May a file without such a name be a script that begins with "#!"? Only what is executable or has
 * no ending: to look into each of 100,000 files of data costs more than to hash them.
 */
export function isScriptCandidate(path: ByteString, isExecutable: boolean): boolean {
  return isExecutable || path.indexOf('.', path.lastIndexOf('/') + 2) < 0;
}

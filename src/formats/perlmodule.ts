// perlmodule.ts - the name and the version of a Perl module, read from its text. Knows no files and runs no Perl.
import type { ByteString } from '../core/bytes.ts';

/** `version` is '' where the module computes it or has none. */
export type PerlModule = { name: ByteString; version: ByteString };

const PERL_PACKAGE = /^\s*package\s+([A-Za-z_]\w*(?:(?:::|')\w+)*)(?:\s+v?([\d._]+))?\s*[;{]/;
// As Module::Metadata finds it: the first assignment to $VERSION or to $NAME::VERSION; but of the
// values only numbers and quoted numbers are taken, for anything else is a program.
const PERL_VERSION = /(?:^|[\s;({])\$((?:\w+(?:::|'))*)VERSION\b\s{0,40}\)?\s{0,40}=\s*(.*)$/;
const PERL_LITERAL = /^(?:\(\s*)?(?:version->(?:new|parse|declare|qv)\(\s*|qv\(\s*|eval\s*(?:\(\s*)?)?(?:(['"])\s*v?(\d[\d._]*)\s*\1|v?(\d[\d._]*)|q[qw]?[({[]\s*v?(\d[\d._]*)\s*[)}\]])\s*[;)}|#]/;
const PERL_REVISION = /\$Revision:\s*(\d[\d.]*)\s*\$/;

/**
 * The package whose name fits the file's path, and its version. undefined if the file declares no
 * such package: then it is a part of some other module. `path` has forward slashes and ends in ".pm".
 */
export function parsePerlModule(text: ByteString, path: ByteString): PerlModule | undefined {
  let current = '';
  let found: PerlModule | undefined;
  let isPod = false;
  for (const line of text.split('\n')) {
    if (line[0] === '=' && /^=[a-zA-Z]/.test(line)) isPod = !line.startsWith('=cut');
    else if (!isPod && /^__(?:END|DATA)__\s*$/.test(line)) break;
    if (isPod || line.length > 4000) continue;
    const declared = PERL_PACKAGE.exec(line);
    if (declared !== null) {
      current = declared[1].replace(/'/g, '::');
      if (found === undefined && fitsPath(current, path)) found = { name: current, version: (declared[2] ?? '') };
      else if (found !== undefined && found.name === current && found.version === '') found.version = declared[2] ?? '';
    }
    const version = line.indexOf('VERSION') < 0 ? undefined : readPerlVersion(line, current, found);
    if (found !== undefined && version !== undefined && found.version === '') return { name: found.name, version };
    if (found !== undefined && found.version !== '') return found;
  }
  return found;
}

function fitsPath(name: ByteString, path: ByteString): boolean {
  return ('/' + path).endsWith('/' + name.replace(/::/g, '/') + '.pm');
}

/** The version a line gives to the module that was found; '' if it is one that only Perl can tell. */
function readPerlVersion(line: ByteString, current: ByteString, found: PerlModule | undefined): ByteString | undefined {
  const assigned = /^\s*#/.test(line) ? null : PERL_VERSION.exec(line);
  if (assigned === null || found === undefined || assigned[2][0] === '=' || assigned[2][0] === '~') return undefined;
  const owner = assigned[1].replace(/'/g, '::').replace(/::$/, '');
  if ((owner === '' ? current : owner) !== found.name) return undefined;
  const literal = PERL_LITERAL.exec(assigned[2] + ';');
  if (literal !== null) return literal[2] ?? literal[3] ?? literal[4];
  const revision = PERL_REVISION.exec(assigned[2]);
  return revision === null ? '' : padRevision(revision[1], assigned[2]);
}

/** "2.4" as the customary sprintf("%d.%02d", ...) prints it: "2.04". */
function padRevision(revision: ByteString, expression: ByteString): ByteString {
  const width = Number(/%0([23])d/.exec(expression)?.[1] ?? 0);
  return revision.split('.').map((part, i) => i === 0 ? part : part.padStart(width, '0')).join('.');
}

// gitconfig.ts - git's configuration file, the part that is data. Follows no include, reads no file.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';

/** Section and key in lower case, as git compares them; the subsection stands as written, '' if none. */
export type GitSetting = { section: string; subsection: ByteString; key: string; value: ByteString };

const HEADER = /^\[[ \t]*([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\]|\\.)*)")?[ \t]*\]/;

/**
 * The settings in the order of the file (git-config(1), "CONFIGURATION FILE"). A key without "=" has
 * the value "true". What git would refuse as malformed is passed over line by line, since the
 * answers here only say which files to look at; git itself is asked wherever it matters.
 */
export function parseGitConfig(text: ByteString): GitSetting[] {
  const settings: GitSetting[] = [];
  // A "\" before the end of a line joins it with the next, except in a comment.
  const lines = text.replace(/\r\n/g, '\n').split('\n');
  let section = '';
  let subsection = '';
  for (let i = 0; i < lines.length; i++) {
    let line = trimBlanks(lines[i]);
    // One line may have several headers, one behind the other.
    for (let header = HEADER.exec(line); header !== null; header = HEADER.exec(line)) {
      const dot = header[1].indexOf('.');
      section = (dot < 0 ? header[1] : header[1].slice(0, dot)).toLowerCase();
      subsection = header[2] !== undefined ? header[2].replace(/\\(.)/g, '$1') : dot < 0 ? '' : header[1].slice(dot + 1).toLowerCase();
      line = trimBlanks(line.slice(header[0].length));
    }
    const setting = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)[ \t]*/.exec(line);
    if (setting === null) continue;
    const pieces: ByteString[] = [];
    let piece = line.slice(setting[0].length);
    for (let state = scanValue(piece, 'plain'); state.endsWith(' escaped') && i + 1 < lines.length; state = scanValue(piece, state.slice(0, -8))) {
      pieces.push(piece.slice(0, -1));
      piece = lines[++i];
    }
    const rest = pieces.join('') + piece;
    settings.push({ section, subsection, key: setting[1].toLowerCase(), value: setting[2] === '' ? 'true' : parseValue(rest) });
  }
  return settings;
}

/**
 * The state behind a piece of a value that began in `state`: plain, quoted or comment; with " escaped" if it
 * ends in a "\" that no other takes away: it goes on in the next line.
 */
function scanValue(piece: ByteString, state: string): string {
  let isQuoted = state === 'quoted';
  for (let i = 0; i < piece.length; i++) {
    if (piece[i] === '\\') {
      i += 1;
      if (i === piece.length) return (isQuoted ? 'quoted' : 'plain') + ' escaped';
    } else if (piece[i] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (piece[i] === ';' || piece[i] === '#')) return 'comment';
  }
  return isQuoted ? 'quoted' : 'plain';
}

const ESCAPED: { [letter: string]: string } = { n: '\n', t: '\t', b: '\b' };

/** A value without quotes, escapes, comment and the spaces around it. */
function parseValue(raw: ByteString): ByteString {
  let value = '';
  let keptLength = 0;
  let isQuoted = false;
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i];
    if (char === '"') {
      isQuoted = !isQuoted;
      keptLength = value.length;
      continue;
    }
    if (!isQuoted && (char === '#' || char === ';')) break;
    const isSpace = !isQuoted && (char === ' ' || char === '\t' || char === '\r');
    if (isSpace && value === '') continue;
    if (char === '\\') {
      i += 1;
      value += ESCAPED[raw[i]] ?? raw[i] ?? '';
    } else {
      value += char;
    }
    if (!isSpace) keptLength = value.length;
  }
  // What follows a NUL git does not see.
  return value.slice(0, keptLength).split('\0', 1)[0];
}

/** The last value given, as git takes it; undefined if there is none. */
export function findGitSetting(settings: GitSetting[], section: string, subsection: ByteString, key: string): ByteString | undefined {
  for (let i = settings.length - 1; i >= 0; i--) {
    const setting = settings[i];
    if (setting.key === key && setting.section === section && setting.subsection === subsection) return setting.value;
  }
  return undefined;
}

/** git's truth values: true, yes, on and numbers but 0. */
export function isGitTrue(value: ByteString | undefined, preset: boolean): boolean {
  if (value === undefined) return preset;
  return /^(?:true|yes|on|[+-]?0*[1-9][0-9]*[kmg]?)$/i.test(value);
}

/**
 * The URL of the branch's remote, else of "origin", else of the only remote there is; credentials
 * removed. `insteadOf` is not applied: the URL is the one that the repository's own file holds.
 */
export function findRemoteUrl(settings: GitSetting[], branch: ByteString | undefined): ByteString | undefined {
  const urls = settings.filter((setting) => setting.section === 'remote' && setting.key === 'url' && setting.value !== '');
  const chosen = branch === undefined ? undefined : findGitSetting(settings, 'branch', branch, 'remote');
  for (const name of [chosen, 'origin']) {
    const found = name === undefined ? undefined : urls.find((setting) => setting.subsection === name);
    if (found !== undefined) return stripUrlCredentials(found.value);
    // branch.NAME.remote may be a URL itself.
    if (name !== undefined && name !== '.' && /[:/]/.test(name)) return stripUrlCredentials(name);
  }
  const isOnly = urls.length > 0 && urls.every((setting) => setting.subsection === urls[0].subsection);
  return isOnly ? stripUrlCredentials(urls[0].value) : undefined;
}

/**
 * A remote's URL without what may let somebody in. Behind "://" all goes up to the last "@" of the
 * authority; the user name stays for ssh and git, where it is needed and is no secret. The query and
 * the fragment go too: no list of the names that tokens have is complete. Of
 * "user:password@host:path" the password goes; "git@host:path" and paths stay as they are.
 */
export function stripUrlCredentials(url: ByteString): ByteString {
  let text = url;
  let clean = '';
  let from = 0;
  for (let lastAt = url.lastIndexOf('@'); ;) {
    const colon = findUrlColon(text, from);
    if (colon < 0) return from === 0 ? url.replace(/^([^/:@]+):[^/]*@([^/:@]+:)/, '$1@$2') : clean + text.slice(from);
    const start = colon + 3;
    // Not up to a backslash: for git it is a part of the user's name, as in "DOMAIN\user:password@host".
    const authority = text.slice(start, start + lengthBefore(text, /[/?#]/g, start));
    const at = isAuthorityCut(authority) ? (lastAt >= start ? lastAt : -1) : authority.lastIndexOf('@') < 0 ? -1 : start + authority.lastIndexOf('@');
    clean += text.slice(from, start);
    if (at >= 0 && isUserKept(text, from, colon)) clean += text.slice(start, Math.min(at, start + lengthBefore(text, /[:;]/g, start))) + '@';
    const isFirst = from === 0;
    from = at < 0 ? start : at + 1;
    if (!isFirst) continue;
    text = text.slice(0, from + lengthBefore(text, /[?#]/g, from));
    lastAt = text.lastIndexOf('@');
  }
}

/** How many bytes from `start` on stand before a match of `mark`. */
function lengthBefore(text: ByteString, mark: RegExp, start: number): number {
  mark.lastIndex = start;
  return (mark.exec(text)?.index ?? text.length) - start;
}

/** The first "://" from `from` on that a scheme stands before; -1 if there is none. */
function findUrlColon(text: ByteString, from: number): number {
  for (let colon = text.indexOf('://', from); colon >= 0; colon = text.indexOf('://', colon + 3)) {
    for (let i = colon - 1; i >= from && /[A-Za-z0-9+.-]/.test(text[i]); i--) if (/[A-Za-z]/.test(text[i])) return colon;
  }
  return -1;
}

/**
 * In "https://user:pass/word@host/x" the authority seems to end in the password. A port that is no number gives
 * that away.
 */
function isAuthorityCut(authority: ByteString): boolean {
  const colon = authority.indexOf(':');
  return colon >= 0 && authority.indexOf('@') < 0 && authority.slice(0, colon).indexOf('[') < 0 && /[^0-9]/.test(authority.slice(colon + 1));
}

/** Is it a scheme of which the user's name is needed, and is no secret? */
function isUserKept(text: ByteString, from: number, colon: number): boolean {
  const scheme = /[A-Za-z][A-Za-z0-9+.-]*$/.exec(text.slice(Math.max(from, colon - 64), colon))?.[0] ?? '';
  return /ssh|^git$/i.test(scheme);
}

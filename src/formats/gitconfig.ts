// gitconfig.ts - git's configuration file, the part that is data. Follows no include, reads no file.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';

/** Section and key in lower case, as git compares them; the subsection stands as written, '' if none. */
export type GitSetting = { section: string; subsection: ByteString; key: string; value: ByteString };

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
    const header = /^\[[ \t]*([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\]|\\.)*)")?[ \t]*\]/.exec(line);
    if (header !== null) {
      const dot = header[1].indexOf('.');
      section = (dot < 0 ? header[1] : header[1].slice(0, dot)).toLowerCase();
      subsection = header[2] !== undefined ? header[2].replace(/\\(.)/g, '$1') : dot < 0 ? '' : header[1].slice(dot + 1).toLowerCase();
      line = trimBlanks(line.slice(header[0].length));
    }
    const setting = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)[ \t]*/.exec(line);
    if (setting === null) continue;
    let rest = line.slice(setting[0].length);
    while (isContinued(rest) && i + 1 < lines.length) rest = rest.slice(0, -1) + lines[++i];
    settings.push({ section, subsection, key: setting[1].toLowerCase(), value: setting[2] === '' ? 'true' : parseValue(rest) });
  }
  return settings;
}

/** Does the value go on in the next line: an odd number of "\" at its end, outside a comment? */
function isContinued(value: ByteString): boolean {
  if (!/(?:^|[^\\])(?:\\\\)*\\$/.test(value)) return false;
  return !/^(?:[^"\\;#]|\\.|"(?:[^"\\]|\\.)*")*[;#]/.test(value);
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
    if (char === '\\') {
      i += 1;
      value += ESCAPED[raw[i]] ?? raw[i] ?? '';
    } else {
      value += char;
    }
    if (isQuoted || !/[ \t]/.test(char)) keptLength = value.length;
  }
  return value.slice(0, keptLength);
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
  const parts = /^([^]*?)([A-Za-z][A-Za-z0-9+.-]*):\/\/([^]*)$/.exec(url);
  if (parts === null) return url.replace(/^([^/:@]+):[^/]*@([^/:@]+:)/, '$1@$2');
  let rest = parts[3];
  // Not up to a backslash: for git it is a part of the user's name, as in "DOMAIN\user:password@host".
  const authority = rest.replace(/[/?#][^]*$/, '');
  // In "https://user:pass/word@host/x" the authority seems to end in the password. A port that is
  // no number gives that away.
  const isCutShort = /^[^@[]*:[^@]*[^0-9@]/.test(authority) && authority.indexOf('@') < 0;
  const at = isCutShort ? rest.lastIndexOf('@') : authority.lastIndexOf('@');
  const user = at >= 0 && /ssh|^git$/i.test(parts[2]) ? rest.slice(0, at).replace(/[:;][^]*$/, '') + '@' : '';
  rest = rest.slice(at + 1).replace(/[?#][^]*$/, '');
  return parts[1] + parts[2] + '://' + user + (/[A-Za-z]:\/\//.test(rest) ? stripUrlCredentials(rest) : rest);
}

// pythonmetadata.ts - what an installed Python distribution says of itself (PEP 376, 503, 610, 627). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { stripUrlCredentials } from './gitconfig.ts';

/** The one spelling of a distribution's name that all others compare equal in (PEP 503). */
export function normalizePythonName(name: ByteString): ByteString {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** The module at the top, of a file's path relative to the folder that Python searches: "numpy", "six". */
export function topModuleOf(relative: ByteString): ByteString {
  const parts = relative.split('/');
  const first = parts[0] === '__pycache__' && parts.length > 1 ? 1 : 0;
  return first < parts.length - 1 ? parts[first] : parts[first].split('.', 1)[0];
}

/** "a/__pycache__/b.cpython-311.pyc" comes from "a/b.py" (PEP 3147); any other file from itself. */
export function pythonSourceOf(relative: ByteString): ByteString {
  const cached = /^((?:.*\/)?)__pycache__\/([^/.]+)\.[^/]*\.pyc$/.exec(relative);
  return cached !== null ? cached[1] + cached[2] + '.py' : relative;
}

/** The paths in a RECORD: the first field of each line of CSV. */
export function parseRecordPaths(text: ByteString): ByteString[] {
  const found: ByteString[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line === '\r') continue;
    const quoted = line[0] === '"' ? /^"((?:[^"]|"")*)"/.exec(line) : null;
    const comma = line.indexOf(',');
    if (quoted !== null) found.push(quoted[1].replace(/""/g, '"'));
    else found.push(comma < 0 ? line.replace(/\r$/, '') : line.slice(0, comma));
  }
  return found;
}

/** Names on lines of their own, as in top_level.txt; without comments. */
export function parseNameLines(text: ByteString): ByteString[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && line[0] !== '#');
}

/** Where a distribution was installed from; `folder` if it is a folder on this machine. */
export type PythonOrigin = { isEditable: boolean; folder: ByteString | undefined; text: ByteString };

// Digits of git and Mercurial, a number of Subversion, "somebody@example.org-20260101120000-abc" of Bazaar. No URL.
const COMMIT = /^[0-9A-Za-z.@_+-]{1,300}$/;

/** direct_url.json (PEP 610); undefined if it is not one. A commit that no such system would name is left out. */
export function parseDirectUrl(text: ByteString): PythonOrigin | undefined {
  let content: { url?: unknown; dir_info?: { editable?: unknown }; vcs_info?: { vcs?: unknown; commit_id?: unknown } } | null;
  try {
    content = JSON.parse(text) as typeof content;
  } catch (error) {
    return undefined; // JSON.parse has no other failure
  }
  if (content === null || typeof content !== 'object' || typeof content.url !== 'string') return undefined;
  const url = stripUrlCredentials(content.url);
  const version = content.vcs_info;
  if (typeof version?.vcs === 'string' && typeof version.commit_id === 'string' && /^[a-z]{2,10}$/.test(version.vcs) && COMMIT.test(version.commit_id)) {
    return { isEditable: false, folder: undefined, text: version.vcs + ' ' + version.commit_id + ' ' + url };
  }
  const folder = typeof content.dir_info === 'object' && content.dir_info !== null ? decodeFileUrl(url) : undefined;
  return { isEditable: content.dir_info?.editable === true && folder !== undefined, folder, text: 'from ' + url };
}

/** The path in a "file:" URL (RFC 8089); undefined if it is of another kind, or of another host. */
export function decodeFileUrl(url: ByteString): ByteString | undefined {
  const parts = /^file:(?:\/\/(?:localhost)?(?=\/)|(?!\/\/))(\/[^?#]*)/.exec(url);
  return parts === null ? undefined : dropEndSlashes(parts[1].replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))) || '/';
}

/** Folders and files that setuptools' finder of an editable install maps modules to. */
export function parseEditableMapping(text: ByteString): ByteString[] {
  const mapping = /(?:^|\n)MAPPING(?::[^=\n]*(?:\n\s*)?|\s*)=\s*\{([^}\n]*)\}/.exec(text);
  const found: ByteString[] = [];
  const pair = /(?:'[^'\\]*'|"[^"\\]*")\s*:\s*(?:'([^'\\]*)'|"([^"\\]*)")/g;
  for (let next = mapping === null ? null : pair.exec(mapping[1]); next !== null; next = pair.exec((mapping as RegExpExecArray)[1])) found.push(next[1] ?? next[2]);
  return found;
}

// gittree.ts - a tree object of git: the names in one folder of a commit. Reads no objects.
import type { ByteString } from '../core/bytes.ts';
import { hexFromBytes } from './gitindex.ts';

/** `mode` as git has it: 0o40000 folder, 0o100644, 0o100755, 0o120000 link, 0o160000 submodule. `id` in hexadecimal digits. */
export type GitTreeEntry = { mode: number; name: ByteString; id: string };

const MODE_KINDS = [0o40000, 0o100000, 0o120000, 0o160000];

/**
 * Entries "MODE NAME NUL ID" of a tree's body; undefined if it is damaged. A name that git checks out nowhere is damage:
 * with "/", that climbs, or ".git". So is a mode of no kind that git writes, which it takes for a submodule when it reads it.
 */
export function parseGitTree(body: ByteString, idSizeBytes: number): GitTreeEntry[] | undefined {
  const entries: GitTreeEntry[] = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(' ', at);
    const end = body.indexOf('\0', space);
    if (space < 0 || end < 0 || end + 1 + idSizeBytes > body.length) return undefined;
    const mode = body.slice(at, space);
    const name = body.slice(space + 1, end);
    if (!/^[0-7]{5,6}$/.test(mode) || MODE_KINDS.indexOf(parseInt(mode, 8) & 0o170000) < 0 || /^(?:\.{0,2}|\.git)$/i.test(name) || name.indexOf('/') >= 0) return undefined;
    entries.push({ mode: parseInt(mode, 8), name, id: hexFromBytes(body.slice(end + 1, end + 1 + idSizeBytes)) });
    at = end + 1 + idSizeBytes;
  }
  return entries;
}

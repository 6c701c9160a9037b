// bounds.ts - does a name stay within a folder, whatever links stand in its way? Changes nothing.
import type { ByteString } from '../core/bytes.ts';
import { lstatIfThere } from './files.ts';
import { resolveLinks } from './machine.ts';

/**
 * The first link, or "..", in `name`, its last part included, that leads out of `root`, of which it is a name below; undefined
 * if there is none. `root` is without links. What is not there leads nowhere; a link to what is not there
 * counts as leading out, as what is made through it may lie anywhere.
 */
export function findLinkOut(root: ByteString, name: ByteString): ByteString | undefined {
  let at = root === '/' ? '' : root;
  for (const part of name.slice(at.length + 1).split('/')) {
    // No record of rr has such a name, and it would lead out without a link.
    if (part === '..') return at + '/..';
    at += '/' + part;
    const stat = lstatIfThere(at);
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) continue;
    const real = resolveLinks(at);
    if (real !== root && (real === at || !real.startsWith(root === '/' ? root : root + '/'))) return at;
  }
  return undefined;
}

/** The same without the last part, which may itself be a link: of what is put in its place. */
export function findLinkAbove(root: ByteString, name: ByteString): ByteString | undefined {
  const folder = name.slice(0, name.lastIndexOf('/'));
  return folder.length > root.length ? findLinkOut(root, folder) : undefined;
}

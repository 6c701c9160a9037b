// iri.ts - names of files and others' addresses as references (RFC 3987, RFC 3986). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { codePointAt, utf8SequenceLength } from '../core/bytes.ts';

// ":" and "@" may stand in a path, but what begins with a scheme, "_:" or "@" means something else in JSON-LD.
const PLAIN_IRI = /[A-Za-z0-9._~!$&'()*+,;=/-]/;
const PLAIN_IRIS = /^[A-Za-z0-9._~!$&'()*+,;=/-]*$/;

/** May this character over U+007F stand in an IRI (ucschar, without the marks that turn the direction of writing)? */
function isIriCharacter(code: number): boolean {
  if (code === 0x61c || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f)) return false;
  if (code < 0xa0 || (code >= 0xe000 && code < 0xf900) || (code >= 0xfdd0 && code < 0xfdf0) || code === 0xfeff) return false;
  return (code & 0xffff) < 0xfff0 && (code < 0xf0000 && (code < 0xe0000 || code >= 0xe1000));
}

/**
 * A relative path as a reference: "%", spaces and all that no IRI holds are written %XX, and bytes that
 * are not UTF-8, too; other UTF-8 stands as it is. Also fit for what follows a "#".
 */
export function encodeIri(path: ByteString): ByteString {
  if (PLAIN_IRIS.test(path)) return path;
  let encoded = '';
  for (let at = 0; at < path.length;) {
    const length = utf8SequenceLength(path, at);
    const part = path.slice(at, at + Math.max(1, length));
    const isPlain = length === 1 ? PLAIN_IRI.test(part) : length > 1 && isIriCharacter(codePointAt(path, at));
    encoded += isPlain ? part : part.replace(/[^]/g, (byte) => '%' + byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'));
    at += part.length;
  }
  return encoded;
}

/** Is it an absolute web address that can stand as it is? */
export function isWebAddress(text: ByteString): boolean {
  return /^https?:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][!#$&-;=?@A-Z_a-z~%]*)?$/.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text) && (text.match(/#/g) ?? []).length < 2;
}

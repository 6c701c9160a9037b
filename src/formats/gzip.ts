// gzip.ts - compares what two gzip files (RFC 1952) hold. Knows no decompressor and no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';

export const GZIP_MAGIC = '\x1f\x8b\x08';

const HAS_CHECK = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;

/** Fields of the header of the first member, as bytes, and all that follows it. */
type GzipFields = { [name: string]: ByteString };

/** Both contents begin with GZIP_MAGIC and are not the same; undefined if one is damaged. */
export function compareGzip(first: ByteString, second: ByteString, context: CompareContext, mostBytes: number): Comparison | undefined {
  const unpacked = [first, second].map((content) => context.unpack(content, 'gzip', mostBytes));
  const [one, other] = unpacked;
  if (one.kind === 'damaged' || other.kind === 'damaged') return undefined;
  if (one.kind === 'too large' || other.kind === 'too large') return { kind: 'unchecked', why: 'what the gzip file holds is too large' };
  const names = listDifferentFields(splitGzip(first.slice(0, one.usedBytes)), splitGzip(second.slice(0, other.usedBytes)));
  const isPadded = first.slice(one.usedBytes) !== second.slice(other.usedBytes);
  const rule = 'content of gzip' + (names.length === 0 ? '' : ' without ' + names.join(', '));
  const inner = context.compareInner(one.content, other.content, context.path.replace(/\.(?:gz|tgz|svgz)$/i, (end) => ({ '.tgz': '.tar', '.svgz': '.svg' }[end.toLowerCase()] ?? '')));
  if (inner.kind === 'unchecked') return inner;
  if (isPadded && inner.kind !== 'different') return { kind: 'different', rule, detail: 'only the bytes behind the last member differ', causes: [] };
  if (inner.kind === 'identical') return { kind: 'equivalent', rule, detail: 'what is packed is identical' };
  return { ...inner, rule: rule + '; ' + inner.rule };
}

function listDifferentFields(fields: GzipFields, others: GzipFields): string[] {
  return Object.keys(fields).filter((name) => fields[name] !== others[name]);
}

function splitGzip(content: ByteString): GzipFields {
  const flags = content.charCodeAt(3);
  const fields: GzipFields = { time: content.slice(4, 8), flags: content[3] + content[8], system: content[9], extra: '', name: '', comment: '', compression: '' };
  let at = 10;
  if ((flags & HAS_EXTRA) !== 0) {
    const end = at + 2 + content.charCodeAt(at) + 256 * content.charCodeAt(at + 1);
    fields.extra = content.slice(at, end);
    at = end;
  }
  for (const [flag, name] of [[HAS_NAME, 'name'], [HAS_COMMENT, 'comment']] as [number, string][]) {
    if ((flags & flag) === 0) continue;
    const end = content.indexOf('\0', at);
    fields[name] = content.slice(at, end);
    at = end + 1;
  }
  if ((flags & HAS_CHECK) !== 0) at += 2;
  fields.compression = content.slice(at);
  return fields;
}

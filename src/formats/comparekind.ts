// comparekind.ts - finds the kind of two contents and compares them by it. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { findCauses } from '../core/causes.ts';
import type { BinaryContext } from './binarykind.ts';
import { BINARY_DEPTH, compareBinary, recognizeBinary, startUnpackBudget } from './binarykind.ts';
import { bytesOfText, textOfBytes } from './bytewindow.ts';
import { compareAsBytes } from './comparebytes.ts';
import { compareJson } from './comparejson.ts';
import { compareTables } from './comparetable.ts';
import { compareText, looksLikeText } from './comparetext.ts';
import { GZIP_MAGIC, compareGzip } from './gzip.ts';
import { PDF_MAGIC, cutPdf } from './pdf.ts';
import { POSTSCRIPT_MAGIC, cutPostScript } from './postscript.ts';
import { compareSegments } from './segments.ts';
import { cutSvg, looksLikeSvg } from './svg.ts';

/** What is unpacked of one content; a string cannot be much longer than twice that. */
const MOST_UNPACKED_BYTES = 256 << 20;

/** What a comparison is given from outside. */
export type KindContext = Pick<CompareContext, 'path' | 'tolerance' | 'hints' | 'unpack'> & Pick<BinaryContext, 'inflateZlib' | 'inflateRaw'>;

/** How `second` stands to `first`, by the rules of their kind (docs/comparison.txt). Throws nothing. */
export function compareByKind(first: ByteString, second: ByteString, context: KindContext): Comparison {
  const { tolerance, inflateZlib, inflateRaw, hints, path } = context;
  const compareMember = (name: ByteString, one: Uint8Array, other: Uint8Array, inner: BinaryContext): Comparison =>
    compareNested(textOfBytes(one), textOfBytes(other), { ...spendUnpacking(context, inner), path: name }, inner);
  const binary: BinaryContext = { tolerance, inflateZlib, inflateRaw, budget: startUnpackBudget(), depthLeft: BINARY_DEPTH, compareMember };
  return compareNested(first, second, { ...spendUnpacking(context, binary), hints, path }, binary);
}

/** The same with all that is unpacked taken from one budget. */
function spendUnpacking(context: KindContext, { budget }: BinaryContext): KindContext {
  return {
    ...context,
    unpack: (data, format, limitBytes) => {
      const unpacked = context.unpack(data, format, Math.min(limitBytes, budget.bytesLeft));
      if (unpacked.kind === 'inflated') budget.bytesLeft -= unpacked.content.length;
      return unpacked;
    },
  };
}

function compareNested(first: ByteString, second: ByteString, context: KindContext, binary: BinaryContext): Comparison {
  if (first === second) return { kind: 'identical' };
  const haveBoth = (magic: string): boolean => first.startsWith(magic) && second.startsWith(magic);
  const packer = PACKERS.find(([, magic]) => haveBoth(magic));
  if (packer !== undefined) return { kind: 'unchecked', why: 'rr cannot unpack ' + packer[0] };
  if (haveBoth(GZIP_MAGIC)) return compareGzipNested(first, second, context, binary) ?? compareUnknown(first, second, context);
  const kind = recognizeStart(first);
  if (kind !== undefined && kind === recognizeStart(second)) return compareBinary(kind, bytesOfText(first), bytesOfText(second), binary);
  if (haveBoth(PDF_MAGIC)) return comparePdf(first, second, context);
  if (haveBoth(POSTSCRIPT_MAGIC)) return compareSegments('PostScript', cutPostScript(first), cutPostScript(second), context);
  if (looksLikeText(first) && looksLikeText(second)) return compareTexts(first, second, context);
  return compareUnknown(first, second, context);
}

/** What is packed so that Node.js alone cannot unpack it everywhere. */
const PACKERS: [string, string][] = [
  ['xz', '\xfd7zXZ\0'], ['bzip2', 'BZh'], ['zstd', '\x28\xb5\x2f\xfd'], ['7z', '7z\xbc\xaf\x27\x1c'], ['lz4', '\x04\x22\x4d\x18'],
];

const RECOGNIZED_BYTES = 1024;

function recognizeStart(content: ByteString): ReturnType<typeof recognizeBinary> {
  return recognizeBinary(bytesOfText(content.slice(0, RECOGNIZED_BYTES)));
}

function compareGzipNested(first: ByteString, second: ByteString, context: KindContext, binary: BinaryContext): Comparison | undefined {
  if (binary.depthLeft <= 0) return { kind: 'unchecked', why: 'archives are nested too deep' };
  const inner = { ...binary, depthLeft: binary.depthLeft - 1 };
  const compareInner = (one: ByteString, other: ByteString, path: ByteString): Comparison => compareNested(one, other, { ...context, path }, inner);
  return compareGzip(first, second, { ...context, compareInner }, MOST_UNPACKED_BYTES);
}

function comparePdf(first: ByteString, second: ByteString, context: KindContext): Comparison {
  const [reading, other] = [first, second].map((content) => cutPdf(content, context.unpack, MOST_UNPACKED_BYTES));
  if (reading.kind === 'unreadable') return { kind: 'unchecked', why: 'the first PDF cannot be read: ' + reading.why };
  if (other.kind === 'unreadable') return { kind: 'unchecked', why: 'the second PDF cannot be read: ' + other.why };
  return compareSegments('PDF', reading.segments, other.segments, context);
}

/** JSON and tables are told by what is in them: a name may be anything. */
function compareTexts(first: ByteString, second: ByteString, context: KindContext): Comparison {
  if (looksLikeSvg(first) && looksLikeSvg(second)) return compareSegments('SVG', cutSvg(first), cutSvg(second), context);
  const isNamedTable = /\.(?:csv|tsv|tab)$/i.test(context.path);
  return compareJson(first, second, context) ?? compareTables(first, second, context, isNamedTable) ?? compareText(first, second, context);
}

/** Bytes; lines mean nothing in them. */
function compareUnknown(first: ByteString, second: ByteString, context: KindContext): Comparison {
  const compared = compareAsBytes(first, second);
  if (compared.kind !== 'different') return compared;
  return { ...compared, causes: findCauses(first, second, context.hints).filter((cause) => cause === 'build path' || cause === 'time stamp') };
}

// gobuildinfo.ts - version, modules and settings that Go's linker writes into a program (Go's debug/buildinfo).
// Knows no DWARF and no files.
import type { ByteString } from '../core/bytes.ts';
import type { ByteSource } from './bytewindow.ts';
import { bytesAt, isSpent, startCursor, takeUleb128, textAt, textOfBytes, uintAt } from './bytewindow.ts';
import type { ElfFile, ElfSection } from './elffile.ts';
import { findOffset, sourceOfSection } from './elffile.ts';

/** What Go's linker writes into a program; `settings` are "-compiler=gc", "CGO_ENABLED=1" and the like. */
export type GoFacts = { version: ByteString; modules: { name: ByteString; version: ByteString }[]; settings: ByteString[] };

const GO_MAGIC = '\xff Go buildinf:';
const GO_FLAG_INLINE = 2;
const LONGEST_GO_TEXT_BYTES = 1 << 20;
const GO_MARK_BYTES = 16;

/** From the section .go.buildinfo; undefined without it. */
export function readGoFacts(file: ElfFile, section: ElfSection | undefined): GoFacts | undefined {
  if (section === undefined) return undefined;
  const source = sourceOfSection(file, section);
  if (textAt(source, 0, GO_MAGIC.length) !== GO_MAGIC) return undefined;
  const texts = (uintAt(source, 15, 1) & GO_FLAG_INLINE) !== 0 ? readInlineTexts(source) : readPointedTexts(file, source);
  if (texts[0] === '') return undefined;
  const facts: GoFacts = { version: texts[0], modules: [], settings: [] };
  // The text of modules stands between two marks, by which running programs find it.
  const lines = texts[1].slice(GO_MARK_BYTES, -GO_MARK_BYTES).split('\n');
  for (const line of lines) {
    const [kind, name, version] = line.split('\t');
    if (kind === 'build' && name !== undefined) facts.settings.push(name);
    if ((kind === 'mod' || kind === 'dep') && name !== undefined) facts.modules.push({ name, version: version ?? '' });
    // "=>" says what was taken in place of the module before.
    if (kind === '=>' && name !== undefined && facts.modules.length > 0) facts.modules[facts.modules.length - 1] = { name, version: version ?? '' };
  }
  return facts;
}

/** Since Go 1.18: two texts with their lengths before them. */
function readInlineTexts(source: ByteSource): ByteString[] {
  const cursor = startCursor(source, 32);
  const texts: ByteString[] = [];
  for (let i = 0; i < 2; i++) {
    const lengthBytes = takeUleb128(cursor);
    if (isSpent(cursor)) return ['', ''];
    texts.push(textOfBytes(bytesAt(source, cursor.at, Math.min(lengthBytes, LONGEST_GO_TEXT_BYTES))));
    cursor.at += lengthBytes;
  }
  return texts;
}

/** Before Go 1.18: addresses of two texts, each of which is an address and a length. */
function readPointedTexts(file: ElfFile, source: ByteSource): ByteString[] {
  const wordBytes = uintAt(source, 14, 1) === 4 ? 4 : 8;
  return [0, 1].map((i) => {
    const headAt = findOffset(file, uintAt(source, 16 + i * wordBytes, wordBytes));
    if (headAt === undefined) return '';
    const textAddress = findOffset(file, uintAt(file.whole, headAt, wordBytes));
    const lengthBytes = uintAt(file.whole, headAt + wordBytes, wordBytes);
    return textAddress === undefined ? '' : textOfBytes(bytesAt(file.whole, textAddress, Math.min(lengthBytes, LONGEST_GO_TEXT_BYTES)));
  });
}

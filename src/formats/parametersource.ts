// parametersource.ts - a text that parameters are read from: where its lines are, and refusing what is not read. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { codePointAt, utf8SequenceLength } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { ParameterScalar, ScalarType, UnreadableParameter } from '../core/parameters.ts';

/** The code point as UTF-8. */
export function encodeCodePoint(point: number): ByteString {
  if (point < 0x80) return String.fromCharCode(point);
  if (point < 0x800) return String.fromCharCode(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
  if (point < 0x10000) return String.fromCharCode(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  return String.fromCharCode(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
}

export const BYTE_ORDER_MARK = '\xef\xbb\xbf';

export class ParameterSource {
  readonly text: ByteString;
  /** Names the text in faults. */
  readonly file: ByteString;
  private readonly lineEnds: number[] = [];
  constructor(text: ByteString, file: ByteString) {
    this.text = text;
    this.file = file;
  }

  /** Another text of the same length, with the same places. */
  withText(text: ByteString): ParameterSource {
    return new ParameterSource(text, this.file);
  }

  lineAt(at: number): number {
    if (this.lineEnds.length === 0) for (let end = this.text.indexOf('\n'); end >= 0; end = this.text.indexOf('\n', end + 1)) this.lineEnds.push(end);
    let [low, high] = [0, this.lineEnds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lineEnds[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }

  /** The text is not one that rr reads: throws Failure. */
  refuse(at: number, what: ByteString): never {
    throw new Failure('cannot read "' + this.file + '": line ' + String(this.lineAt(at)) + ': ' + what, 'what rr reads of such files is told in rr(1), "PARAMETER FILES"', EXIT.refused);
  }

  scalar(type: ScalarType, value: ByteString, start: number, end: number): ParameterScalar {
    return { kind: 'scalar', type, value, spelled: this.text.slice(start, end), start, end };
  }

  unreadable(at: number, why: ByteString): UnreadableParameter {
    return { kind: 'unreadable', why, line: this.lineAt(at) };
  }

  /** Where the text begins: behind a byte order mark, if there is one. */
  get start(): number {
    return this.text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  }

  /** Refuses a text that is not UTF-8, or has a character of which `isWrong` says so. Bytes below 80 are not asked about. */
  checkUtf8(isWrong: (point: number) => boolean): void {
    const wide = /[\x80-\xff]/g;
    wide.lastIndex = this.start;
    for (let found = wide.exec(this.text); found !== null; found = wide.exec(this.text)) {
      const length = utf8SequenceLength(this.text, found.index);
      if (length === 0) this.refuse(found.index, 'bytes that are not UTF-8');
      const point = codePointAt(this.text, found.index);
      if (isWrong(point)) this.refuse(found.index, 'the character U+' + point.toString(16).toUpperCase().padStart(4, '0'));
      wide.lastIndex = found.index + length;
    }
  }

  /** Refuses a text with a byte that `pattern` finds, which is global. */
  checkBytes(pattern: RegExp, what: string): void {
    pattern.lastIndex = 0;
    const found = pattern.exec(this.text);
    if (found !== null) this.refuse(found.index, what);
  }
}

// printedreader.ts - what a run prints, as it comes: lines out of pieces, series out of lines, how far it is. Knows no clock, and no more of a line than its end.
import type { ByteString } from '../core/bytes.ts';
import { SeriesCollector } from '../core/series.ts';
import { matchPattern } from './metricrule.ts';
import type { MetricRule } from './metricrule.ts';
import { isHopeless, isPromising, LONGEST_PRINTED_LINE, plainLine, readPrintedLine } from './printedline.ts';
import type { PrintedCounter } from './printedline.ts';

/** How far a run is: 0..1, and the counter that says so. */
export type RunProgress = { fraction: number; at: number | undefined; of: number | undefined };

/** A stream whose last line has not come to its end. `isLost`: that line is too long, or its beginning was not seen. */
type OpenLine = { text: ByteString; isLost: boolean };

/** Where a run is: in an epoch, and in that at a step. */
class Position {
  private outer: PrintedCounter | undefined;
  private inner: PrintedCounter | undefined;
  private base: number | undefined;
  private innerOf: number | undefined;
  /** The last step before the epoch changed: one that goes on counting from there counts from the start of the run. */
  private before: number | undefined;
  private isInnerWhole = false;

  move(counters: PrintedCounter[]): void {
    for (const counter of counters.filter((one) => one.isOuter).slice(0, 1)) {
      this.base = this.base ?? (counter.at === 0 ? 0 : 1);
      if (this.outer !== undefined && this.outer.at !== counter.at) {
        this.before = this.inner?.at ?? this.before;
        this.inner = undefined;
      }
      this.outer = counter.of === undefined && this.outer !== undefined ? { ...counter, of: this.outer.of } : counter;
    }
    for (const counter of counters.filter((one) => !one.isOuter).slice(0, 1)) {
      if (this.inner === undefined && this.before !== undefined && counter.at > this.before) this.isInnerWhole = true;
      this.inner = counter;
      this.innerOf = counter.of ?? this.innerOf;
    }
  }

  step(): number | undefined {
    const { outer, inner, innerOf } = this;
    if (outer === undefined || (inner !== undefined && (this.isInnerWhole || innerOf === undefined))) return inner?.at;
    return innerOf === undefined || this.isInnerWhole ? outer.at : (outer.at - (this.base as number)) * innerOf + (inner?.at ?? 0);
  }

  progress(): RunProgress | undefined {
    const { outer, inner } = this;
    const innerPart = inner?.of === undefined || inner.of === 0 ? undefined : inner.at / inner.of;
    if (outer?.of !== undefined && outer.of > 0) {
      const base = this.base as number;
      const begun = outer.at - base;
      const fraction = this.innerOf === undefined || this.isInnerWhole ? (outer.at - base + 1) / outer.of : (begun + (innerPart ?? 0)) / outer.of;
      return { fraction: Math.min(1, fraction), at: outer.at, of: outer.of };
    }
    return innerPart === undefined ? undefined : { fraction: Math.min(1, innerPart), at: inner?.at, of: inner?.of };
  }
}

/** Where it stands next; the end of the text if it does not. */
function placeOfMark(mark: string, text: ByteString, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

const LF = 10;
const CR = 13;
const MOST_BEFORE = 200;

export class PrintedReader {
  readonly found = new SeriesCollector();
  /** How far the run said that it is; undefined if it has not. */
  progress: RunProgress | undefined;
  private readonly rule: MetricRule;
  private readonly open: { [stream: string]: OpenLine } = {};
  private readonly position = new Position();

  constructor(rule: MetricRule) {
    this.rule = rule;
  }

  private openLine(stream: string): OpenLine {
    if (this.open[stream] === undefined) this.open[stream] = { text: '', isLost: false };
    return this.open[stream];
  }

  /** The next bytes of a stream, `atS` seconds after the start of the run. */
  feed(stream: string, data: ByteString, atS: number | undefined): void {
    const line = this.openLine(stream);
    const text = line.text + data;
    if (this.rule.patterns.length === 0 && !isPromising(text)) return this.passOver(line, text);
    let from = 0;
    // The next of each; text.length if there is none, so that nothing is looked for twice.
    let [feed, back] = [-1, -1];
    for (;;) {
      if (feed < from) feed = placeOfMark('\n', text, from);
      if (back < from) back = placeOfMark('\r', text, from);
      // A line ends with CR, too, if that is not the first half of CR LF.
      const end = back < feed - 1 ? back : feed;
      if (end >= text.length || (text[end] === '\r' && end === text.length - 1)) break;
      if (!line.isLost) this.readLine(text.slice(from, end), text[end] === '\r', atS);
      line.isLost = false;
      from = end + 1;
    }
    this.keepRest(line, text, from);
  }

  /**
   * Takes the next bytes of a stream if they are sure to hold nothing to be read, at a small part of what feed()
   * costs; false if they are not, and then they are to be fed.
   */
  pass(stream: string, data: Uint8Array, toText: (from: number) => ByteString): boolean {
    const line = this.openLine(stream);
    // With what stands before them in their line they may be more.
    if (this.rule.patterns.length > 0 || line.text.length > MOST_BEFORE || !isHopeless(data) || !isHopeless(Uint8Array.from(line.text, (byte) => byte.charCodeAt(0)))) return false;
    const end = Math.max(data.lastIndexOf(LF), data.lastIndexOf(CR, -2));
    if (end < 0) return false;
    line.isLost = false;
    line.text = '';
    this.keepRest(line, toText(end + 1), 0);
    return true;
  }

  /** Nothing here can be read for anything: only where the last line begins counts. */
  private passOver(line: OpenLine, text: ByteString): void {
    const end = Math.max(text.lastIndexOf('\n'), text.slice(0, -1).lastIndexOf('\r'));
    if (end >= 0) line.isLost = false;
    this.keepRest(line, text, end + 1);
  }

  private keepRest(line: OpenLine, text: ByteString, from: number): void {
    if (text.length - from > LONGEST_PRINTED_LINE + 1) line.isLost = true;
    // Of a line that is lost only a CR at its end is to be known.
    line.text = line.isLost ? (text.length > from && text[text.length - 1] === '\r' ? '\r' : '') : text.slice(from);
  }

  /** What comes of the stream from now on does not follow what was fed before. */
  skip(stream: string): void {
    const line = this.openLine(stream);
    line.text = '';
    line.isLost = true;
  }

  /** The streams have ended: a last line needs no end. */
  end(atS: number | undefined): void {
    for (const stream of Object.keys(this.open)) {
      const { text, isLost } = this.open[stream];
      if (!isLost && text !== '') this.readLine(text.replace(/\r$/, ''), false, atS);
      this.open[stream] = { text: '', isLost: false };
    }
  }

  private readLine(raw: ByteString, isRedrawn: boolean, atS: number | undefined): void {
    if (raw.length < 3 || raw.length > LONGEST_PRINTED_LINE) return;
    const { rule } = this;
    for (const pattern of rule.patterns) {
      const match = matchPattern(pattern, plainLine(raw));
      if (match === undefined) continue;
      if (match.step !== undefined) this.position.move([{ isOuter: false, at: match.step, of: undefined }]);
      const step = match.step ?? this.position.step();
      for (const { name, value } of match.pairs) this.found.add(name, { atS, step, value }, isRedrawn);
      return;
    }
    const line = readPrintedLine(raw);
    if (line === undefined) return;
    this.position.move(line.counters);
    this.progress = line.percent !== undefined ? { fraction: line.percent / 100, at: undefined, of: undefined } : this.position.progress() ?? this.progress;
    if (rule.isOff) return;
    const step = this.position.step();
    for (const { name, value } of line.pairs) if (rule.takes === undefined || rule.takes(name)) this.found.add(name, { atS, step, value }, isRedrawn);
  }
}

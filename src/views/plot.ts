// plot.ts - a curve drawn with characters, for a terminal. Knows no runs and no terminal.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import { cutToWidth, displayWidth } from './table.ts';

/** `label` says whose it is. A point that is not finite is a gap. */
export type PlotCurve = { label: ByteString; points: { x: number; y: number }[] };

/** `isPlain`: with ASCII alone; else one curve is drawn in Braille, whose characters have 2 x 4 dots each. */
export type PlotStyle = { columns: number; rows: number; isPlain: boolean; isLog: boolean; xTitle: string };

const FEWEST_COLUMNS = 30;
const CURVE_MARKS = 'abcdefghijklmnopqrstuvwxyz';
// Bits of the dots of a Braille character (Unicode 2800), by row and column.
const BRAILLE_DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/** Four digits at most, without zeros that say nothing. */
export function printTick(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-4) return value.toExponential(2).replace(/\.?0+e/, 'e').replace('e+', 'e');
  return String(Number(value.toPrecision(4)));
}

/** Round numbers (1, 2 or 5 times a power of ten) within a range, at most so many. */
export function listTicks(low: number, high: number, most: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const raw = span / Math.max(1, most - 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw * 0.999999) as number;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= Math.floor(high / step + 1e-9) && ticks.length < most + 2; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks.length === 0 ? [low] : ticks;
}

/** The same for logarithms to base 10: of 1, 2 and 5 times powers of ten, or of these alone where they are many. */
function listLogTicks(low: number, high: number, most: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power++) for (const factor of [1, 2, 5]) ticks.push(power + Math.log10(factor));
  const inside = ticks.filter((tick) => tick >= low - 1e-9 && tick <= high + 1e-9);
  if (inside.length <= most) return inside.length >= 2 ? inside : listTicks(low, high, most);
  return listTicks(low, high, most).filter((tick) => high - low < 1 || Number.isInteger(tick));
}

type PlotRange = { low: number; high: number };

function rangeOf(values: number[]): PlotRange | undefined {
  let range: PlotRange | undefined;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (range === undefined) range = { low: value, high: value };
    else range = { low: Math.min(range.low, value), high: Math.max(range.high, value) };
  }
  return range;
}

/** One that has a width, around a single value, too. */
function widenRange({ low, high }: PlotRange): PlotRange {
  if (high > low) return { low, high };
  const half = Math.abs(low) / 2 || 1;
  return { low: low - half, high: high + half };
}

/** Dots of a picture: what has been drawn into each. */
class DotCanvas {
  readonly cells: number[][];
  readonly width: number;
  readonly height: number;
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.cells = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  }
  private dot(x: number, y: number, mark: number): void {
    this.cells[this.height - 1 - y][x] = mark;
  }
  /** A straight line between two dots. */
  line(fromX: number, fromY: number, toX: number, toY: number, mark: number): void {
    const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
    for (let i = 0; i <= steps; i++) this.dot(Math.round(fromX + ((toX - fromX) * i) / steps), Math.round(fromY + ((toY - fromY) * i) / steps), mark);
  }
}

function drawCurve(canvas: DotCanvas, curve: PlotCurve, x: PlotRange, y: PlotRange, mark: number): void {
  let before: [number, number] | undefined;
  for (const point of curve.points) {
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) {
      before = undefined;
      continue;
    }
    const at: [number, number] = [Math.round(((point.x - x.low) / (x.high - x.low)) * (canvas.width - 1)), Math.round(((point.y - y.low) / (y.high - y.low)) * (canvas.height - 1))];
    canvas.line(before === undefined ? at[0] : before[0], before === undefined ? at[1] : before[1], at[0], at[1], mark);
    before = at;
  }
}

function printBrailleRow(canvas: DotCanvas, row: number): ByteString {
  let text = '';
  for (let column = 0; column < canvas.width / 2; column++) {
    let bits = 0;
    for (let y = 0; y < 4; y++) for (let x = 0; x < 2; x++) if (canvas.cells[row * 4 + y][column * 2 + x] !== 0) bits |= BRAILLE_DOTS[y][x];
    text += bits === 0 ? ' ' : '\xe2' + String.fromCharCode(0xa0 | (bits >> 6), 0x80 | (bits & 63));
  }
  return text;
}

function printMarkedRow(canvas: DotCanvas, row: number, isOne: boolean): ByteString {
  return canvas.cells[row].map((mark) => (mark === 0 ? ' ' : isOne ? '*' : CURVE_MARKS[(mark - 1) % CURVE_MARKS.length])).join('');
}

/** The line below the picture: round numbers where they belong. */
function printXTicks(range: PlotRange, width: number, margin: number): string {
  let text = '';
  for (const tick of listTicks(range.low, range.high, Math.max(2, Math.floor(width / 12)))) {
    const label = printTick(tick);
    const at = Math.round(((tick - range.low) / (range.high - range.low)) * (width - 1));
    const from = Math.min(Math.max(0, at - Math.floor(label.length / 2)), width - label.length);
    if (from < text.length + (text === '' ? 0 : 1)) continue;
    text = text.padEnd(from) + label;
  }
  return ' '.repeat(margin) + text;
}

/** The picture, lines of at most `columns`; '' if there is nothing that can be drawn. */
export function printPlot(curves: PlotCurve[], style: PlotStyle): ByteString {
  const { isLog, rows } = style;
  // A logarithm there is only of what is above 0.
  const scaled = curves.map((curve) => ({ label: curve.label, points: curve.points.map(({ x, y }) => ({ x, y: isLog ? (y > 0 ? Math.log10(y) : NaN) : y })) }));
  const drawn = scaled.map((curve) => curve.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
  const all = drawn.reduce((one, other) => one.concat(other), []);
  const [xRange, yRange] = [rangeOf(all.map(({ x }) => x)), rangeOf(all.map(({ y }) => y))];
  if (xRange === undefined || yRange === undefined) return '';
  const [x, y] = [widenRange(xRange), widenRange(yRange)];
  const labelOf = (value: number): string => printTick(isLog ? 10 ** value : value);
  const ticks = new Map<number, string>();
  for (const tick of (isLog ? listLogTicks : listTicks)(y.low, y.high, Math.max(3, Math.floor(rows / 3)))) ticks.set(rows - 1 - Math.round(((tick - y.low) / (y.high - y.low)) * (rows - 1)), labelOf(tick));
  const margin = Math.max(...Array.from(ticks.values(), (label) => label.length));
  const width = Math.max(FEWEST_COLUMNS, style.columns) - margin - 2;
  const isBraille = !style.isPlain && curves.length === 1;
  const canvas = isBraille ? new DotCanvas(width * 2, rows * 4) : new DotCanvas(width, rows);
  scaled.forEach((curve, i) => drawCurve(canvas, curve, x, y, i + 1));
  const lines: ByteString[] = [];
  for (let row = 0; row < rows; row++) {
    const label = ticks.get(row);
    const text = isBraille ? printBrailleRow(canvas, row) : printMarkedRow(canvas, row, curves.length === 1);
    lines.push((label ?? '').padStart(margin) + (label === undefined ? ' |' : ' +') + dropAtEnd(text, ' '));
  }
  lines.push(' '.repeat(margin) + ' +' + '-'.repeat(width), printXTicks(x, width, margin + 2));
  lines.push(' '.repeat(margin + 2 + Math.max(0, Math.floor((width - displayWidth(style.xTitle)) / 2))) + style.xTitle);
  if (curves.length > 1) curves.forEach((curve, i) => lines.push(cutToWidth(CURVE_MARKS[i % CURVE_MARKS.length] + '  ' + curve.label, Math.max(FEWEST_COLUMNS, style.columns))));
  return lines.map((line) => dropAtEnd(line, ' ') + '\n').join('');
}

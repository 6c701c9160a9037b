// series.ts - values that a run gave while it ran, one after another, and what it used. Knows no files and no spelling.
import type { ByteString } from './bytes.ts';

/** One value of a metric. */
export type SeriesPoint = {
  /** Seconds after the start of the run; undefined where only the order is known (a file read at the end). */
  atS: number | undefined;
  /** Epoch, iteration or step that the run itself told with it. */
  step: number | undefined;
  /** As printed: a decimal number, 'nan', 'inf'. */
  value: ByteString;
};

export type Series = { name: ByteString; points: SeriesPoint[] };

/** What all processes of a run used at one moment, or since the sample before. */
export type ResourceSample = {
  atS: number;
  /** Processors in use since the sample before: 1.5 is one and a half. */
  cpus: number;
  /** Resident memory of all processes. */
  memoryBytes: number;
  /** Since the sample before; undefined where the system does not tell. */
  readBytes: number | undefined;
  writtenBytes: number | undefined;
  processes: number;
  /** 0..100, of all GPUs together; undefined where no tool tells. */
  gpuPercent?: number;
  gpuMemoryBytes?: number;
};

/** More of a file is not recorded: what has more values is data. */
export const MOST_METRICS = 1000;
/** Longer texts are no metrics. */
export const LONGEST_METRIC_BYTES = 200;

/** So many points a series keeps, whatever the length of the run. */
export const MOST_SERIES_POINTS = 2000;
/** Of more names than these only the last value is known. */
export const MOST_SERIES = 100;
/** Of more names than these nothing is known. */
export const MOST_SERIES_NAMES = 1000;

type GrowingSeries = { points: SeriesPoint[]; last: SeriesPoint; count: number; stride: number; isLastKept: boolean; isLastRedrawn: boolean };

/** A text of its own: a piece of a longer text keeps all of that in memory, in V8. */
function detachText(text: ByteString): ByteString {
  return (' ' + text).slice(1);
}

/** Gathers points in bounded memory: of a long series every second, fourth, eighth ... is kept, and the last. */
export class SeriesCollector {
  private readonly all = new Map<ByteString, GrowingSeries>();
  /** `isRedrawn`: it takes the place of a value that was told before for the same step, on a line that was drawn over. */
  add(name: ByteString, added: SeriesPoint, isRedrawn: boolean): void {
    const point = { ...added, value: detachText(added.value) };
    const one = this.all.get(name);
    if (one === undefined) {
      if (this.all.size < MOST_SERIES_NAMES) this.all.set(detachText(name), { points: this.all.size < MOST_SERIES ? [point] : [], last: point, count: 1, stride: 1, isLastKept: true, isLastRedrawn: isRedrawn });
      return;
    }
    const isSameStep = point.step !== undefined && point.step === one.last.step && one.isLastRedrawn;
    one.last = point;
    one.isLastRedrawn = isRedrawn;
    if (one.points.length === 0) return;
    if (isSameStep) {
      if (one.isLastKept) one.points[one.points.length - 1] = point;
      return;
    }
    one.isLastKept = one.count % one.stride === 0;
    one.count += 1;
    if (!one.isLastKept) return;
    one.points.push(point);
    // One place is left for the last point.
    if (one.points.length < MOST_SERIES_POINTS) return;
    one.points = one.points.filter((_, i) => i % 2 === 0);
    one.stride *= 2;
    one.isLastKept = one.points[one.points.length - 1] === point;
  }
  /** Those with more than one point, in the order in which their names came. */
  series(): Series[] {
    const found: Series[] = [];
    for (const [name, one] of this.all) {
      const points = one.points.length === 0 || one.isLastKept ? one.points : one.points.concat(one.last);
      if (points.length > 1) found.push({ name, points });
    }
    return found;
  }
  /** The last value of each name. */
  lastValues(): { name: ByteString; value: ByteString }[] {
    return Array.from(this.all, ([name, one]) => ({ name, value: one.last.value }));
  }
}

/** So many samples are kept of a run, whatever its length. */
export const MOST_SAMPLES = 2000;

function sumOfKnown(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : one + (other ?? 0);
}

function largerOfKnown(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one;
}

/** One sample of two neighbours: means over the time, sums, and of what is in use the larger. `beforeS`: the time of the sample before both. */
export function mergeSamples(one: ResourceSample, other: ResourceSample, beforeS: number): ResourceSample {
  const [firstS, secondS] = [one.atS - beforeS, other.atS - one.atS];
  const merged: ResourceSample = {
    atS: other.atS, cpus: firstS + secondS > 0 ? (one.cpus * firstS + other.cpus * secondS) / (firstS + secondS) : other.cpus, memoryBytes: Math.max(one.memoryBytes, other.memoryBytes),
    readBytes: sumOfKnown(one.readBytes, other.readBytes), writtenBytes: sumOfKnown(one.writtenBytes, other.writtenBytes), processes: Math.max(one.processes, other.processes),
  };
  const gpuPercent = one.gpuPercent === undefined || other.gpuPercent === undefined ? other.gpuPercent ?? one.gpuPercent : (one.gpuPercent + other.gpuPercent) / 2;
  if (gpuPercent !== undefined) merged.gpuPercent = gpuPercent;
  const gpuMemoryBytes = largerOfKnown(one.gpuMemoryBytes, other.gpuMemoryBytes);
  if (gpuMemoryBytes !== undefined) merged.gpuMemoryBytes = gpuMemoryBytes;
  return merged;
}

/** Half as many samples of the same time. */
export function halveSamples(samples: ResourceSample[]): ResourceSample[] {
  const halved: ResourceSample[] = [];
  for (let i = 0; i < samples.length; i += 2) {
    const beforeS = i === 0 ? 0 : samples[i - 1].atS;
    halved.push(i + 1 < samples.length ? mergeSamples(samples[i], samples[i + 1], beforeS) : samples[i]);
  }
  return halved;
}

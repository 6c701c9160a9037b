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

// measures.ts - what a run gives and uses while it runs: metrics, series and resources beside its logs. Starts nothing.
import { MOST_METRICS } from '../core/series.ts';
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { Run } from '../core/run.ts';
import type { ResourceSample, Series } from '../core/series.ts';
import { readMetricRule } from '../formats/metricrule.ts';
import type { MetricRule } from '../formats/metricrule.ts';
import { printResources, printSeries } from '../formats/series.ts';
import { printRunProgress } from '../views/progress.ts';
import { readMonotonicMs } from './clock.ts';
import { fs } from './node.ts';
import { statIfThere, toFsPath } from './files.ts';
import { LiveLine } from './liveline.ts';
import { readMetrics } from './metrics.ts';
import { beginPrinted, readPrintedLogs } from './printed.ts';
import type { PrintedMetrics } from './printed.ts';
import type { Project } from './project.ts';

/** How far a run is at the bottom of the terminal, for as long as it does not draw there itself. */
class RunLine {
  private readonly live: LiveLine;
  private readonly printed: PrintedMetrics;
  private readonly startMs = readMonotonicMs();
  private first: { fraction: number; ms: number } | undefined;
  private isOff = false;

  constructor(printed: PrintedMetrics) {
    this.printed = printed;
    this.live = new LiveLine(true, (columns) => this.print(columns));
  }

  /** The command prints this now. */
  noteOutput(data: Buffer): void {
    if (this.isOff) return;
    const text = data.toString('latin1');
    // What goes back in its line, or moves the cursor, would be in the way of a line of rr, and it in its.
    if (/\r[^\r\n]|\x08|\x1b(?!\[[0-9;:]*m)/.test(text)) this.close();
    else this.live.noteOutput(data);
  }

  private print(columns: number): ByteString {
    const { progress } = this.printed;
    if (progress === undefined) return '';
    const nowMs = readMonotonicMs();
    // What was done before rr knew of it tells nothing of how fast it goes.
    if (this.first === undefined || progress.fraction < this.first.fraction) this.first = { fraction: progress.fraction, ms: nowMs };
    const done = progress.fraction - this.first.fraction;
    const leftS = done > 0 ? (1 - progress.fraction) * (nowMs - this.first.ms) / done / 1000 : undefined;
    return printRunProgress({ ...progress, elapsedS: (nowMs - this.startMs) / 1000, leftS }, columns);
  }

  close(): void {
    if (!this.isOff) this.live.close();
    this.isOff = true;
  }
}

/** The rule of a record, which strangers may have written: what is none is off. */
function readRecordedRule(run: Run): MetricRule {
  if (run.metricsFrom.length === 0) return { isOff: false, takes: undefined, patterns: [] };
  try {
    return readMetricRule(run.metricsFrom);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    run.warnings.push('what it printed was not read for metrics: ' + error.message);
    return { isOff: true, takes: undefined, patterns: [] };
  }
}

/** Is there anything to be looked for in what the run prints? */
function isReading(rule: MetricRule): boolean {
  return !rule.isOff || rule.patterns.length > 0;
}

export class RunMeasures {
  /** There once something was printed, if that is to be read. */
  printed: PrintedMetrics | undefined;
  private readonly rule: MetricRule;
  private readonly isRead: boolean;
  private readonly line: RunLine | undefined;
  private readonly startMs = readMonotonicMs();

  /** `isKept`: what it prints passes through rr. `isDrawn`: how far it is may be shown on the terminal. */
  constructor(run: Run, options: { isKept: boolean; isDrawn: boolean }) {
    this.rule = readRecordedRule(run);
    this.isRead = options.isKept && (isReading(this.rule) || options.isDrawn);
    this.line = options.isDrawn && this.isRead ? new RunLine(this.readPrinted()) : undefined;
  }

  get beforeOutput(): ((data: Buffer) => void) | undefined {
    const { line } = this;
    return line === undefined ? undefined : (data) => line.noteOutput(data);
  }

  get afterOutput(): ((stream: string, data: Buffer) => void) | undefined {
    return this.isRead ? (stream, data) => this.readPrinted().take(stream, data) : undefined;
  }

  private readPrinted(): PrintedMetrics {
    this.printed = this.printed ?? beginPrinted(this.rule, this.startMs);
    return this.printed;
  }

  /** The command has ended, and its streams. */
  end(): void {
    this.printed?.end();
    this.line?.close();
  }
}

export type MeasuredRun = {
  project: Project;
  withhold: (text: ByteString) => ByteString;
  /** undefined: no files are to be kept. */
  logName: ByteString | undefined;
  samples: ResourceSample[];
  printed: PrintedMetrics | undefined;
};

/**
 * Puts into the run what is known of its metrics; into files beside its logs, NAME.series and NAME.resources, what
 * is known over time. Reads the metrics files that the run wrote: one that was there before says nothing of it. What they
 * say counts more than what was printed.
 */
export function noteMeasures(run: Run, { project, withhold, logName, samples, printed }: MeasuredRun): void {
  const written = run.metricsFiles.filter((path) => run.outputs.some((file) => file.path === path));
  for (const path of run.metricsFiles) if (written.indexOf(path) < 0) run.warnings.push('the metrics file ' + path + ' was not written');
  const files = written.length === 0 ? { metrics: [], series: [], warnings: [] } : readMetrics(project, written);
  const inFiles = new Set(files.metrics.map((line) => line.slice(0, line.indexOf(' '))));
  const values = (printed?.reader.found.lastValues() ?? []).filter(({ name }) => !inFiles.has(name));
  run.metrics = files.metrics.concat(values.slice(0, Math.max(0, MOST_METRICS - files.metrics.length)).map(({ name, value }) => name + ' ' + value)).map(withhold);
  run.warnings.push(...files.warnings);
  if (printed !== undefined && printed.unreadBytes > 0 && values.length > 0) run.warnings.push('of what it printed ' + String(printed.unreadBytes) + ' bytes came too fast to be read for metrics; their last values are known');
  if (logName === undefined) return;
  const known = new Set(files.series.map(({ name }) => name));
  const series = files.series.concat((printed?.reader.found.series() ?? []).filter(({ name }) => !known.has(name)));
  // One that was put back has the times, too.
  if (series.length > 0 && statIfThere(logName + '.series') === undefined) writeMeasure(logName + '.series', printSeries(series.filter(({ name }: Series) => withhold(name) === name)));
  if (samples.length > 0) writeMeasure(logName + '.resources', printResources(samples));
}

function writeMeasure(name: ByteString, text: ByteString): void {
  if (text !== '') fs.writeFileSync(toFsPath(name), Buffer.from(text, 'latin1'));
}

/** What an earlier run printed and is put back, NAME.out and NAME.err, read as if this run had printed it. */
export function readPrintedAgain(run: Run, logName: ByteString): PrintedMetrics | undefined {
  const rule = readRecordedRule(run);
  return isReading(rule) ? readPrintedLogs(rule, logName) : undefined;
}

// usage.ts - what the processes of a command use, as /proc tells: while it runs and at its end. Starts no command.
import { halveSamples, MOST_SAMPLES } from '../core/series.ts';
import type { ResourceSample } from '../core/series.ts';
import { fs } from './node.ts';
import { readMonotonicMs } from './clock.ts';
import { GpuMeter } from './gpuuse.ts';

export const CLOCK_TICKS_PER_S = 100; // USER_HZ, the same on every Linux but two dead architectures

export type ChildrenCpu = { userS: number; systemS: number };

/** What stands behind the name in /proc/PID/stat (proc_pid_stat(5)): [0] is the third field, the state. Throws if it is gone. */
function readStatFields(pid: string): string[] {
  const stat = fs.readFileSync('/proc/' + pid + '/stat', 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** CPU time of all children waited for so far, from /proc/self/stat; undefined where there is none. */
export function readChildrenCpu(): ChildrenCpu | undefined {
  try {
    const fields = readStatFields('self');
    return { userS: Number(fields[13]) / CLOCK_TICKS_PER_S, systemS: Number(fields[14]) / CLOCK_TICKS_PER_S };
  } catch (error) {
    return undefined;
  }
}

/** Process ids of all descendants of `pid` and itself, from /proc; [pid] where that does not tell. */
export function listDescendants(pid: number): number[] {
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    try {
      for (const task of fs.readdirSync('/proc/' + String(found[i]) + '/task')) {
        const children = fs.readFileSync('/proc/' + String(found[i]) + '/task/' + task + '/children', 'latin1');
        for (const child of children.split(' ')) if (child !== '') found.push(Number(child));
      }
    } catch (error) {
      continue; // it has ended meanwhile, or there is no /proc
    }
  }
  return found;
}

/** High-water mark of a process's resident memory and what is resident now; 0 if it is gone. */
function readMemoryOf(pid: number): { peakBytes: number; nowBytes: number } {
  try {
    const parts = /^VmHWM:\s+(\d+) kB\nVmRSS:\s+(\d+) kB/m.exec(fs.readFileSync('/proc/' + String(pid) + '/status', 'latin1'));
    return parts === null ? { peakBytes: 0, nowBytes: 0 } : { peakBytes: Number(parts[1]) * 1024, nowBytes: Number(parts[2]) * 1024 };
  } catch (error) {
    return { peakBytes: 0, nowBytes: 0 };
  }
}

/** High-water mark of a process's resident memory; 0 if it is gone. */
export function readPeakMemoryBytes(pid: number): number {
  return readMemoryOf(pid).peakBytes;
}

/** CPU time of a process and of the children that it has waited for; undefined if it is gone, or a zombie that uses nothing any more. */
function readCpuTicks(pid: number): { ticks: number; isZombie: boolean } | undefined {
  try {
    const fields = readStatFields(String(pid));
    const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
    return Number.isFinite(ticks) ? { ticks, isZombie: fields[0] === 'Z' } : undefined;
  } catch (error) {
    return undefined;
  }
}

/** Signal that is ending a process, or that ended it as long as nobody has waited for it; 0 if that is not told. */
export function readFatalSignal(pid: number): number {
  try {
    // Of 52 fields the last: the status as wait() gives it.
    return Number(readStatFields(String(pid))[49]) & 127;
  } catch (error) {
    return 0;
  }
}

type DiskBytes = { read: number; written: number };

/** What a process, and the children that it has waited for, had from disks; undefined if that is not told. `name` is "PID", or "PID/task/THREAD" for one thread alone. */
function readDiskBytes(name: string): DiskBytes | undefined {
  try {
    const parts = /^read_bytes: (\d+)\nwrite_bytes: (\d+)/m.exec(fs.readFileSync('/proc/' + name + '/io', 'latin1'));
    return parts === null ? undefined : { read: Number(parts[1]), written: Number(parts[2]) };
  } catch (error) {
    return undefined;
  }
}

/** Of rr's children that were waited for: that of rr, less that of its threads. */
function readChildrenDisk(): DiskBytes | undefined {
  const whole = readDiskBytes('self');
  if (whole === undefined) return undefined;
  try {
    for (const task of fs.readdirSync('/proc/self/task')) {
      const own = readDiskBytes('self/task/' + task);
      whole.read -= own?.read ?? 0;
      whole.written -= own?.written ?? 0;
    }
    return whole;
  } catch (error) {
    return undefined;
  }
}

/** Sums since the start: they grow, but for what a process takes along that nobody waited for. */
type Totals = { ticks: number; disk: DiskBytes | undefined };

const FIRST_SAMPLE_MS = 250;
/** Of a shorter run no samples are kept. */
const SHORTEST_SAMPLED_MS = 2000;
// Looking costs at most this share of a processor; while a command may still be a short one, more.
const SHARE_OF_SHORT = 50;
const SHARE_OF_LONG = 200;

/**
 * Samples the high-water marks of the command's processes. The pause is a twentieth of the time
 * gone by (2 to 100 ms), so that at most the last 5 % of a run go unseen, and never less than 50, of a long
 * run 200, times what a sample costs. `isKept`: now and then it looks at all that the processes use, too.
 */
export class UsageSampler {
  peakBytes = 0;
  /** CPU time of what rr itself started for it. */
  readonly ownCpu: ChildrenCpu = { userS: 0, systemS: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly pid: number;
  private readonly isKept: boolean;
  private readonly startMs: number;
  private samples: ResourceSample[] = [];
  private everyMs = FIRST_SAMPLE_MS;
  private nextMs = FIRST_SAMPLE_MS;
  private before: Totals = { ticks: 0, disk: undefined };
  private childrenCpu: ChildrenCpu | undefined;
  private childrenDisk: DiskBytes | undefined;
  private cpuBeforeGpu: ChildrenCpu | undefined;
  private readonly gpus = new GpuMeter((isBegin) => this.noteGpuTool(isBegin));

  constructor(pid: number, isKept: boolean) {
    this.pid = pid;
    this.isKept = isKept;
    this.startMs = readMonotonicMs();
    this.childrenCpu = isKept ? readChildrenCpu() : undefined;
    this.sample();
  }

  private sample(): void {
    const beginMs = readMonotonicMs();
    const ageMs = beginMs - this.startMs;
    const pids = listDescendants(this.pid);
    let memoryBytes = 0;
    for (const pid of pids) {
      const { peakBytes, nowBytes } = readMemoryOf(pid);
      this.peakBytes = Math.max(this.peakBytes, peakBytes);
      memoryBytes += nowBytes;
    }
    if (this.isKept && ageMs >= this.nextMs) this.look(pids, memoryBytes, ageMs);
    const nowMs = readMonotonicMs();
    const pauseMs = Math.max(2, Math.min(100, ageMs / 20), (nowMs - beginMs) * (ageMs < SHORTEST_SAMPLED_MS ? SHARE_OF_SHORT : SHARE_OF_LONG));
    this.timer = setTimeout(() => this.sample(), pauseMs);
  }

  private look(pids: number[], memoryBytes: number, ageMs: number): void {
    if (this.samples.length === 0) this.childrenDisk = readChildrenDisk();
    const now: Totals = { ticks: 0, disk: undefined };
    let processes = 0;
    for (const pid of pids) {
      const cpu = readCpuTicks(pid);
      if (cpu === undefined) continue;
      now.ticks += cpu.ticks;
      processes += cpu.isZombie ? 0 : 1;
      const disk = readDiskBytes(String(pid));
      if (disk !== undefined) now.disk = { read: (now.disk?.read ?? 0) + disk.read, written: (now.disk?.written ?? 0) + disk.written };
    }
    if (processes === 0) return;
    this.add(now, memoryBytes, processes, ageMs);
    if (ageMs >= SHORTEST_SAMPLED_MS) this.gpus.ask();
    this.nextMs = ageMs + this.everyMs;
  }

  private add(now: Totals, memoryBytes: number, processes: number, ageMs: number): void {
    const lastS = this.samples.length === 0 ? 0 : this.samples[this.samples.length - 1].atS;
    const spanS = ageMs / 1000 - lastS;
    if (spanS <= 0) return;
    const { before } = this;
    const disk = now.disk ?? before.disk;
    const sample: ResourceSample = {
      atS: ageMs / 1000, cpus: Math.max(0, now.ticks - before.ticks) / CLOCK_TICKS_PER_S / spanS, memoryBytes, processes,
      readBytes: disk === undefined ? undefined : Math.max(0, disk.read - (before.disk?.read ?? 0)),
      writtenBytes: disk === undefined ? undefined : Math.max(0, disk.written - (before.disk?.written ?? 0)),
    };
    const { use } = this.gpus;
    if (use?.percent !== undefined) sample.gpuPercent = use.percent;
    if (use?.memoryBytes !== undefined) sample.gpuMemoryBytes = use.memoryBytes;
    this.samples.push(sample);
    this.before = { ticks: now.ticks, disk };
    if (this.samples.length < MOST_SAMPLES) return;
    this.samples = halveSamples(this.samples);
    this.everyMs *= 2;
  }

  private noteGpuTool(isBegin: boolean): void {
    const cpu = readChildrenCpu();
    if (isBegin) this.cpuBeforeGpu = cpu;
    else if (cpu !== undefined && this.cpuBeforeGpu !== undefined) {
      this.ownCpu.userS += cpu.userS - this.cpuBeforeGpu.userS;
      this.ownCpu.systemS += cpu.systemS - this.cpuBeforeGpu.systemS;
    }
  }

  stop(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.gpus.stop();
  }

  /** All samples of the run, that of its end as the last: what was used since the one before, as the system told when the command was waited for. */
  end(wallMs: number): ResourceSample[] {
    if (!this.isKept || wallMs < SHORTEST_SAMPLED_MS || this.samples.length === 0) return [];
    const last = this.samples[this.samples.length - 1];
    const [cpu, disk] = [readChildrenCpu(), readChildrenDisk()];
    const { childrenCpu, childrenDisk, before } = this;
    const ticks = cpu === undefined || childrenCpu === undefined ? before.ticks : (cpu.userS + cpu.systemS - childrenCpu.userS - childrenCpu.systemS - this.ownCpu.userS - this.ownCpu.systemS) * CLOCK_TICKS_PER_S;
    const all: Totals = { ticks, disk: before.disk };
    if (disk !== undefined && childrenDisk !== undefined) all.disk = { read: Math.max(before.disk?.read ?? 0, disk.read - childrenDisk.read), written: Math.max(before.disk?.written ?? 0, disk.written - childrenDisk.written) };
    this.add(all, last.memoryBytes, last.processes, wallMs);
    return this.samples;
  }
}

// gpuuse.ts - asks now and then how much the GPUs are in use, where there is a tool that tells. Waits for nothing.
import { readNvidiaUse, readRocmUse } from '../formats/gpuuse.ts';
import type { GpuUse } from '../formats/gpuuse.ts';
import { childProcess, fs } from './node.ts';
import { errorCode } from './files.ts';
import { readMonotonicMs } from './clock.ts';

const GPU_TOOLS = [
  { name: 'nvidia-smi', words: ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits'], read: readNvidiaUse },
  { name: 'rocm-smi', words: ['--showuse', '--showmeminfo', 'vram', '--json'], read: readRocmUse },
];
const ASK_GPUS_EVERY_MS = 5000;
// A tool that hangs is not asked again.
const LONGEST_ANSWER_MS = 10000;
const LONGEST_ANSWER_BYTES = 1 << 20;

function findGpuTool(): { program: string; tool: typeof GPU_TOOLS[number] } | undefined {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    for (const tool of GPU_TOOLS) {
      const program = folder + '/' + tool.name;
      try {
        if (folder[0] !== '/' || !fs.statSync(program).isFile()) continue;
        fs.accessSync(program, fs.constants.X_OK);
        return { program, tool };
      } catch (error) {
        if (errorCode(error) === '') throw error;
      }
    }
  }
  return undefined;
}

export class GpuMeter {
  /** The last answer. */
  use: GpuUse | undefined;
  private found: ReturnType<typeof findGpuTool> | 'not-looked-for' = 'not-looked-for';
  private askedMs = -Infinity;
  private child: import('child_process').ChildProcess | undefined;
  private readonly onAnswer: (isBegin: boolean) => void;

  /** `onAnswer` is called when a tool is started and when it has ended, for its cost is no one's. */
  constructor(onAnswer: (isBegin: boolean) => void) {
    this.onAnswer = onAnswer;
  }

  /** Asks, if that is due and no question is open. */
  ask(): void {
    const nowMs = readMonotonicMs();
    if (this.child !== undefined || nowMs - this.askedMs < ASK_GPUS_EVERY_MS) return;
    if (this.found === 'not-looked-for') this.found = findGpuTool();
    if (this.found === undefined) return;
    const { program, tool } = this.found;
    this.askedMs = nowMs;
    this.onAnswer(true);
    try {
      this.child = childProcess().execFile(program, tool.words, { timeout: LONGEST_ANSWER_MS, killSignal: 'SIGKILL', maxBuffer: LONGEST_ANSWER_BYTES, encoding: 'latin1' }, (error, text) => {
        if (this.child === undefined) return;
        this.child = undefined;
        this.onAnswer(false);
        this.use = error === null ? tool.read(text) : undefined;
        if (this.use === undefined) this.found = undefined;
      });
    } catch (error) {
      if (errorCode(error) === '') throw error;
      this.found = undefined; // no memory for a process: the command has none to spare
    }
  }

  stop(): void {
    const child = this.child;
    this.child = undefined;
    child?.kill('SIGKILL');
  }
}

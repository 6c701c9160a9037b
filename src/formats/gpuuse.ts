// gpuuse.ts - what nvidia-smi and rocm-smi print of the use of GPUs. Starts nothing.

/** Of all GPUs together: mean of their use in percent, sum of their memory in use. */
export type GpuUse = { percent: number | undefined; memoryBytes: number | undefined };

const MOST_GPUS = 1024;

function addUp(percents: number[], memories: number[]): GpuUse | undefined {
  if (percents.length === 0 && memories.length === 0) return undefined;
  const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0);
  return { percent: percents.length === 0 ? undefined : sum(percents) / percents.length, memoryBytes: memories.length === 0 ? undefined : sum(memories) };
}

/** Of "nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits": a line a GPU, percent and MiB; "[N/A]" where one does not tell. */
export function readNvidiaUse(text: string): GpuUse | undefined {
  const percents: number[] = [];
  const memories: number[] = [];
  for (const line of text.split('\n', MOST_GPUS)) {
    const cells = /^ *([0-9]{1,3}|\[[^\]]*\]) *, *([0-9]{1,9}|\[[^\]]*\]) *\r?$/.exec(line);
    if (cells === null) continue;
    if (Number(cells[1]) <= 100) percents.push(Number(cells[1]));
    if (/^[0-9]/.test(cells[2])) memories.push(Number(cells[2]) * 1048576);
  }
  return addUp(percents, memories);
}

/** Of "rocm-smi --showuse --showmeminfo vram --json": an object with one for each card. */
export function readRocmUse(text: string): GpuUse | undefined {
  const percents: number[] = [];
  const memories: number[] = [];
  for (const found of text.matchAll(/"GPU use \(%\)": *"([0-9]{1,3})"/g)) percents.push(Number(found[1]));
  for (const found of text.matchAll(/"VRAM Total Used Memory \(B\)": *"([0-9]{1,15})"/g)) memories.push(Number(found[1]));
  return addUp(percents.filter((one) => one <= 100).slice(0, MOST_GPUS), memories.slice(0, MOST_GPUS));
}

// resources.test.ts - what a run uses over time, held against what the system charges for its children; GPUs by a tool made for the test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import { halveSamples, mergeSamples } from '../src/core/series.ts';
import type { ResourceSample } from '../src/core/series.ts';
import { readNvidiaUse, readRocmUse } from '../src/formats/gpuuse.ts';
import { parseResources, printResources } from '../src/formats/series.ts';
import { hasProgram, listRecords, makeProject, readRecord, rr } from './rig.ts';

const needsProc = { skip: !fs.existsSync('/proc/self/io') ? '/proc is not here' : hasProgram('python3') ? false : 'python3 is not here' };

function samplesOf(folder: string): { samples: ResourceSample[]; record: { [field: string]: string[] } } {
  const record = readRecord(folder, listRecords(folder)[0]);
  const log = (record.Log ?? []).find((line) => line.endsWith('.resources'));
  return { record, samples: log === undefined ? [] : parseResources(fs.readFileSync(folder + '/' + log.slice(log.indexOf('provenance/')), 'latin1')) };
}

/** Processor seconds of all samples. */
function cpuSecondsOf(samples: ResourceSample[]): number {
  return samples.reduce((sum, one, i) => sum + one.cpus * (one.atS - (i === 0 ? 0 : samples[i - 1].atS)), 0);
}

test('printResources() and parseResources() undo one another, and what is not known stays so', () => {
  const samples: ResourceSample[] = [
    { atS: 0.25, cpus: 0.98, memoryBytes: 1 << 30, readBytes: 0, writtenBytes: 4096, processes: 2 },
    { atS: 0.5, cpus: 12.125, memoryBytes: 1, readBytes: undefined, writtenBytes: undefined, processes: 1, gpuPercent: 50.5, gpuMemoryBytes: 1048576 },
  ];
  const text = printResources(samples);
  assert.equal(text, '# rr resources, format 1\ntime\tcpus\tmemory\tread\twritten\tprocesses\tgpu\tgpu_memory\n0.25\t0.98\t1073741824\t0\t4096\t2\t\t\n0.5\t12.125\t1\t\t\t1\t50.5\t1048576\n');
  assert.deepEqual(parseResources(text), samples);
  assert.deepEqual(parseResources(text + '\t1\t1\t1\t1\t1\t\t\nx\n1\t-1\t1\t1\t1\t1\t\t\n'), samples);
  assert.equal(printResources([]), '');
});

test('halveSamples() keeps sums, means over the time and the largest', () => {
  const sample = (atS: number, cpus: number, memoryBytes: number, readBytes: number | undefined): ResourceSample => ({ atS, cpus, memoryBytes, readBytes, writtenBytes: 1, processes: 1 });
  const samples = [sample(1, 2, 5, 10), sample(4, 1, 7, undefined), sample(5, 4, 1, 3)];
  const halved = halveSamples(samples);
  assert.deepEqual(halved, [{ ...sample(4, 1.25, 7, 10), writtenBytes: 2 }, sample(5, 4, 1, 3)]);
  assert.equal(cpuSecondsOf(halved), cpuSecondsOf(samples));
  assert.equal(mergeSamples({ ...samples[0], gpuPercent: 10, gpuMemoryBytes: 5 }, { ...samples[1], gpuPercent: 30, gpuMemoryBytes: 4 }, 0).gpuPercent, 20);
});

test('the answers of nvidia-smi and rocm-smi are read, whatever they are', () => {
  assert.deepEqual(readNvidiaUse('10, 1000\n30, 24\n'), { percent: 20, memoryBytes: 1024 << 20 });
  assert.deepEqual(readNvidiaUse('[N/A], 5\r\n'), { percent: undefined, memoryBytes: 5 << 20 });
  for (const text of ['', 'Failed to initialize NVML: Driver/library version mismatch\n', '10\n', 'a, b\n']) assert.equal(readNvidiaUse(text), undefined);
  assert.deepEqual(readRocmUse('{"card0": {"GPU use (%)": "12", "VRAM Total Used Memory (B)": "300"}, "card1": {"GPU use (%)": "14"}}'), { percent: 13, memoryBytes: 300 });
  assert.equal(readRocmUse('{}'), undefined);
});

// Two processes that compute one after the other, the first of which is waited for: its time must not be lost.
const WORK = 'import os, resource, sys, time\ndef burn(seconds):\n    end = time.process_time() + seconds\n    while time.process_time() < end: pass\n'
  + 'keep = bytearray(60 << 20)\nif os.fork() == 0:\n    burn(0.8)\n    os._exit(0)\nos.wait()\nburn(0.8)\ntime.sleep(max(0, 2.6 - time.monotonic() + float(sys.argv[1])))\n'
  + 'own, all = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(own.ru_utime + own.ru_stime + all.ru_utime + all.ru_stime)\n';

test('the processor time of all samples is what getrusage(2) tells of the command and its children', needsProc, () => {
  const folder = makeProject();
  fs.writeFileSync(folder + '/work.py', WORK);
  const done = rr(folder, ['record', '-q', '--trace', 'none', '--', 'sh', '-c', 'python3 work.py "$(python3 -c "import time; print(time.monotonic())")"']);
  assert.equal(done.status, 0, done.stderr);
  const { samples, record } = samplesOf(folder);
  const told = Number(done.stdout);
  // Both programs of python3 and the shell are in the samples; what getrusage tells is the larger one.
  const ofRecord = Number(record.User_s[0]) + Number(record.System_s[0]);
  assert.ok(told > 1.5 && cpuSecondsOf(samples) > told - 0.05, String([told, cpuSecondsOf(samples)]));
  assert.ok(Math.abs(cpuSecondsOf(samples) - ofRecord) < 0.15, String([ofRecord, cpuSecondsOf(samples)]));
  assert.ok(samples.some((one) => one.memoryBytes > 60 << 20) && samples.some((one) => one.processes >= 2));
  const times = samples.map((one) => one.atS);
  assert.deepEqual(times, times.slice().sort((a, b) => a - b));
  assert.ok(Math.abs(times[times.length - 1] - Number(record.Wall_s[0])) < 0.01);
});

test('a short run has no resources, nor one whose logs are not kept', needsProc, () => {
  const folder = makeProject();
  rr(folder, ['record', '-q', '--trace', 'none', '--', 'sleep', '0.5']);
  assert.deepEqual(samplesOf(folder).samples, []);
  const other = makeProject();
  rr(other, ['record', '-q', '--trace', 'none', '--no-logs', '--', 'sleep', '2.3']);
  assert.equal(samplesOf(other).record.Log, undefined);
});

test('GPUs are asked where their tool is there; one that fails or hangs harms nothing', needsProc, () => {
  const gpu = (script: string): ResourceSample[] => {
    const folder = makeProject();
    fs.mkdirSync(folder + '/bin');
    fs.writeFileSync(folder + '/bin/nvidia-smi', '#!/bin/sh\n' + script + '\n', { mode: 0o755 });
    const done = rr(folder, ['record', '-q', '--trace', 'none', '--', 'sleep', '3.2'], { env: { ...process.env, PATH: folder + '/bin:' + String(process.env.PATH) } });
    assert.equal(done.status, 0, done.stderr);
    return samplesOf(folder).samples;
  };
  const told = gpu('echo "$*" | grep -q utilization.gpu,memory.used && echo "40, 1000"');
  assert.deepEqual([told[told.length - 1].gpuPercent, told[told.length - 1].gpuMemoryBytes], [40, 1000 << 20]);
  assert.equal(told[0].gpuPercent, undefined);
  for (const script of ['exit 9', 'echo nonsense', 'exec sleep 60']) assert.ok(gpu(script).every((one) => one.gpuPercent === undefined), script);
});

// gpu.ts - graphics processors and their drivers, as /proc and /sys tell of them. Starts nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, dropAtEnd } from '../core/bytes.ts';
import { errorCode, listFolder, readRegularIfThere } from './files.ts';

export type GpuFacts = { gpus: ByteString[]; drivers: ByteString[] };

/** Name of a library by which programs reach a GPU: CUDA, HIP, OpenCL, Level Zero. */
export function isGpuLibrary(name: ByteString): boolean {
  return /\/lib(?:cuda|amdhip64|OpenCL|ze_loader)\.so[.\d]*$/.test(name);
}

/** '' too for a file of /proc or /sys that refuses to be read. */
function readKernelText(name: ByteString): ByteString {
  try {
    return (readRegularIfThere(name) ?? '').trim();
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

function listKernelFolder(name: ByteString): ByteString[] {
  try {
    return listFolder(name).sort(compareBytes);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

/**
 * GPUs, "nvidia MODEL, BUS" and "pci VENDOR:DEVICE, CARD" for those that the kernel's own interface lists,
 * and drivers, "nvidia VERSION", "amdgpu VERSION". `root` stands before /proc and /sys ('' normally).
 */
export function describeGpus(root: ByteString): GpuFacts {
  const gpus: ByteString[] = [];
  const drivers: ByteString[] = [];
  // NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023
  const nvidia = /\s(\d+\.[\d.]+)(?:\s|$)/.exec(readKernelText(root + '/proc/driver/nvidia/version'));
  if (nvidia !== null) drivers.push('nvidia ' + nvidia[1]);
  for (const bus of listKernelFolder(root + '/proc/driver/nvidia/gpus')) {
    const model = /^Model:\s*(\S.*)/m.exec(readKernelText(root + '/proc/driver/nvidia/gpus/' + bus + '/information'));
    gpus.push('nvidia ' + (model === null ? 'unknown' : dropAtEnd(model[1], ' \t')) + ', ' + bus);
  }
  const amdgpu = readKernelText(root + '/sys/module/amdgpu/version');
  if (amdgpu !== '') drivers.push('amdgpu ' + amdgpu);
  for (const card of listKernelFolder(root + '/sys/class/drm')) {
    if (!/^card\d+$/.test(card)) continue;
    const device = root + '/sys/class/drm/' + card + '/device/';
    const [vendor, product] = [readKernelText(device + 'vendor'), readKernelText(device + 'device')].map((id) => id.replace(/^0x/, ''));
    if (vendor !== '') gpus.push('pci ' + vendor + ':' + product + ', ' + card);
  }
  return { gpus, drivers };
}

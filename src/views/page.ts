// page.ts - one run as a page of text for a person. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { FileState, Run } from '../core/run.ts';
import { decodeText, encodeText, makeHarmless } from '../formats/percent.ts';
import { decodeWithheld } from '../formats/record.ts';
import { formatSeconds } from './table.ts';

const NAME_WIDTH = 13;

function showText(text: ByteString): ByteString {
  return makeHarmless(text.replace(/\0(\{[0-9a-f]{16}\})/g, '<withheld $1>'));
}

function line(name: string, value: ByteString | undefined): ByteString {
  return value === undefined || value === '' ? '' : name.padEnd(NAME_WIDTH) + makeHarmless(value) + '\n';
}

function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return (unit === 0 ? String(value) : value.toFixed(1)) + ' ' + units[unit];
}

const KIND_WORDS: { [kind: string]: string } = { x: ' executable', l: ' link', d: ' folder', p: ' FIFO', s: ' socket', c: ' device', b: ' device' };

function showFiles(title: string, files: FileState[]): ByteString {
  return files.map((file, i) => {
    const hash = file.hash.length === 64 ? file.hash.slice(0, 12) : file.hash === '?' ? 'unknown' : '';
    const size = file.kind === 'd' ? '' : formatBytes(file.size);
    return line(i === 0 ? title : '', hash.padEnd(13) + size.padStart(10) + '  ' + makeHarmless(file.path) + (KIND_WORDS[file.kind] ?? ''));
  }).join('');
}

function showCost(run: Run): ByteString | undefined {
  if (run.wallS === undefined) return undefined;
  const cpu = run.userS === undefined ? '' : ', CPU ' + formatSeconds(run.userS) + ' user ' + formatSeconds(run.systemS) + ' system';
  return formatSeconds(run.wallS) + cpu + (run.peakMemoryBytes === undefined ? '' : ', peak memory ' + formatBytes(run.peakMemoryBytes));
}

function showEnvironment(text: ByteString | undefined): ByteString {
  if (text === undefined) return '';
  const wanted = ['Os', 'Kernel', 'Cpu', 'Executable', 'Interpreter'];
  let shown = '';
  for (const field of text.split('\n')) {
    const parts = /^([A-Z]\w*): (.*)$/.exec(field);
    if (parts === null || wanted.indexOf(parts[1]) < 0) continue;
    shown += line(parts[1].toLowerCase(), makeHarmless(decodeText(parts[2].replace(/^([0-9a-f]{12})[0-9a-f]{52} {2}\d+x? /, '$1  '))));
  }
  return shown;
}

/** A run for a person: every fact the record has, names and values harmless for a terminal. */
export function printRunPage(run: Run, environment: ByteString | undefined): ByteString {
  const list = (name: string, values: ByteString[]): ByteString => values.map((value, i) => line(i === 0 ? name : '', showText(value))).join('');
  const exit = run.exit === undefined ? '' : ', exit ' + String(run.exit) + (run.signal === undefined ? '' : ' (' + run.signal + ')');
  return line('run', run.id) + line('label', run.label && showText(run.label)) + line('reason', run.reason && showText(run.reason))
    + list('tags', run.tags) + line('command', showText(decodeWithheld(run.command)))
    + line('folder', showText(run.directory)) + list('redirect', run.redirects) + list('parameter', run.parameters)
    + line('started', run.startedUtc) + line('status', run.status + exit) + line('cost', showCost(run))
    + line('code', run.code && showText(run.code)) + line('branch', run.codeBranch && showText(run.codeBranch))
    + line('remote', run.codeRemote && showText(run.codeRemote)) + list('submodule', run.codeSubmodules)
    + list('variable', run.variables) + list('withheld', run.variableHashes) + showEnvironment(environment)
    + line('observed', run.observed) + showFiles('input', run.inputs) + showFiles('output', run.outputs)
    + showFiles('uncertain', run.uncertain) + list('removed', run.removed) + list('missing', run.missingOutputs)
    + showFiles('log', run.logs) + list('warning', run.warnings)
    + run.unknown.map((field) => line(encodeText(field.name), showText(field.value))).join('');
}

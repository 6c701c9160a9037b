// enginerig.ts - steps and graphs of them for the tests of the engine.
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import type { Run } from '../src/core/run.ts';
import { quoteWord } from '../src/formats/shell.ts';
import { parseRun } from '../src/formats/record.ts';
import type { StepJob } from '../src/sys/execute.ts';
import { listRecords } from './rig.ts';

/** A step that was never run. */
export function planStep(key: string, script: string, outputs: string[], more: Partial<Run> = {}): StepJob {
  const template = { ...emptyRun('20260101T000000Z-aaaaaa', 'sh -c ' + quoteWord(script), '2026-01-01T00:00:00.000000Z', '0'), label: key, observed: 'auto', declaredOutputs: outputs, ...more };
  return { key, template, prior: undefined, restore: [], isReused: false };
}

/** The same step once more, in the place of that run. */
export function redoStep(job: StepJob, prior: Run, more: Partial<Run> = {}): StepJob {
  return { ...job, template: { ...job.template, redoes: prior.id, ...more }, prior };
}

export function readRunFile(project: string, name: string): Run {
  return parseRun(fs.readFileSync(path.join(project, name), 'latin1'), name);
}

export function readAllRuns(project: string): Run[] {
  return listRecords(project).map((name) => readRunFile(project, name));
}

/** Every file of the project that is no part of rr's own, with its content. */
export function readTree(project: string): { [name: string]: string } {
  const found: { [name: string]: string } = {};
  const walk = (folder: string): void => {
    for (const name of fs.readdirSync(path.join(project, folder)).sort()) {
      const at = folder === '' ? name : folder + '/' + name;
      if (['.rr', 'provenance', 'Makefile', '.git'].indexOf(at) >= 0) continue;
      const stat = fs.lstatSync(path.join(project, at));
      if (stat.isDirectory()) walk(at);
      else found[at] = stat.isSymbolicLink() ? '-> ' + fs.readlinkSync(path.join(project, at)) : fs.readFileSync(path.join(project, at), 'latin1');
    }
  };
  walk('');
  return found;
}

/** What lies in .rr/aside: 'ID/PATH', with '*' for the id. */
export function listAside(project: string): string[] {
  const base = path.join(project, '.rr', 'aside');
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const name of fs.existsSync(path.join(base, folder)) ? fs.readdirSync(path.join(base, folder)).sort() : []) {
      const at = folder === '' ? name : folder + '/' + name;
      if (fs.lstatSync(path.join(base, at)).isDirectory()) walk(at);
      else found.push(at.replace(/^\d{8}T\d{6}Z-[a-z2-7]{6}/, '*'));
    }
  };
  walk('');
  return found;
}

/** Processes whose current folder is in this project. */
export function listProcessesIn(project: string): number[] {
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      const folder = /^\d+$/.test(pid) ? fs.readlinkSync('/proc/' + pid + '/cwd') : '';
      return folder === project || folder.startsWith(project + '/');
    } catch (error) {
      return false;
    }
  }).map(Number);
}

/** SIGKILL to all of them. */
export function killIn(project: string): void {
  for (const pid of listProcessesIn(project)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      continue; // it has ended meanwhile
    }
  }
}

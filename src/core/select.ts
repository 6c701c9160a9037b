// select.ts - which runs a person means. Knows no files and no output.
import type { ByteString } from './bytes.ts';
import type { Run } from './run.ts';

export type Selection =
  | { kind: 'one'; run: Run }
  | { kind: 'none' }
  | { kind: 'several'; runs: Run[] };

function selectionOf(runs: Run[]): Selection {
  if (runs.length === 0) return { kind: 'none' };
  return runs.length === 1 ? { kind: 'one', run: runs[0] } : { kind: 'several', runs };
}

/**
 * The run that `reference` means, of `runs` in order of ids: "@" the last, "@-1" the one before it,
 * an id, a prefix of an id, a label, or a path that a run made (the last that did). A label of
 * several runs, or a prefix of several ids, is 'several'.
 */
export function selectRun(reference: ByteString, runs: Run[], path: ByteString): Selection {
  const fromEnd = /^@(?:-(\d+))?$/.exec(reference);
  if (fromEnd !== null) {
    const at = runs.length - 1 - Number(fromEnd[1] ?? 0);
    return at >= 0 ? { kind: 'one', run: runs[at] } : { kind: 'none' };
  }
  const exact = runs.filter((run) => run.id === reference);
  if (exact.length > 0) return selectionOf(exact);
  const labelled = runs.filter((run) => run.label === reference);
  if (labelled.length > 0) return selectionOf(labelled);
  const makers = runs.filter((run) => run.tree === undefined && run.outputs.some((file) => file.path === path));
  if (makers.length > 0) return { kind: 'one', run: makers[makers.length - 1] };
  return /^[0-9]/.test(reference) ? selectionOf(runs.filter((run) => run.id.startsWith(reference))) : { kind: 'none' };
}

/** What `rr list` can ask for. Every condition that is there must hold. */
export type RunFilter = {
  labels: ByteString[];
  tags: ByteString[];
  statuses: string[];
  /** UTC, ISO 8601; compared as text. */
  since?: string;
  until?: string;
  /** 'NAME' or 'NAME=VALUE' */
  parameters: ByteString[];
  made: ByteString[];
  used: ByteString[];
};

function hasParameter(run: Run, wanted: ByteString): boolean {
  const sign = wanted.indexOf('=');
  if (sign < 0) return run.parameters.some((parameter) => parameter.startsWith(wanted + ' '));
  return run.parameters.indexOf(wanted.slice(0, sign) + ' ' + wanted.slice(sign + 1)) >= 0;
}

export function matchesFilter(run: Run, filter: RunFilter): boolean {
  if (filter.labels.length > 0 && (run.label === undefined || filter.labels.indexOf(run.label) < 0)) return false;
  if (!filter.tags.every((tag) => run.tags.indexOf(tag) >= 0)) return false;
  if (filter.statuses.length > 0 && filter.statuses.indexOf(run.status) < 0) return false;
  if (filter.since !== undefined && run.startedUtc < filter.since) return false;
  if (filter.until !== undefined && run.startedUtc >= filter.until) return false;
  if (!filter.parameters.every((wanted) => hasParameter(run, wanted))) return false;
  if (!filter.made.every((path) => run.tree === undefined && run.outputs.some((file) => file.path === path))) return false;
  return filter.used.every((path) => run.inputs.some((file) => file.path === path));
}

// planfile.ts - provenance/plan.rec: reading it, and putting a step into it beside other writers. Runs nothing.
//
// Invariants
// 1. The file has either the old content or all of the new: it is replaced by rename.
// 2. Of two writers at once none loses the step of the other: whoever writes has announced itself in
//    .rr/plan and seen nobody else announced. A writer that sees another takes its announcement back
//    and tries again. As each announces itself before it looks, no two can both have seen nobody.
// 3. Nothing is left locked by a crash: an announcement counts only as long as its process lives.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { PLAN_PATH } from '../core/plan.ts';
import type { PlannedStep } from '../core/plan.ts';
import { parsePlan, PLAN_HEAD, printStep, readStep } from '../formats/plan.ts';
import type { PlanEntry } from '../formats/plan.ts';
import { printRunBody } from '../formats/record.ts';
import { makeRandomDigits, pauseMs, readMonotonicMs } from './clock.ts';
import { createFile, isUnwritable, listFolder, lstatIfThere, makeFolder, readBytesIfThere, removeIfThere, replaceFileIf, statIfThere } from './files.ts';
import { describeSystemError, prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { describeSelf, isHolderAlive } from './store.ts';

function planName(project: Project): ByteString {
  return project.provenance + '/plan.rec';
}

function readPlanText(project: Project): ByteString {
  const stat = statIfThere(planName(project));
  if (stat !== undefined && !stat.isFile()) throw new Failure('cannot read the plan: ' + PLAN_PATH + ' is no file', 'move it away');
  return readBytesIfThere(planName(project)) ?? '';
}

/** The planned steps, in the order of the file, and its text; none if there is no such file. Throws Failure with file:line if it is not in order. */
export function readPlan(project: Project): { steps: PlannedStep[]; text: ByteString } {
  const text = readPlanText(project);
  return { steps: parsePlan(text, PLAN_PATH, project.root), text };
}

// ---- writing ----------------------------------------------------------------------------------------

const LONGEST_WAIT_MS = 60000;

function isOtherAnnounced(folder: ByteString, own: ByteString): boolean {
  return listFolder(folder).some((name) => {
    const mark = folder + '/' + name;
    if (mark === own || name[0] === '.') return false;
    const holder = readBytesIfThere(mark);
    if (holder === undefined) return false;
    if (isHolderAlive(holder, mark)) return true;
    removeIfThere(mark);
    return false;
  });
}

/** Calls `write` while no other writer is at work. */
function writeAlone<T>(project: Project, write: () => T): T {
  const folder = project.own + '/plan';
  prepareOwnFolder(project);
  makeFolder(folder);
  const mark = folder + '/' + makeRandomDigits();
  const startMs = readMonotonicMs();
  for (let spread = 8; ; spread = Math.min(spread * 2, 500)) {
    createFile(mark, describeSelf());
    try {
      if (!isOtherAnnounced(folder, mark)) return write();
    } finally {
      removeIfThere(mark);
    }
    if (readMonotonicMs() - startMs > LONGEST_WAIT_MS) throw new Failure('cannot change ' + PLAN_PATH + ': another rr is at it', 'try again; nothing was changed', EXIT.refused);
    // At random, or two that met would meet again.
    pauseMs(1 + parseInt(makeRandomDigits(), 36) % spread);
  }
}

/** The text with a step put in: at the end, or in the place of the lines of an entry, whose comments and fields of others stay. */
function putStep(text: ByteString, lines: ByteString, replaced: PlanEntry | undefined): ByteString {
  const isCrlf = /\r\n/.test(text);
  const step = isCrlf ? lines.replace(/\n/g, '\r\n') : lines;
  const end = isCrlf ? '\r\n' : '\n';
  if (replaced === undefined) {
    if (text === '') return PLAN_HEAD + '\n' + step;
    return text + (text.endsWith('\n') ? '' : text.endsWith('\r') ? '\n' : end) + (/\n[ \t]*\r?\n$/.test(text) ? '' : end) + step;
  }
  const all = text.split('\n');
  const kept = replaced.kept.map((line) => line + (isCrlf && !line.endsWith('\r') ? '\r\n' : '\n')).join('');
  return all.slice(0, replaced.line - 1).map((line) => line + '\n').join('') + step + kept + all.slice(replaced.last).join('\n');
}

/** A step for the plan, its values as they are meant. */
export type NewStep = { name: ByteString; fields: { name: string; value: ByteString }[] };

/** The step as it will be read from the plan. Throws Failure if it cannot be. */
export function checkNewStep(project: Project, step: NewStep): PlannedStep {
  return readStep(step.fields.map((field) => ({ ...field, line: 0 })), project.root, (_, what, hint) => { throw new Failure('cannot plan "' + step.name + '": ' + what, hint, EXIT.usage); });
}

function isSameTemplate(a: PlannedStep, b: PlannedStep): boolean {
  return printRunBody(a.template) === printRunBody(b.template);
}

/** Puts the step into the plan as it is now; undefined if somebody changed the file meanwhile. */
function tryToPut(project: Project, lines: ByteString, wanted: PlannedStep, isForced: boolean): 'added' | 'replaced' | 'same' | undefined {
  const text = readPlanText(project);
  const before = parsePlan(text, PLAN_PATH, project.root).find((entry) => entry.name === wanted.name);
  if (before !== undefined && isSameTemplate(before, wanted)) return 'same';
  if (before !== undefined && !isForced) {
    throw new Failure('cannot plan "' + wanted.name + '": there is a step of that name in ' + PLAN_PATH + ':' + String(before.line), 'edit it there, or put this one in its place with --force', EXIT.refused);
  }
  const after = putStep(text, lines, before);
  const put = parsePlan(after, PLAN_PATH, project.root).find((entry) => entry.name === wanted.name);
  if (put === undefined || !isSameTemplate(put, wanted)) throw new Error('the step is not read as it was meant');
  const isReplaced = replaceFileIf(planName(project), after, statIfThere(planName(project))?.mode, () => readPlanText(project) === text);
  return !isReplaced ? undefined : before === undefined ? 'added' : 'replaced';
}

/**
 * Puts a step into the plan: 'added', 'replaced' (with `isForced`, one of that name), or 'same' if it is planned
 * exactly so already. Throws Failure if the step cannot be, if one of that name is there, and if the plan cannot be read.
 */
export function addToPlan(project: Project, step: NewStep, isForced: boolean): 'added' | 'replaced' | 'same' {
  const wanted = checkNewStep(project, step);
  const lines = printStep(step.fields);
  if (lstatIfThere(planName(project))?.isSymbolicLink() === true) throw new Failure('cannot change ' + PLAN_PATH + ': it is a link', 'edit the file that it leads to, or put that in the place of the link');
  try {
    return writeAlone(project, () => {
      for (;;) {
        const done = tryToPut(project, lines, wanted, isForced);
        if (done !== undefined) return done;
      }
    });
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    throw new Failure('cannot write ' + PLAN_PATH + ': ' + describeSystemError(error));
  }
}

// steps.ts - the steps of a project: which must be redone as things are now, and what is to be done for it. Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isGlob } from '../core/glob.ts';
import { isResultPath, isSameContent } from '../core/graph.ts';
import type { Note } from '../core/notes.ts';
import { isSameAsPlanned } from '../core/plan.ts';
import { findRepeatObstacle } from '../core/repeat.ts';
import { emptyRun } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import type { ScheduledTask } from '../core/schedule.ts';
import { listPathsOfStep } from '../core/staleness.ts';
import { findStepCauses } from '../core/stepcauses.ts';
import type { Present, StepCause } from '../core/stepcauses.ts';
import { buildStepGraph, findCarriers, findRunBefore, makePatternTester, plannedInputs, plannedOutputs, sortSteps, splitFileParameter } from '../core/steps.ts';
import type { PlannedRule, StepGraph } from '../core/steps.ts';
import { joinWords } from '../core/words.ts';
import { formatUtcMicros, readUtcMicros } from './clock.ts';
import { ContentFinder } from './contents.ts';
import type { StepEnd, StepJob } from './execute.ts';
import { readPlan } from './planfile.ts';
import { PresentFacts } from './present.ts';
import type { Project } from './project.ts';
import { readRun } from './records.ts';
import { readGraphRuns } from './runindex.ts';

/** waits: an input of it was overwritten, and can be had only if these are redone: key of each, and the path. */
export type StepDecision =
  | { kind: 'fresh' }
  | { kind: 'redo'; causes: StepCause[] }
  | { kind: 'unmakeable'; why: ByteString }
  | { kind: 'waits'; for: { key: string; path: ByteString }[] };

/** perhaps: it depends on what these come to, by their keys. blocked: it cannot be, as that one cannot be made. */
export type StepForecast = StepDecision | { kind: 'perhaps'; on: string[] } | { kind: 'blocked'; by: string };

const FRESH: StepForecast = { kind: 'fresh' };

export type StepOptions = {
  /** Compare programs, libraries and packages, too. */
  hasEnvironment: boolean;
};

/** What is known of a project before any of its files is looked at. */
export type StepSource = { graph: StepGraph; /** By the id of the run. */ notes: Map<string, Note[]>; faults: Failure[]; planFault: Failure | undefined; planText: ByteString; records: number };

function readPlanOrNot(project: Project, faults: Failure[]): ReturnType<typeof readPlan> {
  try {
    return readPlan(project);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    faults.push(error);
    return { steps: [], text: '' };
  }
}

/** Reads records, notes and plan. What cannot be read is told beside the rest. */
export function readStepGraph(project: Project): StepSource {
  const { runs, notes, faults, noteFaults } = readGraphRuns(project);
  const planFaults: Failure[] = [];
  const { steps, text } = readPlanOrNot(project, planFaults);
  const carriers = findCarriers(runs, new Set(steps.map((step) => step.name)));
  const planned = steps.map((step): PlannedRule => {
    const carrier = carriers.get(step.name);
    const run = carrier === undefined ? undefined : readRun(project, runs[carrier].id);
    return { name: step.name, template: step.template, differences: run === undefined ? [] : isSameAsPlanned(run, step) };
  });
  return { graph: buildStepGraph(runs, planned), notes, faults: faults.concat(noteFaults), planFault: planFaults[0], planText: text, records: runs.length };
}

/** The steps of a project, judged by what is there now. */
export async function readSteps(project: Project, options: StepOptions): Promise<StepBook> {
  const book = new StepBook(project, readStepGraph(project), new PresentFacts(project, options.hasEnvironment));
  await book.look(book.graph.nodes.map((_, at) => at));
  return book;
}

type Checked = { kind: 'makeable'; restore: StepJob['restore'] } | Exclude<StepDecision, { kind: 'fresh' | 'redo' }>;

/** A step's new run: what it left, all paths that it read or looked for, and those that the run before it wrote or removed. */
type EndedRun = Pick<Run, 'id' | 'outputs' | 'removed'> & { read: ByteString[]; before: ByteString[] };

export class StepBook {
  readonly graph: StepGraph;
  readonly source: StepSource;
  readonly facts: PresentFacts;
  private readonly project: Project;
  readonly present: Present;
  /** Of each planned step, by its key. */
  private readonly planned = new Map<string, number>();
  private readonly redone = new Map<number, EndedRun>();
  /** Of each path that a step wrote meanwhile, that step's run. */
  private readonly makers = new Map<ByteString, { id: string; file: FileState }>();
  private readonly needed = new Map<number, StepCause>();
  private readonly restores = new Map<number, StepJob['restore']>();
  private readonly records = new Map<number, Run>();
  private finder: ContentFinder | undefined;
  /** Of runs in whose place a step's run stands, that step. Found at first use. */
  private earlier: Map<string, number> | undefined;

  constructor(project: Project, source: StepSource, facts: PresentFacts) {
    this.project = project;
    this.source = source;
    this.graph = source.graph;
    this.facts = facts;
    this.graph.nodes.forEach((node, at) => { if (node.plan >= 0) this.planned.set(this.keyOf(at), at); });
    this.present = {
      hasKey: facts.hasKey, stateOf: (path) => facts.stateOf(path), secretOf: (path) => facts.secretOf(path), parameterOf: (path, key) => facts.parameterOf(path, key),
      variableOf: (name) => facts.variableOf(name), filesOf: (pattern) => facts.filesOf(pattern), environmentOf: (id) => facts.environmentOf(id),
      runOf: (node) => this.runOf(node), isRedone: (node) => this.redone.has(node), writerOf: (path) => this.writerOf(path),
    };
  }

  // ---- which is which -------------------------------------------------------------------------------

  /** By what those know a step who carry steps out. */
  keyOf(at: number): string {
    const { run, plan } = this.graph.nodes[at];
    return plan >= 0 ? 'plan:' + this.graph.planned[plan].name : this.graph.runs[run].id;
  }

  /** As people know it: by its name in the plan, or the first of its results. */
  nameOf(at: number): ByteString {
    const { run, plan } = this.graph.nodes[at];
    if (plan >= 0) return this.graph.planned[plan].name;
    const { outputs, id } = this.graph.runs[run];
    const first = outputs.find((file) => this.graph.owners.get(file.path)?.index === run) ?? outputs[0];
    return first === undefined ? id : first.path;
  }

  /** Id of the run that stands for it; undefined: it was never run. */
  runIdOf(at: number): string | undefined {
    const { run } = this.graph.nodes[at];
    return run < 0 ? undefined : this.graph.runs[run].id;
  }

  private runOf(at: number): Pick<Run, 'id' | 'outputs'> | undefined {
    const { run } = this.graph.nodes[at];
    return this.redone.get(at) ?? (run < 0 ? undefined : this.graph.runs[run]);
  }

  private writerOf(path: ByteString): string | undefined {
    const maker = this.makers.get(path);
    const now = maker === undefined ? undefined : this.facts.stateOf(path);
    return maker !== undefined && now !== undefined && isSameContent(maker.file, now) ? maker.id : this.facts.overwriterOf(this.graph, path);
  }

  /** The place of a step by its key, or by the id of a run that it has carried out since; undefined if there is none. */
  placeOf(key: string): number | undefined {
    const planned = this.planned.get(key);
    if (planned !== undefined) return planned;
    const run = findRunBefore(this.graph.runs, key, this.graph.runs.length);
    const at = run < 0 ? -1 : this.graph.nodeOfRun[run];
    // A planned step is not called after its run.
    return at >= 0 && this.graph.nodes[at].plan < 0 ? at : this.placeOfEarlier(key);
  }

  private placeOfEarlier(id: string): number | undefined {
    if (this.earlier === undefined) {
      this.earlier = new Map();
      const { runs, nodes } = this.graph;
      nodes.forEach(({ run }, at) => {
        for (let index = run; index >= 0;) {
          const { redoes } = runs[index].facts;
          if (redoes === undefined || redoes >= runs[index].id) break;
          this.earlier?.set(redoes, at);
          index = findRunBefore(runs, redoes, index);
        }
        if (run >= 0) this.earlier?.set(runs[run].id, at);
      });
    }
    return this.earlier.get(id);
  }

  private at(key: string): number {
    const at = this.placeOf(key);
    if (at === undefined) throw new Error('no such step: ' + key);
    return at;
  }

  // ---- judging --------------------------------------------------------------------------------------

  /** Reads the files that these steps are judged by. */
  async look(places: Iterable<number>): Promise<void> {
    const paths = new Set<ByteString>();
    for (const at of places) for (const path of listPathsOfStep(this.graph, at)) paths.add(path);
    await this.facts.look(paths);
  }

  /** Why the step must be redone, as things are now. */
  causesOf(at: number): StepCause[] {
    const causes = findStepCauses(this.graph, at, this.present);
    const need = this.needed.get(at);
    return need === undefined ? causes : causes.concat(need);
  }

  /** What is to be done with a step of which all that is before it is settled. Looks again whether its files have changed. */
  async decide(key: string, isForced: boolean): Promise<StepDecision> {
    const at = this.at(key);
    await this.look([at]);
    const causes = this.causesOf(at);
    if (causes.length === 0 && !isForced) return { kind: 'fresh' };
    const all: StepCause[] = causes.length === 0 ? [{ kind: 'forced' }] : causes;
    const checked = this.check(at, all, () => false);
    if (checked.kind !== 'makeable') return checked;
    this.restores.set(at, checked.restore);
    return { kind: 'redo', causes: all };
  }

  /** That step is to be redone, as another needs what it gave. */
  need(key: string, path: ByteString, by: ByteString): void {
    this.needed.set(this.at(key), { kind: 'needed', path, by });
  }

  /** Can it be made, and what must be put back for it? `isToCome` tells of another step whether it is to be redone before. */
  private check(at: number, causes: StepCause[], isToCome: (at: number) => boolean): Checked {
    const record = this.readRecord(at);
    if (typeof record === 'string') return { kind: 'unmakeable', why: record };
    const { plan } = this.graph.nodes[at];
    const obstacle = plan < 0 ? findRepeatObstacle(record) : undefined;
    if (obstacle !== undefined) return { kind: 'unmakeable', why: obstacle };
    const gone = this.findGone(at, record, causes, isToCome);
    return gone === undefined ? this.findRestores(at, record, isToCome) : { kind: 'unmakeable', why: gone };
  }

  /** Why it cannot be carried out for want of an input; undefined if nothing is known to lack. */
  private findGone(at: number, record: Run, causes: StepCause[], isToCome: (at: number) => boolean): ByteString | undefined {
    const node = this.graph.nodes[at];
    const declared = node.plan < 0 ? record.declaredInputs : plannedInputs(this.graph.planned[node.plan].template);
    for (const pattern of declared) {
      if (node.transient?.has(pattern) === true || this.facts.isThere(pattern)) continue;
      const makers = node.before.filter((one) => this.isMaking(one, pattern));
      if (makers.some(isToCome)) continue;
      return 'its input ' + pattern + ' is not there' + (makers.length > 0 ? ', and ' + this.nameOf(makers[0]) + ' does not make it any more' : isGlob(pattern) ? ' (no file fits)' : ', and no step makes it');
    }
    const gone = causes.find((cause) => cause.kind === 'gone');
    // With another cause it may be that it is not read any more.
    const isOnly = causes.every((cause) => cause.kind === 'gone' || cause.kind === 'missing' || cause.kind === 'changed' || cause.kind === 'needed');
    return gone !== undefined && gone.kind === 'gone' && isOnly && !this.isDropped(gone.path) ? 'its input ' + gone.path + ' is gone, and no step makes it' : undefined;
  }

  /** Did the step that made it leave it out when it was redone? Then the one that read it may find others in its stead (a glob, a list). */
  private isDropped(path: ByteString): boolean {
    const { nodes, runs } = this.graph;
    return Array.from(this.redone.values()).some((run) => run.removed.indexOf(path) >= 0)
      || nodes.some(({ run }) => run >= 0 && runs[run].facts.redoes !== undefined && runs[run].removed.indexOf(path) >= 0);
  }

  /** Does this step make what a declared input names? */
  private isMaking(at: number, pattern: ByteString): boolean {
    const { plan } = this.graph.nodes[at];
    const fits = makePatternTester(pattern);
    if ((this.runOf(at)?.outputs ?? []).some((file) => fits(file.path))) return true;
    return plan >= 0 && plannedOutputs(this.graph.planned[plan].template).some((one) => fits(one) || makePatternTester(one)(pattern));
  }

  /** Contents of transient inputs that are to be put back; or the steps that must be redone for them. */
  private findRestores(at: number, record: Run, isToCome: (at: number) => boolean): Checked {
    const node = this.graph.nodes[at];
    const restore: StepJob['restore'] = [];
    const waits: { key: string; path: ByteString }[] = [];
    for (const [path, supplier] of node.transient ?? []) {
      const read = record.inputs.find((file) => file.path === path);
      const from = supplier < 0 ? undefined : this.graph.nodeOfRun[supplier];
      if (from !== undefined && isToCome(from)) continue;
      const wanted = from === undefined ? read : this.runOf(from)?.outputs.find((file) => file.path === path);
      if (read === undefined || wanted === undefined || wanted.hash.length !== 64 || !isResultPath(path)) continue;
      const now = this.facts.stateOf(path);
      if (now !== undefined && isSameContent(now, wanted)) continue;
      this.finder = this.finder ?? new ContentFinder(this.project);
      if (this.finder.find(wanted, record) !== undefined) restore.push({ hash: wanted.hash, size: wanted.size, kind: wanted.kind, path });
      else if (from !== undefined) waits.push({ key: this.keyOf(from), path });
      else return { kind: 'unmakeable', why: 'its input ' + path + ' was overwritten since, and what it was is not at hand' };
    }
    return waits.length > 0 ? { kind: 'waits', for: waits } : { kind: 'makeable', restore };
  }

  /** The record of the step's run; of one never run an empty one; or why it cannot be read. */
  private readRecord(at: number): Run | string {
    const known = this.records.get(at);
    if (known !== undefined) return known;
    const { run } = this.graph.nodes[at];
    let record: Run | undefined;
    try {
      record = run < 0 ? emptyRun('', '', '', '') : readRun(this.project, this.graph.runs[run].id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return error.message;
    }
    if (record === undefined) return 'its record has gone';
    this.records.set(at, record);
    return record;
  }

  /** By what a step that need not be redone is up to date. */
  describeFresh(at: number): ByteString {
    const { run } = this.graph.nodes[at];
    if (run < 0) return 'it leaves nothing';
    const { id, inputs, outputs, facts } = this.graph.runs[run];
    const results = outputs.filter((file) => this.graph.owners.get(file.path)?.index === run).length;
    const count = (number: number, one: string): string[] => (number === 0 ? [] : [String(number) + ' ' + one + (number === 1 ? '' : 's')]);
    const parts = count(inputs.length + facts.secretInputs.length, 'input').concat(count(facts.parameters.length, 'parameter'), count(facts.declaredVariables.length, 'variable'), count(results, 'result'));
    return parts.length === 0 ? 'nothing that it depends on is known' : joinWords(parts, 'and') + ' as in ' + id;
  }

  // ---- what will be ---------------------------------------------------------------------------------

  /**
   * What would be done with these steps, in the order in which they can be. `isForced` by place. Steps that
   * must be redone because what they gave was overwritten are from now on taken for needed.
   */
  forecast(places: Iterable<number>, isForced: (at: number) => boolean): Map<number, StepForecast> {
    const sorted = sortSteps(this.graph, places);
    const causes = new Map<number, StepCause[]>();
    for (const at of sorted) {
      const found = findStepCauses(this.graph, at, this.present);
      if (found.length > 0) causes.set(at, found);
    }
    for (;;) {
      const found = new Map<number, StepForecast>();
      let isMore = false;
      for (const at of sorted) {
        const forecast = this.forecastOne(at, (causes.get(at) ?? []).concat(this.needed.get(at) ?? []), isForced(at), found);
        found.set(at, forecast);
        if (forecast.kind === 'waits') isMore = this.needAll(at, forecast.for) || isMore;
      }
      if (!isMore) return found;
    }
  }

  /** Takes note that these are needed, and what they need in their turn. */
  private needAll(at: number, waits: { key: string; path: ByteString }[]): boolean {
    const waiting = waits.map((wait) => ({ ...wait, by: at }));
    const before = this.needed.size;
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const from = this.at(next.key);
      if (this.needed.has(from)) continue;
      this.need(next.key, next.path, this.nameOf(next.by));
      const record = this.readRecord(from);
      const checked = typeof record === 'string' ? undefined : this.findRestores(from, record, () => false);
      if (checked?.kind === 'waits') waiting.push(...checked.for.map((wait) => ({ ...wait, by: from })));
    }
    return this.needed.size > before;
  }

  private forecastOne(at: number, own: StepCause[], isForced: boolean, found: Map<number, StepForecast>): StepForecast {
    const { before, after } = this.graph.nodes[at];
    const isStopped = (one: number): boolean => found.get(one)?.kind === 'unmakeable' || found.get(one)?.kind === 'blocked';
    const isToCome = (one: number): boolean => found.get(one)?.kind === 'redo' || found.get(one)?.kind === 'perhaps' || found.get(one)?.kind === 'waits';
    const stopped = before.find(isStopped);
    if (stopped !== undefined) return { kind: 'blocked', by: this.keyOf(stopped) };
    const causes: StepCause[] = own.length === 0 && isForced ? [{ kind: 'forced' }] : own;
    if (causes.length > 0) {
      const checked = this.check(at, causes, isToCome);
      if (checked.kind === 'waits') return checked.for.every((wait) => this.needed.has(this.at(wait.key))) ? { kind: 'redo', causes } : checked;
      return checked.kind === 'makeable' ? { kind: 'redo', causes } : checked;
    }
    const on = before.filter(isToCome).concat(after.filter((one) => isToCome(one) && this.isOverwritten(at, one)));
    return on.length > 0 ? { kind: 'perhaps', on: on.map((one) => this.keyOf(one)) } : FRESH;
  }

  /** Does this other step write what the step owns? */
  private isOverwritten(at: number, other: number): boolean {
    const { run } = this.graph.nodes[at];
    return run >= 0 && (this.runOf(other)?.outputs ?? []).some((file) => this.graph.owners.get(file.path)?.index === run);
  }

  // ---- carrying out ---------------------------------------------------------------------------------

  /** The steps as tasks, in an order that fits; what is before them only as far as it is among them. */
  tasksOf(places: Iterable<number>, mayRun: (at: number) => boolean): ScheduledTask[] {
    const sorted = sortSteps(this.graph, places);
    const keys = new Set(sorted.map((at) => this.keyOf(at)));
    return sorted.map((at) => {
      const record = mayRun(at) ? this.readRecord(at) : undefined;
      const run = record === undefined || typeof record === 'string' ? undefined : record;
      const { plan, before, after } = this.graph.nodes[at];
      const asked = plan < 0 ? run?.asked ?? [] : this.graph.planned[plan].template.asked;
      const amount = (what: string): number | undefined => {
        const line = asked.find((one) => one.startsWith(what + ' '));
        return line === undefined ? undefined : Number(line.slice(what.length + 1)) || undefined;
      };
      return {
        key: this.keyOf(at), before: before.concat(after).map((one) => this.keyOf(one)).filter((key) => keys.has(key)), expectedS: mayRun(at) ? run?.wallS : 0,
        cpus: Math.max(1, Math.floor(amount('cpus') ?? 1)), memoryBytes: amount('memory') ?? run?.peakMemoryBytes,
      };
    });
  }

  /** What is to be carried out for a step that decide() said is to be redone. */
  jobOf(key: string, because: ByteString, isReused: boolean): StepJob {
    const at = this.at(key);
    const { run, plan } = this.graph.nodes[at];
    const record = this.readRecord(at);
    if (typeof record === 'string') throw new Error('no record of ' + key);
    const prior = run < 0 ? undefined : record;
    const known = run < 0 ? undefined : this.graph.runs[run];
    const rule: Run = plan < 0 ? { ...record, label: known?.label, reason: known?.reason, tags: known?.tags ?? [] } : { ...this.graph.planned[plan].template, inputs: record.inputs, outputs: record.outputs };
    const template: Run = {
      ...rule, id: '', startedUtc: formatUtcMicros(readUtcMicros()), status: 'running', plan: plan < 0 ? record.plan : this.graph.planned[plan].name, because, redoes: prior?.id, repeats: undefined,
      parent: undefined, reused: undefined, parameters: this.readParameters(rule), ...this.resolveVariables(plan < 0 ? undefined : rule, record),
    };
    return { key, name: this.nameOf(at), template, prior, restore: this.restores.get(at) ?? [], isReused };
  }

  private readParameters(rule: Run): ByteString[] {
    if (rule.sweep !== undefined) return rule.parameters;
    return rule.parameters.map((parameter) => {
      const parts = splitFileParameter(parameter, rule.parameterFiles);
      const now = parts === undefined ? undefined : this.facts.parameterOf(parts.path, parts.key);
      return parts === undefined || now === undefined ? parameter : parts.path + ':' + parts.key + ' ' + now;
    });
  }

  /** Variables for the command: what the plan sets; of declared ones what is set now; else as recorded. */
  private resolveVariables(planned: Run | undefined, record: Run): Pick<Run, 'variables' | 'variableHashes' | 'declaredVariables'> {
    const declaredVariables = planned?.declaredVariables ?? record.declaredVariables;
    const nameOf = (line: ByteString): ByteString => line.slice(0, line.indexOf('='));
    const fixed = planned?.variables ?? [];
    const isFixed = new Set(fixed.map(nameOf));
    const recorded = new Map(record.variables.map((line): [ByteString, ByteString] => [nameOf(line), line]));
    const hashes = new Set(record.variableHashes);
    for (const name of declaredVariables) {
      const now = this.facts.variableOf(name);
      if (now !== undefined && now[name.length] === '=') recorded.set(name, now);
      // A withheld value is only in the environment.
      else if (now !== undefined) {
        recorded.delete(name);
        hashes.add(now);
      }
    }
    return { declaredVariables, variables: fixed.concat(Array.from(recorded.values()).filter((line) => !isFixed.has(nameOf(line)))), variableHashes: Array.from(hashes) };
  }

  /** Takes in how a step ended, so that those after it are judged by what is there then. */
  noteEnd(end: StepEnd): void {
    const at = this.at(end.key);
    const { run } = end;
    const record = this.records.get(at);
    for (const file of this.restores.get(at) ?? []) this.facts.forget(file.path);
    if (!end.isGood) {
      for (const file of run.outputs.concat(record?.outputs ?? [])) this.facts.forget(file.path);
      for (const path of run.removed) this.facts.forget(path);
      return;
    }
    for (const file of record?.outputs ?? []) this.facts.forget(file.path);
    for (const path of run.removed) this.facts.note(path, undefined);
    for (const file of run.outputs) {
      if (file.hash === '?') this.facts.forget(file.path);
      else this.facts.note(file.path, file);
      this.makers.set(file.path, { id: run.id, file });
    }
    const read = run.inputs.map((file) => file.path).concat(run.absent, run.secretInputs.map((line) => line.slice(line.indexOf(' ') + 1)));
    const before = (record?.outputs ?? []).map((file) => file.path).concat(record?.removed ?? []);
    this.redone.set(at, { id: run.id, outputs: run.outputs, removed: run.removed, read, before });
    this.records.delete(at);
    this.restores.delete(at);
  }

  /**
   * Did a step that was carried out read or write what the order of the steps did not take into account? Then
   * another look at all is needed. `done`: the steps that were.
   */
  hasSurprise(done: Iterable<number>): boolean {
    const isNew = new Set<ByteString>();
    const makers = new Map<ByteString, number>();
    const ended = Array.from(done, (at) => ({ at, run: this.redone.get(at) })).filter((one) => one.run !== undefined) as { at: number; run: EndedRun }[];
    for (const { at, run } of ended) {
      const before = new Set(run.before);
      for (const path of run.outputs.map((file) => file.path).concat(run.removed)) {
        makers.set(path, at);
        if (!before.has(path)) isNew.add(path);
      }
    }
    for (const { at, run } of ended) {
      const known = new Set(this.graph.nodes[at].before.concat(this.graph.nodes[at].after, at));
      for (const path of run.read) if (makers.has(path) && !known.has(makers.get(path) as number)) return true;
    }
    return isNew.size > 0 && this.graph.nodes.some((node, reader) => {
      const known = new Set(node.before.concat(node.after, reader));
      const meets = (path: ByteString): boolean => isNew.has(path) && !known.has(makers.get(path) as number);
      if (node.run < 0) return false;
      const { inputs, outputs, facts } = this.graph.runs[node.run];
      return inputs.some((file) => meets(file.path)) || outputs.some((file) => meets(file.path)) || facts.absent.some(meets)
        || facts.inputPatterns.some((pattern) => Array.from(isNew).some((path) => meets(path) && makePatternTester(pattern)(path)));
    });
  }

  /** Writes what was learned of files that have not changed. */
  close(): void {
    this.facts.save();
    this.finder?.close();
  }
}

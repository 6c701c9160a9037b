// sweepstate.ts - what is recorded of a sweep: the numbers of its points, and which of them need not be run again. Runs nothing.
//
// 1. A point need not be run if there is a run of it in the sweep that succeeded, with the same
//    command in the same folder, that would be the same now (core/stepcauses.ts), and left all that
//    is declared now.
// 2. A result that a later point of the sweep overwrote is not missed; one that anything else changed is.
import type { ByteString } from '../core/bytes.ts';
import { isSameContent, listOwners, noteOwned } from '../core/graph.ts';
import type { Owner } from '../core/graph.ts';
import type { Run, RunSummary } from '../core/run.ts';
import { describeCauses, findStepCauses } from '../core/stepcauses.ts';
import type { Present, StepCause } from '../core/stepcauses.ts';
import { listPathsOfStep } from '../core/staleness.ts';
import { makePatternTester } from '../core/steps.ts';
import type { StepGraph, StepNode, StepRun } from '../core/steps.ts';
import { keyOfParameters } from '../core/sweep.ts';
import { isGlob } from '../core/glob.ts';
import { maskValue } from '../formats/secrets.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { lstatIfThere, toBytes, toText } from './files.ts';
import { toRecordPath } from './observe.ts';
import { readKnownRuns } from './pickrun.ts';
import { PresentFacts } from './present.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { readRun } from './records.ts';
import { spellForRecord } from './recording.ts';
import { readGraphRuns } from './runindex.ts';
import { makeSecretHasher } from './secretkey.ts';
import { isWritten } from './sweepsteps.ts';
import type { SweepStep } from './sweepsteps.ts';

/** What is to be done with a point. `why`: a clause. */
export type PointState = { kind: 'recorded'; id: string } | { kind: 'new' } | { kind: 'again'; why: ByteString };

/** A result whose input is gone. isAsLeft: it is as the run left it, and not changed by hand. */
export type Orphan = { path: ByteString; of: ByteString; isAsLeft: boolean };

/** All runs of a point, in the order of their ids. */
type PointRuns = { number: number; runs: RunSummary[] };

export class SweepState {
  /** The number of each point that was ever run, by its key. */
  readonly numbers = new Map<string, number>();
  private readonly project: Project;
  private readonly points = new Map<string, PointRuns>();
  /** The runs of the sweep as steps, each by itself; `owners` of those files that the sweep left. */
  private readonly nodesOfRuns: number[] = [];
  private readonly graph: StepGraph = { runs: [], planned: [], owners: new Map<ByteString, Owner>(), nodes: [], nodeOfRun: this.nodesOfRuns };
  private readonly nodes = new Map<string, number>();
  private readonly facts: PresentFacts;
  private readonly hash: SecretHasher;
  private readonly read = new Set<ByteString>();

  constructor(project: Project, label: ByteString) {
    this.project = project;
    this.facts = new PresentFacts(project, false);
    this.hash = makeSecretHasher(project.own + '/key');
    for (const run of readKnownRuns(project).summaries) {
      const { sweep } = run;
      if (sweep === undefined || sweep.label !== label || run.tree !== undefined) continue;
      const key = keyOfParameters(run.parameters);
      const known = this.points.get(key);
      if (known === undefined) this.points.set(key, { number: sweep.number, runs: [run] });
      else {
        known.runs.push(run);
        known.number = sweep.number;
      }
      this.numbers.set(key, sweep.number);
    }
    if (this.points.size > 0) this.readGraph(label);
  }

  private readGraph(label: ByteString): void {
    const { graph } = this;
    for (const run of readGraphRuns(this.project).runs) {
      if (run.tree !== undefined || run.facts.sweep?.label !== label) continue;
      const at = graph.runs.length;
      graph.runs.push(run);
      graph.nodes.push(makeNode(run, at));
      this.nodesOfRuns.push(at);
      this.nodes.set(run.id, at);
      noteOwned(graph.owners, run, at);
      for (const file of run.inputs) this.read.add(file.path);
    }
  }

  /** Did the sweep itself write this file last? */
  isMade(path: ByteString): boolean {
    return this.graph.owners.has(path);
  }

  /** Has a run of the sweep read this file? */
  wasRead(path: ByteString): boolean {
    return this.read.has(path);
  }

  private runsOf(step: SweepStep): RunSummary[] {
    return this.points.get(keyOfParameters(step.template.parameters))?.runs ?? [];
  }

  private isSameCommand(step: SweepStep, run: RunSummary): boolean {
    if (run.directory !== step.template.directory) return false;
    return run.command === step.template.command || run.command === spellForRecord(this.project, absoluteOf(this.project, run.directory), step.argv);
  }

  // ---- is it recorded? ------------------------------------------------------------------------------

  /** What is to be done with each of these points, as things are now. */
  async judge(steps: SweepStep[]): Promise<PointState[]> {
    const found = steps.map((step) => this.findCandidate(step));
    const paths = new Set<ByteString>();
    for (const one of found) if (typeof one === 'number') for (const path of listPathsOfStep(this.graph, one)) paths.add(path);
    await this.facts.look(paths);
    const states = steps.map((step, i): PointState => {
      const candidate = found[i];
      if (typeof candidate !== 'number') return candidate;
      const why = this.findWhy(step, candidate);
      return why === undefined ? { kind: 'recorded', id: this.graph.runs[candidate].id } : { kind: 'again', why };
    });
    this.facts.save();
    return states;
  }

  /** The last run of a point that may be good enough, as a node; or what is to be done without one. */
  private findCandidate(step: SweepStep): number | PointState {
    const runs = this.runsOf(step);
    const last = runs[runs.length - 1];
    if (last === undefined) return { kind: 'new' };
    for (let i = runs.length - 1; i >= 0; i--) {
      const node = this.nodes.get(runs[i].id);
      if (runs[i].status === 'succeeded' && node !== undefined && this.isSameCommand(step, runs[i])) return node;
    }
    const isOther = runs.some((run) => run.status === 'succeeded');
    return { kind: 'again', why: isOther ? 'the command is another one' : 'it ' + describePointEnd(last) };
  }

  /** Why a run of a point does not do; undefined if it does. */
  private findWhy(step: SweepStep, at: number): ByteString | undefined {
    const run = this.graph.runs[at];
    const lacking = step.template.declaredOutputs.find((pattern) => !run.outputs.some((file) => makePatternTester(pattern)(file.path)));
    if (lacking !== undefined) return 'result ' + lacking + ' was not made';
    const rewritten = step.written.find((file) => !isWritten(this.project, file));
    if (rewritten !== undefined) return 'input ' + rewritten.path + ' changes';
    const variable = this.findVariable(step, run);
    if (variable !== undefined) return variable;
    const causes = findStepCauses(this.graph, at, this.presentOf(step)).concat(this.findNewInputs(step, run));
    return causes.length === 0 ? undefined : describeCauses(causes);
  }

  /** A variable that is declared now and was not, or is not set any more. */
  private findVariable(step: SweepStep, run: StepRun): ByteString | undefined {
    const { facts } = run;
    for (const name of step.template.declaredVariables) {
      if (facts.declaredVariables.indexOf(name) < 0) return 'variable ' + name + ' was not declared';
      const wasSet = facts.variables.concat(facts.variableHashes).some((line) => line.startsWith(name) && (line[name.length] === '=' || line[name.length] === ' '));
      if (wasSet && this.lineOf(step, name) === undefined) return 'variable ' + name + ' is not set';
    }
    return undefined;
  }

  /** A variable as a record would have it: as the step sets it, or as it is. */
  private lineOf(step: SweepStep, name: ByteString): ByteString | undefined {
    const set = step.template.variables.find((line) => line.startsWith(name + '='));
    const value = set === undefined ? process.env[toText(name)] : undefined;
    if (set === undefined && value === undefined) return undefined;
    const text = set === undefined ? toBytes(value as string) : set.slice(name.length + 1);
    return maskValue(name, text, this.hash) === text ? name + '=' + text : name + ' ' + this.hash(text);
  }

  /** Files that -i names now, and that the run had not as inputs. What a traced run read is known without that. */
  private findNewInputs(step: SweepStep, run: StepRun): StepCause[] {
    if (run.facts.inputPatterns.length > 0) return []; // they are looked at as patterns
    const known = new Set(run.inputs.concat(run.outputs).map((file) => file.path).concat(run.removed, run.facts.secretInputs.map((line) => line.slice(line.indexOf(' ') + 1))));
    const causes: StepCause[] = [];
    for (const pattern of step.template.declaredInputs) {
      if (known.has(pattern) || isGlob(pattern)) continue;
      if (this.facts.stateOf(pattern)?.kind === '' || this.facts.stateOf(pattern)?.kind === 'x') causes.push({ kind: 'new input', path: pattern });
    }
    return causes;
  }

  private presentOf(step: SweepStep): Present {
    const { facts, graph } = this;
    return {
      stateOf: (path) => facts.stateOf(path), secretOf: (path) => facts.secretOf(path), parameterOf: (path, key) => facts.parameterOf(path, key),
      hasKey: facts.hasKey, variableOf: (name) => this.lineOf(step, name), filesOf: (pattern) => facts.filesOf(pattern), environmentOf: () => [],
      runOf: (node) => graph.runs[node], isRedone: () => false, writerOf: (path) => facts.overwriterOf(graph, path),
    };
  }

  // ---- for what is to be run ------------------------------------------------------------------------

  /** The run whose results a new run of the point replaces, with those that are still its own. */
  priorOf(step: SweepStep): Run | undefined {
    const run = this.runsOf(step).filter((one) => one.status === 'succeeded' && this.nodes.has(one.id)).pop();
    const record = run === undefined ? undefined : readRun(this.project, run.id);
    const at = run === undefined ? undefined : this.nodes.get(run.id);
    return record === undefined ? undefined : { ...record, outputs: record.outputs.filter((file) => this.graph.owners.get(file.path)?.index === at) };
  }

  /** Seconds that a run of the point took, or else those of others took. */
  expectedSOf(step: SweepStep): number | undefined {
    return this.runsOf(step).filter((run) => run.status === 'succeeded').pop()?.wallS ?? this.meanS();
  }

  private mean: { seconds: number | undefined } | undefined;

  private meanS(): number | undefined {
    if (this.mean === undefined) {
      let sum = 0;
      let count = 0;
      for (const { runs } of this.points.values()) {
        const last = runs[runs.length - 1];
        if (last.status !== 'succeeded' || last.wallS === undefined) continue;
        sum += last.wallS;
        count += 1;
      }
      this.mean = { seconds: count === 0 ? undefined : sum / count };
    }
    return this.mean.seconds;
  }

  // ---- results of inputs that are gone --------------------------------------------------------------

  /** Results that the sweep made of files of --each that are gone. */
  async listOrphans(): Promise<Orphan[]> {
    const found: Orphan[] = [];
    const inputs = this.readPaths();
    const isGone = new Map<ByteString, boolean>();
    for (const path of inputs.values()) if (!isGone.has(path)) isGone.set(path, lstatIfThere(absoluteOf(this.project, path)) === undefined);
    const results = Array.from(this.graph.owners).filter(([, { index }]) => isGone.get(inputs.get(this.graph.runs[index].id) ?? '') === true);
    if (results.length === 0) return [];
    await this.facts.look(results.map(([path]) => path));
    // Another run may have written to the same place since.
    const all = readGraphRuns(this.project).runs;
    const owners = listOwners(all);
    for (const [path, result] of results) {
      const now = this.facts.stateOf(path);
      const owner = owners.get(path);
      if (now === undefined || owner === undefined || all[owner.index].id !== this.graph.runs[result.index].id) continue;
      found.push({ path, of: inputs.get(this.graph.runs[result.index].id) as ByteString, isAsLeft: isSameContent(now, result) });
    }
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The files of --each, as paths of a record, by the ids of the runs that were of them. */
  private readPaths(): Map<string, ByteString> {
    const paths = new Map<string, ByteString>();
    for (const { runs } of this.points.values()) {
      for (const run of runs) {
        const parameter = run.parameters.find((one) => one.startsWith('path '));
        if (parameter !== undefined) paths.set(run.id, toRecordPath(this.project, absoluteOf(this.project, run.directory), parameter.slice(5)));
      }
    }
    return paths;
  }
}

/** What a run wrote or removed itself cannot be compared with what it read or looked for. */
function makeNode(run: StepRun, at: number): StepNode {
  const transient = new Map<ByteString, number>();
  for (const file of run.outputs) transient.set(file.path, -1);
  for (const path of run.removed) transient.set(path, -1);
  return { run: at, plan: -1, before: [], after: [], transient };
}

function describePointEnd(run: RunSummary): ByteString {
  switch (run.status) {
    case 'failed': return 'failed' + (run.signal !== undefined ? ': ' + run.signal : run.exit === undefined ? '' : ': exit ' + String(run.exit));
    case 'interrupted': return 'was interrupted';
    case 'lost': return 'was lost';
    case 'running': return 'is running';
    default: return 'cannot be read any more';
  }
}

// targets.ts - the steps that the words of a person mean: results, folders, planned steps, labels, runs. Judges nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { makePatternTester, plannedInputs, plannedOutputs } from '../core/steps.ts';
import { lstatIfThere } from './files.ts';
import { toRecordPath } from './observe.ts';
import { pickAnnotatedRuns } from './pickrun.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import type { StepBook } from './steps.ts';

/** What a step is to write, of one that is to be run as the plan says. */
function promisesOf(book: StepBook, at: number): ByteString[] {
  const { run, plan } = book.graph.nodes[at];
  return plan >= 0 && (run < 0 || book.graph.planned[plan].differences.length > 0) ? plannedOutputs(book.graph.planned[plan].template) : [];
}

/** The steps that make this file, or files in this folder. */
function listMakersOf(book: StepBook, path: ByteString): number[] {
  const { graph } = book;
  const found = new Set<number>();
  const owner = graph.owners.get(path);
  if (owner !== undefined) found.add(graph.nodeOfRun[owner.index]);
  const fits = makePatternTester(path);
  graph.nodes.forEach((_, at) => { if (promisesOf(book, at).some((pattern) => fits(pattern) || makePatternTester(pattern)(path))) found.add(at); });
  // A result that has a step of its own is no folder.
  if (owner === undefined) for (const [result, { index }] of graph.owners) if (path === '.' || result.startsWith(path + '/')) found.add(graph.nodeOfRun[index]);
  return Array.from(found);
}

/** The steps that a word means. Throws Failure if it means none. */
export function findTargets(project: Project, folder: ByteString, book: StepBook, word: ByteString): number[] {
  const { graph } = book;
  const planned = graph.nodes.findIndex(({ plan }) => plan >= 0 && graph.planned[plan].name === word);
  if (planned >= 0) return [planned];
  const path = toRecordPath(project, folder, word);
  const makers = listMakersOf(book, path);
  if (makers.length > 0) return makers;
  const labelled = graph.nodes.map((_, at) => at).filter((at) => graph.nodes[at].run >= 0 && graph.runs[graph.nodes[at].run].label === word);
  if (labelled.length > 0) return labelled;
  if (lstatIfThere(absoluteOf(project, path)) !== undefined) throw new Failure('cannot make "' + word + '": no step makes it', 'run "rr why ' + word + '"', EXIT.unmakeable);
  return findStepsOfRuns(project, folder, book, word);
}

function findStepsOfRuns(project: Project, folder: ByteString, book: StepBook, word: ByteString): number[] {
  let ids: string[];
  try {
    ids = pickAnnotatedRuns(project, folder, word).map(({ run }) => run.id);
  } catch (error) {
    if (!(error instanceof Failure) || error.exitStatus !== EXIT.differs) throw error;
    throw new Failure('cannot make "' + word + '": it is neither a result, a planned step, a label nor a run', 'run "rr list", or "rr status"', EXIT.unmakeable);
  }
  const places = ids.map((id) => book.placeOf(id)).filter((at): at is number => at !== undefined);
  if (places.length === 0) throw new Failure('cannot make "' + word + '": the run ' + ids[0] + ' has no result that is current', 'run "rr rerun ' + ids[0] + '"', EXIT.unmakeable);
  return Array.from(new Set(places));
}

/** The steps that read a file or make it. Throws Failure if there is none. */
export function findUsers(project: Project, folder: ByteString, book: StepBook, word: ByteString): number[] {
  const path = toRecordPath(project, folder, word);
  const { graph } = book;
  const found = new Set(listMakersOf(book, path));
  const isAt = makePatternTester(path);
  graph.nodes.forEach(({ run, plan }, at) => {
    if (run >= 0) {
      const { inputs, facts } = graph.runs[run];
      const read = inputs.map((file) => file.path).concat(facts.absent, facts.secretInputs.map((line) => line.slice(line.indexOf(' ') + 1)));
      if (read.some(isAt) || facts.inputPatterns.some((pattern) => makePatternTester(pattern)(path))) found.add(at);
    }
    if (plan >= 0 && plannedInputs(graph.planned[plan].template).some((pattern) => makePatternTester(pattern)(path) || isAt(pattern))) found.add(at);
  });
  if (found.size === 0) throw new Failure('cannot tell what comes from "' + word + '": no step reads or makes it', 'run "rr used ' + word + '"', EXIT.unmakeable);
  return Array.from(found);
}

// tracing.ts - begins to watch a command by strace. Knows no record.
import { makeClassifier } from '../core/filerules.ts';
import type { PathClass } from '../core/filerules.ts';
import type { ByteString } from '../core/bytes.ts';
import type { FileState } from '../core/run.ts';
import { Trace } from '../core/trace.ts';
import { StraceReader } from '../formats/strace.ts';
import { readUtcMicros } from './clock.ts';
import { errorCode, readRegularIfThere, statIfThere, toBytes } from './files.ts';
import { resolveLinks } from './machine.ts';
import { os } from './node.ts';
import type { TracerRequest } from './process.ts';
import { isInProject, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { isLeftOut } from './scan.ts';
import { straceCommand } from './strace.ts';
import { keepLinks } from './watch.ts';

/** `leaks`: files of the project itself that a command in a scratch tree used. */
export type Watch = { leaks: Set<ByteString>; trace: Trace; reader: StraceReader; program: ByteString; hasFilter: boolean; version: string; startMs: number; links: Map<ByteString, FileState> };

/** `origin`: the project, if the command runs in a scratch tree of it. `runId`: whose mark was just written. */
export type WatchRequest = { project: Project; folder: ByteString; origin: Project | undefined; runId: string };

/** The user's home; '' where nobody tells: no HOME, and no entry in the list of users, as in some containers. */
function readHome(): ByteString {
  try {
    return toBytes(os().homedir());
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

/** Begins to watch what is yet to be started, by the tracer that findStrace() found. Throws Failure if provenance/files.txt is not understood. */
export function beginWatch({ project, folder, origin, runId }: WatchRequest, tracer: { program: ByteString; version: string; hasFilter: boolean }): Watch {
  const file = project.provenance + '/files.txt';
  const classify = makeClassifier({ project: project.root, home: readHome(), temporary: resolveLinks(toBytes(process.env.TMPDIR ?? '/tmp')) }, readRegularIfThere(file) ?? '', 'provenance/files.txt');
  const leaks = new Set<ByteString>();
  const classOf = (name: ByteString): PathClass => {
    if (origin !== undefined && isInProject(origin, name) && !isInProject(project, name)) {
      // Packages that are installed in the project are used where they are.
      if (classify(name) === 'system') return 'system';
      const path = relativeTo(origin, name);
      if (path !== '.' && !isLeftOut(path)) leaks.add(path);
      return 'ignored';
    }
    const found = classify(name);
    const path = found === 'project' ? relativeTo(project, name) : name;
    return path[0] !== '/' && isLeftOut(path) ? 'ignored' : found;
  };
  const startMs = statIfThere(project.own + '/running/' + runId)?.mtimeMs ?? readUtcMicros() / 1000;
  const links = new Map<ByteString, FileState>();
  const trace = new Trace({ folder, classOf, resolveFolder: resolveLinks, onLink: (name) => keepLinks(project, name, startMs, links) });
  return { ...tracer, leaks, trace, links, reader: new StraceReader((event) => trace.handle(event)), startMs };
}

/** How the command is started under the tracer, and what it says is read. `giveUp`: it is not watched then, by this error. */
export function tracerRequest(watch: Watch, giveUp: (error: unknown) => void): TracerRequest {
  return {
    prefix: (output) => straceCommand(watch.program, watch.hasFilter, output), feed: (text) => watch.reader.feed(text),
    isMainBegun: () => watch.trace.mainPid() !== 0, isMainEnded: () => watch.trace.isMainEnded(), mainSignal: () => watch.trace.mainSignal(), countAlive: () => watch.trace.countAlive(), giveUp,
  };
}

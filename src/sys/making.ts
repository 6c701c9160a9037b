// making.ts - sees to it that one rr make at a time is at work in a project. Locks nothing: what a crash leaves counts for nothing.
//
// Each has a file of its own in .rr/making that says which process it is. Whoever finds that of another that is
// alive beside its own gives way; two that begin at the same moment may both do so, and try again.
import { EXIT, Failure } from '../core/failure.ts';
import type { ByteString } from '../core/bytes.ts';
import { makeRandomDigits, readUtcMicros } from './clock.ts';
import { createFile, errorCode, listFolder, lstatIfThere, makeFolder, readBytesIfThere, removeIfThere, toFsPath } from './files.ts';
import { fs } from './node.ts';
import { describeSystemError, prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { describeSelf, isHolderAlive } from './store.ts';

const BEAT_OF_MAKING_MS = 60000;
const MOST_TRIES = 5;
const JUST_BEGUN_MS = 2000;

type Making = { root: ByteString; count: number; mark: ByteString; beat: ReturnType<typeof setInterval> };

let making: Making | undefined;

/** Who else is at work, as the file says; undefined if nobody is. Files of the dead are removed. */
function findOther(folder: ByteString, own: ByteString): { holder: string; isYoung: boolean } | undefined {
  let found: { holder: string; isYoung: boolean } | undefined;
  for (const name of listFolder(folder)) {
    const file = folder + '/' + name;
    const holder = file === own || lstatIfThere(file)?.isFile() !== true ? undefined : readBytesIfThere(file)?.trim();
    if (holder === undefined) continue;
    if (!isHolderAlive(holder, file)) removeIfThere(file);
    else found = { holder, isYoung: readUtcMicros() / 1000 - (lstatIfThere(file)?.mtimeMs ?? 0) < JUST_BEGUN_MS };
  }
  return found;
}

function touchMaking(mark: ByteString): void {
  const nowS = readUtcMicros() / 1e6;
  try {
    fs.utimesSync(toFsPath(mark), nowS, nowS);
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
}

async function claimMaking(project: Project): Promise<ByteString> {
  const folder = project.own + '/making';
  prepareOwnFolder(project);
  makeFolder(folder);
  for (let attempt = 1; ; attempt++) {
    const mark = folder + '/' + String(process.pid) + '-' + makeRandomDigits();
    createFile(mark, describeSelf() + '\n');
    const other = findOther(folder, mark);
    if (other === undefined) return mark;
    removeIfThere(mark);
    const [pid, , , host] = other.holder.split(' ');
    if (!other.isYoung || attempt === MOST_TRIES) throw new Failure('cannot begin: another rr is at work on the steps of this project: process ' + pid + ' on ' + host, 'wait for it, or end it', EXIT.failed);
    await new Promise((resolve) => setTimeout(resolve, 20 * attempt + (process.pid % 7) * 10));
  }
}

/**
 * From now on this process alone carries out steps in the project, until the function is called that this gives.
 * It may be entered again meanwhile. Throws Failure if another is at work, or .rr cannot be written.
 */
export async function enterMaking(project: Project): Promise<() => void> {
  if (making === undefined) {
    try {
      const mark = await claimMaking(project);
      const beat = setInterval(() => touchMaking(mark), BEAT_OF_MAKING_MS);
      beat.unref();
      making = { root: project.root, count: 0, mark, beat };
    } catch (error) {
      if (error instanceof Failure || errorCode(error) === '') throw error;
      throw new Failure('cannot write "' + project.own + '": ' + describeSystemError(error));
    }
  }
  const entered = making;
  if (entered.root !== project.root) throw new Error('steps of two projects at once');
  entered.count += 1;
  return () => {
    entered.count -= 1;
    if (entered.count > 0) return;
    clearInterval(entered.beat);
    removeIfThere(entered.mark);
    making = undefined;
  };
}

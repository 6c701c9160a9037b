// rows.ts - the rows, in the order of the table. Measures nothing.
import { measureGrowthOfFiles, measureGrowthOfRuns, measureGrowthOfSteps } from './growthrows.ts';
import { measureAddLarge, measureAddSmall, measureLargeFile, measureSeveral, measureSmallFiles, measureStatus, measureWalk } from './hashrows.ts';
import type { Row } from './lines.ts';
import { measureList, measureMemory } from './listrows.ts';
import { measureMakeNoop } from './makerows.ts';
import { measureGit, measureRecordCopy, measureRecordTrue, measureRerun } from './recordrows.ts';
import { measureBuild, measureTrivialSweep } from './steprows.ts';
import { measureTraced } from './tracerows.ts';

export const ROWS: Row[] = [
  { name: 'record-true', help: 'recording a command that does nothing', measure: measureRecordTrue },
  { name: 'record-cp', help: 'recording "cp a b" of a new content', measure: measureRecordCopy },
  { name: 'git', help: 'recording in a clean git tree', measure: measureGit },
  { name: 'rerun', help: 'repeating a small run', measure: measureRerun },
  { name: 'traced', help: 'watching a command by strace', measure: measureTraced },
  { name: 'hash-large', help: 'SHA-256 of one large file', measure: measureLargeFile },
  { name: 'hash-several', help: 'SHA-256 of several large files', measure: measureSeveral },
  { name: 'hash-small', help: 'SHA-256 of very many small files', measure: measureSmallFiles },
  { name: 'add-large', help: 'taking in one large file', measure: measureAddLarge },
  { name: 'add-small', help: 'taking in very many small files', measure: measureAddSmall },
  { name: 'walk', help: 'looking at very many unchanged files', measure: measureWalk },
  { name: 'status', help: 'status with nothing changed', measure: measureStatus },
  { name: 'make-noop', help: 'a build with nothing to do', measure: measureMakeNoop },
  { name: 'build', help: 'a build of short steps with all to do', measure: measureBuild },
  { name: 'sweep', help: 'a sweep of trivial runs', measure: measureTrivialSweep },
  { name: 'list', help: 'listing runs', measure: measureList },
  { name: 'memory', help: 'peak memory', measure: measureMemory },
  { name: 'growth-runs', help: 'growth with the number of earlier runs', measure: measureGrowthOfRuns },
  { name: 'growth-files', help: 'growth with the number of files', measure: measureGrowthOfFiles },
  { name: 'growth-steps', help: 'growth with the number of steps', measure: measureGrowthOfSteps },
];

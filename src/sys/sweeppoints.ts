// sweeppoints.ts - the points of a sweep, from its options and the files that they name. Knows no records.
//
// 1. Rows of a table vary slowest, then files, then parameters in the order given (core/sweep.ts, 1).
// 2. A row's columns, a file's path and each parameter are what tells a point: its parameters in the record.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { isGlob } from '../core/glob.ts';
import { joinNames, normalizeName } from '../core/names.ts';
import { nameFileParameter } from '../core/parameters.ts';
import type { FileParameter } from '../core/parameters.ts';
import { crossAxes, drawPoints, makeRowAxis, readParameterAxis, zipAxes } from '../core/sweep.ts';
import type { PointList, SweepAxis } from '../core/sweep.ts';
import { hasParameterFormat } from '../formats/parameterfile.ts';
import { readPointTable } from '../formats/pointtable.ts';
import { readNamedIfThere, statIfThere } from './files.ts';
import { expandDeclared, expandGlob, toRecordPath } from './observe.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { readIn } from './terminal.ts';

/** What tells the points: option values as given. */
export type PointOptions = {
  /** -p NAME=VALUES */
  parameters: ByteString[];
  each: ByteString[];
  from: ByteString | undefined;
  random: ByteString | undefined;
  seed: ByteString | undefined;
  isZipped: boolean;
};

/** A value in a file, of which each point has a copy of its own. `file` as given, relative to the folder. */
export type SweptFile = FileParameter & { name: ByteString; file: ByteString };

export type SweepPoints = {
  points: PointList;
  /** Those of the names whose value is put into a file. */
  files: SweptFile[];
  /** The files of --each, as paths of a record. Undefined: there is no --each. */
  paths: ByteString[] | undefined;
};

/** What {path}, {name}, {stem}, {ext} and {folder} are of a file. Only the path tells it from others. */
export const FILE_NAMES = ['path', 'name', 'stem', 'ext', 'folder'];

/** The parts of the name of a file: {name} is {stem}{ext}; a file in the folder itself has the {folder} ".". */
export function splitFileName(path: ByteString): ByteString[] {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const cut = dot <= 0 ? name.length : dot;
  return [path, name, name.slice(0, cut), name.slice(cut), slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash)];
}

/** A path of a record as a command in `folder` has to name it: "../data/a"; "./-x" so that it is no option. */
function nameFrom(project: Project, folder: ByteString, path: ByteString): ByteString {
  if (path[0] === '/') return path;
  const from = folder.split('/');
  const to = absoluteOf(project, path).split('/');
  let common = 0;
  while (common < from.length && common < to.length - 1 && from[common] === to[common]) common += 1;
  const up = folder === '/' ? 0 : from.length - common;
  const name = '../'.repeat(up) + to.slice(common).join('/');
  return name[0] === '-' ? './' + name : name;
}

/** All files that --each names, as paths of a record. */
function findEach(project: Project, folder: ByteString, patterns: ByteString[], isMade: (path: ByteString) => boolean): ByteString[] {
  const found = new Set<ByteString>();
  for (const pattern of patterns) for (const path of (isGlob(pattern) ? expandGlob : expandDeclared)(project, folder, pattern).paths) if (!isMade(path)) found.add(path);
  return Array.from(found).sort(compareBytes);
}

function readTableAxis(folder: ByteString, file: ByteString): SweepAxis {
  const text = file === '-' ? readIn() : readNamedIfThere(joinNames(folder, file));
  if (text === undefined) throw new Failure('cannot use --from "' + file + '": no such file', '', EXIT.usage);
  const { names, rows } = readPointTable(text, file);
  return makeRowAxis(names, rows);
}

/** Where NAME of -p is FILE:KEY: the first colon before which a parameter file is named. A FILE may have placeholders. */
function findSweptFile(project: Project, folder: ByteString, name: ByteString): SweptFile | undefined {
  for (let colon = name.indexOf(':'); colon > 0; colon = name.indexOf(':', colon + 1)) {
    const file = name.slice(0, colon);
    const isTemplate = /\{[^{}]+\}/.test(file);
    if (!hasParameterFormat(file) || (!isTemplate && statIfThere(normalizeName(joinNames(folder, file)))?.isFile() !== true)) continue;
    const parameter = { path: toRecordPath(project, folder, file), key: name.slice(colon + 1) };
    return { ...parameter, name: nameFileParameter(parameter), file };
  }
  return undefined;
}

function readPointNumber(option: string, text: ByteString | undefined, most: bigint): bigint | undefined {
  if (text === undefined) return undefined;
  const isNumber = /^\d{1,20}$/.test(text);
  if (!isNumber || BigInt(text) > most) throw new Failure('cannot use --' + option + ' "' + text + '": not a whole number' + (isNumber ? ' below 2**64' : ''), 'write such as --' + option + ' 100', EXIT.usage);
  return BigInt(text);
}

function checkNames(names: ByteString[], hasWrite: boolean, hasEach: boolean): void {
  const seen = new Set<ByteString>();
  for (const name of names) {
    const why = seen.has(name) ? 'it is given twice' : name === 'n' ? '{n} is the number of the point' : hasWrite && name === 'params' ? '{params} is the file that --write makes' : '';
    if (why !== '') throw new Failure('cannot use the parameter "' + name + '": ' + why, why !== 'it is given twice' ? 'give it another name' : hasEach && FILE_NAMES.indexOf(name) >= 0 ? 'a file of --each has ' + FILE_NAMES.join(', ') : 'give all its values at once: -p ' + name + '=1,2', EXIT.usage);
    seen.add(name);
  }
}

function readAxes(project: Project, folder: ByteString, options: PointOptions, paths: ByteString[] | undefined, files: SweptFile[]): SweepAxis[] {
  const axes: SweepAxis[] = options.from === undefined ? [] : [readTableAxis(folder, options.from)];
  if (paths !== undefined) axes.push(makeRowAxis(FILE_NAMES, paths.map((path) => splitFileName(nameFrom(project, folder, path)))));
  for (const parameter of options.parameters) {
    const sign = parameter.indexOf('=');
    const given = parameter.slice(0, sign);
    if (sign <= 0 || /[\t-\r ]/.test(given.slice(0, sign))) throw new Failure('cannot use -p "' + parameter + '": not NAME=VALUES', 'write such as gamma=0.1,0.2 or seed=1..100', EXIT.usage);
    const file = findSweptFile(project, folder, given);
    if (file === undefined && /[{}]/.test(given)) throw new Failure('cannot use -p "' + parameter + '": a name has no braces', '', EXIT.usage);
    if (file !== undefined) files.push(file);
    axes.push(readParameterAxis(file?.name ?? given, parameter.slice(sign + 1)));
  }
  return axes;
}

function combineAxes(axes: SweepAxis[], options: PointOptions): PointList {
  const random = readPointNumber('random', options.random, BigInt(Number.MAX_SAFE_INTEGER));
  const seed = readPointNumber('seed', options.seed, (1n << 64n) - 1n);
  if (random === undefined && seed !== undefined) throw new Failure('cannot use --seed without --random', '', EXIT.usage);
  if (random === undefined) return options.isZipped ? zipAxes(axes) : crossAxes(axes);
  if (options.isZipped) throw new Failure('cannot use --random with --zip', 'say one of them', EXIT.usage);
  if (random === 0n) throw new Failure('cannot draw 0 points', 'write such as --random 100', EXIT.usage);
  if (random > BigInt(MOST_POINTS)) throw new Failure('cannot draw ' + String(random) + ' points: at most ' + String(MOST_POINTS) + ' are drawn', '', EXIT.usage);
  return drawPoints(axes, Number(random), seed ?? 0n);
}

/** More points than this rr cannot hold at once. */
export const MOST_POINTS = 5000000;

/**
 * The points that the options say. `isMade` tells of a file that the sweep itself made it, so that it
 * is none to be worked on. Throws Failure for what cannot be understood.
 */
export function readSweepPoints(project: Project, folder: ByteString, options: PointOptions, hasWrite: boolean, isMade: (path: ByteString) => boolean): SweepPoints {
  const files: SweptFile[] = [];
  const paths = options.each.length === 0 ? undefined : findEach(project, folder, options.each, isMade);
  const axes = readAxes(project, folder, options, paths, files);
  if (axes.length === 0) throw new Failure('cannot sweep: nothing varies', 'say what does: -p gamma=0.1,0.2, --each \'data/*.csv\' or --from table.csv', EXIT.usage);
  checkNames(axes.reduce((names: ByteString[], axis) => names.concat(axis.names), []), hasWrite, paths !== undefined);
  return { points: combineAxes(axes, options), files, paths };
}

// parameterfiles.ts - values in parameter files of the project, now: reading, putting others in place. Knows no records' spelling.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { isSecretFile } from '../core/filerules.ts';
import { isResultPath } from '../core/graph.ts';
import { listParameters, nameFileParameter } from '../core/parameters.ts';
import type { FileParameter, ParameterSetting, ParameterTree } from '../core/parameters.ts';
import { describeParameter, hasParameterFormat, LARGEST_PARAMETER_FILE_BYTES, readParameters, requireParameter, writeParameter } from '../formats/parameterfile.ts';
import { maskValue } from '../formats/secrets.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { findLinkOut } from './bounds.ts';
import { errorCode, readBytesIfThere, replaceFile, statIfThere } from './files.ts';
import { resolveLinks } from './machine.ts';
import { toRecordPath } from './observe.ts';
import { absoluteOf, describeSystemError } from './project.ts';
import type { Project } from './project.ts';
import { listSecretVariables, makeSecretHasher, makeWithholder } from './secretkey.ts';

// ---- reading ----------------------------------------------------------------------------------------

function refuseFile(path: ByteString, state: string): never {
  throw new Failure('cannot read "' + path + '": ' + state, '', EXIT.refused);
}

/** The bytes of a parameter file. Never waits for a FIFO, never takes in a large file. */
export function readParameterText(project: Project, path: ByteString): ByteString {
  const name = absoluteOf(project, path);
  const stat = statIfThere(name);
  if (stat === undefined) return refuseFile(path, 'no such file');
  if (!stat.isFile()) return refuseFile(path, 'not a file');
  if (stat.size > LARGEST_PARAMETER_FILE_BYTES) return refuseFile(path, 'it has more than 16 MiB');
  try {
    return readBytesIfThere(name) ?? refuseFile(path, 'no such file');
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return refuseFile(path, describeSystemError(error));
  }
}

// Of many steps most read the same few files: a text that was read is not parsed again.
const MOST_TREES = 64;
const trees = new Map<ByteString, { text: ByteString; tree: ParameterTree }>();

/** The values of a file as it is now. Throws Failure. */
function readTreeNow(project: Project, path: ByteString): ParameterTree {
  const name = absoluteOf(project, path);
  const text = readParameterText(project, path);
  const known = trees.get(name);
  if (known !== undefined && known.text === text) return known.tree;
  const tree = readParameters(text, path);
  if (trees.size >= MOST_TREES) trees.clear();
  trees.set(name, { text, tree });
  return tree;
}

/** The value as records have it: masked if its key, or its file, tells of a secret. */
function readMasked(project: Project, { path, key }: FileParameter, hash: SecretHasher): ByteString {
  const { node } = requireParameter(readTreeNow(project, path), path, key);
  return makeWithholder(hash, listSecretVariables())(maskValue(isSecretFile(path) ? 'secret' : key, describeParameter(node, path, key), hash));
}

/** "NAME VALUE" of each as it is now, as a run has its parameters. Throws Failure that names file and key. */
export function readFileParameters(project: Project, wanted: FileParameter[]): ByteString[] {
  const hash = makeSecretHasher(project.own + '/key');
  return wanted.map((one) => nameFileParameter(one) + ' ' + readMasked(project, one, hash));
}

/** The value of a key as it is now, as a record has it; undefined if the file or the key is gone, or the file cannot be read any more. */
export function readParameterNow(project: Project, path: ByteString, key: ByteString): ByteString | undefined {
  try {
    return readMasked(project, { path, key }, makeSecretHasher(project.own + '/key'));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return undefined;
  }
}

// ---- what -p names ------------------------------------------------------------------------------------

const MOST_KEYS = 1000;

/** `left`: keys whose values cannot be told, and why. */
export type NamedParameters = { parameters: FileParameter[]; left: { key: ByteString; why: ByteString }[] };

/** All keys of a file. */
function listKeysOf(project: Project, path: ByteString): NamedParameters {
  const named: NamedParameters = { parameters: [], left: [] };
  const listed = listParameters(readTreeNow(project, path), MOST_KEYS + 1);
  if (listed.length > MOST_KEYS) throw new Failure('cannot record all keys of "' + path + '": it has more than ' + String(MOST_KEYS), 'name those that count: -p ' + path + ':KEY', EXIT.refused);
  for (const { key, node } of listed) {
    try {
      describeParameter(node, path, key);
      named.parameters.push({ path, key });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      named.left.push({ key, why: error.message });
    }
  }
  return named;
}

function isFile(folder: ByteString, name: ByteString): boolean {
  return name !== '' && name.indexOf('\0') < 0 && statIfThere(name[0] === '/' ? name : folder + '/' + name)?.isFile() === true;
}

/** Where FILE:KEY is cut: at the first colon before which a file is named; else at the first. */
function splitFileAndKey(folder: ByteString, text: ByteString): { file: ByteString; key: ByteString } | undefined {
  const first = text.indexOf(':');
  for (let colon = first; colon > 0; colon = text.indexOf(':', colon + 1)) {
    if (isFile(folder, text.slice(0, colon))) return { file: text.slice(0, colon), key: text.slice(colon + 1) };
  }
  return first <= 0 ? undefined : { file: text.slice(0, first), key: text.slice(first + 1) };
}

/**
 * The parameters in files that an option's FILE or FILE:KEY names, relative to `folder`; undefined if
 * it is NAME=VALUE. Throws Failure if there is no such file or key, or if it is neither.
 */
export function readParameterOption(project: Project, folder: ByteString, text: ByteString): NamedParameters | undefined {
  const sign = text.indexOf('=');
  const cut = splitFileAndKey(folder, sign < 0 ? text : text.slice(0, sign));
  if (sign >= 0) {
    if (cut === undefined || !isFile(folder, cut.file) || !hasParameterFormat(cut.file)) return undefined;
    throw new Failure('cannot use -p "' + text + '": a value in a file is read, not set', 'write it into ' + cut.file + ', or let "rr rerun --set" do so; without "=' + text.slice(sign + 1) + '" it is recorded as it is', EXIT.usage);
  }
  if (isFile(folder, text)) return listKeysOf(project, toRecordPath(project, folder, text));
  if (cut === undefined || cut.key === '') throw new Failure('cannot use -p "' + text + '": neither NAME=VALUE nor FILE:KEY, and no file of that name is there', '', EXIT.usage);
  const path = toRecordPath(project, folder, cut.file);
  const { key } = requireParameter(readTreeNow(project, path), path, cut.key);
  return { parameters: [{ path, key }], left: [] };
}

// ---- putting others in place ----------------------------------------------------------------------------

/**
 * Writes other values into the parameter files of a project or scratch tree: nothing else in them
 * changes. Throws Failure before anything is written if one of them cannot be.
 */
export function writeFileParameters(project: Project, settings: ParameterSetting[]): void {
  const texts = new Map<ByteString, ByteString>();
  for (const { path, key, value } of settings) {
    if (!isResultPath(path) || findLinkOut(project.root, absoluteOf(project, path)) !== undefined) {
      throw new Failure('cannot set "' + key + '" in "' + path + '": the file is outside of the project', '', EXIT.refused);
    }
    texts.set(path, writeParameter(texts.get(path) ?? readParameterText(project, path), path, key, value));
  }
  for (const [path, text] of texts) {
    const name = resolveLinks(absoluteOf(project, path));
    replaceFile(name, text, false, (statIfThere(name)?.mode ?? 0o666) & 0o7777);
  }
}

// parameterfiles.ts - values of parameters that stand in files. (To be replaced by that of h-params.)
import type { ByteString } from '../core/bytes.ts';
import { readBytesIfThere } from './files.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';

/** The value as a record has it; undefined if file or key is gone. Stand-in: lines "key = value". */
export function readParameterNow(project: Project, path: ByteString, key: ByteString): ByteString | undefined {
  const line = (readBytesIfThere(absoluteOf(project, path)) ?? '').split('\n').find((one) => one.startsWith(key + ' = '));
  return line === undefined ? undefined : line.slice(key.length + 3);
}

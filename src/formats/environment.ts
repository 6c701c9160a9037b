// environment.ts - an environment record, parsed (docs/record-format.txt, 6). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { lookUp } from '../core/bytes.ts';
import { emptyEnvironment } from '../core/environment.ts';
import type { Environment } from '../core/environment.ts';
import type { FileState } from '../core/run.ts';
import { decodeText } from './percent.ts';
import { parseFile } from './fields.ts';

const FILE_LISTS: { [field: string]: 'executables' | 'interpreters' | 'libraries' | 'files' | 'lockFiles' } = {
  Executable: 'executables', Interpreter: 'interpreters', Library: 'libraries', File: 'files', Lock_file: 'lockFiles',
};

/** The first `count` words, decoded, and the rest, decoded: '' where there is none. */
function splitWords(value: ByteString, count: number): ByteString[] {
  const words = value.split(' ');
  return words.slice(0, count).concat(words.slice(count).join(' ')).map(decodeText).concat(new Array<ByteString>(count).fill('')).slice(0, count + 1);
}

function addField(environment: Environment, name: string, value: ByteString): void {
  const list = lookUp(FILE_LISTS, name);
  if (list !== undefined) {
    const file: FileState | undefined = parseFile(value);
    if (file !== undefined) environment[list].push(file);
  } else if (name === 'Package') {
    const [manager, name1, version, detail] = splitWords(value, 3);
    environment.packages.push({ manager, name: name1, version: version === '-' ? '' : version, detail });
  } else if (name === 'Owner') {
    const [manager, name1, path] = splitWords(value, 2);
    environment.owners.push({ manager, name: name1, path });
  } else if (name === 'Compiler') {
    const [path, producer] = splitWords(value, 1);
    environment.compilers.push({ path, producer });
  } else if (name === 'Build_id') {
    const [id, path] = splitWords(value, 1);
    environment.buildIds.push({ id, path });
  } else if (name === 'Limit') environment.limits.push(decodeText(value));
  else if (name === 'Variable') environment.variables.push(decodeText(value));
  else environment.facts.push({ name, value: decodeText(value) });
}

/** An environment record; fields of newer versions are among its facts, a line that is no field is passed over. */
export function parseEnvironment(text: ByteString): Environment {
  const environment = emptyEnvironment();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0 && /^[A-Z][A-Za-z0-9_]*$/.test(line.slice(0, colon))) addField(environment, line.slice(0, colon), line.slice(colon + 2));
  }
  return environment;
}

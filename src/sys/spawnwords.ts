// spawnwords.ts - arguments and variables of commands, of which Node.js can pass on only UTF-8. Starts nothing.
import type { ByteString } from '../core/bytes.ts';
import { isUtf8 } from '../core/bytes.ts';
import { quoteWord } from '../formats/shell.ts';
import { isShellName } from '../formats/shellline.ts';
import { errorCode, isAlteredByNode, readBytesIfThere, toBytes, toFsPath, toText, toVariableText } from './files.ts';
import { fs } from './node.ts';

/**
 * What spawn() takes for these bytes. Node can pass only UTF-8 arguments; others are spelled for
 * printf in a line of shell, which then becomes the command by exec.
 */
export function toSpawnArguments(argv: ByteString[]): string[] {
  if (argv.every(isUtf8)) return argv.map(toText);
  let script = '';
  const words = argv.map((argument, i) => {
    if (isUtf8(argument)) return '"${' + String(i + 1) + '}"';
    const octal = Array.from(argument, (c) => '\\' + c.charCodeAt(0).toString(8).padStart(3, '0')).join('');
    // Command substitution strips final newlines, so an x protects them.
    script += 'a' + String(i) + "=$(printf '" + octal + "x'); a" + String(i) + '=${a' + String(i) + '%x}; ';
    return '"$a' + String(i) + '"';
  });
  const positional = argv.map((argument) => (isUtf8(argument) ? toText(argument) : ''));
  return ['/bin/sh', '-c', script + 'exec ' + words.join(' '), 'sh'].concat(positional);
}

/** Variables as Node.js has them; what is no UTF-8 as toVariableText() writes it. */
export type VariableSet = { [name: string]: string | undefined };

/** `script`: there if the words stand in this file; it is to be removed when the command has ended. */
export type SpawnWords = { argv: string[]; env: VariableSet; script: ByteString | undefined };

/** `scriptName`: of a file that the words can be put into. `isOneWord`: they will all have to stand in one argument. */
export type WordPlace = { scriptName: ByteString; isOneWord: boolean };

// Linux takes arguments of up to 131,071 bytes each (MAX_ARG_STRLEN), and many of them.
const LONGEST_WORD = 100000;

/** The words as a script that becomes the command, if they would be too long otherwise, and the file can be made; else undefined. */
function putInScript(words: ByteString[], plain: string[], { scriptName, isOneWord }: WordPlace): string[] | undefined {
  const bytesOf = (text: string): number => quoteWord(toBytes(text)).length + 1;
  const isLong = isOneWord ? plain.reduce((sum, text) => sum + bytesOf(text), 0) > LONGEST_WORD : plain.length !== words.length && plain[2].length > LONGEST_WORD;
  if (!isLong) return undefined;
  try {
    fs.writeFileSync(toFsPath(scriptName), Buffer.from('exec ' + words.map(quoteWord).join(' ') + '\n', 'latin1'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  }
  return toSpawnArguments(['/bin/sh', scriptName]);
}

/**
 * What spawn() takes for these bytes with these variables. Those that Node.js would alter are set by env(1), and
 * then also those that a shell on the way could lose, as their names are none of its own.
 */
export function toSpawn(argv: ByteString[], variables: VariableSet, place: WordPlace): SpawnWords {
  const names = Object.keys(variables).filter((name) => variables[name] !== undefined);
  const altered = names.filter((name) => isAlteredByNode(name) || isAlteredByNode(variables[name] as string));
  if (altered.length === 0 && argv.every(isUtf8)) {
    const texts = argv.map(toText);
    const script = putInScript(argv, texts, place);
    return { argv: script ?? texts, env: variables, script: script && place.scriptName };
  }
  const env = Object.assign({}, variables);
  const moved = names.filter((name) => altered.indexOf(name) >= 0 || !isShellName(name));
  const lines = moved.map((name) => {
    delete env[name];
    return toBytes(name) + '=' + toBytes(variables[name] as string);
  });
  // env(1) would take a program with "=" in its name for a variable.
  const command = lines.length > 0 && argv[0].indexOf('=') >= 0 ? ['sh', '-c', 'exec "$0" "$@"'].concat(argv) : argv;
  const words = lines.length === 0 ? command : ['env'].concat(lines, command);
  const spelled = toSpawnArguments(words);
  const script = putInScript(words, spelled, place);
  return { argv: script ?? spelled, env, script: script && place.scriptName };
}

/** Replaces all variables of this process. */
export function setOwnVariables(environment: VariableSet): void {
  if (Object.keys(environment).some((name) => isAlteredByNode(name + String(environment[name])))) {
    // As process.env is, it keeps only what Node.js does not alter.
    process.env = Object.assign({}, environment);
    return;
  }
  for (const name of Object.keys(process.env)) if (environment[name] === undefined) delete process.env[name];
  Object.assign(process.env, environment);
}

/** Sets one of them. */
export function setOwnVariable(name: ByteString, value: ByteString): void {
  if (!isUtf8(value)) process.env = Object.assign({}, process.env);
  process.env[toText(name)] = toVariableText(value);
}

/** Gives process.env the bytes that Node.js has put U+FFFD for, where /proc tells them. To be called once, first of all. */
export function restoreOwnVariables(): void {
  const found = process.env;
  if (!Object.keys(found).some((name) => (name + String(found[name])).indexOf('\ufffd') >= 0)) return;
  const environment: VariableSet = Object.assign({}, found);
  const lines = (readBytesIfThere('/proc/self/environ') ?? '').split('\0').filter((line) => line.indexOf('=') > 0 && !isUtf8(line));
  for (const line of lines.reverse()) {
    const sign = line.indexOf('=');
    delete environment[toText(line.slice(0, sign))];
    environment[toVariableText(line.slice(0, sign))] = toVariableText(line.slice(sign + 1));
  }
  setOwnVariables(environment);
}

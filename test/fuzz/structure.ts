// structure.ts - mutates binary formats where it hurts: lengths, offsets and counts at their edges, at
// each other's values and at places in the file; check sums are set right again. Knows no format.
import childProcess from 'child_process';
import type { ByteString } from '../../src/core/bytes.ts';
import { PYTHON } from '../binaryrig.ts';
import { CLEAN_ENV } from '../rig.ts';
import type { Dice } from './dice.ts';
import { pick, pickLength, randomBytes } from './dice.ts';

/** Where a number stands in a file. */
export type NumberField = { at: number; sizeBytes: number; isLittle: boolean };

export type BinaryStructure = {
  /** Whole files of the format. */
  seeds: () => ByteString[];
  /** The numbers in a seed that others are found by. */
  fields: (text: ByteString) => NumberField[];
  /** Sets check sums right, so that a mutation gets past them. */
  repair?: (text: ByteString, dice: Dice) => ByteString;
};

const EDGE_VALUES = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x10000n, 0xffffffn, 0x7ffffffen, 0x7fffffffn, 0x80000000n, 0xfffffff0n,
  0xfffffffen, 0xffffffffn, 0x100000000n, 0x1fffffffffffffn, 0x20000000000000n, 0x7fffffffffffffffn, 0x8000000000000000n, 0xfffffffffffffff0n, 0xffffffffffffffffn];

/** The field's number, as it stands. */
export function readField(text: ByteString, { at, sizeBytes, isLittle }: NumberField): bigint {
  let value = 0n;
  for (let i = 0; i < sizeBytes; i++) value = value * 256n + BigInt(text.charCodeAt(isLittle ? at + sizeBytes - 1 - i : at + i) || 0);
  return value;
}

export function spellNumber(value: bigint, sizeBytes: number, isLittle: boolean): ByteString {
  let bytes = '';
  for (let i = 0; i < sizeBytes; i++) bytes += String.fromCharCode(Number((value >> BigInt(8 * i)) & 255n));
  return isLittle ? bytes : bytes.split('').reverse().join('');
}

export function putBytes(text: ByteString, at: number, bytes: ByteString): ByteString {
  return at + bytes.length > text.length ? text : text.slice(0, at) + bytes + text.slice(at + bytes.length);
}

function chooseValue(text: ByteString, field: NumberField, fields: NumberField[], dice: Dice): bigint {
  switch (dice(6)) {
    case 0: case 1: return pick(dice, EDGE_VALUES);
    case 2: return readField(text, pick(dice, fields));
    case 3: return readField(text, field) + BigInt(dice(33) - 16);
    // A place in the file: its own, its end, any.
    case 4: return BigInt(pick(dice, [field.at, text.length, text.length - 1, dice(text.length + 1)]));
    default: return BigInt(dice(1 << 16));
  }
}

/** Inputs from a structure: some of its numbers changed, some bytes, seldom its length. */
export function makeGenerator(structure: BinaryStructure): (dice: Dice) => ByteString {
  let seeds: { text: ByteString; fields: NumberField[] }[] | undefined;
  return (dice) => {
    seeds = seeds ?? structure.seeds().map((text) => ({ text, fields: structure.fields(text) }));
    const seed = pick(dice, seeds);
    let { text } = seed;
    for (let i = pickLength(dice, 6); i >= 0 && seed.fields.length > 0; i--) {
      const field = pick(dice, seed.fields);
      const mask = (1n << BigInt(8 * field.sizeBytes)) - 1n;
      text = putBytes(text, field.at, spellNumber(chooseValue(text, field, seed.fields, dice) & mask, field.sizeBytes, field.isLittle));
    }
    if (dice(4) === 0) {
      for (let i = dice(4); i >= 0; i--) text = putBytes(text, dice(text.length), randomBytes(dice, 1));
    }
    if (dice(12) === 0) text = dice(2) === 0 ? text.slice(0, dice(text.length + 1)) : text + text.slice(dice(text.length));
    return structure.repair !== undefined && dice(8) > 0 ? structure.repair(text, dice) : text;
  };
}

/** Numbers of `sizeBytes` bytes one after another: `count` of them from `at` on. */
export function listFields(at: number, sizeBytes: number, count: number, isLittle: boolean): NumberField[] {
  return Array.from({ length: count }, (_, i) => ({ at: at + i * sizeBytes, sizeBytes, isLittle }));
}

/** What a value of a Python program is: `no` says why it refused. */
export type PythonAnswer = { yes?: unknown; no?: string };

const PYTHON_FRAME = `
import sys, json, resource, signal, warnings
warnings.simplefilter('ignore')
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
def stop(*_): raise TimeoutError('time')
signal.signal(signal.SIGALRM, stop)
def latin(data): return data.decode('latin-1')
data = sys.stdin.buffer.read()
at = 0
while at < len(data):
    size = int.from_bytes(data[at:at + 4], 'little')
    one = data[at + 4:at + 4 + size]
    at += 4 + size
    signal.alarm(10)
    try:
        said = {'yes': read(one)}
    except Exception as error:
        said = {'no': type(error).__name__ + ': ' + str(error)[:200]}
    signal.alarm(0)
    print(json.dumps(said))
`;

/** What a Python function "read(data)" makes of each input. */
export function askPythonReader(program: string, inputs: ByteString[]): PythonAnswer[] {
  const parts = inputs.map((input) => Buffer.concat([Buffer.from(spellNumber(BigInt(input.length), 4, true), 'latin1'), Buffer.from(input, 'latin1')]));
  const done = childProcess.spawnSync(PYTHON, ['-c', program + PYTHON_FRAME], { input: Buffer.concat(parts), env: CLEAN_ENV, maxBuffer: 1 << 30, encoding: 'utf8', timeout: 600000, killSignal: 'SIGKILL' });
  const lines = done.stdout.split('\n').slice(0, -1);
  if (lines.length !== inputs.length) throw new Error('python3 answered ' + String(lines.length) + ' of ' + String(inputs.length) + ' inputs: ' + done.stderr.slice(-500));
  return lines.map((line) => JSON.parse(line) as PythonAnswer);
}

/** Why Python with these modules cannot be asked; false if it can. */
export function lacksPython(modules: string): string | false {
  const done = childProcess.spawnSync(PYTHON, ['-c', 'import ' + modules], { stdio: 'ignore' });
  return done.status === 0 ? false : 'no ' + PYTHON + ' with ' + modules;
}

// sweeptargets.ts - what people type and what rr keeps for itself: ranges, placeholders, conditions, stamps, caches, claims; for the fuzzer.
import childProcess from 'child_process';
import type { ByteString } from '../../src/core/bytes.ts';
import { compileGlob, isGlob } from '../../src/core/glob.ts';
import { isResult, isResultPath } from '../../src/core/graph.ts';
import type { Run } from '../../src/core/run.ts';
import { parseParameterCondition, readDecimal, resolveName } from '../../src/core/select.ts';
import { crossAxes, drawPoints, makeRowAxis, readParameterAxis, zipAxes } from '../../src/core/sweep.ts';
import type { SweepAxis } from '../../src/core/sweep.ts';
import { readSystemRelease } from '../../src/core/system.ts';
import { haveStampsAsOnlyDifference } from '../../src/core/timestamps.ts';
import { splitVariable } from '../../src/core/variables.ts';
import { RecordClaims } from '../../src/formats/claims.ts';
import { parseToleranceOption } from '../../src/formats/note.ts';
import { fillPattern, fillText, parsePlaceholders } from '../../src/formats/placeholders.ts';
import { LineTable } from '../../src/sys/hashcache.ts';
import { parseLatexValues, printLatexValues } from '../../src/views/latexvalues.ts';
import { hasProgram } from '../rig.ts';
import { choicesOf, pick, randomBytes, randomText } from './dice.ts';
import type { Dice } from './dice.ts';
import { makeFileState, makeRun } from './recordtargets.ts';
import { askPythonReader } from './structure.ts';
import type { FuzzTarget } from './target.ts';
import { claimSame, failCase } from './target.ts';

const HASH = '0123456789abcdef'.repeat(4);
const choiceInput = (dice: Dice): ByteString => randomBytes(dice, 4 + dice(dice(4) === 0 ? 400 : 100));

// ---- ranges -------------------------------------------------------------------------------------------

const RANGES = ['1..10', '1..10..3', '10..1', '0.1..0.5..0.1', '001..100', '-05..5', 'lin:0..1:11', 'log:1e-5..1e-1:9', 'lin:-1..1', 'a,b,"c,""d""",1..3', '1e3..5e3..1e3', '5..1..-2', '.5..2..0.25', '+1..+3', '1,,2', 'log:-1..-100:3', '100..1e2', '9007199254740990..9007199254740999'];

/** The first of the values, the last, and some between. */
function placesIn(count: number): number[] {
  return Array.from(new Set([0, 1, 2, 3, Math.floor(count / 2), count - 2, count - 1])).filter((at) => at >= 0 && at < count);
}

function listSome(axis: SweepAxis): { count: number; values: ByteString[] } {
  return { count: axis.count, values: placesIn(axis.count).map((at) => axis.at(at)[0]) };
}

function checkRange(input: ByteString): boolean {
  const axis = readParameterAxis('x', input);
  if (axis.draw !== undefined) {
    const [first, middle, last] = [0n, 1n, 2n].map((part) => axis.draw?.({ part, whole: 2n }) ?? '');
    const inOrder = [first, middle, last].map(Number);
    if (inOrder.some(Number.isNaN) || (inOrder[1] - inOrder[0]) * (inOrder[2] - inOrder[1]) < 0) failCase('what is drawn lies between the ends', [first, middle, last].join(' '));
    return false;
  }
  if (!(axis.count >= 1)) failCase('a range has values', String(axis.count));
  // More than can be counted is refused where points are made.
  if (axis.count > 2 ** 52) return false;
  const { values } = listSome(axis);
  if (values.some((value) => typeof value !== 'string')) failCase('each place of a range has a value');
  if (values.length > 0 && !/\.\.|["]/.test(input)) claimSame('items without a range stand as they are', Array.from({ length: axis.count }, (_, at) => axis.at(at)[0]).join(','), input);
  return true;
}

/** The same by exact decimals of Python, written after the manual. */
const PYTHON_RANGES = `
import re
from decimal import Decimal, Context, ROUND_HALF_EVEN, MAX_EMAX, MIN_EMIN, setcontext
setcontext(Context(prec=2000, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN))
FIFTEEN = Context(prec=15, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
HUNDRED = Context(prec=100, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
N = r'[+-]?(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?'
def items(text):
    at = 0
    while True:
        if text[at:at + 1] == '"':
            end = at + 1
            while True:
                end = text.index('"', end)
                if text[end + 1:end + 2] != '"': break
                end += 2
            yield text[at + 1:end].replace('""', '"'), True
            at = end + 1
        else:
            end = (text + ',').index(',', at)
            yield text[at:end], False
            at = end
        if at >= len(text): return
        at += 1
def decimals(word):
    return max(0, -Decimal(word).as_tuple().exponent)
def general(number):
    if number == 0: return '0'
    number = FIFTEEN.plus(number).normalize(FIFTEEN)
    sign, digits, exponent = number.as_tuple()
    power = exponent + len(digits) - 1
    if -4 <= power < 15: return format(number, 'f')
    digits = ''.join(map(str, digits))
    return ('-' if sign else '') + digits[0] + ('.' + digits[1:] if len(digits) > 1 else '') + 'e' + str(power)
def values(text, quoted):
    steps = None if quoted else re.fullmatch('(' + N + r')\\.\\.(' + N + r')(?:\\.\\.(' + N + '))?', text)
    even = None if quoted else re.fullmatch('(lin|log):(' + N + r')\\.\\.(' + N + '):([0-9]+)', text)
    if steps:
        first, last, step = steps.group(1), steps.group(2), steps.group(3) or '1'
        a, b, s = Decimal(first), Decimal(last), abs(Decimal(step))
        count = int(abs(b - a) // s) + 1
        places = max(decimals(first), decimals(step))
        whole = all(re.fullmatch('[+-]?[0-9]+', one) for one in (first, last))
        width = max(len(one.replace('+', '')) for one in (first, last)) if whole and any(re.fullmatch('[+-]?0[0-9]+', one) for one in (first, last)) else 0
        def at(i):
            value = a + (s if b >= a else -s) * i
            shown = format(abs(value) if value == 0 else value, '.%df' % places)
            return shown.zfill(width) if width and re.fullmatch('-?[0-9]+', shown) else shown
        return count, at
    if even:
        kind, a, b, count = even.group(1), Decimal(even.group(2)), Decimal(even.group(3)), int(even.group(4))
        def at(i):
            n = max(1, count - 1)
            if kind == 'lin':
                return general(FIFTEEN.divide(a * (n - i) + b * i, Decimal(n)))
            low, high = HUNDRED.ln(abs(a)), HUNDRED.ln(abs(b))
            size = HUNDRED.exp(HUNDRED.divide(HUNDRED.add(HUNDRED.multiply(low, n - i), HUNDRED.multiply(high, i)), n))
            return general(size if a > 0 else -size)
        return count, at
    return 1, lambda i: text
def read(data):
    parts = [values(*one) for one in items(latin(data))]
    total = sum(count for count, _ in parts)
    found = []
    for place in sorted({0, 1, 2, 3, total // 2, total - 2, total - 1}):
        if not 0 <= place < total: continue
        for count, at in parts:
            if place < count: break
            place -= count
        found.append(at(place))
    return [total, found]
`;

function judgeRanges(inputs: ByteString[]): (string | undefined)[] {
  return askPythonReader(PYTHON_RANGES, inputs).map(({ yes, no }, i) => {
    const { count, values } = listSome(readParameterAxis('x', inputs[i]));
    const pairs = placesIn(count).map((at, n): [number, ByteString] => [at, values[n]]).sort(([a], [b]) => a - b);
    const found = JSON.stringify([count, pairs.map(([, value]) => value)]);
    if (no !== undefined) return 'python3 refuses it: ' + no;
    return JSON.stringify(yes) === found ? undefined : 'python3 has ' + JSON.stringify(yes) + ', rr ' + found;
  });
}

function checkPoints(input: ByteString): void {
  const dice = choicesOf(input);
  const sources = Array.from({ length: 1 + dice(3) }, () => pick(dice, RANGES.filter((text) => /^(?!.*(?:lin:-1..1$|900719))/.test(text))));
  const axes = sources.map((text, i) => readParameterAxis('p' + String(i), text));
  if (dice(3) === 0) axes.push(makeRowAxis(['q', 'r'], Array.from({ length: dice(4) }, (_, i) => [String(i), randomText(dice, 3)])));
  const listed = axes.map((axis) => Array.from({ length: axis.count }, (_, at) => axis.at(at)));
  const wanted = listed.reduce((rows: ByteString[][], values) => rows.slice(0, Math.ceil(2000 / Math.max(1, values.length))).flatMap((row) => values.map((value) => row.concat(value))), [[]]);
  const crossed = crossAxes(axes);
  claimSame('crossAxes() has all combinations', crossed.count, listed.reduce((product, values) => product * values.length, 1));
  for (let n = 0; n < 8 && wanted.length > 0; n++) {
    const at = dice(wanted.length);
    claimSame('crossAxes() has the last axis vary fastest', JSON.stringify(crossed.at(at)), JSON.stringify(wanted[at]));
  }
  const seed = BigInt(dice(1 << 20));
  const [few, more] = [drawPoints(axes, 1 + dice(5), seed), drawPoints(axes, 12, seed)];
  const rowsOf = ({ count, at }: { count: number; at: (index: number) => ByteString[] }): string[] => Array.from({ length: count }, (_, i) => JSON.stringify(at(i)));
  claimSame('the first points do not depend on how many are wanted', rowsOf(few).join(), rowsOf(more).slice(0, few.count).join());
  claimSame('drawPoints() gives all that are wanted, or all that there are', more.count, Math.min(12, crossed.count));
  const all = new Map<string, number>();
  if (crossed.count > wanted.length) return;
  for (const row of wanted) all.set(JSON.stringify(row), (all.get(JSON.stringify(row)) ?? 0) + 1);
  for (const row of rowsOf(more)) {
    const left = all.get(row) ?? 0;
    if (left === 0) failCase('drawPoints() draws each combination once', row);
    all.set(row, left - 1);
  }
  const lengths = new Set(listed.map((values) => values.length).filter((length) => length !== 1));
  if (lengths.size === 1) claimSame('zipAxes() has the values side by side', rowsOf(zipAxes(axes)).join(), Array.from({ length: Array.from(lengths)[0] }, (_, i) => JSON.stringify(listed.flatMap((values) => values[values.length === 1 ? 0 : i]))).join());
}

// ---- placeholders -------------------------------------------------------------------------------------

const NAMES = new Set(['a', 'lr', 'n', 'caf\xc3\xa0', 'a:b', 'n:3', 'constructor']);

/** The same sign by sign, each value as the byte 1, its name, a colon, its width, the byte 2. */
function fillBySigns(text: ByteString): ByteString {
  const endOfWord = (from: number): number => {
    let end = from;
    while (end < text.length && '{} \t\n\v\f\r='.indexOf(text[end]) < 0) end += 1;
    return end;
  };
  let filled = '';
  for (let at = 0; at < text.length;) {
    const isDouble = text[at] === '{' && text[at + 1] === '{';
    const from = at + (isDouble ? 2 : 1);
    const end = text[at] === '{' ? endOfWord(from) : from;
    const closing = isDouble ? '}}' : '}';
    if (text[at] !== '{' || end === from || text.slice(end, end + closing.length) !== closing) {
      filled += text[at];
      at += 1;
      continue;
    }
    const word = text.slice(from, end);
    const [name, width] = /^n:(?:[1-9]|1\d|20)$/.test(word) && !NAMES.has(word) && !isDouble ? ['n', word.slice(2)] : [word, '0'];
    const whole = text.slice(at, end + closing.length);
    filled += !NAMES.has(name) ? whole : isDouble ? '{' + word + '}' : '\x01' + name + ':' + width + '\x02';
    at += whole.length;
  }
  return filled;
}

function checkPlaceholders(input: ByteString): boolean {
  const { parts, unknown } = parsePlaceholders(input, NAMES);
  const spelled = parts.map((part) => (part.kind === 'text' ? part.text : '\x01' + part.name + ':' + String(part.width) + '\x02')).join('');
  claimSame('parsePlaceholders() reads as it is written', spelled, fillBySigns(input));
  if (unknown.some((name) => NAMES.has(name) || input.indexOf(name) < 0)) failCase('parsePlaceholders() makes no name up');
  const values = new Map(Array.from(NAMES, (name, i): [string, string] => [name, ['7', '*', '[a]', '\\', '0.5', '?x', ''][i]]));
  const filled = fillText(parts, values);
  const texts = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  if (filled.length < 300 && !isGlob(texts) && texts.indexOf('\\') < 0 && filled !== '') {
    if (!(isGlob(filled) ? compileGlob(fillPattern(parts, values))(filled) : fillPattern(parts, values) === filled)) failCase('a value in a pattern stands for itself', fillPattern(parts, values));
  }
  return parts.some((part) => part.kind === 'value');
}

// ---- other options ------------------------------------------------------------------------------------

function checkOptions(input: ByteString): boolean {
  const condition = parseParameterCondition(input);
  if (condition !== undefined) claimSame('a condition is its parts', condition.name + (condition.operator ?? '') + condition.value, input);
  const number = readDecimal(input);
  if (number !== undefined && !Object.is(number, Number(input.replace(/^\+/, '')))) failCase('readDecimal() has the value of the text', input);
  const { name, value } = splitVariable(input);
  claimSame('a variable is its parts', name + (value === undefined ? '' : '=' + value), input);
  if (resolveName(input, ['a', 'p.yaml:a', 'q.yaml:a', 'p.yaml:b%20c', input]).join() !== input) failCase('a name that there is is meant', input);
  resolveName(input, ['p.yaml:a', 'q.yaml:a', 'p.yaml:b%20c']);
  readSystemRelease(input);
  const tolerance = parseToleranceOption(input, (path) => path);
  if (!(tolerance.absolute >= 0 && tolerance.relative >= 0 && tolerance.absolute + tolerance.relative < Infinity) || !input.startsWith(tolerance.pattern + '=')) failCase('a tolerance is a path and magnitudes', JSON.stringify(tolerance));
  return true;
}

function checkLatexValues(input: ByteString): boolean {
  const { entries } = parseLatexValues(input);
  const printed = Array.from(printLatexValues({ entries: entries.map(({ entry }) => entry), left: [] })).join('');
  const again = parseLatexValues(printed);
  claimSame('parse(print(entries)) are the entries', JSON.stringify(again.entries.map(({ entry }) => entry)), JSON.stringify(entries.map(({ entry }) => entry)));
  claimSame('what was printed has no foreign line', again.foreign.join(), '');
  const lines = input.split('\n');
  for (const { entry, line } of entries) if (lines[line - 1].indexOf(entry.key) < 0) failCase('an entry is of its line', String(line));
  return entries.length > 0;
}

// ---- time stamps --------------------------------------------------------------------------------------

// All but the last have a year.
const DATE_FORMATS = ['%c', '%F %T', '%FT%T%z', '%a %b %e %H:%M:%S %Z %Y', '%A, %d %B %Y', '%Y%m%dT%H%M%SZ', '%B %d, %Y %H:%M', '%d.%m.%Y', '%Y/%m/%d %R', 'run-%Y%m%d-%H%M%S.log', 'time %s', '%s'];
const DAY_S = 86400;

/** Two moments of the runs, and one that lies years apart from both. */
function makeMoments(input: ByteString): { moments: number[]; format: number; around: [ByteString, ByteString] } {
  const dice = choicesOf(input);
  const first = 1400000000 + dice(300000000);
  const second = first + dice(900 * DAY_S);
  const other = first - (400 + dice(1500)) * DAY_S;
  return { moments: [first, second, other], format: dice(DATE_FORMATS.length), around: [pick(dice, ['', 'made at ', 'x = 3\n', '(', '"', '# ', '\t']), pick(dice, ['', '\n', ')', '"', ', y', ' end\n', ';'])] };
}

function judgeStamps(inputs: ByteString[]): (string | undefined)[] {
  const made = inputs.map(makeMoments);
  const done = childProcess.spawnSync('date', ['-u', '-f', '-', '+' + DATE_FORMATS.join('\x01')], { input: made.flatMap(({ moments }) => moments.map((moment) => '@' + String(moment) + '\n')).join(''), env: { PATH: process.env.PATH, LC_ALL: 'C' }, encoding: 'latin1', maxBuffer: 1 << 28 });
  const lines = done.stdout.split('\n');
  return made.map(({ moments, format, around }, i) => {
    const [first, second, other] = [0, 1, 2].map((n) => around[0] + lines[3 * i + n].split('\x01')[format] + around[1]);
    const span = (at: number): [number, number] => [moments[at] * 1000, moments[at] * 1000 + 999];
    if (!haveStampsAsOnlyDifference(first, second, { firstSpan: span(0), secondSpan: span(1) })) return 'dates of the runs are not seen: ' + JSON.stringify([first, second]);
    if (haveStampsAsOnlyDifference(other, second, { firstSpan: span(0), secondSpan: span(1) })) return 'a date years before is taken for one of the run: ' + JSON.stringify([other, second]);
    return undefined;
  });
}

/** Two texts, parted by the byte FF. */
function checkStamps(input: ByteString): boolean {
  const [first, second = first] = input.split('\xff');
  const spans: [number, number][] = [[1795608000000, 1795608060000], [1795708333000, 1795708339000]];
  const isOnly = haveStampsAsOnlyDifference(first, second, {});
  claimSame('which of two texts is the first does not matter', haveStampsAsOnlyDifference(second, first, {}), isOnly);
  claimSame('which of two runs is the first does not matter', haveStampsAsOnlyDifference(second, first, { firstSpan: spans[1], secondSpan: spans[0] }), haveStampsAsOnlyDifference(first, second, { firstSpan: spans[0], secondSpan: spans[1] }));
  const bare = (text: ByteString): ByteString => text.replace(/[0-9A-Za-z:,.+/' _-]/g, '');
  if (isOnly && bare(first) !== bare(second)) failCase('a stamp is made of letters, digits and what parts them');
  return isOnly;
}

// ---- caches and claims --------------------------------------------------------------------------------

function checkLineTable(input: ByteString): boolean {
  const table = new LineTable(Buffer.from(input, 'latin1'));
  const known = new Map<string, string>();
  for (const line of input.split('\n').slice(0, -1)) if (line.length > 64) known.set(line.slice(64), line.slice(0, 64));
  for (const [key, hash] of known) {
    const found = table.find(Buffer.from(key, 'latin1'));
    // Of very many that begin and end alike some may be left out.
    if (known.size < 128 || found !== undefined) claimSame('LineTable finds the last line of a key', found, hash);
    for (const other of [key + 'x', key.slice(1), key.slice(0, -1)]) if (other !== '' && !known.has(other)) claimSame('LineTable finds no key that is not there', table.find(Buffer.from(other, 'latin1')), undefined);
  }
  return known.size > 0;
}

const SEEN_PATHS = ['a', 'b', 'c/d', '../x', '/etc/x', '.rr/x', 'e'];

function makeClaimingRuns(dice: Dice): Run[] {
  const isLong = dice(200) === 0;
  const state = (): Run['inputs'][0] => ({ ...makeFileState(dice), path: isLong && dice(3) === 0 ? 'l'.repeat(1 << 20) : pick(dice, SEEN_PATHS) });
  return Array.from({ length: 1 + dice(6) }, (_, i) => {
    const run = makeRun(choicesOf(''));
    run.id = '20261122T05203' + String(i) + 'Z-k35f5q';
    run.status = pick(dice, ['succeeded', 'succeeded', 'failed'] as const);
    run.tree = dice(8) === 0 ? 'scratch' : undefined;
    run.inputs = Array.from({ length: dice(4) }, state);
    run.outputs = Array.from(new Map(Array.from({ length: dice(4) }, state).map((file) => [file.path, file])).values());
    run.removed = Array.from({ length: dice(2) }, () => pick(dice, SEEN_PATHS));
    run.logs = Array.from({ length: dice(2) }, () => makeFileState(dice));
    return run;
  });
}

/** For each path by itself, from the last run to the first. */
function claimsOfPath(runs: Run[], path: ByteString): unknown[] {
  let isOwned: boolean | undefined;
  let isWritten = false;
  const claims: unknown[] = [];
  for (let i = runs.length - 1; i >= 0; i--) {
    const run = runs[i];
    const output = run.outputs.find((file) => file.path === path);
    if (isOwned === undefined && run.tree === undefined) {
      if (run.status === 'succeeded' && output !== undefined) isOwned = isResult(output);
      else if (run.removed.indexOf(path) >= 0) isOwned = false;
      if (isOwned === true) claims.push({ expected: output, what: 'result', mayBeGone: false, runId: run.id });
    }
    if (output !== undefined && !isResultPath(path)) isWritten = true;
    const read = run.inputs.filter((file) => file.path === path && file.hash !== '?');
    if (read.length === 0) continue;
    // Whether it is a result is known only at the end.
    const owner = runs.slice(0, i).reverse().concat().find((one) => one.tree === undefined && ((one.status === 'succeeded' && one.outputs.some((file) => file.path === path)) || one.removed.indexOf(path) >= 0));
    const wasOwned = isOwned ?? (owner !== undefined && owner.status === 'succeeded' && owner.outputs.some((file) => file.path === path && isResult(file)));
    if (!isWritten && !wasOwned) claims.push({ expected: read[read.length - 1], what: 'input', mayBeGone: true, runId: run.id });
    isWritten = true;
  }
  return claims;
}

function checkClaims(input: ByteString): boolean {
  const runs = makeClaimingRuns(choicesOf(input));
  const claims = new RecordClaims((text) => text);
  for (const run of runs) claims.add(run);
  const paths = new Set(runs.flatMap((run) => run.inputs.concat(run.outputs).map((file) => file.path)));
  const wanted = Array.from(paths).flatMap((path) => claimsOfPath(runs, path)).concat(runs.flatMap((run) => run.logs.map((expected) => ({ expected, what: 'log', mayBeGone: false, runId: run.id }))));
  const spell = (all: unknown[]): string => all.map((one) => JSON.stringify(one, ['expected', 'hash', 'size', 'kind', 'path', 'what', 'mayBeGone', 'runId'])).sort().join('\n');
  claimSame('the claims are those of each path', spell(Array.from(claims.list(() => true))), spell(wanted));
  return wanted.length > 0;
}

const STAMPED = ['made 2026-11-22 05:20:39\n\xffmade 2026-11-25 12:00:00\n', 'Sun Nov 22 05:20:39 UTC 2026\xffWed Nov 25 12:00:00 UTC 2026', 'time 1795608000\xfftime 1795708333', '22/11/2026 x\xff25/11/2026 x', '05:20:39\xff12:00:00', 'run-20261122-052039.log\xffrun-20261125-120000.log', 'November 22, 2026 05:20\xffNovember 25, 2026 12:00'];
const SEEN = [1, 2, 3].map((n) => HASH.slice(1) + String(n) + ' 2049 ' + String(n) + ' 12 1795608000000 1795608000000.5 a/b' + String(n) + '\n').join('');
const LATEX = Array.from(printLatexValues({ entries: [{ kind: 'value', key: 'fit/loss', text: '0.25', runId: '20261122T052039Z-k35f5q' }, { kind: 'fact', fact: 'date', key: 'fit', text: '2026-11-22' }, { kind: 'file', key: 'out.csv', shown: 'out.csv', size: '12', hash: HASH, runId: '20261122T052039Z-k35f5q' }], left: [] })).join('');

export const SWEEP_TARGETS: FuzzTarget[] = [
  { name: 'sweep-range', corpus: () => RANGES, dictionary: ['..', ',', '"', '""', 'lin:', 'log:', ':11', '-', '+', '.', '0', '00', 'e', 'e-5', 'e400', '1', '9'], long: [['', '1,', '2'], ['"', '""', '"'], ['1..3', ',"a"', ',5..6'], ['', '1..2,', '3'], ['', '9', '..1'], ['0.', '0', '..1..0.1'], ['', '"",', 'a']], check: checkRange, judge: { lacks: () => (hasProgram('python3') ? false : 'no python3'), batch: 200, find: judgeRanges }, share: 0.3, mostBytes: 4096 },
  { name: 'sweep-points', corpus: () => [], generate: choiceInput, check: checkPoints, share: 0.3, mostBytes: 1024 },
  { name: 'placeholders', corpus: () => ['out/{a}.csv', '{{a}}', '{n:4}', '{n:3}{lr}', 'awk \'{print $1}\'', '{caf\xc3\xa0}', '{a:b}', '{{{a}}}', '{x}{a=b}{a b}'], dictionary: ['{', '}', '{{', '}}', 'a', 'n', 'lr', ':4', ':20', ':21', ':0', '=', ' ', 'n:3', '*', '[', '\\', 'constructor', '__proto__'], check: checkPlaceholders },
  { name: 'options', corpus: () => ['lr>=0.1', 'a', 'a!=b', '+.5e3', 'PATH=/a=b', 'fit.csv=1e-9,1e-6', 'Debian GNU/Linux 12 (bookworm)', 'Ubuntu 22.04.3 LTS', 'openSUSE Leap 15.5', 'b c', 'NixOS 23.11'], dictionary: ['=', '!=', '<=', '>', ',', '1e-9', '.', 'e', '%20', ':', 'constructor', '__proto__', 'toString', 'Ubuntu ', 'Debian GNU/Linux '], long: [['', '=', '1'], ['', '=1', ''], ['', '=1,', '2'], ['a=', '9', ''], ['a=1', 'e1', '']], check: checkOptions },
  { name: 'latexvalues', corpus: () => [LATEX, LATEX.split('\n').slice(-4).join('\n')], dictionary: ['\\rrvalue{', '\\rrset{', '\\rrfile{', '}{', '}', '{', '%\n', '\r\n', '\n', '\\', HASH], check: checkLatexValues },
  { name: 'timestamps', corpus: () => STAMPED, dictionary: ['2026-11-22', '2026', '19', '05:20', ':39', 'T', 'Z', ' UTC', '+0100', 'Nov ', 'November ', 'Sun', 'Sunday, ', '1795608000', '.123', '/', '-', '\xff', 'time ', ' 3 '], long: [['', '2026-11-22 ', ''], ['', '2026', ''], ['', '1', ''], ['time ', 'x', '1795608000'], ['', 'Sun ', ''], ['', '05:', '']], check: checkStamps },
  { name: 'timestamps-judged', corpus: () => [], generate: choiceInput, check: () => true, judge: { lacks: () => (hasProgram('date') ? false : 'no date'), batch: 500, find: judgeStamps }, share: 0.2, mostBytes: 64 },
  { name: 'linetable', corpus: () => [SEEN, SEEN + SEEN.replace(/1\d/g, '0')], dictionary: ['\n', HASH, ' ', HASH + ' 1 2 3 4 5 a\n', HASH + ' 1 2 3 4 5 ' + 'a'.repeat(64)], long: [['', HASH + ' 1 2 3 4 5 a\n', ''], ['', '\n', '']], check: checkLineTable },
  { name: 'claims', corpus: () => [], generate: choiceInput, check: checkClaims, share: 0.3, mostBytes: 1024 },
];

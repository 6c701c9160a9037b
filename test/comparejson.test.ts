// comparejson.test.ts - JSON by value, held against python3's json.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseJson } from '../src/formats/jsontape.ts';
import { askPython, compareContents, detailOf, makeDice, ruleOf } from './comparerig.ts';
import { hasProgram } from './rig.ts';

const needsPython = { skip: hasProgram('python3') ? false : 'python3 is not here' };

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

function makeValue(dice: (below: number) => number, depth: number): Value {
  const word = (): string => Array.from({ length: dice(6) }, () => ['a', 'b', ' ', '"', '\\', '/', '\n', '\u00e9', '\u20ac', '\ud83d\ude00', '\ud800'][dice(11)]).join('');
  switch (dice(depth > 0 ? 8 : 5)) {
    case 0: return [null, true, false][dice(3)];
    case 1: return dice(2000) - 1000;
    case 2: return (dice(2000000) - 1000000) / 4096;
    case 3: return (dice(1000) + 1) * 10 ** (dice(40) - 20);
    case 4: return word();
    case 5: case 6: {
      const members: { [key: string]: Value } = {};
      for (let i = dice(5); i > 0; i--) members['k' + word()] = makeValue(dice, depth - 1);
      return members;
    }
    default: return Array.from({ length: dice(5) }, () => makeValue(dice, depth - 1));
  }
}

// Each value spelled in many ways, and a text that means another value, with a place in it.
const SPELL = `
import json, random, sys
random.seed(5)
def shuffle(v):
    if isinstance(v, dict):
        keys = list(v); random.shuffle(keys)
        return {k: shuffle(v[k]) for k in keys}
    return [shuffle(x) for x in v] if isinstance(v, list) else v
def change(v):
    if isinstance(v, dict) and v:
        k = random.choice(list(v)); return {**v, k: change(v[k])}
    if isinstance(v, list) and v:
        i = random.randrange(len(v)); return v[:i] + [change(v[i])] + v[i + 1:]
    return v * 2 + 1 if isinstance(v, (int, float)) and not isinstance(v, bool) else [v]
def spell(v):
    return [json.dumps(v), json.dumps(v, indent=2), json.dumps(v, sort_keys=True, separators=(',', ':')), json.dumps(shuffle(v), ensure_ascii=True)]
def raw(t): return t.encode('utf-8', 'surrogatepass').decode('latin-1')
print(json.dumps([[[raw(t) for t in spell(v)], raw(json.dumps(change(v), sort_keys=True)),
                   raw(json.dumps(v, ensure_ascii=False))] for v in json.load(open(sys.argv[1]))]))`;

test('compareFiles() takes JSON texts for equal when python3 means the same value', needsPython, () => {
  const dice = makeDice(21);
  const values = Array.from({ length: 300 }, () => ({ value: makeValue(dice, 4), more: makeValue(dice, 2) }));
  const spelled = askPython(SPELL, values) as [string[], string, string][];
  for (const [texts, other, unescaped] of spelled) {
    for (const text of texts.concat(unescaped)) {
      const compared = compareContents(texts[0], text);
      assert.ok(text === texts[0] ? compared.kind === 'identical' : compared.kind === 'equivalent', JSON.stringify([texts[0], text, compared]));
      assert.match(ruleOf(compared), text === texts[0] ? /^$/ : /^JSON by value/);
      const different = compareContents(text, other);
      assert.equal(different.kind, 'different', JSON.stringify([text, other]));
      assert.match(detailOf(different), / \$/);
    }
  }
});

const ACCEPT = `
import json, sys
def accepts(t):
    try: return isinstance(json.loads(t.encode('latin-1').decode('utf-8', 'surrogateescape')), (dict, list))
    except ValueError: return False
print(json.dumps([accepts(t) for t in json.load(open(sys.argv[1]))]))`;

test('parseJson() takes no escape that JSON has not', () => {
  for (const text of ['{"a":"\\a"}', '["\\u00g0"]', '["\\x41"]', '{"\\q":1}']) assert.equal(parseJson(text), undefined, text);
  for (const text of ['["\\\\a"]', '["\\u00e9\\/\\"\\n"]']) assert.notEqual(parseJson(text), undefined, text);
});

test('parseJson() takes a control character in a string or a key only where JSON.parse() does', () => {
  for (let code = 0; code < 0x80; code++) {
    const mark = String.fromCharCode(code);
    for (const text of ['["a' + mark + 'b"]', '{"' + mark + '":1}']) {
      let isJson = true;
      try { JSON.parse(text); } catch (error) { isJson = false; }
      assert.equal(parseJson(text) !== undefined, isJson, JSON.stringify(text));
    }
  }
});

test('parseJson() reads every object and array that python3 reads, and no text that breaks off or goes on', needsPython, () => {
  const dice = makeDice(4);
  const texts: string[] = [];
  while (texts.length < 3000) {
    let text = JSON.stringify([makeValue(dice, 3)]).replace(/[^ -~]/g, '?');
    for (let i = dice(3); i > 0; i--) {
      const at = dice(text.length);
      text = text.slice(0, at) + '[]{},:"\\e-+.0 1tn'[dice(17)] + text.slice(at + dice(2));
    }
    texts.push(text);
  }
  const accepted = askPython(ACCEPT, texts) as boolean[];
  assert.ok(accepted.filter((isAccepted) => isAccepted).length > 500);
  texts.forEach((text, i) => {
    const tape = parseJson(text);
    if (accepted[i]) assert.ok(tape !== undefined, text);
    else if (tape !== undefined) assert.ok(tape.roots.length > 1 || /\\/.test(text), 'only escapes and JSON lines are taken more kindly: ' + text);
  });
});

test('compareFiles() names the rule and the path in JSON', () => {
  const text = '{"fit": {"a": 1.50, "b": [1, 2, 3]}, "odd key": "x"}';
  assert.deepEqual(compareContents(text, '{"odd key":"\\u0078","fit":{"b":[1,2,3],"a":1.5}}'), {
    kind: 'equivalent', rule: 'JSON by value, keys in any order', detail: '1 of 4 numbers written otherwise, all of the same value',
  });
  assert.equal(detailOf(compareContents(text, text.replace('3]', '4]'))), '1 of 4 numbers differs, by 1 absolute, 0.25 relative, at $.fit.b[2]');
  assert.equal(ruleOf(compareContents(text, text.replace('3]', '4]'), { tolerance: { absolute: 1, relative: 0 } })), 'JSON by value, numbers within 1 absolute');
  assert.equal(detailOf(compareContents(text, text.replace('"x"', 'null'))), '1 value differs, first $["odd key"]: "x" against null');
  assert.equal(detailOf(compareContents(text, text.replace('"a"', '"c"'))), '2 values differ, first $.fit: key "a" only in the first');
  assert.equal(detailOf(compareContents(text, text.replace('2, 3]', '2]'))), '1 value differs, first $.fit.b: 3 elements against 2');
  assert.equal(detailOf(compareContents('{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":3}\n')), '1 of 2 numbers differs, by 1 absolute, 0.33 relative, at value 2, $.a');
});

test('compareFiles() keeps digits and duplicate keys of JSON', () => {
  assert.equal(compareContents('[9007199254740993]', '[9007199254740992]').kind, 'different');
  assert.equal(compareContents('[9007199254740993]', '[ 9007199254740993.0]').kind, 'equivalent');
  assert.equal(compareContents('{"a":1,"a":2}', '{"a":2,"a":1}').kind, 'different');
  assert.equal(compareContents('{"a":1,"b":0,"a":2}', '{"a":1,"a":2,"b":0}').kind, 'equivalent');
  assert.equal(compareContents('{"a":1,"a":1}', '{"a":1}').kind, 'different');
  assert.equal(compareContents('[NaN, -Infinity]', '[NaN,-Infinity]').kind, 'equivalent');
});

test('compareFiles() compares JSON nested 400,000 deep', () => {
  const [open, close] = ['[{"a":'.repeat(200000), '}]'.repeat(200000)];
  assert.equal(compareContents(open + '1' + close, open + ' 1' + close).kind, 'equivalent');
  const detail = detailOf(compareContents(open + '1' + close, open + '2' + close));
  assert.match(detail, /^1 of 1 number differs, by 1 absolute, 0.5 relative, at \$\[0\]\.a.*\.\.\..*\.a$/);
  assert.ok(detail.length < 200);
});

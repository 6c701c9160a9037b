// comparefuzz.test.ts - broken contents of every kind: a comparison ends and says the same both ways.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import zlib from 'zlib';
import type { CompareOptions } from '../src/sys/compare.ts';
import { cutSvg } from '../src/formats/svg.ts';
import { compareContents, makeDice, ruleOf } from './comparerig.ts';
import { evaluateApart } from './rig.ts';

const deflated = (text: string): string => zlib.deflateSync(Buffer.from(text, 'latin1')).toString('latin1');
const STREAM = deflated('BT /F1 12 Tf 72.5 100 Td (x) Tj ET');
const OBJECTS = deflated('5 0 6 12 << /A 1 >>  << /CreationDate (D:20240101) >>');

const PDF = '%PDF-1.5\n1 0 obj\n<< /Length ' + STREAM.length + ' /Filter /FlateDecode >>\nstream\n' + STREAM + '\nendstream\nendobj\n'
  + '2 0 obj << /Type /ObjStm /N 2 /First 9 /Filter [/FlateDecode] /Length 3 0 R >> stream\n' + OBJECTS + '\nendstream endobj\n3 0 obj ' + OBJECTS.length + ' endobj\n'
  + '4 0 obj << /ModDate (D:20240101120000Z) /Title (a \\( b (c)) >> endobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer << /Root 1 0 R /ID [<00ff> <00ff>] >>\nstartxref\n400\n%%EOF\n';
const SAMPLES: { [kind: string]: string } = {
  text: 'step 1: loss 0.53 +/- 0.01\nx =   9.9 m, (1+2j), 1,234 2024-01-05 at /home/a/x.c\nnan -inf 1e400 \xe2\x82\xac 12%\n',
  table: 'x,fit,"a ""b"""\n1,0.5,"c\nd"\n2,.25,e\r\n3,1e-3,\n',
  json: '{"a":[1,2.50,{"b":null}],"c":"\\u00e9\\n","d":{"e":[],"f":{}},"a":-1e3}\n[true]\n',
  svg: '<?xml version="1.0"?>\n<!-- 2024-01-05 --><svg width="10"><metadata><dc:date>2024-01-05T10:00:00</dc:date></metadata><path id="p5f7b6e0a1c" d="M 1 2.5"/><use href="#p5f7b6e0a1c"/></svg>\n',
  PostScript: '%!PS-Adobe-3.0 EPSF-3.0\n%%CreationDate: Thu Nov 26 00:03:01 2026\n1.5 2 moveto (x) show\n[ /CreationDate (D:2024) /DOCINFO pdfmark\n',
  PDF,
  gzip: zlib.gzipSync(Buffer.from('a 1.5\n')).toString('latin1'),
  bytes: '\0\x01\x02/home/a/x 2024-01-05\0\xff',
};

const PIECES = ['0', '9', '.', ',', ';', '\n', '\r\n', '"', '(', ')', '<', '>', '{', '[', ']', '\\', '/', ' ', '\0', '\xff', '-->', '<!--', 'stream\n', 'endobj', '2024-01-05', ' obj', '1e9', '-'];

function mutate(text: string, dice: (below: number) => number): string {
  let mutated = text;
  for (let i = 1 + dice(4); i > 0; i--) {
    const at = dice(mutated.length + 1);
    const [head, tail] = [mutated.slice(0, at), mutated.slice(at)];
    switch (dice(5)) {
      case 0: mutated = head + tail.slice(1 + dice(8)); break;
      case 1: mutated = head + PIECES[dice(PIECES.length)] + tail; break;
      case 2: mutated = head + String.fromCharCode(dice(256)) + tail.slice(1); break;
      case 3: mutated = head + tail.slice(0, dice(30)) + tail; break;
      default: mutated = head + PIECES[dice(PIECES.length)] + tail.slice(1);
    }
  }
  return mutated;
}

for (const [kind, sample] of Object.entries(SAMPLES)) {
  test('compareFiles() of broken ' + kind + ' ends, and says the same both ways', () => {
    const dice = makeDice(kind.length);
    const options: Partial<CompareOptions>[] = [{ path: 'x.csv' }, { tolerance: { absolute: 0.5, relative: 0.1 } }];
    for (let i = 0; i < 2000; i++) {
      const first = dice(2) === 0 ? sample : mutate(sample, dice);
      const second = mutate(first, dice);
      for (const option of options) {
        const [compared, turned] = [compareContents(first, second, option), compareContents(second, first, option)];
        assert.equal(compared.kind, turned.kind, JSON.stringify([first, second]));
        assert.equal(compared.kind === 'identical', first === second);
        if (compared.kind === 'equivalent') assert.equal(ruleOf(compared), ruleOf(turned), JSON.stringify([first, second]));
        assert.deepEqual(compareContents(second, second.slice(), option), { kind: 'identical' });
      }
    }
  });
}

test('compareFiles() of long and regular contents ends', () => {
  const long = 60000;
  const parts = ['<metadata></metadata>', '/Filter ', '/Filter [ ', '(', '<', '<!--', '1 ', '1,', '"', '""', '\\', '[', '{"a":', '1 0 obj ', '1 0 obj stream\n', 'a:', '+-', '1+-', '/Length 1 0 R ', '0', '\n', ' ', ', ', '12:', '2024-', '/a', 'id="', '<metadata>', 'D:2024', '1e', '\xc2', '-', '.', 'Mon ', '%%CreationDate: ', 'May '];
  for (const part of parts) {
    for (const head of ['', '%PDF-1.4\n', '%!PS\n', '<svg ', '<svg ><!-- ', '[', 'a,b\n']) {
      const text = head + part.repeat(Math.ceil(long / part.length));
      for (const end of ['x', '1']) {
        const compared = compareContents(text + end, text + 'y', { tolerance: { absolute: 1, relative: 0 } });
        assert.equal(compared.kind, 'different', JSON.stringify([head, part, end]));
      }
    }
  }
});

test('cutPdf() and cutSvg() end soon where spaces and regions have no end', () => {
  const apart = (file: string, expression: string): unknown => evaluateApart(file, expression);
  assert.equal(apart('formats/pdf.ts', "source.cutPdf('%PDF-1.4\\n1 0 obj << /Filter' + ' '.repeat(200000) + '[' + ' '.repeat(100000) + ' >> stream\\nabc\\nendstream endobj', () => ({ kind: 'damaged' }), 1000).kind"), 'cut');
  for (const head of ["'<svg ><!-- '", "'<svg >'"]) assert.ok((apart('formats/svg.ts', 'source.cutSvg(' + head + " + '<metadata></metadata>'.repeat(50000) + '<!-- x'.repeat(50000)).length") as number) > 50000);
});

test('cutSvg() finds comments and metadata in turn, and what has no end not at all', () => {
  const places = (text: string): string[] => cutSvg(text).map((segment) => (segment.kind === 'left' ? segment.value : ''));
  assert.deepEqual(places('<svg><!-- 2024-01-05 --><metadata>2024-01-06</metadata> 2024-01-07 <!-- 2024-01-08').filter((value) => value !== ''), ['2024-01-05', '2024-01-06']);
  assert.deepEqual(places('<svg><metadata><!-- 2024-01-05 --></metadata><!-- <metadata> --> 2024-01-06').filter((value) => value !== ''), ['2024-01-05']);
});

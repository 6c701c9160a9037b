// comparefigures.test.ts - PDF, PostScript, SVG and gzip as real programs write them: twice the same, and with one point moved.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { askPython, compareContents, compareTwoFiles, detailOf, ruleOf } from './comparerig.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const HAS_MATPLOTLIB = fs.existsSync('/usr/lib/python3/dist-packages/matplotlib');

/** Makes "figure.EXTENSION" with a point at `height`, on a day of `year`, in a folder of its own. */
type Maker = (folder: string, height: string, year: string) => void;

// Where programs keep lists of fonts, which take long to make.
const shared = makeTemporary();

function runIn(folder: string, argv: string[], env: NodeJS.ProcessEnv = {}): void {
  const done = run(folder, argv, { env, timeoutMs: 120000 });
  assert.equal(done.status, 0, argv.join(' ') + '\n' + done.stdout.slice(-2000) + done.stderr);
}

const MATPLOTLIB = `
import sys
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plot
figure, axes = plot.subplots()
axes.plot([1, 2, 3, 4], [1, 4, float(sys.argv[1]), 16], 'o-', label='a')
axes.legend()
figure.savefig('figure.' + sys.argv[2])`;

function epochOf(year: string): string {
  return String(Date.UTC(Number(year), 10, 25) / 1000);
}

function makeByMatplotlib(extension: string): Maker {
  return (folder, height, year) => runIn(folder, ['/usr/bin/python3', '-c', MATPLOTLIB, height, extension], { SOURCE_DATE_EPOCH: epochOf(year), HOME: shared });
}

/** gnuplot and R take the time of the clock: what they wrote is dated anew, as another day would have. */
function redate(folder: string, extension: string, year: string): void {
  const name = path.join(folder, 'figure.' + extension);
  const text = fs.readFileSync(name, 'latin1');
  fs.writeFileSync(name, text.replace(/(D:)20\d\d|((?:%%CreationDate: |\/CreationDate \()[^\r\n)]*)20\d\d/g, (_, day: string | undefined, comment: string) => (day ?? comment) + year), 'latin1');
}

function makeByGnuplot(terminal: string, extension: string): Maker {
  return (folder, height, year) => {
    const lines = ['set term ' + terminal, 'set output "figure.' + extension + '"', '$d << E', '1 1', '2 4', '3 ' + height, '4 16', 'E', 'plot [1:4] [0:20] $d with lines'];
    fs.writeFileSync(path.join(folder, 'figure.gp'), lines.join('\n') + '\n');
    runIn(folder, ['gnuplot', 'figure.gp']);
    redate(folder, extension, year);
  };
}

function makeByR(device: string, extension: string): Maker {
  return (folder, height, year) => {
    runIn(folder, ['Rscript', '-e', device + '("figure.' + extension + '"); plot(c(1, 4, ' + height + ', 16)); invisible(dev.off())']);
    redate(folder, extension, year);
  };
}

function makeByLatex(folder: string, height: string, year: string): void {
  if (HAS_MATPLOTLIB) makeByMatplotlib('pdf')(folder, height, year);
  if (HAS_MATPLOTLIB) fs.renameSync(path.join(folder, 'figure.pdf'), path.join(folder, 'plot.pdf'));
  const picture = HAS_MATPLOTLIB ? '\\usepackage{graphicx}\\begin{document}\\includegraphics[width=5cm]{plot.pdf}' : '\\begin{document}';
  fs.writeFileSync(path.join(folder, 'figure.tex'), '\\documentclass{article}' + picture + ' $x^2 = ' + height + '$\\end{document}\n');
  runIn(folder, ['pdflatex', '-interaction=batchmode', 'figure.tex'], { SOURCE_DATE_EPOCH: epochOf(year), HOME: shared, TEXMFVAR: shared });
}

type FigureCase = { name: string; extension: string; isHere: boolean; make: Maker; rule: RegExp };

const hasGnuplot = hasProgram('gnuplot');
const hasR = hasProgram('Rscript');

const FIGURES: FigureCase[] = [
  { name: 'matplotlib', extension: 'pdf', isHere: HAS_MATPLOTLIB, make: makeByMatplotlib('pdf'), rule: /^PDF without CreationDate$/ },
  { name: 'matplotlib', extension: 'svg', isHere: HAS_MATPLOTLIB, make: makeByMatplotlib('svg'), rule: /^SVG without dates, random identifiers$/ },
  { name: 'matplotlib', extension: 'eps', isHere: HAS_MATPLOTLIB, make: makeByMatplotlib('eps'), rule: /^PostScript without CreationDate$/ },
  { name: 'gnuplot', extension: 'pdf', isHere: hasGnuplot, make: makeByGnuplot('pdfcairo', 'pdf'), rule: /^PDF without CreationDate$/ },
  { name: 'gnuplot', extension: 'eps', isHere: hasGnuplot, make: makeByGnuplot('postscript eps', 'eps'), rule: /^PostScript without CreationDate$/ },
  { name: 'R', extension: 'pdf', isHere: hasR, make: makeByR('pdf', 'pdf'), rule: /^PDF without CreationDate, ModDate$/ },
  { name: 'pdflatex', extension: 'pdf', isHere: hasProgram('pdflatex'), make: makeByLatex, rule: /^PDF without CreationDate, ID, ModDate(?:, compression)?(?:, lengths and offsets)?$/ },
];

for (const { name, extension, isHere, make, rule } of FIGURES) {
  test('compareFiles() takes the ' + extension + ' of ' + name + ' of another year for equivalent, with another point for different', { skip: isHere ? false : name + ' is not here' }, () => {
    const names = [['9', '2024'], ['9', '2025'], ['9.5', '2025']].map(([height, year]) => {
      const folder = makeTemporary();
      make(folder, height, year);
      return path.join(folder, 'figure.' + extension);
    });
    const same = compareTwoFiles(names[0], names[1]);
    assert.equal(same.kind, 'equivalent', JSON.stringify(same));
    assert.match(ruleOf(same), rule);
    for (const other of [names[0], names[1]]) {
      const moved = compareTwoFiles(other, names[2]);
      assert.equal(moved.kind, 'different', JSON.stringify(moved));
      assert.match(detailOf(moved), /numbers? differ|lines? differ/);
    }
  });
}

// A PDF with what python3's zlib packs: metadata, objects in a stream, a table of references in another.
const WRITE_PDF = `
import json, sys, zlib
def pdf(c):
    def stream(number, entries, data):
        packed = zlib.compress(data, c.get('level', 6))
        return b'%d 0 obj << %s /Filter /FlateDecode /Length %d >> stream\\n%s\\nendstream endobj\\n' % (number, entries, len(packed), packed)
    xmp = ('<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description rdf:about="" xmp:CreateDate="%s"><xmp:ModifyDate>%s</xmp:ModifyDate>'
           '<xmpMM:DocumentID>uuid:%s</xmpMM:DocumentID><dc:title>%s</dc:title></rdf:Description></x:xmpmeta>' % (c['date'], c['date'], c['id'], c['title'])).encode()
    objects = [b'<< /Type /Catalog /Pages 3 0 R >>', b'<< /Producer (%s) /CreationDate (D:%s) >>' % (c['producer'].encode(), c['date'].encode())]
    starts = [sum(len(o) + 1 for o in objects[:i]) for i in range(len(objects))]
    head = b' '.join(b'%d %d' % (i + 5, s) for i, s in enumerate(starts)) + b' '
    out = b'%PDF-1.5\\n' + stream(1, b'/Type /Metadata /Subtype /XML', xmp)
    out += stream(2, b'/Type /ObjStm /N 2 /First %d' % len(head), head + b' '.join(objects))
    out += stream(4, b'', b'1 0 0 1 %s 72 cm' % c['x'].encode())
    at = len(out)
    out += stream(9, b'/Type /XRef /Size 10 /W [1 2 1] /Root 5 0 R /Info 6 0 R /ID [<%s> <%s>]' % (c['id'].encode(), c['id'].encode()), at.to_bytes(2, 'big') * 4)
    return (out + b'startxref\\n%d\\n%%%%EOF\\n' % at + c.get('rest', '').encode()).decode('latin-1')
print(json.dumps([pdf(c) for c in json.load(open(sys.argv[1]))]))`;

test('compareFiles() leaves out of a PDF the dates and identifiers that are packed in streams, and nothing else', { skip: hasProgram('python3') ? false : 'python3 is not here' }, () => {
  const base = { date: '20240101000000Z', id: '00112233aaaa', title: 'T', producer: 'P 1.0', x: '10.5' };
  const cases = [base, { ...base, date: '2025' }, { ...base, id: 'ffeeddccbbbb' }, { ...base, level: 1, date: '2026-01' }, { ...base, title: 'U' }, { ...base, producer: 'P 1.1' }, { ...base, x: '10.6' }, { ...base, rest: 'more' }];
  const [first, dated, named, packed, titled, produced, moved, longer] = askPython(WRITE_PDF, cases) as string[];
  assert.match(ruleOf(compareContents(first, dated)), /^PDF without CreationDate, XMP CreateDate, XMP ModifyDate, compression, lengths and offsets$/);
  assert.match(ruleOf(compareContents(first, named)), /^PDF without ID, XMP DocumentID, compression/);
  for (const other of [dated, named, packed]) assert.equal(compareContents(first, other).kind, 'equivalent');
  for (const other of [titled, produced, moved, longer]) assert.equal(compareContents(first, other).kind, 'different');
  assert.match(detailOf(compareContents(first, produced)), /^1 part differs, object 6 0: /);
  assert.equal(compareContents(first, produced, { tolerance: { absolute: 1, relative: 0 } }).kind, 'different', 'a version is no number that is drawn');
  assert.equal(compareContents(first, moved, { tolerance: { absolute: 0.2, relative: 0 } }).kind, 'equivalent', 'a tolerance applies to what is drawn');
  assert.match(detailOf(compareContents(first.replace('/Root', '/Encrypt 7 0 R /Root'), dated)), /encrypted/);
});

test('compareFiles() takes only dates and random identifiers out of SVG', () => {
  const svg = (id: string, use: string, date: string, width: string): string => '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="' + width + '">\n<!-- made ' + date
    + ' -->\n<clipPath id="' + id + '"/>\n<path id="axis_1" clip-path="url(#' + use + ')"/>\n</svg>\n';
  const [one, other] = ['p5f7b6e0a1c', 'pabcdef0123'];
  const first = svg(one, one, '2024-01-05', '10');
  assert.equal(ruleOf(compareContents(first, svg(other, other, '2025-01-05', '10'))), 'SVG without dates, random identifiers');
  assert.equal(compareContents(svg(one, other, '2024-01-05', '10'), first).kind, 'different', 'refers to another thing');
  assert.equal(compareContents(first, svg(one, one, '2024-01-05', '11')).kind, 'different');
  assert.equal(compareContents(first, first.replace('axis_1', 'axis_2')).kind, 'different');
  assert.equal(compareContents(first, first.replace('<svg', '<!--2024-01-05--><svg')).kind, 'different');
});

test('compareFiles() compares what gzip packs by its own kind', { skip: hasProgram('gzip') ? false : 'gzip is not here' }, () => {
  const folder = makeTemporary();
  const pack = (name: string, content: string, ...options: string[]): string => {
    fs.writeFileSync(path.join(folder, name), content);
    fs.utimesSync(path.join(folder, name), name.length * 1e8, name.length * 1e8);
    runIn(folder, ['gzip'].concat(options, name));
    return path.join(folder, name + '.gz');
  };
  const text = 'a 1.5 '.repeat(1000) + '\n';
  const first = pack('x.txt', text);
  assert.deepEqual(compareTwoFiles(first, pack('longer.txt', text)), { kind: 'equivalent', rule: 'content of gzip without time, name', detail: 'what is packed is identical' });
  assert.match(ruleOf(compareTwoFiles(first, pack('y.txt', text, '-n1'))), /^content of gzip without time, flags, name, compression$/);
  assert.equal(ruleOf(compareTwoFiles(first, pack('z.txt', text.replace('1.5', '1.51')), { tolerance: { absolute: 0.1, relative: 0 } })), 'content of gzip without name, compression; numbers within 0.1 absolute');
  assert.match(detailOf(compareTwoFiles(first, pack('t.txt', text.replace('1.5', '1.6')))), /^1 of 1,000 numbers differs/);
  const bytes = fs.readFileSync(first, 'latin1');
  assert.equal(compareContents(bytes, bytes + '\0\0').kind, 'different', 'what follows counts');
  assert.equal(compareContents(bytes, bytes.slice(0, -1)).kind, 'different', 'cut short');
  const other = fs.readFileSync(pack('u.txt', text), 'latin1');
  assert.equal(compareContents(bytes + bytes, bytes + other).kind, 'equivalent', 'two members');
  assert.equal(compareContents(bytes, bytes + other).kind, 'different', 'a member more');
});

test('compareFiles() unpacks no bomb', { skip: hasProgram('gzip') ? false : 'gzip is not here' }, () => {
  const folder = makeTemporary();
  for (const name of ['a', 'b']) runIn(folder, ['sh', '-c', 'head -c 300000000 /dev/zero | gzip -1 >' + name + '; echo ' + name + ' | gzip >>' + name]);
  assert.deepEqual(compareTwoFiles(path.join(folder, 'a'), path.join(folder, 'b')), { kind: 'unchecked', why: 'what the gzip file holds is too large' });
});

test('compareFiles() says of other packers that rr cannot unpack them', () => {
  for (const magic of ['\xfd7zXZ\0', 'BZh9', '\x28\xb5\x2f\xfd']) assert.match(detailOf(compareContents(magic + 'a', magic + 'b')), /^rr cannot unpack (?:xz|bzip2|zstd)$/);
});

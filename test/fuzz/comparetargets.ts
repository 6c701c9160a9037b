// comparetargets.ts - fuzzes comparisons of two contents by their kind, and small readers of texts beside packages.
import zlib from 'zlib';
import type { ByteString } from '../../src/core/bytes.ts';
import { parseHeaders } from '../../src/formats/headers.ts';
import { parseJuliaManifest, parseJuliaProject } from '../../src/formats/juliamanifest.ts';
import { decodeFileUrl, normalizePythonName, parseDirectUrl, parseEditableMapping, parseNameLines, parseRecordPaths, pythonSourceOf, topModuleOf } from '../../src/formats/pythonmetadata.ts';
import { compareFiles } from '../../src/sys/compare.ts';
import type { CompareOptions } from '../../src/sys/compare.ts';
import { ARCHIVE_TARGETS } from './archivetargets.ts';
import type { Dice } from './dice.ts';
import { makeCaseDice, pick, pickLength } from './dice.ts';
import { mutate } from './mutate.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const deflated = (text: ByteString): ByteString => zlib.deflateSync(Buffer.from(text, 'latin1')).toString('latin1');
const STREAM = deflated('BT /F1 12 Tf 72.5 100 Td (x) Tj ET');
const OBJECTS = deflated('5 0 6 12 << /A 1 >>  << /CreationDate (D:20240101) >>');
const BOMB = deflated('\0'.repeat(1 << 20));

const PDF = '%PDF-1.5\n1 0 obj\n<< /Length ' + String(STREAM.length) + ' /Filter /FlateDecode >>\nstream\n' + STREAM + '\nendstream\nendobj\n'
  + '2 0 obj << /Type /ObjStm /N 2 /First 9 /Filter [/FlateDecode] /Length 3 0 R >> stream\n' + OBJECTS + '\nendstream endobj\n3 0 obj ' + String(OBJECTS.length) + ' endobj\n'
  + '4 0 obj << /ModDate (D:20240101120000Z) /Title (a \\( b (c)) >> endobj\n5 0 obj << /Type /Metadata /Length 60 >> stream\n<?xpacket?><xmp:CreateDate>2024-01-05</xmp:CreateDate>\nendstream endobj\n'
  + 'xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer << /Root 1 0 R /ID [<00ff> <00ff>] >>\nstartxref\n400\n%%EOF\n';

const KINDS: { [kind: string]: { corpus: ByteString[]; dictionary: ByteString[]; path: string } } = {
  'compare-pdf': {
    corpus: [PDF, '%PDF-1.4\n1 0 obj << /Filter /FlateDecode >> stream\n' + BOMB + '\nendstream endobj\n'], path: 'a.pdf',
    dictionary: ['1 0 obj', 'endobj', 'stream\n', 'endstream', '<<', '>>', '(', ')', '\\', '/Length ', '/Type /XRef', '/Type /ObjStm', '/First 5', 'xref', 'trailer', 'startxref', '/Encrypt 1', '/CreationDate (D:', '%', '/ID [<', '<?xpacket', ' 0 R', '4294967296'],
  },
  'compare-postscript': {
    corpus: ['%!PS-Adobe-3.0 EPSF-3.0\n%%CreationDate: Thu Nov 26 00:03:01 2026\n1.5 2 moveto (x) show\n[ /CreationDate (D:2024) /DOCINFO pdfmark\n%DVIPSSource:  TeX output 2024.01.05:1020\n'], path: 'a.eps',
    dictionary: ['%%CreationDate: ', '/ModDate (', '%DVIPSSource: TeX output ', '\n', '\r', '1.5', ':'],
  },
  'compare-svg': {
    corpus: ['<?xml version="1.0"?>\n<!-- 2024-01-05 --><svg width="10"><metadata><dc:date>2024-01-05T10:00:00</dc:date></metadata><path id="p5f7b6e0a1c" d="M 1 2.5"/><use href="#p5f7b6e0a1c"/></svg>\n'], path: 'a.svg',
    dictionary: ['<!--', '-->', '<metadata', '</metadata>', 'id="', "id='", 'url(#', 'href="#', 'deadbeef01', '"', '2024-01-05', '<svg '],
  },
  'compare-table': { corpus: ['x,fit,"a ""b"""\n1,0.5,"c\nd"\n2,.25,e\r\n3,1e-3,\n', 'a\tb\n1\t2\n3\t4\n'], path: 'a.csv', dictionary: [',', ';', '\t', '"', '""', '\n', '\r\n', '1e400', 'nan', '-0', '0.1', '\xef\xbb\xbf'] },
  'compare-json': { corpus: ['{"a":[1,2.50,{"b":null}],"c":"\\u00e9\\n","d":{"e":[],"f":{}},"a":-1e3}\n[true]\n', '[[[[1]]]]'], path: 'a.json', dictionary: ['{', '}', '[', ']', '"', ':', ',', '\\u', '\\', '1e400', '-0', 'null', 'true', '\ud800', '__proto__'] },
  'compare-text': { corpus: ['step 1: loss 0.53 +/- 0.01\nx =   9.9 m, (1+2j), 1,234 2024-01-05 at /home/a/x.c\nnan -inf 1e400 \xe2\x82\xac 12%\n'], path: 'a.log', dictionary: ['0x1p3', '1e', '+-', '2024-01-05', '12:00:00', '\n', '/home/a', 'Mon ', '\xe2\x82', '1,234', '\t'] },
  'compare-gzip': { corpus: [zlib.gzipSync('a 1.5\n').toString('latin1'), zlib.gzipSync(Buffer.alloc(1 << 20)).toString('latin1')], path: 'a.gz', dictionary: ['\x1f\x8b\x08', '\x08', '\0\0\0\0', 'name\0'] },
  'compare-bytes': { corpus: ['\0\x01\x02/home/a/x 2024-01-05\0\xff'], path: 'a.bin', dictionary: ['\0', '/home/a', 'BZh', '\xfd7zXZ\0', '2024-01-05'] },
};

const OPTIONS: Partial<CompareOptions>[] = [{}, { tolerance: { absolute: 0.5, relative: 0.1 } }];

/** Compares the input with a mutation of it, which the input itself chooses. */
function checkPair(name: string, given: { corpus: ByteString[]; dictionary: ByteString[]; path: string }, input: ByteString): boolean {
  const dice = makeCaseDice(input.slice(0, 500), name, input.length);
  const base = dice(3) === 0 ? pick(dice, given.corpus) : input;
  const other = mutate(base, dice, { corpus: given.corpus, dictionary: given.dictionary, isBinary: false, mostBytes: 1 << 18 });
  let isChecked = false;
  for (const options of OPTIONS) {
    const compare = (one: ByteString, two: ByteString): ReturnType<typeof compareFiles> => compareFiles({ kind: 'bytes', content: one }, { kind: 'bytes', content: two }, { path: given.path, tolerance: undefined, ...options });
    const [compared, turned] = [compare(input, other), compare(other, input)];
    if (compared.kind !== turned.kind) failCase('a comparison is the same both ways', compared.kind + ' and ' + turned.kind);
    if ((compared.kind === 'identical') !== (input === other)) failCase('identical is what has the same bytes');
    if (compared.kind === 'equivalent' && turned.kind === 'equivalent' && compared.rule !== turned.rule) failCase('a rule is the same both ways', compared.rule + ' | ' + turned.rule);
    if (/[\0-\x1f\x7f]/.test(Object.values(compared).join(' '))) failCase('what is said of a content is harmless', JSON.stringify(compared));
    isChecked = isChecked || compared.kind === 'equivalent';
  }
  return isChecked;
}

const COMPARISONS: FuzzTarget[] = Object.keys(KINDS).map((name) => ({
  name, corpus: () => KINDS[name].corpus, dictionary: KINDS[name].dictionary, isBinary: /bytes|gzip/.test(name), share: 0.3,
  // A bomb of 1 MiB is in the corpus of PDF and gzip.
  memoryPerByte: 20000,
  check: (input) => checkPair(name, KINDS[name], input),
}));

/** The archives of the other targets, compared as a whole: members by their kinds, archives in archives. */
const ARCHIVES: FuzzTarget[] = ARCHIVE_TARGETS.filter(({ name }) => name === 'zip' || name === 'tar').map((target) => ({
  name: 'compare-' + target.name, corpus: target.corpus, generate: target.generate, isBinary: true, share: 0.2, memoryPerByte: 5000,
  check: (input) => checkPair('compare-' + target.name, { corpus: target.corpus(), dictionary: [], path: 'a.' + target.name }, input),
}));

// ---- texts beside packages

const TEXTS = ['Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nDescription: long\n  goes on\n\nbody: none\n', 'six.py,sha256=abc,1\r\n"a ""b"",c.py",,\nsix-1.0.dist-info/RECORD,,\n',
  '{"url":"file:///src/x%20y/","dir_info":{"editable":true}}', '{"url":"https://u:p@example.org/x.git","vcs_info":{"vcs":"git","commit_id":"abc"}}',
  "MAPPING: dict[str, str] = {'a': '/src/a', \"b\": \"/src/b\"}\nNAMESPACES = {}\n", 'julia_version = "1.9.0"\n[[deps.JSON]]\ndeps = ["Dates"]\ngit-tree-sha1 = "abc"\nversion = "0.21.4"\n[deps.JSON.weakdeps]\nX = "1"\n[[Zlib]]\npath = "C:\\\\x"\n',
  'a/__pycache__/b.cpython-311.pyc'];
const WORDS = ['/', '__pycache__/', '.', '"', '""', ',', '\n', '\r\n', ': ', ' ', '\\', '[[', ']]', ' = "', 'MAPPING', '{', '}', "'", 'file://', '%2F', 'a.', '-', '_'];

function makePackageText(dice: Dice): ByteString {
  const text = pick(dice, TEXTS);
  const at = dice(text.length);
  return text.slice(0, at) + (pick(dice, WORDS) + (dice(2) === 0 ? pick(dice, WORDS) : '')).repeat(pickLength(dice, 20000)) + text.slice(at);
}

function checkTexts(input: ByteString): void {
  for (const [name, value] of parseHeaders(input)) if (name !== name.toLowerCase() || input.length < value.length) failCase('a field is one of the text');
  for (const name of parseRecordPaths(input).slice(0, 200)) {
    if (topModuleOf(name).indexOf('/') >= 0) failCase('a module has no slash');
    pythonSourceOf(name);
  }
  pythonSourceOf(input);
  topModuleOf(input);
  normalizePythonName(input);
  parseNameLines(input);
  parseEditableMapping(input);
  const url = decodeFileUrl(input);
  if (url !== undefined && url[0] !== '/') failCase('a path of a URL is absolute');
  const origin = parseDirectUrl(input);
  if (origin !== undefined && /[a-z]:\/\/[^/@]*:[^/@]+@/.test(origin.text)) failCase('a password is left out', origin.text);
  for (const entry of parseJuliaManifest(input).entries) if (entry.name === '' || !/^[\w!]+$/.test(entry.name)) failCase('a package of Julia has a name');
  parseJuliaProject(input);
}

export const COMPARE_TARGETS: FuzzTarget[] = [
  ...COMPARISONS, ...ARCHIVES,
  { name: 'package-texts', corpus: () => TEXTS, dictionary: WORDS, generate: makePackageText, share: 0.5, check: checkTexts },
];

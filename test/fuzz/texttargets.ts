// texttargets.ts - readers of texts that other programs and people write, for the fuzzer: they end, and refuse as they say.
import { isUtf8 } from '../../src/core/bytes.ts';
import type { ByteString } from '../../src/core/bytes.ts';
import { readExactDecimal } from '../../src/core/decimals.ts';
import { makeClassifier } from '../../src/core/filerules.ts';
import { readMoment } from '../../src/core/moment.ts';
import { parseKeyParts, printKey } from '../../src/core/parameters.ts';
import { parseDuration, parseSize, printSize } from '../../src/core/quantities.ts';
import { readCitationFile, readCodemetaFile, readZenodoFile, textOfHtml } from '../../src/formats/citationfile.ts';
import { parseGitConfig, findRemoteUrl, stripUrlCredentials } from '../../src/formats/gitconfig.ts';
import { splitGitPatch, applyPatchSection } from '../../src/formats/gitapply.ts';
import { dropEmptySections, listPatchedNames, parseRawDiff, splitPatchSections } from '../../src/formats/gitpatch.ts';
import { readNvidiaUse, readRocmUse } from '../../src/formats/gpuuse.ts';
import { parseHeaders } from '../../src/formats/headers.ts';
import { encodeIri, isWebAddress } from '../../src/formats/iri.ts';
import { decodeJsonString, parseJson } from '../../src/formats/jsontape.ts';
import { parseJuliaManifest, parseJuliaProject } from '../../src/formats/juliamanifest.ts';
import { escapeLatex } from '../../src/formats/latex.ts';
import { condenseLicense, findSpdxLine, normalizeLicense, recognizeLicense } from '../../src/formats/license.ts';
import { parseJobserver } from '../../src/formats/makeflags.ts';
import { dayIn, normalizeDoi, normalizeOrcid, personOfAddress } from '../../src/formats/metadatafile.ts';
import { readMetricRule, matchPattern } from '../../src/formats/metricrule.ts';
import { readMetricSeries, readMetricValues } from '../../src/formats/metrics.ts';
import { compareNumbers, isNumber, isSameDecimal } from '../../src/formats/numbers.ts';
import { makeHarmless } from '../../src/formats/percent.ts';
import { licenseOfR, readJuliaProject, readPackageJson, readPyproject, readRDescription, readReadme } from '../../src/formats/packagefile.ts';
import { parsePerlModule } from '../../src/formats/perlmodule.ts';
import { readPointTable } from '../../src/formats/pointtable.ts';
import { PrintedReader } from '../../src/formats/printedreader.ts';
import { parseDirectUrl, parseEditableMapping, parseNameLines, parseRecordPaths } from '../../src/formats/pythonmetadata.ts';
import { readSaidMetadata } from '../../src/formats/saidmetadata.ts';
import { maskArguments, maskText, maskValue } from '../../src/formats/secrets.ts';
import { parseMaxArraySize, parseSacct, parseSbatch, parseSqueue, readJobState } from '../../src/formats/slurm.ts';
import { StraceReader } from '../../src/formats/strace.ts';
import { Trace } from '../../src/core/trace.ts';
import { originOfRemote, parseSwhid, parseSwhidRange } from '../../src/formats/swhid.ts';
import { scanTex } from '../../src/formats/tex.ts';
import { closeSpacedNames, listShownNames, parseFossilInfo, parseFossilList, parseHgStatus, parseSvnInfo, parseSvnStatus } from '../../src/formats/vcsoutput.ts';
import { cutToWidth, displayWidth, wrapText } from '../../src/views/table.ts';
import { printJsonValue } from '../../src/views/json.ts';
import { showLines, showText } from '../../src/views/page.ts';
import type { FuzzTarget } from './target.ts';
import { claimSame, failCase } from './target.ts';
import { STRACE_LINES } from './tracetargets.ts';

const hash = (): string => '0123456789abcdef';
const inflateNothing = (): undefined => undefined;

const CFF = 'cff-version: 1.2.0\ntitle: "A title"\nmessage: x\nversion: 1.0\ndate-released: 2024-01-05\nlicense: MIT\ndoi: 10.5281/zenodo.1\nauthors:\n  - family-names: Author\n    given-names: A.\n    orcid: https://orcid.org/0000-0002-1825-0097\n  - name: A group\nkeywords: [a, b]\nabstract: |\n  text\n';
const CODEMETA = '{"@context":"https://doi.org/10.5063/schema/codemeta-2.0","@type":"SoftwareSourceCode","name":"a","description":"b &amp; c","author":[{"@type":"Person","givenName":"A.","familyName":"Author"}],"license":"https://spdx.org/licenses/MIT","keywords":["x"],"version":"1"}';
const ZENODO = '{"title":"a","description":"<p>b</p>\\n<p>c &lt;d&gt; &constructor; e<br/>f</p>","creators":[{"name":"Author, A.","orcid":"0000-0002-1825-0097","affiliation":"x"}],"license":{"id":"MIT"},"keywords":["k"],"upload_type":"software"}';
const PYPROJECT = '[project]\nname = "a"\nversion = "1"\nauthors = [{name="A. Author", email="a@example.org"}]\nlicense = {text="MIT"}\n[project.urls]\nHomepage = "https://example.org"\n[tool.poetry]\nname="b"\nauthors=["A. Author <a@example.org>"]\n';
const DESCRIPTION = 'Package: a\nTitle: T\nVersion: 1.0\nAuthors@R: c(person("A.", "Author", role = c("aut", "cre"), comment = c(ORCID = "0000-0002-1825-0097")), person("B"))\nLicense: GPL (>= 2) | file LICENSE\nURL: https://example.org,\n  https://b\n';
const CONFIG = '[core]\n\tbare = false\n[remote "origin"]\n\turl = https://user:pw@example.org/a.git ; c\n\tfetch = "+refs/heads/*"\n[branch "main"]\n\tremote = origin # x\n[a.B]\nkey\nlong = a\\\n b\n';
const PATCH = 'diff --git a/a b/a\nindex 1..2 100644\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n x\n-y\n+z\n w\ndiff --git "a/b\\303" "b/b\\303"\nnew file mode 100755\nindex 0..1\n--- /dev/null\n+++ "b/b\\303"\n@@ -0,0 +1 @@\n+q\n\\ No newline at end of file\ndiff --git a/c b/c\nindex 1..2\nGIT binary patch\nliteral 3\nKcmZ>9000000\n\nliteral 0\nHcmV?d00001\n\n';
const TEX = '\\documentclass{article}\n\\input{a/b}\n\\includegraphics[width=3cm,page={1}]{fig.pdf} % c\n\\begin{verbatim}\n\\input{x}\n\\end{verbatim}\n\\rrvalue{a}{b}\\verb|\\input{q}|\n\\newcommand\\x[1]{\\input{#1}}\n';
const PRINTED = 'Epoch 1/10: loss=0.5, acc: 93.1%\nstep 5 loss 0.25 lr 1e-3\n 45%|####      | 45/100 [00:10<00:12,  4.5it/s]\r\n{"loss": 0.1, "a": {"b": 2}}\n2024-01-05 10:00:00 INFO a: val_loss = nan\n\x1b[32mloss\x1b[0m = 3\n';
const SVN = '<?xml version="1.0"?>\n<status><target path="."><entry path="a &amp; b"><wc-status item="modified" props="none" revision="3"><commit revision="2"/></wc-status></entry><entry path="c"><wc-status item="added" switched="true" revision="-1"/></entry></target></status>\n<info><entry><url>file:///a%20b</url><relative-url>^/x</relative-url></entry></info>';

function refusesOnly(read: (input: ByteString) => unknown): (input: ByteString) => boolean {
  return (input) => read(input) !== undefined;
}

/** All readers of one text, each for itself. */
function readsAll(...readers: ((input: ByteString) => unknown)[]): (input: ByteString) => boolean {
  return (input) => {
    for (const read of readers) read(input);
    return true;
  };
}

function checkLatex(input: ByteString): void {
  const escaped = escapeLatex(makeHarmless(input));
  if (!/^[ -~\n]*$/.test(escaped)) failCase('escapeLatex() gives ASCII', escaped);
  let depth = 0;
  for (const found of escaped.matchAll(/\\.|[{}]/g)) {
    if (found[0] === '{') depth += 1;
    if (found[0] === '}') depth -= 1;
    if (depth < 0) failCase('escapeLatex() closes no group that it did not open', escaped);
  }
  if (depth !== 0) failCase('escapeLatex() closes what it opens', escaped);
  const bare = escaped.replace(/\\[A-Za-z]+(?:\{\})?|\\[^A-Za-z]/g, '');
  if (/[%#&$_]/.test(bare)) failCase('escapeLatex() leaves no sign that LaTeX obeys', escaped);
}

function checkShown(input: ByteString): void {
  for (const [name, text] of [['showText', showText(input)], ['showLines', showLines(input).join('')], ['cutToWidth', cutToWidth(showText(input), 20)], ['wrapText', wrapText(showText(input), 20).join('')]]) {
    if (/[\0-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]/.test(text) || !isUtf8(text)) failCase(name + '() lets nothing through that a terminal obeys', text);
  }
  if (displayWidth(cutToWidth(showText(input), 20)) > 20) failCase('cutToWidth() exceeds no width');
}

/** How long a piece is: what begins a line is copied for each, and of a pipe come at most 64 KiB. */
function pieceOf(input: ByteString, least: number): number {
  return Math.max(least, input.length >> 12);
}

function checkPrinted(input: ByteString): boolean {
  const reader = new PrintedReader(readMetricRule([]));
  reader.feed('out', input, 1);
  reader.end(2);
  const cut = new PrintedReader(readMetricRule([]));
  const step = pieceOf(input, 7);
  for (let at = 0; at < input.length; at += step) cut.feed('out', input.slice(at, at + step), 1);
  cut.end(2);
  const spell = (one: PrintedReader): string => JSON.stringify([one.found, one.progress], (_, value: unknown) => (value instanceof Map ? Array.from(value) : value));
  claimSame('PrintedReader reads the same in pieces of any size', spell(cut), spell(reader));
  return spell(reader) !== spell(new PrintedReader(readMetricRule([])));
}

function checkDecimals(input: ByteString): boolean {
  const decimal = readExactDecimal(input);
  const isPlain = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(input);
  if (decimal !== undefined && (!isPlain || Number(decimal.digits.toString() + 'e' + String(decimal.exponent)) !== Number(input))) failCase('readExactDecimal() has the value of the text', input);
  if (isNumber(input)) {
    compareNumbers(input, '1', { absolute: 0.1, relative: 0.1 });
    if (!isSameDecimal(input, input) && !/n|[eEdD].{16}/i.test(input)) failCase('a number is the same as itself', input);
  }
  // A number of JSON is compared however long it is.
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(input)) {
    compareNumbers(input, '1', { absolute: 0.1, relative: 0.1 });
    if (/^-?\d+$/.test(input) && !isSameDecimal(input, input + '.0')) failCase('a whole number with a zero behind the point is the same', input);
  }
  const size = parseSize(input);
  if (size !== undefined && parseSize(printSize(size)) !== size && Number.isInteger(size)) failCase('parseSize(printSize(x)) is x', input + ' ' + printSize(size));
  parseDuration(input);
  readMoment(input, Date.UTC(2026, 10, 22));
  return decimal !== undefined || size !== undefined;
}

function checkTrace(input: ByteString): boolean {
  const events: string[] = [];
  const reader = new StraceReader((event) => events.push(JSON.stringify(event)));
  reader.feed(input);
  reader.end();
  const cutEvents: string[] = [];
  const cut = new StraceReader((event) => cutEvents.push(JSON.stringify(event)));
  for (let at = 0; at < input.length; at += 11) cut.feed(input.slice(at, at + 11));
  cut.end();
  claimSame('StraceReader reads the same in pieces of any size', cutEvents.join('\n'), events.join('\n'));
  const trace = new Trace({ folder: '/p', resolveFolder: (folder: string) => folder, classOf: (path: string) => (/^\/p(\/|$)/.test(path) ? 'project' : /^\/tmp/.test(path) ? 'temporary' : 'system') });
  const tracing = new StraceReader((event) => trace.handle(event));
  tracing.feed(input);
  tracing.end();
  trace.summarize();
  return events.length > 0;
}

export const TEXT_TARGETS: FuzzTarget[] = [
  { name: 'citation', corpus: () => [CFF], dictionary: ['authors:', '- ', 'doi: ', 'license: ', '10.5281/', 'title: ', '\n', '"'], check: (input) => { readCitationFile(input, 'CITATION.cff'); } },
  { name: 'codemeta', corpus: () => [CODEMETA, ZENODO], dictionary: ['{', '}', '[', ']', '"', ':', '"author"', '"name"', '&lt;', '&constructor;', '<p>', '</p>', '<br/>'], check: (input) => { readCodemetaFile(input, 'codemeta.json'); } },
  { name: 'zenodo', corpus: () => [ZENODO, CODEMETA], dictionary: ['{', '}', '[', ']', '"', ':', '"creators"', '"name"', '&lt;', '&constructor;', '<p>', '</p>', '<br/>'], check: (input) => { readZenodoFile(input, '.zenodo.json'); } },
  { name: 'html-text', corpus: () => ['<p>a</p>\n<p>b &amp; c<br/>d</p>', '<a href="x">y</a>'], dictionary: ['<p>', '</p>', '<br>', '&amp;', '&#65;', '&constructor;', ' ', '\n', '<', '>', '<p '], long: [['a', ' ', 'b'], ['', '</p> ', 'x'], ['', '<', ''], ['', '<!--', ''], ['', '<a ', ''], ['<a ', 'b="c" ', ''], ['', '<script>', ''], ['', '&#', ''], ['', '</p><p ', '']], check: (input) => { if (/native code/.test(textOfHtml(input)) && !/native code/.test(input)) failCase('textOfHtml() makes nothing up'); } },
  { name: 'packagefiles', corpus: () => [PYPROJECT, DESCRIPTION, '{"name":"a","version":"1","author":"A. Author <a@example.org> (https://example.org)","license":"MIT","contributors":[{"name":"B"}]}', '# Title\n\ntext *b*\n\n![x](y)\n\nmore', 'name = "A"\nuuid = "x"\nauthors = ["A. Author <a@example.org>"]\nversion = "0.1.0"\n'], dictionary: ['[project]', 'authors = ', 'person(', 'role = ', 'Authors@R: ', '"', '(', ')', '<', '>', '# ', '\n', '{', '}'], check: (input) => { for (const read of [readPyproject, readRDescription, readPackageJson, readReadme, readJuliaProject]) { try { read(input, 'x'); } catch (error) { if (!(error instanceof Error) || error.constructor.name !== 'Failure') throw error; } } licenseOfR(input); } },
  { name: 'people', corpus: () => ['A. Author <a@example.org>', 'https://orcid.org/0000-0002-1825-0097', 'doi:10.5281/zenodo.1', '2024-01-05T10:00:00', 'Name=a', 'title=x'], dictionary: ['<', '>', '@', '10.', '/', '0000-', ' '], check: readsAll(personOfAddress, normalizeOrcid, normalizeDoi, dayIn) },
  { name: 'saidmetadata', corpus: () => ['title=a\ncreator=Author, A.\norcid=0000-0002-1825-0097', 'license=MIT\nkeyword=a\nkeyword=b'], dictionary: ['title=', 'creator=', 'license=', '=', ';', '\n'], check: (input) => { readSaidMetadata(input.split('\n')); } },
  { name: 'license', corpus: () => ['MIT License\n\nCopyright (c) 2024 A. Author\n\nPermission is hereby granted, free of charge, to any person', '// SPDX-License-Identifier: GPL-3.0-or-later\n', 'Apache-2.0', 'GPL (>= 2)'], dictionary: ['SPDX-License-Identifier: ', 'Copyright ', ' ', '\n', 'https://', '&quot;', '-', '(c)'], check: readsAll(condenseLicense, recognizeLicense, findSpdxLine, normalizeLicense) },
  { name: 'headers', corpus: () => [DESCRIPTION, 'Metadata-Version: 2.1\nName: a\nVersion: 1\n\nbody\n'], dictionary: [': ', '\n ', '\r\n', 'Name'], check: (input) => { for (const [name] of parseHeaders(input)) if (name === '') failCase('a field has a name'); } },
  { name: 'pythonmetadata', corpus: () => ['a/b.py,sha256=x,12\n"c,d.py",,\n', '{"url":"file:///a%20b","dir_info":{"editable":true}}', 'a\n# b\nc\n', "MAPPING: dict[str, str] = {'a': '/x/y', \"b\": '/z'}\n"], dictionary: [',', '"', '""', '\n', 'MAPPING', "'", ': ', '{', '}', '%', '\\'], check: readsAll(parseRecordPaths, parseNameLines, parseDirectUrl, parseEditableMapping) },
  { name: 'julia-perl', corpus: () => ['julia_version = "1.9"\nmanifest_format = "2.0"\n[[deps.A]]\nuuid = "x"\nversion = "1"\n[[B]]\nversion="2"\n', 'package A::B;\nour $VERSION = \'1.2\';\n1;\n=head1 x\n__END__\n'], dictionary: ['[[deps.', ']]', 'version = ', 'package ', 'our $VERSION = ', "'", '"', '=pod\n', '=cut\n'], check: readsAll(parseJuliaManifest, parseJuliaProject, (input) => parsePerlModule(input, 'A/B.pm')) },
  { name: 'gitconfig', corpus: () => [CONFIG], long: [['', '[a]', ''], ['', '[a "b"] ', 'c = d\n'], ['', '[a "', '']], dictionary: ['[remote "', '"]', '\\\n', '\\"', ' ; ', '#', '=', '\xc3\xa0', '[', ']'], check: (input) => { findRemoteUrl(parseGitConfig(input), 'main'); } },
  { name: 'remote-url', corpus: () => ['https://user:pw@example.org/a.git?x=1#f', 'git@example.org:a/b', 'user:secret@host:path', 'ssh://u:secret@h/p', '/a/b'], dictionary: ['://', '@', ':', '/', '?', '#', '%40', 'secret'], check: (input) => { stripUrlCredentials(input); originOfRemote(input); const found = /^(?:https?|ssh):\/\/([^/?#\s]*):(SECRET[0-9]+)@/.exec(input); if (found !== null && stripUrlCredentials(input).indexOf(found[2]) >= 0) failCase('stripUrlCredentials() removes the password', input); } },
  { name: 'gitpatch', corpus: () => [PATCH], dictionary: ['diff --git ', '@@ -1,3 +1,3 @@\n', '\n+', '\n-', '\n ', '\\ No newline at end of file\n', 'GIT binary patch\n', 'literal 3\n', 'delta 3\n', '"a/', 'new file mode 100644\n', 'deleted file mode 100644\n'], check: (input) => { const sections = splitGitPatch(input); for (const section of sections ?? []) applyPatchSection(section, 'x\ny\nw\n', inflateNothing); claimSame('the sections are the patch', splitPatchSections(input).join(''), input); dropEmptySections(input); listPatchedNames(input, ['a', 'b'], ''); parseRawDiff(input); return sections !== undefined && sections.length > 0; } },
  { name: 'vcsoutput', long: [['', 'Index: ', ''], ['diff --git a/x', ' b/', '\n'], ['<entry ', '<wc-status ', ''], ['checkout:', '\n', ''], ['A', ' ', '\r\n']], corpus: () => [SVN, 'M a\nC b\n! c\nA d\n', 'EDITED    a\nUNCHANGED b\nADDED c\nMISSING d\n', 'checkout: 0123456789abcdef0123456789abcdef01234567 2024-01-05\n', 'Index: a b\n=====\n--- a b\n+++ a b\n@@ -1 +1 @@\n-x\n+y\n', 'diff --git a/x b/x\n'], dictionary: ['<entry path="', '"/>', '&amp;', '&constructor;', '&#x0;', 'revision="', '\0', '<', '>', 'Index: ', '--- ', '\t'], check: readsAll(parseHgStatus, parseSvnStatus, parseSvnInfo, parseFossilList, parseFossilInfo, listShownNames, closeSpacedNames) },
  { name: 'slurm', corpus: () => ['12|1|RUNNING|node1|None|name\n13|N/A|PENDING||Resources|x\n', '12_1|COMPLETED|node1|0:0\n12_1.batch|FAILED|node1|1:0\n', '12;cluster\n', 'MaxArraySize            = 1001\n'], dictionary: ['|', '[1-4%2]', '_', '\n', 'CANCELLED by 0', '0:9'], check: (input) => { for (const job of parseSqueue(input).concat(parseSacct(input))) readJobState(job); parseSbatch(input); parseMaxArraySize(input); } },
  { name: 'gpuuse', corpus: () => ['45, 1024\n10, 2048\n', '{"card0":{"GPU use (%)":"5","VRAM Total Used Memory (B)":"123"}}'], dictionary: [', ', '[N/A]', '\n', '{', '}', '"', '%'], check: readsAll(readNvidiaUse, readRocmUse) },
  { name: 'makeflags', corpus: () => ['-j --jobserver-auth=3,4 -- A=b', 'k --jobserver-auth=fifo:/tmp/GMfifo1', '-j2 --jobserver-fds=3,4'], dictionary: ['--jobserver-auth=', 'fifo:', ',', ' ', '-1', '2147483648'], check: (input) => { const place = parseJobserver(input); return place !== undefined; } },
  { name: 'tex', corpus: () => [TEX], long: [['', '\\input{a/b#1\\end{verbatim}', ''], ['', '\\includegraphics[{', ']'], ['', '\\includegraphics[', ']'], ['\\input{a', ' ', 'b}'], ['', '\\verb|', '']], dictionary: ['\\input', '{', '}', '[', ']', '%', '\\begin{verbatim}', '\\end{verbatim}', '\\verb|', '\\\\', '\\constructor', '\\rrvalue', '#1', '\n'], check: (input) => { scanTex(input, { input: 'm', includegraphics: 'om', rrvalue: 'mm' }); } },
  { name: 'latex', corpus: () => ['a_b & c', '100% #1 $x$ {y} ~ ^ \\', 'caf\xc3\xa9', '\xff'], dictionary: ['\\', '{', '}', '$', '\xe2\x82\xac', '\xf0\x9f\x98\x80', '--', '``', '"', "'"], check: checkLatex },
  { name: 'shown', corpus: () => ['a\nb', '\x1b[31mred', 'caf\xc3\xa9 \xe6\xbc\xa2\xe5\xad\x97', 'e\xcc\x81'], dictionary: ['\x1b[2J', '\x9b', '\xc2\x9b', '\xe2\x80\xae', '\xe2\x81\xa6', '\xcc\x81', '\xe6\xbc\xa2', '\xe2\x80\x8d', '\n', '\t'], check: checkShown },
  { name: 'json-printed', corpus: () => ['a"b\\c', '\xff', '</script>', '\xe2\x80\xa8'], dictionary: ['\xe2\x80\xa8', '\0', '\x7f', '"', '\\', '<', '\xed\xa0\x80'], check: (input) => { const printed = printJsonValue(input); const text = Buffer.from(printed, 'latin1').toString('utf8'); if (isUtf8(input) && Buffer.from(JSON.parse(text) as string, 'utf8').toString('latin1') !== input) failCase('JSON.parse() reads of printJsonValue() what it was given', printed); } },
  { name: 'printed', corpus: () => [PRINTED], dictionary: ['loss=', '0.5', ', ', 'epoch ', '1/10', '%', '\r', '\n', '{"', '\x1b[', '|', ': ', '-', '  '], check: checkPrinted, mostBytes: 1 << 16 },
  { name: 'metricrule', corpus: () => ['loss,val_*', 'best {accuracy} at step {step}', 'off', '*{a}*{b}*'], dictionary: ['{a}', '*', ',', '{step}', '[', '\\', '(', '?'], check: (input) => { const rule = readMetricRule(input.split('\n')); for (const pattern of rule.patterns) matchPattern(pattern, 'best 0.5 at step 3 ' + input.slice(0, 300)); rule.takes?.('val_loss'); } },
  { name: 'metrics-csv', corpus: () => ['step,loss,"a ""b"""\n1,0.5,x\n2,0.25,"c\nd"\n', 'a\tb\n1\t2\n', '1,2\n3,4\n'], dictionary: [',', '"', '""', '\r\n', '\t', ';', 'step', 'nan', 'constructor', '__proto__'], check: (input) => { for (const name of ['m.csv', 'm.tsv']) { readMetricValues(input, name); readMetricSeries(input, name); } } },
  { name: 'metrics-json', corpus: () => ['{"loss":0.5,"a":{"b":[1,2,{"c":null}]},"x":NaN}', '{"step":1,"loss":2}\n{"step":2,"loss":1}\n', '[{"a":1}]'], dictionary: ['{', '}', '[', ']', ',', ':', '"', 'NaN', '-Infinity', '\\u0000', '\\ud800', '1e400'], check: (input) => { for (const name of ['m.json', 'm.jsonl', 'm.ndjson']) { try { readMetricValues(input, name); readMetricSeries(input, name); } catch (error) { if (!(error instanceof Error) || error.constructor.name !== 'Failure') throw error; } } } },
  { name: 'pointtable', corpus: () => ['a,b\n1,2\n"3 ""x""",4\n', 'a\tb\n1\t2\n'], dictionary: [',', '\t', '"', '""', '\r\n', '\n'], check: (input) => { const { names, rows } = readPointTable(input, 'x.csv'); for (const row of rows) if (row.length !== names.length) failCase('each row has a cell for each name'); } },
  { name: 'jsontape', corpus: () => ['{"a":[1,2.5e3,{"b":null}],"c":"\\u00e9\\n","d":true}', '[]', '"x"', '-0', '[[[[]]]]'], dictionary: ['{', '}', '[', ']', ',', ':', '"', '\\u00e9', '\\ud800', 'true', 'null', '-', 'e', '01', '1.', ' '], check: checkJson },
  { name: 'iri', corpus: () => ['a b/c', 'https://example.org/x', '\xff%'], dictionary: ['%', '%2F', '../', '//', ':', '?', '#', ' '], check: (input) => { const iri = encodeIri(input); if (/[\0- "<>\\^`{|}\x7f]|\xc2[\x80-\x9f]/.test(iri) || !isUtf8(iri)) failCase('encodeIri() gives an IRI', iri); if (decodeURIComponentOfBytes(iri) !== input) failCase('the IRI has the bytes of the path', iri); isWebAddress(input); } },
  { name: 'secrets', corpus: () => ['--password=hunter2', 'mysql -psecret', 'https://u:p@h/x', 'API_KEY=abc', 'token: xyz', 'AKIAIOSFODNN7EXAMPLE'], dictionary: ['--password', '=', 'TOKEN', 'key', '://', '@', ':', ' ', '-p', '\0'], check: (input) => { maskText(input, hash); maskValue(input.slice(0, 10), input, hash); maskArguments(input.split(' '), hash); } },
  { name: 'keys', corpus: () => ['train.lr', 'layers[0]', 'hosts."a.b".port', '[2].name', '"\\u00e9"'], dictionary: ['.', '[0]', '["', '"', '\\', ' ', '[999999999]'], check: (input) => { const parts = parseKeyParts(input); if (parts === undefined) return false; const printed = printKey(parts); const again = parseKeyParts(printed); claimSame('parseKeyParts(printKey(x)) is x', JSON.stringify(again), JSON.stringify(parts)); return true; } },
  { name: 'numbers', corpus: () => ['1', '-0.5e3', '.5', '4G', '1.5T', '90s', '2h', '2026-11-22', 'yesterday', '2 days ago', '1,234.5', '0x10', '1e-400', '123456789012345678901234567890'], dictionary: ['e', '-', '+', '.', '0', '9', 'K', 'd', '99999', 'ago', ' ', ':'], long: [['', '9', ' '], ['1e', '9', ''], ['', '9', 'e9999999999999999'], ['.', '9', 'e9999999999999999'], ['', '0', '1']], check: checkDecimals, mostBytes: 4096 },
  { name: 'swhid', corpus: () => ['swh:1:rev:0123456789012345678901234567890123456789;origin=https://example.org;path=/a%20b;lines=1-2', 'bytes=1-2'], dictionary: [';', 'origin=', 'lines=', 'bytes=', '-', ':', 'swh:1:', '%3B'], check: (input) => { parseSwhidRange(input); parseSwhid(input); } },
  { name: 'filerules', corpus: () => ['ignored /' + '*a'.repeat(18) + 'c\n', 'system /a/\nproject **/b\nignored ~/c*\ntemporary %tmp/x?\n# d\n'], dictionary: ['system ', 'ignored ', '**/', '*', '?', '~/', '%tmp/', '%project/', '\n', '[', '\\'], check: (input) => { const classify = makeClassifier({ project: '/p', home: '/h', temporary: '/t' }, input, 'provenance/files.txt'); for (const name of ['/p/a/b', '/h/c', '/t/x', '/' + 'a'.repeat(40) + '/b']) classify(name); }, mostBytes: 4096 },
  { name: 'strace', corpus: () => STRACE_LINES, long: [['1 1.5 openat(AT_FDCWD, "', '@', ''], ['', '[\n', '$('], ['', '1 1.5 openat(AT_FDCWD, "a" <unfinished ...>\n', '']], dictionary: [' <unfinished ...>\n', '<... openat resumed>', '+++ exited with 0 +++\n', '--- SIGCHLD {si_signo=SIGCHLD} ---\n', 'openat(AT_FDCWD</p>, "', '"', '\\', '\\303', '\\x00', '...', ') = 3</p/a>\n', ' = -1 ENOENT (No such file)\n', 'execve("', '[', ']', '{', '}', '<', '>', '1 ', '99999 ', '1700000000.123456 ', ' <pid changed to 5 ...>\n', '(deleted)'], check: checkTrace, mostBytes: 1 << 16, memoryPerByte: 2000 },
  { name: 'webaddress', corpus: () => ['https://example.org', 'javascript:alert(1)', 'http://a b'], dictionary: ['https://', ':', '/', ' '], check: refusesOnly((input) => (isWebAddress(input) ? (/^https?:\/\//i.test(input) ? true : failCase('a web address is http or https', input)) : undefined)) },
];

function decodeURIComponentOfBytes(iri: string): ByteString {
  return iri.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

/** Accepts what JSON.parse() accepts, of UTF-8, and nothing else; strings mean the same. */
function checkJson(input: ByteString): boolean {
  const tape = parseJson(input);
  let judged: { value: unknown } | undefined;
  try {
    judged = isUtf8(input) ? { value: JSON.parse(Buffer.from(input, 'latin1').toString('utf8')) as unknown } : undefined;
  } catch (error) {
    judged = undefined;
  }
  const isOwn = /NaN|Infinity|^[^[{]|[\]}][ \t\r\n]*[^ \t\r\n,\]}]/.test(input);
  if (tape !== undefined && judged === undefined && isUtf8(input) && !isOwn) failCase('parseJson() accepts what JSON.parse() accepts', input);
  if (tape === undefined && judged !== undefined && /^[ \t\r\n]*[[{]/.test(input) && input.length < 4096) failCase('parseJson() reads what JSON.parse() reads', input);
  if (typeof judged?.value === 'string' && isWellFormed(judged.value) && /^"/.test(input)) claimSame('decodeJsonString() has the bytes', decodeJsonString(input.trim()), Buffer.from(judged.value, 'utf8').toString('latin1'));
  return tape !== undefined;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?:^|[^\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

// metadata.test.ts - what is read of title, authors and license, where it stands, and what contradicts what.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import { isSameCreator, isSameLicense } from '../src/core/metadata.ts';
import type { ProjectMetadata } from '../src/core/metadata.ts';
import { findSpdxLine, normalizeLicense, recognizeLicense } from '../src/formats/license.ts';
import { licenseOfR } from '../src/formats/packagefile.ts';
import { readSaidMetadata } from '../src/formats/saidmetadata.ts';
import { addressOfRemote, readMetadata } from '../src/sys/metadata.ts';
import { projectAt } from '../src/sys/project.ts';
import { judge, lacksJudges, makeTemporary, run } from './rig.ts';

/** A folder with these files. */
function folderOf(files: { [name: string]: string }): string {
  const folder = makeTemporary();
  for (const name of Object.keys(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), files[name]);
  }
  return folder;
}

function metadataOf(files: { [name: string]: string }): ProjectMetadata {
  return readMetadata(projectAt(folderOf(files)));
}

function failureOf(files: { [name: string]: string }): string {
  try {
    metadataOf(files);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  return '';
}

const CFF = 'cff-version: 1.2.0\nmessage: "cite it"\ntitle: A study\nauthors:\n  - family-names: Author\n    given-names: A.\n    orcid: https://orcid.org/0000-0002-1825-0097\n';
const ZENODO = { title: 'A study', creators: [{ name: 'Author, A.', affiliation: 'Institute' }] };

test('readMetadata() reads CITATION.cff with the line of each fact', () => {
  const found = metadataOf({ 'CITATION.cff': CFF + 'abstract: >-\n  Two\n  lines\nversion: 1.10\nlicense: mit\ndate-released: 2024-02-03\ndoi: 10.5281/zenodo.1\nkeywords: [heat, flow]\nrepository-code: https://example.org/x\n' });
  assert.deepEqual([found.title, found.description, found.version, found.license, found.released, found.doi], ['A study', 'Two lines', '1.10', 'MIT', '2024-02-03', '10.5281/zenodo.1']);
  assert.deepEqual(found.creators, [{ kind: 'person', name: 'A. Author', given: 'A.', family: 'Author', orcid: 'https://orcid.org/0000-0002-1825-0097' }]);
  assert.deepEqual(found.keywords, ['heat', 'flow']);
  assert.deepEqual(Array.from(found.sources), [['title', 'CITATION.cff:3'], ['description', 'CITATION.cff:8'], ['version', 'CITATION.cff:11'], ['license', 'CITATION.cff:12'], ['doi', 'CITATION.cff:14'],
    ['repository', 'CITATION.cff:16'], ['released', 'CITATION.cff:13'], ['keywords', 'CITATION.cff:15'], ['creators', 'CITATION.cff:4']]);
});

test('readMetadata() joins what several files tell of the same authors', () => {
  const found = metadataOf({ 'CITATION.cff': CFF, '.zenodo.json': JSON.stringify({ ...ZENODO, license: { id: 'cc-by-4.0' }, description: '<p>a &lt; b</p><p>c &amp;amp; d</p>' }, null, 1) });
  assert.deepEqual(found.creators, [{ kind: 'person', name: 'A. Author', given: 'A.', family: 'Author', orcid: 'https://orcid.org/0000-0002-1825-0097', affiliation: 'Institute' }]);
  assert.equal(found.license, 'CC-BY-4.0');
  assert.equal(found.description, 'a < b\n\nc &amp; d');
});

const CONTRADICTIONS: [string, { [name: string]: string }, string][] = [
  ['title', { 'CITATION.cff': CFF, '.zenodo.json': '{\n"title": "Another"\n}' }, 'cannot tell the title: CITATION.cff:3 has "A study", .zenodo.json:2 has "Another"'],
  ['version', { 'CITATION.cff': CFF + 'version: 1.1\n', 'pyproject.toml': '[project]\nname = "x"\nversion = "1.10"\n' }, 'cannot tell the version: CITATION.cff:8 has "1.1", pyproject.toml:3 has "1.10"'],
  ['authors', { 'CITATION.cff': CFF, 'codemeta.json': '{"author": [{"@type": "Person", "givenName": "B.", "familyName": "Author"}]}' }, 'cannot tell the authors: CITATION.cff:4 has "Author, A. (0000-0002-1825-0097)", codemeta.json:1 has "Author, B."'],
  ['ORCID', { 'CITATION.cff': CFF, '.zenodo.json': JSON.stringify({ creators: [{ name: 'Author, A.', orcid: '0000-0001-5109-3700' }] }) },
    'cannot tell the authors: CITATION.cff:4 has "Author, A. (0000-0002-1825-0097)", .zenodo.json:1 has "Author, A. (0000-0001-5109-3700)"'],
  ['order of authors', { 'CITATION.cff': CFF + '  - name: Group\n', '.zenodo.json': JSON.stringify({ creators: [{ name: 'Group' }, { name: 'Author, A.' }] }) },
    'cannot tell the authors: CITATION.cff:4 has "Author, A. (0000-0002-1825-0097); Group", .zenodo.json:1 has "Group; Author, A."'],
  ['license', { 'CITATION.cff': CFF + 'license: MIT\n', LICENSE: '# SPDX-License-Identifier: BSD-3-Clause\n' }, 'cannot tell the license: CITATION.cff:8 has "MIT", LICENSE:1 has "BSD-3-Clause"'],
  ['DOI', { 'CITATION.cff': CFF + 'doi: 10.1000/1\n', 'codemeta.json': '{"identifier": "https://doi.org/10.1000/2"}' }, 'cannot tell the DOI: CITATION.cff:8 has "10.1000/1", codemeta.json:1 has "10.1000/2"'],
  ['date', { 'CITATION.cff': CFF + 'date-released: 2024-01-01\n', '.zenodo.json': '{"publication_date": "2024-01-02"}' }, 'cannot tell the date of release: CITATION.cff:8 has "2024-01-01", .zenodo.json:1 has "2024-01-02"'],
  ['two', { 'CITATION.cff': CFF + 'version: "1"\n', 'codemeta.json': '{"name": "x", "version": "2"}' }, 'cannot tell the title: CITATION.cff:3 has "A study", codemeta.json:1 has "x"; the version: CITATION.cff:8 has "1", codemeta.json:1 has "2"'],
];

for (const [what, files, message] of CONTRADICTIONS) {
  test('readMetadata() names both places of a contradiction: ' + what, () => assert.equal(failureOf(files), message));
}

test('readMetadata() takes for the same what is the same in another spelling', () => {
  const found = metadataOf({
    'CITATION.cff': CFF + 'version: 1.0\nlicense: GPL-3.0-or-later\ndoi: 10.5281/ZENODO.1\nidentifiers:\n  - type: doi\n    value: 10.5281/zenodo.2\nrepository-code: https://example.org/x\n',
    'codemeta.json': JSON.stringify({ name: 'A  study', version: 'v1.0', license: 'https://spdx.org/licenses/GPL-3.0-or-later', identifier: 'https://doi.org/10.5281/zenodo.1', codeRepository: 'http://www.example.org/x.git', author: { name: 'A. Author' } }),
    '.zenodo.json': JSON.stringify({ creators: [{ name: 'Author, A.' }], license: 'gpl-3.0', doi: '10.5281/zenodo.2' }),
    COPYING: fs.readFileSync('/usr/share/common-licenses/GPL-3', 'latin1'),
  });
  assert.equal(found.license, 'GPL-3.0-or-later');
  assert.deepEqual(found.doubts, []);
});

test('readMetadata() lets what is told by the way contradict nothing, and names it', () => {
  const found = metadataOf({ 'CITATION.cff': CFF, 'README.md': '# Other\n', 'package.json': '{"name": "other", "author": "B <b@example.org>", "version": "9", "private": true}', DESCRIPTION: 'Package: other\nTitle: Other\nLicense: GPL (>= 2)\n' });
  assert.deepEqual([found.title, found.version, found.license, found.creators[0].name, found.sources.get('license')], ['A study', undefined, 'GPL-2.0-or-later', 'A. Author', 'DESCRIPTION:3']);
  const alone = metadataOf({ 'README.md': '```\n# code\n```\n![badge](x)\n\nHeat *flow*\n===\n' });
  assert.deepEqual([alone.title, alone.sources.get('title'), alone.doubts], ['Heat flow', 'README.md:6', ['the title is told only by README.md:6']]);
  assert.equal(metadataOf({ 'README.txt': 'no heading\n' }).title, undefined);
});

const MALFORMED: [{ [name: string]: string }, string][] = [
  [{ 'CITATION.cff': 'title: a\nauthors: &x\n' }, 'cannot read "CITATION.cff": line 2: an anchor (&)'],
  [{ 'CITATION.cff': CFF + 'version:\n  - 1\n' }, 'cannot read "CITATION.cff": line 8: version: no text'],
  [{ 'CITATION.cff': 'title: true\n' }, 'cannot read "CITATION.cff": line 1: title: true is no text: put it in quotes if it is meant so'],
  [{ 'CITATION.cff': 'title: a\nauthors:\n  - A. Author\n' }, 'cannot read "CITATION.cff": line 3: authors: an author who is no "key: value"'],
  [{ 'CITATION.cff': 'authors:\n  - family-names: A\n    orcid: 1234\n' }, 'cannot read "CITATION.cff": line 3: orcid: no ORCID'],
  [{ 'CITATION.cff': 'doi: https://example.org\n' }, 'cannot read "CITATION.cff": line 1: doi: no DOI'],
  [{ 'CITATION.cff': 'a: b\ndate-released: 2024\n' }, 'cannot read "CITATION.cff": line 2: date-released: no day as YYYY-MM-DD'],
  [{ '.zenodo.json': '{\n "title": "x",\n}' }, 'cannot read ".zenodo.json": line 3: a comma before "}"'],
  [{ '.zenodo.json': '{"creators": [\n{"affiliation": "x"}]}' }, 'cannot read ".zenodo.json": line 2: creators: a creator without a name'],
  [{ 'codemeta.json': '{"name": "a\\u0000b"}' }, 'cannot read "codemeta.json": line 1: name: a control character'],
  [{ 'codemeta.json': '[]' }, 'cannot read "codemeta.json": line 1: no keys in it'],
];

test('readMetadata() names file and line of what is malformed', () => {
  for (const [files, message] of MALFORMED) assert.equal(failureOf(files), message);
});

test('readMetadata() knows nothing of an empty folder, and passes over folders and FIFOs', () => {
  const folder = folderOf({ 'CITATION.cff/x': '' });
  assert.equal(run(folder, ['mkfifo', 'LICENSE']).status, 0);
  const { creators, keywords, sources, doubts, ...rest } = readMetadata(projectAt(folder));
  assert.deepEqual([creators, keywords, sources.size, doubts, Object.values(rest).filter((one) => one !== undefined)], [[], [], 0, [], []]);
});

test('readMetadata() takes the license from one file, and says why it has none', () => {
  const mit = 'MIT License\n\nCopyright (c) 2024 A. Author\n\n' + MIT_TEXT;
  assert.equal(metadataOf({ LICENSE: mit }).license, 'MIT');
  assert.equal(metadataOf({ 'LICENSES/MIT.txt': mit }).license, 'MIT');
  assert.equal(metadataOf({ 'LICENSES/EUPL-1.2.txt': '' }).sources.get('license'), 'LICENSES/EUPL-1.2.txt');
  const table: [{ [name: string]: string }, RegExp][] = [
    [{ LICENSE: mit + '\nNot for use on Mondays.\n' }, /^the license in LICENSE is none of those that are known by their text$/],
    [{ LICENSE: mit, COPYING: '# SPDX-License-Identifier: ISC\n' }, /^which of the licenses COPYING and LICENSE holds for what is not told$/],
    [{ 'LICENSE-MIT': mit, 'LICENSE-APACHE': '' }, /^which of the licenses LICENSE-APACHE and LICENSE-MIT holds for what is not told$/],
    [{ 'LICENSES/MIT.txt': '', 'LICENSES/ISC.txt': '' }, /^which of the licenses LICENSES\/ISC.txt and LICENSES\/MIT.txt holds for what is not told$/],
    [{ COPYING: fs.readFileSync('/usr/share/common-licenses/GPL-2', 'latin1') }, /^the license is GPL-2.0 by the text in COPYING, which does not tell whether it is "-only" or "-or-later"/],
  ];
  for (const [files, doubt] of table) {
    const found = metadataOf(files);
    assert.equal(found.license, undefined);
    assert.equal(found.doubts.length, 1);
    assert.match(found.doubts[0], doubt);
  }
});

const MIT_TEXT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

test('recognizeLicense() never names a wrong one of all texts of the SPDX list, and knows 45 of them', { skip: lacksJudges('spdx-license-list') }, () => {
  const texts = JSON.parse(run(undefined, [process.execPath, '-e', 'process.stdout.write(JSON.stringify(require(process.argv[1] + "/full")))', String(judge('spdx-license-list'))]).stdout) as { [id: string]: { licenseText: string } };
  const known = new Set<string>();
  assert.ok(Object.keys(texts).length > 400);
  for (const [id, { licenseText }] of Object.entries(texts)) {
    const found = recognizeLicense(licenseText);
    if (found === undefined) continue;
    known.add(found.id);
    const same = found.isVersionOpen ? id.replace(/-only$|-or-later$|\+$/, '') : id.replace(/-no-copyleft-exception$/, '');
    assert.equal(found.id, same, id);
    // A word changed in the middle, or added at the end, makes it another text.
    const middle = licenseText.indexOf(' ', licenseText.length >> 1);
    assert.equal(recognizeLicense(licenseText.slice(0, middle) + ' never ' + licenseText.slice(middle)), undefined, id);
    assert.equal(recognizeLicense(licenseText + '\nNo warranty voids this.\n'), undefined, id);
  }
  assert.equal(known.size, 45);
});

test('recognizeLicense() knows the texts that Debian keeps, wrapped otherwise too', () => {
  for (const [name, id] of [['Apache-2.0', 'Apache-2.0'], ['BSD', 'BSD-3-Clause'], ['CC0-1.0', 'CC0-1.0'], ['GPL-2', 'GPL-2.0'], ['GPL-3', 'GPL-3.0'], ['LGPL-2.1', 'LGPL-2.1'], ['LGPL-3', 'LGPL-3.0'], ['MPL-2.0', 'MPL-2.0']]) {
    const text = fs.readFileSync('/usr/share/common-licenses/' + name, 'latin1');
    assert.equal(recognizeLicense(text)?.id, id);
    assert.equal(recognizeLicense(run(undefined, ['fold', '-s', '-w', '200'], { input: text }).stdout.replace(/\n/g, '\r\n'))?.id, id);
  }
});

test('findSpdxLine(), normalizeLicense(), isSameLicense(), licenseOfR()', () => {
  assert.deepEqual(findSpdxLine('x\n/* SPDX-License-Identifier: MIT */\n'), { license: 'MIT', line: 2 });
  for (const [given, wanted] of [['mit', 'MIT'], ['https://spdx.org/licenses/Apache-2.0.html', 'Apache-2.0'], ['GPL-3.0+', 'GPL-3.0-or-later'], ['Elastic-2.0', 'Elastic-2.0']]) assert.equal(normalizeLicense(given), wanted);
  for (const [a, b, isSame] of [['GPL-3.0', 'GPL-3.0-only', true], ['GPL-3.0-only', 'GPL-3.0-or-later', false], ['MIT OR ISC', 'ISC OR MIT', true], ['MIT', 'MIT-0', false], ['GPL-2.0', 'GPL-3.0-only', false], ['GPL-3.0', 'LGPL-3.0', false]] as const) {
    assert.equal(isSameLicense(a, b), isSame, a + ' ' + b);
  }
  for (const [given, wanted] of [['GPL-3', 'GPL-3.0-only'], ['GPL (>= 2)', 'GPL-2.0-or-later'], ['LGPL-2.1', 'LGPL-2.1-only'], ['MIT + file LICENSE', 'MIT'], ['GPL', undefined], ['GPL-2 | GPL-3', undefined], ['file LICENSE', undefined]]) {
    assert.equal(licenseOfR(String(given)), wanted, given);
  }
});

test('isSameCreator() compares by ORCID, else by name in any spelling', () => {
  const a = { kind: 'person', name: 'A. B. Author', given: 'A. B.', family: 'Author' } as const;
  assert.ok(isSameCreator(a, { kind: 'person', name: 'Author, A. B.' }));
  assert.ok(isSameCreator(a, { kind: 'person', name: 'A.  B. Author', orcid: 'https://orcid.org/0000-0002-1825-0097' }));
  assert.ok(!isSameCreator(a, { kind: 'person', name: 'A. Author' }));
  assert.ok(isSameCreator({ ...a, orcid: 'x' }, { kind: 'person', name: 'Otherwise', orcid: 'x' }));
});

test('addressOfRemote() gives a page, without credentials, or nothing', () => {
  for (const [remote, address] of [['https://u:p@example.org/x.git', 'https://example.org/x'], ['git@github.com:o/n.git', 'https://github.com/o/n'], ['ssh://git@gitlab.com/o/n', 'https://gitlab.com/o/n'], ['/srv/x.git', undefined], ['host:x', undefined], ['file:///srv/x', undefined]]) {
    assert.equal(addressOfRemote(String(remote)), address, remote);
  }
});

test('readSaidMetadata() reads FACT=TEXT and refuses the rest', () => {
  const told = readSaidMetadata(['title=A = B', 'author=Author, A. 0000-0002-1825-0097 <a@example.org>', 'author=Solo', 'organisation=Group, Inc.', 'keyword=x', 'keyword=y', 'license=mit', 'doi=doi:10.1/x'.replace('10.1/', '10.1000/')]);
  assert.deepEqual([told.title, told.license, told.doi, told.keywords], ['A = B', 'MIT', '10.1000/x', ['x', 'y']]);
  assert.deepEqual(told.creators, [{ kind: 'person', name: 'A. Author', given: 'A.', family: 'Author', email: 'a@example.org', orcid: 'https://orcid.org/0000-0002-1825-0097' }, { kind: 'person', name: 'Solo' }, { kind: 'organisation', name: 'Group, Inc.' }]);
  for (const wrong of ['title', 'titel=x', 'title=', 'title=\xff', 'doi=x', 'released=2024', 'author=<a@example.org>', 'title=a\x1bb']) assert.throws(() => readSaidMetadata([wrong]), Failure, wrong);
});

// prov.test.ts - python3-prov and recsel of the PROV that rr exports, and the constraints of PROV on it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { quoteProvN } from '../src/views/provn.ts';
import { makeHostileProject } from './hostileproject.ts';
import { hasProgram, judge, lacksJudges, listRecords, makeProject, makeTemporary, rr, run } from './rig.ts';

const EXAMPLE = path.resolve(__dirname, '..', '..', '..', 'docs', 'example');
const NO_PROV = lacksJudges('prov-convert');

// Reads the document as PROV-JSON, and checks on its own account what PROV-CONSTRAINTS asks of such a
// document: everything is declared; one generation of an entity; nothing is used by what ended before
// it was generated; start before end; no entity is a specialization of itself.
const READER = `
import collections, json, sys
import prov.model as m
with open(sys.argv[1], encoding="utf-8") as f:
    d = m.ProvDocument.deserialize(f)
counts = collections.Counter(r.get_type().localpart for r in d.get_records())
elements = {r.identifier: r for r in d.get_records(m.ProvElement)}
kinds = {m.ProvUsage: (m.ProvActivity, m.ProvEntity), m.ProvGeneration: (m.ProvEntity, m.ProvActivity), m.ProvAssociation: (m.ProvActivity, m.ProvAgent, m.ProvEntity),
         m.ProvSpecialization: (m.ProvEntity, m.ProvEntity), m.ProvAttribution: (m.ProvEntity, m.ProvAgent), m.ProvMembership: (m.ProvEntity, m.ProvEntity)}
made = {}
for r in d.get_records(m.ProvRelation):
    places = [value for _, value in r.formal_attributes if value is not None]
    for place, kind in zip(places, kinds[type(r)]):
        assert isinstance(elements[place], kind), (r, place)
    if isinstance(r, m.ProvGeneration):
        assert places[0] not in made, places
        made[places[0]] = elements[places[1]]
    if isinstance(r, m.ProvSpecialization):
        assert places[0] != places[1]
for r in d.get_records(m.ProvUsage):
    activity, entity = [value for _, value in r.formal_attributes][:2]
    user, maker = elements[activity], made.get(entity)
    if maker is not None:
        assert user is not maker and maker.get_startTime() < (user.get_endTime() or user.get_startTime()), (activity, entity)
for a in d.get_records(m.ProvActivity):
    assert a.get_endTime() is None or a.get_startTime() <= a.get_endTime()
values = [str(next(iter(r.get_attribute("prov:value")))) for r in d.get_records(m.ProvEntity) if r.get_attribute("prov:value")]
labels = [str(next(iter(r.get_attribute("prov:label")))) for r in d.get_records(m.ProvElement)]
print(json.dumps({"counts": counts, "labels": labels, "values": values, "provn": d.get_provn()}))
`;

type Read = { counts: { [kind: string]: number }; labels: string[]; values: string[]; provn: string };

function exportProv(project: string, form: string, ...options: string[]): string {
  const done = rr(project, ['export', form, '-q'].concat(options));
  assert.equal(done.status, 0, done.stderr);
  return Buffer.from(done.stdout, 'latin1').toString('utf8');
}

function readWithProv(json: string): Read {
  const file = path.join(makeTemporary(), 'prov.json');
  fs.writeFileSync(file, json);
  const done = run(undefined, [judge('python') as string, '-c', READER, file], { env: { PYTHONIOENCODING: 'utf-8' } });
  assert.equal(done.status, 0, done.stderr.slice(-3000));
  return JSON.parse(done.stdout) as Read;
}

/** Expressions of PROV-N in one spelling of times and long strings, sorted. */
function normalizeProvN(text: string): string[] {
  const short = text.replace(/"""((?:[^"\\]|\\[^]|"(?!""))*)"""/g, (_, inner: string) => '"' + inner.replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t').replace(/(^|[^\\])"/g, '$1\\"') + '"');
  const lines = short.split('\n').map((line) => line.trim().replace(/\t/g, '\\t')).filter((line) => /^[a-zA-Z]+\(/.test(line));
  return lines.map((line) => line.replace(/^(activity\([^,]*, )(\S+), ([^,)]+)/, (_, before: string, start: string, end: string) => before + timeOf(start) + ', ' + timeOf(end))).sort();
}

function timeOf(text: string): string {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)$/.exec(text);
  return parts === null ? text : parts[1] + '.' + (parts[2] ?? '').padEnd(6, '0');
}

/** How often the field stands in all records, by recsel. */
function countFields(project: string, ...fields: string[]): number {
  let count = 0;
  for (const record of listRecords(project)) for (const field of fields) count += run(project, ['recsel', '-P', field, record]).stdout.split('\n').filter((line) => line !== '').length;
  return count;
}

test('quoteProvN() escapes as PROV-N asks', () => {
  assert.equal(quoteProvN('a "b" \\ \n\r\t\x01 <c>'), '"a \\"b\\" \\\\ \\n\\r\\t\x01 <c>"');
});

for (const [name, projectOf] of [['docs/example', () => EXAMPLE], ['a hostile project', () => makeHostileProject(true)]] as [string, () => string][]) {
  test(name + ': prov reads the PROV-JSON, in which there is as much as recsel counts, and it holds to the constraints', { skip: NO_PROV || (hasProgram('recsel') ? false : 'no recsel') }, () => {
    const project = projectOf();
    const { counts } = readWithProv(exportProv(project, 'prov-json', '-a'));
    assert.equal(counts.Activity, listRecords(project).length);
    assert.equal(counts.Usage, countFields(project, 'Input', 'Parameter'));
    assert.equal(counts.Generation, countFields(project, 'Output', 'Metric'));
    assert.equal(counts.Association, counts.Activity);
    assert.equal(counts.Agent, 1);
  });

  test(name + ': prov prints of the PROV-JSON what rr exports as PROV-N', { skip: NO_PROV }, () => {
    const project = projectOf();
    const ours = exportProv(project, 'prov-n', '-a');
    assert.deepEqual(normalizeProvN(ours), normalizeProvN(readWithProv(exportProv(project, 'prov-json', '-a')).provn));
    assert.match(ours, /^document\n {2}prefix rr <urn:uuid:[0-9a-f-]{36}#>\n/);
    assert.match(ours, /\nendDocument\n$/);
  });
}

test('texts come through as they are; what is not UTF-8 is percent-encoded', { skip: NO_PROV }, () => {
  const { labels, values } = readWithProv(exportProv(makeHostileProject(true), 'prov-json', '-a'));
  for (const label of ['<script>alert("label")</script>', 'in/new\nline.txt', 'in/\u00fc\u4e2d.txt', 'in/100%.csv', 'in/latin1-%E9%FF.txt', 'in/back\\slash.txt', 'out/q"uo\'te.txt']) assert.ok(labels.indexOf(label) >= 0, label);
  assert.deepEqual(values.sort(), ['0.5', '2', '<1 & 2>']);
});

test('the same bytes made by two runs are an entity of each, and of the content', { skip: NO_PROV }, () => {
  const project = makeHostileProject(true);
  const text = exportProv(project, 'prov-n', '-a');
  const two = /rr:file\/27dd8ed4[0-9a-f]{56}\/content\/twice\.txt/;
  const specific = text.split('\n').filter((line) => /^ {2}specializationOf/.test(line) && two.test(line));
  assert.equal(specific.length, 2);
  const idOf = (label: string): string => (new RegExp('activity\\(rr:run/(\\S+?), .*prov:label="' + label + '"').exec(text) as RegExpExecArray)[1];
  assert.ok(text.indexOf('used(rr:run/' + idOf('reader') + ', rr:run/' + idOf('second') + '/output/twice.txt, -)') > 0);
  assert.ok(text.indexOf('used(rr:run/' + idOf('later reader') + ', rr:run/' + idOf('third') + '/output/twice.txt, -)') > 0);
  assert.ok(text.indexOf('wasDerivedFrom') < 0);
});

test('those who made the project are agents of the current results, which are one collection', { skip: NO_PROV }, () => {
  const project = path.join(makeTemporary(), 'example');
  assert.equal(run(undefined, ['cp', '-R', EXAMPLE, project]).status, 0);
  fs.writeFileSync(path.join(project, 'CITATION.cff'), 'cff-version: 1.2.0\nmessage: Cite it\ntitle: A "study"\nauthors:\n  - family-names: Author\n    given-names: A.\n  - name: A Group\n');
  const { counts, labels, provn } = readWithProv(exportProv(project, 'prov-json'));
  assert.deepEqual([counts.Agent, counts.Attribution, counts.Membership], [3, 2, 6]);
  assert.ok(labels.indexOf('A "study"') >= 0 && labels.indexOf('A Group') >= 0);
  assert.deepEqual(normalizeProvN(exportProv(project, 'prov-n')), normalizeProvN(provn));
});

test('a secret that was withheld stays so', () => {
  const project = makeProject();
  const done = rr(project, ['record', '-q', '--trace', 'none', '--variable', 'API_TOKEN', '-o', 'o.txt', '--', 'sh', '-c', 'echo "$1" | wc -c > o.txt', 'sh', '--password=hunter2hunter2'], { env: { API_TOKEN: 'ghp_0123456789abcdefghijABCDEFGHIJ012345' } });
  assert.equal(done.status, 0, done.stderr);
  for (const form of ['prov-json', 'prov-n', 'ro-crate']) {
    const text = exportProv(project, form);
    assert.ok(!/ghp_|hunter2/.test(text), form);
    assert.match(text, /%\{[0-9a-f]{16}\}/);
  }
});

test('the same records give the same PROV in every folder, time zone and locale', () => {
  for (const form of ['prov-json', 'prov-n']) {
    const copy = path.join(makeTemporary(), 'another place');
    assert.equal(run(undefined, ['cp', '-R', EXAMPLE, copy]).status, 0);
    const first = rr(EXAMPLE, ['export', form], { env: { TZ: 'Asia/Kathmandu', LANG: 'de_DE.UTF-8' } });
    const second = rr(copy, ['export', form], { env: { TZ: 'America/St_Johns', LANG: 'tr_TR.UTF-8', LC_ALL: 'C' } });
    assert.equal(first.status, 0, first.stderr);
    assert.equal(first.stdout, second.stdout);
    assert.match(first.stderr, /^rr: that an output was derived from an input is not claimed/m);
  }
});

// rocrate.test.ts - roc-validator, jsonld, recsel, python3 and sha256sum of the crates that rr exports.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { emptyEnvironment } from '../src/core/environment.ts';
import type { Environment } from '../src/core/environment.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileState } from '../src/core/run.ts';
import { programOfRun } from '../src/views/runprograms.ts';
import { projectAt } from '../src/sys/project.ts';
import { readPublication } from '../src/sys/publication.ts';
import type { Publication } from '../src/core/publication.ts';
import { encodeIri, isWebAddress } from '../src/formats/iri.ts';
import { printRoCrate } from '../src/views/rocrate.ts';
import { askCrateValidator, expandCrate, NO_CRATE_JUDGE } from './craterig.ts';
import type { CrateIssue } from './craterig.ts';
import { makeHostileProject } from './hostileproject.ts';
import { hasProgram, listRecords, makeProject, makeTemporary, rr, run } from './rig.ts';

const EXAMPLE = path.resolve(__dirname, '..', '..', '..', 'docs', 'example');
const NO_RECSEL = hasProgram('recsel') ? false : 'no recsel';

type Entity = { '@id': string; '@type': string | string[]; [key: string]: unknown };

function copyProject(from: string): string {
  // No space in it: roc-validator makes an address of the folder.
  const copy = path.join(makeTemporary(), 'crate');
  assert.equal(run(undefined, ['cp', '-R', from, copy]).status, 0);
  return copy;
}

/** Exports into the project, as a reader would put it there. */
function exportInto(project: string, ...options: string[]): { text: string; told: string } {
  const done = rr(project, ['export', 'ro-crate'].concat(options));
  assert.equal(done.status, 0, done.stderr);
  fs.writeFileSync(path.join(project, 'ro-crate-metadata.json'), done.stdout, 'latin1');
  return { text: Buffer.from(done.stdout, 'latin1').toString('utf8'), told: done.stderr };
}

function entitiesOf(text: string): Map<string, Entity> {
  return new Map((JSON.parse(text) as { '@graph': Entity[] })['@graph'].map((entity): [string, Entity] => [entity['@id'], entity]));
}

function listOf(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function idsOf(value: unknown): string[] {
  return listOf(value).map((one) => (one as { '@id': string })['@id']);
}

const onlyRequired = (issues: CrateIssue[]): CrateIssue[] => issues.filter((issue) => issue.severity === 'REQUIRED');
const messagesOf = (issues: CrateIssue[]): string[] => Array.from(new Set(issues.map((issue) => issue.message))).sort();

const PROFILES = ['process-run-crate-0.5', 'workflow-run-crate-0.5'];

/** Facts that the records of the example do not have: a crate that told them would have made them up. */
const NOT_TOLD = [
  'If present, the `encodingFormat`', 'Missing or invalid `encodingFormat` linked to the `File Data Entity`', 'The Action SHOULD have an agent that is a Person or Organization', 'The Application SHOULD have a url',
  'The Main Workflow SHOULD comply with Bioschemas ComputationalWorkflow profile version 1.0 or later', 'The README.md SHOULD be about the crate', 'The README.md SHOULD have text/markdown as its encodingFormat',
  'The Root Data Entity SHOULD have a link to a Contextual Entity representing the `author` of the RO-Crate', 'The Root Data Entity SHOULD have a link to a Contextual Entity representing the schema_org:license type',
  'The SoftwareApplication SHOULD have a version or softwareVersion', 'The SoftwareApplication id SHOULD be an absolute URI', 'The SoftwareSourceCode or ComputationalWorkflow SHOULD have a version',
  'The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`',
];

test('docs/example: roc-validator finds nothing that the run profiles require, and knows a fault; jsonld drops no key', { skip: NO_CRATE_JUDGE }, async () => {
  const project = copyProject(EXAMPLE);
  const { text } = exportInto(project);
  const broken = copyProject(project);
  const document = JSON.parse(text) as { '@graph': Entity[] };
  for (const entity of document['@graph']) {
    if (entity['@id'] === './') delete entity.license;
    if (entity['@type'] === 'CreateAction') delete entity.instrument;
  }
  fs.writeFileSync(path.join(broken, 'ro-crate-metadata.json'), JSON.stringify(document));
  fs.unlinkSync(path.join(broken, 'figures', 'co2.svg'));
  const crates = PROFILES.map((profile) => ({ folder: project, profile, severity: 'RECOMMENDED' as const }));
  const found = askCrateValidator(crates.concat({ folder: broken, profile: PROFILES[1], severity: 'RECOMMENDED' }));
  for (const issues of found.slice(0, 2)) {
    assert.deepEqual(onlyRequired(issues), []);
    assert.deepEqual(messagesOf(issues).filter((message) => NOT_TOLD.indexOf(message) < 0), []);
  }
  const faults = messagesOf(onlyRequired(found[2]));
  assert.ok(faults.some((message) => /license/.test(message)) && faults.some((message) => /instrument/.test(message)) && faults.some((message) => /co2\.svg/.test(message)), faults.join('\n'));
  const nodes = await expandCrate(text);
  assert.ok(nodes.some((node) => listOf(node['@type']).indexOf('https://bioschemas.org/ComputationalWorkflow') >= 0));
});

test('names, labels and notes that are made to break a crate stay data', { skip: NO_CRATE_JUDGE }, async () => {
  const project = makeHostileProject(false);
  const { text, told } = exportInto(project, '-a');
  for (const issues of askCrateValidator(PROFILES.map((profile) => ({ folder: project, profile, severity: 'REQUIRED' as const })))) assert.deepEqual(issues, []);
  await expandCrate(text);
  const entities = entitiesOf(text);
  const run1 = Array.from(entities.values()).find((entity) => entity.name === '<script>alert("label")</script>') as Entity;
  assert.equal(run1.disambiguatingDescription, 'reason: "quotes" \\ back\nsecond line </title> {{x}} $(id) ]]>');
  assert.equal(entities.get(String(idsOf(run1.object).find((id) => /\/parameter\//.test(id))))?.value, '<1 & 2>');
  assert.match(text, /a comment: <b>\\"bold\\"<\/b>\\n\\\\ends/);
  assert.match(told, /^rr: RO-Crate asks for a license, which no file of the project tells$/m);
});

test('data entities are files beside the crate, with the SHA-256 that python3 finds', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const project = makeHostileProject(true);
  exportInto(project, '-a');
  const script = 'import hashlib, json, os, sys, urllib.parse\n'
    + 'graph = json.load(open("ro-crate-metadata.json", encoding="utf-8"))["@graph"]\nby = {e["@id"]: e for e in graph}\nassert len(by) == len(graph)\nn = 0\n'
    + 'for part in by["./"]["hasPart"]:\n    e = by[part["@id"]]\n    path = urllib.parse.unquote_to_bytes(e["@id"])\n'
    + '    if e["@type"] == "Dataset":\n        assert os.path.isdir(path) and path.endswith(b"/"), path\n        continue\n    data = open(path, "rb").read()\n    n += 1\n'
    + '    if "sha256" in e: assert e["sha256"] == hashlib.sha256(data).hexdigest() and e["contentSize"] == str(len(data)), path\n'
    + '    else: assert path == b"provenance/Makefile", path\n'
    + 'refs = []\ndef walk(v):\n    if isinstance(v, dict):\n        if list(v) == ["@id"]: refs.append(v["@id"])\n        else: [walk(x) for x in v.values()]\n    elif isinstance(v, list): [walk(x) for x in v]\nwalk(graph)\n'
    + 'lost = [r for r in refs if r not in by and not r.startswith("https://w3id.org/")]\nassert not lost, lost\nprint(n)\n';
  const done = run(project, ['python3', '-c', script]);
  assert.equal(done.status, 0, done.stderr);
  // 18 names in two folders; again, copy, later, m.json, twice; the Makefile.
  assert.equal(done.stdout, '42\n');
});

test('each record is an action with as many files, parameters and metrics as recsel counts', { skip: NO_RECSEL }, () => {
  const project = makeHostileProject(true);
  const entities = entitiesOf(exportInto(project, '-a').text);
  const actions = Array.from(entities.values()).filter((entity) => entity['@type'] === 'CreateAction' && entity['@id'] !== '#runs');
  const records = listRecords(project);
  assert.equal(actions.length, records.length);
  const count = (record: string, field: string): number => Number(run(project, ['recsel', '-e', '#' + field + ' > 0', '-C', '-P', field, record]).stdout.split('\n').filter((line) => line !== '').length);
  const read = (record: string, field: string): string => run(project, ['recsel', '-P', field, record]).stdout.trim();
  for (const record of records) {
    const action = entities.get('#run/' + read(record, 'Id')) as Entity;
    assert.equal(listOf(action.object).length, count(record, 'Input') + count(record, 'Parameter'), record);
    assert.equal(listOf(action.result).length, count(record, 'Output') + count(record, 'Metric'), record);
    assert.equal(listOf(action.environment).length, count(record, 'Variable'), record);
    const isDone = read(record, 'Status') === 'succeeded';
    assert.equal(action.actionStatus, 'http://schema.org/' + (isDone ? 'Completed' : 'Failed') + 'ActionStatus');
    assert.equal(action.error !== undefined, !isDone);
    assert.equal(Date.parse(String(action.startTime)), Math.floor(Date.parse(read(record, 'Started'))));
    assert.equal(Date.parse(String(action.endTime)) - Date.parse(String(action.startTime)), Math.round(Number(read(record, 'Wall_s')) * 1000));
  }
  const errors = actions.map((action) => action.error).filter((error) => error !== undefined);
  assert.deepEqual(errors, ['Exit status 3', 'Ended by SIGTERM, with a limit of 0.2 s']);
});

test('a content that is no more at its path has an entity that nobody looks for beside the crate', () => {
  const project = makeHostileProject(false);
  const entities = entitiesOf(exportInto(project, '-a').text);
  const actionOf = (name: string): Entity => Array.from(entities.values()).find((entity) => entity.name === name) as Entity;
  const [past] = idsOf(actionOf('first').result);
  assert.match(past, /^#content\/2c8b08da[0-9a-f]{56}\/twice\.txt$/);
  assert.deepEqual([entities.get(past)?.name, entities.get(past)?.['@type'], entities.get(past)?.description], ['twice.txt', 'File', 'Content that was at this path; it is not in this crate']);
  assert.equal(idsOf((entities.get('./') as Entity).hasPart).indexOf(past), -1);
  assert.deepEqual(idsOf(actionOf('second').result), ['twice.txt']);
  assert.deepEqual(idsOf(actionOf('reader').object), ['twice.txt']);
  const inPlace = actionOf('in place');
  assert.match(idsOf(inPlace.object)[0], /^#content\/[0-9a-f]{64}\/copy\.txt$/);
  assert.deepEqual(idsOf(inPlace.result), ['copy.txt']);
  const outside = idsOf(actionOf('outside').object).map((id) => entities.get(id) as Entity).find((entity) => /outside data/.test(String(entity.name)));
  assert.equal(outside?.description, 'A file outside of the project; it is not in this crate');
  assert.match(String(outside?.['@id']), /^#content\/[0-9a-f]{64}\/\/tmp\/.*outside%20data\.txt$/);
});

test('what a repeat wrote in its copy is its own, and no part of the workflow', () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'in.txt'), 'x\n');
  assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-l', 'one', '-i', 'in.txt', '-o', 'out.txt', '--', 'cp', 'in.txt', 'out.txt']).status, 0);
  const repeated = rr(project, ['rerun', '-q', 'one']);
  assert.equal(repeated.status, 0, repeated.stderr);
  const entities = entitiesOf(exportInto(project, '-a').text);
  const [first, second, whole] = Array.from(entities.values()).filter((entity) => entity['@type'] === 'CreateAction');
  assert.deepEqual([idsOf(first.result), idsOf(second.result)], [['out.txt'], [String(second['@id']) + '/output/out.txt']]);
  assert.deepEqual([whole['@id'], whole.startTime, whole.endTime, idsOf(whole.object), idsOf(whole.result)], ['#runs', first.startTime, first.endTime, ['in.txt'], ['out.txt']]);
});

function publicationOf(project: string): Publication {
  return readPublication(projectAt(project), { references: [], isAll: false, folder: project }).publication;
}

test('printRoCrate() takes the files that it is given, and what is known of the project', { skip: NO_CRATE_JUDGE }, async () => {
  const project = copyProject(EXAMPLE);
  const publication = publicationOf(project);
  publication.metadata = {
    ...publication.metadata, title: 'Carbon \xc3\xbc "dioxide"', description: 'A study', license: 'MIT', keywords: ['co2'], doi: '10.5281/zenodo.1234', repository: 'https://git.example.org/a/b', released: '2026-11-24',
    creators: [{ kind: 'person', name: 'A. Author', given: 'A.', family: 'Author', orcid: 'https://orcid.org/0000-0002-1825-0097', affiliation: 'An Institute' }, { kind: 'organisation', name: 'A Group' }],
  };
  const list = run(project, ['sh', '-c', 'find . -type f ! -path "./.rr/*" -exec sha256sum {} +']).stdout.trim().split('\n');
  const files = list.map((line) => ({ path: line.slice(68), hash: line.slice(0, 64), size: fs.statSync(path.join(project, line.slice(68))).size, isFolder: false, swhid: 'swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2' }));
  const hostile = ['../up.txt', '/etc/passwd', 'a/../../b', './c', 'ro-crate-metadata.json'].map((name) => ({ path: name, hash: '0'.repeat(64), size: 1, isFolder: false }));
  const { text: print, left } = printRoCrate({ publication, files: files.concat(hostile as typeof files), workflow: 'provenance/Makefile', changed: ['"x" changed since run Y'] });
  const text = Array.from(print()).join('');
  fs.writeFileSync(path.join(project, 'ro-crate-metadata.json'), text, 'latin1');
  const entities = entitiesOf(Buffer.from(text, 'latin1').toString('utf8'));
  const root = entities.get('./') as Entity;
  const parts = idsOf(root.hasPart).filter((id) => !id.endsWith('/'));
  assert.deepEqual(parts.slice().sort(), files.map((file) => file.path).sort());
  assert.equal(root.name, 'Carbon \u00fc "dioxide"');
  assert.equal(root.description, 'A study. Not as it was run: "x" changed since run Y');
  assert.equal(root.datePublished, '2026-11-24');
  assert.deepEqual(root.license, { '@id': 'https://spdx.org/licenses/MIT' });
  assert.equal(entities.get('fit/cycle.csv')?.identifier, 'swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2');
  const record = parts.find((id) => /^provenance\/runs\/.*ktnhsk\.rec$/.test(id)) as string;
  assert.deepEqual(entities.get(record)?.about, { '@id': '#run/20261123T021141Z-ktnhsk' });
  assert.ok(left.every((sentence) => !/asks for/.test(sentence) && !/\.$/.test(sentence)), left.join('\n'));
  const [issues] = askCrateValidator([{ folder: project, profile: PROFILES[1], severity: 'RECOMMENDED' }]);
  assert.deepEqual(onlyRequired(issues), []);
  assert.ok(messagesOf(issues).every((message) => !/license|Root Data Entity SHOULD have a link/.test(message)), messagesOf(issues).join('\n'));
  await expandCrate(Buffer.from(text, 'latin1').toString('utf8'));
});

test('CITATION.cff is what the crate says of itself; a file that is gone is named', { skip: NO_CRATE_JUDGE }, () => {
  const project = copyProject(EXAMPLE);
  fs.writeFileSync(path.join(project, 'CITATION.cff'), 'cff-version: 1.2.0\nmessage: Cite it\ntitle: A study\nabstract: Of carbon dioxide\nlicense: MIT\ndate-released: 2026-11-24\nauthors:\n'
    + '  - family-names: Author\n    given-names: A.\n    orcid: https://orcid.org/0000-0002-1825-0097\n    affiliation: An Institute\n');
  const { text, told } = exportInto(project);
  const root = entitiesOf(text).get('./') as Entity;
  assert.deepEqual([root.name, root.description, root.license, root.author, root.datePublished], ['A study', 'Of carbon dioxide', { '@id': 'https://spdx.org/licenses/MIT' }, { '@id': 'https://orcid.org/0000-0002-1825-0097' }, '2026-11-24']);
  assert.ok(!/asks for|not there/.test(told), told);
  const [issues] = askCrateValidator([{ folder: project, profile: PROFILES[1], severity: 'RECOMMENDED' }]);
  assert.deepEqual(onlyRequired(issues), []);
  fs.unlinkSync(path.join(project, 'fit', 'cycle.csv'));
  assert.match(exportInto(project).told, /^rr: 1 of the files that the crate names is not there as recorded, such as "fit\/cycle\.csv"$/m);
});

function makeEnvironment(): Environment {
  const file = (name: string): FileState => ({ hash: 'e'.repeat(64), size: 1, kind: 'x', path: name });
  return {
    ...emptyEnvironment(), executables: [file('/usr/bin/dash'), file('/usr/bin/python3.11')], packages: [{ manager: 'dpkg', name: 'python3.11', version: '3.11.2-6', detail: 'amd64' }],
    owners: [{ manager: 'dpkg', name: 'python3.11', path: '/usr/bin/python3.11' }],
  };
}

test('programOfRun() finds program, version and scripts, or says that it does not know', () => {
  const fileOf = (name: string): FileState => ({ hash: 'a'.repeat(64), size: 1, kind: '', path: name });
  const table: [string, string, [string, string | undefined, boolean, string | undefined, string[]]][] = [
    ['python3.11 src/fit.py data.csv', '.', ['python3.11', '/usr/bin/python3.11', false, '3.11.2-6', ['src/fit.py']]],
    ['/usr/bin/python3.11 ../src/fit.py', 'work', ['python3.11', '/usr/bin/python3.11', false, '3.11.2-6', ['src/fit.py']]],
    ['./bin/fit data.csv', '.', ['fit', 'bin/fit', true, undefined, []]],
    ['"$PWD"/bin/fit \'a b\'', '.', ['fit', 'bin/fit', true, undefined, []]],
    ['awk 1', '.', ['awk', undefined, false, undefined, []]],
    ['a | b', '.', ['', undefined, false, undefined, []]],
  ];
  for (const [command, directory, expected] of table) {
    const recorded = { ...emptyRun('20261122T052039Z-k3f5q2', command, '2026-11-22T05:20:39.123456Z', '0.1.0'), directory, inputs: ['bin/fit', 'data.csv', 'src/fit.py', 'src/other.py'].map(fileOf), codeFiles: ['src/fit.py', 'src/other.py'].map((name) => ({ state: 'clean' as const, path: name })) };
    const { name, file, isInProject, version, scripts } = programOfRun(recorded, makeEnvironment());
    assert.deepEqual([name, file?.path, isInProject, version, scripts.map((script) => script.path)], expected, command);
  }
});

test('the same records give the same crate in every folder, time zone and locale; a part of the runs is no workflow', () => {
  const first = rr(EXAMPLE, ['export', 'ro-crate'], { env: { TZ: 'Asia/Kathmandu', LANG: 'de_DE.UTF-8', LC_ALL: 'C' } });
  const second = rr(copyProject(EXAMPLE), ['export', 'ro-crate'], { env: { TZ: 'America/St_Johns', LANG: 'tr_TR.UTF-8' } });
  assert.equal(first.status, 0, first.stderr);
  assert.equal(first.stdout, second.stdout);
  assert.match(first.stdout, /"datePublished": "2026-11-23T02:11:41Z"/);
  assert.match(rr(EXAMPLE, ['export', 'ro-crate'], { env: { SOURCE_DATE_EPOCH: '1000000000' } }).stdout, /"datePublished": "2001-09-09T01:46:40Z"/);
  const part = entitiesOf(rr(EXAMPLE, ['export', 'ro-crate', '-q', 'monthly']).stdout);
  assert.equal(part.get('./')?.mainEntity, undefined);
  assert.deepEqual(part.get('./')?.conformsTo, { '@id': 'https://w3id.org/ro/wfrun/process/0.5' });
});

test('encodeIri() leaves UTF-8 and hides what would mean something else', () => {
  const table: [string, string][] = [
    ['a b', 'a%20b'], ['100%', '100%25'], ['\u00fc\u4e2d', '\u00fc\u4e2d'], ['a:b@c', 'a%3Ab%40c'], ['#x?y', '%23x%3Fy'], ['a/b+c,d=(e)', 'a/b+c,d=(e)'], ['\u202e', '%E2%80%AE'], ['\u0085', '%C2%85'], ['<>"{}|\\^`[]', '%3C%3E%22%7B%7D%7C%5C%5E%60%5B%5D'],
  ];
  for (const [name, expected] of table) assert.equal(Buffer.from(encodeIri(Buffer.from(name).toString('latin1')), 'latin1').toString(), expected);
  assert.equal(encodeIri('\xff\n'), '%FF%0A');
  for (const [text, expected] of [['https://a.org/b?c#d', true], ['http://a', true], ['javascript:x', false], ['https://a/<b>', false], ['https://a/ b', false], ['https://a/%zz', false], ['//a', false]] as [string, boolean][]) assert.equal(isWebAddress(text), expected, text);
});

// exportmeta.test.ts - CITATION.cff, codemeta.json, .zenodo.json, appendix and badges, judged by cffconvert, its schema, YAML and Markdown readers.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { ProjectMetadata } from '../src/core/metadata.ts';
import { readMetadata } from '../src/sys/metadata.ts';
import { projectAt } from '../src/sys/project.ts';
import { quoteYaml } from '../src/views/citation.ts';
import { hasProgram, judge, lacksJudges, makeProject, makeTemporary, rr, run } from './rig.ts';

// What YAML, JSON and HTML could take for something of their own; UTF-8 as bytes.
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const HOSTILE = ['yes', '012', 'a: b # c', '- x', '"quoted" \'single\'', '\\n {{ jinja }} ${sh} $(id)', '<script>alert(1)</script> & &lt;', '!!python/object:os.system', '&a *a', '%TAG', 'null', '2024-01-01', '@at `tick`',
  utf8('\u00e9\u4e2d\ud83d\ude00 \u202eright to left'), utf8('a\u2028b\u0085c\ufeffd'), '[x](javascript:y) | `z`', 'ends in \\', '~', '=', '<<'];

function metadataOf(folder: string): ProjectMetadata {
  return readMetadata(projectAt(folder));
}

function exportTo(folder: string, form: string, args: string[] = []): string {
  const done = rr(folder, ['export', form].concat(args));
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

const SAID = ['--set', 'title=Heat: a study', '--set', 'author=Author, A. 0000-0002-1825-0097 <a@example.org>', '--set', 'author=Solo', '--set', 'organisation=Group, Inc.', '--set', 'version=1.10', '--set', 'license=Apache-2.0',
  '--set', 'doi=10.1000/x-1', '--set', 'released=2024-02-03', '--set', 'keyword=heat', '--set', 'keyword=yes', '--set', 'repository=https://example.org/heat', '--set', 'url=https://example.org/', '--set', 'description=First line\nsecond <b>\n\nthird & last'];

/** Facts without their places. */
function factsOf(metadata: ProjectMetadata): unknown {
  const { sources, doubts, ...facts } = metadata;
  void [sources, doubts];
  return JSON.parse(JSON.stringify({ ...facts, creators: metadata.creators.map((one) => ({ ...one })) }));
}

test('what is exported is read back as the same metadata, and all three forms agree', () => {
  const folder = makeProject();
  assert.equal(rr(folder, ['export', 'citation', '-o', 'CITATION.cff'].concat(SAID)).status, 0);
  const first = metadataOf(folder);
  assert.deepEqual([first.title, first.version, first.description, first.creators.length], ['Heat: a study', '1.10', 'First line\nsecond <b>\n\nthird & last', 3]);
  for (const [form, name] of [['codemeta', 'codemeta.json'], ['zenodo', '.zenodo.json']]) fs.writeFileSync(path.join(folder, name), exportTo(folder, form), 'latin1');
  assert.deepEqual(factsOf(metadataOf(folder)), factsOf(first));
  const text = fs.readFileSync(path.join(folder, 'CITATION.cff'), 'latin1');
  assert.equal(exportTo(folder, 'citation'), text, 'again');
  // Each alone tells all that it can hold.
  const losses: [string, (facts: ProjectMetadata) => void][] = [['CITATION.cff', () => undefined], ['codemeta.json', () => undefined], ['.zenodo.json', (facts) => {
    delete facts.url;
    facts.creators.forEach((one) => { delete one.email; });
    facts.creators[2] = { kind: 'person', name: 'Inc. Group', given: 'Inc.', family: 'Group' };
  }]];
  for (const [name, lose] of losses) {
    const alone = makeTemporary();
    fs.copyFileSync(path.join(folder, name), path.join(alone, name));
    const facts = { ...first, creators: first.creators.map((one) => ({ ...one })) };
    lose(facts);
    assert.deepEqual(factsOf(metadataOf(alone)), factsOf(facts), name);
  }
});

test('cffconvert and the schema of CITATION.cff take what rr writes, and cffconvert makes of it the same .zenodo.json', { skip: lacksJudges('cffconvert', 'ajv', 'ajv-formats') }, () => {
  const folder = makeProject();
  assert.equal(rr(folder, ['export', 'citation', '-o', 'CITATION.cff'].concat(SAID)).status, 0);
  const cffconvert = String(judge('cffconvert'));
  const valid = run(folder, [cffconvert, '--validate']);
  assert.equal(valid.status, 0, valid.stdout + valid.stderr);
  const python = path.join(path.dirname(cffconvert), 'python');
  const find = run(folder, [python, '-c', 'import cffconvert, os, json; from ruamel.yaml import YAML; print(json.dumps([json.load(open(os.path.join(os.path.dirname(cffconvert.__file__), "schemas/1.2.0/schema.json"))), YAML(typ="safe").load(open("CITATION.cff"))], default=str))']);
  assert.equal(find.status, 0, find.stderr);
  const check = 'const [schema, data] = JSON.parse(require("fs").readFileSync(0, "utf8")); const Ajv = require(process.argv[1]); const ajv = new Ajv({ strict: false, allErrors: true }); require(process.argv[2])(ajv); const ok = ajv.compile(schema); console.log(JSON.stringify(ok(data) ? [] : ok.errors)); data.extra = 1; console.log(ok(data));';
  const judged = run(folder, [process.execPath, '-e', check, String(judge('ajv')), String(judge('ajv-formats'))], { input: find.stdout });
  assert.equal(judged.stdout, '[]\nfalse\n', judged.stderr);
  const theirs = JSON.parse(run(folder, [cffconvert, '-f', 'zenodo']).stdout) as { [key: string]: unknown };
  const ours = JSON.parse(exportTo(folder, 'zenodo')) as { [key: string]: unknown };
  for (const key of ['title', 'keywords', 'publication_date', 'version']) assert.deepEqual(ours[key], theirs[key], key);
  assert.equal((ours.license as string).toLowerCase(), (theirs.license as { id: string }).id.toLowerCase());
  assert.deepEqual((ours.creators as { name: string }[])[0].name, (theirs.creators as { name: string }[])[0].name);
  const codemeta = JSON.parse(run(folder, [cffconvert, '-f', 'codemeta']).stdout) as { [key: string]: unknown };
  const own = JSON.parse(exportTo(folder, 'codemeta')) as { [key: string]: unknown };
  for (const key of ['name', 'description', 'datePublished', 'version', 'keywords', 'codeRepository', 'url']) assert.deepEqual(own[key], codemeta[key], key);
});

test('hostile titles, names and descriptions stay text in YAML of both versions, JSON and HTML', { skip: lacksJudges('cffconvert') }, () => {
  const folder = makeProject();
  for (const [i, text] of HOSTILE.entries()) {
    const metadata = { name: text, description: text, keywords: [text + String(i)], author: [{ '@type': 'Person', givenName: text.replace(/,/g, ''), familyName: 'Author' }, { '@type': 'Organization', name: text }] };
    fs.writeFileSync(path.join(folder, 'codemeta.json'), JSON.stringify(metadata), 'latin1');
    const cff = exportTo(folder, 'citation');
    const python = path.join(path.dirname(String(judge('cffconvert'))), 'python');
    const read = run(folder, [python, '-c', 'import sys, json; from ruamel.yaml import YAML; d = YAML(typ="safe", pure=True).load(sys.stdin.buffer.read()); print(json.dumps([d["title"], d["abstract"], d["authors"][0]["given-names"], d["authors"][1]["name"], d["keywords"][0]], ensure_ascii=False))'], { input: Buffer.from(cff, 'latin1'), env: { PYTHONUTF8: '1' } });
    assert.deepEqual(JSON.parse(read.stdout), [text, text, text.replace(/,/g, ''), text, text + String(i)], read.stderr);
    const zenodo = JSON.parse(exportTo(folder, 'zenodo')) as { description: string };
    assert.ok(!/<(?!\/?p>|br>)/.test(zenodo.description), zenodo.description);
    for (const form of ['appendix', 'badges']) assert.ok(!/(?<!\\)(?:<script|\]\(java)/.test(exportTo(folder, form)), form);
  }
});

test('quoteYaml() is read by PyYAML as the text it was', (context) => {
  if (run(undefined, ['python3', '-c', 'import yaml']).status !== 0) return context.skip('python3 has no yaml');
  const texts = HOSTILE.concat(['\x7f\t\n\x01', utf8('\u009f\ufffe\uffff'), '']);
  const read = run(undefined, ['python3', '-c', 'import sys, json, yaml; print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode()), ensure_ascii=False))'], { input: Buffer.from(texts.map((text) => '- ' + quoteYaml(text) + '\n').join(''), 'latin1'), env: { PYTHONUTF8: '1' } });
  assert.deepEqual(JSON.parse(read.stdout), texts, read.stderr);
});

test('.zenodo.json has only keys that Zenodo knows, and codemeta.json only terms of CodeMeta 3.0', () => {
  const folder = makeProject();
  const zenodo = JSON.parse(exportTo(folder, 'zenodo', SAID)) as { [key: string]: unknown };
  // https://developers.zenodo.org, "Deposit metadata"
  const known = ['upload_type', 'publication_date', 'title', 'creators', 'description', 'access_right', 'license', 'doi', 'keywords', 'notes', 'related_identifiers', 'contributors', 'references', 'communities', 'grants', 'version', 'language'];
  assert.deepEqual(Object.keys(zenodo).filter((key) => !known.includes(key)), []);
  for (const creator of zenodo.creators as { [key: string]: unknown }[]) assert.deepEqual(Object.keys(creator).filter((key) => !['name', 'affiliation', 'orcid', 'gnd'].includes(key)), []);
  assert.deepEqual((zenodo.creators as unknown[])[0], { name: 'Author, A.', orcid: '0000-0002-1825-0097' });
  const codemeta = JSON.parse(exportTo(folder, 'codemeta', SAID)) as { [key: string]: unknown };
  const terms = ['@context', '@type', 'name', 'description', 'author', 'version', 'identifier', 'datePublished', 'license', 'keywords', 'codeRepository', 'url', 'operatingSystem', 'softwareRequirements'];
  assert.deepEqual(Object.keys(codemeta).filter((key) => !terms.includes(key)), []);
  assert.equal(codemeta['@context'], 'https://w3id.org/codemeta/3.0');
});

test('rr export: what a form has no place for is said, and a DOI of Zenodo is left to Zenodo', () => {
  const folder = makeProject();
  const said = ['--set', 'title=x', '--set', 'author=Author, A. <a@example.org>', '--set', 'doi=10.5281/zenodo.7', '--set', 'license=MIT OR ISC', '--set', 'url=https://example.org'];
  const zenodo = rr(folder, ['export', 'zenodo'].concat(said));
  assert.equal('doi' in (JSON.parse(zenodo.stdout) as object), false);
  for (const part of ['a choice of licenses', '10.5281/zenodo.7', 'a@example.org', 'https://example.org', 'nothing tells the description and the version']) assert.ok(zenodo.stderr.includes(part), part);
  const citation = rr(folder, ['export', 'citation'].concat(said));
  assert.match(citation.stdout, /\nlicense:\n {2}- "MIT"\n {2}- "ISC"\n/);
  assert.equal(rr(folder, ['export', 'citation', '-q'].concat(said)).stderr, '');
});

function makeRunProject(): string {
  const folder = makeProject();
  fs.writeFileSync(path.join(folder, 'in.csv'), '1\n');
  fs.writeFileSync(path.join(folder, 'README.md'), '# Heat\n');
  fs.mkdirSync(path.join(folder, 'tests'));
  assert.equal(rr(folder, ['record', '-q', '--trace', 'none', '-l', 'fit | *x*', '-m', 'to see', '-i', 'in.csv', '-o', 'out.csv', '-p', 'seed=3', '--', 'sh', '-c', 'cat in.csv in.csv > out.csv']).status, 0);
  return folder;
}

test('rr export badges: evidence follows what is there', () => {
  const folder = makeRunProject();
  const lineOf = (text: string, asks: string): string => text.split('\n').find((line) => line.includes(asks)) ?? '';
  const before = exportTo(folder, 'badges');
  assert.match(lineOf(before, 'verified by evidence'), /^- \[ \] .*\(\*\*missing\*\*\): 0 of 1 run repeated/);
  assert.match(lineOf(before, 'consistent: '), /^- \[x\] .*1 of 1 result as recorded now$/);
  assert.match(lineOf(before, '] tests ('), /^- \[x\] .*: tests$/);
  assert.match(lineOf(before, 'permanent identifier'), /\(\*\*missing\*\*\): no DOI is told$/);
  assert.equal(rr(folder, ['rerun', '-q', '@']).status, 0);
  fs.writeFileSync(path.join(folder, 'out.csv'), 'by hand\n');
  const after = exportTo(folder, 'badges', ['--set', 'doi=10.1000/x', '--set', 'license=MIT']);
  assert.match(lineOf(after, 'verified by evidence'), /^- \[x\] .*1 of 1 run repeated, 1 with the same results or within the stated tolerance, 1 of them byte for byte$/);
  assert.match(lineOf(after, 'consistent: '), /^- \[ \] .*\(\*\*missing\*\*\): 0 of 1 result as recorded now; not so: out.csv$/);
  assert.match(lineOf(after, 'permanent identifier'), /^- \[x\] /);
});

test('rr export appendix: files, commands and verdicts are those of the records; the rest is "not recorded"', () => {
  const folder = makeRunProject();
  const text = exportTo(folder, 'appendix');
  const sum = run(folder, ['sha256sum', 'out.csv', 'in.csv']).stdout.split('\n').map((line) => line.slice(0, 64));
  assert.ok(text.includes('| out.csv | 4 B | ' + sum[0] + ' |') && text.includes('| in.csv | 2 B | ' + sum[1] + ' |'));
  assert.ok(text.includes("```\nsh -c 'cat in.csv in.csv > out.csv'\n```\n"));
  assert.ok(text.includes('fit \\| \\*x\\*'), 'label is text');
  assert.match(text, /- Seeds of random numbers: 1 of 1 run\n/);
  assert.match(text, /- Contributions of the paper: \*not recorded\*\n/);
  assert.match(text, /never repeated with the same code and inputs/);
  for (const row of text.split('\n').filter((line) => line.startsWith('| fit'))) assert.ok([3, 4, 5].includes(row.replace(/\\\|/g, '').split('|').length - 2), row);
});

test('appendix and badges are what pandoc takes for Markdown: each table a table, no raw HTML', (context) => {
  if (!hasProgram('pandoc')) return context.skip('there is no pandoc');
  const folder = makeRunProject();
  for (const form of ['appendix', 'badges']) {
    const html = run(folder, ['pandoc', '-f', 'commonmark_x', '-t', 'html'], { input: Buffer.from(exportTo(folder, form), 'latin1') });
    assert.equal(html.status, 0, html.stderr);
    assert.ok(!html.stdout.includes('| ---'), form);
    assert.equal((html.stdout.match(/<h1/g) ?? []).length, form === 'badges' ? 1 : 3);
  }
});

test('exports of the same records are the same bytes in another folder, time zone and language', () => {
  const folder = makeRunProject();
  const other = path.join(makeTemporary(), 'elsewhere');
  assert.equal(run(undefined, ['cp', '-a', folder, other]).status, 0);
  for (const form of ['citation', 'codemeta', 'zenodo', 'appendix', 'badges']) {
    const here = rr(folder, ['export', form].concat(SAID), { env: { TZ: 'UTC0', LANG: 'C' } });
    const there = rr(other, ['export', form].concat(SAID), { env: { TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8' } });
    assert.deepEqual(there, here, form);
  }
});

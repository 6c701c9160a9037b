// craterig.ts - asks roc-validator and jsonld of an RO-Crate, offline: contexts come from what is installed.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { judge, lacksJudges, makeTemporary, run } from './rig.ts';

export const NO_CRATE_JUDGE = lacksJudges('rocrate-validator', 'jsonld') || (findContextFile() === undefined ? 'no rocrate (make interop brings it)' : false);

/** The context of RO-Crate 1.1 as the Python package rocrate has it. */
function findContextFile(): string | undefined {
  const python = judge('python');
  if (python === undefined) return undefined;
  const done = run(undefined, [python, '-c', 'import importlib.util; print(importlib.util.find_spec("rocrate").submodule_search_locations[0])']);
  const file = path.join(done.stdout.trim(), 'data', 'ro-crate.jsonld');
  return done.status === 0 && fs.existsSync(file) ? file : undefined;
}

// The terms that the Workflow Run Crate's own context has (its version 0.5); each is its name in this namespace.
const RUN_TERMS = ['ParameterConnection', 'ContainerImage', 'DockerImage', 'SIFImage', 'connection', 'sourceParameter', 'targetParameter', 'md5', 'sha1', 'sha256', 'sha512', 'environment',
  'registry', 'tag', 'containerImage', 'resourceUsage'];

/** The two contexts by their addresses. */
export function readContexts(): { [url: string]: unknown } {
  const terms: { [term: string]: string } = {};
  for (const term of RUN_TERMS) terms[term] = 'https://w3id.org/ro/terms/workflow-run#' + term;
  const crate = JSON.parse(fs.readFileSync(findContextFile() as string, 'utf8')) as { '@id': string; '@context': unknown };
  assert.equal(crate['@id'], 'https://w3id.org/ro/crate/1.1/context');
  return { 'https://w3id.org/ro/crate/1.1/context': { '@context': crate['@context'] }, 'https://w3id.org/ro/terms/workflow-run/context': { '@context': terms } };
}

const DRIVER = `
import io, json, sys
import requests, requests_cache, urllib3
asked = json.load(sys.stdin)
session = requests_cache.CachedSession(asked["cache"], backend="sqlite", expire_after=-1, allowable_methods=("GET",), allowable_codes=(200, 302, 404))
for url, context in asked["contexts"].items():
    response = requests.Response()
    response.status_code, response.url, response.encoding = 200, url, "utf-8"
    response._content = json.dumps(context).encode()
    response.headers["Content-Type"] = "application/ld+json"
    response.request = requests.Request("GET", url).prepare()
    response.raw = urllib3.HTTPResponse(body=io.BytesIO(response._content), status=200, headers=dict(response.headers), preload_content=False, request_url=url)
    session.cache.save_response(response)
session.close()
from rocrate_validator import models, services
found = []
for one in asked["crates"]:
    settings = models.ValidationSettings(rocrate_uri=one["folder"], profile_identifier=one["profile"], requirement_severity=models.Severity[one["severity"]],
                                         offline=True, cache_path=asked["cache"], skip_availability_check=True)
    result = services.validate(settings)
    found.append([[issue.severity.name, str(issue.check.identifier), str(issue.message), str(issue.violatingEntity)] for issue in result.get_issues()])
print("\\n" + json.dumps(found))
`;

export type CrateIssue = { severity: string; check: string; message: string; entity: string };

/** What roc-validator finds, for each of the crates. */
export function askCrateValidator(crates: { folder: string; profile: string; severity: 'REQUIRED' | 'RECOMMENDED' }[]): CrateIssue[][] {
  const asked = { cache: path.join(makeTemporary(), 'cache'), contexts: readContexts(), crates };
  const done = run(undefined, [judge('python') as string, '-c', DRIVER], { input: JSON.stringify(asked), timeoutMs: 240000 });
  assert.equal(done.status, 0, done.stderr.slice(-3000));
  const found = JSON.parse(done.stdout.slice(done.stdout.lastIndexOf('\n[') + 1)) as [string, string, string, string][][];
  return found.map((issues) => issues.map(([severity, check, message, entity]) => ({ severity, check, message, entity })));
}

type Node = { '@id': string; '@type'?: string | string[]; [key: string]: unknown };

/** Expands the crate with jsonld, and asserts that it warns of nothing, and that no key and no value of any entity is lost. Gives the expanded nodes. */
export async function expandCrate(text: string): Promise<Node[]> {
  const contexts = readContexts();
  const jsonld = require(judge('jsonld') as string) as { expand: (document: unknown, options: unknown) => Promise<Node[]> };
  const documentLoader = (url: string): Promise<unknown> => {
    assert.ok(url in contexts, 'asks for ' + url);
    return Promise.resolve({ contextUrl: null, documentUrl: url, document: contexts[url] });
  };
  const document = JSON.parse(text) as { '@graph': Node[] };
  const events: unknown[] = [];
  const nodes = await jsonld.expand(document, { base: 'arcp://name,crate/', documentLoader, eventHandler: ({ event }: { event: { details: { term?: string } } }) => { if (event.details.term !== '@label') events.push(event); } });
  // The context of RO-Crate itself has a term that begins with "@".
  assert.deepEqual(events, []);
  assert.equal(nodes.length, document['@graph'].length);
  const countValues = (value: unknown): number => (Array.isArray(value) ? value.length : 1);
  nodes.forEach((node, n) => {
    const entity = document['@graph'][n];
    const keys = Object.keys(entity);
    assert.equal(Object.keys(node).length, keys.length, JSON.stringify(entity));
    const counts = (one: Node): number[] => Object.keys(one).map((key) => countValues(one[key])).sort();
    assert.deepEqual(counts(node), counts(entity), JSON.stringify(entity));
  });
  return nodes;
}

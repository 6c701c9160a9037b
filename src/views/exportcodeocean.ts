// exportcodeocean.ts - a capsule of Code Ocean: its image, its run script, its metadata, and what places the files. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { hasDots } from '../core/names.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import { quoteWord } from '../formats/shell.ts';
import { quoteYaml } from './citation.ts';
import { printImage } from './exportdockerfile.ts';
import { commentLine, countWords, headOfExport, listSome } from './exportleft.ts';

// A capsule has code/ and data/, which a run sees as /code and /data, and keeps what it finds in
// /results. A project has one folder for all. So run puts code and data together again, makes the
// results there, and copies them; place.sh takes the two apart.

type CapsulePlacing = { code: ByteString[]; data: ByteString[]; /** Not of the project's folder. */ outside: ByteString[] };

function isPlaceable(path: ByteString): boolean {
  return path !== '' && path[0] !== '/' && !hasDots('/' + path) && path.indexOf('\0') < 0;
}

/** Inputs that are sources go to code/, all others to data/. */
function placeInputs(publication: Publication): CapsulePlacing {
  const sources = new Set<ByteString>();
  for (const { run } of publication.runs) for (const { path } of run.codeFiles) sources.add(path);
  for (const environment of publication.environments.values()) for (const { path } of environment.lockFiles) sources.add(path);
  const inputs = new Set(publication.inputs.filter((one) => one.file.kind !== 'd').map((one) => one.file.path));
  for (const path of sources) inputs.add(path);
  const paths = Array.from(inputs).sort(compareBytes);
  const own = paths.filter((path) => isPlaceable(path) && path !== 'Makefile' && !path.startsWith('provenance/'));
  return { code: own.filter((path) => sources.has(path)), data: own.filter((path) => !sources.has(path)), outside: paths.filter((path) => !isPlaceable(path)) };
}

function printPlaceScript(publication: Publication, placing: CapsulePlacing): ByteString {
  const words = (paths: ByteString[]): ByteString => paths.map((path) => ' \\\n  ' + quoteWord('./' + path)).join('');
  let text = '#!/bin/sh\n' + commentLine('# ', 'place.sh PROJECT: copies what the runs need of the project into code/ and data/ of this capsule.')
    + commentLine('# ', 'Made by rr export from ' + countWords(publication.runs.length, 'run') + '.');
  text += 'set -eu\ncapsule=$(cd "$(dirname "$0")" && pwd -P)\ncd "${1:?say where the project is: sh place.sh PROJECT}"\n';
  text += '# place FOLDER PATH...\nplace() {\n  to=$1\n  shift\n  for path; do\n    mkdir -p "$capsule/$to/${path%/*}"\n    cp -pP "$path" "$capsule/$to/$path"\n  done\n}\n';
  text += 'mkdir -p "$capsule/code" "$capsule/data"\ncp -pR ./Makefile ./provenance "$capsule/code/"\n';
  if (placing.code.length > 0) text += 'place code' + words(placing.code) + '\n';
  if (placing.data.length > 0) text += 'place data' + words(placing.data) + '\n';
  return text;
}

function printRunScript(publication: Publication): ByteString {
  const results = publication.results.map((one) => one.file).filter((file) => file.kind !== 'd' && isPlaceable(file.path)).map((file) => file.path);
  let text = '#!/bin/sh\n' + commentLine('# ', 'run: makes the results from code/ and data/, and copies them to /results.') + 'set -eu\n';
  text += 'project=${TMPDIR:-/tmp}/project\nmkdir "$project"\ncp -pR /code/. "$project"\n[ ! -d /data ] || cp -pR /data/. "$project"\ncd "$project"\nmake\n';
  if (results.length > 0) text += 'for path in' + results.map((path) => ' \\\n  ' + quoteWord('./' + path)).join('') + '; do\n  mkdir -p "/results/${path%/*}"\n  cp -pP "$path" "/results/$path"\ndone\n';
  return text;
}

/** Version 1 of the metadata of a capsule: YAML, each value in double quotes. */
function printCapsuleMetadata(publication: Publication): { text: ByteString; left: ByteString[] } {
  const { metadata } = publication;
  const left: ByteString[] = [];
  let text = 'metadata_version: 1\n';
  if (metadata.title !== undefined) text += 'name: ' + quoteYaml(metadata.title) + '\n';
  else left.push('metadata.yml has no name: no title of the project is known');
  if (metadata.description !== undefined) text += 'description: ' + quoteYaml(metadata.description) + '\n';
  if (metadata.keywords.length > 0) text += 'tags:\n' + metadata.keywords.map((one) => '- ' + quoteYaml(one) + '\n').join('');
  if (metadata.creators.length === 0) left.push('metadata.yml has no authors: none are known');
  else text += 'authors:\n';
  for (const one of metadata.creators) {
    text += '- name: ' + quoteYaml(one.name) + '\n' + (one.affiliation === undefined ? '' : '  affiliations:\n  - name: ' + quoteYaml(one.affiliation) + '\n');
  }
  return { text, left };
}

/** environment/Dockerfile, metadata/metadata.yml, code/run, and place.sh, which brings the project's files. */
export function printCodeOceanExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'codeocean');
  const image = printImage(software, 'codeocean', true);
  const placing = placeInputs(publication);
  const metadata = printCapsuleMetadata(publication);
  const left = ['the files of the project are not copied: "sh place.sh PROJECT", in the folder of the capsule, puts ' + countWords(placing.code.length, 'source') + ' and provenance/ in code/ and ' + countWords(placing.data.length, 'file') + ' of data in data/'];
  const secret = new Set(publication.runs.reduce<ByteString[]>((all, { run }) => all.concat(run.secretInputs.map((line) => line.slice(line.indexOf(' ') + 1))), []));
  if (secret.size > 0) left.push(countWords(secret.size, 'input') + ' may hold secrets and ' + (secret.size === 1 ? 'is' : 'are') + ' not placed: ' + listSome(Array.from(secret).sort(compareBytes)));
  if (placing.outside.length > 0) left.push(countWords(placing.outside.length, 'input') + ' lay outside of the project and must be brought by hand: ' + listSome(placing.outside));
  return {
    files: [
      { path: 'code/run', text: printRunScript(publication), isExecutable: true },
      { path: 'environment/Dockerfile', text: headOfExport('# ', software, 'Dockerfile of the capsule: the software that the runs used.') + image.text, isExecutable: false },
      { path: 'metadata/metadata.yml', text: metadata.text, isExecutable: false },
      { path: 'place.sh', text: printPlaceScript(publication, placing), isExecutable: true },
    ],
    left: left.concat(metadata.left, image.left),
  };
}

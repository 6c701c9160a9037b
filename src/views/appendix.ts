// appendix.ts - description and evaluation of a paper's artifacts, and a checklist, answered from records, as Markdown. Touches no file.
import type { ByteString } from '../core/bytes.ts';
import { listCommits, listUnkeptSources } from '../core/evidence.ts';
import type { Evidence } from '../core/evidence.ts';
import { familyFirst } from '../core/metadata.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import type { FileState } from '../core/run.ts';
import { countThings, joinSome } from '../formats/amounts.ts';
import { namePaths } from './badges.ts';
import { listFacts } from './citation.ts';
import { escapeMarkdown, fence } from './journalmarkup.ts';
import { showText } from './page.ts';
import { formatBytes, formatSeconds } from './table.ts';

// The parts are those that SC asks for in its appendix (artifact description, artifact evaluation), and
// those of the checklists for machine learning (NeurIPS), in words of its own. What only the authors
// can say is "not recorded": never a guess.

const LEFT_OPEN = '*not recorded*';
const MOST_TABLE_ROWS = 1000;

const escaped = (text: ByteString): ByteString => escapeMarkdown(showText(text));

function item(name: string, value: ByteString | undefined): ByteString {
  return '- ' + name + ': ' + (value === undefined || value === '' ? LEFT_OPEN : value) + '\n';
}

function listOf(values: ByteString[]): ByteString | undefined {
  return values.length === 0 ? undefined : joinSome(values.map(escaped), 40);
}

/** A table of Markdown; cells are escaped. */
function printMarkdownTable(head: string[], rows: ByteString[][]): ByteString {
  if (rows.length === 0) return LEFT_OPEN + '\n';
  const line = (cells: ByteString[]): ByteString => '| ' + cells.join(' | ') + ' |\n';
  return line(head) + line(head.map(() => '---')) + rows.slice(0, MOST_TABLE_ROWS).map(line).join('') + (rows.length > MOST_TABLE_ROWS ? '\nand ' + String(rows.length - MOST_TABLE_ROWS) + ' more\n' : '');
}

function nameAppendixRun({ run }: AnnotatedRun): ByteString {
  return escaped(run.label === undefined ? run.id : run.label + ' (' + run.id + ')');
}

function appendixFileCells(file: FileState): ByteString[] {
  return [escaped(file.path), file.hash === '?' ? 'not known' : formatBytes(file.size), file.hash.length === 64 ? file.hash : 'not known'];
}

function sumOf(runs: AnnotatedRun[], value: (one: AnnotatedRun) => number | undefined): number | undefined {
  const known = runs.map(value).filter((one): one is number => one !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
}

// ---- artifact description ---------------------------------------------------------------------------------

function printIdentification({ metadata, runs, results }: Publication): ByteString {
  const commits = listCommits(runs.map((one) => one.run));
  const purposes = runs.filter((one) => one.run.reason !== undefined || one.notes.outcome !== undefined);
  return '## Contributions and artifacts\n\n' + item('Title', metadata.title === undefined ? undefined : escaped(metadata.title))
    + item('Authors', metadata.creators.length === 0 ? undefined : metadata.creators.map((one) => escaped(familyFirst(one))).join('; '))
    + item('Contributions of the paper', undefined) + item('Identifier', metadata.doi === undefined ? undefined : 'DOI ' + escaped(metadata.doi))
    + item('Repository', metadata.repository === undefined ? undefined : escaped(metadata.repository)) + item('License', metadata.license === undefined ? undefined : escaped(metadata.license))
    + item('Code', commits.length === 0 ? undefined : joinSome(commits.map((one) => escaped(one.commit) + (one.isChanged ? ', changed (the changes are in provenance/code)' : '')), 20))
    + item('Runs', String(runs.length) + ' (recorded in provenance/runs), with ' + countThings(results.length, 'current result'))
    + (purposes.length === 0 ? '' : '\nWhat runs were for, and what came of them:\n\n' + printMarkdownTable(['run', 'reason', 'outcome'], purposes.map((one) => [nameAppendixRun(one), escaped((one.run.reason ?? '').replace(/\n/g, ' ')), escaped((one.notes.outcome ?? '').replace(/\n/g, ' '))])));
}

function printDependencies({ environments, inputs, runs }: Publication): ByteString {
  const facts = (name: string): ByteString | undefined => listOf(listFacts(environments, name));
  const memory = listFacts(environments, 'Memory_bytes').map((bytes) => formatBytes(Number(bytes)));
  const packages = new Map<string, Set<ByteString>>();
  const compilers = new Set<ByteString>();
  const programs = new Set<ByteString>();
  for (const environment of environments.values()) {
    for (const { manager, name, version } of environment.packages) packages.set(manager, (packages.get(manager) ?? new Set()).add(version === '' ? name : name + ' ' + version));
    // Of the system's own programs the compiler is enough; of the project's, below, all that is known.
    for (const { producer } of environment.compilers) compilers.add(producer.replace(/ (?:-|\()[^]*$/, ''));
    for (const file of environment.executables.concat(environment.interpreters)) programs.add(file.path);
  }
  for (const { run } of runs) for (const { producer } of run.compilers) compilers.add(producer);
  const sorted = (set: Set<ByteString>): ByteString[] => Array.from(set).sort();
  const asked = Array.from(new Set(runs.flatMap((one) => one.run.asked))).sort();
  return '## Dependencies\n\n### Hardware\n\n' + item('Processors', facts('Cpu')) + item('Memory', listOf(memory)) + item('Accelerators', facts('Gpu')) + item('Asked for', listOf(asked)) + item('Storage and network', undefined)
    + '\n### Software\n\n' + item('Operating system', facts('Os')) + item('Kernel', facts('Kernel')) + item('Programs', listOf(sorted(programs))) + item('Compilers', listOf(sorted(compilers)))
    + Array.from(packages.keys()).sort().map((manager) => item('Packages (' + escaped(manager) + ')', listOf(sorted(packages.get(manager) ?? new Set())))).join('')
    + item('All of it', 'provenance/environments, ' + countThings(environments.size, 'environment'))
    + '\n### Data\n\nFiles that runs read and no run made. Where they come from: ' + LEFT_OPEN + '.\n\n' + printMarkdownTable(['file', 'size', 'SHA-256'], inputs.map((one) => appendixFileCells(one.file)));
}

function printInstallation({ runs }: Publication): ByteString {
  const wallS = sumOf(runs, (one) => one.run.wallS);
  const peak = runs.reduce((most, one) => Math.max(most, one.run.peakMemoryBytes ?? 0), 0);
  const commands = runs.map((one) => nameAppendixRun(one) + (one.run.directory === '.' ? '' : ', in ' + escaped(one.run.directory)) + ':\n\n' + fence([showText(one.run.command)])).join('\n');
  return '## Installation and execution\n\n' + item('How it is installed', undefined)
    + item('What was installed', '"rr export apt", "conda", "pip", "dockerfile" and others tell the recorded packages')
    + item('Time of all runs, one after the other', wallS === undefined ? undefined : formatSeconds(wallS)) + item('Most memory of a run', peak === 0 ? undefined : formatBytes(peak))
    + '\nWhat was run, in an order in which it can be run again:\n\n' + (commands === '' ? LEFT_OPEN + '\n' : commands);
}

// ---- artifact evaluation ----------------------------------------------------------------------------------

function printEvaluation({ runs, results }: Publication, { repeats, changedResults }: Evidence): ByteString {
  const wallS = sumOf(runs, (one) => one.run.wallS);
  const tolerances = runs.flatMap((one) => one.notes.tolerances.map((rule) => [nameAppendixRun(one), escaped(rule.pattern), String(rule.absolute), String(rule.relative), escaped(rule.reason.replace(/\n/g, ' '))]));
  const metrics = runs.flatMap((one) => one.run.metrics.map((line) => [nameAppendixRun(one), escaped(line.slice(0, line.indexOf(' '))), escaped(line.slice(line.indexOf(' ') + 1))]));
  const verdicts = repeats.map(({ run, repeat, isIdentical, isAccepted }) => [escaped(run.label ?? run.id),
    repeat === undefined ? 'never repeated with the same code and inputs' : isIdentical ? 'identical' : isAccepted ? 'within the stated tolerance' : 'came out otherwise: ' + namePaths(repeat.verdicts.filter((one) => one.word !== 'identical' && one.word !== 'tolerance').map((one) => one.path)), repeat === undefined ? '' : escaped(repeat.id)]);
  return '# Artifact evaluation\n\n## Steps\n\n1. Get the project with its provenance/ and the data named above.\n2. `make -f provenance/Makefile verify` compares results with their recorded SHA-256.\n'
    + '3. `make -f provenance/Makefile reproduce` runs all of it again from the inputs in a copy, and gives a verdict on each result.\n\n'
    + 'Both need make, sh, awk and a program for SHA-256, and what the runs need.\n\n' + item('Time that it took', wallS === undefined ? undefined : formatSeconds(wallS) + ', one run after the other')
    + '\n## Expected results\n\n' + printMarkdownTable(['file', 'size', 'SHA-256', 'run'], results.map((one) => appendixFileCells(one.file).concat(escaped(one.runId))))
    + (changedResults.length === 0 ? '' : '\nNot as recorded now: ' + namePaths(changedResults) + '.\n')
    + '\nValues that runs gave:\n\n' + printMarkdownTable(['run', 'metric', 'value'], metrics) + '\nBy how much numbers may differ:\n\n' + printMarkdownTable(['run', 'files', 'absolute', 'relative', 'why'], tolerances)
    + '\nWhich claim of the paper each result is evidence for: ' + LEFT_OPEN + '.\n\n## Repeats so far\n\n' + printMarkdownTable(['run', 'verdict of the last repeat', 'repeat'], verdicts);
}

// ---- checklist ------------------------------------------------------------------------------------------------

function printChecklist({ metadata, runs, inputs, environments }: Publication, { repeats, names }: Evidence): ByteString {
  const plain = runs.map((one) => one.run);
  const isSeed = (line: ByteString): boolean => /seed|random_?state/i.test(line.split(/[ =]/)[0]);
  const seeds = plain.filter((run) => run.parameters.some(isSeed) || run.variables.some(isSeed)).length;
  const parameters = plain.filter((run) => run.parameters.length > 0).length;
  const labels = new Map<string, number>();
  for (const { label, sweep } of plain) if (label !== undefined || sweep !== undefined) labels.set(String(sweep?.label ?? label), (labels.get(String(sweep?.label ?? label)) ?? 0) + 1);
  const several = Array.from(labels.values()).filter((count) => count > 1).length;
  const unkept = listUnkeptSources(plain);
  const cpuS = sumOf(runs, (one) => (one.run.userS === undefined ? undefined : one.run.userS + (one.run.systemS ?? 0)));
  const count = (part: number): ByteString | undefined => (part === 0 ? undefined : String(part) + ' of ' + countThings(runs.length, 'run'));
  return '# Checklist for reproducibility\n\n## Claims and theory\n\n' + item('The claims are those that the results support', undefined) + item('Limits are told', undefined) + item('Assumptions and proofs', undefined)
    + '\n## Data\n\n' + item('Files that were read, with hashes', inputs.length === 0 ? undefined : countThings(inputs.length, 'file') + ', see Data') + item('Number of examples, how they were split, what was left out', undefined)
    + item('How they were collected, consent, licenses of the data', undefined) + item('All of it lies in the project', inputs.length === 0 ? undefined : inputs.every((one) => one.file.path[0] !== '/') ? 'yes' : 'no: ' + namePaths(inputs.filter((one) => one.file.path[0] === '/').map((one) => one.file.path)))
    + '\n## Code\n\n' + item('The code that was run is told', count(plain.filter((run) => run.code !== undefined || run.codeFiles.length > 0).length)) + item('Sources that version control does not have as they were', unkept.length === 0 ? (plain.some((run) => run.codeFiles.length > 0) ? 'none' : undefined) : namePaths(unkept))
    + item('The exact commands', runs.length === 0 ? undefined : countThings(runs.length, 'run') + ', see Installation and execution') + item('The software that it needs', count(plain.filter((run) => run.environment !== undefined && environments.has(run.environment)).length))
    + item('Instructions', names.readmes.length === 0 ? undefined : namePaths(names.readmes)) + item('License of the code', metadata.license === undefined ? undefined : escaped(metadata.license)) + item('Anonymous for review', undefined)
    + '\n## Experiments\n\n' + item('Parameters of each run', count(parameters)) + item('How parameters were chosen, and which ranges were looked at', several === 0 ? undefined : 'in part: ' + countThings(several, 'label') + ' of several runs')
    + item('Seeds of random numbers', count(seeds)) + item('Number of runs behind each number of the paper', undefined) + item('Error bars, and what they are of', undefined)
    + item('Repeated with the same results', count(repeats.filter((one) => one.isAccepted).length))
    + '\n## Computing\n\n' + item('Kind of machine', listOf(listFacts(environments, 'Cpu').concat(listFacts(environments, 'Gpu')))) + item('Time of each run', count(plain.filter((run) => run.wallS !== undefined).length))
    + item('Time of processors in all', cpuS === undefined ? undefined : formatSeconds(cpuS)) + item('Runs that did not make it into the paper', undefined) + item('Energy', undefined)
    + '\n## Other\n\n' + item('Effects on people and society', undefined) + item('Safeguards', undefined) + item('People who took part', undefined);
}

/** The whole appendix. What the records do not tell is "not recorded" in it. */
export function printAppendix(publication: Publication, evidence: Evidence): Exported {
  const text = '# Artifact description\n\n' + printIdentification(publication) + '\n' + printDependencies(publication) + '\n' + printInstallation(publication) + '\n'
    + printEvaluation(publication, evidence) + '\n' + printChecklist(publication, evidence);
  const open = text.split(LEFT_OPEN).length - 1;
  return oneFile('appendix.md', text, publication.metadata.doubts.concat(open === 0 ? [] : [countThings(open, 'answer') + ' left to the authors: look for "not recorded"']));
}

// badges.ts - what each badge of the ACM for artifacts asks for, and what is evidence for it in records, as Markdown. Touches no file.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import { listCommits, listUnkeptSources } from '../core/evidence.ts';
import type { Evidence } from '../core/evidence.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { countThings, joinSome } from '../formats/amounts.ts';
import { showText } from './page.ts';
import { escapeMarkdown } from './journalmarkup.ts';

// Source: ACM, "Artifact Review and Badging", version 1.1 (2020), in words of its own.

/** 'yes': here is evidence; 'partly'; 'no': it is missing; 'unknown': records cannot tell. */
type Answer = { word: 'yes' | 'partly' | 'no' | 'unknown'; asks: string; found: ByteString };

type Badge = { name: string; about: string; answers: Answer[] };

const ANSWER_WORDS = { yes: 'evidence', partly: 'in part', no: 'missing', unknown: 'not recorded' };
const MOST_PATHS_NAMED = 8;

/** "3 of 4 runs" */
function share(part: number, whole: number, thing: string): string {
  return String(part) + ' of ' + String(whole) + ' ' + thing + (whole === 1 ? '' : 's');
}

/** Paths as text, escaped; no more than a few. */
export function namePaths(paths: ByteString[]): ByteString {
  return joinSome(paths.map((path) => escapeMarkdown(showText(path))), MOST_PATHS_NAMED);
}

function judgeShare(part: number, whole: number): Answer['word'] {
  return whole === 0 || part === 0 ? 'no' : part === whole ? 'yes' : 'partly';
}

function answerAvailable({ metadata, runs }: Publication): Answer[] {
  const commits = listCommits(runs.map((one) => one.run));
  return [
    metadata.doi === undefined
      ? { word: 'no', asks: 'a permanent identifier in an archive that is meant to last', found: metadata.repository === undefined ? 'no DOI is told' : 'no DOI is told; ' + escapeMarkdown(metadata.repository) + ' is a place of work, not an archive' }
      : { word: 'yes', asks: 'a permanent identifier in an archive that is meant to last', found: 'DOI ' + escapeMarkdown(metadata.doi) + ' (' + escapeMarkdown(metadata.sources.get('doi') ?? '') + '); whether it leads to these files is not checked' },
    metadata.license === undefined ? { word: 'no', asks: 'anybody may get it', found: 'no license is told' }
      : { word: 'yes', asks: 'anybody may get it', found: 'license ' + escapeMarkdown(metadata.license) + ' (' + escapeMarkdown(metadata.sources.get('license') ?? '') + ')' },
    commits.length === 0 ? { word: 'no', asks: 'the very version that was used can be found', found: 'no run tells a commit of its code' }
      : { word: commits.some((one) => one.isChanged) ? 'partly' : 'yes', asks: 'the very version that was used can be found', found: joinSome(commits.map((one) => escapeMarkdown(one.commit) + (one.isChanged ? ' with changes, kept in provenance/code' : '')), MOST_PATHS_NAMED) },
  ];
}

function answerFunctional(publication: Publication, evidence: Evidence): Answer[] {
  const { runs, results, inputs } = publication;
  const { names, repeats, changedResults } = evidence;
  const explained = runs.filter((one) => one.run.reason !== undefined || one.notes.outcome !== undefined || one.notes.comments.length > 0).length;
  const outside = inputs.filter((one) => one.file.path[0] === '/').map((one) => one.file.path);
  const unknown = inputs.filter((one) => one.file.hash === '?').map((one) => one.file.path);
  const unkept = listUnkeptSources(runs.map((one) => one.run));
  const sources = runs.reduce((sum, one) => sum + one.run.codeFiles.length, 0);
  const secret = runs.filter((one) => one.run.command.indexOf('\0') >= 0 || one.run.secretInputs.length > 0).length;
  const repeated = repeats.filter((one) => one.repeat !== undefined);
  const accepted = repeated.filter((one) => one.isAccepted).length;
  return [
    { word: names.readmes.length === 0 ? 'no' : 'yes', asks: 'documented: what is there and how to use it', found: names.readmes.length === 0 ? 'no README' : namePaths(names.readmes.concat(names.documents)) },
    { word: judgeShare(explained, runs.length), asks: 'documented: what each run is for', found: share(explained, runs.length, 'run') + ' with a reason, an outcome or a comment' },
    { word: judgeShare(results.length - changedResults.length, results.length), asks: 'consistent: the results are those of the recorded runs', found: share(results.length - changedResults.length, results.length, 'result') + ' as recorded now' + (changedResults.length === 0 ? '' : '; not so: ' + namePaths(changedResults)) },
    { word: outside.length + unknown.length === 0 ? 'yes' : 'partly', asks: 'complete: data', found: countThings(inputs.length, 'input') + ' that no run made, with hashes' + (outside.length === 0 ? ', all in the project' : '; outside of the project: ' + namePaths(outside)) + (unknown.length === 0 ? '' : '; content not known: ' + namePaths(unknown)) },
    { word: sources === 0 ? 'unknown' : unkept.length === 0 ? 'yes' : 'partly', asks: 'complete: code', found: sources === 0 ? 'no source was seen to be read' : unkept.length === 0 ? 'every source that was read is in version control as it was' : 'changed or not in version control when read, their content is kept with the records: ' + namePaths(unkept) },
    { word: secret === 0 ? 'yes' : 'partly', asks: 'complete: nothing is withheld', found: secret === 0 ? 'no run needs a secret' : share(secret, runs.length, 'run') + ' with a secret that the records do not hold' },
    { word: judgeShare(runs.filter((one) => one.run.status === 'succeeded').length, runs.length), asks: 'can be carried out', found: share(runs.filter((one) => one.run.status === 'succeeded').length, runs.length, 'run') + ' succeeded; provenance/Makefile and provenance/rerun.sh carry them out' },
    { word: judgeShare(accepted, runs.length), asks: 'verified by evidence', found: share(repeated.length, runs.length, 'run') + ' repeated, ' + String(accepted) + ' with the same results or within the stated tolerance, ' + String(repeated.filter((one) => one.isIdentical).length) + ' of them byte for byte' },
  ];
}

function answerReusable({ metadata, runs, environments }: Publication, { names }: Evidence): Answer[] {
  const described = runs.filter((one) => one.run.environment !== undefined && environments.has(one.run.environment)).length;
  const parameters = runs.filter((one) => one.run.parameters.length > 0).length;
  return [
    { word: 'unknown', asks: 'all that the badge Functional asks for, and with care beyond the least', found: 'above; the care is for reviewers to judge' },
    { word: metadata.license === undefined ? 'no' : 'yes', asks: 'a license that lets others build on it', found: metadata.license === undefined ? 'none is told' : escapeMarkdown(metadata.license) + '; whether it lets them, a reader knows' },
    { word: judgeShare(described, runs.length), asks: 'the software that it needs is told', found: share(described, runs.length, 'run') + ' with a recorded environment' },
    { word: judgeShare(parameters, runs.length), asks: 'what can be varied is told', found: share(parameters, runs.length, 'run') + ' with recorded parameters' },
    { word: names.tests.length === 0 ? 'no' : 'yes', asks: 'tests', found: names.tests.length === 0 ? 'no folder of tests' : namePaths(names.tests) },
    { word: names.automation.length === 0 ? 'no' : 'yes', asks: 'tests that run by themselves', found: names.automation.length === 0 ? 'nothing of the kind was found' : namePaths(names.automation) },
  ];
}

function answerReproduced({ runs }: Publication, { repeats }: Evidence): Answer[] {
  const repeated = repeats.filter((one) => one.repeat !== undefined);
  const elsewhere = repeated.filter((one) => one.repeat?.environment !== one.run.environment);
  const bad = repeated.filter((one) => !one.isAccepted).map((one) => one.run.label ?? one.run.id);
  return [
    { word: judgeShare(repeated.filter((one) => one.isAccepted).length, runs.length), asks: 'the main results were obtained again with what the authors provide', found: share(repeated.filter((one) => one.isAccepted).length, runs.length, 'run') + ' with such a repeat' + (bad.length === 0 ? '' : '; came out otherwise: ' + namePaths(bad)) },
    { word: 'unknown', asks: 'by people other than the authors', found: 'records do not tell who repeated' + (elsewhere.length === 0 ? '' : '; ' + share(elsewhere.length, repeated.length, 'repeat') + ' in another environment') },
    { word: 'unknown', asks: 'published in a paper of theirs', found: 'no record of it can be here' },
  ];
}

const REPLICATED: Answer[] = [
  { word: 'unknown', asks: 'the main results were obtained by other people, with artifacts of their own', found: 'this project cannot show it: it holds the artifacts of the authors' },
  { word: 'unknown', asks: 'published in a paper of theirs', found: 'no record of it can be here' },
];

function printBadge({ name, about, answers }: Badge): ByteString {
  return '## ' + name + '\n\n' + about + '\n\n' + answers.map((one) => '- [' + (one.word === 'yes' ? 'x' : ' ') + '] ' + one.asks + ' (**' + ANSWER_WORDS[one.word] + '**): ' + one.found + '\n').join('') + '\n';
}

/** Each badge with what it asks for and what was found, as Markdown. It awards nothing. */
export function printBadges(publication: Publication, evidence: Evidence): Exported {
  const badges: Badge[] = [
    { name: 'Artifacts Available', about: 'The artifacts are where anybody can get them for good.', answers: answerAvailable(publication) },
    { name: 'Artifacts Evaluated: Functional', about: 'The artifacts were found documented, consistent, complete and exercisable.', answers: answerFunctional(publication, evidence) },
    { name: 'Artifacts Evaluated: Reusable', about: 'More than functional: others can use them for something else.', answers: answerReusable(publication, evidence) },
    { name: 'Results Reproduced', about: 'Others came to the main results, in part with the artifacts of the authors.', answers: answerReproduced(publication, evidence) },
    { name: 'Results Replicated', about: 'Others came to the main results without the artifacts of the authors.', answers: REPLICATED },
  ];
  const { title } = publication.metadata;
  const text = '# Evidence for ACM badges' + (title === undefined ? '' : ': ' + escapeMarkdown(title)) + '\n\nWhat each badge of *Artifact Review and Badging*, version 1.1, asks for, and what the records of '
    + String(publication.runs.length) + (publication.runs.length === 1 ? ' run' : ' runs') + ' show of it. Badges are awarded by reviewers.\n\n' + badges.map(printBadge).join('');
  return oneFile('badges.md', dropAtEnd(text, '\n') + '\n', publication.metadata.doubts);
}

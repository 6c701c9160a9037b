// evidence.ts - finds what in a project speaks for it: documents, licenses, tests, repeats, results that are as recorded. Judges nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { judgeLastRepeats } from '../core/evidence.ts';
import type { Evidence, ProjectNames } from '../core/evidence.ts';
import type { Publication } from '../core/publication.ts';
import { listFolder } from './files.ts';
import { readFileStates } from './filestates.ts';
import type { Project } from './project.ts';
import { readRunOrNot } from './records.ts';

const TEST_NAMES = /^(?:tests?|testing|spec|t)$/i;
const AUTOMATION_NAMES = /^(?:\.gitlab-ci\.yml|\.travis\.yml|\.circleci|\.cirrus\.yml|\.woodpecker\.yml|Jenkinsfile|azure-pipelines\.yml|tox\.ini|noxfile\.py)$/;
const DOCUMENT_NAMES = /^(?:docs?|documentation|man|vignettes|CONTRIBUTING|CHANGES|CHANGELOG|NEWS|INSTALL)(?:\.(?:md|rst|txt))?$/i;

function readProjectNames(project: Project): ProjectNames {
  const names = listFolder(project.root).sort(compareBytes);
  const workflows = listFolder(project.root + '/.github/workflows').filter((name) => /\.ya?ml$/.test(name)).sort(compareBytes);
  return {
    readmes: names.filter((name) => /^readme(?:\.[a-z]+)?$/i.test(name)), licenses: names.filter((name) => /^(?:licen[sc]es?|copying|unlicense)(?:[.-].*)?$/i.test(name)),
    tests: names.filter((name) => TEST_NAMES.test(name)), automation: names.filter((name) => AUTOMATION_NAMES.test(name)).concat(workflows.map((name) => '.github/workflows/' + name)),
    documents: names.filter((name) => DOCUMENT_NAMES.test(name)),
  };
}

/** What is there now; results are read unless the cache knows them. */
export async function readEvidence(publication: Publication, project: Project): Promise<Evidence> {
  const now = await readFileStates(project, publication.results.map(({ file }): ByteString => file.path));
  const changedResults = publication.results.filter(({ file }) => now.stateOf(file.path)?.hash !== file.hash).map(({ file }) => file.path);
  return { names: readProjectNames(project), repeats: judgeLastRepeats(publication.runs.map((one) => one.run), publication.recorded, (id) => readRunOrNot(project, id)), changedResults };
}

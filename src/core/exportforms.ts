// exportforms.ts - the forms that rr export has, by name. Knows not how they are made.

/** In the order of the manual (docs/rr.1, EXPORTS), which has the words of each summary. */
export const EXPORT_FORMS = [
  // What was run, for programs.
  { name: 'ro-crate', summary: 'ro-crate-metadata.json: RO-Crate 1.1, Process and Workflow Run Crate 0.5' },
  { name: 'prov-json', summary: 'prov.json: W3C PROV as PROV-JSON' },
  { name: 'prov-n', summary: 'prov.provn: W3C PROV as PROV-N, to be read' },
  // What it is and who made it.
  { name: 'citation', summary: 'CITATION.cff 1.2.0: how to cite the project' },
  { name: 'codemeta', summary: 'codemeta.json 3.0: what the software is, for indexes of software' },
  { name: 'zenodo', summary: '.zenodo.json: what Zenodo is to write into a deposit' },
  // The software it ran with.
  { name: 'dockerfile', summary: 'Dockerfile: an image with the recorded packages' },
  { name: 'apt', summary: 'packages of Debian or Ubuntu with versions' },
  { name: 'conda', summary: 'environment.yml' },
  { name: 'pip', summary: 'requirements.txt' },
  { name: 'guix', summary: 'channels.scm and manifest.scm' },
  { name: 'nix', summary: 'shell.nix' },
  { name: 'binder', summary: 'binder/, for repo2docker and mybinder.org' },
  { name: 'codeocean', summary: 'a capsule of Code Ocean' },
  { name: 'spack', summary: 'spack.yaml' },
  // For a paper and its reviewers.
  { name: 'latex', summary: 'macros of LaTeX with metrics, parameters and results; --check holds a paper against them' },
  { name: 'appendix', summary: 'artifact description, evaluation and checklist of a paper, as Markdown' },
  { name: 'badges', summary: 'what the ACM badges ask for, and what here is evidence for it' },
] as const;

export type ExportName = typeof EXPORT_FORMS[number]['name'];

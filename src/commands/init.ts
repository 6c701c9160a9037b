// init.ts - rr init: sets up a project.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { readCurrentFolder, resolveLinks } from '../sys/machine.ts';
import { setUpProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { setReuse, unsetReuse } from '../sys/settings.ts';
import { tell } from '../sys/terminal.ts';
import { initialFiles } from '../views/texts.ts';

export type InitOptions = { reuse: boolean; noReuse: boolean; cache: ByteString | undefined; quiet: boolean };

/** What is set from now on; undefined if nothing was asked for. */
function settleReuse(project: Project, current: ByteString, options: InitOptions): string | undefined {
  if (options.noReuse) return unsetReuse(project) ? 'runs are not reused any more, unless asked for' : undefined;
  if (!options.reuse && options.cache === undefined) return undefined;
  setReuse(project, current, options.cache);
  return 'runs are reused from now on' + (options.cache === undefined ? '' : ', from ' + options.cache);
}

/** Makes provenance/ and .rr/ in the current folder or the one named. Says what it made. */
export function initProject(folder: ByteString | undefined, options: InitOptions): number {
  const { quiet } = options;
  if (options.noReuse && (options.reuse || options.cache !== undefined)) throw new Failure('cannot use --no-reuse with ' + (options.reuse ? '--reuse' : '--cache'), 'say one of them', EXIT.usage);
  const current = readCurrentFolder();
  const root = folder === undefined ? current : resolveLinks(folder[0] === '/' ? folder : current + '/' + folder);
  const { project, made, kept } = setUpProject(root, initialFiles());
  for (const name of kept) tell('rr: kept ' + name + ': it is not the one of this version of rr');
  const set = settleReuse(project, current, options);
  if (!quiet && set !== undefined) tell('rr: ' + set);
  if (!quiet && (made.length > 0 || set === undefined)) tell(made.length === 0 ? 'rr: nothing to do, the project is set up' : 'rr: made ' + made.join(', '));
  return 0;
}

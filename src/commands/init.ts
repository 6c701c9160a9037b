// init.ts - rr init: sets up a project.
import type { ByteString } from '../core/bytes.ts';
import { readCurrentFolder, resolveLinks } from '../sys/machine.ts';
import { setUpProject } from '../sys/project.ts';
import { tell } from '../sys/terminal.ts';
import { initialFiles } from '../views/texts.ts';

/** Makes provenance/ and .rr/ in the current folder or the one named. Says what it made. */
export function initProject(folder: ByteString | undefined, quiet: boolean): number {
  const current = readCurrentFolder();
  const root = folder === undefined ? current : resolveLinks(folder[0] === '/' ? folder : current + '/' + folder);
  const { made, kept } = setUpProject(root, initialFiles());
  for (const name of kept) tell('rr: kept ' + name + ': it is not the one of this version of rr');
  if (!quiet) tell(made.length === 0 ? 'rr: nothing to do, the project is set up' : 'rr: made ' + made.join(', '));
  return 0;
}

// editor.ts - a text given to the editor of the person at the terminal. Knows not what is in it.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { createFile, readBytesIfThere, toText } from './files.ts';
import { childProcess } from './node.ts';

/**
 * The text as it is after $VISUAL, else $EDITOR, else vi has ended. The file `name`, which must not
 * be there, is left for the caller to remove. Throws Failure if the editor fails.
 */
export function editText(name: ByteString, text: ByteString): ByteString {
  if (!createFile(name, text, 0o600)) throw new Failure('cannot edit "' + name + '": it is there already', 'remove it');
  const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
  const editor = [process.env.VISUAL, process.env.EDITOR].find(isSet) ?? 'vi';
  // The keyboard's interrupt is for the editor, as long as it has the terminal.
  const ignore = (): void => undefined;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, ignore);
  // The value is shell source, as for git and others: "code --wait", "vim -c 'set tw=72'".
  const done = childProcess().spawnSync('/bin/sh', ['-c', editor + ' "$@"', editor, toText(name)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.removeListener(signal, ignore);
  if (done.status !== 0) {
    const how = done.error !== undefined ? 'it could not be started' : done.signal !== null ? 'ended by ' + done.signal : 'exit status ' + String(done.status);
    throw new Failure('cannot edit: the editor "' + editor + '" failed: ' + how + '; nothing is noted', 'set VISUAL or EDITOR');
  }
  return readBytesIfThere(name) ?? '';
}

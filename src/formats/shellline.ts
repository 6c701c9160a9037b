// shellline.ts - one command as a line for a shell that runs many, without harm to the shell or the command. Runs nothing.
//
// The command replaces a copy of the shell: "( ... exec NAME ... )". exec finds a program by PATH as
// execvp(3) does, and no builtin, function or alias; whatever it does, and all that stands before it in
// the parentheses, ends with the copy. What a trap of the shell catches a copy has as it was (POSIX.1-2017,
// Shell Command Language, 2.12).
import type { ByteString } from '../core/bytes.ts';
import { quoteWord } from './shell.ts';

/** Where a stream of the command goes. A FIFO is opened so that this never waits, even if nobody reads it any more. */
export type LineStream = { name: ByteString; how: 'fifo' | 'write' | 'append' };

/** A command as a line has it. */
export type LineCommand = {
  argv: ByteString[];
  /** Absolute; undefined: where the shell is. */
  folder: ByteString | undefined;
  /** Variables to set, and (undefined) to unset; names are those of shells. */
  variables: Map<string, ByteString | undefined>;
  /** undefined: /dev/null. */
  stdin: ByteString | undefined;
  stdout: LineStream;
  stderr: LineStream | 'stdout';
};

function printRedirect(descriptor: string, stream: LineStream, spare: string): ByteString {
  const name = quoteWord(stream.name);
  // Opened for reading and writing a FIFO needs nobody at its other end (Linux, fifo(7)); then for
  // writing alone, as the command is to have it.
  if (stream.how === 'fifo') return ' ' + spare + '<>' + name + ' ' + descriptor + '>' + name;
  return ' ' + descriptor + (stream.how === 'append' ? '>>' : '>') + name;
}

/** Can a shell be told to set a variable of this name? */
export function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/**
 * The subshell that becomes the command; its status is that of the command. `spare`: a digit that is no
 * descriptor of the command.
 */
export function printLineCommand(command: LineCommand, spare = '8'): ByteString {
  const { argv, folder, variables, stdin, stdout, stderr } = command;
  let text = '(';
  let before = '';
  if (folder !== undefined) before += 'cd -P -- ' + quoteWord(folder) + ' && unset OLDPWD || exit 126;';
  for (const [name, value] of variables) before += value === undefined ? 'unset ' + name + ';' : 'export ' + name + '=' + quoteWord(value) + ';';
  text += before + 'exec ' + argv.map(quoteWord).join(' ');
  // Within the parentheses: some shells say of a command that was killed what they say to where it is redirected.
  text += ' <' + (stdin === undefined ? '/dev/null' : quoteWord(stdin));
  text += printRedirect('1', stdout, spare);
  text += stderr === 'stdout' ? ' 2>&1' : printRedirect('2', stderr, spare);
  const hasSpare = stdout.how === 'fifo' || (stderr !== 'stdout' && stderr.how === 'fifo');
  return text + (hasSpare ? ' ' + spare + '<&-' : '') + ')';
}

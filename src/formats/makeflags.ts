// makeflags.ts - what MAKEFLAGS says of a make's jobserver (GNU make 4.4, "POSIX Jobserver Interaction"). Opens nothing.

/** Where the tokens of a jobserver are: two descriptors of a pipe, or a FIFO. */
export type JobserverPlace = { kind: 'pipe'; read: number; write: number } | { kind: 'fifo'; name: string };

/** The words of MAKEFLAGS; a backslash quotes a character. Definitions of variables, after "--", are none. */
function splitMakeflags(text: string): string[] {
  const words: string[] = [];
  for (const part of text.match(/(?:[^\s\\]|\\[^])+/g) ?? []) {
    if (part === '--') break;
    words.push(part.replace(/\\([^])/g, '$1'));
  }
  return words;
}

/** The jobserver of the make that rr runs in; undefined if it has none. Before 4.2 the option was --jobserver-fds. */
export function parseJobserver(makeflags: string | undefined): JobserverPlace | undefined {
  let found: JobserverPlace | undefined;
  for (const word of splitMakeflags(makeflags ?? '')) {
    const pipe = /^--jobserver-(?:auth|fds)=(\d{1,9}),(\d{1,9})$/.exec(word);
    const fifo = /^--jobserver-auth=fifo:(.+)$/.exec(word);
    // Of several the last one counts. GNU make says -2,-2 where it has taken it back.
    if (/^--jobserver-(?:auth|fds)=/.test(word)) found = undefined;
    if (pipe !== null) found = { kind: 'pipe', read: Number(pipe[1]), write: Number(pipe[2]) };
    else if (fifo !== null) found = { kind: 'fifo', name: fifo[1] };
  }
  return found;
}

/** MAKEFLAGS that offers a jobserver to a make: the older spelling first, as a make takes the last one that it knows. */
export function printJobserver(slots: number, place: JobserverPlace): string {
  if (place.kind === 'fifo') return ' -j' + String(slots) + ' --jobserver-auth=fifo:' + place.name.replace(/[\s\\$]/g, '\\$&');
  const descriptors = String(place.read) + ',' + String(place.write);
  return ' -j' + String(slots) + ' --jobserver-fds=' + descriptors + ' --jobserver-auth=' + descriptors;
}

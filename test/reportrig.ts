// reportrig.ts - projects for the tests of rr report: one as people have it, one full of hostile texts, one of very many runs.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { makeTemporary, rr, run } from './rig.ts';

// 8 x 8 pixels, grey.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAFklEQVR4nGNkYGD4z8DAwMDEAAUwBgAKFwEHh3tYCAAAAABJRU5ErkJggg==';

const CLEAN = '#!/bin/sh\n# Drops what was not measured.\ngrep -v NA data/raw.csv > data/clean.csv\nwc -l < data/clean.csv\n';

const TRAIN = `#!/bin/sh
# train.sh RATE DEPTH FOLDER
mkdir -p "$3"
echo "fitting with rate $1, depth $2" >&2
awk -v rate="$1" -v depth="$2" -v out="$3" -F, 'NR > 1 { sum += $2; n += 1 } END {
  if (rate > 0.6) { print "diverged: loss is nan" > "/dev/stderr"; exit 3 }
  points = ""
  for (step = 1; step <= 40; step++) {
    loss = 0.08 + 0.9 * exp(-step * rate / 4) / depth + 0.02 * sin(step * depth) / step
    printf "loss: %.5f\\n", loss
    points = points (step * 5) "," (10 + 90 * loss) " "
    printf "%d,%.5f\\n", step, loss > (out "/loss.csv")
  }
  printf "{\\"loss\\": %.5f, \\"accuracy\\": %.4f}\\n", loss, 1 - loss * 0.7 > (out "/metrics.json")
  print "<svg xmlns=\\"http://www.w3.org/2000/svg\\" viewBox=\\"0 0 220 120\\" width=\\"440\\" height=\\"240\\"><rect width=\\"220\\" height=\\"120\\" fill=\\"white\\"/><polyline fill=\\"none\\" stroke=\\"#0068a8\\" points=\\"" points "\\"/></svg>" > (out "/loss.svg")
}' data/clean.csv
`;

function must(folder: string, args: string[], status = 0, author = 'A. Author'): void {
  const done = rr(folder, args, { env: { RR_AUTHOR: author } });
  assert.equal(done.status, status, args.join(' ') + ': ' + done.stderr);
}

/** Cleaning, a sweep of fits of which some fail, a summary with a picture, notes, a repeat; code with changes. */
export function makeReportProject(): string {
  const folder = makeTemporary();
  const put = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  };
  let raw = 'time,value,note\n';
  for (let i = 0; i < 120; i++) raw += String(i) + ',' + (i % 9 === 4 ? 'NA' : (Math.sin(i / 7) * 3 + 5).toFixed(3)) + (i % 20 === 0 ? ',"checked, twice"\n' : ',\n');
  put('data/raw.csv', raw);
  put('clean.sh', CLEAN);
  put('train.sh', TRAIN.replace('# train.sh RATE DEPTH FOLDER\n', ''));
  put('figure.b64', PNG + '\n');
  run(folder, ['sh', '-c', 'git init -q -b main . && git add . && git -c user.name=A -c user.email=a@example.org commit -qm first']);
  put('train.sh', TRAIN);
  must(folder, ['init', '-q']);
  must(folder, ['record', '-q', '-l', 'clean', '-m', 'Drop what was not measured', '-t', 'figure-2', '-i', 'data/raw.csv', '-o', 'data/clean.csv', '--', 'sh', 'clean.sh']);
  must(folder, ['sweep', '-l', 'rates', '-p', 'rate=0.05,0.1,0.2,0.4,0.8', '-p', 'depth=1..3', '-m', 'How fast does it settle?', '-i', 'data/clean.csv', '-o', 'fits/{n}', '--metrics', 'fits/{n}/metrics.json', '-q', '--',
    'sh', 'train.sh', '{rate}', '{depth}', 'fits/{n}'], 1);
  must(folder, ['record', '-q', '-l', 'summary', '-m', 'The figure of the paper', '-t', 'figure-2', '-o', 'figures', '--', 'mkdir -p figures; cat fits/*/loss.csv | sort -n > figures/all.csv; base64 -d figure.b64 > figures/grey.png']);
  must(folder, ['note', '--outcome', 'Settles for every rate below 0.6', 'summary', 'As in the draft of the second version.\nDepth 2 is enough.']);
  must(folder, ['rerun', '-q', 'clean']);
  return folder;
}

/** Texts that would be markup, script, or turn the direction of writing, if anything let them. */
export const HOSTILE = ['<script>alert(1)</script>', '</title><img src=x onerror=alert(2)>', '--><!--', ']]>', '"\' onmouseover=alert(3) x="', '\u202egpj.exe', '&lt;b&gt;&amp;', '</script><script>alert(4)//', '\u0007\u001b[31m', '${alert(5)}`'];

/** A run whose every text is hostile; its files, too. */
export function makeHostileProject(): string {
  const folder = makeTemporary();
  must(folder, ['init', '-q']);
  const all = HOSTILE.join(' ');
  const name = 'out<script>alert(6)<\u202e"\'.csv';
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(7)" width="9" height="9"><script>alert(8)</script><image href="https://example.org/x.png"/></svg>';
  const words = ['record', '-q', '-l', '<b>"l\'&', '-m', all, '-p', 'p=' + all, '--metrics', 'm.json', '-o', name, '-o', 'x.svg', '-o', 'm.json', '--',
    'sh', '-c', 'printf "%s" "$1"; printf "%s" "$1" >&2; printf "a,b\\n%s,2\\n" "<script>alert(10)</script>" > "$2"; printf "%s" "$3" > x.svg; printf "%s" "$4" > m.json', 'sh', all, name, svg, JSON.stringify({ '<i>m</i>': '</script><b>' })];
  for (const tag of HOSTILE.slice(0, 5)) words.splice(2, 0, '-t', tag.replace(/ /g, '_'));
  must(folder, words);
  must(folder, ['note', '--outcome', all, '@', all], 0, '"&amp; onload="alert(9)');
  return folder;
}

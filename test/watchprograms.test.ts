// watchprograms.test.ts - real programs under the tracer: the record agrees with an independent reader of
// all their system calls, and the generated Makefile makes the results again in a copy.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'path';
import { CLEAN_ENV, listRecords, makeTemporary, rr, run, startProgram } from './rig.ts';
import { copyProject, hashAll, kindAndPath, missingOf, PYTHON, shell, traceArguments, readTraced } from './watchrig.ts';
import type { Traced } from './watchrig.ts';

const READER = path.resolve(__dirname, '..', '..', '..', 'test', 'straceff.py');

type Told = { read: string[]; opened: string[]; written: string[]; folders: string[]; removed: string[]; absent: string[]; status: number };

type Program = {
  name: string;
  needs: string[];
  setup: string;
  /** A script for sh, in the project. */
  script: string;
  /** Some of what must be among them, by hand: the reader might be as blind as rr. */
  inputs: string[];
  outputs: string[];
  env?: NodeJS.ProcessEnv;
  /** What a folder for caches needs before the run. */
  warmUp?: string;
  /** Run in the fresh copy: takes away what a copy by git, say, would not have. */
  strip?: string;
};

/** For what hangs. */
const LONGEST_MS = 60000;

/** Runs it in two copies of a folder: in one recorded by rr, in the other watched by the reader. */
async function watchTwice(program: Program): Promise<{ folder: string; traced: Traced; told: Told; env: NodeJS.ProcessEnv }> {
  const folder = copyProject();
  const home = makeTemporary();
  const env = { ...CLEAN_ENV, HOME: home, LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: '1700000000', ...program.env };
  const ready = run(folder, ['sh', '-ec', program.setup + '\n' + (program.warmUp ?? '')], { env });
  assert.equal(ready.status, 0, ready.stderr);
  const copy = makeTemporary();
  shell(folder, "cp -a . '" + copy + "'");
  const command = ['sh', '-c', program.script];
  const started = [startProgram(folder, traceArguments().concat(command), { env }), startProgram(copy, [PYTHON, '-B', READER, copy].concat(command), { env })];
  const limit = setTimeout(() => started.forEach(({ child }) => child.kill('SIGKILL')), LONGEST_MS);
  const [done, seen] = await Promise.all(started.map(({ ended }) => ended));
  clearTimeout(limit);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(seen.status, 0, seen.stderr);
  const told = JSON.parse(seen.stdout) as Told;
  assert.equal(told.status, 0, seen.stderr);
  return { folder, traced: readTraced(folder, listRecords(folder)[0], done), told, env };
}

/** Names that differ from run to run: temporary files of programs. */
function isInside(name: string): boolean {
  return name[0] !== '/';
}

function compare(program: Program, traced: Traced, told: Told): void {
  const inputs = traced.inputs.filter((file) => file.kind !== 'l' && isInside(file.path)).map(kindAndPath);
  const opened = new Set(told.read.concat(told.opened));
  assert.deepEqual(told.read.filter((name) => inputs.indexOf(name) < 0), [], 'bytes were read, and it is no input');
  assert.deepEqual(inputs.filter((name) => !opened.has(name)), [], 'it is an input, and was not opened');
  assert.deepEqual(program.inputs.filter((name) => inputs.indexOf(name) < 0), [], 'known by hand, and no input');
  const outputs = traced.outputs.filter((file) => isInside(file.path)).map((file) => file.path).sort();
  assert.deepEqual(outputs, told.written.concat(told.folders).sort(), 'outputs');
  assert.deepEqual(program.outputs.filter((name) => outputs.indexOf(name) < 0), [], 'known by hand, and no output');
  assert.deepEqual(traced.removed.filter(isInside).sort(), told.removed, 'removed');
  assert.deepEqual(traced.absent.slice().sort(), told.absent, 'absent');
}

/** In a fresh copy without the results, make gives the same bytes, and make verify agrees. */
function rebuild(folder: string, traced: Traced, env: NodeJS.ProcessEnv, strip = ''): void {
  const copy = makeTemporary();
  shell(folder, "cp -a . '" + copy + "'; rm -rf '" + copy + "/.rr'");
  shell(copy, strip);
  const results = traced.outputs.filter((file) => isInside(file.path));
  assert.ok(results.length > 0, 'it has results');
  for (const file of results) run(copy, ['rm', '-rf', '--', file.path]);
  const made = run(copy, ['make', '-f', 'provenance/Makefile'], { env });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const before = hashAll(folder);
  const after = hashAll(copy);
  for (const file of results.filter(({ kind }) => kind !== 'd')) assert.equal(after.get(file.path), before.get(file.path), 'made again: ' + file.path);
  const verified = run(copy, ['make', '-f', 'provenance/Makefile', 'verify'], { env });
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  const asked = rr(folder, ['verify', '-q'], { env });
  assert.equal(asked.status, 0, asked.stdout + asked.stderr);
}

// ---- a C project ------------------------------------------------------------------------------------

const MODULES = Array.from({ length: 32 }, (_, i) => 'part' + String(i));

/** Each part has its header, which includes the next one's and a common one. */
function makeSources(): string {
  const lines = ['mkdir src include obj', 'printf "#define COMMON 1\\n" > include/common.h', 'printf "#include \\"never.h\\"\\n" > include/unused.h'];
  MODULES.forEach((name, i) => {
    const next = i % 4 < 3 ? '#include \\"' + MODULES[i + 1] + '.h\\"\\n' : '';
    lines.push('printf "#include \\"common.h\\"\\n' + next + 'int ' + name + '(void);\\n" > include/' + name + '.h');
    lines.push('printf "#include \\"' + name + '.h\\"\\nint ' + name + '(void) { return COMMON + ' + String(i) + '; }\\n" > src/' + name + '.c');
  });
  lines.push('{ ' + MODULES.map((name) => 'printf "#include \\"' + name + '.h\\"\\n"').join('; ') + '; printf "#include <stdio.h>\\nint main(void) { return printf(\\"%%d\\\\\\\\n\\", ' + MODULES.map((name) => name + '()').join(' + ') + ') < 0; }\\n"; } > src/main.c');
  const objects = MODULES.concat('main').map((name) => 'obj/' + name + '.o').join(' ');
  lines.push("printf 'OBJECTS = " + objects + "\\nprog: $(OBJECTS)\\n\\t$(CC) -o $@ $(OBJECTS)\\nobj/%%.o: src/%%.c\\n\\t$(CC) -O1 -Iinclude -c -o $@ $<\\n' > Makefile");
  return lines.join('\n');
}

const C_PROJECT: Program = {
  name: 'make and cc, 33 sources', needs: ['make', 'cc'], setup: makeSources(), script: 'make -s -j2 && ./prog > out',
  inputs: ['Makefile', 'include/common.h', 'src/main.c'].concat(MODULES.map((name) => 'src/' + name + '.c'), MODULES.map((name) => 'include/' + name + '.h')),
  outputs: ['prog', 'out', 'obj/main.o'].concat(MODULES.map((name) => 'obj/' + name + '.o')),
};

/** Who wrote each object: the assembler, once. */
function checkObjects(traced: Traced): void {
  const writers = new Map<string, number>();
  for (const one of traced.processes) for (const name of one.wrote) writers.set(name, (writers.get(name) ?? 0) + 1);
  for (const name of C_PROJECT.outputs) assert.equal(writers.get(name), 1, name + ' is made once');
  assert.equal(traced.inputs.filter((file) => file.path === 'include/unused.h').length, 0, 'a header that nothing includes is no input');
  for (const name of MODULES) {
    const compilers = traced.processes.filter((one) => one.read.indexOf('src/' + name + '.c') >= 0);
    assert.equal(compilers.length, 1, 'src/' + name + '.c is compiled once');
    assert.ok(compilers[0].read.indexOf('include/' + name + '.h') >= 0 && compilers[0].read.indexOf('include/common.h') >= 0, 'with its headers');
  }
}

test('record make and cc, 33 sources: every header is an input, every object is made once', { skip: missingOf(PYTHON, ...C_PROJECT.needs), timeout: 120000 }, async () => {
  const { folder, traced, told, env } = await watchTwice(C_PROJECT);
  compare(C_PROJECT, traced, told);
  checkObjects(traced);
  rebuild(folder, traced, env);
});

// ---- programs ---------------------------------------------------------------------------------------

const PLOT_PY = `
import numpy
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plot
import helper
data = numpy.loadtxt("data.csv", delimiter=",")
plot.plot(data[:, 0], helper.double(data[:, 1]))
plot.savefig("figure.png", metadata={"Software": None})
`;

const PROGRAMS: Program[] = [
  {
    name: 'Python with numpy and matplotlib', needs: [PYTHON, '/usr/lib/python3/dist-packages/numpy', '/usr/lib/python3/dist-packages/matplotlib'],
    setup: "cat > plot.py <<'END'" + PLOT_PY + "END\nprintf 'def double(x):\\n    return 2 * x\\n' > helper.py; printf '1,2\\n2,4\\n3,9\\n' > data.csv",
    warmUp: PYTHON + ' plot.py; rm -rf figure.png __pycache__', script: PYTHON + ' plot.py', inputs: ['plot.py', 'helper.py', 'data.csv'], outputs: ['figure.png'],
  },
  {
    name: 'Rscript with a plot', needs: ['Rscript'],
    setup: "printf 'x <- read.csv(\"data.csv\")\\nsource(\"helper.R\")\\nsvg(\"plot.svg\")\\nplot(x$a, double(x$b))\\ninvisible(dev.off())\\nwrite.csv(summary(x), \"summary.csv\")\\n' > plot.R; printf 'double <- function(x) 2 * x\\n' > helper.R; printf 'a,b\\n1,2\\n2,4\\n3,9\\n' > data.csv",
    script: 'Rscript plot.R', inputs: ['plot.R', 'helper.R', 'data.csv'], outputs: ['plot.svg', 'summary.csv'],
  },
  {
    name: 'gnuplot', needs: ['gnuplot'], setup: "printf 'set terminal svg\\nset output \"plot.svg\"\\nload \"style.gp\"\\nplot \"data.txt\" with lines\\n' > plot.gp; printf 'set grid\\n' > style.gp; printf '1 2\\n2 4\\n3 9\\n' > data.txt",
    script: 'gnuplot plot.gp', inputs: ['plot.gp', 'style.gp', 'data.txt'], outputs: ['plot.svg'],
  },
  {
    name: 'pdflatex', needs: ['pdflatex'], env: { FORCE_SOURCE_DATE: '1', TZ: 'UTC' },
    setup: "mkdir parts; printf '%s\\n' '\\documentclass{article}\\usepackage{mine}\\begin{document}\\tableofcontents\\input{parts/one}\\include{two}\\end{document}' > doc.tex; printf '%s\\n' '\\ProvidesPackage{mine}' > mine.sty; printf '%s\\n' '\\section{One}\\label{one} See \\ref{one}.' > parts/one.tex; printf '%s\\n' '\\section{Two} Text.' > two.tex",
    script: 'pdflatex -interaction=batchmode doc > /dev/null && pdflatex -interaction=batchmode doc > /dev/null && rm doc.log', inputs: ['doc.tex', 'mine.sty', 'parts/one.tex', 'two.tex'], outputs: ['doc.pdf', 'doc.aux', 'doc.toc', 'two.aux'],
  },
  {
    name: 'tar', needs: ['tar', 'gzip'], setup: 'mkdir -p d/e new; printf 1 > d/one; printf 2 > d/e/two; ln -s one d/link; printf 3 > three; tar czf old.tar.gz three',
    script: 'tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf d.tar.gz d && tar -xzf old.tar.gz -C new', inputs: ['d/one', 'd/e/two', 'old.tar.gz'], outputs: ['d.tar.gz', 'new/three'],
  },
  {
    name: 'git', needs: ['git'], env: { GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z', GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z', GIT_CONFIG_NOSYSTEM: '1' }, setup: 'mkdir repo; printf 1 > repo/one; printf 2 > repo/two; printf "*.o\\n" > repo/.gitignore',
    script: 'cd repo && git init -q -b main . && git add . && git -c user.name=n -c user.email=e commit -qm first && git log --stat > ../log.txt && git show HEAD:one > copy', strip: 'rm -rf repo/.git', inputs: ['repo/one', 'repo/two', 'repo/.gitignore'], outputs: ['log.txt', 'repo/copy'],
  },
  {
    name: 'sqlite3', needs: ['sqlite3'], setup: "printf 'a,b\\n1,2\\n3,4\\n' > data.csv; printf 'SELECT sum(a), sum(b) FROM data;\\n' > query.sql",
    script: "sqlite3 data.db '.mode csv' '.import data.csv data' && sqlite3 data.db < query.sql > sums.txt", inputs: ['data.csv', 'query.sql'], outputs: ['data.db', 'sums.txt'],
  },
  {
    name: 'GNU parallel', needs: ['parallel'], setup: 'mkdir in out; for i in 1 2 3 4 5 6; do printf "b\\na$i\\n" > in/$i.txt; done; mkdir -p "$HOME/.parallel"; : > "$HOME/.parallel/will-cite"',
    script: "parallel -j4 'sort {} > out/{/.}.sorted' ::: in/*.txt", inputs: ['in/1.txt', 'in/6.txt'], outputs: ['out/1.sorted', 'out/6.sorted'],
  },
];

for (const program of PROGRAMS) {
  test('record ' + program.name + ': the record agrees with an independent reader, and make gives the results again', { skip: missingOf(PYTHON, 'make', ...program.needs), timeout: 120000 }, async () => {
    const { folder, traced, told, env } = await watchTwice(program);
    compare(program, traced, told);
    rebuild(folder, traced, env, program.strip);
  });
}

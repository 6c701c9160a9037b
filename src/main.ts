// main.ts - starts rr: dispatches the verb, catches, prints, exits.
import type { ByteString } from './core/bytes.ts';
import { EXIT, Failure } from './core/failure.ts';
import { RR_VERSION } from './core/version.ts';
import { COMPLETION_SHELLS } from './core/verbspec.ts';
import { parseArguments, printOverview, printVerbHelp, VERBS } from './cli.ts';
import type { ParsedArguments } from './cli.ts';
import { archiveProject } from './commands/archive.ts';
import { workAtClusterJob } from './commands/clusterjob.ts';
import { diffRuns } from './commands/diff.ts';
import { freeSpace } from './commands/gc.ts';
import { exportRecords } from './commands/export.ts';
import { writeReport } from './commands/report.ts';
import { initProject } from './commands/init.ts';
import { printJournal } from './commands/journal.ts';
import { listRuns } from './commands/list.ts';
import { makeTargets } from './commands/make.ts';
import { rebuildMakefile } from './commands/makefile.ts';
import { noteRun } from './commands/note.ts';
import { recordRun } from './commands/record.ts';
import { rerunRuns } from './commands/rerun.ts';
import { showRuns } from './commands/show.ts';
import { signProject } from './commands/sign.ts';
import { showStatus } from './commands/status.ts';
import { runSweep } from './commands/sweep.ts';
import { printSwhids } from './commands/swhid.ts';
import type { SwhidOptions } from './commands/swhid.ts';
import { verifyProject } from './commands/verify.ts';
import { explainFile } from './commands/why.ts';
import { isForbidden, lstatIfThere, toBytes } from './sys/files.ts';
import { readArgumentBytes } from './sys/machine.ts';
import { describeSystemError } from './sys/project.ts';
import { surviveHangup } from './sys/signals.ts';
import { restoreOwnVariables } from './sys/spawnwords.ts';
import { letGoOfTerminal, printOut, tell } from './sys/terminal.ts';
import { isStepWorker, serveAsWorker } from './sys/workers.ts';
import { printCompletion } from './views/completion.ts';

function showHelp(parsed: ParsedArguments): number {
  const shell = COMPLETION_SHELLS.find((one) => one === parsed.values.get('completion')?.[0]);
  if (shell !== undefined) {
    printOut(printCompletion(shell, VERBS));
    return 0;
  }
  const name = parsed.verb.name === 'help' ? parsed.operands[0] : parsed.verb.name;
  if (name === undefined) printOut(printOverview(RR_VERSION));
  else printOut(printVerbHelp(parseArguments([name, '--help']).verb));
  return 0;
}

function readSwhidOptions({ values }: ParsedArguments): SwhidOptions {
  const all = (name: string): ByteString[] => values.get(name) ?? [];
  const one = (name: string): ByteString | undefined => values.get(name)?.[0];
  return {
    project: one('project'), revisions: all('revision'), releases: all('release'), snapshot: values.has('snapshot'), tracked: values.has('tracked'), link: values.has('link'),
    core: values.has('core'), check: one('check'), origin: one('origin'), visit: one('visit'), lines: one('lines'), bytes: one('bytes'), quiet: values.has('quiet'),
  };
}

async function dispatch(parsed: ParsedArguments): Promise<number> {
  const all = (name: string): ByteString[] => parsed.values.get(name) ?? [];
  const one = (name: string): ByteString | undefined => parsed.values.get(name)?.[0];
  const has = (name: string): boolean => parsed.values.has(name);
  const project = one('project');
  if (has('help')) return showHelp(parsed);
  switch (parsed.verb.name) {
    case 'init': return initProject(parsed.operands[0], { reuse: has('reuse'), noReuse: has('no-reuse'), cache: one('cache'), quiet: has('quiet') });
    case 'record': return recordRun({
      argv: parsed.command, project, label: one('label'), reason: one('reason'), tags: all('tag'), inputs: all('input'),
      outputs: all('output'), parameters: all('param'), metrics: all('metrics'), metricsFrom: all('metrics-from'), variables: all('variable'), timeout: one('timeout'), trace: one('trace'),
      cpus: one('cpus'), memory: one('memory'), time: one('time'), partition: one('partition'), plan: one('plan'), force: has('force'),
      requireClean: has('require-clean'), noLogs: has('no-logs'), quiet: has('quiet'), json: has('json'), printId: has('print-id'),
      reuse: { isAsked: has('reuse'), isRefused: has('no-reuse'), cache: one('cache'), hasEnvironment: has('environment') },
    });
    case 'list': return listRuns({
      project, labels: all('label'), tags: all('tag'), statuses: all('status'), since: one('since'), until: one('until'),
      parameters: all('param'), metrics: all('metric'), grep: one('grep'), sweep: one('sweep'), made: all('made'), used: all('used'), sort: one('sort'), last: one('last'),
      columns: one('columns'), full: has('full'), styles: ['json', 'csv', 'latex', 'sh'].filter(has),
    });
    case 'sweep': return runSweep({
      argv: parsed.command, project, label: one('label'), reason: one('reason'), tags: all('tag'), parameters: all('param'), each: all('each'), from: one('from'),
      random: one('random'), seed: one('seed'), isZipped: has('zip'), writes: all('write'), inputs: all('input'), outputs: all('output'), metrics: all('metrics'), metricsFrom: all('metrics-from'), variables: all('variable'),
      timeout: one('timeout'), trace: one('trace'), cpus: one('cpus'), memory: one('memory'), time: one('time'), partition: one('partition'), jobs: one('jobs'), load: one('load'),
      retries: one('retries'), on: one('on'), wait: has('wait'), pack: one('pack'), sbatchOptions: all('sbatch-option'), dryRun: has('dry-run'), failFast: has('fail-fast'), force: has('force'),
      reuse: { isAsked: has('reuse'), isRefused: has('no-reuse'), cache: one('cache'), hasEnvironment: has('environment') }, prune: has('prune'), yes: has('yes'), quiet: has('quiet'),
    });
    case 'show': return showRuns(parsed.operands, {
      project, json: has('json'), raw: has('raw'), logs: has('logs'), processes: has('processes'), files: has('files'),
      environment: has('environment'), all: has('all'), plots: all('plot'), isLog: has('log'), isPlain: has('ascii'),
    });
    case 'rerun': return rerunRuns(parsed.operands, {
      project, inPlace: has('in-place'), settings: all('set'), label: one('label'), reason: one('reason'), since: one('since'), all: has('all'),
      onto: one('onto'), dryRun: has('dry-run'), accept: one('accept'), tolerances: all('tolerance'), explain: has('explain'), vary: has('vary'), full: has('full'),
      force: has('force'), json: has('json'), quiet: has('quiet'),
    });
    case 'note': return noteRun(parsed.operands, {
      project, label: one('label'), tags: all('tag'), untags: all('untag'), reason: one('reason'), outcome: one('outcome'), comments: all('comment'),
      tolerances: all('tolerance'), edit: one('edit'), remove: all('remove'), editor: has('editor'), all: has('all'), quiet: has('quiet'),
    });
    case 'journal': return printJournal(parsed.operands, {
      project, labels: all('label'), tags: all('tag'), statuses: all('status'), since: one('since'), until: one('until'),
      all: has('all'), markdown: has('markdown'), org: has('org'), html: has('html'),
    });
    case 'why':
    case 'used': return explainFile(parsed.operands[0], {
      project, isDown: has('down') || parsed.verb.name === 'used', depth: one('depth'), all: has('all'), dot: has('dot'), svg: has('svg'), json: has('json'),
    });
    case 'status': return showStatus(parsed.operands, { project, environment: has('environment'), all: has('all'), json: has('json'), quiet: has('quiet') });
    case 'diff': return diffRuns(parsed.operands, { project, origin: one('origin'), all: has('all'), json: has('json') });
    case 'verify': return verifyProject(parsed.operands, { project, quick: has('quick'), signer: one('signer'), quiet: has('quiet') });
    case 'sign': return signProject({ project, key: one('key'), signer: one('as'), quiet: has('quiet') });
    case 'gc': return freeSpace({ project, older: one('older'), size: one('size'), keep: all('keep'), cache: one('cache'), aside: has('aside'), dryRun: has('dry-run'), quiet: has('quiet') });
    case 'export': return exportRecords(parsed.operands[0], parsed.operands.slice(1), { project, settings: all('set'), output: one('output'), all: has('all'), check: one('check'), macros: one('macros'), paper: one('paper'), force: has('force'), quiet: has('quiet') });
    case 'archive': return archiveProject(parsed.operands[0], {
      project, name: one('name'), includes: all('include'), excludes: all('exclude'), maxSize: one('max-size'), allowChanged: has('allow-changed'),
      dryRun: has('dry-run'), force: has('force'), quiet: has('quiet'),
    });
    case 'swhid': return printSwhids(parsed.operands, readSwhidOptions(parsed));
    case 'report': return writeReport(parsed.operands, { project, output: one('output'), maxSize: one('max-size'), oneFile: has('one-file'), force: has('force'), quiet: has('quiet') });
    case 'make': return makeTargets(parsed.operands, {
      project, jobs: one('jobs'), keepGoing: has('keep-going'), dryRun: has('dry-run'), why: has('why'), force: has('force'), down: all('down'), retries: one('retries'),
      timeout: one('timeout'), environment: has('environment'), reuse: has('reuse'), noReuse: has('no-reuse'), cache: one('cache'), load: one('load'), memory: one('memory'), on: one('on'), wait: has('wait'), pack: one('pack'),
      sbatchOptions: all('sbatch-option'), cpus: one('cpus'), time: one('time'), partition: one('partition'), json: has('json'), quiet: has('quiet'),
    });
    case 'makefile': return rebuildMakefile(project, { isPrinted: has('print'), isCheck: has('check'), quiet: has('quiet') });
    default: return showHelp(parsed);
  }
}

async function run(argv: ByteString[]): Promise<number> {
  if (argv.length === 0) {
    tell('rr: no verb; one of ' + VERBS.map((verb) => verb.name).join(', '));
    return EXIT.usage;
  }
  if (argv[0] === '--version' || argv[0] === '-V') {
    printOut('rr ' + RR_VERSION + '\n');
    return 0;
  }
  if (argv[0] === '--cluster-job') return workAtClusterJob(argv.slice(1));
  return dispatch(parseArguments(argv[0] === '--help' || argv[0] === '-h' ? ['help'] : argv));
}

/** Everything that goes wrong ends here: what a user can meet in one line or two, a mistake of rr's with its trace. */
function explain(error: unknown): number {
  if (error instanceof Failure) {
    tell('rr: ' + error.message);
    if (error.hint !== '') tell('rr: hint: ' + error.hint);
    return error.exitStatus;
  }
  if ((error as { code?: unknown }).code !== undefined && (error as { syscall?: unknown }).syscall !== undefined) {
    const path = (error as { path?: unknown }).path;
    tell('rr: cannot ' + String((error as { syscall?: unknown }).syscall).replace('scandir', 'list').replace('uv_cwd', 'tell the current folder') + (path === undefined ? '' : ' "' + toBytes(String(path)) + '"') + ': ' + describeSystemError(error));
    if (isForbidden(error) && path !== undefined && lstatIfThere(toBytes(String(path))) !== undefined) tell('rr: hint: see who may: ls -ld on it');
    return EXIT.failed;
  }
  tell('rr: internal error, please report it');
  for (const line of toBytes(String((error as Error).stack ?? error)).split('\n')) tell(line);
  return EXIT.failed;
}

// process.exit and not the end of the event loop: a background process of the command may still
// hold a pipe open. All output has been written by then, as rr writes synchronously.
restoreOwnVariables();
surviveHangup(false);
const done = isStepWorker() ? serveAsWorker().catch(explain).then(() => 0) : run(readArgumentBytes(process.argv.length - 2)).catch(explain);
void done.then((status) => {
  letGoOfTerminal();
  process.exit(status);
});

// papercheck.ts - holds a paper's values, pictures and data against the records and the files as they are now. Prints nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { UsedKeys } from '../core/paper.ts';
import type { Paper, PaperFinding, PaperInclusion } from '../core/paper.ts';
import type { Publication } from '../core/publication.ts';
import type { Run } from '../core/run.ts';
import { makeHarmless } from '../formats/percent.ts';
import { collectLatexValues, keyOfPath, listRunValues, parseLatexValues } from '../views/latexvalues.ts';
import type { LatexEntry } from '../views/latexvalues.ts';
import { hashWithRetry } from './hash.ts';

/** `values` and `files`: how many were looked at. Findings are in the order of files and lines. */
export type PaperCheck = { findings: PaperFinding[]; values: number; files: number };

function nameOfEntry(entry: LatexEntry): string {
  return entry.kind === 'fact' ? entry.fact + ' ' + entry.key : entry.kind + ' ' + entry.key;
}

class PaperChecker {
  readonly findings: PaperFinding[];
  private readonly paper: Paper;
  private readonly runs: Map<string, Run>;
  private readonly now: Map<string, LatexEntry>;
  private readonly used: UsedKeys;
  private readonly defined = new Set<string>();
  private readonly publication: Publication;

  constructor(paper: Paper, publication: Publication) {
    this.paper = paper;
    this.publication = publication;
    this.findings = paper.notes.slice();
    this.runs = new Map(publication.runs.map(({ run }): [string, Run] => [run.id, run]));
    this.now = new Map(collectLatexValues(publication).entries.map((entry): [string, LatexEntry] => [nameOfEntry(entry), entry]));
    this.used = new UsedKeys(paper.uses);
  }

  private find(place: { file: ByteString; line: number }, text: ByteString, isFault = true): void {
    this.findings.push({ file: place.file, line: place.line, text, isFault });
  }

  /** Returns how many values the files have. */
  checkMacros(): number {
    let count = 0;
    for (const { file, text } of this.paper.macros) {
      const { entries, foreign } = parseLatexValues(text);
      for (const line of foreign) this.find({ file, line }, 'changed by hand: not as "rr export latex" writes it');
      for (const { entry, line } of entries) {
        this.defined.add(nameOfEntry(entry));
        if (entry.kind === 'value') {
          count += 1;
          this.checkValue(entry, { file, line });
        } else if (this.used.has(entry.kind, entry.key)) this.checkOther(entry, { file, line });
      }
    }
    return count;
  }

  private checkValue(entry: LatexEntry & { kind: 'value' }, place: { file: ByteString; line: number }): void {
    const run = this.runs.get(entry.runId);
    const recorded = run === undefined ? undefined : listRunValues(run).values.get(entry.key.slice(entry.key.indexOf('/') + 1));
    const now = this.now.get(nameOfEntry(entry));
    const name = '\\rr{' + makeHarmless(entry.key) + '}: ';
    const shown = '"' + makeHarmless(entry.text) + '"';
    const isUsed = this.used.has('value', entry.key);
    if (run === undefined) this.find(place, name + 'there is no record of run ' + makeHarmless(entry.runId));
    else if (recorded === undefined) this.find(place, name + 'changed by hand: run ' + run.id + ' recorded no such value');
    else if (recorded !== entry.text) this.find(place, name + shown + ' was changed by hand: run ' + run.id + ' recorded "' + makeHarmless(recorded) + '"');
    else if (now === undefined || now.kind !== 'value') this.find(place, name + shown + ' is stale: nothing recorded is called so any more');
    else if (now.text !== entry.text) this.find(place, name + shown + ' is stale: run ' + now.runId + ' recorded "' + makeHarmless(now.text) + '"');
    else if (!isUsed) this.find(place, name + 'used nowhere in the paper');
  }

  /** A fact of a run or of a result, which the paper uses. */
  private checkOther(entry: LatexEntry, place: { file: ByteString; line: number }): void {
    const now = this.now.get(nameOfEntry(entry));
    const name = entry.kind === 'fact' ? '\\rr' + entry.fact + '{' + makeHarmless(entry.key) + '}: ' : 'result ' + makeHarmless(entry.key) + ': ';
    if (now === undefined) this.find(place, name + 'stale: nothing recorded is called so any more');
    else if (entry.kind === 'fact' && now.kind === 'fact' && now.text !== entry.text) this.find(place, name + '"' + makeHarmless(entry.text) + '" is stale or was changed by hand: recorded is "' + makeHarmless(now.text) + '"');
    else if (entry.kind === 'file' && now.kind === 'file' && (now.hash !== entry.hash || now.size !== entry.size || now.runId !== entry.runId || now.shown !== entry.shown)) {
      const made = this.runs.get(entry.runId)?.outputs.find((file) => keyOfPath(file.path) === entry.key);
      const isRecorded = made !== undefined && made.hash === entry.hash && String(made.size) === entry.size && now.shown === entry.shown;
      this.find(place, name + (isRecorded ? 'stale: run ' + now.runId + ' made it anew' : 'changed by hand: run ' + now.runId + ' made it, ' + now.size + ' bytes, SHA-256 ' + now.hash.slice(0, 12)));
    }
  }

  checkUses(): void {
    if (this.paper.uses.length > 0 && this.paper.macros.length === 0) {
      throw new Failure('cannot check "' + makeHarmless(this.paper.uses[0].file) + '": it takes in no file that "rr export latex" made', 'say which: --macros FILE', EXIT.differs);
    }
    for (const use of this.paper.uses) {
      if (use.key.indexOf('#') >= 0) continue;
      const key = (use.kind === 'fact' ? use.command.slice(2) : use.kind) + ' ' + use.key;
      if (this.defined.has(key)) continue;
      this.find(use, '\\' + use.command + '{' + makeHarmless(use.key) + '}: not defined' + (this.now.has(key) ? '; export the macros again' : ', and nothing recorded is called so'));
    }
  }

  /** Returns how many files the paper takes in. */
  checkInclusions(): number {
    const made = new Map(this.publication.results.map(({ file, runId }): [ByteString, { hash: string; runId: string }] => [file.path, { hash: file.hash, runId }]));
    const read = new Map<ByteString, Set<string>>();
    for (const { run } of this.publication.runs) {
      for (const file of run.inputs) read.set(file.path, (read.get(file.path) ?? new Set()).add(file.hash));
    }
    for (const inclusion of this.paper.inclusions) this.checkInclusion(inclusion, made, read);
    return this.paper.inclusions.filter((one) => one.kind !== 'text').length;
  }

  private checkInclusion(inclusion: PaperInclusion, made: Map<ByteString, { hash: string; runId: string }>, read: Map<ByteString, Set<string>>): void {
    const { kind, found, why } = inclusion;
    const shown = '"' + makeHarmless(found?.path ?? inclusion.name) + '"';
    if (found === undefined) {
      this.find(inclusion, shown + ': ' + why, why === 'there is no such file');
      return;
    }
    const result = made.get(found.path);
    if (result === undefined && kind === 'text') return;
    const outcome = hashWithRetry(found.name);
    const hash = outcome.kind === 'hashed' ? outcome.hash : '';
    if (hash === '') this.find(inclusion, shown + ' cannot be read');
    else if (result !== undefined) {
      if (result.hash !== hash) this.find(inclusion, shown + ' is not as run ' + result.runId + ' made it');
    } else if (read.get(found.path) === undefined) {
      // Listings are mostly of code that stands where it was written.
      if (kind !== 'listing') this.find(inclusion, shown + ': no recorded run made it', false);
    } else if (read.get(found.path)?.has(hash) !== true) this.find(inclusion, shown + ' is not as any run read it');
  }
}

/** Everything in a paper that is not as recorded. `publication` is of all runs. */
export function checkPaper(paper: Paper, publication: Publication): PaperCheck {
  const checker = new PaperChecker(paper, publication);
  const values = checker.checkMacros();
  checker.checkUses();
  const files = checker.checkInclusions();
  const findings = checker.findings.slice().sort((a, b) => compareBytes(a.file, b.file) || a.line - b.line);
  return { findings, values, files };
}

// variations.ts - what a varied repeat showed, as a table and sentences. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { VariationJudgement, VariationPlan, VariedRow } from '../core/variations.ts';
import { joinWords } from '../core/words.ts';
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { printTable, wrapText } from './table.ts';
import type { Column } from './table.ts';

const VARIATION_COLUMNS: Column[] = [
  { title: 'VARIATION', align: 'left', isFlexible: false },
  { title: 'WHAT CHANGED', align: 'left', isFlexible: false },
  { title: 'OUTPUTS THAT DIFFER', align: 'left', isFlexible: true },
];

/** An output by its path; what the command printed has none. */
function nameVaried(path: ByteString): ByteString {
  if (path === '\0.out') return '(standard output)';
  return path === '\0.err' ? '(standard error)' : makeHarmless(path);
}

function describeRow(row: VariedRow): ByteString {
  if (row.broken !== undefined) return row.broken.kind === 'ended' ? 'all: ' + row.broken.how : row.broken.kind === 'lacking' ? 'not tried: ' + makeHarmless(row.broken.why) : '';
  const steady = row.steadied.length === 0 ? [] : ['steady: ' + row.steadied.map(nameVaried).join(', ')];
  const cell = (row.differing.length === 0 ? [] : [row.differing.map(nameVaried).join(', ')]).concat(steady).join('; ');
  return cell === '' ? '-' : cell;
}

/** What is to be learned from it, a sentence each, without a stop. */
function listFindings(judgement: VariationJudgement, plan: VariationPlan): ByteString[] {
  const findings = judgement.dependent.map(({ path, subjects }) => nameVaried(path) + ' depends on ' + joinWords(subjects, 'and'));
  for (const { variation, broken } of judgement.rows) {
    if (broken !== undefined && broken.kind === 'ended') findings.push('the command depends on ' + variation.subject + ': ' + broken.how);
  }
  if (judgement.unsteady.length > 0) findings.push(judgement.unsteady.map(nameVaried).join(', ') + (judgement.unsteady.length > 1 ? ' differ' : ' differs') + ' from one repeat to the next, whatever is changed');
  if (findings.length === 0) findings.push('no output depends on what was changed');
  if (plan.omitted.length > 0) findings.push('not changed: ' + plan.omitted.map(({ name, why }) => name + ' (' + why + ')').join(', '));
  return findings;
}

/** A row for each variation, and what it all says. */
export function printVariations(judgement: VariationJudgement, plan: VariationPlan, width: number): ByteString {
  const rows = judgement.rows.map((row) => [row.variation.name, makeHarmless(row.variation.title), describeRow(row)]);
  const findings = listFindings(judgement, plan).map((finding) => wrapText(finding, width - 2).map((line, i) => (i === 0 ? line : '  ' + line) + '\n').join(''));
  return printTable(VARIATION_COLUMNS, rows, width) + '\n' + findings.join('');
}

/** The same as JSON, without a line end; texts are encoded as in a record, what was printed is a path in brackets. */
export function printJsonVariations(judgement: VariationJudgement, plan: VariationPlan): ByteString {
  const name = (path: ByteString): ByteString => (path[0] === '\0' ? nameVaried(path) : encodeText(path));
  return JSON.stringify({
    variations: judgement.rows.map(({ variation, differing, steadied, broken }) => ({
      name: variation.name, changed: encodeText(variation.title), differing: differing.map(name), steadied: steadied.map(name),
      ended: broken?.kind === 'ended' ? broken.how : undefined, lacking: broken?.kind === 'lacking' ? encodeText(broken.why) : undefined,
    })),
    dependent: judgement.dependent.map(({ path, subjects }) => ({ path: name(path), on: subjects })),
    unsteady: judgement.unsteady.map(name), omitted: plan.omitted,
  });
}

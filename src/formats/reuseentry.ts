// reuseentry.ts - what tells a step apart, and what is kept of a run that can be reused, as text (docs/record-format.txt, 10). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { fileParametersOf } from '../core/parameters.ts';
import { listTellingVariables } from '../core/reuse.ts';
import type { Run } from '../core/run.ts';
import { emptyRun } from '../core/run.ts';
import { FieldWriter } from './fields.ts';
import { decodeText, encodeText } from './percent.ts';
import { encodeParameter, parseRun, printRunBody } from './record.ts';

/** Names of files and folders that count, of a folder that was listed: SHA-256 of them. */
export type FolderListing = { path: ByteString; hash: string };

/** A run that can be reused: of its record what is needed for that, and the folders that it listed. */
export type ReuseEntry = { run: Run; listings: FolderListing[] };

/**
 * The text by whose SHA-256 runs of one step find each other: two have the same only if command,
 * folder, redirections, parameters and variables are the same. Of a parameter in a file only the name is in
 * it, as its value is compared with what stands there now.
 */
export function printStepKey(run: Run): ByteString {
  const out = new FieldWriter('step key', 1);
  const { variables, hashes } = listTellingVariables(run);
  out.withheld('Command', run.command);
  out.encoded('Directory', run.directory);
  out.each('Redirect', run.redirects);
  const inFiles = fileParametersOf(run);
  const plain = run.parameters.filter((parameter) => !inFiles.some(({ name }) => parameter.startsWith(name + ' ')));
  const parameters = plain.map((parameter) => 'Parameter: ' + encodeParameter(parameter)).concat(inFiles.map(({ name }) => 'File_parameter: ' + encodeText(name)));
  out.text += parameters.sort(compareBytes).map((line) => line + '\n').join('');
  for (const line of variables) out.withheld('Variable', line);
  for (const line of hashes) out.withheld('Variable_hash', line);
  out.each('Declared_variable', run.declaredVariables.slice().sort(compareBytes));
  return out.text;
}

const LISTED_FIELD = 'Listed';

/** An entry without its Sha256 line: a run record of fewer fields, with lines "Listed: HASH PATH". */
export function printReuseEntry({ run, listings }: ReuseEntry): ByteString {
  const { variables, hashes } = listTellingVariables(run);
  const kept: Run = {
    ...emptyRun(run.id, run.command, run.startedUtc, run.rr),
    directory: run.directory, redirects: run.redirects, parameters: run.parameters, parameterFiles: run.parameterFiles, exit: run.exit, status: run.status,
    environment: run.environment, variables, variableHashes: hashes, declaredVariables: run.declaredVariables, observed: run.observed, declaredInputs: run.declaredInputs, declaredOutputs: run.declaredOutputs,
    inputs: run.inputs, outputs: run.outputs, removed: run.removed, absent: run.absent, secretInputs: run.secretInputs, logs: run.logs,
    unknown: listings.map(({ path, hash }) => ({ name: LISTED_FIELD, value: hash + ' ' + encodeText(path) })),
  };
  return printRunBody(kept);
}

/** Undoes printReuseEntry(). Throws Failure if it is none; the hash of its last line is the caller's to compare. */
export function parseReuseEntry(text: ByteString, file: string): ReuseEntry {
  const run = parseRun(text, file);
  const listings: FolderListing[] = [];
  for (const { name, value } of run.unknown) {
    const parts = name === LISTED_FIELD ? /^([0-9a-f]{64}) (.+)$/.exec(value) : null;
    if (parts !== null) listings.push({ hash: parts[1], path: decodeText(parts[2]) });
  }
  return { run, listings };
}

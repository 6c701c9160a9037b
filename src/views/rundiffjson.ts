// rundiffjson.ts - in what runs differ, as JSON (RFC 8259). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { hasDifference, isSameAspect, isSameRow } from '../core/rundiff.ts';
import type { DiffAspect, DiffRow, RunDifference } from '../core/rundiff.ts';
import type { Run } from '../core/run.ts';
import { encodeText, encodeWithheld } from '../formats/percent.ts';
import { jsonFileOf, printJsonValue } from './json.ts';

/** A line of a text: a space at its beginning is no edge that could be lost. */
function encodeLine(line: ByteString): ByteString {
  return encodeText('|' + line + '|').slice(1, -1);
}

function jsonRowOf(row: DiffRow, runs: Run[]): unknown {
  const text = (value: ByteString | undefined): string | null => (value === undefined ? null : encodeWithheld(value));
  return {
    name: encodeText(row.name), same: isSameRow(row),
    values: row.files === undefined ? row.values.map(text) : row.files.map((file) => (file === undefined ? null : jsonFileOf(file))),
    changes: row.changes, same_content_as: row.twin === undefined ? undefined : encodeText(row.twin),
    because_of: row.cause === undefined ? undefined : encodeText(row.cause),
    contents: row.contents.length === 0 ? undefined : row.contents.map((one) => ({ run: runs[one.run].id, told: one.told.map(encodeText), lines: one.lines.map(encodeLine) })),
  };
}

function jsonAspectOf(aspect: DiffAspect, runs: Run[], isComplete: boolean): unknown {
  return {
    name: aspect.name, same: isSameAspect(aspect), counts: aspect.isCounted,
    told: aspect.told.length === 0 ? undefined : aspect.told.map(({ run, text }) => ({ run: run === undefined ? undefined : runs[run].id, text: encodeText(text) })),
    rows: aspect.rows.filter((row) => isComplete || !isSameRow(row)).map((row) => jsonRowOf(row, runs)),
  };
}

/** The difference as one object; only what differs, unless all is asked for. Texts are percent-encoded as in the records. */
export function printJsonDifference(difference: RunDifference, isComplete: boolean): ByteString {
  const { runs, aspects } = difference;
  const shown = aspects.filter((aspect) => isComplete || !isSameAspect(aspect));
  return printJsonValue({ runs: runs.map((run) => run.id), differ: hasDifference(difference), aspects: shown.map((aspect) => jsonAspectOf(aspect, runs, isComplete)) }) + '\n';
}

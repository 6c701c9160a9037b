// heldrun.ts - runs in little memory, for those who must hold 100,000 of them. Decides nothing about runs.
import { detachString } from './bytes.ts';
import type { Run } from './run.ts';

// A run as parsed has a list of its own for each of some thirty fields, nearly all of them empty, and its texts are
// parts of its record, of which one keeps the whole.
const NOTHING: unknown[] = Object.freeze([]) as unknown as unknown[];

// What is another text in each run is not looked for among those that are shared.
const OWN_TEXTS: (keyof Run)[] = ['id', 'command', 'startedUtc', 'label', 'parameters', 'metrics', 'plan'];

/** Makes copies of runs, or of parts of them, that share what is the same in several of them: nobody may change these. */
export class RunHolder {
  private readonly texts = new Map<string, string>();
  private readonly objects = new Map<string, unknown>();

  hold<Part extends Partial<Run>>(run: Part): Part {
    const held: { [field: string]: unknown } = { ...run };
    for (const name of Object.keys(held)) held[name] = this.holdValue(held[name], OWN_TEXTS.indexOf(name as keyof Run) >= 0);
    return held as unknown as Part;
  }

  private holdValue(value: unknown, isOwn: boolean): unknown {
    if (typeof value === 'string') return isOwn ? detachString(value) : this.share(value);
    if (Array.isArray(value)) return value.length === 0 ? NOTHING : value.map((one) => this.holdValue(one, isOwn));
    return typeof value !== 'object' || value === null ? value : this.holdObject(value);
  }

  private share(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const held = detachString(text);
    this.texts.set(held, held);
    return held;
  }

  /** What one run wrote others read. */
  private holdObject(value: object): unknown {
    const key = JSON.stringify(value);
    const known = this.objects.get(key);
    if (known !== undefined) return known;
    const held: { [field: string]: unknown } = { ...value };
    for (const name of Object.keys(held)) held[name] = this.holdValue(held[name], name !== 'hash' || String(held[name]).length === 64);
    this.objects.set(key, held);
    return held;
  }
}

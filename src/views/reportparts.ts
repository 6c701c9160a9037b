// reportparts.ts - shares out the details of runs between the page and its parts. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { thinOut } from '../core/report.ts';
import type { ReportedRun } from '../core/report.ts';
import type { ResourceSample, Series } from '../core/series.ts';
import { printPartElement, printPartFile } from './reportpage.ts';
import type { PartEntry, ReportPart } from './reportpage.ts';
import { makeHarmless } from '../formats/percent.ts';
import { printRunArticle } from './reportrun.ts';
import type { SharedPlace, SharedPlaces } from './reportrun.ts';

// 1. The page itself holds the articles of the first runs, for readers without the script, up to a
//    bound; the rest lies in parts, which the script reads when it needs them.
// 2. What several runs share stands once: where the first of them is.
// 3. Parts are in the page as long as they are small together; else all of them lie beside it, and go
//    out as they are made, so that memory is bounded.

const MOST_STATIC_RUNS = 100;
const MOST_STATIC_BYTES = 3 << 20;
const PART_BYTES = 512 << 10;
const MOST_PAGE_BYTES = 16 << 20;
const MOST_SHOWN_POINTS = 2000;
const MOST_SHOWN_SAMPLES = 1000;

export type PartsRequest = {
  /** How many runs there are. */
  count: number;
  /** Parts never leave the page. */
  isOneFile: boolean;
  /** Of articles and parts together; what would be more is left out. */
  mostBytes: number;
  /** Takes a part that lies beside the page. */
  write: (number: number, text: ByteString) => void;
};

/** An entry that several runs may share: `print` is called for the first of them. */
export type SharedEntry = { key: string; kind: SharedPlace['kind']; print: () => ByteString };

/** What a run shows of what it may share with others. */
export type RunEntries = { previews: Map<ByteString, SharedEntry>; patch: SharedEntry | undefined; environment: SharedEntry | undefined };

function numberOrNull(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

/** [name, [[seconds, step, value], ...], how many points there were]: null for what is not known or no number. */
function packSeries({ name, points }: Series): unknown {
  return [makeHarmless(name), thinOut(points, MOST_SHOWN_POINTS).map((point) => [numberOrNull(point.atS), numberOrNull(point.step), numberOrNull(Number(point.value))]), points.length];
}

function packSample(one: ResourceSample): unknown {
  return [one.atS, one.cpus, one.memoryBytes, one.readBytes, one.writtenBytes, one.processes, one.gpuPercent, one.gpuMemoryBytes].map(numberOrNull);
}

export class ReportParts {
  readonly articles: ByteString[] = [];
  readonly entries: ByteString[] = [];
  /** Of each run, by its place, the number of the part with its details; -1: it has none. */
  readonly partOf: Int32Array;
  /** How many have their details. */
  detailed = 0;
  readonly staticIds = new Set<string>();
  /** Places of the runs that have values over time, and of those that have pictures. */
  readonly withSeries = new Set<number>();
  readonly withPictures = new Set<number>();
  private readonly request: PartsRequest;
  private readonly places = new Map<string, SharedPlace>();
  private readonly kept: ReportPart[] = [];
  private part: ReportPart = {};
  private partBytes = 0;
  private bytes = 0;
  private staticBytes = 0;
  private isBeside = false;
  private count = 0;

  constructor(request: PartsRequest) {
    this.request = request;
    this.partOf = new Int32Array(request.count).fill(-1);
  }

  get isFull(): boolean {
    return this.bytes >= this.request.mostBytes;
  }

  /** An entry that is in the page or in a part already; it is not printed again. */
  entryOf(key: string): SharedEntry | undefined {
    const place = this.places.get(key);
    return place === undefined ? undefined : { key, kind: place.kind, print: () => '' };
  }

  /** Takes the run at this place in. */
  add(at: number, story: ReportedRun, entries: RunEntries): void {
    const { run } = story.one;
    const isStatic = this.articles.length < MOST_STATIC_RUNS && this.staticBytes < MOST_STATIC_BYTES;
    const place = (entry: SharedEntry | undefined): SharedPlace | undefined => (entry === undefined ? undefined : this.placeShared(entry, isStatic));
    const places: SharedPlaces = { preview: (file) => place(entries.previews.get(file.path)), patch: place(entries.patch), environment: place(entries.environment) };
    const article = printRunArticle(story, places);
    const entry: PartEntry = {};
    if (isStatic) {
      this.articles.push(article);
      this.staticIds.add(run.id);
      this.countStatic(article);
    } else {
      entry.html = article;
    }
    if (story.series.length > 0) entry.series = story.series.map(packSeries);
    if (story.resources.length > 0) entry.resources = thinOut(story.resources, MOST_SHOWN_SAMPLES).map(packSample);
    this.partOf[at] = this.count;
    this.detailed += 1;
    if (story.series.length > 0) this.withSeries.add(at);
    for (const preview of entries.previews.values()) if (preview.kind === 'picture') this.withPictures.add(at);
    if (entry.html !== undefined || entry.series !== undefined || entry.resources !== undefined) this.put('run-' + run.id, { ...entry, wallS: run.wallS });
    if (this.partBytes >= PART_BYTES) this.closePart();
  }

  private countStatic(html: ByteString): void {
    this.staticBytes += html.length;
    this.bytes += html.length;
  }

  private placeShared(entry: SharedEntry, isStatic: boolean): SharedPlace {
    const known = this.places.get(entry.key);
    if (known !== undefined) return known;
    const html = entry.print();
    const place: SharedPlace = { entry: entry.key, part: isStatic ? 'page' : String(this.count), kind: entry.kind };
    this.places.set(entry.key, place);
    if (isStatic) {
      this.entries.push(html);
      this.countStatic(html);
    } else {
      this.put(entry.key, { html });
    }
    return place;
  }

  private put(key: string, entry: PartEntry): void {
    this.part[key] = entry;
    const bytes = JSON.stringify(entry).length;
    this.partBytes += bytes;
    this.bytes += bytes;
  }

  private closePart(): void {
    if (this.isBeside) this.request.write(this.count, printPartFile(this.count, this.part));
    else this.kept.push(this.part);
    this.count += 1;
    this.part = {};
    this.partBytes = 0;
    if (this.isBeside || this.request.isOneFile || this.bytes - this.staticBytes <= MOST_PAGE_BYTES) return;
    this.isBeside = true;
    this.kept.forEach((part, number) => this.request.write(number, printPartFile(number, part)));
    this.kept.length = 0;
  }

  /** No run comes any more. printed: the parts that are in the page. */
  close(): { count: number; isBeside: boolean; printed: ByteString[] } {
    if (this.partBytes > 0) this.closePart();
    return { count: this.count, isBeside: this.isBeside, printed: this.kept.map((part, number) => printPartElement(number, part)) };
  }
}

// pngpicture.ts - a picture of where two pictures differ. Knows no files.
import { channelsApart } from './pngcomparison.ts';
import type { DeflateBytes, InflateAtMost, Picture, PngImage } from './png.ts';
import { decodePng, encodePng, readPngRow } from './png.ts';

type Box = { left: number; top: number; right: number; bottom: number };
/** A grid of square cells over the picture: 1 where a pixel differs, and the box of those pixels. */
type Grid = { cellPixels: number; columns: number; rows: number; boxes: (Box | undefined)[] };

// Memory for the picture and for what is made of it, beside the two that are compared.
const MOST_DRAWN_PIXELS = 40000000;
// The smallest grid that is tried has so many cells along the longer side.
const FINEST_CELLS = 64;
// More frames than this would hide what they frame.
const MOST_FRAMES = 24;
const FRAME_COLOUR = [0, 90, 230];
/** What only one of the pictures covers. */
const ONLY_FIRST = [255, 214, 153];
const ONLY_SECOND = [178, 216, 255];

/**
 * A PNG that shows where two PNGs differ, in the size of the larger: the first one pale and grey, and
 * over it the differing pixels from yellow (little) over red to black (as far apart as can be), in
 * blue frames. Undefined if one cannot be read, or they are too large.
 */
export function drawPngDifference(first: Uint8Array, second: Uint8Array, inflateZlib: InflateAtMost, deflateZlib: DeflateBytes): Uint8Array | undefined {
  const one = decodePng(first, inflateZlib);
  const other = decodePng(second, inflateZlib);
  if (one.kind === 'unreadable' || other.kind === 'unreadable') return undefined;
  const width = Math.max(one.image.width, other.image.width);
  const height = Math.max(one.image.height, other.image.height);
  return width * height > MOST_DRAWN_PIXELS ? undefined : encodePng(drawDifference(one.image, other.image), deflateZlib);
}

/** The same as pixels; opaque. */
export function drawDifference(one: PngImage, other: PngImage): Picture {
  const width = Math.max(one.width, other.width);
  const height = Math.max(one.height, other.height);
  const picture: Picture = { width, height, rgba: new Uint8Array(width * height * 4).fill(255) };
  const cellPixels = Math.max(8, Math.ceil(Math.max(width, height) / FINEST_CELLS));
  const grid: Grid = { cellPixels, columns: Math.ceil(width / cellPixels), rows: Math.ceil(height / cellPixels), boxes: [] };
  const row = new Uint16Array(one.width * 4);
  const otherRow = new Uint16Array(other.width * 4);
  for (let y = 0; y < height; y++) {
    if (y < one.height) readPngRow(one, y, row);
    if (y < other.height) readPngRow(other, y, otherRow);
    for (let x = 0; x < width; x++) {
      const isInOne = x < one.width && y < one.height;
      const isInOther = x < other.width && y < other.height;
      const apart = isInOne && isInOther ? channelsApart(row, otherRow, x * 4) : 0;
      if (apart > 0) markCell(grid, x, y);
      paint(picture, x, y, isInOne && isInOther ? (apart > 0 ? colourOf(apart) : paleGrey(row, x * 4)) : isInOne ? ONLY_FIRST : isInOther ? ONLY_SECOND : [255, 255, 255]);
    }
  }
  for (const box of findFrames(grid)) drawFrame(picture, box);
  return picture;
}

function paint(picture: Picture, x: number, y: number, colour: number[]): void {
  const at = (y * picture.width + x) * 4;
  for (let i = 0; i < 3; i++) picture.rgba[at + i] = colour[i];
}

/** On white, and between white and half grey, so that every colour stands out from it. */
function paleGrey(row: Uint16Array, at: number): number[] {
  const light = 0.2126 * row[at] + 0.7152 * row[at + 1] + 0.0722 * row[at + 2];
  const alpha = row[at + 3] / 65535;
  const grey = 255 - Math.round((255 - light / 257) * alpha * 0.35);
  return [grey, grey, grey];
}

/** Orange for the least there can be, red for a quarter of all, dark for all. */
function colourOf(apart: number): number[] {
  const part = Math.sqrt(apart / 65535);
  if (part < 0.5) return [255, Math.round(165 * (1 - part * 2)), 0];
  return [Math.round(255 - 165 * (part - 0.5) * 2), 0, 0];
}

function markCell(grid: Grid, x: number, y: number): void {
  const cell = Math.floor(y / grid.cellPixels) * grid.columns + Math.floor(x / grid.cellPixels);
  grid.boxes[cell] = uniteBoxes(grid.boxes[cell], { left: x, top: y, right: x, bottom: y });
}

function uniteBoxes(box: Box | undefined, other: Box): Box {
  if (box === undefined) return other;
  box.left = Math.min(box.left, other.left);
  box.top = Math.min(box.top, other.top);
  box.right = Math.max(box.right, other.right);
  box.bottom = Math.max(box.bottom, other.bottom);
  return box;
}

/** Boxes around the clusters of differing pixels; coarser cells until there are few of them. */
function findFrames(grid: Grid): Box[] {
  for (let current = grid; ; current = coarsen(current)) {
    const boxes = joinOverlapping(findClusters(current));
    if (boxes.length <= MOST_FRAMES) return boxes;
  }
}

/** A box in or over another one would frame nothing that is not framed already. */
function joinOverlapping(boxes: Box[]): Box[] {
  const apart: Box[] = [];
  for (const box of boxes) {
    // What has grown may have come to overlap one that it did not.
    for (let i = 0; i < apart.length;) {
      const other = apart[i];
      const overlaps = box.left <= other.right && other.left <= box.right && box.top <= other.bottom && other.top <= box.bottom;
      if (overlaps) uniteBoxes(box, apart.splice(i, 1)[0]);
      i = overlaps ? 0 : i + 1;
    }
    apart.push(box);
  }
  return apart;
}

function coarsen(grid: Grid): Grid {
  const columns = Math.ceil(grid.columns / 2);
  const coarse: Grid = { cellPixels: grid.cellPixels * 2, columns, rows: Math.ceil(grid.rows / 2), boxes: [] };
  grid.boxes.forEach((box, cell) => {
    if (box === undefined) return;
    const target = (Math.floor(cell / grid.columns) >> 1) * columns + ((cell % grid.columns) >> 1);
    coarse.boxes[target] = uniteBoxes(coarse.boxes[target], { ...box });
  });
  return coarse;
}

/** Cells that touch, at corners too, are one cluster. */
function findClusters(grid: Grid): Box[] {
  const seen = new Set<number>();
  const clusters: Box[] = [];
  grid.boxes.forEach((_, start) => {
    if (seen.has(start)) return;
    let cluster: Box | undefined;
    const waiting = [start];
    seen.add(start);
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      cluster = uniteBoxes(cluster, { ...grid.boxes[cell]! });
      for (const near of neighboursOf(grid, cell)) {
        if (grid.boxes[near] === undefined || seen.has(near)) continue;
        seen.add(near);
        waiting.push(near);
      }
    }
    clusters.push(cluster!);
  });
  return clusters;
}

function neighboursOf(grid: Grid, cell: number): number[] {
  const [column, row] = [cell % grid.columns, Math.floor(cell / grid.columns)];
  const near: number[] = [];
  for (let y = Math.max(0, row - 1); y <= Math.min(grid.rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(grid.columns - 1, column + 1); x++) near.push(y * grid.columns + x);
  }
  return near;
}

/** Around the box with some room, never smaller than the eye finds at a glance, and never over a pixel in the box. */
function drawFrame(picture: Picture, box: Box): void {
  const side = Math.max(picture.width, picture.height);
  const thickness = Math.max(1, Math.round(side / 350));
  const room = Math.max(3, Math.round(side / 100));
  const left = Math.max(0, box.left - room - thickness);
  const top = Math.max(0, box.top - room - thickness);
  const right = Math.min(picture.width - 1, box.right + room + thickness);
  const bottom = Math.min(picture.height - 1, box.bottom + room + thickness);
  for (let i = 0; i < thickness; i++) {
    for (let x = left; x <= right; x++) {
      paintFrame(picture, x, top + i, box);
      paintFrame(picture, x, bottom - i, box);
    }
    for (let y = top; y <= bottom; y++) {
      paintFrame(picture, left + i, y, box);
      paintFrame(picture, right - i, y, box);
    }
  }
}

function paintFrame(picture: Picture, x: number, y: number, box: Box): void {
  if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) return;
  const at = (y * picture.width + x) * 4;
  // A pixel of another cluster, which is red without blue, stays.
  if (picture.rgba[at + 2] === 0 && picture.rgba[at] > 0) return;
  paint(picture, x, y, FRAME_COLOUR);
}

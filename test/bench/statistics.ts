// statistics.ts - medians, ratios of rounds, slopes. Knows no program and no clock.
import type { GrowthPoint } from './lines.ts';

export function median(values: number[]): number {
  const sorted = values.slice().sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export type Taken = { round: number; ms: number };

/** Of a list, the one whose round is nearest; of two as near, the earlier. */
function nearest(taken: Taken[], round: number): Taken {
  return taken.reduce((best, one) => (Math.abs(one.round - round) < Math.abs(best.round - round) ? one : best));
}

/**
 * How often the one is as long as the other, round by round. Where one of them was in fewer rounds, each of
 * its times stands against the other's in the same round, or the nearest one.
 */
export function ratiosOf(ones: Taken[], against: Taken[]): number[] {
  if (ones.length <= against.length) return ones.map((one) => one.ms / nearest(against, one.round).ms);
  return against.map((base) => nearest(ones, base.round).ms / base.ms);
}

/** Is this one of the rounds (0, 1, ...) of a program that takes part in `count` of `all`, spread evenly? */
export function takesPart(round: number, count: number, all: number): boolean {
  return Math.floor(((round + 1) * count) / all) > Math.floor((round * count) / all);
}

/** Exponent b of time = a * size^b: slope of the least-squares line through the logarithms of both. */
export function fitExponent(points: GrowthPoint[]): number {
  const xs = points.map((point) => Math.log(point.size));
  const ys = points.map((point) => Math.log(point.ms));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, one, i) => sum + (one - x) * (ys[i] - y), 0);
  return covariance / xs.reduce((sum, one) => sum + (one - x) ** 2, 0);
}

/** Milliseconds for each 1,000 more, between the smallest and the largest size. */
export function costPerThousand(points: GrowthPoint[]): number {
  const [first, last] = [points[0], points[points.length - 1]];
  return ((last.ms - first.ms) / (last.size - first.size)) * 1000;
}

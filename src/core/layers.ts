// layers.ts - places the nodes of a graph without cycles in layers, so that few lines cross (Sugiyama, Tagawa, Toda 1981). Knows no pictures.

/** Nodes count from 0; an edge leads from a node nearer to the start (node 0's layer is 0) to one farther. */
export type LayerRequest = { nodeCount: number; edges: [number, number][]; /** Of each node its extent along its layer, and the space between two. */ extents: number[]; gap: number };

/** Layers hold nodes and bends: a long edge has a bend in each layer that it passes. */
export type Layering = {
  /** Of each node its layer, from 0. */
  layerOf: number[];
  layerCount: number;
  /** Of each node the middle of its place along the layer; the least border is 0. */
  middles: number[];
  /** Of each edge the middles of its bends, in the order of the layers between its ends. */
  bends: number[][];
  /** Extent of the widest layer. */
  extent: number;
};

const SWEEPS = 8;
const MOST_BENDS = 200000;

/** Longest way from a node without edges to it; every edge goes down at least one layer. */
function findLayers(nodeCount: number, edges: [number, number][]): number[] {
  const below: number[][] = Array.from({ length: nodeCount }, () => []);
  const waitingFor = new Int32Array(nodeCount);
  for (const [from, to] of edges) {
    below[from].push(to);
    waitingFor[to] += 1;
  }
  const layerOf: number[] = new Array(nodeCount).fill(0);
  const ready: number[] = [];
  for (let node = 0; node < nodeCount; node++) if (waitingFor[node] === 0) ready.push(node);
  for (let at = 0; at < ready.length; at++) {
    for (const to of below[ready[at]]) {
      layerOf[to] = Math.max(layerOf[to], layerOf[ready[at]] + 1);
      waitingFor[to] -= 1;
      if (waitingFor[to] === 0) ready.push(to);
    }
  }
  return layerOf;
}

/** Nodes and bends as one list of points, each with its neighbours in the layers above and below. */
type Points = { layers: number[][]; above: number[][]; below: number[][]; extents: number[]; /** Of each edge its first bend's number. */ firstBends: number[] };

function makePoints(request: LayerRequest, layerOf: number[], layerCount: number): Points {
  const points: Points = { layers: Array.from({ length: layerCount }, () => []), above: [], below: [], extents: request.extents.slice(), firstBends: [] };
  for (let node = 0; node < request.nodeCount; node++) {
    points.layers[layerOf[node]].push(node);
    points.above.push([]);
    points.below.push([]);
  }
  const link = (from: number, to: number): void => {
    points.below[from].push(to);
    points.above[to].push(from);
  };
  let bendCount = 0;
  for (const [from, to] of request.edges) bendCount += layerOf[to] - layerOf[from] - 1;
  for (const [from, to] of request.edges) {
    points.firstBends.push(points.extents.length);
    let last = from;
    // Where there are too many, long edges go straight, and over what is between.
    for (let layer = layerOf[from] + 1; layer < layerOf[to] && bendCount <= MOST_BENDS; layer++) {
      const bend = points.extents.push(0) - 1;
      points.layers[layer].push(bend);
      points.above.push([]);
      points.below.push([]);
      link(last, bend);
      last = bend;
    }
    link(last, to);
  }
  return points;
}

/** Orders each layer by the mean place of the neighbours in the layer before it, down and up in turns. */
function orderLayers(points: Points): void {
  const places = new Float64Array(points.extents.length);
  const note = (layer: number[]): void => layer.forEach((point, i) => { places[point] = i; });
  points.layers.forEach(note);
  const sort = (layer: number[], near: number[][]): void => {
    const mean = new Map(layer.map((point) => [point, near[point].length === 0 ? places[point] : near[point].reduce((sum, one) => sum + places[one], 0) / near[point].length]));
    layer.sort((a, b) => (mean.get(a) as number) - (mean.get(b) as number) || places[a] - places[b]);
    note(layer);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    if (sweep % 2 === 0) for (let i = 1; i < points.layers.length; i++) sort(points.layers[i], points.above);
    else for (let i = points.layers.length - 2; i >= 0; i--) sort(points.layers[i], points.below);
  }
}

/**
 * Places as near as can be to the wanted ones (least squares) that keep the order and the distances:
 * pool adjacent violators.
 */
function spread(wanted: number[], offsets: number[]): number[] {
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((place, i) => {
    let block = { sum: place - offsets[i], count: 1 };
    for (let last = blocks[blocks.length - 1]; last !== undefined && last.sum / last.count >= block.sum / block.count; last = blocks[blocks.length - 1]) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  });
  const placed: number[] = [];
  for (const { sum, count } of blocks) for (let i = 0; i < count; i++) placed.push(sum / count + offsets[placed.length]);
  return placed;
}

/** Least distances of the points of a layer from its first one. */
function listOffsets(layer: number[], points: Points, gap: number): number[] {
  const offsets: number[] = [];
  layer.forEach((point, i) => {
    offsets.push(i === 0 ? 0 : offsets[i - 1] + (points.extents[layer[i - 1]] + points.extents[point]) / 2 + gap);
  });
  return offsets;
}

function placePoints(points: Points, gap: number): Float64Array {
  const middles = new Float64Array(points.extents.length);
  const offsets = points.layers.map((layer) => listOffsets(layer, points, gap));
  points.layers.forEach((layer, i) => layer.forEach((point, at) => { middles[point] = offsets[i][at] - (offsets[i][layer.length - 1] ?? 0) / 2; }));
  const align = (i: number, near: number[][]): void => {
    const layer = points.layers[i];
    const wanted = layer.map((point) => (near[point].length === 0 ? middles[point] : near[point].reduce((sum, one) => sum + middles[one], 0) / near[point].length));
    spread(wanted, offsets[i]).forEach((place, at) => { middles[layer[at]] = place; });
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    if (sweep % 2 === 0) for (let i = 1; i < points.layers.length; i++) align(i, points.above);
    else for (let i = points.layers.length - 2; i >= 0; i--) align(i, points.below);
  }
  return middles;
}

/** The same graph gives the same places. Edges must make no cycle. */
export function layOut(request: LayerRequest): Layering {
  const layerOf = findLayers(request.nodeCount, request.edges);
  const layerCount = layerOf.reduce((most, layer) => Math.max(most, layer + 1), 0);
  const points = makePoints(request, layerOf, layerCount);
  orderLayers(points);
  const middles = placePoints(points, request.gap);
  let least = Infinity;
  let most = -Infinity;
  points.extents.forEach((extent, point) => {
    least = Math.min(least, middles[point] - extent / 2);
    most = Math.max(most, middles[point] + extent / 2);
  });
  const bends = request.edges.map((_, i) => {
    const end = i + 1 < points.firstBends.length ? points.firstBends[i + 1] : points.extents.length;
    return Array.from(middles.subarray(points.firstBends[i], end), (middle) => middle - least);
  });
  return { layerOf, layerCount, middles: Array.from(middles.subarray(0, request.nodeCount), (middle) => middle - least), bends, extent: layerCount === 0 ? 0 : most - least };
}

// circles.ts - the circles of a directed graph. Knows not what it is a graph of.

/**
 * Of each node a number, the same for two if and only if each can be reached from the other: strongly
 * connected components (Tarjan 1972, without recursion: chains may be 100,000 long). `next`: of each
 * node those that an edge leads to, or comes from.
 */
export function findCircles(next: number[][]): Int32Array {
  const count = next.length;
  const circle = new Int32Array(count).fill(-1);
  const number = new Int32Array(count); // 0: not met yet
  const low = new Int32Array(count);
  const taken = new Int32Array(count); // edges followed so far
  const stack: number[] = [];
  const path: number[] = [];
  let met = 0;
  for (let start = 0; start < count; start++) {
    if (number[start] !== 0) continue;
    path.push(start);
    while (path.length > 0) {
      const at = path[path.length - 1];
      if (number[at] === 0) {
        met += 1;
        number[at] = low[at] = met;
        stack.push(at);
      }
      if (taken[at] < next[at].length) {
        const to = next[at][taken[at]++];
        if (number[to] === 0) path.push(to);
        else if (circle[to] < 0) low[at] = Math.min(low[at], number[to]);
        continue;
      }
      path.pop();
      if (path.length > 0) low[path[path.length - 1]] = Math.min(low[path[path.length - 1]], low[at]);
      if (low[at] !== number[at]) continue;
      for (let member = stack.pop() as number; ; member = stack.pop() as number) {
        circle[member] = at;
        if (member === at) break;
      }
    }
  }
  return circle;
}

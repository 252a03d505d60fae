/** Owns the search for import cycles in a graph of files. Used by check-layers.mjs. */

/**
 * One shortest-to-read cycle for each group of files that reach each other, as a path that ends where it starts.
 * @param {Map<string, readonly string[]>} graph file -> files it imports
 * @returns {string[][]}
 */
export function findCycles(graph) {
  const cycles = [];
  const inCycle = new Set();
  for (const start of graph.keys()) {
    if (inCycle.has(start)) continue;
    const cycle = pathBack(graph, start);
    if (cycle === undefined) continue;
    cycles.push(cycle);
    for (const file of cycle) inCycle.add(file);
  }
  return cycles;
}

/** The shortest path from `start` back to itself, breadth first. */
function pathBack(graph, start) {
  const cameFrom = new Map();
  const queue = [start];
  for (const file of queue) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) {
        const back = [start];
        for (let at = file; at !== start; at = cameFrom.get(at)) back.unshift(at);
        return [start, ...back];
      }
      if (!cameFrom.has(next)) {
        cameFrom.set(next, file);
        queue.push(next);
      }
    }
  }
  return undefined;
}

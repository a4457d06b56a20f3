// The table of places: what ends in each (self: it allocated), and what has it anywhere in its stack (total: it, or what it called).

import type { ProcessData } from "./document";
import type { Grouping } from "./places";

export interface PlaceRow {
  group: number; // of the grouping; -1: no Python frame, -2: what was left out
  self: number;
  total: number;
}

// A place that is in a stack several times counts once for it.
export function placeRows(process: ProcessData, weights: Float64Array, grouping: Grouping): PlaceRow[] {
  const { stacks, sites } = process;
  const at_stack = new Float64Array(stacks.parent.length);
  const rows = new Map<number, PlaceRow>();
  const rowOf = (group: number): PlaceRow => {
    let row = rows.get(group);
    if (!row) rows.set(group, (row = { group, self: 0, total: 0 }));
    return row;
  };
  for (let site = 0; site < weights.length; site++) {
    const weight = weights[site] ?? 0;
    if (weight === 0) continue;
    const stack = sites.stack[site] ?? 0;
    if (stack === 0) {
      const row = rowOf(sites.kind[site] === 0 ? -2 : -1);
      row.self += weight;
      row.total += weight;
      continue;
    }
    at_stack[stack] = (at_stack[stack] ?? 0) + weight;
    rowOf(grouping.of_frame[stacks.frame[stack] ?? 0] ?? 0).self += weight;
  }
  // Weights below each stack row; each place's total is that of its outermost rows.
  const below = Float64Array.from(at_stack);
  for (let row = below.length - 1; row > 0; row--) {
    const up = stacks.parent[row] ?? 0;
    below[up] = (below[up] ?? 0) + (below[row] ?? 0);
  }
  const first = outermost(process, grouping);
  for (let row = 1; row < below.length; row++) {
    if (below[row] && first[row]) rowOf(grouping.of_frame[stacks.frame[row] ?? 0] ?? 0).total += below[row] ?? 0;
  }
  return [...rows.values()];
}

// By stack row: whether no row above it is of the same place. Walks the tree in the order of its branches, counting places on the way.
function outermost(process: ProcessData, grouping: Grouping): Uint8Array {
  const { parent, frame } = process.stacks;
  const first_child = new Int32Array(parent.length).fill(-1);
  const next = new Int32Array(parent.length).fill(-1);
  for (let row = parent.length - 1; row > 0; row--) {
    const up = parent[row] ?? 0;
    next[row] = first_child[up] ?? -1;
    first_child[up] = row;
  }
  const open = new Int32Array(grouping.frame_of.length);
  const first = new Uint8Array(parent.length);
  const enter = (row: number): void => {
    const group = grouping.of_frame[frame[row] ?? 0] ?? 0;
    first[row] = open[group] === 0 ? 1 : 0;
    open[group] = (open[group] ?? 0) + 1;
  };
  const leave = (row: number): void => {
    const group = grouping.of_frame[frame[row] ?? 0] ?? 0;
    open[group] = (open[group] ?? 0) - 1;
  };
  let row = first_child[0] ?? -1;
  while (row > 0) {
    enter(row);
    let go = first_child[row] ?? -1;
    while (go < 0 && row > 0) {
      leave(row);
      go = next[row] ?? -1;
      if (go < 0) row = parent[row] ?? 0;
    }
    if (go < 0) break;
    row = go;
  }
  return first;
}

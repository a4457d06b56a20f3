// The table of places: what ends in each (self: it allocated), and what has it anywhere in its stack (total: it, or what it called).

import type { ProcessData } from "./document";
import { LEFT_OUT, NO_PYTHON } from "./fold";
import type { Grouping } from "./places";

export interface PlaceRow {
  group: number; // of the grouping, NO_PYTHON or LEFT_OUT
  self: number;
  total: number;
}

// A place that is in a stack several times counts once for it.
export function placeRows(process: ProcessData, weights: Float64Array, grouping: Grouping): PlaceRow[] {
  const { parent, frame } = process.stacks;
  const { stack, kind } = process.sites;
  const below = new Float64Array(parent.length); // weights at each stack row, then at it and below it
  const self = new Float64Array(grouping.frame_of.length);
  const total = new Float64Array(grouping.frame_of.length);
  const special: PlaceRow[] = [];
  for (let site = 0; site < weights.length; site++) {
    const weight = weights[site] ?? 0;
    if (weight === 0) continue;
    const end = stack[site] ?? 0;
    if (end === 0) {
      addTo(special, kind[site] === 0 ? LEFT_OUT : NO_PYTHON, weight);
      continue;
    }
    below[end] = (below[end] ?? 0) + weight;
    const group = grouping.of_frame[frame[end] ?? 0] ?? 0;
    self[group] = (self[group] ?? 0) + weight;
  }
  for (let row = below.length - 1; row > 0; row--) {
    const up = parent[row] ?? 0;
    below[up] = (below[up] ?? 0) + (below[row] ?? 0);
  }
  // Each place's total is that of its outermost rows.
  const first = outermost(process, grouping);
  for (let row = 1; row < below.length; row++) {
    if (!first[row]) continue;
    const group = grouping.of_frame[frame[row] ?? 0] ?? 0;
    total[group] = (total[group] ?? 0) + (below[row] ?? 0);
  }
  const rows = special;
  for (let group = 0; group < total.length; group++) {
    if (total[group]) rows.push({ group, self: self[group] ?? 0, total: total[group] ?? 0 });
  }
  return rows;
}

function addTo(rows: PlaceRow[], group: number, weight: number): void {
  let row = rows.find((one) => one.group === group);
  if (!row) rows.push((row = { group, self: 0, total: 0 }));
  row.self += weight;
  row.total += weight;
}

// The `most` rows that have most, in their order: of fifty thousand rows a reader sees a hundred.
export function heaviest(rows: readonly PlaceRow[], by: "self" | "total", most: number): PlaceRow[] {
  const values = Float64Array.from(rows, (row) => row[by]).sort();
  const bar = values[Math.max(0, values.length - most)] ?? 0;
  const chosen = rows.filter((row) => row[by] >= bar);
  return chosen.sort((a, b) => b[by] - a[by] || b.total - a.total).slice(0, most);
}

// Of all stacks that have a place that was found: each once, however many it has.
export function matchedWeight(process: ProcessData, weights: Float64Array, grouping: Grouping, found: (group: number) => boolean): number {
  const { parent, frame } = process.stacks;
  const { stack, kind } = process.sites;
  const inside = new Uint8Array(parent.length);
  for (let row = 1; row < inside.length; row++) {
    inside[row] = inside[parent[row] ?? 0] || found(grouping.of_frame[frame[row] ?? 0] ?? 0) ? 1 : 0;
  }
  const special = [LEFT_OUT, NO_PYTHON].filter(found);
  let sum = 0;
  for (let site = 0; site < weights.length; site++) {
    const end = stack[site] ?? 0;
    const is = end > 0 ? inside[end] : special.includes(kind[site] === 0 ? LEFT_OUT : NO_PYTHON);
    if (is) sum += weights[site] ?? 0;
  }
  return sum;
}

const known = new WeakMap<ProcessData, WeakMap<Grouping, Uint8Array>>();

function outermost(process: ProcessData, grouping: Grouping): Uint8Array {
  let of_process = known.get(process);
  if (!of_process) known.set(process, (of_process = new WeakMap()));
  let rows = of_process.get(grouping);
  if (!rows) of_process.set(grouping, (rows = findOutermost(process, grouping)));
  return rows;
}

// By stack row: whether no row above it is of the same place. Walks the tree in the order of its branches, counting places on the way.
function findOutermost(process: ProcessData, grouping: Grouping): Uint8Array {
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

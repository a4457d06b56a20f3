// Stacks with weights, folded into trees for drawing: from the outermost frame inwards (a flame graph, "who calls"), or from the innermost
// one outwards ("callers of what allocates"). Nothing is recursive: programs' stacks may be thousands deep. And nothing is done for
// what is not drawn: fifty thousand sites must fold while a finger is on a key.

import type { ProcessData } from "./document";
import type { Grouping } from "./places";
import { shapeOf, type Shape } from "./shape";

// Row 0 is the root.
export interface Tree {
  parent(row: number): number; // the root is its own
  group(row: number): number; // number of the grouping, or one of those below
  self(row: number): number; // weight of the stacks that end here
  total(row: number): number;
  children(row: number, least: number): readonly number[]; // those that weigh `least` and more than nothing, heaviest first
  sites(row: number): Int32Array; // whose stacks end here or below, and that weigh something; in rising order
  address(row: number): string; // the same for the same path, whatever the weights
  find(address: string): number; // 0: there is none, or it weighs nothing
}

export const ROOT = -1;
export const NO_PYTHON = -2;
export const LEFT_OUT = -3;

function ending(process: ProcessData, site: number): number | null {
  if (process.sites.kind[site] === 0) return LEFT_OUT;
  return process.sites.stack[site] === 0 ? NO_PYTHON : null;
}

class DownTree implements Tree {
  private readonly selves: Float64Array;
  private readonly totals: Float64Array;
  private readonly end: Int32Array; // by site: its row; -1: it weighs nothing

  constructor(
    private readonly shape: Shape,
    process: ProcessData,
    weights: Float64Array,
  ) {
    const { stack } = process.sites;
    this.selves = new Float64Array(shape.parent.length);
    this.end = new Int32Array(weights.length).fill(-1);
    for (let site = 0; site < weights.length; site++) {
      const weight = weights[site] ?? 0;
      if (weight === 0) continue;
      const special = ending(process, site);
      const row = special === null ? (shape.of_stack[stack[site] ?? 0] ?? 0) : -1 - special;
      this.end[site] = row;
      this.selves[row] = (this.selves[row] ?? 0) + weight;
    }
    this.totals = Float64Array.from(this.selves);
    for (let row = this.totals.length - 1; row > 0; row--) {
      const up = shape.parent[row] ?? 0;
      this.totals[up] = (this.totals[up] ?? 0) + (this.totals[row] ?? 0);
    }
  }

  parent(row: number): number {
    return this.shape.parent[row] ?? 0;
  }
  group(row: number): number {
    return this.shape.group[row] ?? ROOT;
  }
  self(row: number): number {
    return this.selves[row] ?? 0;
  }
  total(row: number): number {
    return this.totals[row] ?? 0;
  }

  children(row: number, least: number): readonly number[] {
    const { child, first } = this.shape;
    const rows: number[] = [];
    for (let at = first[row] ?? 0; at < (first[row + 1] ?? 0); at++) {
      const one = child[at] ?? 0;
      if (this.total(one) > 0 && this.total(one) >= least) rows.push(one);
    }
    return rows.sort((a, b) => this.total(b) - this.total(a));
  }

  sites(row: number): Int32Array {
    const { parent } = this.shape;
    const below = new Uint8Array(parent.length);
    below[row] = 1;
    for (let at = row + 1; at < below.length; at++) below[at] = below[parent[at] ?? 0] ?? 0;
    const sites = new Int32Array(this.end.length);
    let count = 0;
    for (let site = 0; site < sites.length; site++) {
      const end = this.end[site] ?? -1;
      if (end >= 0 && below[end]) sites[count++] = site;
    }
    return sites.subarray(0, count);
  }

  address(row: number): string {
    return row === 0 ? "" : String(this.shape.id[row]);
  }
  find(address: string): number {
    if (address === "") return 0;
    const row = Math.max(0, this.shape.id.indexOf(Number(address)));
    return this.total(row) > 0 ? row : 0;
  }
}

// Neighbouring frames of one module are one step; of lines and functions each frame is.
export function foldDown(process: ProcessData, weights: Float64Array, grouping: Grouping): Tree {
  return new DownTree(shapeOf(process, grouping), process, weights);
}

// Callers branch at every step: all of them would be millions of rows. A row gets its children when they are asked for.
//
//   order:  | ends at row 4 | child 7 of row 4 | child 8 of row 4 | ...     sites, so that those of each row are neighbours:
//           ^ from[4]                                             ^ to[4]    what was put in order for a row stays so for its children
class UpTree implements Tree {
  private readonly parents = [0];
  private readonly groups = [ROOT];
  private readonly totals = [0];
  private readonly selves = [0];
  private readonly from = [0];
  private readonly to: number[];
  private readonly first_child: number[] = []; // of the rows that were asked; a row's children are neighbours
  private readonly end_child: number[] = [];
  private readonly order: Int32Array;
  private readonly at: Int32Array; // by site: the row of Stacks where its next step outwards is; 0: it has none
  private readonly row_of: Int32Array; // by group, from LEFT_OUT on: the new row while a row is opened; else 0

  constructor(
    private readonly process: ProcessData,
    private readonly weights: Float64Array,
    private readonly grouping: Grouping,
  ) {
    const { stack } = process.sites;
    this.order = new Int32Array(weights.length);
    this.at = new Int32Array(weights.length);
    this.row_of = new Int32Array(grouping.frame_of.length - LEFT_OUT);
    let count = 0;
    let total = 0;
    for (let site = 0; site < weights.length; site++) {
      const weight = weights[site] ?? 0;
      if (weight === 0) continue;
      this.order[count++] = site;
      total += weight;
      this.at[site] = stack[site] ?? 0;
    }
    this.totals[0] = total;
    this.to = [count];
  }

  parent(row: number): number {
    return this.parents[row] ?? 0;
  }
  group(row: number): number {
    return this.groups[row] ?? ROOT;
  }
  total(row: number): number {
    return this.totals[row] ?? 0;
  }
  self(row: number): number {
    this.open(row);
    return this.selves[row] ?? 0;
  }
  // Of forty thousand lines a few hundred are wide enough: only these are put in order.
  children(row: number, least: number): readonly number[] {
    this.open(row);
    const { totals } = this;
    const rows: number[] = [];
    for (let one = this.first_child[row] ?? 0; one < (this.end_child[row] ?? 0); one++) if ((totals[one] ?? 0) >= least) rows.push(one);
    return rows.sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || a - b);
  }
  sites(row: number): Int32Array {
    return this.order.slice(this.from[row], this.to[row]).sort();
  }

  address(row: number): string {
    return pathTo(this, row)
      .slice(1)
      .map((at) => this.group(at))
      .join(".");
  }
  find(address: string): number {
    let row = 0;
    if (address === "") return row;
    for (const step of address.split(".")) {
      this.open(row);
      const end = this.end_child[row] ?? 0;
      let next = this.first_child[row] ?? 0;
      while (next < end && this.group(next) !== Number(step)) next += 1;
      if (next >= end) return 0;
      row = next;
    }
    return row;
  }

  // The next step of a site's stack, which it then has behind it; ROOT: the stack ends.
  private step(row: number, site: number): number {
    if (row === 0) {
      const special = ending(this.process, site);
      if (special !== null) return special;
    }
    const { parent, frame } = this.process.stacks;
    const { of_frame, group: by } = this.grouping;
    const here = this.groups[row] ?? ROOT;
    for (let at = this.at[site] ?? 0; at !== 0; at = parent[at] ?? 0) {
      const group = of_frame[frame[at] ?? 0] ?? 0;
      if (by === "module" && group === here) continue;
      this.at[site] = parent[at] ?? 0;
      return group;
    }
    this.at[site] = 0;
    return ROOT;
  }

  private open(row: number): void {
    if (this.first_child[row] !== undefined) return;
    const { row_of, totals } = this;
    const start = this.from[row] ?? 0;
    const sites = this.order.slice(start, this.to[row]);
    const first = this.parents.length; // of the new rows
    const child = new Int32Array(sites.length);
    let self = 0;
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i] ?? 0;
      const group = this.step(row, site);
      const weight = this.weights[site] ?? 0;
      if (group === ROOT) {
        child[i] = row;
        self += weight;
        continue;
      }
      let one = row_of[group - LEFT_OUT] ?? 0;
      if (one === 0) row_of[group - LEFT_OUT] = one = this.add(row, group);
      totals[one] = (totals[one] ?? 0) + weight;
      child[i] = one;
    }
    this.selves[row] = self;
    this.first_child[row] = first;
    this.end_child[row] = this.parents.length;
    for (let one = first; one < this.parents.length; one++) row_of[(this.groups[one] ?? 0) - LEFT_OUT] = 0;
    this.sort(start, sites, child, row, first);
  }

  private add(parent: number, group: number): number {
    this.parents.push(parent);
    this.groups.push(group);
    this.totals.push(0);
    this.selves.push(0);
    return this.parents.length - 1;
  }

  // Puts the sites of a row in the order of its new children, those that end there first.
  private sort(start: number, sites: Int32Array, child: Int32Array, row: number, first: number): void {
    const place = new Int32Array(this.parents.length - first + 2); // by child, what ends at the row itself as the first
    const number = (one: number): number => (one === row ? 0 : one - first + 1);
    for (const one of child) place[number(one) + 1] = (place[number(one) + 1] ?? 0) + 1;
    for (let i = 1; i < place.length; i++) place[i] = (place[i] ?? 0) + (place[i - 1] ?? 0);
    for (let one = first; one < this.parents.length; one++) {
      this.from[one] = start + (place[number(one)] ?? 0);
      this.to[one] = start + (place[number(one) + 1] ?? 0);
    }
    for (let i = 0; i < sites.length; i++) {
      const slot = number(child[i] ?? row);
      this.order[start + (place[slot] ?? 0)] = sites[i] ?? 0;
      place[slot] = (place[slot] ?? 0) + 1;
    }
  }
}

export function foldUp(process: ProcessData, weights: Float64Array, grouping: Grouping): Tree {
  return new UpTree(process, weights, grouping);
}

// One box of a flame graph: [from, to) of the width, `depth` steps below the one in focus.
export interface Box {
  row: number;
  depth: number;
  from: number;
  to: number;
}

// The boxes below `focus` down to `deepest`; narrower ones than `least` (share of the width) are left out, with all below them, and so
// are the narrowest where there are more than `most`.
export function layOut(tree: Tree, focus: number, least: number, deepest = Infinity, most = Infinity): Box[] {
  const whole = tree.total(focus);
  const boxes: Box[] = [];
  if (whole <= 0) return boxes;
  const pending: Box[] = [{ row: focus, depth: 0, from: 0, to: 1 }];
  for (let box = pending.pop(); box; box = pending.pop()) {
    boxes.push(box);
    let from = box.from;
    if (box.depth >= deepest) continue;
    for (const row of tree.children(box.row, least * whole)) {
      const to = from + tree.total(row) / whole;
      pending.push({ row, depth: box.depth + 1, from, to });
      from = to;
    }
  }
  if (boxes.length <= most) return boxes;
  const widest = Float64Array.from(boxes, (box) => tree.total(box.row)).sort(); // a box is never wider than the one it stands on
  const bar = widest[widest.length - most - 1] ?? 0;
  return boxes.filter((box) => tree.total(box.row) > bar || box.row === focus);
}

// From the root to a row, both included.
export function pathTo(tree: Tree, row: number): number[] {
  const path = [row];
  for (let at = row; at !== 0; at = tree.parent(at)) path.push(tree.parent(at));
  return path.reverse();
}

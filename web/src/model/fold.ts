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
  sites(row: number): readonly number[]; // whose stacks end here or below, and that weigh something
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

  sites(row: number): readonly number[] {
    const { parent } = this.shape;
    const below = new Uint8Array(parent.length);
    below[row] = 1;
    for (let at = row + 1; at < below.length; at++) below[at] = below[parent[at] ?? 0] ?? 0;
    const sites: number[] = [];
    for (let site = 0; site < this.end.length; site++) {
      const end = this.end[site] ?? -1;
      if (end >= 0 && below[end]) sites.push(site);
    }
    return sites;
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
  private readonly children_of = new Map<number, readonly number[]>(); // of the rows that were asked, heaviest first
  private readonly order: Int32Array;
  private readonly at: Int32Array; // by site: the row of Stacks where its next step outwards is; 0: it has none

  constructor(
    private readonly process: ProcessData,
    private readonly weights: Float64Array,
    private readonly grouping: Grouping,
  ) {
    const sites: number[] = [];
    this.at = new Int32Array(weights.length);
    for (let site = 0; site < weights.length; site++) {
      if (!weights[site]) continue;
      sites.push(site);
      this.totals[0] = (this.totals[0] ?? 0) + (weights[site] ?? 0);
      this.at[site] = process.sites.stack[site] ?? 0;
    }
    this.order = Int32Array.from(sites);
    this.to = [sites.length];
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
  children(row: number, least: number): readonly number[] {
    const all = this.open(row);
    const end = all.findIndex((one) => this.total(one) < least);
    return end < 0 ? all : all.slice(0, end);
  }
  sites(row: number): readonly number[] {
    return [...this.order.subarray(this.from[row], this.to[row])].sort((a, b) => a - b);
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
      const next = this.open(row).find((one) => this.group(one) === Number(step));
      if (next === undefined) return 0;
      row = next;
    }
    return row;
  }

  // The next step of a site's stack, which it then has behind it; null: the stack ends.
  private step(row: number, site: number): number | null {
    if (row === 0) {
      const special = ending(this.process, site);
      if (special !== null) return special;
    }
    const { parent, frame } = this.process.stacks;
    const here = this.group(row);
    for (let at = this.at[site] ?? 0; at !== 0; at = parent[at] ?? 0) {
      const group = this.grouping.of_frame[frame[at] ?? 0] ?? 0;
      if (this.grouping.group === "module" && group === here) continue;
      this.at[site] = parent[at] ?? 0;
      return group;
    }
    this.at[site] = 0;
    return null;
  }

  private open(row: number): readonly number[] {
    const known = this.children_of.get(row);
    if (known) return known;
    const start = this.from[row] ?? 0;
    const sites = this.order.slice(start, this.to[row]);
    const first = this.parents.length; // of the new rows
    const row_of = new Map<number | null, number>([[null, row]]);
    const child = Int32Array.from(sites, (site) => {
      const group = this.step(row, site);
      const weight = this.weights[site] ?? 0;
      let one = row_of.get(group);
      if (one === undefined) row_of.set(group, (one = this.add(row, group ?? ROOT)));
      if (one === row) this.selves[row] = (this.selves[row] ?? 0) + weight;
      else this.totals[one] = (this.totals[one] ?? 0) + weight;
      return one;
    });
    this.sort(start, sites, child, row, first);
    const made = Array.from({ length: this.parents.length - first }, (_, i) => first + i);
    made.sort((a, b) => this.total(b) - this.total(a) || a - b);
    this.children_of.set(row, made);
    return made;
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
    sites.forEach((site, i) => {
      const slot = number(child[i] ?? row);
      this.order[start + (place[slot] ?? 0)] = site;
      place[slot] = (place[slot] ?? 0) + 1;
    });
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

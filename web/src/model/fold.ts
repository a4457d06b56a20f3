// Stacks with weights, folded into a tree for drawing: from the outermost frame inwards (a flame graph, "who calls"), or from the innermost
// one outwards ("callers of what allocates"). Nothing is recursive: programs' stacks may be thousands deep.

import type { ProcessData } from "./document";
import type { Grouping } from "./places";

// Row 0 is the root. Parents stand before their children.
export interface Tree {
  parent: number[];
  group: number[]; // number of the grouping; -1: the root, -2: no Python frame, -3: what was left out
  self: number[]; // weight of the stacks that end here
  total: number[];
  id: number[]; // the same for the same path, whatever the weights; for addresses
  of_site: Int32Array; // by site: the row where its stack ends; -1: it weighs nothing
}

export const ROOT = -1;
export const NO_PYTHON = -2;
export const LEFT_OUT = -3;

class Folder {
  readonly tree: Tree = { parent: [0], group: [ROOT], self: [0], total: [0], id: [2166136261], of_site: new Int32Array(0) };
  private readonly children = new Map<number, number>(); // parent * span + group + 3 -> row
  constructor(
    private readonly span: number,
    sites: number,
  ) {
    this.tree.of_site = new Int32Array(sites).fill(-1);
  }

  child(parent: number, group: number): number {
    const key = parent * this.span + group + 3;
    let row = this.children.get(key);
    if (row === undefined) {
      row = this.tree.parent.length;
      this.children.set(key, row);
      this.tree.parent.push(parent);
      this.tree.group.push(group);
      this.tree.self.push(0);
      this.tree.total.push(0);
      this.tree.id.push(mix(this.tree.id[parent] ?? 0, group));
    }
    return row;
  }

  add(row: number, site: number, weight: number): void {
    this.tree.self[row] = (this.tree.self[row] ?? 0) + weight;
    this.tree.of_site[site] = row;
  }

  finish(): Tree {
    const { parent, self, total } = this.tree;
    for (let row = 0; row < self.length; row++) total[row] = self[row] ?? 0;
    for (let row = self.length - 1; row > 0; row--) {
      const up = parent[row] ?? 0;
      total[up] = (total[up] ?? 0) + (total[row] ?? 0);
    }
    return this.tree;
  }
}

// FNV-1a over the numbers of the path.
function mix(id: number, group: number): number {
  let hash = id;
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((group >>> shift) & 255), 16777619);
  return hash >>> 0;
}

function ending(process: ProcessData, site: number): number | null {
  if (process.sites.kind[site] === 0) return LEFT_OUT;
  return process.sites.stack[site] === 0 ? NO_PYTHON : null;
}

// Neighbouring frames of one module are one step; of lines and functions each frame is.
export function foldDown(process: ProcessData, weights: Float64Array, grouping: Grouping): Tree {
  const { stacks, sites } = process;
  const folder = new Folder(grouping.frame_of.length + 4, weights.length);
  const used = new Uint8Array(stacks.parent.length);
  for (let site = 0; site < weights.length; site++) if (weights[site]) used[sites.stack[site] ?? 0] = 1;
  for (let row = used.length - 1; row > 0; row--) if (used[row]) used[stacks.parent[row] ?? 0] = 1;
  const node = new Int32Array(used.length);
  for (let row = 1; row < used.length; row++) {
    if (!used[row]) continue;
    const up = node[stacks.parent[row] ?? 0] ?? 0;
    const group = grouping.of_frame[stacks.frame[row] ?? 0] ?? 0;
    node[row] = grouping.group === "module" && folder.tree.group[up] === group ? up : folder.child(up, group);
  }
  for (let site = 0; site < weights.length; site++) {
    const weight = weights[site] ?? 0;
    if (weight === 0) continue;
    const special = ending(process, site);
    folder.add(special === null ? (node[sites.stack[site] ?? 0] ?? 0) : folder.child(0, special), site, weight);
  }
  return folder.finish();
}

// What a browser can take: callers branch at every step, so that deep stacks of many sites are more rows than a Map holds.
const MOST_ROWS = 200_000;
const MOST_STEPS = 120;

// Heaviest sites first; when there are `most` rows, the sites that are left are one step, LEFT_OUT. Of deeper stacks the innermost steps.
export function foldUp(process: ProcessData, weights: Float64Array, grouping: Grouping, most = MOST_ROWS): Tree {
  const { stacks, sites } = process;
  const folder = new Folder(grouping.frame_of.length + 4, weights.length);
  const order = [...weights.keys()].filter((site) => weights[site]);
  order.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  for (const site of order) {
    const special = folder.tree.parent.length >= most ? LEFT_OUT : ending(process, site);
    let at = special === null ? 0 : folder.child(0, special);
    let steps = special === null ? MOST_STEPS : 0;
    for (let row = sites.stack[site] ?? 0; row !== 0 && steps > 0; row = stacks.parent[row] ?? 0) {
      const group = grouping.of_frame[stacks.frame[row] ?? 0] ?? 0;
      if (grouping.group === "module" && folder.tree.group[at] === group) continue;
      at = folder.child(at, group);
      steps -= 1;
    }
    folder.add(at, site, weights[site] ?? 0);
  }
  return folder.finish();
}

// Children by row, heaviest first.
export function childrenOf(tree: Tree): number[][] {
  const children: number[][] = tree.parent.map(() => []);
  for (let row = 1; row < tree.parent.length; row++) children[tree.parent[row] ?? 0]?.push(row);
  for (const list of children) list.sort((a, b) => (tree.total[b] ?? 0) - (tree.total[a] ?? 0));
  return children;
}

// One box of a flame graph: [from, to) of the width, `depth` steps below the one in focus.
export interface Box {
  row: number;
  depth: number;
  from: number;
  to: number;
}

// The boxes below `focus`; narrower ones than `least` (share of the width) are left out, with all below them.
export function layOut(tree: Tree, focus: number, least: number, children = childrenOf(tree)): Box[] {
  const whole = tree.total[focus] ?? 0;
  const boxes: Box[] = [];
  if (whole <= 0) return boxes;
  const pending: Box[] = [{ row: focus, depth: 0, from: 0, to: 1 }];
  for (let box = pending.pop(); box; box = pending.pop()) {
    boxes.push(box);
    let from = box.from;
    for (const row of children[box.row] ?? []) {
      const to = from + (tree.total[row] ?? 0) / whole;
      if (to - from >= least) pending.push({ row, depth: box.depth + 1, from, to });
      from = to;
    }
  }
  return boxes;
}

// From the root to a row, both included.
export function pathTo(tree: Tree, row: number): number[] {
  const path = [row];
  for (let at = row; at !== 0; at = tree.parent[at] ?? 0) path.push(tree.parent[at] ?? 0);
  return path.reverse();
}

// Sites whose stacks end at a row or below it.
export function sitesBelow(tree: Tree, row: number): number[] {
  const below = new Uint8Array(tree.parent.length);
  below[row] = 1;
  for (let at = row + 1; at < below.length; at++) below[at] = below[tree.parent[at] ?? 0] ?? 0;
  const sites: number[] = [];
  tree.of_site.forEach((end, site) => {
    if (end >= 0 && below[end]) sites.push(site);
  });
  return sites;
}

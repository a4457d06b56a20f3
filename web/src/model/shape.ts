// The tree of the stacks with the program on top, by some grouping: what does not change with the measure, the window or the search, so
// that each of these costs a sum only.

import type { ProcessData } from "./document";
import type { Grouping } from "./places";

// Row 0 is the root, 1 what has no Python frame, 2 what was left out; parents stand before their children.
export interface Shape {
  parent: Int32Array;
  group: Int32Array; // of the first three -1, -2, -3
  id: Uint32Array; // the same for the same path
  of_stack: Int32Array; // by row of Stacks
  child: Int32Array; // the children of row r are child[first[r]] ... child[first[r + 1] - 1]
  first: Int32Array;
}

// FNV-1a over the numbers of the path.
function mix(id: number, group: number): number {
  let hash = id;
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((group >>> shift) & 255), 16777619);
  return hash >>> 0;
}

const SPECIAL = 3;

class Builder {
  count = SPECIAL;
  readonly parent: Int32Array;
  readonly group: Int32Array;
  private readonly slots: Int32Array; // rows by parent and group, open addressing; 0: free

  constructor(most: number) {
    this.parent = new Int32Array(most + SPECIAL);
    this.group = new Int32Array(most + SPECIAL);
    for (let row = 0; row < SPECIAL; row++) this.group[row] = -1 - row;
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * (most + SPECIAL))));
  }

  row(parent: number, group: number): number {
    const mask = this.slots.length - 1;
    let slot = (Math.imul(parent, 0x9e3779b1) ^ Math.imul(group, 0x85ebca6b)) & mask;
    for (slot = (slot ^ (slot >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const row = this.slots[slot] ?? 0;
      if (row === 0) break;
      if (this.parent[row] === parent && this.group[row] === group) return row;
    }
    const row = this.count++;
    this.slots[slot] = row;
    this.parent[row] = parent;
    this.group[row] = group;
    return row;
  }
}

function build(process: ProcessData, grouping: Grouping): Shape {
  const { parent, frame } = process.stacks;
  const builder = new Builder(parent.length);
  const of_stack = new Int32Array(parent.length);
  for (let row = 1; row < of_stack.length; row++) {
    const up = of_stack[parent[row] ?? 0] ?? 0;
    const group = grouping.of_frame[frame[row] ?? 0] ?? 0;
    of_stack[row] = grouping.group === "module" && builder.group[up] === group ? up : builder.row(up, group);
  }
  const shape = { parent: builder.parent.slice(0, builder.count), group: builder.group.slice(0, builder.count), of_stack };
  const id = new Uint32Array(builder.count);
  id[0] = 2166136261;
  const first = new Int32Array(builder.count + 1);
  for (let row = 1; row < builder.count; row++) {
    const up = shape.parent[row] ?? 0;
    id[row] = mix(id[up] ?? 0, shape.group[row] ?? 0);
    first[up + 1] = (first[up + 1] ?? 0) + 1;
  }
  for (let row = 1; row < first.length; row++) first[row] = (first[row] ?? 0) + (first[row - 1] ?? 0);
  const next = first.slice();
  const child = new Int32Array(builder.count - 1);
  for (let row = 1; row < builder.count; row++) {
    const up = shape.parent[row] ?? 0;
    const place = next[up] ?? 0;
    child[place] = row;
    next[up] = place + 1;
  }
  return { ...shape, id, child, first };
}

const known = new WeakMap<ProcessData, WeakMap<Grouping, Shape>>();

export function shapeOf(process: ProcessData, grouping: Grouping): Shape {
  let shapes = known.get(process);
  if (!shapes) known.set(process, (shapes = new WeakMap()));
  let shape = shapes.get(grouping);
  if (!shape) shapes.set(grouping, (shape = build(process, grouping)));
  return shape;
}

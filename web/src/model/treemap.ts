// The tree of what retains what, laid out in a rectangle. Areas are proportional to bytes, the largest first from the top left; what is
// left of a rectangle belongs to the objects themselves and to all that is too small to be a row.

import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import type { Treemap } from "./heap";

export interface TreeRow {
  row: number;
  bytes: number;
  children: TreeRow[];
}

export interface Box {
  row: number;
  depth: number; // 1: a child of the row that is looked at
  x: number;
  y: number;
  width: number;
  height: number;
  leaf: boolean;
}

export function buildTree(data: Treemap): TreeRow[] {
  const rows: TreeRow[] = data.bytes.map((bytes, row) => ({ row, bytes, children: [] }));
  for (const one of rows) {
    const parent = rows[data.parent[one.row] ?? 0];
    if (one.row > 0 && parent && parent.row < one.row) parent.children.push(one);
  }
  return rows;
}

// Where looking begins: on the way down through rows that are most of their parent, the last one with several to choose from.
export function startRow(tree: readonly TreeRow[]): number {
  let start = 0;
  let at = tree[0];
  while (at) {
    if (at.children.length > 1) start = at.row;
    const whole = at.bytes;
    at = at.children.find((child) => child.bytes >= whole * 0.8);
  }
  return start;
}

// The rows from everything down to this one, this one included.
export function ancestors(data: Treemap, row: number): number[] {
  const line: number[] = [];
  let at = row;
  while (at > 0 && line.length < 1000) {
    line.push(at);
    at = data.parent[at] ?? 0;
  }
  line.push(0);
  return line.reverse();
}

interface Datum {
  row: number;
  value: number;
  children?: Datum[];
}

// Two levels below `root`. A row whose children do not add up to it gets a child -1 for the rest, which is not drawn.
function datum(row: TreeRow, levels: number): Datum {
  if (levels === 0 || row.children.length === 0) return { row: row.row, value: row.bytes };
  const children = row.children.map((child) => datum(child, levels - 1));
  const rest = row.bytes - row.children.reduce((sum, child) => sum + child.bytes, 0);
  if (rest > 0) children.push({ row: -1, value: rest });
  return { row: row.row, value: 0, children };
}

export const TITLE = 20; // height of the line with the name of a row that has children

export function layOut(root: TreeRow, width: number, height: number): Box[] {
  const tree = hierarchy(datum(root, 2), (one) => one.children)
    .sum((one) => one.value)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || a.data.row - b.data.row);
  const placed = treemap<Datum>()
    .tile(treemapSquarify)
    .size([width, height])
    .round(true)
    .paddingInner(2)
    .paddingTop((node) => (node.depth === 1 && node.children ? TITLE : 0))(tree);
  return placed
    .descendants()
    .filter((node) => node.depth > 0 && node.data.row >= 0 && node.x1 - node.x0 >= 3 && node.y1 - node.y0 >= 3)
    .map((node) => ({
      row: node.data.row,
      depth: node.depth,
      x: node.x0,
      y: node.y0,
      width: node.x1 - node.x0,
      height: node.y1 - node.y0,
      leaf: !node.children,
    }));
}

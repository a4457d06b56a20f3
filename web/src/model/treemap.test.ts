import { describe, expect, it } from "vitest";
import type { Treemap } from "./heap";
import { ancestors, buildTree, layOut, startRow } from "./treemap";

// everything 1000 > only 950 > a 600 > c 300, b 200
const data: Treemap = {
  parent: [0, 0, 1, 1, 2],
  label: ["everything", "only", "a", "b", "c"],
  type: ["", "dict", "A", "B", "C"],
  groups: [1, 1, 2, 3, 4],
  objects: [100, 90, 60, 20, 30],
  bytes: [1000, 950, 600, 200, 300],
};

describe("the tree of what retains what", () => {
  it("hangs children on their parents", () => {
    const tree = buildTree(data);
    expect(tree[1]?.children.map((child) => child.row)).toEqual([2, 3]);
    expect(tree[2]?.children.map((child) => child.row)).toEqual([4]);
  });
  it("begins where the ways part", () => {
    expect(startRow(buildTree(data))).toBe(1);
    expect(startRow([])).toBe(0);
  });
  it("knows the way down", () => {
    expect(ancestors(data, 4)).toEqual([0, 1, 2, 4]);
    expect(ancestors(data, 0)).toEqual([0]);
  });
  it("survives rows that name no parent before them", () => {
    const odd = { ...data, parent: [0, 4, 1, 99, 2] };
    expect(buildTree(odd)[0]?.children).toEqual([]);
  });
});

describe("the layout", () => {
  it("gives each row its share of the area, inside of its parent", () => {
    const root = buildTree(data)[1];
    if (!root) throw new Error("no row");
    const boxes = layOut(root, 1000, 500);
    const a = boxes.find((box) => box.row === 2);
    const b = boxes.find((box) => box.row === 3);
    const c = boxes.find((box) => box.row === 4);
    if (!a || !b || !c) throw new Error("a row is missing");
    const share = (box: typeof a) => (box.width * box.height) / 500_000;
    expect(share(a)).toBeCloseTo(600 / 950, 1);
    expect(share(b)).toBeCloseTo(200 / 950, 1);
    expect(c.x >= a.x && c.y >= a.y && c.x + c.width <= a.x + a.width && c.y + c.height <= a.y + a.height).toBe(true);
    expect(c.leaf).toBe(true);
  });
  it("never overlaps, whatever the sizes", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      let state = seed;
      const random = (below: number) => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return Math.floor((state / 2147483648) * below);
      };
      const children = Array.from({ length: 1 + random(20) }, (_, row) => ({ row: row + 1, bytes: 1 + random(1000), children: [] }));
      const bytes = children.reduce((sum, child) => sum + child.bytes, random(500));
      const boxes = layOut({ row: 0, bytes, children }, 640, 480);
      for (const [i, one] of boxes.entries())
        for (const other of boxes.slice(i + 1)) {
          const apart =
            one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
          expect(apart).toBe(true);
        }
    }
  });
});

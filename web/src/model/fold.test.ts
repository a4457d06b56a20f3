// Trees and tables against the plainest thing that computes the same: each stack written out as a list of places.
import { describe, expect, test } from "vitest";
import type { Frames, ProcessData } from "./document";
import { childrenOf, foldDown, foldUp, LEFT_OUT, layOut, pathTo, sitesBelow, type Tree } from "./fold";
import { MEASURES, weigh, byEpoch } from "./measure";
import { GROUPS, groupFrames, type Grouping } from "./places";
import { placeRows } from "./table";
import { drawFrames, drawProcess, drawer } from "./testing";

const ROUNDS = 150;

function stackOf(process: ProcessData, site: number, grouping: Grouping): number[] {
  const groups: number[] = [];
  for (let row = process.sites.stack[site] ?? 0; row !== 0; row = process.stacks.parent[row] ?? 0) {
    groups.push(grouping.of_frame[process.stacks.frame[row] ?? 0] ?? 0);
  }
  return groups; // innermost first
}

function collapsed(groups: number[], grouping: Grouping): number[] {
  return grouping.group === "module" ? groups.filter((group, i) => i === 0 || groups[i - 1] !== group) : groups;
}

function* drawn(): Generator<{ process: ProcessData; frames: Frames; weights: Float64Array; grouping: Grouping }> {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const draw = drawer(seed);
    const frames = drawFrames(draw);
    const process = drawProcess(draw, frames);
    const epochs = process.epochs.start.map(() => draw(3) > 0);
    const measure = MEASURES[draw(MEASURES.length)] ?? "live";
    const weights = weigh(process.sites, measure, draw(2) ? "bytes" : "objects", epochs);
    yield { process, frames, weights, grouping: groupFrames(frames, GROUPS[draw(3)] ?? "line") };
  }
}

// "2/0/5" -> weight of the stacks that are exactly this path.
function selves(tree: Tree): Map<string, number> {
  const out = new Map<string, number>();
  for (let row = 1; row < tree.parent.length; row++) {
    if (!tree.self[row]) continue;
    const path = pathTo(tree, row).slice(1).map((at) => tree.group[at]);
    out.set(path.join("/"), tree.self[row] ?? 0);
  }
  return out;
}

function expected(process: ProcessData, weights: Float64Array, grouping: Grouping, outwards: boolean): Map<string, number> {
  const out = new Map<string, number>();
  for (let site = 0; site < weights.length; site++) {
    if (!weights[site]) continue;
    const groups = collapsed(stackOf(process, site, grouping), grouping);
    const key = groups.length === 0 ? "-2" : (outwards ? groups : groups.reverse()).join("/");
    out.set(key, (out.get(key) ?? 0) + (weights[site] ?? 0));
  }
  return out;
}

describe("folding", () => {
  test("is the same as adding up written-out stacks, inwards and outwards", () => {
    for (const { process, weights, grouping } of drawn()) {
      expect(selves(foldDown(process, weights, grouping))).toEqual(expected(process, weights, grouping, false));
      expect(selves(foldUp(process, weights, grouping))).toEqual(expected(process, weights, grouping, true));
    }
  });

  test("totals are what is below, and the root's is everything", () => {
    for (const { process, weights, grouping } of drawn()) {
      const tree = foldDown(process, weights, grouping);
      const children = childrenOf(tree);
      tree.total.forEach((total, row) => {
        const below = (children[row] ?? []).reduce((sum, child) => sum + (tree.total[child] ?? 0), tree.self[row] ?? 0);
        expect(total).toBe(below);
      });
      expect(tree.total[0]).toBe(weights.reduce((a, b) => a + b, 0));
      expect(new Set(tree.id).size).toBe(tree.id.length);
    }
  });

  test("the sites below a row have its total", () => {
    for (const { process, weights, grouping } of drawn()) {
      for (const tree of [foldDown(process, weights, grouping), foldUp(process, weights, grouping)]) {
        tree.total.forEach((total, row) => {
          expect(sitesBelow(tree, row).reduce((sum, site) => sum + (weights[site] ?? 0), 0)).toBe(total);
        });
      }
    }
  });

  test("what is light is one step, and nothing is lost", () => {
    for (const { process, weights, grouping } of drawn()) {
      const tree = foldUp(process, weights, grouping, 2);
      expect(tree.total[0]).toBe(weights.reduce((a, b) => a + b, 0));
      expect(tree.group.includes(LEFT_OUT)).toBe([...weights].filter(Boolean).length > 1);
    }
  });

  test("a stack of a hundred thousand frames folds", () => {
    const process = drawProcess(drawer(1), { function: [1], file: [1], line: [1] });
    const deep = 100_000;
    process.stacks = { parent: [0, ...Array(deep).keys()], frame: Array(deep + 1).fill(0) as number[] };
    process.sites.stack = process.sites.stack.map(() => deep);
    const grouping = groupFrames({ function: [1], file: [1], line: [1] }, "line");
    const weights = Float64Array.from(process.sites.stack, () => 1);
    expect(layOut(foldDown(process, weights, grouping), 0, 0).length).toBe(deep + 1);
    expect(placeRows(process, weights, grouping)[0]?.total).toBe(weights.length);
  });
});

test("boxes lie within their parents and have their share of the width", () => {
  for (const { process, weights, grouping } of drawn()) {
    const tree = foldDown(process, weights, grouping);
    const boxes = new Map(layOut(tree, 0, 0).map((box) => [box.row, box]));
    for (const box of boxes.values()) {
      expect(box.to - box.from).toBeCloseTo((tree.total[box.row] ?? 0) / (tree.total[0] ?? 1), 9);
      const parent = boxes.get(tree.parent[box.row] ?? 0);
      if (!parent || box.row === 0) continue;
      expect(box.from).toBeGreaterThanOrEqual(parent.from - 1e-9);
      expect(box.to).toBeLessThanOrEqual(parent.to + 1e-9);
      expect(box.depth).toBe(parent.depth + 1);
    }
  }
});

test("the table counts a place once for a stack, however often it is in it", () => {
  for (const { process, weights, grouping } of drawn()) {
    const want = new Map<number, [number, number]>();
    const add = (group: number, self: number, total: number) => {
      const [a, b] = want.get(group) ?? [0, 0];
      want.set(group, [a + self, b + total]);
    };
    weights.forEach((weight, site) => {
      if (!weight) return;
      const groups = stackOf(process, site, grouping);
      if (groups.length === 0) add(-1, weight, weight);
      else add(groups[0] ?? 0, weight, 0);
      for (const group of new Set(groups)) add(group, 0, weight);
    });
    const got = new Map(placeRows(process, weights, grouping).map((row) => [row.group, [row.self, row.total]]));
    expect(got).toEqual(want);
  }
});

test("sums by epoch are the sums of all measures that have epochs", () => {
  for (const { process } of drawn()) {
    const sums = byEpoch(process, null);
    process.epochs.start.forEach((_, epoch) => {
      const only = process.epochs.start.map((_, i) => i === epoch);
      const total = weigh(process.sites, "live", "bytes", only).reduce((a, b) => a + b, 0);
      expect(sums.live_bytes[epoch]).toBe(total);
    });
  }
});

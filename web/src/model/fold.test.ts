// Trees and tables against the plainest thing that computes the same: each stack written out as a list of places.
import { describe, expect, test } from "vitest";
import type { Frames, ProcessData, ViewerDocument } from "./document";
import { foldDown, foldUp, LEFT_OUT, layOut, NO_PYTHON, pathTo, type Tree } from "./fold";
import { MEASURES, weigh, byEpoch } from "./measure";
import { GROUPS, groupFrames, matchGroups, type Grouping } from "./places";
import { heaviest, matchedWeight, placeRows } from "./table";
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

// Every row that weighs something, the root first.
function rowsOf(tree: Tree): number[] {
  const rows = [0];
  for (let at = 0; at < rows.length; at++) rows.push(...tree.children(rows[at] ?? 0, 0));
  return rows;
}

// "2/0/5" -> weight of the stacks that are exactly this path.
function selves(tree: Tree): Map<string, number> {
  const out = new Map<string, number>();
  for (const row of rowsOf(tree).slice(1)) {
    if (!tree.self(row)) continue;
    const path = pathTo(tree, row).slice(1).map((at) => tree.group(at));
    out.set(path.join("/"), tree.self(row));
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

function* trees(): Generator<{ tree: Tree; weights: Float64Array; again(): Tree }> {
  for (const { process, weights, grouping } of drawn()) {
    for (const fold of [foldDown, foldUp]) {
      const again = () => fold(process, weights, grouping);
      yield { tree: again(), weights, again };
    }
  }
}

describe("folding", () => {
  test("is the same as adding up written-out stacks, inwards and outwards", () => {
    for (const { process, weights, grouping } of drawn()) {
      expect(selves(foldDown(process, weights, grouping))).toEqual(expected(process, weights, grouping, false));
      expect(selves(foldUp(process, weights, grouping))).toEqual(expected(process, weights, grouping, true));
    }
  });

  test("totals are what is below, and the root's is everything", () => {
    for (const { tree, weights } of trees()) {
      const rows = rowsOf(tree);
      for (const row of rows) {
        const children = tree.children(row, 0);
        expect(tree.total(row)).toBe(children.reduce((sum, child) => sum + tree.total(child), tree.self(row)));
        expect(children.every((child, i) => tree.total(child) <= tree.total(children[i - 1] ?? row))).toBe(true);
        expect(tree.children(row, 20)).toEqual(children.filter((child) => tree.total(child) >= 20));
      }
      expect(tree.total(0)).toBe(weights.reduce((a, b) => a + b, 0));
    }
  });

  test("an address leads back to its row, in another tree of the same process too", () => {
    for (const { tree, again } of trees()) {
      const rows = rowsOf(tree);
      const other = again();
      for (const row of rows) {
        const found = other.find(tree.address(row));
        expect([other.total(found), pathTo(other, found).map((at) => other.group(at))]).toEqual([
          tree.total(row),
          pathTo(tree, row).map((at) => tree.group(at)),
        ]);
      }
      expect(tree.find("no such place")).toBe(0);
    }
  });

  test("the sites below a row have its total", () => {
    for (const { tree, weights } of trees()) {
      for (const row of rowsOf(tree)) {
        expect([...tree.sites(row)].reduce((sum, site) => sum + (weights[site] ?? 0), 0)).toBe(tree.total(row));
      }
    }
  });

  test("a stack of a hundred thousand frames folds", () => {
    const process = drawProcess(drawer(1), { function: [1], file: [1], line: [1] });
    const deep = 100_000;
    process.stacks = { parent: [0, ...Array(deep).keys()], frame: Array(deep + 1).fill(0) as number[] };
    process.sites.stack = Array.from(process.sites.stack, () => deep);
    const grouping = groupFrames({ function: [1], file: [1], line: [1] }, "line");
    const weights = Float64Array.from(process.sites.stack, () => 1);
    expect(layOut(foldDown(process, weights, grouping), 0, 0).length).toBe(deep + 1);
    expect(layOut(foldUp(process, weights, grouping), 0, 0, 500).length).toBe(501);
    expect(placeRows(process, weights, grouping)[0]?.total).toBe(weights.length);
  });
});

test("boxes lie within their parents and have their share of the width", () => {
  for (const { process, weights, grouping } of drawn()) {
    const tree = foldDown(process, weights, grouping);
    const boxes = new Map(layOut(tree, 0, 0).map((box) => [box.row, box]));
    for (const box of boxes.values()) {
      expect(box.to - box.from).toBeCloseTo(tree.total(box.row) / tree.total(0), 9);
      const parent = boxes.get(tree.parent(box.row));
      if (!parent || box.row === 0) continue;
      expect(box.from).toBeGreaterThanOrEqual(parent.from - 1e-9);
      expect(box.to).toBeLessThanOrEqual(parent.to + 1e-9);
      expect(box.depth).toBe(parent.depth + 1);
    }
  }
});

test("the widest boxes are drawn where there are too many, each on the one it stands on", () => {
  for (const { tree } of trees()) {
    const all = layOut(tree, 0, 0);
    const few = layOut(tree, 0, 0, Infinity, 5);
    expect(few.length).toBeLessThanOrEqual(5);
    const rows = new Set(few.map((box) => box.row));
    const narrowest = Math.min(...few.map((box) => tree.total(box.row)));
    for (const box of all) if (tree.total(box.row) > narrowest) expect(rows.has(box.row)).toBe(true);
    for (const box of few) if (box.row !== 0) expect(rows.has(tree.parent(box.row))).toBe(true);
  }
});

test("a search finds the stacks that have a place with these letters", () => {
  const strings = ["", "a.py", "B.py", "c.py", ...Array.from({ length: 10 }, (_, i) => (i % 2 ? `Open${i}` : `serve${i}`))];
  for (const { process, frames, weights, grouping } of drawn()) {
    for (const query of ["open", "b.PY", "5", "nothing"]) {
      const match = matchGroups({ strings, frames } as ViewerDocument, grouping, query);
      const letters = (row: number) =>
        `${grouping.group === "module" ? "" : strings[frames.function[row] ?? 0]} ${strings[frames.file[row] ?? 0]}`.toLowerCase();
      const has = (site: number) =>
        stackOf(process, site, grouping).some((group) => letters(grouping.frame_of[group] ?? 0).includes(query.toLowerCase()));
      const want = weights.reduce((sum, weight, site) => sum + (has(site) ? weight : 0), 0);
      expect(matchedWeight(process, weights, grouping, (group) => match[group] === 1)).toBe(want);
      const special = weights.reduce((sum, weight, site) => sum + (process.sites.stack[site] === 0 ? weight : 0), 0);
      expect(matchedWeight(process, weights, grouping, (group) => match[group] === 1 || group === NO_PYTHON)).toBe(want + special);
      expect(matchedWeight(process, weights, grouping, (group) => match[group] === 1 || group === LEFT_OUT)).toBe(want);
    }
  }
});

test("the heaviest rows are those that sorting all of them gives", () => {
  for (const { process, weights, grouping } of drawn()) {
    const rows = placeRows(process, weights, grouping);
    for (const by of ["self", "total"] as const) {
      const sorted = [...rows].sort((a, b) => b[by] - a[by] || b.total - a.total);
      for (const most of [1, 3, 1000]) expect(heaviest(rows, by, most)).toEqual(sorted.slice(0, most));
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
      if (groups.length === 0) add(NO_PYTHON, weight, weight);
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

test("sums of some rows are the sums of their cells, each by itself", () => {
  for (const { process } of drawn()) {
    const rows = [...process.sites.kind as number[]].flatMap((_, row) => (row % 3 === 1 ? [] : [row]));
    const sums = byEpoch(process, rows);
    const want = process.epochs.start.map(() => 0);
    for (const row of rows) byEpoch(process, [row]).live_objects.forEach((value, epoch) => (want[epoch] = (want[epoch] ?? 0) + value));
    expect([...sums.live_objects]).toEqual(want);
  }
});

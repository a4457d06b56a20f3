import { describe, expect, it } from "vitest";
import { processTree } from "./processes";
import type { ProcessSummary } from "./report";

const family = (...pairs: [number, number][]): ProcessSummary[] =>
  pairs.map(([pid, parent_pid]) => ({ pid, parent_pid }) as ProcessSummary);

describe("the tree of processes", () => {
  it("puts children below their parents, in order", () => {
    const rows = processTree(family([20, 10], [10, 1], [21, 10], [30, 20]));
    expect(rows).toEqual([
      { number: 1, depth: 0 },
      { number: 0, depth: 1 },
      { number: 3, depth: 2 },
      { number: 2, depth: 1 },
    ]);
  });
  it("has every process once, whatever the parents", () => {
    for (let seed = 1; seed < 60; seed += 1) {
      const all = family(...Array.from({ length: 8 }, (_, i): [number, number] => [(i * seed) % 6, (i * i + seed) % 6]));
      const numbers = processTree(all).map((row) => row.number);
      expect([...numbers].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }
  });
});

import { expect, test } from "vitest";
import { bandsOf, collectionsOf, lastSecond } from "./chart";
import type { Ledger } from "./document";
import { drawFrames, drawProcess, drawer } from "./testing";

function ledger(own: number, parts: Record<string, number>): Ledger {
  const sum = Object.values(parts).reduce((a, b) => a + b, 0);
  return { seconds: 0, own, file: 0, rest: own - sum, parts: Object.entries(parts).map(([key, bytes]) => ({ key, label: key, bytes })) };
}

test("bands add up to what the ledgers hold, large ones at the end first, small ones together", () => {
  const ledgers = [ledger(1000, { a: 500, b: 5, c: 300 }), ledger(2000, { a: 300, b: 9, c: 1600 })];
  const bands = bandsOf(ledgers);
  expect(bands.map((band) => band.key)).toEqual(["c", "a", "rest", "else"]);
  ledgers.forEach((one, i) => expect(bands.reduce((sum, band) => sum + (band.values[i] ?? 0), 0)).toBe(one.own));
});

test("more found than the kernel counts is no band", () => {
  expect(bandsOf([ledger(100, { a: 120 })]).map((band) => [band.key, band.values])).toEqual([["a", [120]], ["else", [0]]]);
  expect(bandsOf([])).toEqual([]);
});

test("collections are where the counts rise, by their oldest generation", () => {
  const draw = drawer(1);
  const process = drawProcess(draw, drawFrames(draw));
  process.samples = { seconds: [0, 1, 2, 3], rss: [], live: [], collections: [[0, 2, 2, 3], [0, 0, 0, 1], [0, 0, 0, 1]], collected: [0, 0, 0, 40], threads: [] };
  expect(collectionsOf(process)).toEqual([
    { seconds: 1, generation: 0, collected: 0 },
    { seconds: 3, generation: 2, collected: 40 },
  ]);
  process.samples.seconds = [];
  expect(collectionsOf(process)).toEqual([]);
  expect(lastSecond({ ...process, seconds: 0, epochs: { start: [], end: [], iteration: [] } })).toBeGreaterThan(0);
});

import { expect, test } from "vitest";
import { epochsIn, formatWindow, parseWindow } from "./window";

const epochs = { start: [0, 1, 3], end: [1, 3, 9], iteration: [0, 0, 0] };

test("a window is told as it was read; what is none is none", () => {
  expect(formatWindow(parseWindow("2.5-9"))).toBe("2.5-9");
  for (const text of [undefined, "", "9-2", "a-b", "-1-2", "1-", "1e9-2e9"]) expect(parseWindow(text)).toBeNull();
});

test("an epoch counts where its middle is in the window", () => {
  expect(epochsIn(epochs, null)).toEqual([true, true, true]);
  expect(epochsIn(epochs, { from: 0, to: 2 })).toEqual([true, true, false]);
});

test("a narrow window has the epoch that it is in", () => {
  expect(epochsIn(epochs, { from: 7, to: 8 })).toEqual([false, false, true]);
  expect(epochsIn(epochs, { from: 100, to: 200 })).toEqual([false, false, true]);
  expect(epochsIn({ start: [], end: [], iteration: [] }, { from: 1, to: 2 })).toEqual([]);
});

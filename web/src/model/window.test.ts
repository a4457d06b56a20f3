import { expect, test } from "vitest";
import { epochsIn, formatWindow, moveEdge, parseWindow } from "./window";

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

test("keys move an edge by a hundredth of the run, or by ten", () => {
  expect(moveEdge(null, 50, "from", "ArrowRight")).toEqual({ from: 0.5, to: 50 });
  expect(moveEdge({ from: 10, to: 20 }, 50, "to", "ArrowLeft")).toEqual({ from: 10, to: 19.5 });
  expect(moveEdge({ from: 10, to: 20 }, 50, "from", "PageDown")).toEqual({ from: 5, to: 20 });
  expect(moveEdge({ from: 10, to: 20 }, 50, "to", "PageUp")).toEqual({ from: 10, to: 25 });
});

test("edges do not cross, and do not leave the run", () => {
  expect(moveEdge({ from: 10, to: 20 }, 50, "from", "End")).toEqual({ from: 19.5, to: 20 });
  expect(moveEdge({ from: 10, to: 20 }, 50, "to", "Home")).toEqual({ from: 10, to: 10.5 });
  expect(moveEdge({ from: 10, to: 10.2 }, 50, "from", "ArrowRight")).toEqual({ from: 10, to: 10.5 });
  expect(moveEdge({ from: 45, to: 900 }, 50, "to", "ArrowRight")).toEqual({ from: 45, to: 50 });
  expect(moveEdge({ from: 70, to: 90 }, 50, "from", "ArrowLeft")).toEqual({ from: 49, to: 50 });
});

test("a window of the whole run is none, and other keys are somebody else's", () => {
  expect(moveEdge({ from: 0, to: 20 }, 50, "to", "End")).toBeNull();
  expect(moveEdge({ from: 10, to: 20 }, 50, "to", "Escape")).toBeNull();
  expect(moveEdge(null, 50, "from", "Home")).toBeNull();
  expect(moveEdge(null, 50, "from", "Tab")).toBeUndefined();
});

test("in any run each key keeps the window within it, and the address can tell it", () => {
  const keys = ["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"];
  for (const end of [0.001, 0.02, 1.7, 86400]) {
    let window: ReturnType<typeof parseWindow> = null;
    for (let i = 0; i < 300; i++) {
      const key = keys[(i * 7 + (i >> 2)) % keys.length] ?? "Home";
      const moved = moveEdge(window, end, i % 3 ? "from" : "to", key);
      if (moved) expect(moved.from >= 0 && moved.from < moved.to && moved.to <= end + 0.001).toBe(true);
      window = moved ? parseWindow(formatWindow(moved)) : null;
      if (moved) expect(window).not.toBeNull();
    }
  }
});

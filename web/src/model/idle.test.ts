import { afterEach, expect, test, vi } from "vitest";
import type { ViewerDocument } from "./document";
import { inPieces, preparations, whenIdle } from "./idle";
import { drawFrames, drawProcess, drawer } from "./testing";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("without the browser's call a timer does the work, and it can be taken back", () => {
  vi.useFakeTimers();
  const done: string[] = [];
  whenIdle(() => done.push("first"));
  whenIdle(() => done.push("second"))();
  vi.runAllTimers();
  expect(done).toEqual(["first"]);
});

test("pieces are done one at a time, and none after the end", () => {
  const asked: (() => void)[] = [];
  vi.stubGlobal("requestIdleCallback", (work: () => void) => asked.push(work) - 1);
  vi.stubGlobal("cancelIdleCallback", (id: number) => void (asked[id] = () => {}));
  const done: number[] = [];
  const end = inPieces([0, 1, 2].map((piece) => () => done.push(piece)));
  expect([done, asked.length]).toEqual([[], 1]);
  asked[0]?.();
  expect([done, asked.length]).toEqual([[0], 2]);
  end();
  asked[1]?.();
  expect([done, asked.length]).toEqual([[0], 2]);
});

test("preparations change nothing that one could see", () => {
  const draw = drawer(3);
  const frames = drawFrames(draw);
  const process = drawProcess(draw, frames);
  const before = JSON.stringify([frames, process]);
  const document = { frames, strings: ["", "A"] } as unknown as ViewerDocument;
  for (const prepare of preparations(document, process)) prepare();
  expect(JSON.stringify([frames, process])).toBe(before);
});

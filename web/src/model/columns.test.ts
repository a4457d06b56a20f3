import { describe, expect, test } from "vitest";
import { numbersOf, readColumns } from "./columns";
import type { ViewerDocument } from "./document";
import { drawFrames, drawProcess, drawer } from "./testing";

describe("columns", () => {
  test("are what was written, whatever the numbers are", () => {
    for (let seed = 0; seed < 100; seed++) {
      const draw = drawer(seed);
      const numbers = Array.from({ length: draw(20) }, () => draw(2 ** 31) * [1, 2 ** 20, 0][draw(3)]!);
      expect([...numbersOf(numbers.join(" "))]).toEqual(numbers);
    }
    expect([...numbersOf(String(2 ** 53 - 1))]).toEqual([2 ** 53 - 1]);
  });

  test("of a document are read when they are looked at, and only then", () => {
    const frames = drawFrames(drawer(3));
    const process = drawProcess(drawer(4), frames);
    const text = <T extends object>(table: T): T =>
      Object.fromEntries(Object.entries(table).map(([key, value]) => [key, Array.isArray(value) ? value.join(" ") : value])) as T;
    const written = { ...process, stacks: text(process.stacks), sites: { ...text(process.sites), cells: text(process.sites.cells) } };
    const document = { frames: text(frames), runs: [{ processes: [written] }] } as unknown as ViewerDocument;
    readColumns(document);
    const read = document.runs[0]!.processes[0]!;
    expect(Object.getOwnPropertyDescriptor(read.sites, "stack")?.get).toBeDefined();
    expect([...(read.sites.stack as Float64Array)]).toEqual(process.sites.stack);
    expect(Object.getOwnPropertyDescriptor(read.sites, "stack")?.get).toBeUndefined();
    expect([...(read.sites.cells.born_bytes as Float64Array)]).toEqual(process.sites.cells.born_bytes);
    expect([...(document.frames.line as Float64Array)]).toEqual(frames.line);
  });
});

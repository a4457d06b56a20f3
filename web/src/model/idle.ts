// Work for while nobody waits: what a reader is likely to ask next is computed after what was asked for is on the screen, a piece at a time.

import type { ProcessData, ViewerDocument } from "./document";
import { groupFrames, lowerCase } from "./places";
import { shapeOf } from "./shape";

// Calls `work` soon, when there is nothing else to do. Returns what takes it back.
export function whenIdle(work: () => void): () => void {
  if (typeof requestIdleCallback === "function") {
    const id = requestIdleCallback(work, { timeout: 1000 });
    return () => cancelIdleCallback(id);
  }
  const id = setTimeout(work, 30); // Safari has no such call
  return () => clearTimeout(id);
}

// One piece each time that nobody waits. Returns what ends it.
export function inPieces(pieces: readonly (() => unknown)[]): () => void {
  let at = 0;
  let cancel = () => {};
  const next = () => {
    const piece = pieces[at++];
    if (!piece) return;
    cancel = whenIdle(() => {
      piece();
      next();
    });
  };
  next();
  return () => cancel();
}

// What the first look at the sites of a process needs, and what the first word of a search: each is kept where it is made.
export function preparations(document: ViewerDocument, process: ProcessData): (() => unknown)[] {
  const { sites, stacks } = process;
  const { cells } = sites;
  return [
    () => [sites.stack, sites.kind, sites.type, sites.cell],
    () => cells.epoch,
    () => cells.live_bytes,
    () => cells.live_objects,
    () => cells.born_objects,
    () => [stacks.parent, stacks.frame],
    () => groupFrames(document.frames, "line"),
    () => shapeOf(process, groupFrames(document.frames, "line")),
    () => lowerCase(document.strings),
  ];
}

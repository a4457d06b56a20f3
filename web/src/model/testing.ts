// Drawn documents for tests: a process with some stacks, sites and epochs, from a seed.

import type { Column, Frames, ProcessData } from "./document";

function push(column: Column, value: number): void {
  (column as number[]).push(value);
}

// Mulberry32: small, and the same everywhere.
export function drawer(seed: number): (most: number) => number {
  let state = seed >>> 0;
  return (most) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % most;
  };
}

// Few functions and files, so that recursion and common places are frequent.
export function drawFrames(draw: (most: number) => number): Frames {
  const rows = 1 + draw(12);
  const frames: Frames = { function: [], file: [], line: [] };
  for (let row = 0; row < rows; row++) {
    push(frames.function, 10 + draw(4));
    push(frames.file, 1 + draw(3));
    push(frames.line, row + 1);
  }
  return frames;
}

export function drawProcess(draw: (most: number) => number, frames: Frames): ProcessData {
  const epochs = 1 + draw(5);
  const process: ProcessData = {
    pid: 1, folder: "p1", title: "drawn", seconds: epochs, looked_at: "end",
    epochs: { start: [], end: [], iteration: [] },
    samples: { seconds: [], rss: [], live: [], collections: [[], [], []], collected: [], threads: [] },
    marks: [], snapshots: [], ledgers: [], peak_seconds: 0, peak_bytes: 0, finalized_seconds: null,
    stacks: { parent: [0], frame: [0] },
    sites: {
      stack: [], kind: [], type: [], grown_bytes: [], grown_objects: [], peak_bytes: [], peak_objects: [], cell: [0],
      cells: { epoch: [], born_bytes: [], born_objects: [], live_bytes: [], live_objects: [], freed_bytes: [], freed_objects: [] },
    },
    findings: [], heap: null,
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    process.epochs.start.push(epoch);
    process.epochs.end.push(epoch + 1);
    process.epochs.iteration.push(0);
  }
  const stacks = 1 + draw(30);
  for (let row = 1; row < stacks; row++) {
    push(process.stacks.parent, draw(row));
    push(process.stacks.frame, draw(frames.file.length));
  }
  const sites = draw(20);
  for (let site = 0; site < sites; site++) drawSite(draw, process, epochs);
  return process;
}

function drawSite(draw: (most: number) => number, process: ProcessData, epochs: number): void {
  const { sites } = process;
  push(sites.stack, draw(process.stacks.parent.length));
  push(sites.kind, 1);
  push(sites.type, 0);
  for (const column of [sites.grown_bytes, sites.grown_objects, sites.peak_bytes, sites.peak_objects]) push(column, draw(50));
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (draw(2)) continue;
    push(sites.cells.epoch, epoch);
    const born = 1 + draw(9);
    const freed = draw(born + 1);
    for (const [column, value] of [
      [sites.cells.born_bytes, born * 10], [sites.cells.born_objects, born], [sites.cells.live_bytes, (born - freed) * 10],
      [sites.cells.live_objects, born - freed], [sites.cells.freed_bytes, freed * 10], [sites.cells.freed_objects, freed],
    ] as const) {
      push(column, value);
    }
  }
  push(sites.cell, sites.cells.epoch.length);
}

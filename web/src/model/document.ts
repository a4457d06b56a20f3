// The document that the page reads, `limpet.viewer/1`: docs/design/viewer.md says how it comes into being. It is made by
// src/viewer/document.cc; a field is added there and here at once, and none is renamed without a new schema number.
//
// What is large is told by columns: `{ line: "3 9", file: "1 1" }` are two rows; columns.ts reads them. Names are numbers of `strings`.
// Bytes and counts are exact up to 2^53. Times are seconds since the start of the process.

import type { HeapData } from "./heap";
import type { DiffReport, Report } from "./report";

export const SCHEMA = "limpet.viewer/1";

// Whole numbers from 0 on, a row each.
export type Column = ArrayLike<number>;

export interface ViewerDocument {
  schema: typeof SCHEMA;
  limpet_version: string;
  made: number; // Unix time in seconds
  running: boolean; // the program had not ended: the same recording will have more to say later
  strings: string[]; // [0] is ""
  frames: Frames; // of all processes of all runs, each place of the source once
  runs: Run[]; // [0] is the one that the page is about; [1], where there is one, is what it is compared with: the run before it
  comparison: DiffReport | null; // from runs[1] to runs[0]
  sources: Source[]; // of files that could be read where the document was made
  left_out: string[]; // sentences: what is not in here because it would have become too large, and how much that is
}

// Places of the source.
export interface Frames {
  function: Column; // qualified name
  file: Column; // 0: "", a stack without a Python frame
  line: Column; // 0: unknown
}

export interface Run {
  path: string;
  title: string; // "app.py --port 80"
  started: number; // Unix time in seconds; 0: unknown
  report: Report;
  processes: ProcessData[]; // in the order of report.processes
  main_process: number; // index into processes: the program itself, or else the one that allocated most
}

export interface ProcessData {
  pid: number;
  folder: string; // "p4711": what tells processes apart, for a pid may come twice
  title: string;
  seconds: number; // up to the last sign of life
  looked_at: "end" | "finalization"; // what "live" means: not freed at that moment
  epochs: Epochs;
  samples: Samples;
  marks: Mark[]; // checkpoints that the program named; of many of them some
  snapshots: Snapshot[];
  ledgers: Ledger[];
  peak_seconds: number;
  peak_bytes: number;
  finalized_seconds: number | null; // when the interpreter began to finalise
  stacks: Stacks;
  sites: Sites;
  // Rows of `sites`, by finding of this run's report (in its order): those that the finding is made of, where this is the first of the
  // processes that have it; else empty.
  findings: number[][];
  heap: HeapData | null; // of the last snapshot; null: there is none
}

// Stretches of time without gaps, in order; at most 64. Everything is counted by the epoch that it was born in.
export interface Epochs {
  start: number[];
  end: number[];
  iteration: number[]; // iterations marked before it
}

// The process over time.
export interface Samples {
  seconds: number[];
  rss: number[]; // bytes; 0: not known
  live: number[]; // bytes
  collections: [number[], number[], number[]]; // of the garbage collector, by generation, since the start
  collected: number[]; // objects, since the start
  threads: number[];
}

export interface Mark {
  seconds: number;
  name: string;
  iterations: number;
}

export interface Snapshot {
  number: number;
  seconds: number | null; // null: no ledger tells
}

// Whose the resident memory is at one moment: sum of `parts` + rest == own.
export interface Ledger {
  seconds: number;
  own: number;
  parts: { key: string; label: string; bytes: number }[]; // the same keys in the same order in each ledger
  rest: number;
  file: number;
}

// A tree: row 0 is the empty stack and its own parent; parents stand before their children.
export interface Stacks {
  parent: Column;
  frame: Column; // row of Frames; of row 0: without meaning
}

// Allocation sites: a stack and the allocator that was asked.
export interface Sites {
  stack: Column; // row of Stacks: its innermost frame; 0: no Python frame
  kind: Column; // string: "object", "raw", "mem", "malloc", "map", "filemap"; "": all that was left out, in one row
  type: Column; // string: the type of most of its objects in the last snapshot; "" unknown
  grown_bytes: Column; // of what is live, the part that grew steadily: of the whole stack, in its first row
  grown_objects: Column;
  peak_bytes: Column; // live when the process had most memory live
  peak_objects: Column;
  cell: Column; // its cells are rows [cell[i], cell[i + 1]) of `cells`; one more than there are sites
  cells: Cells;
}

// What was born at a site in one epoch.
export interface Cells {
  epoch: Column;
  born_bytes: Column;
  born_objects: Column;
  live_bytes: Column; // of these, not freed at the moment looked at
  live_objects: Column;
  freed_bytes: Column; // freed by the end of the recording: the interpreter's own cleaning up included
  freed_objects: Column;
}

// Lines of one file, around those that matter.
export interface Source {
  file: number; // string
  excerpts: { first: number; lines: string[] }[]; // by line, without overlap
}

// The part of the document that tells of the objects of a heap snapshot, as src/viewer/heap_part.cc makes it: `limpet.heap/1` as
// summary, and `limpet.why/1` for the types that retain most. Fields that no view looks at are there all the same.

import type { Place, Step } from "./report";

export interface HeapData {
  summary: HeapSummary;
  treemap: Treemap;
  ways: WhyReport[]; // of the types of findings and those that retain most; `limpet serve` tells of any other when asked
}

// A path, as steps and in one line.
export interface Told {
  holder: (Step & { times?: number })[]; // root first
  holder_text: string;
}

export interface HeapRow {
  type?: string;
  module?: string;
  objects: number;
  own_bytes: number;
  retained_bytes: number;
  born?: Place;
  born_there?: number;
}

export interface BigObject extends Told {
  type: string;
  entries: number;
  retained_bytes: number;
  retained_objects: number;
  accumulation?: Told & { type: string; entries: number };
}

export interface CycleRow {
  cycle: Step[];
  text: string;
  cycles: number;
  objects: number;
  bytes: number;
}

export interface HeapGrowth {
  against: number; // number of the earlier snapshot
  more_objects: number;
  more_bytes: number;
  paths: (Told & { type: string; objects_before: number; objects_after: number; more_bytes: number })[];
  surplus: { type: string; objects: number; references: number; more_references: number }[];
}

export interface HeapSummary {
  snapshot: { number?: number; problems?: string[] };
  objects: number;
  bytes: number;
  garbage: { objects: number; bytes: number };
  held_by_c_code: { objects: number; bytes: number };
  native_memory: { blocks: number; bytes: number }; // of C code, that hangs on objects
  rows: HeapRow[]; // by type, most in what they retain first
  more_rows: number;
  biggest: BigObject[];
  cycles: CycleRow[];
  growth?: HeapGrowth;
}

// What retains what: rows of src/viewer/treemap.h. Row 0 is everything and its own parent; parents stand before their children.
export interface Treemap {
  parent: number[];
  label: string[];
  type: string[];
  groups: number[];
  objects: number[];
  bytes: number[];
}

export interface Way extends Told {
  cut: number | null; // index into holder: the reference to cut leads to this step
  cut_references?: number;
}

export interface Holding {
  objects: number;
  bytes: number;
  retained_bytes: number;
  ways: Way[];
  would_free: { target_objects: number; objects: number; bytes: number };
}

export interface WhyReport {
  target: string;
  judgement: string | null;
  objects: number;
  bytes: number;
  retained_bytes: number;
  born: { site: Place; objects: number; bytes: number }[];
  holdings: Holding[];
  more_holdings: number;
  garbage: { objects: number; retained_bytes: number; cycle_text?: string };
}

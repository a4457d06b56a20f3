// How much each site has, by the measure that the reader chose.

import type { Column, ProcessData, Sites } from "./document";

export const MEASURES = ["live", "grown", "churned", "peak", "allocated"] as const;
export type Measure = (typeof MEASURES)[number];
export type Unit = "bytes" | "objects";

export const MEASURE_WORDS: Record<Measure, string> = {
  live: "allocated and not freed",
  grown: "of what is live, the part that grew steadily",
  churned: "allocated and freed again",
  peak: "live when the process had most memory live",
  allocated: "all that was ever allocated",
};

// Peak and growth are of the whole run: they have no epochs.
export function hasEpochs(measure: Measure): boolean {
  return measure !== "grown" && measure !== "peak";
}

export function measureOf(text: string | undefined): Measure {
  return MEASURES.find((measure) => measure === text) ?? "live";
}

export function unitOf(text: string | undefined): Unit {
  return text === "objects" ? "objects" : "bytes";
}

function columnOf(sites: Sites, measure: Measure, unit: Unit): Column {
  const bytes = unit === "bytes";
  switch (measure) {
    case "live":
      return bytes ? sites.cells.live_bytes : sites.cells.live_objects;
    case "churned":
      return bytes ? sites.cells.freed_bytes : sites.cells.freed_objects;
    case "allocated":
      return bytes ? sites.cells.born_bytes : sites.cells.born_objects;
    case "grown":
      return bytes ? sites.grown_bytes : sites.grown_objects;
    case "peak":
      return bytes ? sites.peak_bytes : sites.peak_objects;
  }
}

// By row of sites. `epochs`: which count (of measures that have epochs).
export function weigh(sites: Sites, measure: Measure, unit: Unit, epochs: readonly boolean[]): Float64Array {
  const weights = new Float64Array(sites.stack.length);
  const column = columnOf(sites, measure, unit);
  if (!hasEpochs(measure)) {
    for (let site = 0; site < weights.length; site++) weights[site] = column[site] ?? 0;
    return weights;
  }
  const { cell } = sites;
  const { epoch } = sites.cells;
  const counts = Uint8Array.from(epochs, (is) => (is ? 1 : 0));
  for (let site = 0; site < weights.length; site++) {
    let sum = 0;
    const end = cell[site + 1] ?? 0;
    for (let at = cell[site] ?? 0; at < end; at++) if (counts[epoch[at] ?? 0]) sum += column[at] ?? 0;
    weights[site] = sum;
  }
  return weights;
}

export function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}

export interface EpochSums {
  born_objects: Float64Array;
  live_bytes: Float64Array;
  live_objects: Float64Array;
}

// By epoch of birth: what was born at some sites (rows in rising order), and what of it is live. No rows named: at all of them.
export function byEpoch(process: ProcessData, rows: ArrayLike<number> | null): EpochSums {
  const { cells, cell } = process.sites;
  const { epoch, born_objects, live_bytes, live_objects } = cells;
  const epochs = process.epochs.start.length;
  const sums = { born_objects: new Float64Array(epochs), live_bytes: new Float64Array(epochs), live_objects: new Float64Array(epochs) };
  const add = (first: number, end: number): void => {
    for (let at = first; at < end; at++) {
      const one = epoch[at] ?? 0;
      sums.born_objects[one] = (sums.born_objects[one] ?? 0) + (born_objects[at] ?? 0);
      sums.live_bytes[one] = (sums.live_bytes[one] ?? 0) + (live_bytes[at] ?? 0);
      sums.live_objects[one] = (sums.live_objects[one] ?? 0) + (live_objects[at] ?? 0);
    }
  };
  if (!rows) {
    add(0, epoch.length);
    return sums;
  }
  // Cells of neighbouring sites are neighbours, and of the whole program all sites are.
  for (let i = 0; i < rows.length; ) {
    const first = rows[i] ?? 0;
    let last = first;
    for (i += 1; rows[i] === last + 1; i++) last += 1;
    add(cell[first] ?? 0, cell[last + 1] ?? 0);
  }
  return sums;
}

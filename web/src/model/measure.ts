// How much each site has, by the measure that the reader chose.

import type { ProcessData, Sites } from "./document";

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

function columnOf(sites: Sites, measure: Measure, unit: Unit): number[] {
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
    weights.set(column.slice(0, weights.length));
    return weights;
  }
  for (let site = 0; site < weights.length; site++) {
    let sum = 0;
    const end = sites.cell[site + 1] ?? 0;
    for (let cell = sites.cell[site] ?? 0; cell < end; cell++) {
      if (epochs[sites.cells.epoch[cell] ?? -1]) sum += column[cell] ?? 0;
    }
    weights[site] = sum;
  }
  return weights;
}

export interface EpochSums {
  born_bytes: number[];
  born_objects: number[];
  live_bytes: number[];
  live_objects: number[];
}

// By epoch of birth: what was born at some sites, and what of it is live. No rows named: at all of them.
export function byEpoch(process: ProcessData, rows: readonly number[] | null): EpochSums {
  const zeros = () => process.epochs.start.map(() => 0);
  const sums: EpochSums = { born_bytes: zeros(), born_objects: zeros(), live_bytes: zeros(), live_objects: zeros() };
  const { cells, cell, stack } = process.sites;
  for (const row of rows ?? stack.keys()) {
    const end = cell[row + 1] ?? 0;
    for (let at = cell[row] ?? 0; at < end; at++) {
      const epoch = cells.epoch[at] ?? 0;
      for (const key of ["born_bytes", "born_objects", "live_bytes", "live_objects"] as const) {
        sums[key][epoch] = (sums[key][epoch] ?? 0) + (cells[key][at] ?? 0);
      }
    }
  }
  return sums;
}

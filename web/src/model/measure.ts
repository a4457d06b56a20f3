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
  born_bytes: number[];
  born_objects: number[];
  live_bytes: number[];
  live_objects: number[];
}

// By epoch of birth: what was born at some sites, and what of it is live. No rows named: at all of them.
export function byEpoch(process: ProcessData, rows: readonly number[] | null): EpochSums {
  const { cells, cell, stack } = process.sites;
  const { epoch } = cells;
  const epochs = process.epochs.start.length;
  const sumUp = (column: Column): number[] => {
    const sums = new Float64Array(epochs);
    const addRow = (row: number): void => {
      const end = cell[row + 1] ?? 0;
      for (let at = cell[row] ?? 0; at < end; at++) {
        const one = epoch[at] ?? 0;
        sums[one] = (sums[one] ?? 0) + (column[at] ?? 0);
      }
    };
    if (rows) rows.forEach(addRow);
    else for (let row = 0; row < stack.length; row++) addRow(row);
    return [...sums];
  };
  return {
    born_bytes: sumUp(cells.born_bytes),
    born_objects: sumUp(cells.born_objects),
    live_bytes: sumUp(cells.live_bytes),
    live_objects: sumUp(cells.live_objects),
  };
}

// What the charts of time are drawn from: stacked parts of the resident memory, lines, and when the collector ran.

import type { Ledger, ProcessData } from "./document";

export interface Band {
  key: string;
  label: string;
  values: number[]; // by ledger
}

// Parts of the ledgers, largest at the end first; what is small all the time is "everything else".
export function bandsOf(ledgers: readonly Ledger[], least = 0.02): Band[] {
  const bands = new Map<string, Band>();
  ledgers.forEach((ledger, i) => {
    for (const part of [...ledger.parts, { key: "rest", label: "not explained", bytes: Math.max(0, ledger.rest) }]) {
      let band = bands.get(part.key);
      if (!band) bands.set(part.key, (band = { key: part.key, label: part.label, values: ledgers.map(() => 0) }));
      band.values[i] = part.bytes;
    }
  });
  const matters = (band: Band) => band.values.some((value, i) => value >= least * Math.max(ledgers[i]?.own ?? 0, 1));
  const kept = [...bands.values()].filter(matters);
  const small = [...bands.values()].filter((band) => !matters(band));
  const last = ledgers.length - 1;
  kept.sort((a, b) => (b.values[last] ?? 0) - (a.values[last] ?? 0));
  if (small.length > 0) {
    kept.push({
      key: "else",
      label: "everything else",
      values: ledgers.map((_, i) => small.reduce((sum, band) => sum + (band.values[i] ?? 0), 0)),
    });
  }
  return kept;
}

export interface Collection {
  seconds: number; // at or before this
  generation: number; // the oldest that was collected since the sample before
  collected: number; // objects, since the sample before
}

export function collectionsOf(process: ProcessData): Collection[] {
  const { seconds, collections, collected } = process.samples;
  const out: Collection[] = [];
  for (let i = 1; i < seconds.length; i++) {
    let generation = -1;
    collections.forEach((counts, number) => {
      if ((counts[i] ?? 0) > (counts[i - 1] ?? 0)) generation = number;
    });
    if (generation >= 0) {
      out.push({ seconds: seconds[i] ?? 0, generation, collected: Math.max(0, (collected[i] ?? 0) - (collected[i - 1] ?? 0)) });
    }
  }
  return out;
}

export interface Generation {
  generation: number;
  seconds: number[]; // when it was collected
  collected: number; // objects, of all these times
}

// Of what was collected, by generation, the youngest first.
export function byGeneration(collections: readonly Collection[]): Generation[] {
  const all: Generation[] = [0, 1, 2].map((generation) => ({ generation, seconds: [], collected: 0 }));
  for (const one of collections) {
    const its = all[one.generation];
    its?.seconds.push(one.seconds);
    if (its) its.collected += one.collected;
  }
  return all.filter((one) => one.seconds.length > 0);
}

// The end of the time axis.
export function lastSecond(process: ProcessData): number {
  const ends = [process.seconds, process.epochs.end[process.epochs.end.length - 1] ?? 0, process.samples.seconds[process.samples.seconds.length - 1] ?? 0];
  return Math.max(...ends, 1e-3);
}

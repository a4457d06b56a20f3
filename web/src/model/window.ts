// A stretch of time that the reader chose, "2.5-9" in the address, and the epochs in it. What is counted is counted by epoch of birth, so
// an epoch counts as a whole: where its middle is in the window.

import type { Epochs } from "./document";

export interface Window {
  from: number; // seconds
  to: number;
}

export function parseWindow(text: string | undefined): Window | null {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  if (!match) return null;
  const from = Number(match[1]);
  const to = Number(match[2]);
  return from < to ? { from, to } : null;
}

export function formatWindow(window: Window | null): string {
  return window ? `${trim(window.from)}-${trim(window.to)}` : "";
}

function trim(seconds: number): string {
  return String(Math.max(0, Math.round(seconds * 1000) / 1000));
}

// By epoch: whether it counts. No window: all do. A window between two middles has the epoch that it is in.
export function epochsIn(epochs: Epochs, window: Window | null): boolean[] {
  if (!window) return epochs.start.map(() => true);
  const chosen = epochs.start.map((start, i) => {
    const middle = (start + (epochs.end[i] ?? start)) / 2;
    return middle >= window.from && middle <= window.to;
  });
  if (!chosen.includes(true)) {
    const middle = (window.from + window.to) / 2;
    let at = 0;
    while (at + 1 < chosen.length && (epochs.end[at] ?? 0) < middle) at += 1;
    if (chosen.length > 0) chosen[at] = true;
  }
  return chosen;
}

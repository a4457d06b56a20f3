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

export type EdgeName = "from" | "to";

// The shortest way of an edge: a hundredth of the run, and no less than what the address can tell.
function stepOf(end: number): number {
  return Math.max(end / 100, 0.001);
}

// The window (null: the whole run) after a key was pressed on one of its edges; undefined where the key means nothing there. The edges
// keep a step between them.
export function moveEdge(window: Window | null, end: number, edge: EdgeName, key: string): Window | null | undefined {
  const step = stepOf(end);
  const from = Math.min(window?.from ?? 0, Math.max(0, end - step));
  const to = Math.max(from + step, Math.min(window?.to ?? end, end));
  const [least, most] = edge === "from" ? [0, Math.max(0, to - step)] : [Math.min(from + step, end), end];
  const now = edge === "from" ? from : to;
  const places: Record<string, number> = {
    ArrowLeft: now - step,
    ArrowDown: now - step,
    ArrowRight: now + step,
    ArrowUp: now + step,
    PageDown: now - 10 * step,
    PageUp: now + 10 * step,
    Home: least,
    End: most,
  };
  if (key === "Escape") return null;
  const wanted = places[key];
  if (wanted === undefined) return undefined;
  const moved = { from, to, [edge]: Math.min(most, Math.max(least, wanted)) };
  return moved.from < step / 2 && moved.to > end - step / 2 ? null : moved;
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

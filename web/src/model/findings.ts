// What the cards of findings say, beyond the fields as they are.

import type { ProcessData, Run } from "./document";
import { byteRate, count, unitOfRate } from "./format";
import type { Finding, Report, Step } from "./report";

export interface Located {
  process: ProcessData;
  rows: readonly number[]; // of its sites
}

// Where the sites of a finding are: of the process that has them.
export function locate(run: Run, finding: number): Located | null {
  for (const process of run.processes) {
    const rows = process.findings[finding];
    if (rows && rows.length > 0) return { process, rows };
  }
  return null;
}

export const KIND_WORDS: Record<string, string> = {
  "python-object": "Python objects",
  "raw-block": "blocks that C code took from Python's allocators",
  native: "memory of a native library",
  cycle: "garbage cycles that the collector does not free",
  refcount: "objects with a reference that C code never gave back",
};

export const REASON_WORDS: Record<string, string> = {
  bounded: "bounded: old ones die as new ones come",
  "warm-up": "warm-up: it grew and stopped",
  "one-off": "one-off: it came in one go",
  flushed: "flushed: all up to some moment was freed together",
  released: "released: given back while the program went on",
  "deferred-gc": "garbage that waits for the collector",
  "too-few": "too few to tell a trend from chance",
  fragmentation: "fragmentation: free memory between a few live blocks",
  "arena-retention": "kept by malloc for later",
  "page-cache": "pages of files, which the kernel drops when it needs room",
};

// "+3.2 MB/min", and per iteration where the program marks them.
export function rates(finding: Finding, report: Report): string[] {
  const largest = Math.max(...report.findings.map((one) => one.bytes_per_second));
  const out = [byteRate(finding.bytes_per_second, unitOfRate(largest, Math.max(...report.processes.map((one) => one.seconds))))];
  if (finding.bytes_per_iteration !== null) out.push(`${byteRateOf(finding.bytes_per_iteration)} per iteration`);
  return out;
}

function byteRateOf(amount: number): string {
  return amount >= 1000 ? `+${(amount / 1000).toFixed(1)} KB` : `+${Math.round(amount)} B`;
}

// "app.Session (1 412 new, 0 freed)"
export function subject(finding: Finding): string {
  const what = finding.types[0] ?? KIND_WORDS[finding.kind] ?? finding.kind;
  const freed = Math.max(0, finding.born_objects - finding.live_objects);
  return `${what} (${count(finding.live_objects)} kept, ${count(freed)} freed)`;
}

export function sureness(confidence: number): string {
  return confidence >= 0.9 ? "very sure" : confidence >= 0.7 ? "sure" : confidence >= 0.5 ? "likely" : "a suspicion";
}

// References that lead round: step i from the object of the step before to that of its own type, the first from that of the last.
export interface Cyclic {
  steps: readonly Step[];
  weakest: number | null; // index into steps
}

// A finding's cycle begins with the object that its first reference leads from; that object comes again at the end.
export function ringOf(finding: Pick<Finding, "cycle" | "weakest_edge">): Cyclic {
  return { steps: finding.cycle.slice(1), weakest: finding.weakest_edge === null ? null : finding.weakest_edge - 1 };
}

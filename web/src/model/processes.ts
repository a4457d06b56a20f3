// Processes as the tree that they are: a child below the process that started it.

import type { ProcessSummary } from "./report";

export interface ProcessRow {
  number: number; // in report.processes
  depth: number;
}

// Each process once, parents before their children; what has no parent here, or goes round in a circle, stands at the top.
export function processTree(processes: readonly ProcessSummary[]): ProcessRow[] {
  const rows: ProcessRow[] = [];
  const placed = new Set<number>();
  const place = (first: number) => {
    const open: ProcessRow[] = [{ number: first, depth: 0 }];
    while (open.length > 0) {
      const row = open.pop();
      if (!row || placed.has(row.number)) continue;
      placed.add(row.number);
      rows.push(row);
      const pid = processes[row.number]?.pid;
      const children = processes.flatMap((one, number) => (one.parent_pid === pid && !placed.has(number) ? [{ number, depth: row.depth + 1 }] : []));
      open.push(...children.reverse());
    }
  };
  const pids = new Set(processes.map((one) => one.pid));
  processes.forEach((one, number) => {
    if (!pids.has(one.parent_pid)) place(number);
  });
  processes.forEach((_, number) => place(number));
  return rows;
}

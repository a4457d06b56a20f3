// The objects of the last heap snapshot: what keeps them alive, by type, cycles, what grew.

import { useMemo, useState } from "preact/hooks";
import { useViewer } from "../context";
import { ringOf, type Cyclic } from "../model/findings";
import { bytes, count, shown, shortPath } from "../model/format";
import type { CycleRow, HeapData, HeapRow, HeapSummary } from "../model/heap";
import type { Finding, Step } from "../model/report";
import { Ring, tellCycle } from "../parts/ring";
import { TreemapChart } from "../parts/treemap";
import { PathSteps, Ways } from "../parts/ways";

type SortKey = "retained_bytes" | "own_bytes" | "objects";
const COLUMNS: readonly { key: SortKey; title: string }[] = [
  { key: "objects", title: "Objects" },
  { key: "own_bytes", title: "Own" },
  { key: "retained_bytes", title: "Retained" },
];

function Totals({ summary }: { summary: HeapSummary }) {
  return (
    <p>
      {count(summary.objects)} objects, {bytes(summary.bytes)}
      {summary.garbage.objects > 0 &&
        `; garbage that waits for the collector: ${count(summary.garbage.objects)} objects, ${bytes(summary.garbage.bytes)}`}
      {summary.held_by_c_code.objects > 0 &&
        `; held by C code alone: ${count(summary.held_by_c_code.objects)} objects, ${bytes(summary.held_by_c_code.bytes)}`}
      {summary.native_memory.bytes > 0 &&
        `; memory of C code that hangs on them: ${bytes(summary.native_memory.bytes)}, ${count(summary.native_memory.blocks)} ${summary.native_memory.blocks === 1 ? "block" : "blocks"}`}
      .
    </p>
  );
}

interface TypesProps {
  rows: readonly HeapRow[];
  more: number;
  sort: SortKey;
  chosen: string;
  directory: string;
  onSort(key: SortKey): void;
  onType(type: string): void;
}

function Types({ rows, more, sort, chosen, directory, onSort, onType }: TypesProps) {
  const sorted = useMemo(() => [...rows].sort((a, b) => b[sort] - a[sort]), [rows, sort]);
  const most = Math.max(1, ...sorted.map((row) => row[sort]));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Types">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Type</th>
            {COLUMNS.map((column) => (
              <th key={column.key} scope="col" class="number" aria-sort={sort === column.key ? "descending" : "none"}>
                <button type="button" onClick={() => onSort(column.key)}>
                  {column.title}
                  {sort === column.key ? " ▼" : ""}
                </button>
              </th>
            ))}
            <th scope="col">Born at</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={row.type} class={row.type === chosen ? "chosen" : undefined}>
              <th scope="row">
                <button type="button" class="link" aria-pressed={row.type === chosen} onClick={() => onType(row.type ?? "")}>
                  {shown(row.type ?? "", 80)}
                </button>
                <span class="bar" style={{ width: `${(row[sort] / most) * 100}%` }} />
              </th>
              <td class="number">{count(row.objects)}</td>
              <td class="number">{bytes(row.own_bytes)}</td>
              <td class="number">{bytes(row.retained_bytes)}</td>
              <td class="faint">{row.born ? `${shown(shortPath(row.born.file, directory), 60)}:${row.born.line}` : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="faint">{count(more)} more types are not in this table.</p>}
    </div>
  );
}

interface DrawnCycle extends Cyclic {
  tell: string;
}

// Those of findings, which know their weakest reference, then those of the snapshot that are not among them.
function cyclesOf(findings: readonly Finding[], rows: readonly CycleRow[]): DrawnCycle[] {
  const sign = (steps: readonly Step[]) =>
    steps
      .map((step) => `${step.edge} ${step.type}`)
      .sort()
      .join("\n");
  const drawn: DrawnCycle[] = [];
  const seen = new Set<string>();
  const add = (steps: readonly Step[], weakest: number | null, tell: string) => {
    if (steps.length === 0 || seen.has(sign(steps))) return;
    seen.add(sign(steps));
    drawn.push({ steps, weakest, tell });
  };
  for (const row of rows) {
    const finding = findings.find((one) => sign(ringOf(one).steps) === sign(row.cycle));
    const figures = `${count(row.cycles)} cycles, ${count(row.objects)} objects, ${bytes(row.bytes)}, that nobody holds.`;
    if (finding) add(ringOf(finding).steps, ringOf(finding).weakest, figures);
    else add(row.cycle, null, figures);
  }
  for (const finding of findings)
    add(ringOf(finding).steps, ringOf(finding).weakest, `Part of a finding: ${shown(finding.types[0] ?? finding.kind, 80)}.`);
  return drawn;
}

function Cycles({ cycles }: { cycles: readonly DrawnCycle[] }) {
  if (cycles.length === 0) return null;
  return (
    <section aria-labelledby="cycles-title">
      <h2 id="cycles-title">Cycles</h2>
      <div class="rings">
        {cycles.map((cycle, i) => (
          <figure key={i} class="card">
            <Ring steps={cycle.steps} weakest={cycle.weakest} />
            <figcaption>
              {cycle.tell} <span class="faint">{tellCycle(cycle.steps, cycle.weakest)}.</span>
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

const FIRST = 8;

// The first of a list, the others where one opens them: a reader wants to see that there is something below, too.
function FirstOf<T>({ all, words, draw }: { all: readonly T[]; words: string; draw(one: T, i: number): preact.ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const rest = all.length - FIRST;
  return (
    <>
      {all.slice(0, FIRST).map(draw)}
      {rest > 0 && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>
            {rest} {words}
          </summary>
          {open && all.slice(FIRST).map((one, i) => draw(one, FIRST + i))}
        </details>
      )}
    </>
  );
}

function Biggest({ data }: { data: HeapData }) {
  return (
    <section aria-labelledby="biggest-title">
      <h2 id="biggest-title">Objects that keep most alive</h2>
      <FirstOf
        all={data.summary.biggest}
        words="more objects"
        draw={(big, i) => (
        <div key={i} class="card">
          <p>
            <b>{bytes(big.retained_bytes)}</b> {shown(big.type, 80)}
            {big.entries > 0 && `, ${count(big.entries)} entries`}, {count(big.retained_objects)} objects
          </p>
          <PathSteps told={big} />
          {big.accumulation && (
            <>
              <p class="faint">Piles up at {shown(big.accumulation.type, 80)}, {count(big.accumulation.entries)} entries:</p>
              <PathSteps told={big.accumulation} />
            </>
          )}
        </div>
        )}
      />
    </section>
  );
}

function Growth({ summary }: { summary: HeapSummary }) {
  const growth = summary.growth;
  if (!growth) return null;
  return (
    <section aria-labelledby="growth-title">
      <h2 id="growth-title">Since snapshot {growth.against}</h2>
      <p>
        {growth.more_bytes >= 0 ? "+" : ""}
        {bytes(growth.more_bytes)}, {growth.more_objects >= 0 ? "+" : ""}
        {count(growth.more_objects)} objects.
      </p>
      <FirstOf
        all={growth.paths}
        words="more paths that grew"
        draw={(row, i) => (
          <div key={i} class="card">
            <p>
              <b>+{bytes(row.more_bytes)}</b> {shown(row.type, 80)}: {count(row.objects_before)} → {count(row.objects_after)}
            </p>
            <PathSteps told={row} />
          </div>
        )}
      />
    </section>
  );
}

export function HeapView() {
  const { run, process, url, go } = useViewer();
  const data = process.heap;
  const cycles = useMemo(() => cyclesOf(run.report.findings, data?.summary.cycles ?? []), [run, data]);
  if (!data) return <p class="hint">No heap snapshot of this process could be read.</p>;
  const type = url.params.get("type") ?? "";
  const row = url.params.has("row") ? Number(url.params.get("row")) : null;
  const sort = COLUMNS.find((column) => column.key === url.params.get("sort"))?.key ?? "retained_bytes";
  const choose = (chosen: string) => go({ type: chosen === type ? "" : chosen }, { replace: true });
  return (
    <>
      <Totals summary={data.summary} />
      <section aria-labelledby="tree-title">
        <h2 id="tree-title">What keeps it alive</h2>
        <TreemapChart data={data.treemap} row={row} onRow={(next) => go({ row: String(next) })} onType={(next) => go({ type: next }, { replace: true })} />
      </section>
      <section aria-labelledby="types-title">
        <h2 id="types-title">By type</h2>
        {type !== "" && <Ways type={type} known={data.ways} pid={process.pid} directory={run.report.run.directory} />}
        <Types
          rows={data.summary.rows}
          more={data.summary.more_rows}
          sort={sort}
          chosen={type}
          directory={run.report.run.directory}
          onSort={(key) => go({ sort: key }, { replace: true })}
          onType={choose}
        />
      </section>
      <Cycles cycles={cycles} />
      <Growth summary={data.summary} />
      <Biggest data={data} />
    </>
  );
}

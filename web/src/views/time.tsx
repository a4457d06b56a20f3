// The process over time: resident and live memory, whose the resident memory is, collections, checkpoints. A window that is chosen here
// limits what the other views count.

import { area, line } from "d3-shape";
import { useMemo } from "preact/hooks";
import { useViewer } from "../context";
import { bandsOf, byGeneration, collectionsOf, lastSecond, type Band } from "../model/chart";
import type { Ledger, ProcessData } from "../model/document";
import { bytes, count, duration, shown } from "../model/format";
import { byEpoch } from "../model/measure";
import { formatWindow, parseWindow, type Window } from "../model/window";
import { EpochBars } from "../parts/epoch_bars";
import { Limits } from "../parts/limits";
import { BOTTOM, TimeChart } from "../parts/time_axis";

const TALL = 300;

type Scale = (value: number) => number;

function Lines({ process, x, y }: { process: ProcessData; x: Scale; y: Scale }) {
  const { seconds, rss, live } = process.samples;
  const draw = (values: readonly number[]) =>
    line<number>(
      (i) => x(seconds[i] ?? 0),
      (i) => y(values[i] ?? 0),
    ).defined((i) => (values[i] ?? 0) > 0)([...seconds.keys()]) ?? "";
  return (
    <>
      <path class="line rss" d={draw(rss)} />
      <path class="line live" d={draw(live)} />
    </>
  );
}

// A path for each generation: there are hundreds of ticks.
function Collections({ process, x, bottom }: { process: ProcessData; x: Scale; bottom: number }) {
  const generations = useMemo(() => byGeneration(collectionsOf(process)), [process]);
  return (
    <>
      {generations.map(({ generation, seconds, collected }) => (
        <path key={generation} class={`collection generation-${generation}`} d={seconds.map((at) => `M${x(at).toFixed(1)} ${bottom}v${-4 - 4 * generation}`).join("")}>
          <title>
            generation {generation}: seen {seconds.length === 1 ? "once" : `${count(seconds.length)} times`}, {count(collected)} objects collected
          </title>
        </path>
      ))}
    </>
  );
}

// Where the resident memory was at each snapshot; a single ledger is a stretch of its own.
function Bands({ ledgers, bands, x, y, end }: { ledgers: readonly Ledger[]; bands: readonly Band[]; x: Scale; y: Scale; end: number }) {
  const at = ledgers.map((ledger) => x(ledger.seconds));
  const first = ledgers[0];
  if (ledgers.length === 1 && first) at.push(x(Math.min(end, first.seconds + end / 20)));
  const under = at.map(() => 0);
  return (
    <>
      {bands.map((band, number) => {
        const lower = [...under];
        at.forEach((_, i) => (under[i] = (under[i] ?? 0) + (band.values[Math.min(i, band.values.length - 1)] ?? 0)));
        const shape = area<number>(
          (i) => at[i] ?? 0,
          (i) => y(lower[i] ?? 0),
          (i) => y(under[i] ?? 0),
        )([...at.keys()]);
        return (
          <path key={band.key} class={`band band-${number % 8}`} d={shape ?? ""}>
            <title>{band.label}</title>
          </path>
        );
      })}
    </>
  );
}

function LedgerTable({ ledgers, bands }: { ledgers: readonly Ledger[]; bands: readonly Band[] }) {
  const last = ledgers[ledgers.length - 1];
  const first = ledgers[0];
  if (!last || !first) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Resident memory by use">
      <table>
        <thead>
          <tr>
            <th scope="col">resident memory of its own</th>
            <th scope="col">at {duration(first.seconds)}</th>
            <th scope="col">at {duration(last.seconds)}</th>
          </tr>
        </thead>
        <tbody>
          {bands.map((band, number) => (
            <tr key={band.key}>
              <th scope="row">
                <span class={`swatch band-${number % 8}`} aria-hidden="true" /> {band.label}
              </th>
              <td class="number">{bytes(band.values[0] ?? 0)}</td>
              <td class="number">{bytes(band.values[ledgers.length - 1] ?? 0)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">all of it</th>
            <td class="number">{bytes(first.own)}</td>
            <td class="number">{bytes(last.own)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

const TOLD = 12;

// The lines of the chart as figures, at moments that are spread evenly over the run.
function SampleTable({ samples }: { samples: ProcessData["samples"] }) {
  const last = samples.seconds.length - 1;
  const told = [...new Set(Array.from({ length: TOLD }, (_, i) => Math.round((i * last) / (TOLD - 1))))];
  const rss = (i: number) => samples.rss[i] ?? 0;
  return (
    <details>
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">at</th>
            <th scope="col">resident</th>
            <th scope="col">live</th>
            <th scope="col">threads</th>
          </tr>
        </thead>
        <tbody>
          {told.map((i) => (
            <tr key={i}>
              <th scope="row">{duration(samples.seconds[i] ?? 0)}</th>
              <td class="number">{rss(i) > 0 ? bytes(rss(i)) : "–"}</td>
              <td class="number">{bytes(samples.live[i] ?? 0)}</td>
              <td class="number">{samples.threads[i] ?? 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

// The window as two fields, for who does not drag.
function WindowFields({ window, end, onWindow }: { window: Window | null; end: number; onWindow(window: Window | null): void }) {
  const read = (text: string, other: number) => (text.trim() === "" || !Number.isFinite(Number(text)) ? other : Math.max(0, Number(text)));
  const set = (from: number, to: number) => onWindow(from < to && !(from === 0 && to >= end) ? { from, to } : null);
  const step = Math.max(Math.round(end * 10) / 1000, 0.001);
  return (
    <p class="window-fields">
      <label>
        from second{" "}
        <input type="number" min={0} max={end} step="any" value={window?.from ?? 0} onChange={(event) => set(read(event.currentTarget.value, 0), window?.to ?? end)} />
      </label>{" "}
      <label>
        to second{" "}
        <input type="number" min={step} step="any" value={window?.to ?? Math.round(end * 1000) / 1000} onChange={(event) => set(window?.from ?? 0, read(event.currentTarget.value, end))} />
      </label>{" "}
      <button type="button" disabled={!window} onClick={() => onWindow(null)}>
        Whole run
      </button>
    </p>
  );
}

export function TimeView() {
  const { process, url, go, run } = useViewer();
  const end = lastSecond(process);
  const window = parseWindow(url.params.get("window"));
  const onWindow = (next: Window | null, options?: { replace?: boolean }) => go({ window: formatWindow(next) }, options);
  const bands = useMemo(() => bandsOf(process.ledgers), [process]);
  const finding = process.findings[Number(url.params.get("finding") ?? -1)];
  const sums = useMemo(() => byEpoch(process, finding && finding.length > 0 ? finding : null), [process, finding]);
  const { samples } = process;
  const most = Math.max(...samples.rss, ...samples.live, process.peak_bytes, 0);
  const summary = run.report.processes.find((one) => one.folder === process.folder);
  const common = { end, marks: process.marks, window, onWindow };
  return (
    <section aria-label="Time">
      <Limits epochs />
      <p class="hint">Drag over a chart, or give the seconds, to look at what was born in a part of the run.</p>
      <WindowFields window={window} end={end} onWindow={onWindow} />
      <h2>Resident and live memory</h2>
      {samples.seconds.length > 1 ? (
        <>
          <TimeChart {...common} most={most} height={TALL} title={`Resident memory up to ${bytes(Math.max(...samples.rss, 0))}, live memory up to ${bytes(process.peak_bytes)}, over ${duration(end)}`}>
            {(x, y) => (
              <>
                <Lines process={process} x={x} y={y} />
                <Collections process={process} x={x} bottom={TALL - BOTTOM} />
                {process.finalized_seconds !== null && (
                  <line class="finalized" x1={x(process.finalized_seconds)} x2={x(process.finalized_seconds)} y1={8} y2={TALL - BOTTOM}>
                    <title>the interpreter began to finalise</title>
                  </line>
                )}
              </>
            )}
          </TimeChart>
          <p class="keys faint">
            <span class="rss">resident</span> <span class="live">live, as limpet counts</span> <span class="gc">ticks below: collections (longer: older generation)</span>
            {process.finalized_seconds !== null && <span class="end">the interpreter began to finalise</span>}
            {process.marks.length > 0 && <span class="marks">dashed: checkpoints</span>}
          </p>
          <SampleTable samples={samples} />
        </>
      ) : (
        <p class="hint">Too short a run: there are no samples.</p>
      )}
      <h2>{finding && finding.length > 0 ? "What the finding's lines made" : "What was made, and what of it is left"}</h2>
      <EpochBars epochs={process.epochs} sums={sums} height={90} label="All blocks" />
      <h2>Whose the resident memory is</h2>
      {process.ledgers.length > 0 ? (
        <>
          <TimeChart {...common} most={Math.max(...process.ledgers.map((ledger) => ledger.own))} height={260} title="Resident memory by use, at each heap snapshot; the table below has the figures">
            {(x, y) => <Bands ledgers={process.ledgers} bands={bands} x={x} y={y} end={end} />}
          </TimeChart>
          <LedgerTable ledgers={process.ledgers} bands={bands} />
        </>
      ) : (
        <p class="hint">No snapshot of this process tells.</p>
      )}
      {summary && summary.memory.notes.length > 0 && (
        <ul>
          {summary.memory.notes.map((note, i) => (
            <li key={i}>{shown(note.text, 400)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

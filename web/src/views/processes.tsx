// Every process of the recording beside the others; a click looks at one of them in the other views.

import { useMemo } from "preact/hooks";
import { useViewer } from "../context";
import type { Samples } from "../model/document";
import { bytes, duration, shown } from "../model/format";
import { processTree } from "../model/processes";

const WIDTH = 120;
const HEIGHT = 24;

// Resident memory over the life of the process. All of them have one scale, so that they can be compared.
function Course({ samples, most, seconds }: { samples: Samples; most: number; seconds: number }) {
  const points = samples.seconds
    .map((at, i) => [at, samples.rss[i] ?? 0] as const)
    .filter(([, rss]) => rss > 0)
    .map(([at, rss]) => `${((at / Math.max(seconds, 1e-9)) * WIDTH).toFixed(1)},${(HEIGHT - (rss / Math.max(most, 1)) * (HEIGHT - 2)).toFixed(1)}`);
  if (points.length < 2) return null;
  return (
    <svg class="course" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}

export function ProcessesView() {
  const { run, process, go } = useViewer();
  const summaries = run.report.processes;
  const rows = useMemo(() => processTree(summaries), [summaries]);
  const most = Math.max(1, ...run.processes.map((one) => one.samples.rss.reduce((a, b) => Math.max(a, b), 0)));
  const seconds = Math.max(...run.processes.map((one) => one.seconds));
  const last = (samples: Samples) => samples.rss.filter((rss) => rss > 0).at(-1);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Processes">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Time</th>
            <th scope="col" class="number">Live</th>
            <th scope="col" class="number">Peak</th>
            <th scope="col" class="number">Resident</th>
            <th scope="col">Resident over time</th>
            <th scope="col" class="number">Findings</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ number, depth }) => {
            const summary = summaries[number];
            const data = run.processes[number];
            if (!summary || !data) return null;
            const resident = last(data.samples);
            return (
              <tr key={data.folder} class={data === process ? "chosen" : undefined}>
                <th scope="row" style={{ paddingLeft: `${8 + Math.min(depth, 6) * 16}px` }}>
                  <button type="button" class="link" aria-pressed={data === process} onClick={() => go({ process: data.folder })}>
                    {summary.pid} {shown(data.title, 60)}
                  </button>
                </th>
                <td title={shown(summary.reason, 300)}>
                  {summary.state}
                  {summary.python ? `, Python ${shown(summary.python, 20)}` : ""}
                </td>
                <td class="number">{duration(summary.seconds)}</td>
                <td class="number">{bytes(summary.memory.live_bytes)}</td>
                <td class="number">{bytes(summary.memory.peak_bytes)}</td>
                <td class="number">{resident === undefined ? "–" : bytes(resident)}</td>
                <td>
                  <Course samples={data.samples} most={most} seconds={seconds} />
                </td>
                <td class="number">{run.report.findings.filter((finding) => finding.processes.includes(summary.pid)).length}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

// What was born in each epoch and what of it is live, as bars over time: a leak is a row of filled bars up to the end, a cache or a ring
// has them only at the end, a warm-up only at the start.

import type { EpochSums } from "../model/measure";
import type { Epochs } from "../model/document";
import { bytes, count, duration, percent } from "../model/format";

interface Props {
  epochs: Epochs;
  sums: EpochSums;
  height?: number;
  label: string; // for who does not see it; the figures follow
}

const WIDTH = 320;

export function EpochBars({ epochs, sums, height = 48, label }: Props) {
  const end = epochs.end[epochs.end.length - 1] ?? 0;
  // By objects: a leak of many small ones shows beside a few large blocks that die.
  const rate = sums.born_objects.map((born, i) => born / Math.max((epochs.end[i] ?? 0) - (epochs.start[i] ?? 0), end * 1e-4, 1e-9));
  const most = Math.max(...rate, 0);
  if (most === 0 || end === 0) return null;
  const born = sums.born_objects.reduce((a, b) => a + b, 0);
  const live = sums.live_objects.reduce((a, b) => a + b, 0);
  const words = `${label}: ${count(born)} born in ${duration(end)}, ${count(live)} live (${percent(live / born)})`;
  return (
    <figure class="bars">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={words} preserveAspectRatio="none">
        {rate.map((value, i) => {
          const x = ((epochs.start[i] ?? 0) / end) * WIDTH;
          const width = Math.max((((epochs.end[i] ?? 0) - (epochs.start[i] ?? 0)) / end) * WIDTH - 0.5, 0.5);
          const tall = (value / most) * (height - 2);
          const filled = tall * ((sums.live_objects[i] ?? 0) / Math.max(sums.born_objects[i] ?? 0, 1));
          const title = `${duration(epochs.start[i] ?? 0)} to ${duration(epochs.end[i] ?? 0)}: ${count(sums.born_objects[i] ?? 0)} born, ${count(sums.live_objects[i] ?? 0)} live, ${bytes(sums.live_bytes[i] ?? 0)}`;
          return (
            <g key={i}>
              <title>{title}</title>
              <rect class="born" x={x} y={height - tall} width={width} height={tall} />
              <rect class="live" x={x} y={height - filled} width={width} height={filled} />
            </g>
          );
        })}
        <line class="base" x1="0" x2={WIDTH} y1={height - 0.5} y2={height - 0.5} />
      </svg>
      <figcaption>
        born over time; <span class="key-live">filled</span>: still live ({percent(live / born)})
      </figcaption>
    </figure>
  );
}

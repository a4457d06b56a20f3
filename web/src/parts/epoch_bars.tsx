// What was born in each epoch and what of it is live, a bar an epoch: a leak is a row of filled bars up to the end, a cache or a ring has
// them only at the end, a warm-up only at the start. Bars are of one width: epochs are cut by what is allocated, so these are steps of the
// program's work, and do not thin out where the machine was slow.

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
  const most = Math.max(...sums.born_objects, 0);
  if (most === 0) return null;
  const width = WIDTH / epochs.start.length;
  const born = sums.born_objects.reduce((a, b) => a + b, 0);
  const live = sums.live_objects.reduce((a, b) => a + b, 0);
  const words = `${label}: ${count(born)} born in ${duration(end)}, ${count(live)} live (${percent(live / born)})`;
  return (
    <figure class="bars">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={words} preserveAspectRatio="none">
        {Array.from(sums.born_objects, (value, i) => {
          const x = i * width;
          const tall = (value / most) * (height - 2);
          const filled = tall * ((sums.live_objects[i] ?? 0) / Math.max(sums.born_objects[i] ?? 0, 1));
          const title = `${duration(epochs.start[i] ?? 0)} to ${duration(epochs.end[i] ?? 0)}: ${count(sums.born_objects[i] ?? 0)} born, ${count(sums.live_objects[i] ?? 0)} live, ${bytes(sums.live_bytes[i] ?? 0)}`;
          return (
            <g key={i}>
              <title>{title}</title>
              <rect class="born" x={x} y={height - tall} width={width * 0.9} height={tall} />
              <rect class="live" x={x} y={height - filled} width={width * 0.9} height={filled} />
            </g>
          );
        })}
        <line class="base" x1="0" x2={WIDTH} y1={height - 0.5} y2={height - 0.5} />
      </svg>
      <figcaption>
        by time of birth; <span class="key-live">filled</span>: still live ({percent(live / born)})
      </figcaption>
    </figure>
  );
}

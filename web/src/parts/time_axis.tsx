// A chart over the whole run's time that all charts of the view share: scales, the axis, marks, and the choice of a window by dragging, or by the
// keys on its edges.

import { scaleLinear } from "d3-scale";
import { useEffect, useRef, useState } from "preact/hooks";
import { bytes, duration, shown } from "../model/format";
import type { Mark } from "../model/document";
import type { Window } from "../model/window";
import { WindowEdges } from "./window_edges";

const WIDE = 1200;
const NARROW = 420; // on a phone, so that text keeps its size
const LEFT = 64;
const RIGHT = 8;
const TOP = 8;
export const BOTTOM = 22; // room for the axis

interface Props {
  title: string; // for who does not see it
  end: number; // seconds
  most: number; // bytes
  height: number;
  marks: readonly Mark[];
  window: Window | null;
  onWindow(window: Window | null, options?: { replace?: boolean }): void; // replace: one of many small steps
  children(x: (seconds: number) => number, y: (value: number) => number): preact.ComponentChildren;
}

function useWidth(): number {
  const [narrow, setNarrow] = useState(false);
  useEffect(() => {
    const query = matchMedia("(max-width: 640px)");
    const look = () => setNarrow(query.matches);
    look();
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, []);
  return narrow ? NARROW : WIDE;
}

// Six ticks at most that are round in thousands.
function timeTicks(end: number, most: number): number[] {
  return scaleLinear([0, end], [0, 1]).ticks(most);
}

export function TimeChart({ title, end, most, height, marks, window, onWindow, children }: Props) {
  const element = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<Window | null>(null);
  const start = useRef<number | null>(null);
  const width = useWidth();
  const x = scaleLinear([0, end], [LEFT, width - RIGHT]);
  const y = scaleLinear([0, Math.max(most, 1)], [height - BOTTOM, TOP]).nice(4);
  const at = (event: PointerEvent): number => {
    const box = element.current?.getBoundingClientRect();
    if (!box || box.width === 0) return 0;
    return Math.min(end, Math.max(0, x.invert(((event.clientX - box.left) / box.width) * width)));
  };
  const chosen = drag ?? window;
  return (
    <div class="time-chart-frame">
      <svg
        ref={element}
        class="time-chart"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={title}
        onPointerDown={(event) => {
          start.current = at(event);
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (start.current === null) return;
          const now = at(event);
          setDrag({ from: Math.min(start.current, now), to: Math.max(start.current, now) });
        }}
        onPointerUp={() => {
          if (drag) onWindow(drag.to - drag.from > end / 200 ? drag : null);
          start.current = null;
          setDrag(null);
        }}
        onPointerCancel={() => {
          start.current = null;
          setDrag(null);
        }}
      >
        {y.ticks(4).map((tick) => (
          <g key={tick} class="tick">
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
              {bytes(tick)}
            </text>
          </g>
        ))}
        {children(x, y)}
        {timeTicks(end, width === WIDE ? 8 : 3).map((tick) => (
          <text key={tick} class="tick" x={x(tick)} y={height - 6} text-anchor={tick === 0 ? "start" : tick > end * 0.95 ? "end" : "middle"}>
            {duration(tick)}
          </text>
        ))}
        {marks.map((mark, i) => (
          <line key={i} class="mark" x1={x(mark.seconds)} x2={x(mark.seconds)} y1={TOP} y2={height - BOTTOM}>
            <title>
              {shown(mark.name, 100)} at {duration(mark.seconds)}
            </title>
          </line>
        ))}
        {chosen && <rect class="window" x={x(chosen.from)} width={Math.max(x(chosen.to) - x(chosen.from), 1)} y={TOP} height={height - BOTTOM - TOP} />}
      </svg>
      <WindowEdges
        window={chosen}
        end={end}
        left={(seconds) => x(seconds) / width}
        top={TOP / height}
        height={(height - BOTTOM - TOP) / height}
        onWindow={(next) => onWindow(next, { replace: true })}
      />
    </div>
  );
}

// The edges of the window of time as two sliders on a chart, for the keyboard: arrows and the page keys move one, Home and End take it as far
// as it goes, Escape takes the window away. One is seen where it has the focus; they let a pointer through.

import { duration } from "../model/format";
import { moveEdge, type EdgeName, type Window } from "../model/window";

interface Props {
  window: Window | null;
  end: number; // seconds
  left(seconds: number): number; // shares of the chart's size
  top: number;
  height: number;
  onWindow(window: Window | null): void;
}

const NAMES: Record<EdgeName, string> = { from: "Start of the window of time", to: "End of the window of time" };

export function WindowEdges({ window, end, left, top, height, onWindow }: Props) {
  const part = (share: number) => `${(100 * share).toFixed(3)}%`;
  const edges: Record<EdgeName, number> = { from: Math.min(window?.from ?? 0, end), to: Math.min(window?.to ?? end, end) };
  return (
    <>
      {(["from", "to"] as const).map((edge) => (
        <div
          key={edge}
          class="window-edge"
          role="slider"
          tabIndex={0}
          aria-label={NAMES[edge]}
          aria-orientation="horizontal"
          aria-valuemin={0}
          aria-valuemax={end}
          aria-valuenow={edges[edge]}
          aria-valuetext={`${duration(edges[edge])} after the start, of ${duration(end)}${window ? "" : ": the whole run is chosen"}`}
          style={{ left: part(left(edges[edge])), top: part(top), height: part(height) }}
          onKeyDown={(event) => {
            if (event.ctrlKey || event.altKey || event.metaKey) return;
            const moved = moveEdge(window, end, edge, event.key);
            if (moved === undefined) return;
            event.preventDefault();
            onWindow(moved);
          }}
        />
      ))}
    </>
  );
}

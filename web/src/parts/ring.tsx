// A cycle of references as a ring: objects on a circle, each reference an arrow to the next one. The weakest one, where it is known, is
// broken and thick, and says so: not by its colour alone.

import { shown } from "../model/format";
import type { Step } from "../model/report";

const SIZE = 300;
const RADIUS = 104;

interface Point {
  x: number;
  y: number;
}

function onCircle(turn: number, radius: number): Point {
  const angle = 2 * Math.PI * turn - Math.PI / 2;
  return { x: SIZE / 2 + radius * Math.cos(angle), y: SIZE / 2 + radius * Math.sin(angle) };
}

// The arrow from object `i` to the next one, along the circle and clear of both.
function arc(i: number, of: number): string {
  const gap = Math.min(0.07, 0.2 / of);
  const from = onCircle(i / of + gap, RADIUS);
  const to = onCircle((i + 1) / of - gap, RADIUS);
  const large = 1 / of - 2 * gap > 0.5 ? 1 : 0;
  return `M ${from.x} ${from.y} A ${RADIUS} ${RADIUS} 0 ${large} 1 ${to.x} ${to.y}`;
}

// What the ring is, for who does not see it. Step i is the reference that leads to its type, from the type of the step before.
export function tellCycle(steps: readonly Step[], weakest: number | null): string {
  const parts = steps.map((step, i) => `${shown(step.edge, 60)} to ${shown(step.type, 60)}${i === weakest ? " (the weakest)" : ""}`);
  return `A cycle: ${shown(steps[steps.length - 1]?.type ?? "", 60)}, ${parts.join(", ")}`;
}

export function Ring({ steps, weakest }: { steps: readonly Step[]; weakest: number | null }) {
  const most = 12; // more would be a ring of dots
  const drawn = steps.slice(0, most);
  const of = drawn.length;
  if (of === 0) return null;
  return (
    <svg class="ring" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={tellCycle(steps, weakest)}>
      <defs>
        <marker id="ring-end" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
          <path d="M 0 0 L 8 4 L 0 8 z" class="ring-end" />
        </marker>
      </defs>
      {drawn.map((step, i) => {
        const from = (i + of - 1) % of; // step i leads from the object of the step before
        const middle = onCircle((from + 0.5) / of, of === 1 ? RADIUS + 18 : RADIUS - 44);
        const at = onCircle(i / of, RADIUS);
        const is = i === weakest;
        return (
          <g key={i}>
            <path d={arc(from, of)} class={is ? "ring-edge weakest" : "ring-edge"} marker-end="url(#ring-end)" />
            <text x={middle.x} y={middle.y} class={is ? "ring-label weakest" : "ring-label"}>
              {shown(step.edge, 18)}
              {is && (
                <tspan x={middle.x} dy="14">
                  weakest: cut here
                </tspan>
              )}
            </text>
            <circle cx={at.x} cy={at.y} r="5" class="ring-node" />
            <text x={at.x} y={at.y < SIZE / 2 ? at.y - 12 : at.y + 22} class="ring-name">
              {shown(step.type.slice(step.type.lastIndexOf(".") + 1), 22)}
            </text>
          </g>
        );
      })}
      {steps.length > most && (
        <text x={SIZE / 2} y={SIZE / 2} class="ring-label">
          and {steps.length - most} more
        </text>
      )}
    </svg>
  );
}

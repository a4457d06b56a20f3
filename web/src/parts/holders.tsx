// Who holds something: the chain of references from a root, and a cycle as a ring.

import { shown } from "../model/format";
import type { Step } from "../model/report";

// Root first; the last step is what is held. `mark`: the steps whose reference is the one to cut.
export function HolderChain({ steps, text }: { steps: readonly Step[]; text: string }) {
  if (steps.length === 0) return text === "" ? null : <bdi>{shown(text, 400)}</bdi>;
  return (
    <ol class="chain" aria-label="Held by, root first">
      {steps.map((step, i) => (
        <li key={i}>
          <bdi class="edge" title={shown(step.edge, 2000)}>
            {shown(step.edge, 80)}
          </bdi>
          {step.type !== "" && (
            <bdi class="type" title={shown(step.type, 2000)}>
              {shown(step.type, 60)}
            </bdi>
          )}
        </li>
      ))}
    </ol>
  );
}

const SIZE = 236;
const CENTRE = SIZE / 2;
const RADIUS = 96;
const MOST_DRAWN = 12;

// Objects on a circle; step i is the reference that leads to object i, from the one before it.
export function CycleRing({ steps, weakest }: { steps: readonly Step[]; weakest: number | null }) {
  const cycle = steps.slice(0, MOST_DRAWN);
  if (cycle.length === 0) return null;
  const at = (i: number, radius: number) => {
    const angle = (2 * Math.PI * i) / cycle.length - Math.PI / 2;
    return { x: CENTRE + radius * Math.cos(angle), y: CENTRE + radius * Math.sin(angle) };
  };
  const words = cycle.map((step, i) => `${step.edge} to ${step.type}${i === weakest ? " (the reference that had best be weak)" : ""}`);
  return (
    <div class="cycle">
      {cycle.length > 1 && (
        <svg viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={`A cycle of ${steps.length} references`}>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
              <path d="M0 0 L8 4 L0 8 z" class="arrow" />
            </marker>
          </defs>
          {cycle.map((_, i) => {
            const from = at((i - 1 + cycle.length) % cycle.length, RADIUS);
            const to = at(i, RADIUS);
            const along = (share: number) => ({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });
            const margin = 18 / Math.max(Math.hypot(to.x - from.x, to.y - from.y), 1);
            const start = along(margin);
            const end = along(1 - margin);
            return (
              <line key={i} class={i === weakest ? "reference weakest" : "reference"} x1={start.x} y1={start.y} x2={end.x} y2={end.y} marker-end="url(#arrow)" />
            );
          })}
          {cycle.map((_, i) => {
            const { x, y } = at(i, RADIUS);
            return (
              <g key={i}>
                <circle class="object" cx={x} cy={y} r="14" />
                <text x={x} y={y + 4} text-anchor="middle">
                  {i + 1}
                </text>
              </g>
            );
          })}
        </svg>
      )}
      <ol aria-label="References of the cycle">
        {cycle.map((step, i) => (
          <li key={i} class={i === weakest ? "weakest" : ""} aria-label={shown(words[i] ?? "", 200)}>
            <bdi class="edge">{shown(step.edge, 80)}</bdi> <bdi class="type">{shown(step.type, 60)}</bdi>
            {i === weakest && <strong> best made weak</strong>}
          </li>
        ))}
        {steps.length > cycle.length && <li class="faint">and {steps.length - cycle.length} more</li>}
      </ol>
    </div>
  );
}

// Who holds something: the chain of references from a root, and a cycle as a ring.

import type { Cyclic } from "../model/findings";
import { shown } from "../model/format";
import type { Step } from "../model/report";
import { Ring } from "./ring";

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

const MOST_LISTED = 12;

// The ring, and its references in words.
export function Cycle({ ring }: { ring: Cyclic }) {
  const { steps, weakest } = ring;
  return (
    <div class="cycle">
      <Ring steps={steps} weakest={weakest} />
      <ol aria-label="References of the cycle">
        {steps.slice(0, MOST_LISTED).map((step, i) => (
          <li key={i} class={i === weakest ? "weakest" : ""}>
            <bdi class="edge">{shown(step.edge, 80)}</bdi> <bdi class="type">{shown(step.type, 60)}</bdi>
            {i === weakest && <strong> best made weak</strong>}
          </li>
        ))}
        {steps.length > MOST_LISTED && <li class="faint">and {steps.length - MOST_LISTED} more</li>}
      </ol>
    </div>
  );
}

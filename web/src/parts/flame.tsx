// A flame graph of a folded tree: boxes that are buttons. The arrow keys walk the tree: towards the root and away from it, and between
// siblings; Enter puts a box in focus, Escape goes back to the whole.

import { useMemo } from "preact/hooks";
import { layOut, pathTo, type Box, type Tree } from "../model/fold";
import type { Owner } from "../model/places";

export interface BoxText {
  label: string; // what is written in the box
  title: string; // all of it, with figures
  owner: Owner;
}

interface Props {
  tree: Tree;
  focus: number; // row
  upwards: boolean; // the root at the bottom
  text(row: number): BoxText;
  matches: ((row: number) => boolean) | null; // what was searched for; others are dimmed
  onFocus(row: number): void;
}

const LEAST = 0.0015; // of the width
const MOST_BOXES = 800; // a browser takes longer than a tenth of a second for some thousand
const STEP = 22; // pixels
const MOST_STEPS = 120; // deeper boxes are reached by putting one in focus

// What the arrow keys go to: only what is drawn can be gone to.
function neighbour(tree: Tree, drawn: readonly Box[], row: number, key: string, upwards: boolean): number | undefined {
  const away = upwards ? "ArrowUp" : "ArrowDown";
  const towards = upwards ? "ArrowDown" : "ArrowUp";
  const childrenOf = (parent: number): Box[] => drawn.filter((box) => box.row !== 0 && tree.parent(box.row) === parent).sort((a, b) => a.from - b.from);
  if (key === away) return childrenOf(row)[0]?.row;
  if (row === 0) return undefined;
  if (key === towards) return tree.parent(row);
  if (key !== "ArrowRight" && key !== "ArrowLeft") return undefined;
  const siblings = childrenOf(tree.parent(row));
  const at = siblings.findIndex((box) => box.row === row);
  return siblings[key === "ArrowRight" ? at + 1 : at - 1]?.row;
}

export function Flame({ tree, focus, upwards, text, matches, onFocus }: Props) {
  const boxes = useMemo(() => layOut(tree, focus, LEAST, MOST_STEPS - 1, MOST_BOXES), [tree, focus]);
  const above = useMemo(() => pathTo(tree, focus).slice(0, -1), [tree, focus]);
  const drawn: Box[] = [
    ...above.map((row, i) => ({ row, depth: i - above.length, from: 0, to: 1 })),
    ...boxes,
  ];
  const steps = drawn.reduce((most, box) => Math.max(most, box.depth), 0) + above.length + 1;
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && focus !== 0) onFocus(0);
    const element = event.target as HTMLElement;
    const row = Number(element.dataset["row"] ?? "");
    const next = neighbour(tree, drawn, row, event.key, upwards);
    if (next === undefined) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus();
  };
  const onClick = (event: MouseEvent) => {
    const box = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    if (box) onFocus(Number(box.dataset["row"]));
  };
  return (
    <div class="flame" role="group" aria-label="Flame graph; arrow keys walk it" style={{ height: `${steps * STEP}px` }} onKeyDown={onKey} onClick={onClick}>
      {drawn.map((box) => {
        const { label, title, owner } = text(box.row);
        const step = box.depth + above.length;
        const width = (box.to - box.from) * 100;
        const dimmed = matches !== null && !matches(box.row);
        return (
          <button
            key={box.row}
            type="button"
            data-row={box.row}
            class={`box ${owner}${box.depth < 0 ? " above" : ""}${dimmed ? " dimmed" : ""}${matches && !dimmed ? " match" : ""}`}
            tabIndex={box.row === focus ? 0 : -1}
            aria-label={title}
            title={title}
            style={{
              left: `${box.from * 100}%`,
              width: `${width}%`,
              [upwards ? "bottom" : "top"]: `${step * STEP}px`,
            }}
          >
            {width > 1.2 ? <bdi>{label}</bdi> : ""}
          </button>
        );
      })}
    </div>
  );
}

// A flame graph of a folded tree: boxes that are buttons. The arrow keys walk the tree: towards the root and away from it, and between
// siblings; Enter puts a box in focus, Escape goes back to the whole.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { layOut, pathTo, type Box, type Tree } from "../model/fold";
import { whenIdle } from "../model/idle";
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
const BLOCK = 10; // steps that are drawn at once
const LABELLED = 36; // pixels; no name is told from another by its first letters

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

function blocksOf(drawn: readonly Box[], above: number): Box[][] {
  const blocks: Box[][] = [];
  for (const box of drawn) {
    const number = Math.floor((box.depth + above) / BLOCK);
    while (blocks.length <= number) blocks.push([]);
    blocks[number]?.push(box);
  }
  return blocks;
}

// Which blocks are drawn: those in sight at once, the others one after the other while nobody waits. So a stack of a hundred frames, of
// which a third is in sight, answers as fast as that third.
function useBlocks(sight: { current: HTMLElement | null }, blocks: readonly (readonly Box[])[], upwards: boolean): (number: number) => boolean {
  const [later, setLater] = useState({ blocks, count: 0 });
  const count = later.blocks === blocks ? later.count : 0;
  useEffect(() => {
    if (count >= blocks.length) return undefined;
    return whenIdle(() => setLater({ blocks, count: count + 1 }));
  }, [blocks, count]);
  const height = sight.current?.clientHeight ?? innerHeight / 2;
  const top = sight.current ? (upwards ? sight.current.scrollHeight - height - sight.current.scrollTop : sight.current.scrollTop) : 0;
  return (number) => number < count || ((number + 1) * BLOCK * STEP > top && number * BLOCK * STEP < top + height);
}

export function Flame({ tree, focus, upwards, text, matches, onFocus }: Props) {
  const sight = useRef<HTMLDivElement>(null);
  const { drawn, above, blocks } = useMemo(() => {
    const path = pathTo(tree, focus).slice(0, -1);
    const boxes: Box[] = [
      ...path.map((row, i) => ({ row, depth: i - path.length, from: 0, to: 1 })),
      ...layOut(tree, focus, LEAST, MOST_STEPS - 1, MOST_BOXES),
    ];
    return { drawn: boxes, above: path.length, blocks: blocksOf(boxes, path.length) };
  }, [tree, focus]);
  const steps = drawn.reduce((most, box) => Math.max(most, box.depth), 0) + above + 1;
  const isDrawn = useBlocks(sight, blocks, upwards);
  const chosen = useRef(false); // by key or pointer: the box that has the focus is drawn anew elsewhere
  useLayoutEffect(() => {
    if (sight.current) sight.current.scrollTop = upwards ? sight.current.scrollHeight : 0;
    if (chosen.current) sight.current?.querySelector<HTMLElement>(`[data-row="${focus}"]`)?.focus({ preventScroll: true });
    chosen.current = false;
  }, [upwards, focus]);
  const choose = (row: number) => {
    chosen.current = true;
    onFocus(row);
  };

  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && focus !== 0) choose(0);
    const element = event.target as HTMLElement;
    const row = Number(element.dataset["row"] ?? "");
    const next = neighbour(tree, drawn, row, event.key, upwards);
    if (next === undefined) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus();
  };
  const boxAt = (event: Event) => (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
  const onClick = (event: MouseEvent) => {
    const box = boxAt(event);
    if (box) choose(Number(box.dataset["row"]));
  };
  // What the pointer is over tells what a screen reader tells.
  const onPointerOver = (event: PointerEvent) => {
    const box = boxAt(event);
    if (box) box.title = box.getAttribute("aria-label") ?? "";
  };
  const room = sight.current?.clientWidth ?? innerWidth;
  const side = upwards ? "bottom" : "top";
  const drawBox = (box: Box) => {
    const { label, title, owner } = text(box.row);
    const width = box.to - box.from;
    const dimmed = matches !== null && !matches(box.row);
    return (
      <button
        key={box.row}
        type="button"
        data-row={box.row}
        class={`box ${owner}${box.depth < 0 ? " above" : ""}${dimmed ? " dimmed" : ""}${matches && !dimmed ? " match" : ""}`}
        tabIndex={box.row === focus ? 0 : -1}
        aria-label={title}
        style={{ left: `${box.from * 100}%`, width: `${width * 100}%`, [side]: `${((box.depth + above) % BLOCK) * STEP}px` }}
      >
        {width * room > LABELLED && <bdi>{label}</bdi>}
      </button>
    );
  };
  return (
    <div ref={sight} class="flame" role="group" aria-label="Flame graph; arrow keys walk it" onKeyDown={onKey} onClick={onClick} onPointerOver={onPointerOver}>
      <div class="steps" style={{ height: `${steps * STEP}px` }}>
        {blocks.map((boxes, number) =>
          isDrawn(number) ? (
            <div key={number} class="block" style={{ [side]: `${number * BLOCK * STEP}px`, height: `${BLOCK * STEP}px` }}>
              {boxes.map(drawBox)}
            </div>
          ) : null,
        )}
      </div>
    </div>
  );
}

// The tree of what retains what, as rectangles: each is a button that leads deeper, so the keyboard reaches what the mouse does.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { bytes, count, percent, shown } from "../model/format";
import type { Treemap } from "../model/heap";
import { ancestors, buildTree, layOut, startRow } from "../model/treemap";

const HEIGHT = 360;
const COLOURS = 6; // .tm0 ... .tm5 in heap.css

// The width that there is, also after the window has changed.
function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    setWidth(element.clientWidth);
    return () => watch.disconnect();
  }, []);
  return [place, width];
}

function nameOf(data: Treemap, row: number): string {
  const label = shown(data.label[row] ?? "", 80);
  const groups = data.groups[row] ?? 1;
  return groups > 1 ? `${count(groups)} × ${label}` : label;
}

function tellOf(data: Treemap, row: number): string {
  const type = data.type[row] ?? "";
  const kind = type !== "" && type !== data.label[row] ? ` (${shown(type, 80)})` : "";
  return `${nameOf(data, row)}${kind}: ${bytes(data.bytes[row] ?? 0)}, ${count(data.objects[row] ?? 0)} objects`;
}

interface Props {
  data: Treemap;
  row: number | null; // null: where the ways part
  onRow(row: number): void;
  onType(type: string): void;
}

export function TreemapChart({ data, row, onRow, onType }: Props) {
  const [place, width] = useWidth();
  const tree = useMemo(() => buildTree(data), [data]);
  const start = useMemo(() => startRow(tree), [tree]);
  const at = row !== null && tree[row] ? row : start;
  const root = tree[at];
  const boxes = useMemo(() => (root && width > 0 ? layOut(root, width, HEIGHT) : []), [root, width]);
  const colours = useMemo(() => new Map([...new Set(data.type)].map((type, i) => [type, i % COLOURS])), [data]);
  // The area that was chosen is gone; who walks by keyboard goes on from its name.
  const crumbs = useRef<HTMLElement>(null);
  const chosen = useRef(false);
  useLayoutEffect(() => {
    if (chosen.current) crumbs.current?.querySelector<HTMLElement>("[aria-current]")?.focus({ preventScroll: true });
    chosen.current = false;
  }, [at]);
  if (!root || root.bytes === 0) return null;
  return (
    <figure class="treemap">
      <figcaption>
        <nav ref={crumbs} aria-label="Where in the tree" class="crumbs">
          {ancestors(data, at).map((one) => (
            <button key={one} type="button" aria-current={one === at ? "true" : undefined} onClick={() => one !== at && onRow(one)}>
              {nameOf(data, one)}
            </button>
          ))}
        </nav>
        <p class="faint">{tellOf(data, at)}. Each area is what would be freed with these objects.</p>
      </figcaption>
      <div ref={place} class="treemap-area" style={{ height: `${HEIGHT}px` }}>
        {boxes.map((box) => (
          <button
            key={box.row}
            type="button"
            class={`tm tm${colours.get(data.type[box.row] ?? "") ?? 0} tm-depth${box.depth}`}
            style={{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` }}
            title={tellOf(data, box.row)}
            aria-label={`${tellOf(data, box.row)}, ${percent((data.bytes[box.row] ?? 0) / root.bytes)} of the area`}
            onClick={() => {
              if ((tree[box.row]?.children.length ?? 0) > 0) {
                chosen.current = true;
                onRow(box.row);
              } else onType(data.type[box.row] ?? "");
            }}
          >
            {box.width > 46 && box.height > 16 && (
              <span>
                {nameOf(data, box.row)} {box.width > 120 && <b>{bytes(data.bytes[box.row] ?? 0)}</b>}
              </span>
            )}
          </button>
        ))}
      </div>
    </figure>
  );
}

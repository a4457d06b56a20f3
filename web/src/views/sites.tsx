// Where memory was allocated: a flame graph or a table of the chosen measure, with what one place has in detail beside it.

import { useMemo } from "preact/hooks";
import { useViewer } from "../context";
import { foldDown, foldUp, LEFT_OUT, NO_PYTHON, ROOT, sitesBelow, type Tree } from "../model/fold";
import { bytes, count, percent, shown } from "../model/format";
import { byEpoch, hasEpochs, MEASURES, MEASURE_WORDS, measureOf, unitOf, weigh } from "../model/measure";
import { groupFrames, groupOf, GROUPS, NO_FRAME, ownerOf, placeText, type PlaceText } from "../model/places";
import { placeRows } from "../model/table";
import { epochsIn, parseWindow } from "../model/window";
import { Choice } from "../parts/choice";
import { EpochBars } from "../parts/epoch_bars";
import { Flame } from "../parts/flame";
import { Limits } from "../parts/limits";
import { PlaceName } from "../parts/place";
import { PlaceTable } from "../parts/place_table";
import { SourceLines } from "../parts/source";

const SHAPES = ["icicle", "flame", "callers", "table"] as const;
type Shape = (typeof SHAPES)[number];
const SHAPE_WORDS: Record<Shape, string> = {
  icicle: "the program on top, allocations below",
  flame: "the program at the bottom",
  callers: "what allocates on top, its callers below",
  table: "a table of places",
};

// The sites that count with their weights, as the address says.
function useWeights() {
  const { process, run, url } = useViewer();
  const measure = measureOf(url.params.get("measure"));
  const unit = unitOf(url.params.get("unit"));
  const window = url.params.get("window");
  const finding = url.params.get("finding");
  return useMemo(() => {
    const weights = weigh(process.sites, measure, unit, epochsIn(process.epochs, parseWindow(window)));
    const rows = finding === undefined ? undefined : process.findings[Number(finding)];
    if (rows && rows.length > 0) {
      const wanted = new Set(rows);
      weights.forEach((_, site) => {
        if (!wanted.has(site)) weights[site] = 0;
      });
    }
    return { weights, measure, unit, whole: weights.reduce((sum, weight) => sum + weight, 0) };
  }, [process, run, measure, unit, window, finding]);
}

function Controls({ shape }: { shape: Shape }) {
  const { url, go } = useViewer();
  const plain = (value: string) => ({ value, text: value });
  return (
    <div class="controls">
      <Choice
        label="Memory"
        options={MEASURES.map((value) => ({ value, text: value, title: MEASURE_WORDS[value] }))}
        value={measureOf(url.params.get("measure"))}
        onChoose={(measure) => go({ measure: measure === "live" ? "" : measure })}
      />
      <Choice
        label="Counted in"
        options={[plain("bytes"), plain("objects")]}
        value={unitOf(url.params.get("unit"))}
        onChoose={(unit) => go({ unit: unit === "bytes" ? "" : unit })}
      />
      <Choice
        label="By"
        options={GROUPS.map(plain)}
        value={groupOf(url.params.get("by"))}
        onChoose={(by) => go({ by: by === "line" ? "" : by, at: "" })}
      />
      <Choice
        label="Drawn as"
        options={SHAPES.map((value) => ({ value, text: value, title: SHAPE_WORDS[value] }))}
        value={shape}
        onChoose={(value) => go({ as: value === "icicle" ? "" : value, at: "" })}
      />
      <label class="search">
        Search{" "}
        <input
          type="search"
          value={url.params.get("q") ?? ""}
          placeholder="function or file"
          onInput={(event) => go({ q: event.currentTarget.value }, { replace: true })}
        />
      </label>
    </div>
  );
}

function Details({ tree, row, text, figure, whole }: { tree: Tree; row: number; text: PlaceText; figure(value: number): string; whole: number }) {
  const { process, document } = useViewer();
  const rows = useMemo(() => sitesBelow(tree, row), [tree, row]);
  const sums = useMemo(() => byEpoch(process, rows), [process, rows]);
  const types = useMemo(() => {
    const names = new Map<string, number>();
    for (const site of rows) {
      const name = document.strings[process.sites.type[site] ?? 0] ?? "";
      if (name !== "") names.set(name, (names.get(name) ?? 0) + 1);
    }
    return [...names].sort((a, b) => b[1] - a[1]).slice(0, 6);
  }, [process, document, rows]);
  const total = tree.total[row] ?? 0;
  return (
    <section class="details" aria-label="Chosen place">
      {row === 0 ? <p>Everything</p> : <PlaceName place={{ function: text.name, file: text.file, line: text.line }} />}
      <p>
        {figure(total)} ({percent(whole > 0 ? total / whole : 0)}), of which {figure(tree.self[row] ?? 0)} itself; {rows.length}{" "}
        {rows.length === 1 ? "site" : "sites"}
        {types.length > 0 && <>; makes {types.map(([name]) => shown(name, 60)).join(", ")}</>}
      </p>
      <EpochBars epochs={process.epochs} sums={sums} label="Blocks of this place" />
      {text.line > 0 && <SourceLines file={text.file} line={text.line} around={4} />}
    </section>
  );
}

export function SitesView() {
  const { document, process, url, go } = useViewer();
  const { weights, measure, unit, whole } = useWeights();
  const group = groupOf(url.params.get("by"));
  const shape = SHAPES.find((one) => one === url.params.get("as")) ?? "icicle";
  const grouping = useMemo(() => groupFrames(document.frames, group), [document, group]);
  const tree = useMemo(
    () => (shape === "callers" ? foldUp : foldDown)(process, weights, grouping),
    [process, weights, grouping, shape],
  );
  const at = Number(url.params.get("at") ?? tree.id[0]);
  const focus = Math.max(0, tree.id.indexOf(at));
  const figure = unit === "bytes" ? bytes : count;

  const textOf = (number: number): PlaceText => {
    if (number === ROOT) return { name: "everything", file: "", line: 0 };
    if (number === NO_PYTHON) return { name: NO_FRAME, file: "", line: 0 };
    if (number === LEFT_OUT) return { name: "<smaller sites>", file: "", line: 0 };
    return placeText(document, grouping, number);
  };
  const query = (url.params.get("q") ?? "").toLowerCase();
  const found = (text: PlaceText) => `${text.name} ${text.file}`.toLowerCase().includes(query);
  const rowText = (row: number) => textOf(tree.group[row] ?? ROOT);
  const matched = useMemo(() => {
    if (query === "") return 0;
    let sum = 0;
    const inside = new Uint8Array(tree.parent.length);
    for (let row = 0; row < inside.length; row++) {
      const up = row === 0 ? 0 : (inside[tree.parent[row] ?? 0] ?? 0);
      inside[row] = up || (row > 0 && found(rowText(row))) ? 1 : 0;
      if (inside[row] && !up) sum += tree.total[row] ?? 0;
    }
    return sum;
  }, [tree, query]);

  return (
    <section aria-label="Allocation sites">
      <Controls shape={shape} />
      <Limits epochs={hasEpochs(measure)} />
      <p class="faint" aria-live="polite">
        {figure(whole)}: {MEASURE_WORDS[measure]}
        {query !== "" && `; what was searched for has ${figure(matched)} (${percent(whole > 0 ? matched / whole : 0)})`}
      </p>
      {whole === 0 && <p class="hint">Nothing of this kind here.</p>}
      {whole > 0 && shape === "table" && (
        <PlaceTable
          rows={placeRows(process, weights, grouping).filter((row) => query === "" || found(textOf(special(row.group))))}
          whole={whole}
          text={(number) => textOf(special(number))}
          figure={figure}
          onChoose={(row) => go({ as: "callers", at: addressOf(foldUp(process, weights, grouping), special(row.group)) })}
        />
      )}
      {whole > 0 && shape !== "table" && (
        <>
          <Flame
            tree={tree}
            focus={focus}
            upwards={shape === "flame"}
            matches={query === "" ? null : (row) => found(rowText(row))}
            text={(row) => {
              const text = rowText(row);
              const where = text.line > 0 ? ` ${text.file}:${text.line}` : ` ${text.file}`;
              const figures = `${figure(tree.total[row] ?? 0)}, ${percent((tree.total[row] ?? 0) / whole)}`;
              return { label: shown(text.name, 80), title: shown(`${text.name}${where}: ${figures}`, 400), owner: ownerOf(text.file) };
            }}
            onFocus={(row) => go({ at: row === 0 ? "" : String(tree.id[row]) })}
          />
          <p class="keys faint">
            <span class="own">the program</span> <span class="package">packages</span> <span class="python">Python</span>
          </p>
          <Details tree={tree} row={focus} text={rowText(focus)} figure={figure} whole={whole} />
        </>
      )}
    </section>
  );
}

// The table has numbers of its own for what is no place.
function special(group: number): number {
  return group === -1 ? NO_PYTHON : group === -2 ? LEFT_OUT : group;
}

// A place as what allocates: it stands right below the root of "callers". Where it only calls what does, nothing is in focus.
function addressOf(callers: Tree, group: number): string {
  const row = callers.group.findIndex((one, at) => at > 0 && callers.parent[at] === 0 && one === group);
  return row < 0 ? "" : String(callers.id[row]);
}

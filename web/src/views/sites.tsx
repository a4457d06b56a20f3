// Where memory was allocated: a flame graph or a table of the chosen measure, with what one place has in detail beside it.

import { useMemo } from "preact/hooks";
import { useViewer } from "../context";
import { foldDown, foldUp, LEFT_OUT, NO_PYTHON, ROOT, type Tree } from "../model/fold";
import { bytes, count, percent, shown } from "../model/format";
import { byEpoch, hasEpochs, MEASURES, MEASURE_WORDS, measureOf, sumOf, unitOf, weigh } from "../model/measure";
import { groupFrames, groupOf, GROUPS, matchGroups, NO_FRAME, ownerOf, placeText, type Grouping, type PlaceText } from "../model/places";
import { matchedWeight, placeRows } from "../model/table";
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
      const all = weights.slice();
      weights.fill(0);
      for (const site of rows) weights[site] = all[site] ?? 0;
    }
    return { weights, measure, unit, whole: sumOf(weights) };
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
  const rows = useMemo(() => tree.sites(row), [tree, row]);
  const sums = useMemo(() => byEpoch(process, rows), [process, rows]);
  const types = useMemo(() => {
    const { type } = process.sites;
    const sites = new Map<number, number>(); // by type
    for (const site of rows) sites.set(type[site] ?? 0, (sites.get(type[site] ?? 0) ?? 0) + 1);
    sites.delete(0);
    return [...sites].sort((a, b) => b[1] - a[1]).slice(0, 6).map(([name]) => document.strings[name] ?? "");
  }, [process, document, rows]);
  const total = tree.total(row);
  return (
    <section class="details" aria-label="Chosen place">
      {row === 0 ? <p>Everything</p> : <PlaceName place={{ function: text.name, file: text.file, line: text.line }} />}
      <p>
        {figure(total)} ({percent(whole > 0 ? total / whole : 0)}), of which {figure(tree.self(row))} itself; {rows.length}{" "}
        {rows.length === 1 ? "site" : "sites"}
        {types.length > 0 && <>; makes {types.map((name) => shown(name, 60)).join(", ")}</>}
      </p>
      <EpochBars epochs={process.epochs} sums={sums} label="Blocks of this place" />
      {text.line > 0 && <SourceLines file={text.file} line={text.line} around={4} />}
    </section>
  );
}

// Every file has a "<module>": which one it is tells its file.
function labelOf(text: PlaceText): string {
  const file = text.name === "<module>" ? ` ${text.file.slice(text.file.lastIndexOf("/", text.file.lastIndexOf("/") - 1) + 1)}` : "";
  return shown(`${text.name}${file}`, 80);
}

function useMatches(grouping: Grouping, query: string): Uint8Array {
  const { document } = useViewer();
  return useMemo(() => (query === "" ? new Uint8Array(0) : matchGroups(document, grouping, query)), [document, grouping, query]);
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
  const focus = useMemo(() => tree.find(url.params.get("at") ?? ""), [tree, url]);
  const figure = unit === "bytes" ? bytes : count;

  const textOf = (number: number): PlaceText => {
    if (number === ROOT) return { name: "everything", file: "", line: 0 };
    if (number === NO_PYTHON) return { name: NO_FRAME, file: "", line: 0 };
    if (number === LEFT_OUT) return { name: "<smaller sites>", file: "", line: 0 };
    return placeText(document, grouping, number);
  };
  const query = url.params.get("q") ?? "";
  const matches = useMatches(grouping, query);
  const found = (number: number): boolean => (number >= 0 ? matches[number] === 1 : textOf(number).name.toLowerCase().includes(query.toLowerCase()));
  const rowText = (row: number) => textOf(tree.group(row));
  const matched = useMemo(() => (query === "" ? 0 : matchedWeight(process, weights, grouping, found)), [process, weights, grouping, query]);
  const rows = useMemo(
    () => (shape === "table" ? placeRows(process, weights, grouping).filter((row) => query === "" || found(row.group)) : []),
    [process, weights, grouping, shape, query],
  );

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
          rows={rows}
          whole={whole}
          text={textOf}
          figure={figure}
          onChoose={(row) => go({ as: "callers", at: row.self > 0 ? String(row.group) : "" })}
        />
      )}
      {whole > 0 && shape !== "table" && (
        <>
          <Flame
            tree={tree}
            focus={focus}
            upwards={shape === "flame"}
            matches={query === "" ? null : (row) => found(tree.group(row))}
            text={(row) => {
              const text = rowText(row);
              const where = text.line > 0 ? ` ${text.file}:${text.line}` : ` ${text.file}`;
              const figures = `${figure(tree.total(row))}, ${percent(tree.total(row) / whole)}`;
              return { label: labelOf(text), title: shown(`${labelOf(text)}${where}: ${figures}`, 400), owner: ownerOf(text.file) };
            }}
            onFocus={(row) => go({ at: tree.address(row) })}
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

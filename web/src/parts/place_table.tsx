// The table of places, sorted by what they allocated themselves or with what they called; a page at a time, so that fifty thousand rows
// cost no more than a hundred.

import { useMemo, useState } from "preact/hooks";
import { useViewer } from "../context";
import { percent, shortPath, shown } from "../model/format";
import type { PlaceText } from "../model/places";
import { heaviest, type PlaceRow } from "../model/table";

interface Props {
  rows: readonly PlaceRow[];
  whole: number;
  text(group: number): PlaceText;
  figure(value: number): string;
  onChoose(row: PlaceRow): void;
}

const PAGE = 100;

export function PlaceTable({ rows, whole, text, figure, onChoose }: Props) {
  const { url, go, run } = useViewer();
  const [most, setMost] = useState(PAGE);
  const by = url.params.get("sort") === "total" ? "total" : "self";
  const sorted = useMemo(() => heaviest(rows, by, most), [rows, by, most]);
  const header = (key: "self" | "total", title: string) => (
    <th scope="col" aria-sort={by === key ? "descending" : "none"}>
      <button type="button" onClick={() => go({ sort: key === "self" ? "" : key }, { replace: true })}>
        {title}
        {by === key ? " ▾" : ""}
      </button>
    </th>
  );
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Table of places">
      <table>
        <thead>
          <tr>
            {header("self", "itself")}
            {header("total", "with what it called")}
            <th scope="col">share</th>
            <th scope="col">place</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => {
            const place = text(row.group);
            const where = place.file === "" || place.file === place.name ? "" : `${shortPath(place.file, run.report.run.directory)}${place.line > 0 ? `:${place.line}` : ""}`;
            return (
              <tr key={row.group}>
                <td class="number">{figure(row.self)}</td>
                <td class="number">{figure(row.total)}</td>
                <td class="number">{percent(whole > 0 ? row[by] / whole : 0)}</td>
                <td>
                  <button type="button" class="link" onClick={() => onChoose(row)}>
                    <bdi class="function">{shown(shortPath(place.name, run.report.run.directory), 120)}</bdi>
                  </button>{" "}
                  <bdi class="file">{shown(where, 120)}</bdi>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length > most && (
        <p>
          <button type="button" onClick={() => setMost(most + PAGE)}>
            Show {Math.min(PAGE, rows.length - most)} more of {rows.length - most}
          </button>
        </p>
      )}
    </div>
  );
}

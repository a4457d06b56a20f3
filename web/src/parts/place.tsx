// A place of the source in a line: function, file and line.

import { useViewer } from "../context";
import { shortPath, shown } from "../model/format";
import type { Place } from "../model/report";
import { SourceLines } from "./source";

export function PlaceName({ place }: { place: Place }) {
  const { run } = useViewer();
  const where = `${place.file}${place.line > 0 ? `:${place.line}` : ""}`;
  const short = `${shortPath(place.file, run.report.run.directory)}${place.line > 0 ? `:${place.line}` : ""}`;
  return (
    <span class="place">
      <bdi class="function" title={shown(place.function, 2000)}>
        {shown(place.function, 120)}
      </bdi>{" "}
      <bdi class="file" title={shown(where, 2000)}>
        {shown(short, 100)}
      </bdi>
    </span>
  );
}

// A stack, innermost frame first: the first one with its source, others where one opens them.
export function StackList({ stack, label }: { stack: readonly Place[]; label: string }) {
  const [first, ...rest] = stack;
  if (!first) return null;
  return (
    <div class="stack">
      <PlaceName place={first} />
      <SourceLines file={first.file} line={first.line} />
      {rest.length > 0 && (
        <details>
          <summary>
            {label} {rest.length === 1 ? "1 frame" : `${rest.length} frames`}
          </summary>
          <ol>
            {rest.map((place, i) => (
              <li key={i}>
                <PlaceName place={place} />
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

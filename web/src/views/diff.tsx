// Two recordings, before and after a change: what became of each leak.

import { useViewer } from "../context";
import { byteRate, bytes, count, duration, shortPath, shown } from "../model/format";
import type { DiffChange, DiffWork, Finding } from "../model/report";

const WORDS: Record<DiffChange["change"], { sign: string; word: string; tone: string }> = {
  new: { sign: "+", word: "new", tone: "bad" },
  larger: { sign: "▲", word: "larger", tone: "bad" },
  same: { sign: "=", word: "as before", tone: "bad" },
  "cannot-tell": { sign: "?", word: "cannot tell", tone: "open" },
  smaller: { sign: "▼", word: "smaller", tone: "good" },
  gone: { sign: "✓", word: "gone", tone: "good" },
};

const PER: Record<string, string> = { iteration: "per iteration", "allocated-byte": "per byte allocated", second: "per second" };

function Run({ title, work }: { title: string; work: DiffWork }) {
  return (
    <div class="card">
      <h2>{title}</h2>
      <p>
        <code>{shown(work.path, 120)}</code>
      </p>
      <p class="faint">
        {shown(work.verdict, 40)}; {duration(work.seconds)}, {bytes(work.allocated_bytes)} allocated
        {work.iterations > 0 && `, ${count(work.iterations)} iterations`}
      </p>
    </div>
  );
}

// What a leak was in one run, with a bar in proportion to the larger of the two.
function Side({ title, finding, most }: { title: string; finding: Finding | null; most: number }) {
  return (
    <tr>
      <th scope="row">{title}</th>
      <td class="number">{finding ? bytes(finding.live_bytes) : "–"}</td>
      <td class="number">{finding ? byteRate(finding.bytes_per_second) : "–"}</td>
      <td class="bar-cell">
        <span class="bar" style={{ width: `${finding && most > 0 ? (finding.live_bytes / most) * 100 : 0}%` }} />
      </td>
    </tr>
  );
}

function Change({ change }: { change: DiffChange }) {
  const { run } = useViewer();
  const told = WORDS[change.change];
  const finding = change.after ?? change.before;
  const most = Math.max(change.before?.live_bytes ?? 0, change.after?.live_bytes ?? 0);
  return (
    <article class={`card change ${told.tone}`} aria-label={`${told.word}: ${shown(finding?.place ?? change.fingerprint, 120)}`}>
      <h2>
        <span class="fate">
          {told.sign} {told.word}
        </span>{" "}
        {shown(finding?.types[0] ?? finding?.kind ?? "", 80)}
      </h2>
      {finding?.site[0] && (
        <p>
          {shown(shortPath(finding.site[0].file, run.report.run.directory), 120)}:{finding.site[0].line} in {shown(finding.site[0].function, 80)}
        </p>
      )}
      {finding && finding.holder_text !== "" && <p class="faint">held by {shown(finding.holder_text, 200)}</p>}
      <table class="figures">
        <thead>
          <tr>
            <td />
            <th scope="col" class="number">Live</th>
            <th scope="col" class="number">Growth</th>
            <td />
          </tr>
        </thead>
        <tbody>
          <Side title="before" finding={change.before} most={most} />
          <Side title="after" finding={change.after} most={most} />
        </tbody>
      </table>
      {change.ratio !== null && change.per !== null && (
        <p>
          {change.ratio.toFixed(2)} times as much {PER[change.per]}
        </p>
      )}
      {change.why !== "" && <p class="faint">{shown(change.why, 300)}</p>}
    </article>
  );
}

export function DiffView() {
  const { document: data } = useViewer();
  const diff = data.comparison;
  if (!diff) return <p class="hint">This is one recording. Two show what became of each leak: limpet serve BEFORE.limpet AFTER.limpet</p>;
  return (
    <>
      <div class="runs">
        <Run title="Before" work={diff.before} />
        <Run title="After" work={diff.after} />
      </div>
      {diff.note !== "" && <p class="warnings">{shown(diff.note, 400)}</p>}
      {diff.changes.length === 0 && <p class="hint">No leak in either run.</p>}
      {diff.changes.map((change, i) => (
        <Change key={i} change={change} />
      ))}
    </>
  );
}

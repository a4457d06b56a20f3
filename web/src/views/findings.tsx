// What leaks: a card for each finding with what, how fast, where, who holds it, what to cut, and why we think so. What was looked at
// and is no leak is below, folded away.

import { EpochBars } from "../parts/epoch_bars";
import { Cycle, HolderChain } from "../parts/holders";
import { PlaceName, StackList } from "../parts/place";
import { useViewer } from "../context";
import { KIND_WORDS, locate, rates, REASON_WORDS, ringOf, subject, sureness } from "../model/findings";
import { bytes, count, duration, percent, shown } from "../model/format";
import { byEpoch } from "../model/measure";
import type { Dismissed, Finding, Kept } from "../model/report";

const VERDICTS: Record<string, string> = { leak: "Leak", "no-leak": "No leak", inconclusive: "Cannot tell" };

function Row({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Links({ number, finding }: { number: number; finding: Finding }) {
  const { run, go } = useViewer();
  const located = locate(run, number);
  const place = finding.site[0];
  if (!located || !place) return null;
  const base = { process: located.process.folder };
  return (
    <p class="links">
      <button type="button" onClick={() => go({ ...base, finding: String(number), q: "", window: "" }, { view: "sites" })}>
        Its allocation sites
      </button>
      <button
        type="button"
        onClick={() => go({ ...base, finding: String(number), window: "" }, { view: "time" })}
      >
        Its time
      </button>
    </p>
  );
}

function Holder({ finding }: { finding: Finding }) {
  if (finding.cycle.length > 0) {
    return (
      <Row title="Kept by a cycle">
        <Cycle ring={ringOf(finding)} />
      </Row>
    );
  }
  if (finding.holder.length === 0 && finding.holder_text === "") return null;
  return (
    <Row title="Held by">
      <HolderChain steps={finding.holder} text={finding.holder_text} />
    </Row>
  );
}

function since(seconds: number): string {
  return seconds < 0.05 ? "from the start on" : `since ${duration(seconds)}`;
}

function Amounts({ finding }: { finding: Finding }) {
  return (
    <Row title="So far">
      {bytes(finding.live_bytes)} in {count(finding.live_objects)} {finding.live_objects === 1 ? "block" : "blocks"}
      {finding.retained_bytes !== null && <>; in the last snapshot they retain {bytes(finding.retained_bytes)}</>}; {since(finding.since_seconds)}
      {finding.as_of === "peak" && <> (at the peak; freed before the end)</>}
      {finding.per_process.length > 1 && <>; in {finding.per_process.length} processes</>}
    </Row>
  );
}

function Native({ finding }: { finding: Finding }) {
  if (finding.native_stack.length === 0) return null;
  return (
    <Row title="By C code">
      <ol class="native">
        {finding.native_stack.slice(0, 8).map((frame, i) => (
          <li key={i}>
            <bdi>{shown(frame.function, 120)}</bdi> <bdi class="file">{shown(frame.file ?? frame.module, 100)}</bdi>
          </li>
        ))}
      </ol>
    </Row>
  );
}

function Card({ finding, number }: { finding: Finding; number: number }) {
  const { run } = useViewer();
  const located = locate(run, number);
  const id = `finding-${number}`;
  return (
    <article class="card" aria-labelledby={id}>
      <header>
        <h2 id={id}>
          <span class="rate">{rates(finding, run.report).join(", ")}</span> <bdi>{shown(subject(finding), 160)}</bdi>
        </h2>
        <p class="sure">
          <meter min={0} max={1} value={finding.confidence} aria-label="Confidence" /> {sureness(finding.confidence)} (
          {finding.confidence.toFixed(2)}){finding.types.length > 0 && `; ${KIND_WORDS[finding.kind] ?? finding.kind}`}
        </p>
      </header>
      {located && (
        <EpochBars epochs={located.process.epochs} sums={byEpoch(located.process, located.rows)} label="Blocks of this finding" />
      )}
      <dl>
        <Row title="Allocated at">
          <StackList stack={finding.site} label="called through" />
        </Row>
        <Holder finding={finding} />
        {finding.fix !== null && (
          <Row title="To let go">
            <strong class="fix">{shown(finding.fix, 400)}</strong>
            {finding.would_free_bytes !== null && !finding.fix.includes("frees") && <> (frees {bytes(finding.would_free_bytes)})</>}
          </Row>
        )}
        {finding.known && (
          <Row title={finding.known.certain ? "Known leak" : "Looks like"}>
            {shown(finding.known.package)} {shown(finding.known.version)}: {shown(finding.known.what)} ({shown(finding.known.link)})
            {finding.known.fixed_in !== null && <>; fixed in {shown(finding.known.fixed_in)}</>}
          </Row>
        )}
        <Amounts finding={finding} />
        <Native finding={finding} />
      </dl>
      <details>
        <summary>Evidence</summary>
        <ul>
          {finding.evidence.map((line, i) => (
            <li key={i}>{shown(line, 600)}</li>
          ))}
          {finding.parts.map((part, i) => (
            <li key={`part-${i}`}>
              grows with it: <PlaceName place={part} />, {bytes(part.live_bytes)}
            </li>
          ))}
        </ul>
      </details>
      <Links number={number} finding={finding} />
    </article>
  );
}

function Rest({ title, rows }: { title: string; rows: readonly (Dismissed | Kept)[] }) {
  if (rows.length === 0) return null;
  return (
    <details class="rest">
      <summary>
        {title} ({rows.length})
      </summary>
      <ul>
        {rows.map((row, i) => (
          <li key={i}>
            {bytes(row.live_bytes)} <bdi>{shown(row.types[0] ?? "", 80)}</bdi>
            {row.site[0] && (
              <>
                {" "}
                at <PlaceName place={row.site[0]} />
              </>
            )}
            : {shown(REASON_WORDS[row.reason] ?? row.reason, 200)}
            {"kept_by" in row ? ` (marked in ${shown(row.kept_by, 100)})` : ""}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Facts() {
  const { run, process } = useViewer();
  const summary = run.report.processes.find((one) => one.folder === process.folder);
  if (!summary) return null;
  const { memory } = summary;
  const several = run.processes.length > 1;
  const died = summary.reason === "" ? summary.state : `${summary.state}: ${summary.reason}`;
  return (
    <p class="facts faint">
      {several && <>Process {summary.pid}: </>}
      {summary.python !== null && <>Python {summary.python}; </>}
      {duration(summary.seconds)}; {shown(died, 200)}; live {bytes(memory.live_bytes)}, at most {bytes(memory.peak_bytes)}
      {memory.rss_max_bytes !== null && <>, resident at most {bytes(memory.rss_max_bytes)}</>}; {count(summary.recording.events)} events,{" "}
      {percent(summary.recording.born_bytes > 0 ? 1 - memory.live_bytes / summary.recording.born_bytes : 0)} of the bytes were freed
    </p>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// For who came to see what is there though nothing leaks.
function WhereElse() {
  const { go } = useViewer();
  return (
    <p class="links">
      <button type="button" onClick={() => go({}, { view: "sites" })}>
        What is live, and where it was allocated
      </button>
      <button type="button" onClick={() => go({}, { view: "time" })}>
        Memory over time
      </button>
    </p>
  );
}

export function FindingsView() {
  const { run } = useViewer();
  const { report } = run;
  return (
    <section aria-label="Findings">
      <p class={`verdict ${report.verdict}`}>
        <strong>{VERDICTS[report.verdict] ?? report.verdict}.</strong> {sentence(shown(report.explanation, 600))}
      </p>
      <Facts />
      {report.findings.length === 0 && <WhereElse />}
      {report.findings.map((finding, number) => (
        <Card key={number} finding={finding} number={number} />
      ))}
      <Rest title="On purpose" rows={report.kept} />
      <Rest title="Looked at, and no leak" rows={report.dismissed} />
    </section>
  );
}

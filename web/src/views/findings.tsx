// What leaks: a card for each finding.

import { byteRate, shown } from "../model/format";
import { useViewer } from "../context";

export function FindingsView() {
  const { run } = useViewer();
  return (
    <section aria-label="Findings">
      <p class="verdict">{run.report.explanation}</p>
      {run.report.findings.map((finding) => (
        <article class="card" key={finding.fingerprint}>
          <h2>
            {byteRate(finding.bytes_per_second)} {shown(finding.types[0] ?? finding.kind)}
          </h2>
        </article>
      ))}
    </section>
  );
}

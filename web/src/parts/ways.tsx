// Who holds the objects of a type, and what to cut: the answer of `limpet why`, from the document or from the server.

import { useEffect, useState } from "preact/hooks";
import { bytes, count, shown, shortPath } from "../model/format";
import type { Told, WhyReport } from "../model/heap";
import { fetchWhy, isServed } from "../model/served";

// A path as a line of steps; the reference to cut is marked by a word.
export function PathSteps({ told, cut }: { told: Told; cut?: number | null }) {
  return (
    <ol class="path">
      {told.holder.map((step, i) => (
        <li key={i} class={i === cut ? "cut" : undefined}>
          <code>{shown(step.edge, 80)}</code>
          {i > 0 && <span class="faint"> {shown(step.type, 60)}</span>}
          {(step.times ?? 1) > 1 && <span class="faint"> × {count(step.times ?? 1)}</span>}
          {i === cut && <b class="cut-mark"> cut here</b>}
        </li>
      ))}
    </ol>
  );
}

function Answer({ why, directory }: { why: WhyReport; directory: string }) {
  return (
    <>
      <p>
        {count(why.objects)} objects: {bytes(why.bytes)}, {bytes(why.retained_bytes)} with what they alone keep alive.
        {why.judgement && ` ${shown(why.judgement, 300)}`}
      </p>
      {why.born.length > 0 && (
        <p class="faint">
          Born at{" "}
          {why.born
            .slice(0, 3)
            .map((born) => `${shown(shortPath(born.site.file, directory), 80)}:${born.site.line} in ${shown(born.site.function, 60)} (${count(born.objects)})`)
            .join("; ")}
        </p>
      )}
      {why.holdings.map((holding, i) => (
        <div key={i} class="holding">
          {holding.ways.map((way, k) => (
            <PathSteps key={k} told={way} cut={way.cut} />
          ))}
          <p>
            Cutting {holding.ways.length === 1 ? "this" : "all of these"} frees <b>{bytes(holding.would_free.bytes)}</b> (
            {count(holding.would_free.objects)} objects).
          </p>
        </div>
      ))}
      {why.more_holdings > 0 && <p class="faint">And {count(why.more_holdings)} other ways.</p>}
      {why.garbage.objects > 0 && (
        <p>
          {count(why.garbage.objects)} of them wait for the garbage collector ({bytes(why.garbage.retained_bytes)}).
        </p>
      )}
    </>
  );
}

interface Asked {
  type: string;
  why: WhyReport | null;
  problem: string;
}

interface Props {
  type: string;
  known: readonly WhyReport[];
  pid: number;
  directory: string;
}

export function Ways({ type, known, pid, directory }: Props) {
  const found = known.find((one) => one.target === type) ?? null;
  const [asked, setAsked] = useState<Asked | null>(null);
  const served = isServed(document);
  useEffect(() => {
    if (found || !served) return undefined;
    let current = true;
    fetchWhy(type, pid).then(
      (why) => current && setAsked({ type, why, problem: "" }),
      (error: unknown) => current && setAsked({ type, why: null, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      current = false;
    };
  }, [type, pid, found, served]);
  const answer = found ?? (asked?.type === type ? asked.why : null);
  const problem = !found && asked?.type === type ? asked.problem : "";
  return (
    <section class="card" aria-labelledby="ways-title" aria-live="polite">
      <h3 id="ways-title">Who holds {shown(type, 80)}</h3>
      {answer && <Answer why={answer} directory={directory} />}
      {problem && <p class="warnings">{shown(problem, 300)}</p>}
      {!answer && !problem && (
        <p class="faint">
          {served ? "Asking limpet …" : "Not in this file, which tells of the types that keep most: "}
          {!served && <code>limpet why NAME.limpet {shown(type, 80)}</code>}
        </p>
      )}
    </section>
  );
}

// The page as `limpet serve` sends it: it fetches its document, again whenever the recording has grown, and lets one choose among
// several recordings.

import { useEffect, useRef, useState } from "preact/hooks";
import { App } from "./app";
import { shown } from "./model/format";
import { fetchNewer, fetchRecordings, follow, queryFor, type Recordings, type Versioned } from "./model/served";

// Fetches when there is news, never twice at once; what comes meanwhile is fetched afterwards.
function useDocument(): { now: Versioned | null; problem: string; lost: boolean } {
  const [now, setNow] = useState<Versioned | null>(null);
  const [problem, setProblem] = useState("");
  const [lost, setLost] = useState(false);
  const state = useRef({ version: "", busy: false, again: false });
  useEffect(() => {
    const fetchIt = async () => {
      const at = state.current;
      if (at.busy) {
        at.again = true;
        return;
      }
      at.busy = true;
      try {
        do {
          at.again = false;
          const newer = await fetchNewer(at.version);
          if (newer) {
            at.version = newer.version;
            setNow(newer);
          }
          setProblem("");
        } while (at.again);
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      } finally {
        at.busy = false;
      }
    };
    return follow(() => void fetchIt(), setLost);
  }, []);
  return { now, problem, lost };
}

function Choice({ all }: { all: Recordings }) {
  const go = (chosen: number, against: number | null) => {
    location.search = queryFor(chosen, against === chosen ? null : against);
  };
  const options = all.recordings.map((recording, number) => (
    <option key={number} value={String(number)}>
      {shown(recording.name, 80)}
    </option>
  ));
  return (
    <nav class="recordings" aria-label="Recordings">
      <label>
        Recording{" "}
        <select value={String(all.chosen)} onChange={(event) => go(Number(event.currentTarget.value), all.against)}>
          {options}
        </select>
      </label>{" "}
      <label>
        compared with{" "}
        <select
          value={all.against === null ? "" : String(all.against)}
          onChange={(event) => go(all.chosen, event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}
        >
          <option value="">none</option>
          {options}
        </select>
      </label>
    </nav>
  );
}

export function ServedPage() {
  const { now, problem, lost } = useDocument();
  const [all, setAll] = useState<Recordings | null>(null);
  useEffect(() => {
    fetchRecordings().then(setAll, () => setAll(null)); // what is wrong is told by the document
  }, []);
  return (
    <>
      {all && all.recordings.length > 1 && <Choice all={all} />}
      <p role="status" class="warnings served-state">
        {lost ? "limpet serve has ended: the page shows the last that it told." : problem && `This recording cannot be shown: ${shown(problem, 400)}`}
      </p>
      {now ? <App document={now.document} /> : !problem && !lost && <p class="hint">Reading the recording …</p>}
    </>
  );
}

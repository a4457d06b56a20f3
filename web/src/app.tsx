// The frame around the views: title, tabs, the choice of the process. Tabs follow the pattern of the ARIA practices: arrows move
// between them, the chosen one is in the order of the tab key.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ViewerContext, type Viewer } from "./context";
import type { ViewerDocument } from "./model/document";
import { shown } from "./model/format";
import { inPieces, preparations } from "./model/idle";
import { formatHash, parseHash, withParams, type UrlState } from "./model/url_state";
import { VIEWS, type View } from "./views/registry";

function useUrl(): [UrlState, Viewer["go"]] {
  const [url, setUrl] = useState(() => parseHash(location.hash));
  useEffect(() => {
    const follow = () => setUrl(parseHash(location.hash));
    addEventListener("hashchange", follow);
    addEventListener("popstate", follow);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("popstate", follow);
    };
  }, []);
  const go = useCallback<Viewer["go"]>((changes, options = {}) => {
    const now = parseHash(location.hash);
    const next = withParams(now, changes, options.view ?? now.view);
    if (options.replace) history.replaceState(null, "", formatHash(next));
    else history.pushState(null, "", formatHash(next));
    setUrl(next);
  }, []);
  return [url, go];
}

// Where what had the focus is gone (a limit that was taken away, a view that was left by a link in it), the view gets it: else who walks by
// keyboard would begin again at the top of the page.
function useFocusKept(url: UrlState): void {
  const inside = useRef(false);
  useEffect(() => {
    const panel = document.getElementById("panel");
    const note = () => (inside.current = true);
    const leave = (event: FocusEvent) => {
      if (event.relatedTarget !== null && !panel?.contains(event.relatedTarget as Node)) inside.current = false;
    };
    panel?.addEventListener("focusin", note);
    panel?.addEventListener("focusout", leave);
    return () => {
      panel?.removeEventListener("focusin", note);
      panel?.removeEventListener("focusout", leave);
    };
  }, []);
  const view = useRef(url.view);
  useEffect(() => {
    const left = view.current !== url.view;
    view.current = url.view;
    if (inside.current && document.activeElement === document.body) document.getElementById("panel")?.focus({ preventScroll: !left });
  }, [url]);
}

function Tabs({ views, chosen, onChoose }: { views: readonly View[]; chosen: View; onChoose(view: View): void }) {
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const at = views.indexOf(chosen);
    let next = steps[event.key] === undefined ? -1 : (at + (steps[event.key] ?? 0) + views.length) % views.length;
    if (event.key === "Home") next = 0;
    if (event.key === "End") next = views.length - 1;
    const view = views[next];
    if (!view) return;
    event.preventDefault();
    onChoose(view);
    document.getElementById(`tab-${view.id}`)?.focus();
  };
  useEffect(() => document.getElementById(`tab-${chosen.id}`)?.scrollIntoView({ block: "nearest", inline: "nearest" }), [chosen]);
  return (
    <div role="tablist" aria-label="Views" class="tabs" onKeyDown={move}>
      {views.map((view) => (
        <button
          key={view.id}
          type="button"
          role="tab"
          id={`tab-${view.id}`}
          aria-selected={view === chosen}
          aria-controls="panel"
          tabIndex={view === chosen ? 0 : -1}
          data-title={view.title}
          onClick={() => onChoose(view)}
        >
          {view.title}
        </button>
      ))}
    </div>
  );
}

function ProcessChoice({ viewer }: { viewer: Viewer }) {
  if (viewer.run.processes.length < 2) return null;
  return (
    <label class="process">
      Process{" "}
      <select value={viewer.process.folder} onChange={(event) => viewer.go({ process: event.currentTarget.value })}>
        {viewer.run.processes.map((process) => (
          <option key={process.folder} value={process.folder}>
            {process.pid}: {shown(process.title, 60)}
          </option>
        ))}
      </select>
    </label>
  );
}

// What the reader should know before believing the rest.
function Warnings({ document }: { document: ViewerDocument }) {
  const report = document.runs[0]?.report;
  const lines = [...(report?.problems ?? []), ...(report?.run.notes ?? []), ...document.left_out];
  if (lines.length === 0) return null;
  return (
    <details class="warnings">
      <summary>{lines.length === 1 ? "1 thing to know about this recording" : `${lines.length} things to know about this recording`}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line}>{shown(line, 400)}</li>
        ))}
      </ul>
    </details>
  );
}

export function App({ document: data }: { document: ViewerDocument }) {
  const [url, go] = useUrl();
  const run = data.runs[0];
  const process =
    run?.processes.find((one) => one.folder === url.params.get("process")) ?? run?.processes[run.main_process];
  const viewer = useMemo(
    () => (run && process ? { document: data, run, process, url, go } : null),
    [data, run, process, url, go],
  );
  useEffect(() => {
    document.title = `limpet: ${shown(run?.title ?? "", 80)}`;
  }, [run]);
  useEffect(() => (process ? inPieces(preparations(data, process)) : undefined), [data, process]);
  useFocusKept(url);
  if (!viewer) return <p class="hint">This recording has no process that could be read.</p>;
  const views = VIEWS.filter((view) => view.available(data));
  const chosen = views.find((view) => view.id === url.view) ?? views[0];
  if (!chosen) return null;
  const Chosen = chosen.component;
  return (
    <ViewerContext.Provider value={viewer}>
      <header>
        <div class="top">
          <h1>
            <span class="brand">limpet</span> <span title={viewer.run.title}>{shown(viewer.run.title, 80)}</span>
            {data.running && <span class="badge">still running</span>}
          </h1>
          <ProcessChoice viewer={viewer} />
        </div>
        <Tabs views={views} chosen={chosen} onChoose={(view) => go({}, { view: view.id })} />
      </header>
      <main>
        <Warnings document={data} />
        <div role="tabpanel" id="panel" aria-labelledby={`tab-${chosen.id}`} tabIndex={-1}>
          <Chosen />
        </div>
      </main>
    </ViewerContext.Provider>
  );
}

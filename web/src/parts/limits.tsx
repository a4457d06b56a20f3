// What narrows the view down: a window of time, one finding; each can be taken away.

import { useViewer } from "../context";
import { duration, shown } from "../model/format";
import { subject } from "../model/findings";
import { parseWindow } from "../model/window";

export function Limits({ epochs }: { epochs: boolean }) {
  const { url, go, run, process } = useViewer();
  const window = parseWindow(url.params.get("window"));
  const number = Number(url.params.get("finding") ?? -1);
  const finding = process.findings[number]?.length ? run.report.findings[number] : undefined;
  if (!window && !finding) return null;
  return (
    <p class="limits">
      {window && (
        <button type="button" onClick={() => go({ window: "" })} title="Look at the whole run again">
          {epochs ? "born" : "(this measure is of the whole run, not of what was born)"} from {duration(window.from)} to {duration(window.to)} ✕
        </button>
      )}
      {finding && (
        <button type="button" onClick={() => go({ finding: "" })} title="Look at all sites again">
          only {shown(subject(finding), 80)} ✕
        </button>
      )}
    </p>
  );
}

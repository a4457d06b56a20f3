// What every view gets: the document, and what the reader looks at.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ProcessData, Run, ViewerDocument } from "./model/document";
import type { UrlState } from "./model/url_state";

export interface Viewer {
  document: ViewerDocument;
  run: Run;
  process: ProcessData; // the one that is chosen
  url: UrlState;
  // Changes parameters of the address, and the view where one is named. `replace`: without a step in the browser's history.
  go(changes: Readonly<Record<string, string>>, options?: { view?: string; replace?: boolean }): void;
}

export const ViewerContext = createContext<Viewer | null>(null);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error("no viewer around this view");
  return viewer;
}

// The views, in the order of their tabs.

import type { ComponentType } from "preact";
import type { ViewerDocument } from "../model/document";
import { DiffView } from "./diff";
import { FindingsView } from "./findings";
import { HeapView } from "./heap";
import { ProcessesView } from "./processes";
import { SitesView } from "./sites";
import { TimeView } from "./time";

export interface View {
  id: string; // in the address
  title: string;
  component: ComponentType;
  available(document: ViewerDocument): boolean; // whether there is anything to show
}

export const VIEWS: readonly View[] = [
  { id: "findings", title: "Findings", component: FindingsView, available: () => true },
  { id: "sites", title: "Sites", component: SitesView, available: () => true },
  { id: "time", title: "Time", component: TimeView, available: () => true },
  {
    id: "heap",
    title: "Heap",
    component: HeapView,
    available: (document) => document.runs[0]?.processes.some((process) => process.heap !== null) ?? false,
  },
  { id: "diff", title: "Diff", component: DiffView, available: (document) => document.comparison !== null },
  {
    id: "processes",
    title: "Processes",
    component: ProcessesView,
    available: (document) => (document.runs[0]?.processes.length ?? 0) > 1,
  },
];

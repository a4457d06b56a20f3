// The views, in the order of their tabs.

import type { ComponentType } from "preact";
import type { ViewerDocument } from "../model/document";
import { FindingsView } from "./findings";
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
];

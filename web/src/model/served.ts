// What the page of `limpet serve` can ask its server besides the document: which recordings there are, and when there is news.
// src/cli/serve_content.h has the other side.

import { checked } from "./load";
import type { ViewerDocument } from "./document";
import type { WhyReport } from "./heap";

export interface Recordings {
  recordings: { name: string }[];
  chosen: number; // the one that the page is about
  against: number | null; // the one that it is compared with
}

// A document, and the version of the recordings that it tells of.
export interface Versioned {
  document: ViewerDocument;
  version: string;
}

// Whether the page has come from a server: one from a file has its document inside.
export function isServed(page: Document): boolean {
  return !page.getElementById("limpet-document") && !page.getElementById("limpet-document-deflate");
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(`${path}${location.search}`, { cache: "no-store", headers });
  if (!answer.ok && answer.status !== 304) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer;
}

// The document, where it is another one than that of `version`.
export async function fetchNewer(version: string): Promise<Versioned | null> {
  const answer = await ask("api/document", version === "" ? {} : { "If-None-Match": version });
  if (answer.status === 304) return null;
  return { document: checked(await answer.text()), version: answer.headers.get("ETag") ?? "" };
}

export async function fetchRecordings(): Promise<Recordings> {
  return (await ask("api/recordings")).json() as Promise<Recordings>;
}

// Calls `news` whenever the recordings have changed, until the returned function is called. The browser itself connects again where the
// connection breaks; `lost` says whether there is one.
export function follow(news: () => void, lost: (is: boolean) => void): () => void {
  const events = new EventSource("api/events");
  events.addEventListener("version", news);
  events.addEventListener("open", () => lost(false));
  events.addEventListener("error", () => lost(true));
  return () => events.close();
}

// The address of the page for other recordings; the fragment stays.
export function queryFor(chosen: number, against: number | null): string {
  return `?recording=${chosen}&against=${against ?? ""}`;
}

// Who holds the objects of a type, or whatever else `limpet why` takes as a target.
export async function fetchWhy(target: string, pid: number): Promise<WhyReport> {
  const query = new URLSearchParams(location.search);
  query.set("target", target);
  query.set("process", String(pid));
  const answer = await fetch(`api/why?${query.toString()}`, { cache: "no-store" });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer.json() as Promise<WhyReport>;
}

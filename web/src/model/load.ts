// Where the page's document comes from: the page itself, or the server that sent it. docs/design/viewer.md says how it is put there.

import { readColumns } from "./columns";
import { SCHEMA, type ViewerDocument } from "./document";

export async function loadDocument(page: Document): Promise<ViewerDocument> {
  const plain = page.getElementById("limpet-document");
  if (plain) return checked(plain.textContent ?? "");
  const packed = page.getElementById("limpet-document-deflate");
  if (packed) return checked(await unpack(packed.textContent ?? ""));
  return fetchDocument(page.location);
}

// Of the server that sent the page; it wants the page's own query, which has the token.
export async function fetchDocument(location: Location): Promise<ViewerDocument> {
  const answer = await fetch(`api/document${location.search}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`the server says: ${answer.status} ${answer.statusText}`);
  return checked(await answer.text());
}

export function checked(text: string): ViewerDocument {
  const document = JSON.parse(text) as ViewerDocument;
  if (document.schema !== SCHEMA) throw new Error(`this page reads ${SCHEMA}, and the data are ${String(document.schema)}`);
  readColumns(document);
  return document;
}

// Base64 of a zlib stream.
export async function unpack(base64: string): Promise<string> {
  const letters = atob(base64.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { checked, loadDocument, unpack } from "./load";

const TEXT = JSON.stringify({ schema: "limpet.viewer/1", frames: {}, runs: [], strings: ["", "\u202e</script>é😀".repeat(5000)] });

// As much of a page as is asked for.
function pageWith(id: string, text: string): Document {
  return { getElementById: (wanted: string) => (wanted === id ? { textContent: text } : null) } as unknown as Document;
}

test("a document that lies in the page is read, plain and packed", async () => {
  expect(await loadDocument(pageWith("limpet-document", TEXT))).toEqual(JSON.parse(TEXT));
  const packed = deflateSync(TEXT).toString("base64");
  expect(await loadDocument(pageWith("limpet-document-deflate", `\n${packed}\n`))).toEqual(JSON.parse(TEXT));
  expect(await unpack(packed)).toBe(TEXT);
});

test("a document of another kind is refused in words", () => {
  expect(() => checked('{"schema":"limpet.viewer/9"}')).toThrow("limpet.viewer/9");
});

test("what is cut short is an error", async () => {
  const packed = deflateSync(TEXT).toString("base64");
  await expect(unpack(packed.slice(0, packed.length / 2))).rejects.toThrow();
});

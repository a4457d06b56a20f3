// Lines of the source around a place, where the document quotes them.

import { useViewer } from "../context";
import type { ViewerDocument } from "../model/document";
import { shown } from "../model/format";

export interface QuotedLine {
  number: number;
  text: string;
}

// The lines from `around` before to `around` after; empty where the file is not quoted there.
export function quote(document: ViewerDocument, file: string, line: number, around: number): QuotedLine[] {
  const source = document.sources.find((one) => document.strings[one.file] === file);
  const excerpt = source?.excerpts.find((one) => line >= one.first && line < one.first + one.lines.length);
  if (!excerpt) return [];
  const lines: QuotedLine[] = [];
  for (let number = Math.max(excerpt.first, line - around); number <= line + around; number++) {
    const text = excerpt.lines[number - excerpt.first];
    if (text !== undefined) lines.push({ number, text });
  }
  return lines;
}

export function SourceLines({ file, line, around = 2 }: { file: string; line: number; around?: number }) {
  const { document } = useViewer();
  const lines = quote(document, file, line, around);
  if (lines.length === 0) return null;
  return (
    <pre class="source" tabIndex={0} role="group" aria-label={`Source around line ${line}`}>
      {lines.map(({ number, text }) => (
        <div key={number} class={number === line ? "here" : ""}>
          <span class="number" aria-hidden="true">
            {number}
          </span>
          <code>{shown(text.replace(/\t/g, "    "), 400)}</code>
        </div>
      ))}
    </pre>
  );
}

// Columns of numbers. In the document's text a column is one string, its numbers with a space between: JSON.parse passes over it, where
// an array of a million numbers would hold the page up. What a view looks at becomes an array when it first does; most never are.

import type { Column, ViewerDocument } from "./document";

export function numbersOf(text: string): Float64Array {
  const numbers = new Float64Array((text.length + 1) >> 1);
  let count = 0;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0) {
      value = value * 10 + digit;
    } else {
      numbers[count++] = value;
      value = 0;
    }
  }
  if (text.length > 0) numbers[count++] = value;
  return numbers.slice(0, count);
}

// Its columns become arrays of numbers when they are first asked for. Where they are arrays already, nothing is done.
function readLazily(table: object): void {
  for (const [key, text] of Object.entries(table)) {
    if (typeof text !== "string") continue;
    Object.defineProperty(table, key, {
      configurable: true,
      enumerable: true,
      get(): Column {
        const value = numbersOf(text);
        Object.defineProperty(table, key, { value, enumerable: true });
        return value;
      },
    });
  }
}

export function readColumns(document: ViewerDocument): void {
  readLazily(document.frames);
  for (const run of document.runs) {
    for (const process of run.processes) {
      readLazily(process.stacks);
      readLazily(process.sites);
      readLazily(process.sites.cells);
    }
  }
}

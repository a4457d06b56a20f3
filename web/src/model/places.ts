// Places of the source, and what groups them: a line, a function, a module (its file).

import type { Frames, ViewerDocument } from "./document";

export const GROUPS = ["line", "function", "module"] as const;
export type Group = (typeof GROUPS)[number];

export function groupOf(text: string | undefined): Group {
  return GROUPS.find((group) => group === text) ?? "line";
}

// Whose code a file is: the reader's own, an installed package's, Python's.
export type Owner = "own" | "package" | "python" | "none";

export function ownerOf(file: string): Owner {
  if (file === "") return "none";
  if (/\/(?:site|dist)-packages\//.test(file)) return "package";
  if (file.startsWith("<frozen") || /\/lib(?:64)?\/python3\.\d+\//.test(file)) return "python";
  return "own";
}

// For each row of frames, the number of its group; and for each group, one of its rows.
export interface Grouping {
  group: Group;
  of_frame: Int32Array;
  frame_of: number[];
}

export function groupFrames(frames: Frames, group: Group): Grouping {
  const of_frame = new Int32Array(frames.file.length);
  const frame_of: number[] = [];
  const known = new Map<string, number>();
  for (let row = 0; row < of_frame.length; row++) {
    const file = frames.file[row] ?? 0;
    const key =
      group === "line" ? `${row}` : group === "function" ? `${file} ${frames.function[row] ?? 0}` : file === 0 ? `x${row}` : `${file}`;
    let number = known.get(key);
    if (number === undefined) {
      number = frame_of.length;
      known.set(key, number);
      frame_of.push(row);
    }
    of_frame[row] = number;
  }
  return { group, of_frame, frame_of };
}

export interface PlaceText {
  name: string; // "open_session"
  file: string; // the whole path; "": none
  line: number; // 0: unknown, or a group of several
}

export const NO_FRAME = "<no Python frame>";

export function placeText(document: ViewerDocument, grouping: Grouping, number: number): PlaceText {
  const row = grouping.frame_of[number] ?? -1;
  const { frames, strings } = document;
  const file = strings[frames.file[row] ?? 0] ?? "";
  const name = strings[frames.function[row] ?? 0] ?? "";
  if (grouping.group === "module") return { name: file === "" ? name : file, file, line: 0 };
  return { name, file, line: grouping.group === "line" ? (frames.line[row] ?? 0) : 0 };
}

// Places of the source, and what groups them: a line, a function, a module (its file).

import type { Frames, ViewerDocument } from "./document";

export const GROUPS = ["line", "function", "module"] as const;
export type Group = (typeof GROUPS)[number];

export function groupOf(text: string | undefined): Group {
  return GROUPS.find((group) => group === text) ?? "line";
}

// Whose code a file is: the reader's own, an installed package's, Python's.
export type Owner = "own" | "package" | "python" | "none";

const owners = new Map<string, Owner>();

export function ownerOf(file: string): Owner {
  let owner = owners.get(file);
  if (owner === undefined) owners.set(file, (owner = findOwner(file)));
  return owner;
}

function findOwner(file: string): Owner {
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

function group(frames: Frames, by: Group): Grouping {
  const { file, function: name } = frames;
  const of_frame = new Int32Array(file.length);
  if (by === "line") return { group: by, of_frame: of_frame.map((_, row) => row), frame_of: [...of_frame.keys()] };
  const frame_of: number[] = [];
  const known = new Map<number, number>();
  for (let row = 0; row < of_frame.length; row++) {
    const its_file = file[row] ?? 0;
    const key = by === "function" ? its_file * 2 ** 26 + (name[row] ?? 0) : its_file === 0 ? -1 - row : its_file;
    let number = known.get(key);
    if (number === undefined) {
      number = frame_of.length;
      known.set(key, number);
      frame_of.push(row);
    }
    of_frame[row] = number;
  }
  return { group: by, of_frame, frame_of };
}

const groupings = new WeakMap<Frames, Map<Group, Grouping>>();

export function groupFrames(frames: Frames, by: Group): Grouping {
  let of_frames = groupings.get(frames);
  if (!of_frames) groupings.set(frames, (of_frames = new Map()));
  let grouping = of_frames.get(by);
  if (!grouping) of_frames.set(by, (grouping = group(frames, by)));
  return grouping;
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

const lowered = new WeakMap<readonly string[], readonly string[]>();

export function lowerCase(strings: readonly string[]): readonly string[] {
  let lower = lowered.get(strings);
  if (!lower) lowered.set(strings, (lower = strings.map((text) => text.toLowerCase())));
  return lower;
}

// By group: whether its function or its file has these letters, in whatever case.
export function matchGroups(document: ViewerDocument, grouping: Grouping, query: string): Uint8Array {
  const wanted = query.toLowerCase();
  const found = Uint8Array.from(lowerCase(document.strings), (text) => (text.includes(wanted) ? 1 : 0));
  const { function: name, file } = document.frames;
  return Uint8Array.from(grouping.frame_of, (row) => {
    if (found[file[row] ?? 0]) return 1;
    return (grouping.group !== "module" || file[row] === 0) && found[name[row] ?? 0] ? 1 : 0;
  });
}

// `limpet.report/1` and `limpet.diff/1` as the page uses them: the parts of docs/usage.md's JSON that a view looks at. Fields that
// are not named here are there all the same.

export interface Place {
  function: string;
  file: string;
  line: number; // 0: unknown
  column?: number;
  end_column?: number;
}

export interface Step {
  edge: string;
  type: string;
}

export interface Part extends Place {
  live_bytes: number;
  live_objects: number;
}

export interface Known {
  package: string;
  version: string;
  fixed_in: string | null;
  what: string;
  link: string;
  certain: boolean;
}

export interface NativeFrame {
  function: string;
  file: string | null;
  line: number;
  module: string;
}

export interface Share {
  pid: number;
  live_bytes: number;
  live_objects: number;
  bytes_per_second: number;
  objects_per_second: number;
}

export interface Finding {
  kind: string;
  confidence: number;
  types: string[];
  bytes_per_iteration: number | null;
  objects_per_iteration: number | null;
  bytes_per_second: number;
  objects_per_second: number;
  live_bytes: number;
  live_objects: number;
  born_bytes: number;
  born_objects: number;
  retained_bytes: number | null;
  site: Place[]; // innermost first
  library_frames: Place[];
  stacks: number;
  parts: Part[];
  holder: Step[]; // root first
  holder_text: string;
  cycle: Step[];
  weakest_edge: number | null; // index into cycle
  old_survival: number;
  as_of: string; // "end", "finalization", "peak"
  since_seconds: number;
  evidence: string[];
  known: Known | null;
  fix: string | null;
  would_free_bytes: number | null;
  native_stack: NativeFrame[];
  fingerprint: string;
  place: string;
  processes: number[];
  per_process: Share[];
}

export interface Dismissed extends Finding {
  reason: string;
}

export interface Kept extends Finding {
  kept_by: string;
  reason: string;
}

export interface MemoryNote {
  reason: string;
  bytes: number;
  text: string;
}

export interface Memory {
  live_bytes: number;
  live_objects: number;
  peak_bytes: number;
  peak_seconds: number;
  rss_first_bytes: number | null;
  rss_last_bytes: number | null;
  rss_max_bytes: number | null;
  agent_bytes: number;
  notes: MemoryNote[];
  resources: Record<string, { held: number; growth: { first: number; last: number; per_second: number } | null }>;
}

export interface ProcessSummary {
  pid: number;
  parent_pid: number;
  folder: string;
  argv: string[];
  executable: string;
  python: string | null;
  state: string; // "finished", "recording", "exited", "killed", "stopped", "execed", "refused", "starting"
  reason: string;
  seconds: number;
  iterations: number;
  limits: string[];
  memory: Memory;
  recording: { epochs: number; events: number; born_objects: number; born_bytes: number; sites: number };
}

export interface Report {
  schema: "limpet.report/1";
  verdict: "leak" | "no-leak" | "inconclusive";
  explanation: string;
  findings: Finding[]; // most important first
  dismissed: Dismissed[];
  kept: Kept[];
  notes: string[];
  processes: ProcessSummary[];
  run: {
    argv: string[];
    directory: string;
    exit_status: number | null;
    signal: number | null;
    limpet_version: string;
    notes: string[];
  };
  problems: string[];
}

export interface DiffChange {
  change: "new" | "larger" | "same" | "cannot-tell" | "smaller" | "gone";
  fingerprint: string;
  before: Finding | null;
  after: Finding | null;
  why: string;
  ratio: number | null;
  per: "iteration" | "allocated-byte" | "second" | null;
}

export interface DiffWork {
  path: string;
  verdict: string;
  seconds: number;
  allocated_bytes: number;
  iterations: number;
}

export interface DiffReport {
  schema: "limpet.diff/1";
  before: DiffWork;
  after: DiffWork;
  changes: DiffChange[]; // worst first
  cannot_tell: boolean;
  note: string;
}

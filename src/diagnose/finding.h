// What the diagnosis says: findings (what grows, and where it was allocated), dismissals (what looked like it, and why it is not
// one) and the verdict over both. Plain values that own their strings: they outlive the recording they were made from.
#ifndef LIMPET_DIAGNOSE_FINDING_H_
#define LIMPET_DIAGNOSE_FINDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"

namespace limpet::diagnose {

// A place in the program. Columns are 0-based UTF-8 bytes, as in the recording.
struct Location {
  std::string function;
  std::string file;
  uint32_t line = 0;  // 0: unknown
  std::optional<uint32_t> column;
  std::optional<uint32_t> end_column;  // only where it ends on the same line
  bool operator==(const Location&) const = default;
};

// Whose memory grows: objects, blocks that C code took from the allocators of Python, or memory of a native library. Where a heap
// snapshot shows why the objects stay: cycles that nobody holds and the collector does not free, or references that C code never
// gave back.
enum class Kind : uint8_t { kPythonObject, kRawBlock, kNative, kCycle, kRefcount };

enum class Verdict : uint8_t { kLeak, kNoLeak, kInconclusive };

// Why something that is live is not held to be a leak.
enum class Reason : uint8_t {
  kBounded,   // births go on, and old ones die as new ones come
  kWarmUp,    // grew, and stopped growing well before the end
  kOneOff,    // came in one go or in a few
  kFlushed,   // everything up to some moment was freed together
  kReleased,  // grew for a while and was given back while the program went on
  kDeferred,  // garbage that waits for the collector
  kTooFew,    // too few blocks or bytes to tell a trend from chance
};

// The image of the process that a finding's live figures refer to.
enum class AsOf : uint8_t {
  kEnd,       // the last sign of life
  kFinalize,  // when the interpreter began to finalise
  kPeak,      // when the most memory was live: the program had freed it before it ended
};

// One line of the user's (or, where a stack has none, of a library) with the memory that stays because of it.
struct Part {
  Location where;
  capture::Amount live;
};

// What one of several processes has of a finding.
struct ProcessShare {
  int32_t pid = 0;
  capture::Amount live;
  double bytes_per_second = 0;
  double objects_per_second = 0;
};

// One step of the way from a root to what is held: the reference as it is called, and the type of what it leads to.
struct HolderStep {
  std::string edge;
  std::string type;
};

// What a heap snapshot says of the objects of a finding. Empty where there is none, or none of them was in it.
struct HeapView {
  uint64_t objects = 0;            // of these lines, in the snapshot
  std::vector<std::string> types;  // of what is held, then most bytes first
  std::optional<uint64_t> retained_bytes;
  uint64_t held_by_count = 0;      // objects with a reference that nothing in the heap explains
  std::vector<HolderStep> holder;  // root first
  std::string holder_text;         // "module app .SESSIONS -> dict['\u2026'] -> Session"
  std::vector<HolderStep> cycle;   // that keeps them, where nobody else does
  std::string cycle_text;
  std::optional<size_t> weakest_edge;  // index into `cycle`: the reference that had best be weak
  std::string fix;                     // one sentence
  std::optional<uint64_t> would_free_bytes;
};

// A leak that the maintainers of a package know of, and that a finding looks like.
struct Known {
  std::string package = {};  // as on PyPI; "python" for CPython
  std::string version = {};  // in use
  std::string fixed = {};    // first release without the leak; "" where there is none yet
  std::string what = {};     // one phrase
  std::string link = {};     // "aio-libs/multidict#1131"
  bool certain = false;      // told by the package's own frames or the holder, not by the look of the finding alone
};

// A function of compiled code. Inlined ones are frames of their own, before the one that they are in.
struct NativeFrame {
  std::string function;
  std::string file;  // empty: not known
  uint32_t line = 0;
  std::string module;  // path of the library or executable
};

// Which C functions took the memory (`limpet run --native`); without them all is empty.
struct NativeView {
  std::string allocator;           // the function that was asked: "malloc", "mmap", "PyMem_Malloc"
  std::vector<NativeFrame> stack;  // with most live bytes; innermost first, up to the first frame of the interpreter
  capture::Amount live;            // of that stack
  uint32_t stacks = 0;             // distinct native stacks with live memory of this finding
};

struct Finding {
  Kind kind = Kind::kPythonObject;
  double confidence = 0;             // 0..1; docs/design/verdict.md says how it is computed
  std::vector<Location> site;        // the stack with most live bytes, from the named line outwards, innermost first
  std::optional<Location> known_by;  // its heaviest line, where the heap named another: fingerprints need no snapshot
  std::vector<Location> below;       // frames between the allocation and site[0] (library code), innermost first
  uint32_t stacks = 0;               // distinct stacks that lead to the line
  std::vector<Part> parts;           // further lines that grow in the same rhythm, most bytes first
  capture::Amount live;              // survivors, parts included
  capture::Amount births;            // all births at these lines, the freed ones included
  double objects_per_second = 0;
  double bytes_per_second = 0;
  std::optional<double> objects_per_iteration;  // only where the program marks iterations
  std::optional<double> bytes_per_iteration;
  double bytes_per_volume =
      0;                    // for each byte that the process allocated meanwhile: compares runs of any length and speed
  double volume = 0;        // the bytes that were allocated while it grew
  double old_survival = 0;  // share of the blocks born in the older half of the growth that are still live
  uint64_t old_deaths = 0;  // blocks of that older half that were freed
  uint64_t old_age_ns = 0;  // all of that half are at least this old at the moment looked at
  uint64_t since_ns = 0;    // growth began (since the process's start)
  AsOf as_of = AsOf::kEnd;
  std::vector<std::string> evidence;      // one sentence per signal, with its figure
  std::string place;                      // file and function of site[0], the same wherever it runs: fingerprint.h
  std::vector<std::string> other_places;  // of its larger parts, without `place`
  std::string fingerprint;  // 16 hex digits: same leak, same fingerprint, across runs, addresses and shifted lines
  std::vector<int32_t> processes;    // pids it was found in
  std::vector<ProcessShare> shares;  // what each of them has, in the same order
  HeapView heap;
  std::optional<Known> known;
  NativeView native;
  std::vector<uint32_t> sites;  // its lines' stacks: indices into Process::sites of the first of these processes
};

struct Dismissed {
  Reason reason = Reason::kBounded;
  Finding finding;  // confidence: how sure we are that it is NOT a leak
};

// Growth that somebody marked as wanted: keep.h.
struct Kept {
  Finding finding;
  std::string by;      // "store.py:12" or ".limpet-keep:3": where the mark is
  std::string reason;  // in the words of who marked it; may be empty
  bool in_source = false;
};

struct Diagnosis {
  Verdict verdict = Verdict::kInconclusive;
  std::string explanation;           // one sentence: why this verdict; for inconclusive also what would decide
  std::vector<Finding> findings;     // most important first
  std::vector<Dismissed> dismissed;  // most live bytes first
  std::vector<Kept> kept;            // on purpose, most important first; no part of the verdict
  std::vector<std::string> notes;    // why a mark was not looked at
  // False: the run was too short, or not traced well enough, to build on what was not found. Stricter than the verdict, which is "no leak"
  // for a program of a blink as well; why is WhyUndecidable in diagnose.h.
  bool decidable = true;
};

std::string_view KindName(Kind kind);  // as in the report: "python-object"
std::string_view VerdictName(Verdict verdict);
std::string_view ReasonName(Reason reason);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_FINDING_H_

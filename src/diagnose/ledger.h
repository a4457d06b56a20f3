// Where the process's memory is, and what that says: the RSS ledger, and the verdicts that come from it. A program whose live memory is level may
// still be large: because a few survivors pin arenas (fragmentation), because malloc keeps what was freed (arena retention), or because
// the kernel counts pages of files (page cache). None of them is a leak; each is a note with its figures.
#ifndef LIMPET_DIAGNOSE_LEDGER_H_
#define LIMPET_DIAGNOSE_LEDGER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

// One use of memory. `key` is its name in reports for programs, `label` the one for people.
struct LedgerPart {
  std::string_view key;
  std::string_view label;
  uint64_t bytes = 0;
};

// A line whose few live blocks keep free memory around them.
struct PinningSite {
  std::vector<Location> site;  // innermost first
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  uint64_t pinned = 0;
};

// The process's own resident memory (`own`) at one moment: parts + rest == own.
struct Ledger {
  uint64_t time_ns = 0;
  bool frozen = false;  // of a copy that stood still
  uint64_t own = 0;
  std::vector<LedgerPart> parts;  // all of them, in a fixed order
  int64_t rest = 0;               // not explained; negative: more was found than the kernel counts
  uint64_t file = 0;  // resident pages of files: shared with others, and dropped by the kernel when it needs room
  uint64_t shared = 0;
  uint64_t swap = 0;
  uint64_t untouched = 0;  // live, but never touched or swapped out
  uint64_t recording = 0;  // of `file`: limpet's own, at most
  uint32_t arenas = 0;
  uint32_t sparse_arenas = 0;
  uint64_t pinned = 0;
  uint32_t malloc_heaps = 0;
  uint32_t thread_stacks = 0;
  std::optional<uint64_t> cgroup_bytes;
  std::optional<uint64_t> cgroup_file;
  std::vector<PinningSite> arena_pins;  // most pinned first
  std::vector<PinningSite> malloc_pins;
  std::optional<capture::TrimRecord> trim;

  uint64_t Part(std::string_view key) const;
};

// Why memory is resident that no leak explains. `reason` is what reports for programs call it. `finding` has the site, the bytes (live), evidence
// and advice, as a dismissed finding has them.
struct MemoryNote {
  std::string_view reason;  // "fragmentation", "arena-retention", "page-cache"
  std::string text;         // one sentence
  bool in_rss = true;       // false: the memory counts for the cgroup, and is not resident in the process
  Finding finding;
};

// The way of RSS and live bytes from when the program was under way to the moment of the ledger.
struct Course {
  uint64_t rss_before = 0;
  uint64_t rss_after = 0;
  uint64_t live_before = 0;
  uint64_t live_after = 0;
};

struct MemoryAccount {
  std::optional<Ledger> ledger;  // the latest
  std::optional<Course> course;
  std::vector<MemoryNote> notes;  // most bytes first
  std::string unexplained_rise;   // one line for the end screen: RSS rose and the findings are not why; else empty
};

MemoryAccount AccountMemory(const capture::Process& process, const std::vector<Finding>& findings);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_LEDGER_H_

// What `limpet heap` shows, before it is shown: the figures of one snapshot, and what grew since an earlier one.
#ifndef LIMPET_REPORT_HEAP_VIEW_H_
#define LIMPET_REPORT_HEAP_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heap/analysis.h"
#include "heap/garbage.h"
#include "heap/naming.h"
#include "heap/surplus.h"
#include "report/heap_source.h"

namespace limpet::report {

enum class HeapSort : uint8_t { kRetained, kOwn, kCount };
enum class HeapGroup : uint8_t { kType, kModule, kSite };

struct HeapOptions {
  HeapSort by = HeapSort::kRetained;
  HeapGroup group = HeapGroup::kType;
  uint32_t limit = 10;  // rows of each table; 0: all
};

// A path, as parts and in one line.
struct ToldPath {
  std::vector<heap::PathPart> parts;
  std::vector<std::string> types;  // by part: of the object it leads to
  std::string line;
};
ToldPath TellPath(const heap::Graph& graph, std::vector<heap::PathPart> parts);
ToldPath TellCycle(const heap::Graph& graph, const std::vector<heap::EdgeIndex>& cycle);

// All objects of a type, of a module's dict, or of one line of the program.
struct HeapRow {
  std::string name;
  std::optional<diagnose::Location> where;  // of a line
  uint64_t objects = 0;
  uint64_t own_bytes = 0;
  uint64_t retained_bytes = 0;
  std::optional<diagnose::Location> born;  // the line where most of them were allocated
  uint64_t born_there = 0;
};

// One object that keeps much alive.
struct BigObject {
  ToldPath path;
  std::string type;
  uint64_t entries = 0;  // of a container
  uint64_t retained_bytes = 0;
  uint64_t retained_objects = 0;
  std::optional<ToldPath> accumulation;  // where below it most of that piles up; none: right here
  std::string accumulation_type;
  uint64_t accumulation_entries = 0;
};

struct CycleRow {
  std::string line;  // "Node.next -> Node.back -> Node"
  std::vector<std::string> edges, types;
  uint64_t cycles = 0;
  uint64_t objects = 0;  // with what hangs on them
  uint64_t bytes = 0;
};

struct GrowthRow {
  ToldPath path;
  std::string type;
  uint64_t objects_before = 0, objects_after = 0;  // of this shape of path
  uint64_t entries = 0;                            // of a container that is new, or one of few new ones
  int64_t more_bytes = 0;                          // with all below
};

struct HeapTotals {
  uint64_t objects = 0, bytes = 0;
  uint64_t native_blocks = 0, native_bytes = 0;  // memory of C code that objects and C variables lead to; no objects
  uint64_t garbage_objects = 0, garbage_bytes = 0;
  uint64_t entry_objects = 0, entry_bytes = 0;  // held by C code and nobody else, with all they keep
};

struct HeapView {
  HeapTotals totals;
  HeapGroup group = HeapGroup::kType;
  HeapSort by = HeapSort::kRetained;
  std::vector<HeapRow> rows;
  uint64_t more_rows = 0;
  bool sites_known = false;
  std::vector<BigObject> biggest;
  std::vector<HeapRow> modules;  // what each module's dict alone keeps
  uint64_t more_modules = 0;
  std::vector<CycleRow> cycles;
  uint64_t more_cycles = 0;
  uint32_t against = 0;  // number of the earlier snapshot; 0: none
  uint64_t against_ns = 0;
  int64_t more_objects = 0, more_bytes = 0;  // since then
  std::vector<GrowthRow> growth;
  std::vector<heap::TypeSurplusGrowth> surplus;
};

// `before`: an earlier snapshot of the same process, or null. `between`: one between the two, or null: what grew must then have grown in
// both steps. (Imports and caches grow in one.)
HeapView MakeHeapView(const HeapSource& source, const HeapSource* before, const HeapSource* between,
                      const HeapOptions& options);

// How many objects a container contains; 0 for what is none.
uint64_t EntriesOf(const heap::Graph& graph, heap::NodeId node);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_HEAP_VIEW_H_

// Garbage cycles: objects that only hold each other, and wait for the cyclic collector (or for ever, if it is off or cannot free them).
#ifndef LIMPET_HEAP_GARBAGE_H_
#define LIMPET_HEAP_GARBAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"

namespace limpet::heap {

// Cycles that look alike.
struct CycleGroup {
  std::string shape;  // "app.Node .next -> app.Node .back ->", back to its start
  std::vector<EdgeIndex>
      cycle;                // a shortest one of the first component: where each reference ends, the next one begins
  uint64_t components = 0;  // how many there are, each of objects that all hold each other
  uint64_t objects = 0;     // in these
  uint64_t bytes = 0;
  uint64_t hanging_objects = 0;  // what hangs on one of them alone, and is freed with it
  uint64_t hanging_bytes = 0;
  uint64_t all_bytes() const { return bytes + hanging_bytes; }
};

struct CycleReport {
  std::vector<CycleGroup> groups;  // most bytes (with what hangs on them) first
  uint64_t objects = 0;            // in all: of cycles, hanging, and shared
  uint64_t bytes = 0;
  uint64_t shared_objects = 0;  // what several of the cycles hold
  uint64_t shared_bytes = 0;
};

// Cycles that keep `members` alive: of the garbage, if members are all that does not live (see Live). A cycle that hangs on another one
// counts as hanging.
CycleReport FindCycles(const Graph& graph, const Bits& members);

// The garbage. `live` as Live() says.
CycleReport FindGarbage(const Graph& graph, const Bits& live);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_GARBAGE_H_

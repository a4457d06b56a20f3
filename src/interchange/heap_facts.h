// What the formats of heaps need to know of a graph beyond the graph itself: which objects live, and what keeps the garbage.
//
// Other tools know one kind of root and nothing of garbage, C code, or references that do not hold; where limpet's dominators have
// them, the exports say the same by other means (docs/exports.md), so that retained sizes agree to the byte.
#ifndef LIMPET_INTERCHANGE_HEAP_FACTS_H_
#define LIMPET_INTERCHANGE_HEAP_FACTS_H_

#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"

namespace limpet::interchange {

struct HeapFacts {
  explicit HeapFacts(const heap::Graph& graph);
  // Whether a reference counts for dominators: it holds, and does not lead from garbage to the living.
  bool Counts(heap::NodeId from, heap::Edge edge) const { return edge.holds() && (live[from] || !live[edge.target()]); }

  heap::Bits live;
  std::vector<heap::NodeId> garbage_tops;  // all objects of the cycles that keep the garbage
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_HEAP_FACTS_H_

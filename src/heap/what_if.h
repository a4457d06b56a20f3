// What would be freed: remove references or objects on paper, and see what nothing reaches any more.
#ifndef LIMPET_HEAP_WHAT_IF_H_
#define LIMPET_HEAP_WHAT_IF_H_

#include <cstdint>
#include <span>
#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"
#include "heap/reach.h"

namespace limpet::heap {

struct FreedType {
  TypeId type = 0;
  uint64_t objects = 0;
  uint64_t bytes = 0;
};

// Objects that are freed with a removal. (In cycles: with the next collection.)
struct Freed {
  Bits nodes;
  uint64_t objects = 0;
  uint64_t bytes = 0;
  std::vector<FreedType> by_type;  // most bytes first
};

// Answers many questions about one graph. What lives is found out once.
class WhatIf {
 public:
  explicit WhatIf(const Graph& graph) : graph_(graph), live_(Live(graph)) {}

  // `x.attr = None`, `del d[key]`, `s.remove(x)`
  Freed RemoveEdges(std::span<const EdgeIndex> edges) const;
  // Objects and all references from and to them. The objects themselves are among the freed.
  Freed RemoveNodes(std::span<const NodeId> nodes) const;
  // References and objects in one.
  Freed Remove(const Cut& cut) const;
  const Bits& live() const { return live_; }

 private:
  const Graph& graph_;
  Bits live_;
};

// References to what a container contains: values and keys of a dict, items of a list, elements of a set. What `clear()` removes.
std::vector<EdgeIndex> ContentOf(const Graph& graph, NodeId container);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_WHAT_IF_H_

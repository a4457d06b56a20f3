// What would be freed: remove references or objects on paper, and see what nothing reaches any more.
//
// The first few questions are answered by a walk over all that is left. Then an index is made, which is worth some walks, and a question
// costs as much as what it may free, and not as much as the heap. Every object that lives has one way from the roots (the
// tree of paths.h); only the objects whose way leads over something that is removed can die: they are subtrees, and lie side by side
// in an order in which a parent comes before its children and they before anything else. Of these live the ones that are referred to
// from elsewhere (a count of all references, less those from within), and what they reach. The rest is freed.
#ifndef LIMPET_HEAP_WHAT_IF_H_
#define LIMPET_HEAP_WHAT_IF_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"
#include "heap/paths.h"
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

// Answers many questions about one graph, one after the other.
class WhatIf {
 public:
  // Both outlive this; `tree` is that of the whole graph.
  WhatIf(const Graph& graph, const PathTree& tree);
  ~WhatIf();

  // `x.attr = None`, `del d[key]`, `s.remove(x)`
  Freed RemoveEdges(std::span<const EdgeIndex> edges) const;
  // Objects and all references from and to them. The objects themselves are among the freed.
  Freed RemoveNodes(std::span<const NodeId> nodes) const;
  const Bits& live() const { return live_; }

 private:
  class Index;
  class Question;
  std::vector<NodeId> Walk(const Cut& cut) const;
  Index* ReadyIndex() const;  // null: for so few questions it is not worth while
  Freed Sum(std::span<const NodeId> freed) const;

  const Graph& graph_;
  const PathTree& tree_;
  Bits live_;
  mutable size_t asked_ = 0;
  mutable std::unique_ptr<Index> index_;
};

// References to what a container contains: values and keys of a dict, items of a list, elements of a set. What `clear()` removes.
std::vector<EdgeIndex> ContentOf(const Graph& graph, NodeId container);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_WHAT_IF_H_

// Reachability over references that hold: what stays alive if these objects do.
#ifndef LIMPET_HEAP_REACH_H_
#define LIMPET_HEAP_REACH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"

namespace limpet::heap {

// Objects and references that are taken for absent. An empty Bits is an empty set.
struct Cut {
  Bits nodes;
  Bits edges;
};

Cut CutNodes(const Graph& graph, std::span<const NodeId> nodes);
Cut CutEdges(const Graph& graph, std::span<const EdgeIndex> edges);

class Reach {
 public:
  // `cut` must outlive this.
  explicit Reach(const Graph& graph, const Cut* cut = nullptr) : graph_(graph), cut_(cut), seen_(graph.node_count()) {}

  // Adds what `starts` reach, themselves included. Returns how many objects are new.
  size_t From(std::span<const NodeId> starts);
  const Bits& seen() const { return seen_; }
  Bits Take() { return std::move(seen_); }

 private:
  template <bool kWithCut>
  size_t Run(std::span<const NodeId> starts);

  const Graph& graph_;
  const Cut* cut_;
  Bits seen_;
  std::vector<NodeId> stack_;
};

// All that lives: what the roots and the entries reach.
Bits Live(const Graph& graph, const Cut* cut = nullptr);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_REACH_H_

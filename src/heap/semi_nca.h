// The steps of SEMI-NCA: see dominators.h, which is what to use.
#ifndef LIMPET_HEAP_SEMI_NCA_H_
#define LIMPET_HEAP_SEMI_NCA_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"
#include "heap/huge_array.h"

namespace limpet::heap {

// A place in the preorder of the depth-first search. 0: not visited; 1: the super-root.
using Number = uint32_t;
inline constexpr Number kSuperRootNumber = 1;

class SemiNca {
 public:
  explicit SemiNca(const Graph& graph);

  // Step 1. Numbers the living, then the garbage.
  void Search();
  // Step 2. Semidominators.
  void FindSemidominators(const Referrers& referrers);
  // Step 3. Immediate dominators, as nearest common ancestors of parent and semidominator.
  void FindDominators();

  Number last() const { return last_; }
  Number garbage_root() const { return garbage_root_; }
  NodeId vertex(Number number) const { return vertex_[number]; }
  Number dominator(Number number) const { return dominator_[number]; }  // after step 3
  // An array of last() + 1 numbers to use after step 3.
  HugeArray<Number> TakeScratch() { return std::move(semi_); }

 private:
  struct Link {
    Number ancestor;
    Number label;  // the smallest semidominator on the way to `ancestor`, that one excluded
  };
  struct Frame {
    EdgeIndex next;
    EdgeIndex last;
    Number number;
  };

  void SearchFrom(NodeId start, Number parent);
  void SearchGarbage();
  void Visit(NodeId node, Number parent);
  Number Semidominator(Number number, const Referrers& referrers);
  Number SmallestLabel(Number from, Number below);
  void PrefetchFor(Number number, const Referrers& referrers) const;

  const Graph& graph_;
  HugeArray<Number> number_;  // by node
  HugeArray<NodeId> vertex_;  // by number, as are the others
  HugeArray<Link> links_;     // ancestor: at first the parent in the search's tree
  HugeArray<Number> semi_;
  HugeArray<Number> dominator_;  // at first the parent
  Bits top_;                     // children of the virtual roots
  Number last_ = kSuperRootNumber;
  Number garbage_root_ = 0;
  std::vector<Frame> frames_;
  std::vector<Number> path_;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_SEMI_NCA_H_

// What sets of objects keep alive, and whether another set hangs on them: subtrees of the dominator tree, as ranges of positions in its
// preorder. With thousands of leaking lines each is compared with each, so a comparison looks at the ranges' ends first.
#ifndef LIMPET_DIAGNOSE_SUBTREES_H_
#define LIMPET_DIAGNOSE_SUBTREES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "heap/dominators.h"

namespace limpet::diagnose {

// Where objects are in the dominator tree's preorder, ascending.
std::vector<uint32_t> PositionsOf(const heap::Dominators& dominators, std::span<const heap::NodeId> nodes);

class Subtrees {
 public:
  Subtrees() = default;
  Subtrees(const heap::Dominators& dominators, std::span<const heap::NodeId> nodes);

  // How many of these positions lie inside. REQUIRES: ascending.
  size_t CountOf(std::span<const uint32_t> positions) const;
  // Whether most of these objects hang on these: of fewer than a handful that cannot be said.
  bool HoldMostOf(std::span<const uint32_t> positions) const;

 private:
  struct Range {
    uint32_t begin = 0, end = 0;
  };
  std::vector<Range> ranges_;  // ascending, apart
};

// Whether nearly each of the parts hangs on a whole of its own, so that these are there for as long as those. Looks at a sample.
bool HangOneByOne(const heap::Dominators& dominators, std::span<const heap::NodeId> parts,
                  std::span<const heap::NodeId> wholes);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_SUBTREES_H_

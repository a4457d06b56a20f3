// Where memory accumulates: in the dominator tree of one snapshot, and in the difference of two.
//
// From what retains much, go down to the child that retains most, as long as it has nearly all of it. Where that ends, at a container
// with many small children, memory accumulates. (The rule is that of Eclipse MAT's leak suspects.)
#ifndef LIMPET_HEAP_DELTA_H_
#define LIMPET_HEAP_DELTA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "heap/dominators.h"
#include "heap/graph.h"
#include "heap/shapes.h"

namespace limpet::heap {

inline constexpr double kBigDrop = 0.7;  // of the parent's bytes: a child with less does not carry on

// Goes down from `node` as told above.
NodeId AccumulationPoint(const Dominators& dominators, NodeId node);

struct AccumulationDelta {
  std::string path;  // masked, along the dominator tree
  std::string type;
  uint64_t objects_before = 0, objects_after = 0;
  uint64_t retained_before = 0, retained_after = 0;
  NodeId example = kNoNode;  // in the later snapshot
  int64_t bytes() const { return int64_t(retained_after) - int64_t(retained_before); }
};

// Aligns the dominator trees of two snapshots by shape, and goes down from the top to wherever at least `share` of the whole growth is
// found: on to all children with such a share, as long as they have 0.7 of their parent's growth together; else the parent is a point
// where memory accumulates. Largest growth first. Nothing grew: empty. REQUIRES: both trees are those of dominators.
std::vector<AccumulationDelta> FindAccumulation(const ShapeTree& before, const ShapeTree& after, double share = 0.1);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_DELTA_H_

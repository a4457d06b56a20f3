// Retained memory of groups: of all objects of a type, of any set.
#ifndef LIMPET_HEAP_RETAINED_H_
#define LIMPET_HEAP_RETAINED_H_

#include <cstdint>
#include <span>
#include <vector>

#include "heap/dominators.h"
#include "heap/graph.h"

namespace limpet::heap {

struct TypeRow {
  TypeId type = 0;
  uint64_t objects = 0;
  uint64_t bytes = 0;           // of the objects themselves
  uint64_t retained_bytes = 0;  // each byte once: an object dominated by another of its type counts with that one
  NodeId largest = kNoNode;     // the object that retains most
};

// One row for every type that has objects, most retained bytes first. Garbage counts, too.
std::vector<TypeRow> RetainedByType(const Graph& graph, const Dominators& dominators);

// Tells for objects as they come in the order of the dominator tree whether one of the same group, seen before, dominates them.
class GroupFilter {
 public:
  GroupFilter(const Dominators& dominators, size_t groups) : dominators_(dominators), covered_(groups) {}
  // REQUIRES: positions ascend.
  bool IsOutermost(NodeId node, size_t group) {
    const uint32_t position = dominators_.position(node);
    if (position < covered_[group]) return false;
    covered_[group] = position + dominators_.retained_count(node);
    return true;
  }

 private:
  const Dominators& dominators_;
  std::vector<uint32_t> covered_;  // by group: positions below are in the subtree of an object of the group
};

// What each of the set dominates, each byte once. At most what RemoveNodes (what_if.h) says: what only several of the set hold together
// is missing.
uint64_t DominatedBytes(const Dominators& dominators, std::span<const NodeId> set);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_RETAINED_H_

// Dominators and retained sizes of all objects.
//
// An object d dominates an object v if every path of holding references from outside the heap to v leads through d: were d gone, v
// would be freed. The closest one is v's immediate dominator; they form a tree. What d retains is its subtree: exactly what would be freed
// with it.
//
//     super-root -> roots, and entries (held by C code; see surplus.h)
//     garbage root -> the cycles that keep the garbage: all objects of components that nothing else holds
//
// Garbage has a tree of its own. What it refers to of the living is not its: such references do not count.
//
// The algorithm is SEMI-NCA (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", Princeton 2005, section
// 2.3), with explicit stacks. While it runs, it takes 28 bytes per object and the way back (Referrers) besides what stays: 20 bytes per object.
#ifndef LIMPET_HEAP_DOMINATORS_H_
#define LIMPET_HEAP_DOMINATORS_H_

#include <cstdint>
#include <optional>
#include <span>

#include "heap/graph.h"
#include "heap/huge_array.h"
#include "heap/packed_array.h"

namespace limpet::heap {

inline constexpr NodeId kSuperRoot = 0x7ffffffe;
inline constexpr NodeId kGarbageRoot = 0x7ffffffd;

class Dominators {
 public:
  // Needs the way back; leaves it in *keep if that is given.
  explicit Dominators(const Graph& graph, std::optional<Referrers>* keep = nullptr);

  // The immediate dominator: an object, kSuperRoot or kGarbageRoot.
  NodeId of(NodeId node) const { return idom_[node]; }
  uint64_t retained_bytes(NodeId node) const { return retained_bytes_[node]; }
  uint32_t retained_count(NodeId node) const { return retained_count_[node]; }  // itself included

  // All objects in preorder of the dominator tree, so that a subtree is a range: first the living, then the garbage.
  std::span<const NodeId> order() const { return {order_.data(), order_.size()}; }
  size_t live_count() const { return live_count_; }
  uint64_t live_bytes() const { return live_bytes_; }
  uint64_t garbage_bytes() const { return garbage_bytes_; }
  uint32_t position(NodeId node) const { return position_[node]; }
  bool IsLive(NodeId node) const { return position_[node] < live_count_; }
  // What `node` retains; it comes first.
  std::span<const NodeId> Subtree(NodeId node) const {
    return {order_.data() + position_[node], retained_count_[node]};
  }
  bool Dominates(NodeId above, NodeId below) const {
    return position_[below] - position_[above] < retained_count_[above];  // unsigned: less than is far away
  }
  // visit(child) for all that `node` (or a virtual root) immediately dominates.
  template <class Visit>
  void ForEachChild(NodeId node, Visit visit) const {
    uint32_t at = 0;
    uint32_t end = uint32_t(live_count_);
    if (node == kGarbageRoot) {
      at = end;
      end = uint32_t(order_.size());
    } else if (node != kSuperRoot) {
      at = position_[node] + 1;
      end = position_[node] + retained_count_[node];
    }
    for (; at < end; at += retained_count_[order_[at]]) visit(order_[at]);
  }

  size_t bytes() const {
    return idom_.bytes() + retained_bytes_.bytes() + retained_count_.bytes() + order_.bytes() + position_.bytes();
  }

 private:
  HugeArray<NodeId> idom_;
  PackedArray<4> retained_bytes_;
  HugeArray<uint32_t> retained_count_;
  HugeArray<NodeId> order_;
  HugeArray<uint32_t> position_;
  size_t live_count_ = 0;
  uint64_t live_bytes_ = 0;
  uint64_t garbage_bytes_ = 0;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_DOMINATORS_H_

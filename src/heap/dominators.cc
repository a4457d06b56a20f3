#include "heap/dominators.h"

#include "base/check.h"
#include "heap/parallel.h"
#include "heap/semi_nca.h"

namespace limpet::heap {

Dominators::Dominators(const Graph& graph, std::optional<Referrers>* keep) {
  SemiNca tree(graph);
  std::optional<Referrers> own;
  std::optional<Referrers>& referrers = keep ? *keep : own;
  // The search does not need the way back, so it is built meanwhile.
  RunBoth(graph.edge_count(), [&] { tree.Search(); }, [&] { referrers.emplace(graph); });
  tree.FindSemidominators(*referrers);
  own.reset();
  tree.FindDominators();

  const size_t nodes = graph.node_count();
  const Number last = tree.last();
  const Number garbage_root = tree.garbage_root();
  LIMPET_CHECK(last == nodes + 2);
  idom_ = HugeArray<NodeId>(nodes);
  retained_count_ = HugeArray<uint32_t>(nodes);
  retained_bytes_ = PackedArray<4>(nodes);
  HugeArray<uint64_t> bytes(last + 1);
  HugeArray<Number> count = tree.TakeScratch();
  std::fill(count.begin(), count.end(), 1);
  // Dominators have smaller numbers than what they dominate: a sum over all children is complete when its node's turn comes.
  for (Number number = last; number > kSuperRootNumber; --number) {
    if (number == garbage_root) continue;
    const NodeId node = tree.vertex(number);
    const Number dominator = tree.dominator(number);
    bytes[number] += graph.size(node);
    bytes[dominator] += bytes[number];
    count[dominator] += count[number];
    retained_bytes_.Set(node, bytes[number]);
    retained_count_[node] = count[number];
    const NodeId special = dominator == kSuperRootNumber ? kSuperRoot : kGarbageRoot;
    idom_[node] = dominator == kSuperRootNumber || dominator == garbage_root ? special : tree.vertex(dominator);
  }
  retained_bytes_.Seal();
  live_count_ = count[kSuperRootNumber] - 1;
  live_bytes_ = bytes[kSuperRootNumber];
  garbage_bytes_ = bytes[garbage_root];
  bytes = HugeArray<uint64_t>();

  order_ = HugeArray<NodeId>(nodes);
  position_ = HugeArray<uint32_t>(nodes);
  // From here on: where the next child of that number goes.
  HugeArray<Number>& next = count;
  next[kSuperRootNumber] = 0;
  next[garbage_root] = uint32_t(live_count_);
  for (Number number = kSuperRootNumber + 1; number <= last; ++number) {
    if (number == garbage_root) continue;
    const NodeId node = tree.vertex(number);
    const uint32_t at = next[tree.dominator(number)];
    next[tree.dominator(number)] += next[number];  // still its count: it comes before its children
    next[number] = at + 1;
    order_[at] = node;
    position_[node] = at;
  }
}

}  // namespace limpet::heap

#include "heap/delta.h"

#include <algorithm>

namespace limpet::heap {

NodeId AccumulationPoint(const Dominators& dominators, NodeId node) {
  while (true) {
    NodeId largest = kNoNode;
    dominators.ForEachChild(node, [&](NodeId child) {
      if (largest == kNoNode || dominators.retained_bytes(child) > dominators.retained_bytes(largest)) largest = child;
    });
    if (largest == kNoNode) return node;
    if (double(dominators.retained_bytes(largest)) < kBigDrop * double(dominators.retained_bytes(node))) return node;
    node = largest;
  }
}

std::vector<AccumulationDelta> FindAccumulation(const ShapeTree& before, const ShapeTree& after, double share) {
  const std::vector<MergedShape> merged = MergeShapes({&before, &after});
  const auto growth = [&](uint32_t i) { return double(merged[i].total_bytes[1]) - double(merged[i].total_bytes[0]); };
  double whole = 0;
  std::vector<std::vector<uint32_t>> children(merged.size());
  std::vector<uint32_t> tops;
  for (uint32_t i = 0; i < merged.size(); ++i) {
    if (merged[i].parent != kNoShape) {
      children[merged[i].parent].push_back(i);
    } else {
      tops.push_back(i);
      whole += std::max(0.0, growth(i));
    }
  }
  if (whole <= 0) return {};
  const auto is_large = [&](uint32_t i) { return growth(i) >= share * whole; };
  std::erase_if(tops, [&](uint32_t i) { return !is_large(i); });

  std::vector<AccumulationDelta> found;
  while (!tops.empty()) {
    const uint32_t at = tops.back();
    tops.pop_back();
    double carried = 0;
    for (const uint32_t child : children[at]) carried += is_large(child) ? growth(child) : 0;
    if (carried >= kBigDrop * growth(at)) {
      std::copy_if(children[at].begin(), children[at].end(), std::back_inserter(tops), is_large);
      continue;
    }
    const MergedShape& shape = merged[at];
    found.push_back({MergedText(merged, at), shape.type, shape.objects[0], shape.objects[1], shape.total_bytes[0],
                     shape.total_bytes[1], shape.example});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.bytes() > b.bytes(); });
  return found;
}

}  // namespace limpet::heap

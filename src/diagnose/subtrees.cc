#include "diagnose/subtrees.h"

#include <algorithm>
#include <unordered_set>

#include "heap/sample.h"

namespace limpet::diagnose {
namespace {

constexpr double kMostly = 0.6;      // share of one line's objects that hang on another's
constexpr size_t kLeastObjects = 8;  // fewer say nothing

}  // namespace

std::vector<uint32_t> PositionsOf(const heap::Dominators& dominators, std::span<const heap::NodeId> nodes) {
  std::vector<uint32_t> positions;
  positions.reserve(nodes.size());
  for (const heap::NodeId node : nodes) positions.push_back(dominators.position(node));
  std::sort(positions.begin(), positions.end());
  return positions;
}

Subtrees::Subtrees(const heap::Dominators& dominators, std::span<const heap::NodeId> nodes) {
  for (const uint32_t begin : PositionsOf(dominators, nodes)) {
    if (!ranges_.empty() && begin < ranges_.back().end) continue;  // inside another's subtree
    ranges_.push_back({begin, begin + dominators.retained_count(dominators.order()[begin])});
  }
}

size_t Subtrees::CountOf(std::span<const uint32_t> positions) const {
  if (positions.empty() || ranges_.empty()) return 0;
  if (positions.back() < ranges_.front().begin || positions.front() >= ranges_.back().end) return 0;
  size_t inside = 0;
  auto at = positions.begin();
  auto range = std::partition_point(ranges_.begin(), ranges_.end(), [&](Range r) { return r.end <= *at; });
  while (range != ranges_.end() && at != positions.end()) {
    at = std::lower_bound(at, positions.end(), range->begin);
    const auto end = std::lower_bound(at, positions.end(), range->end);
    inside += static_cast<size_t>(end - at);
    at = end;
    if (at != positions.end())
      range = std::partition_point(range, ranges_.end(), [&](Range r) { return r.end <= *at; });
  }
  return inside;
}

bool Subtrees::HoldMostOf(std::span<const uint32_t> positions) const {
  return positions.size() >= kLeastObjects &&
         static_cast<double>(CountOf(positions)) >= kMostly * static_cast<double>(positions.size());
}

bool HangOneByOne(const heap::Dominators& dominators, std::span<const heap::NodeId> parts,
                  std::span<const heap::NodeId> wholes) {
  constexpr size_t kMostSampled = 300, kFarthest = 20;
  constexpr double kNearlyEach = 0.8;
  const std::vector<heap::NodeId> sample = heap::SampleOf(parts, kMostSampled);
  std::unordered_set<heap::NodeId> found;
  for (heap::NodeId node : sample) {
    for (size_t steps = 0; steps < kFarthest && node < heap::kGarbageRoot; ++steps) {
      node = dominators.of(node);
      if (!std::binary_search(wholes.begin(), wholes.end(), node)) continue;
      found.insert(node);
      break;
    }
  }
  return sample.size() >= kLeastObjects &&
         static_cast<double>(found.size()) >= kNearlyEach * static_cast<double>(sample.size());
}

}  // namespace limpet::diagnose

#include "diagnose/merge_by_holder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

using heap::NodeId;

constexpr double kMostly = 0.6;      // share of a finding's objects that hang on another's
constexpr size_t kLeastObjects = 8;  // fewer say nothing

// Marks what the objects of a finding keep alive: their subtrees of the dominator tree, as ranges of positions.
std::vector<bool> Retained(const heap::Dominators& dominators, const std::vector<NodeId>& nodes) {
  std::vector<bool> marked(dominators.order().size(), false);
  for (const NodeId node : nodes) {
    const uint32_t begin = dominators.position(node);
    if (marked[begin]) continue;  // inside another's subtree already
    std::fill_n(marked.begin() + begin, dominators.retained_count(node), true);
  }
  return marked;
}

bool HangsOn(const heap::Dominators& dominators, const std::vector<bool>& retained, const std::vector<NodeId>& nodes) {
  if (nodes.size() < kLeastObjects) return false;
  size_t inside = 0;
  for (const NodeId node : nodes) inside += retained[dominators.position(node)];
  return static_cast<double>(inside) >= kMostly * static_cast<double>(nodes.size());
}

void TakeAsPart(Finding& into, const Finding& part) {
  into.live += part.live;
  into.births += part.births;
  into.bytes_per_second += part.bytes_per_second;
  into.objects_per_second += part.objects_per_second;
  if (into.bytes_per_iteration && part.bytes_per_iteration) {
    *into.bytes_per_iteration += *part.bytes_per_iteration;
    *into.objects_per_iteration += *part.objects_per_iteration;
  }
  into.sites.insert(into.sites.end(), part.sites.begin(), part.sites.end());
  if (!part.site.empty()) into.parts.push_back({part.site.front(), part.live});
  into.parts.insert(into.parts.end(), part.parts.begin(), part.parts.end());
  for (const std::string& type : part.heap.types) {
    std::vector<std::string>& types = into.heap.types;
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
}

// Sure ones first, then by what they cost: a finding may only become a part of one that is at least as sure.
std::vector<size_t> ByWeight(const std::vector<Finding>& findings) {
  std::vector<size_t> order(findings.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const bool sure_a = findings[a].confidence >= kSure, sure_b = findings[b].confidence >= kSure;
    return sure_a != sure_b ? sure_a : findings[a].bytes_per_second > findings[b].bytes_per_second;
  });
  return order;
}

}  // namespace

void MergeByHolder(heap::Analysis& analysis, std::vector<Finding>& findings, std::vector<FindingObjects>& objects) {
  const heap::Dominators& dominators = analysis.dominators();
  std::vector<bool> gone(findings.size(), false);
  const std::vector<size_t> order = ByWeight(findings);
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t whole = order[i];
    if (gone[whole] || objects[whole].nodes.size() < kLeastObjects) continue;
    const std::vector<bool> retained = Retained(dominators, objects[whole].nodes);
    for (size_t k = i + 1; k < order.size(); ++k) {
      const size_t part = order[k];
      if (gone[part]) continue;
      const bool same_container =
          objects[part].container != heap::kNoNode && objects[part].container == objects[whole].container;
      if (!same_container && !HangsOn(dominators, retained, objects[part].nodes)) continue;
      TakeAsPart(findings[whole], findings[part]);
      gone[part] = true;
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < findings.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) {
      findings[kept] = std::move(findings[i]);
      objects[kept] = std::move(objects[i]);
    }
    ++kept;
  }
  findings.resize(kept);
  objects.resize(kept);
}

}  // namespace limpet::diagnose

#include "diagnose/merge_by_holder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "diagnose/diagnose.h"
#include "diagnose/heap_image.h"

namespace limpet::diagnose {
namespace {

constexpr size_t kLeastObjects = 8;  // fewer say nothing

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

// Sure ones first, then those that made what is held, then by what they cost: a finding may only become a part of one that is at least
// as sure.
std::vector<size_t> ByWeight(const std::vector<Finding>& findings, const std::vector<FindingObjects>& objects) {
  std::vector<size_t> order(findings.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const bool sure_a = findings[a].confidence >= kSure, sure_b = findings[b].confidence >= kSure;
    if (sure_a != sure_b) return sure_a;
    if (objects[a].made_held != objects[b].made_held) return objects[a].made_held;
    return findings[a].bytes_per_second > findings[b].bytes_per_second;
  });
  return order;
}

}  // namespace

void MergeByHolder(heap::Analysis& analysis, std::vector<Finding>& findings, std::vector<FindingObjects>& objects) {
  const heap::Dominators& dominators = analysis.dominators();
  std::vector<bool> gone(findings.size(), false);
  const std::vector<size_t> order = ByWeight(findings, objects);
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t whole = order[i];
    if (gone[whole] || objects[whole].nodes.size() < kLeastObjects) continue;
    const std::vector<bool> retained = MarkRetained(dominators, objects[whole].nodes);
    for (size_t k = i + 1; k < order.size(); ++k) {
      const size_t part = order[k];
      if (gone[part]) continue;
      const bool same_container =
          objects[part].container != heap::kNoNode && objects[part].container == objects[whole].container;
      if (!same_container && !MostlyMarked(dominators, retained, objects[part].nodes)) continue;
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

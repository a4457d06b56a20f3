#include "heap/diff.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace limpet::heap {

std::vector<GrowingShape> FindGrowth(const std::vector<const ShapeTree*>& trees, uint64_t least) {
  LIMPET_CHECK(trees.size() >= 2);
  const std::vector<MergedShape> merged = MergeShapes(trees);
  std::vector<bool> grew(merged.size());
  for (size_t i = 0; i < merged.size(); ++i) {
    const std::vector<uint64_t>& objects = merged[i].objects;
    grew[i] = true;
    for (size_t k = 1; k < objects.size(); ++k) grew[i] = grew[i] && objects[k] >= objects[k - 1] + least;
  }
  std::vector<GrowingShape> found;
  for (uint32_t i = 0; i < merged.size(); ++i) {
    const MergedShape& shape = merged[i];
    // What hangs on something that grows, grows with it.
    if (!grew[i] || (shape.parent != kNoShape && grew[shape.parent])) continue;
    found.push_back({MergedText(merged, i), shape.type, shape.objects, shape.total_bytes, shape.example});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const GrowingShape& a, const GrowingShape& b) { return a.more_bytes() > b.more_bytes(); });
  return found;
}

namespace {

template <class Rows>
void DropUnchangedAndSort(Rows& rows) {
  std::erase_if(rows, [](const Change& row) { return row.bytes() == 0 && row.objects() == 0; });
  std::stable_sort(rows.begin(), rows.end(), [](const Change& a, const Change& b) { return a.bytes() > b.bytes(); });
}

}  // namespace

std::vector<TypeChange> ChangesByType(const Graph& before, const Graph& after) {
  std::map<std::string, Change> changes;
  const auto add = [&](const Graph& graph, auto objects, auto bytes) {
    std::vector<std::pair<uint64_t, uint64_t>> sums(graph.types().size());
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      auto& sum = sums[graph.type_of(node)];
      ++sum.first;
      sum.second += graph.size(node);
    }
    for (TypeId type = 0; type < sums.size(); ++type) {
      Change& change = changes[graph.type(type).name];
      change.*objects += sums[type].first;
      change.*bytes += sums[type].second;
    }
  };
  add(before, &Change::objects_before, &Change::bytes_before);
  add(after, &Change::objects_after, &Change::bytes_after);
  std::vector<TypeChange> rows;
  for (const auto& [type, change] : changes) rows.push_back({change, type});
  DropUnchangedAndSort(rows);
  return rows;
}

std::vector<SiteChange> ChangesBySite(const Snapshot& before, const Snapshot& after) {
  tsl::robin_map<uint32_t, Change> changes;
  const auto add = [&](const Snapshot& snapshot, auto objects, auto bytes) {
    for (NodeId node = 0; node < snapshot.graph.node_count(); ++node) {
      const uint32_t birth = snapshot.graph.birth(node);
      Change& change = changes[birth == 0 ? kNoSite : snapshot.births[birth - 1].site];
      ++(change.*objects);
      change.*bytes += snapshot.graph.size(node);
    }
  };
  add(before, &Change::objects_before, &Change::bytes_before);
  add(after, &Change::objects_after, &Change::bytes_after);
  std::vector<SiteChange> rows;
  for (const auto& [site, change] : changes) rows.push_back({change, site});
  std::sort(rows.begin(), rows.end(), [](const SiteChange& a, const SiteChange& b) { return a.site < b.site; });
  DropUnchangedAndSort(rows);
  return rows;
}

}  // namespace limpet::heap

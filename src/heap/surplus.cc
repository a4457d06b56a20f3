#include "heap/surplus.h"

#include <algorithm>
#include <map>

#include "heap/parallel.h"
#include "heap/reach.h"

namespace limpet::heap {
namespace {

// Counts for every node the references to it that hold. kMaybe references are left for later.
HugeArray<uint32_t> CountOwned(const Graph& graph) {
  HugeArray<uint32_t> owned(graph.node_count());
  const NodeId middle = NodeId(graph.node_count() / 2);
  std::vector<bool> has_maybe(graph.classes().size());
  for (size_t c = 0; c < has_maybe.size(); ++c) has_maybe[c] = graph.classes()[c].has_maybe;

  // As in Referrers: two threads that divide the targets.
  const auto count = [&](NodeId low, NodeId high) {
    constexpr EdgeIndex kAhead = 24;
    const EdgeIndex all = EdgeIndex(graph.edge_count());
    const auto add = [&](EdgeIndex first, EdgeIndex last) {
      for (EdgeIndex e = first; e < last; ++e) {
        if (e + kAhead < all) __builtin_prefetch(&owned[graph.edge(e + kAhead).target()], 1);
        const Edge edge = graph.edge(e);
        if (edge.holds() && edge.target() >= low && edge.target() < high) ++owned[edge.target()];
      }
    };
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      if (!has_maybe[graph.class_of(node)]) {
        add(graph.first_edge(node), graph.last_edge(node));
        continue;
      }
      graph.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
        if (run.strength != RefStrength::kMaybe) add(first, last);
      });
    }
  };
  RunBoth(graph.edge_count(), [&] { count(0, middle); }, [&] { count(middle, NodeId(graph.node_count())); });
  return owned;
}

// Lets each kMaybe reference use up one of its target's surplus, or marks it as not holding.
void ResolveMaybe(const Graph& graph, HugeArray<uint32_t>& owned, uint32_t* edges) {
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (!graph.classes()[graph.class_of(node)].has_maybe) continue;
    graph.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
      if (run.strength != RefStrength::kMaybe) return;
      for (EdgeIndex e = first; e < last; ++e) {
        const NodeId target = graph.edge(e).target();
        if (owned[target] < graph.refcount(target)) ++owned[target];
        else edges[e] |= Edge::kDoesNotHold;
      }
    });
  }
}

// Memory of C code and suspended frames are there because of what leads to them; they have no count, and are not immortal.
bool MayLiveAlone(const Type& type) { return !type.native() && type.name != "<frame>"; }

// Immortal objects that nothing reaches, and what only they reach, are no garbage. Those that hold others come first, so that no more
// entries are made than needed.
std::vector<Entry> ImmortalEntries(const Graph& graph, const std::vector<Entry>& entries) {
  std::vector<Entry> found;
  std::vector<NodeId> starts = graph.roots();
  for (const Entry& entry : entries) starts.push_back(entry.node);
  Reach reach(graph);
  reach.From(starts);
  Bits held(graph.node_count());
  const auto is_candidate = [&](NodeId node) {
    return graph.refcount(node) == 0 && !reach.seen()[node] && MayLiveAlone(graph.type(graph.type_of(node)));
  };
  std::vector<NodeId> candidates;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (!is_candidate(node)) continue;
    candidates.push_back(node);
    for (EdgeIndex e = graph.first_edge(node); e < graph.last_edge(node); ++e) {
      if (graph.edge(e).holds() && graph.edge(e).target() != node) held.Set(graph.edge(e).target());
    }
  }
  for (const bool pass_held : {false, true}) {  // heads first, then what cycles are left
    for (const NodeId node : candidates) {
      if (held[node] != pass_held || reach.seen()[node]) continue;
      found.push_back({node, 0});
      reach.From({&node, 1});
    }
  }
  return found;
}

}  // namespace

void FindEntries(Graph& graph) {
  HugeArray<uint32_t> owned = CountOwned(graph);
  ResolveMaybe(graph, owned, graph.parts_.edges.data());
  std::vector<Entry> entries;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    const uint32_t count = graph.refcount(node);
    if (count == 0 || graph.type(graph.type_of(node)).root()) continue;
    if (count > owned[node]) entries.push_back({node, count - owned[node]});
    else graph.overdrawn_ += owned[node] - count;
  }
  const std::vector<Entry> immortal = ImmortalEntries(graph, entries);
  entries.insert(entries.end(), immortal.begin(), immortal.end());
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.node < b.node; });
  graph.entries_ = std::move(entries);
}

std::vector<TypeSurplus> SurplusByType(const Graph& graph) {
  std::map<std::string, TypeSurplus> by_type;
  for (const Entry& entry : graph.entries()) {
    if (entry.surplus == 0) continue;
    const std::string& name = graph.type(graph.type_of(entry.node)).name;
    TypeSurplus& row = by_type[name];
    row.type = name;
    ++row.objects;
    row.references += entry.surplus;
    row.bytes += graph.size(entry.node);
  }
  std::vector<TypeSurplus> rows;
  for (auto& [name, row] : by_type) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.references > b.references; });
  return rows;
}

std::vector<TypeSurplusGrowth> SurplusGrowth(const Graph& before, const Graph& after) {
  std::map<std::string, TypeSurplusGrowth> by_type;
  for (TypeSurplus& row : SurplusByType(before)) by_type[row.type].before = std::move(row);
  for (TypeSurplus& row : SurplusByType(after)) by_type[row.type].after = std::move(row);
  std::vector<TypeSurplusGrowth> rows;
  for (auto& [name, row] : by_type) {
    row.before.type = row.after.type = name;
    if (row.references() != 0) rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.references() > b.references(); });
  return rows;
}

}  // namespace limpet::heap

#include "heap/what_if.h"

#include <algorithm>

namespace limpet::heap {

Freed WhatIf::Remove(const Cut& cut) const {
  const Bits left = Live(graph_, &cut);
  Freed freed;
  freed.nodes = Bits(graph_.node_count());
  std::vector<FreedType> by_type(graph_.types().size());
  live_.ForEach([&](size_t i) {
    if (left[i]) return;
    const NodeId node = NodeId(i);
    freed.nodes.Set(node);
    ++freed.objects;
    freed.bytes += graph_.size(node);
    FreedType& row = by_type[graph_.type_of(node)];
    row.type = graph_.type_of(node);
    ++row.objects;
    row.bytes += graph_.size(node);
  });
  std::erase_if(by_type, [](const FreedType& row) { return row.objects == 0; });
  std::stable_sort(by_type.begin(), by_type.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  freed.by_type = std::move(by_type);
  return freed;
}

Freed WhatIf::RemoveEdges(std::span<const EdgeIndex> edges) const {
  Cut cut;
  cut.edges = Bits(graph_.edge_count());
  for (const EdgeIndex edge : edges) cut.edges.Set(edge);
  return Remove(cut);
}

Freed WhatIf::RemoveNodes(std::span<const NodeId> nodes) const {
  Cut cut;
  cut.nodes = Bits(graph_.node_count());
  for (const NodeId node : nodes) cut.nodes.Set(node);
  return Remove(cut);
}

std::vector<EdgeIndex> ContentOf(const Graph& graph, NodeId container) {
  std::vector<EdgeIndex> edges;
  graph.ForEachRun(container, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
    switch (run.kind) {
      case RefKind::kItem:
      case RefKind::kKey:
      case RefKind::kValue:
      case RefKind::kElement:
        for (EdgeIndex e = first; e < last; ++e) edges.push_back(e);
        break;
      default:
        break;
    }
  });
  return edges;
}

}  // namespace limpet::heap

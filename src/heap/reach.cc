#include "heap/reach.h"

namespace limpet::heap {

Cut CutNodes(const Graph& graph, std::span<const NodeId> nodes) {
  Cut cut;
  cut.nodes = Bits(graph.node_count());
  for (const NodeId node : nodes) cut.nodes.Set(node);
  return cut;
}

Cut CutEdges(const Graph& graph, std::span<const EdgeIndex> edges) {
  Cut cut;
  cut.edges = Bits(graph.edge_count());
  for (const EdgeIndex edge : edges) cut.edges.Set(edge);
  return cut;
}

template <bool kWithCut>
size_t Reach::Run(std::span<const NodeId> starts) {
  const auto is_cut = [&](NodeId node) { return kWithCut && !cut_->nodes.empty() && cut_->nodes[node]; };
  size_t found = 0;
  const auto add = [&](NodeId node) {
    if (is_cut(node) || !seen_.Add(node)) return;
    ++found;
    if (graph_.degree(node) > 0) stack_.push_back(node);
  };
  for (const NodeId node : starts) add(node);
  while (!stack_.empty()) {
    const NodeId node = stack_.back();
    stack_.pop_back();
    const EdgeIndex last = graph_.last_edge(node);
    for (EdgeIndex e = graph_.first_edge(node); e < last; ++e) {
      const Edge edge = graph_.edge(e);
      if (!edge.holds()) continue;
      if (kWithCut && !cut_->edges.empty() && cut_->edges[e]) continue;
      add(edge.target());
    }
  }
  return found;
}

size_t Reach::From(std::span<const NodeId> starts) { return cut_ ? Run<true>(starts) : Run<false>(starts); }

Bits Live(const Graph& graph, const Cut* cut) {
  Reach reach(graph, cut);
  reach.From(graph.roots());
  std::vector<NodeId> entries;
  entries.reserve(graph.entries().size());
  for (const Entry& entry : graph.entries()) entries.push_back(entry.node);
  reach.From(entries);
  return reach.Take();
}

}  // namespace limpet::heap

// Random small graphs for tests: everything that makes a difference to an algorithm, in odd combinations.
#ifndef LIMPET_HEAP_RANDOM_GRAPH_H_
#define LIMPET_HEAP_RANDOM_GRAPH_H_

#include <rapidcheck.h>

#include <array>
#include <string>
#include <vector>

#include "capture/snapshot_format.h"
#include "heap/builder.h"

namespace limpet::heap {

// What a random graph was made from, so that oracles can make it again with something left out.
struct GraphPlan {
  struct PlannedEdge {
    uint32_t from, to;
    int kind;  // 0 item, 1 attribute, 2 dict entry, 3 local, 4 weak, 5 maybe, 6 attribute of another name
  };
  uint32_t nodes = 0;
  uint32_t roots = 0;             // nodes [0, roots)
  std::vector<uint32_t> surplus;  // nodes that nobody explains
  std::vector<PlannedEdge> edges;
};

inline void showValue(const GraphPlan::PlannedEdge& edge, std::ostream& out) {
  out << edge.from << "->" << edge.to << "(" << edge.kind << ")";
}
inline void showValue(const GraphPlan& plan, std::ostream& out) {
  out << plan.nodes << " nodes, " << plan.roots << " roots";
  for (const uint32_t node : plan.surplus) out << ", surplus " << node;
  for (const GraphPlan::PlannedEdge& edge : plan.edges) showValue(edge, out << ", ");
}

inline GraphPlan MakePlanOfAnySize();
// rapidcheck begins with tiny cases and grows them; most of these would be graphs of no interest.
inline GraphPlan MakePlan() { return *rc::gen::resize(rc::kNominalSize, rc::gen::exec(MakePlanOfAnySize)); }

inline GraphPlan MakePlanOfAnySize() {
  GraphPlan plan;
  plan.nodes = *rc::gen::inRange<uint32_t>(1, 24);
  plan.roots = *rc::gen::inRange<uint32_t>(0, std::min(plan.nodes, 3u) + 1);
  const auto node = rc::gen::inRange<uint32_t>(0, plan.nodes);
  plan.surplus = *rc::gen::container<std::vector<uint32_t>>(*rc::gen::inRange(0, 3), node);
  plan.edges = *rc::gen::container<std::vector<GraphPlan::PlannedEdge>>(
      *rc::gen::inRange<size_t>(0, 3 * plan.nodes + 1),
      rc::gen::apply([](uint32_t from, uint32_t to, int kind) { return GraphPlan::PlannedEdge{from, to, kind}; }, node,
                     node, rc::gen::inRange(0, 7)));
  return plan;
}

// Sizes are different powers of two, so that equal sums mean equal sets. Types: three for objects, and that of roots.
inline Graph BuildPlan(const GraphPlan& plan) {
  GraphBuilder builder;
  const TypeId root = builder.AddType("thread", capture::kTypeSynthetic | capture::kTypeRoot);
  const std::array<TypeId, 3> types = {builder.AddType("a.A"), builder.AddType("dict"), builder.AddType("list")};
  for (uint32_t i = 0; i < plan.nodes; ++i) builder.AddNode(i < plan.roots ? root : types[i % 3], uint64_t{1} << i);
  std::vector<uint32_t> items(plan.nodes);
  for (const GraphPlan::PlannedEdge& edge : plan.edges) {
    switch (edge.kind) {
      case 0:
        builder.AddItem(edge.from, edge.to, items[edge.from]++);
        break;
      case 1:
        builder.AddAttribute(edge.from, edge.to, "x");
        break;
      case 2:
        builder.AddEntry(edge.from, edge.to, edge.to);
        break;
      case 3:
        builder.AddEdge(edge.from, edge.to, RefKind::kLocal, builder.AddName("v"));
        break;
      case 4:
        builder.AddEdge(edge.from, edge.to, RefKind::kField, builder.AddName("w"), RefStrength::kWeak);
        break;
      case 5:
        builder.AddEdge(edge.from, edge.to, RefKind::kScanned, 8, RefStrength::kMaybe);
        break;
      default:
        builder.AddAttribute(edge.from, edge.to, "y");
        break;
    }
  }
  for (const uint32_t node : plan.surplus) builder.AddSurplus(node, 1);
  return builder.Finish();
}

inline Graph RandomGraph() { return BuildPlan(MakePlan()); }

// Reachability the slow way: repeats until nothing changes.
template <class Allowed>
std::vector<bool> SlowReach(const Graph& graph, const std::vector<NodeId>& starts, Allowed allowed) {
  std::vector<bool> seen(graph.node_count());
  for (const NodeId start : starts) seen[start] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      if (!seen[node]) continue;
      for (EdgeIndex e = graph.first_edge(node); e < graph.last_edge(node); ++e) {
        const NodeId target = graph.edge(e).target();
        if (!graph.edge(e).holds() || seen[target] || !allowed(e, target)) continue;
        seen[target] = changed = true;
      }
    }
  }
  return seen;
}

inline std::vector<NodeId> RootsAndEntries(const Graph& graph) {
  std::vector<NodeId> starts = graph.roots();
  for (const Entry& entry : graph.entries()) starts.push_back(entry.node);
  return starts;
}

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_RANDOM_GRAPH_H_

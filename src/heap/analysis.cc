#include "heap/analysis.h"

namespace limpet::heap {

std::vector<WeakReference> FindWeakReferences(const Graph& graph) {
  std::vector<bool> with_weak(graph.classes().size());
  for (size_t c = 0; c < with_weak.size(); ++c) {
    const Class& cls = graph.classes()[c];
    for (uint32_t r = cls.first_run; r < cls.first_run + cls.run_count; ++r)
      with_weak[c] = with_weak[c] || graph.runs()[r].strength == RefStrength::kWeak;
  }
  std::vector<WeakReference> found;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (!with_weak[graph.class_of(node)]) continue;
    graph.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
      if (run.strength != RefStrength::kWeak) return;
      for (EdgeIndex e = first; e < last; ++e) found.push_back({node, graph.edge(e).target()});
    });
  }
  return found;
}

}  // namespace limpet::heap

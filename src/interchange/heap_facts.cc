#include "interchange/heap_facts.h"

#include "heap/reach.h"
#include "heap/scc.h"

namespace limpet::interchange {

HeapFacts::HeapFacts(const heap::Graph& graph) : live(heap::Live(graph)) {
  heap::Bits garbage(graph.node_count());
  bool any = false;
  for (heap::NodeId node = 0; node < graph.node_count(); ++node) {
    if (live[node]) continue;
    garbage.Set(node);
    any = true;
  }
  if (!any) return;
  const heap::Components components = heap::FindComponents(graph, garbage);
  const std::vector<bool> is_source = heap::FindSources(graph, garbage, components);
  garbage.ForEach([&](size_t node) {
    if (is_source[components.of[node]]) garbage_tops.push_back(heap::NodeId(node));
  });
}

}  // namespace limpet::interchange

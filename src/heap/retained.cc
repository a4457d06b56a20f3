#include "heap/retained.h"

#include <algorithm>

namespace limpet::heap {

std::vector<TypeRow> RetainedByType(const Graph& graph, const Dominators& dominators) {
  std::vector<TypeRow> rows(graph.types().size());
  GroupFilter filter(dominators, rows.size());
  for (const NodeId node : dominators.order()) {
    const TypeId type = graph.type_of(node);
    TypeRow& row = rows[type];
    row.type = type;
    ++row.objects;
    row.bytes += graph.size(node);
    if (!filter.IsOutermost(node, type)) continue;
    row.retained_bytes += dominators.retained_bytes(node);
    // An object that another one dominates retains no more than that one does.
    const bool larger =
        row.largest == kNoNode || dominators.retained_bytes(node) > dominators.retained_bytes(row.largest);
    if (larger) row.largest = node;
  }
  std::erase_if(rows, [](const TypeRow& row) { return row.objects == 0; });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const TypeRow& a, const TypeRow& b) { return a.retained_bytes > b.retained_bytes; });
  return rows;
}

uint64_t DominatedBytes(const Dominators& dominators, std::span<const NodeId> set) {
  std::vector<NodeId> sorted(set.begin(), set.end());
  std::sort(sorted.begin(), sorted.end(),
            [&](NodeId a, NodeId b) { return dominators.position(a) < dominators.position(b); });
  GroupFilter filter(dominators, 1);
  uint64_t bytes = 0;
  for (const NodeId node : sorted) {
    if (filter.IsOutermost(node, 0)) bytes += dominators.retained_bytes(node);
  }
  return bytes;
}

}  // namespace limpet::heap

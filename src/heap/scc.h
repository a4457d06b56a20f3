// Strongly connected components over references that hold: objects each of which keeps all the others alive.
#ifndef LIMPET_HEAP_SCC_H_
#define LIMPET_HEAP_SCC_H_

#include <cstdint>
#include <vector>

#include "heap/bits.h"
#include "heap/graph.h"

namespace limpet::heap {

using ComponentId = uint32_t;
inline constexpr ComponentId kNoComponent = 0xffffffff;

// Components are numbered so that references between them lead from higher to lower numbers (Tarjan's order).
struct Components {
  HugeArray<ComponentId> of;   // by node; kNoComponent: not looked at
  std::vector<uint32_t> size;  // objects, by component
  size_t count() const { return size.size(); }
};

// Components of the part of the graph that consists of `members` (empty: all) and the references among them.
Components FindComponents(const Graph& graph, const Bits& members);

// Components that no reference from another one leads to: what keeps the rest of `members` alive.
std::vector<bool> FindSources(const Graph& graph, const Bits& members, const Components& components);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_SCC_H_

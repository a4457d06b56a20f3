// What single references are called, and what they look like with everything masked that differs from object to object.
//
// Whole paths, as people say them, are in naming.h.
#ifndef LIMPET_HEAP_LABELS_H_
#define LIMPET_HEAP_LABELS_H_

#include <string>

#include "heap/graph.h"

namespace limpet::heap {

// ".x", "[3]", "['key']", " local x" ... `node` is where the reference starts.
std::string EdgeText(const Graph& graph, NodeId node, EdgeIndex edge);
// The same without keys and indices: "[*]" for all items and values.
std::string MaskedEdgeText(const Graph& graph, const EdgeLabel& label);

// Whether such a reference leads to a dict whose keys are names, not data: that of a module, a class or an instance.
bool LeadsToNamespace(const Graph& graph, const EdgeLabel& label);

// Puts a step behind a path: "dict" + "['x']" + "Session" = "dict['x'] -> Session", "Session" + ".x" + "list" = "Session .x -> list".
void AppendStep(std::string* path, const std::string& edge, const std::string& type);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_LABELS_H_

// References and paths as people read them.
//
//     module app .SESSIONS -> dict['u17'] -> Session .buffer -> bytes
#ifndef LIMPET_HEAP_NAMES_H_
#define LIMPET_HEAP_NAMES_H_

#include <span>
#include <string>
#include <vector>

#include "heap/graph.h"

namespace limpet::heap {

// ".x", "[3]", "['key']", " local x" ... `node` is where the reference starts.
std::string EdgeText(const Graph& graph, NodeId node, EdgeIndex edge);
// The same without what differs from object to object: "[*]" for all items and values.
std::string MaskedEdgeText(const Graph& graph, const EdgeLabel& label);

// Whether such a reference leads to a dict whose keys are names, not data: that of a module, a class or an instance.
bool LeadsToNamespace(const Graph& graph, const EdgeLabel& label);

// What an object is called as the start of a path: "module app", "thread main", "object of C code: list".
std::string StartText(const Graph& graph, NodeId node);

struct PathStep {
  std::string edge;  // as EdgeText; that of the first step is empty
  std::string type;  // of the object that it leads to; of the first step: StartText
  NodeId node = 0;
  EdgeIndex via = kNoEdge;
};

// A path step by step. The dict of a namespace is left out: `.__dict__` and `['x']` are one step `.x`. What comes before the last module
// of the path is left out, too: a module's name says how to find it.
std::vector<PathStep> Steps(const Graph& graph, NodeId start, std::span<const EdgeIndex> path);

std::string PathText(const std::vector<PathStep>& steps);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_NAMES_H_

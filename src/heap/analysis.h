// A graph and what was found out about it so far: each part is made when it is first asked for, and kept.
#ifndef LIMPET_HEAP_ANALYSIS_H_
#define LIMPET_HEAP_ANALYSIS_H_

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "heap/dominators.h"
#include "heap/graph.h"
#include "heap/paths.h"
#include "heap/shapes.h"
#include "heap/what_if.h"

namespace limpet::heap {

struct WeakReference {
  NodeId source = kNoNode, target = kNoNode;
};

// All there are, by source.
std::vector<WeakReference> FindWeakReferences(const Graph& graph);

class Analysis {
 public:
  // `graph` outlives this.
  explicit Analysis(const Graph& graph) : graph_(graph) {}
  Analysis(const Analysis&) = delete;
  Analysis& operator=(const Analysis&) = delete;

  const Graph& graph() const { return graph_; }
  const Dominators& dominators() {
    if (!dominators_) dominators_.emplace(graph_);
    return *dominators_;
  }
  const PathTree& paths() {
    if (!paths_) paths_.emplace(graph_);
    return *paths_;
  }
  const ShapeTree& shapes() {
    if (!shapes_) shapes_.emplace(graph_, paths());
    return *shapes_;
  }
  const WhatIf& what_if() {
    if (!what_if_) what_if_.emplace(graph_, paths());
    return *what_if_;
  }
  std::span<const WeakReference> weak() {
    if (!weak_) weak_ = FindWeakReferences(graph_);
    return *weak_;
  }

 private:
  const Graph& graph_;
  std::optional<Dominators> dominators_;
  std::optional<PathTree> paths_;
  std::optional<ShapeTree> shapes_;
  std::optional<WhatIf> what_if_;
  std::optional<std::vector<WeakReference>> weak_;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_ANALYSIS_H_

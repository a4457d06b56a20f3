#include "heap/scc.h"

#include <algorithm>

namespace limpet::heap {
namespace {

// R. Tarjan, "Depth-first search and linear graph algorithms" (1972), with a stack of its own instead of recursion.
class Tarjan {
 public:
  Tarjan(const Graph& graph, const Bits& members)
      : graph_(graph),
        members_(members),
        index_(graph.node_count()),
        result_{HugeArray<ComponentId>(graph.node_count()), {}} {
    std::fill(result_.of.begin(), result_.of.end(), kNoComponent);
  }

  void From(NodeId start) {
    if (index_[start]) return;
    Enter(start);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      if (frame.next == graph_.last_edge(frame.node)) {
        Leave();
        continue;
      }
      const Edge edge = graph_.edge(frame.next++);
      const NodeId target = edge.target();
      if (!edge.holds() || !IsMember(target)) continue;
      if (index_[target] == 0) Enter(target);
      else if (result_.of[target] == kNoComponent) frame.low = std::min(frame.low, index_[target]);
    }
  }
  bool IsMember(NodeId node) const { return members_.empty() || members_[node]; }
  Components Take() { return std::move(result_); }

 private:
  struct Frame {
    NodeId node;
    EdgeIndex next;
    uint32_t low;  // the smallest index that this node's subtree was seen to reach
  };

  void Enter(NodeId node) {
    index_[node] = ++last_index_;
    open_.push_back(node);
    frames_.push_back({node, graph_.first_edge(node), last_index_});
  }
  void Leave() {
    const Frame done = frames_.back();
    frames_.pop_back();
    if (!frames_.empty()) frames_.back().low = std::min(frames_.back().low, done.low);
    if (done.low != index_[done.node]) return;
    const ComponentId component = ComponentId(result_.size.size());
    result_.size.push_back(0);
    for (NodeId node = kNoNode; node != done.node; ++result_.size.back()) {
      node = open_.back();
      open_.pop_back();
      result_.of[node] = component;
    }
  }

  const Graph& graph_;
  const Bits& members_;
  HugeArray<uint32_t> index_;  // order of discovery, from 1; 0: not seen
  uint32_t last_index_ = 0;
  std::vector<Frame> frames_;
  std::vector<NodeId> open_;  // seen, and of no component yet
  Components result_;
};

}  // namespace

Components FindComponents(const Graph& graph, const Bits& members) {
  Tarjan tarjan(graph, members);
  if (members.empty()) {
    for (NodeId node = 0; node < graph.node_count(); ++node) tarjan.From(node);
  } else {
    members.ForEach([&](size_t node) { tarjan.From(NodeId(node)); });
  }
  return tarjan.Take();
}

std::vector<bool> FindSources(const Graph& graph, const Bits& members, const Components& components) {
  std::vector<bool> is_source(components.count(), true);
  const auto look = [&](NodeId node) {
    for (EdgeIndex e = graph.first_edge(node); e < graph.last_edge(node); ++e) {
      const Edge edge = graph.edge(e);
      if (!edge.holds()) continue;
      const ComponentId to = components.of[edge.target()];
      if (to != kNoComponent && to != components.of[node]) is_source[to] = false;
    }
  };
  if (members.empty()) {
    for (NodeId node = 0; node < graph.node_count(); ++node) look(node);
  } else {
    members.ForEach([&](size_t node) { look(NodeId(node)); });
  }
  return is_source;
}

}  // namespace limpet::heap

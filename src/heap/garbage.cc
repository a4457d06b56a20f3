#include "heap/garbage.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <map>
#include <utility>

#include "heap/labels.h"
#include "heap/scc.h"

namespace limpet::heap {
namespace {

constexpr ComponentId kShared = 0xfffffffe;
// A shortest cycle of a component is looked for from so many of its objects, and as long as the search stays below so many steps.
constexpr size_t kStarts = 64;
constexpr size_t kSteps = 1'000'000;
constexpr size_t kLongestText = 12;  // references

class CycleFinder {
 public:
  CycleFinder(const Graph& graph, const Bits& members)
      : graph_(graph), members_(members), components_(FindComponents(graph, members)) {}

  CycleReport Run() {
    const std::vector<bool> is_source = FindSources(graph_, members_, components_);
    SortByComponent();
    FindOwners(is_source);
    AddUp(is_source);
    std::vector<CycleGroup>& groups = report_.groups;
    std::stable_sort(groups.begin(), groups.end(),
                     [](const CycleGroup& a, const CycleGroup& b) { return a.all_bytes() > b.all_bytes(); });
    return std::move(report_);
  }

 private:
  std::span<const NodeId> NodesOf(ComponentId component) const {
    return {nodes_.data() + first_[component], components_.size[component]};
  }

  void SortByComponent() {
    first_.resize(components_.count() + 1);
    for (ComponentId c = 0; c < components_.count(); ++c) first_[c + 1] = first_[c] + components_.size[c];
    nodes_.resize(first_.back());
    std::vector<size_t> next(first_.begin(), first_.end() - 1);
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      if (components_.of[node] != kNoComponent) nodes_[next[components_.of[node]]++] = node;
    }
  }

  // The owner of a component is the source that all ways to it come from. References lead to lower numbers: a component's owner is
  // known when its turn comes.
  void FindOwners(const std::vector<bool>& is_source) {
    owner_.assign(components_.count(), kNoComponent);
    for (ComponentId c = ComponentId(components_.count()); c-- > 0;) {
      if (is_source[c]) owner_[c] = c;
      for (const NodeId node : NodesOf(c)) {
        for (EdgeIndex e = graph_.first_edge(node); e < graph_.last_edge(node); ++e) {
          const Edge edge = graph_.edge(e);
          const ComponentId to = edge.holds() ? components_.of[edge.target()] : kNoComponent;
          if (to == kNoComponent || to == c) continue;
          owner_[to] = owner_[to] == kNoComponent || owner_[to] == owner_[c] ? owner_[c] : kShared;
        }
      }
    }
  }

  void AddUp(const std::vector<bool>& is_source) {
    std::vector<size_t> group_of(components_.count());
    for (ComponentId c = 0; c < components_.count(); ++c) {
      if (is_source[c]) group_of[c] = GroupOf(c);
    }
    for (ComponentId c = 0; c < components_.count(); ++c) {
      uint64_t bytes = 0;
      for (const NodeId node : NodesOf(c)) bytes += graph_.size(node);
      const uint64_t objects = components_.size[c];
      report_.objects += objects;
      report_.bytes += bytes;
      if (owner_[c] == kShared) {
        report_.shared_objects += objects;
        report_.shared_bytes += bytes;
        continue;
      }
      CycleGroup& group = report_.groups[group_of[owner_[c]]];
      (is_source[c] ? group.objects : group.hanging_objects) += objects;
      (is_source[c] ? group.bytes : group.hanging_bytes) += bytes;
      group.components += is_source[c];
    }
  }

  size_t GroupOf(ComponentId component) {
    std::vector<EdgeIndex> cycle = ShortestCycle(component);
    const std::string shape = cycle.empty() ? graph_.type(graph_.type_of(NodesOf(component)[0])).name : ShapeOf(&cycle);
    const auto [at, added] = groups_.try_emplace(shape, report_.groups.size());
    if (added) {
      report_.groups.emplace_back();
      report_.groups.back().shape = shape;
      report_.groups.back().cycle = std::move(cycle);
    }
    return at->second;
  }

  // Empty for a single object that does not refer to itself.
  std::vector<EdgeIndex> ShortestCycle(ComponentId component) const {
    std::vector<EdgeIndex> best;
    size_t steps = 0;
    size_t starts = 0;
    for (const NodeId start : NodesOf(component)) {
      if (starts++ == kStarts || steps > kSteps) break;
      std::vector<EdgeIndex> cycle = CycleThrough(start, component, &steps);
      if (best.empty() || (!cycle.empty() && cycle.size() < best.size())) best = std::move(cycle);
      if (best.size() == 1) break;
    }
    return best;
  }

  std::vector<EdgeIndex> CycleThrough(NodeId start, ComponentId component, size_t* steps) const {
    tsl::robin_map<NodeId, EdgeIndex> via;
    std::vector<NodeId> queue = {start};
    for (size_t i = 0; i < queue.size(); ++i) {
      const NodeId node = queue[i];
      for (EdgeIndex e = graph_.first_edge(node); e < graph_.last_edge(node); ++e, ++*steps) {
        const Edge edge = graph_.edge(e);
        if (!edge.holds() || components_.of[edge.target()] != component) continue;
        if (edge.target() == start) return Unwind(via, start, e);
        if (via.insert({edge.target(), e}).second) queue.push_back(edge.target());
      }
    }
    return {};
  }

  std::vector<EdgeIndex> Unwind(const tsl::robin_map<NodeId, EdgeIndex>& via, NodeId start, EdgeIndex last) const {
    std::vector<EdgeIndex> cycle = {last};
    for (NodeId node = graph_.Source(last); node != start; node = graph_.Source(cycle.back()))
      cycle.push_back(via.at(node));
    std::reverse(cycle.begin(), cycle.end());
    return cycle;
  }

  // Turns the cycle so that equal ones begin at the same place, and says what it looks like.
  std::string ShapeOf(std::vector<EdgeIndex>* cycle) const {
    std::vector<std::string> steps;
    for (const EdgeIndex e : *cycle) {
      const NodeId node = graph_.Source(e);
      const std::string edge = MaskedEdgeText(graph_, graph_.Label(node, e));
      steps.push_back(graph_.type(graph_.type_of(node)).name + (edge.starts_with('.') ? " " : "") + edge);
    }
    size_t begin = 0;
    const size_t size = steps.size();
    for (size_t i = 1; i < std::min(size, kStarts); ++i) {
      for (size_t k = 0; k < std::min(size, kStarts); ++k) {
        const int order = steps[(i + k) % size].compare(steps[(begin + k) % size]);
        if (order < 0) begin = i;
        if (order != 0) break;
      }
    }
    std::rotate(steps.begin(), steps.begin() + ptrdiff_t(begin), steps.end());
    std::rotate(cycle->begin(), cycle->begin() + ptrdiff_t(begin), cycle->end());
    std::string text;
    for (size_t i = 0; i < std::min(size, kLongestText); ++i) text += steps[i] + " -> ";
    if (size > kLongestText) text += "... (" + std::to_string(size) + " objects) ";
    text.pop_back();
    return text;
  }

  const Graph& graph_;
  const Bits& members_;
  Components components_;
  std::vector<size_t> first_;  // by component, into nodes_
  std::vector<NodeId> nodes_;
  std::vector<ComponentId> owner_;
  std::map<std::string, size_t> groups_;
  CycleReport report_;
};

}  // namespace

CycleReport FindCycles(const Graph& graph, const Bits& members) { return CycleFinder(graph, members).Run(); }

CycleReport FindGarbage(const Graph& graph, const Bits& live) {
  Bits garbage(graph.node_count());
  size_t count = 0;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (live[node]) continue;
    garbage.Set(node);
    ++count;
  }
  // No members would mean all.
  return count == 0 ? CycleReport() : FindCycles(graph, garbage);
}

}  // namespace limpet::heap

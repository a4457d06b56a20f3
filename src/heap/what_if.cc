#include "heap/what_if.h"

#include <algorithm>

#include "heap/huge_array.h"

namespace limpet::heap {

// The tree of ways, laid out by subtrees.
class WhatIf::Index {
  const Graph& graph_;
  const PathTree& tree_;

 public:
  // For each object: references from what lives that hold it, and one more for a root and an entry. A question counts down what is
  // removed and puts it back.
  HugeArray<uint32_t> held_by;
  // Where an object is in the order of subtrees, and what is there; a subtree is [place, end). Only what lives has a place.
  HugeArray<uint32_t> place, end;
  HugeArray<NodeId> laid_out;

  Index(const Graph& graph, const PathTree& tree)
      : graph_(graph),
        tree_(tree),
        held_by(graph.node_count()),
        place(graph.node_count()),
        end(graph.node_count()),
        laid_out(tree.order().size()) {
    HugeArray<NodeId> parents(graph.node_count());
    CountReferences(&parents);
    LayOut(parents);
  }

 private:
  // One pass over all references of what lives. A start is its own parent.
  void CountReferences(HugeArray<NodeId>* parents) {
    for (const NodeId node : tree_.order()) {
      if (tree_.is_start(node)) (*parents)[node] = node;
      for (EdgeIndex e = graph_.first_edge(node); e < graph_.last_edge(node); ++e) {
        const Edge edge = graph_.edge(e);
        if (!edge.holds()) continue;
        ++held_by[edge.target()];
        if (!tree_.is_start(edge.target()) && tree_.via(edge.target()) == e) (*parents)[edge.target()] = node;
      }
    }
    for (const NodeId root : graph_.roots()) ++held_by[root];
    for (const Entry& entry : graph_.entries()) ++held_by[entry.node];
  }

  void LayOut(const HugeArray<NodeId>& parents) {
    const std::span<const NodeId> order = tree_.order();
    // Sizes of subtrees, in `end`.
    for (size_t i = order.size(); i-- > 0;) {
      const NodeId node = order[i];
      ++end[node];
      if (parents[node] != node) end[parents[node]] += end[node];
    }
    // A parent comes before its children in the order; `next` is where its next child's subtree begins.
    uint32_t next_start = 0;
    HugeArray<uint32_t> next(graph_.node_count());
    for (const NodeId node : order) {
      uint32_t& from = parents[node] == node ? next_start : next[parents[node]];
      place[node] = from;
      from += end[node];
      next[node] = place[node] + 1;
      end[node] += place[node];
      laid_out[place[node]] = node;
    }
  }
};

WhatIf::WhatIf(const Graph& graph, const PathTree& tree) : graph_(graph), tree_(tree), live_(graph.node_count()) {
  for (const NodeId node : tree_.order()) live_.Set(node);
}

WhatIf::~WhatIf() = default;

WhatIf::Index* WhatIf::ReadyIndex() const {
  constexpr size_t kByWalk = 4;
  if (!index_ && ++asked_ > kByWalk) index_ = std::make_unique<Index>(graph_, tree_);
  return index_.get();
}

std::vector<NodeId> WhatIf::Walk(const Cut& cut) const {
  const Bits left = Live(graph_, &cut);
  std::vector<NodeId> freed;
  live_.ForEach([&](size_t node) {
    if (!left[node]) freed.push_back(NodeId(node));
  });
  return freed;
}

// One removal.
class WhatIf::Question {
 public:
  Question(const WhatIf& of, Index& index) : of_(of), index_(index), graph_(of.graph_) {}

  std::vector<NodeId> Edges(std::span<const EdgeIndex> edges) {
    cut_.assign(edges.begin(), edges.end());
    std::sort(cut_.begin(), cut_.end());
    cut_.erase(std::unique(cut_.begin(), cut_.end()), cut_.end());
    // What holds nothing, or hangs on garbage, is in no count.
    std::erase_if(cut_, [&](EdgeIndex e) { return !graph_.edge(e).holds() || !of_.live_[graph_.Source(e)]; });
    for (const EdgeIndex e : cut_) {
      const NodeId target = graph_.edge(e).target();
      if (!of_.tree_.is_start(target) && of_.tree_.via(target) == e) AddSubtree(target);
    }
    return Answer();
  }

  std::vector<NodeId> Nodes(std::span<const NodeId> nodes) {
    removed_ = Bits(graph_.node_count());
    for (const NodeId node : nodes) {
      if (of_.live_[node]) removed_.Set(node), AddSubtree(node);
    }
    return Answer();
  }

 private:
  struct Stretch {
    uint32_t begin, end;
  };

  void AddSubtree(NodeId node) { stretches_.push_back({index_.place[node], index_.end[node]}); }

  // Subtrees lie within one another or apart.
  void DropInner() {
    std::sort(stretches_.begin(), stretches_.end(),
              [](Stretch a, Stretch b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
    uint32_t end = 0;
    std::erase_if(stretches_, [&](Stretch s) {
      if (s.begin < end) return true;
      end = s.end;
      return false;
    });
  }

  bool MayDie(NodeId node) const {
    if (!of_.live_[node]) return false;
    const uint32_t place = index_.place[node];
    const auto after = std::upper_bound(stretches_.begin(), stretches_.end(), place,
                                        [](uint32_t at, Stretch s) { return at < s.begin; });
    return after != stretches_.begin() && place < std::prev(after)->end;
  }

  bool IsRemoved(NodeId node) const { return !removed_.empty() && removed_[node]; }

  template <class Visit>
  void ForEachCandidate(Visit visit) const {
    for (const Stretch s : stretches_) {
      for (uint32_t place = s.begin; place < s.end; ++place) visit(index_.laid_out[place]);
    }
  }

  // visit(target) for each reference of the object that holds and is not cut.
  template <class Visit>
  void ForEachLeft(NodeId node, Visit visit) const {
    const EdgeIndex last = graph_.last_edge(node);
    auto cut = std::lower_bound(cut_.begin(), cut_.end(), graph_.first_edge(node));
    for (EdgeIndex e = graph_.first_edge(node); e < last; ++e) {
      if (cut != cut_.end() && *cut == e) {
        ++cut;
        continue;
      }
      const Edge edge = graph_.edge(e);
      if (edge.holds()) visit(edge.target());
    }
  }

  // What is removed, and what candidates refer to: `by` is added to the counts of the targets.
  void Count(uint32_t by) const {
    for (const EdgeIndex e : cut_) index_.held_by[graph_.edge(e).target()] += by;
    ForEachCandidate([&](NodeId node) { ForEachLeft(node, [&](NodeId target) { index_.held_by[target] += by; }); });
  }

  std::vector<NodeId> Answer() {
    DropInner();
    Count(~uint32_t{0});  // less one each
    Bits saved(graph_.node_count());
    std::vector<NodeId> stack;
    const auto save = [&](NodeId node) {
      if (!IsRemoved(node) && saved.Add(node)) stack.push_back(node);
    };
    ForEachCandidate([&](NodeId node) {
      if (index_.held_by[node] != 0) save(node);
    });
    while (!stack.empty()) {
      const NodeId node = stack.back();
      stack.pop_back();
      ForEachLeft(node, [&](NodeId target) {
        if (!saved[target] && MayDie(target)) save(target);
      });
    }
    Count(1);
    std::vector<NodeId> freed;
    ForEachCandidate([&](NodeId node) {
      if (!saved[node]) freed.push_back(node);
    });
    return freed;
  }

  const WhatIf& of_;
  Index& index_;
  const Graph& graph_;
  std::vector<EdgeIndex> cut_;  // ascending; from what lives, and holding
  Bits removed_;                // among what lives; empty: no object
  std::vector<Stretch> stretches_;
};

Freed WhatIf::Sum(std::span<const NodeId> nodes) const {
  Freed freed;
  freed.nodes = Bits(graph_.node_count());
  std::vector<FreedType> by_type(graph_.types().size());
  for (const NodeId node : nodes) {
    freed.nodes.Set(node);
    ++freed.objects;
    freed.bytes += graph_.size(node);
    FreedType& row = by_type[graph_.type_of(node)];
    row.type = graph_.type_of(node);
    ++row.objects;
    row.bytes += graph_.size(node);
  }
  std::erase_if(by_type, [](const FreedType& row) { return row.objects == 0; });
  std::stable_sort(by_type.begin(), by_type.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  freed.by_type = std::move(by_type);
  return freed;
}

Freed WhatIf::RemoveEdges(std::span<const EdgeIndex> edges) const {
  if (Index* const index = ReadyIndex()) return Sum(Question(*this, *index).Edges(edges));
  return Sum(Walk(CutEdges(graph_, edges)));
}

Freed WhatIf::RemoveNodes(std::span<const NodeId> nodes) const {
  if (Index* const index = ReadyIndex()) return Sum(Question(*this, *index).Nodes(nodes));
  return Sum(Walk(CutNodes(graph_, nodes)));
}

std::vector<EdgeIndex> ContentOf(const Graph& graph, NodeId container) {
  std::vector<EdgeIndex> edges;
  graph.ForEachRun(container, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
    switch (run.kind) {
      case RefKind::kItem:
      case RefKind::kKey:
      case RefKind::kValue:
      case RefKind::kElement:
        for (EdgeIndex e = first; e < last; ++e) edges.push_back(e);
        break;
      default:
        break;
    }
  });
  return edges;
}

}  // namespace limpet::heap

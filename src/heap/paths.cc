#include "heap/paths.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace limpet::heap {

Worth WorthOf(RefKind kind) {
  switch (kind) {
    case RefKind::kLocal:
    case RefKind::kStack:
      return Worth::kPassing;
    case RefKind::kVisited:
    case RefKind::kScanned:
    case RefKind::kGlobal:
      return Worth::kObscure;
    default:
      return Worth::kPlain;
  }
}

Worth WorthOfRoot(const Type& type) {
  const auto has = [&](std::string_view word) { return type.name.find(word) != std::string::npos; };
  if (has("thread") || has("frame")) return Worth::kPassing;
  return has("variable") || has("global") ? Worth::kObscure : Worth::kPlain;
}

Worth WorthOf(const Graph& graph, const Type& from, RefKind kind, uint32_t argument) {
  if (!from.synthetic()) return WorthOf(kind);
  const bool at_exit = HasName(kind) && graph.name(argument) == "atexit callbacks";
  return std::max({WorthOf(kind), WorthOfRoot(from), at_exit ? Worth::kPassing : Worth::kPlain});
}

// Worth by worth; within one, level by level of distance. A reference of lesser worth is put off until its worth's turn, and joins
// the level that its distance says.
class PathTree::Search {
 public:
  Search(const Graph& graph, const Cut* cut, HugeArray<EdgeIndex>& via, HugeArray<NodeId>& order)
      : graph_(graph), cut_(cut), via_(via), order_(order) {
    for (const Class& cls : graph.classes()) {
      uint8_t worth = kMixed;
      for (uint32_t r = 0; r < cls.run_count; ++r) {
        const uint8_t of_run = uint8_t(WorthOf(graph, graph.type(cls.type), graph.runs()[cls.first_run + r].kind,
                                               graph.runs()[cls.first_run + r].label));
        if (r > 0 && of_run != worth) {
          worth = kMixed;
          break;
        }
        worth = of_run;
      }
      worth_of_class_.push_back(worth);
    }
  }

  void PutOff(NodeId node, EdgeIndex via, uint32_t distance, Worth worth) {
    put_off_[size_t(worth)].push_back({node, via, distance});
  }

  size_t Run() {
    for (worth_ = 0; worth_ < kWorths; ++worth_) RunWorth();
    return reached_;
  }

 private:
  static constexpr uint8_t kMixed = 255;
  struct Later {
    NodeId node;
    EdgeIndex via;
    uint32_t distance;
  };

  void RunWorth() {
    std::vector<Later> later = std::move(put_off_[worth_]);
    std::stable_sort(later.begin(), later.end(),
                     [](const Later& a, const Later& b) { return a.distance < b.distance; });
    size_t next_later = 0;
    size_t begin = reached_;  // of the level
    distance_ = 0;
    while (true) {
      if (begin == reached_) {
        if (next_later == later.size()) break;
        distance_ = later[next_later].distance;
      }
      for (; next_later < later.size() && later[next_later].distance <= distance_; ++next_later)
        Claim(later[next_later].node, later[next_later].via);
      const size_t end = reached_;
      for (size_t i = begin; i < end; ++i) {
        PrefetchFor(i, end);
        Expand(order_[i]);
      }
      begin = end;
      ++distance_;
    }
  }

  void Claim(NodeId node, EdgeIndex via) {
    if (via_[node] != kUnreached) return;
    if (cut_ && !cut_->nodes.empty() && cut_->nodes[node]) return;
    via_[node] = via + 1;
    order_[reached_++] = node;
  }

  void Expand(NodeId node) {
    const uint8_t uniform = worth_of_class_[graph_.class_of(node)];
    if (uniform != kMixed) {
      Follow(graph_.first_edge(node), graph_.last_edge(node), uniform);
      return;
    }
    const Type& type = graph_.type(graph_.type_of(node));
    graph_.ForEachRun(node, [&](const heap::Run& run, EdgeIndex first, EdgeIndex last) {
      Follow(first, last, uint8_t(WorthOf(graph_, type, run.kind, run.label)));
    });
  }

  void Follow(EdgeIndex first, EdgeIndex last, uint8_t worth) {
    constexpr EdgeIndex kAhead = 12;
    for (EdgeIndex e = first; e < last; ++e) {
      if (e + kAhead < last) __builtin_prefetch(&via_[graph_.edge(e + kAhead).target()], 1);
      const Edge edge = graph_.edge(e);
      if (!edge.holds() || via_[edge.target()] != kUnreached) continue;
      if (cut_ && !cut_->edges.empty() && cut_->edges[e]) continue;
      if (worth <= worth_) Claim(edge.target(), e);
      else PutOff(edge.target(), e, distance_ + 1, Worth(worth));
    }
  }

  void PrefetchFor(size_t i, size_t end) const {
    if (i + 24 < end) __builtin_prefetch(graph_.first_edges() + order_[i + 24]);
    if (i + 8 >= end) return;
    const NodeId node = order_[i + 8];
    const EdgeIndex last = std::min(graph_.last_edge(node), graph_.first_edge(node) + 4);
    for (EdgeIndex e = graph_.first_edge(node); e < last; ++e) __builtin_prefetch(&via_[graph_.edge(e).target()], 1);
  }

  const Graph& graph_;
  const Cut* cut_;
  HugeArray<EdgeIndex>& via_;
  HugeArray<NodeId>& order_;
  std::vector<uint8_t> worth_of_class_;
  std::vector<Later> put_off_[kWorths];
  size_t reached_ = 0;
  uint8_t worth_ = 0;
  uint32_t distance_ = 0;
};

PathTree::PathTree(const Graph& graph, const Cut* cut)
    : graph_(&graph), via_(graph.node_count()), order_(graph.node_count()) {
  Search search(graph, cut, via_, order_);
  for (const NodeId root : graph.roots()) search.PutOff(root, kRoot, 0, WorthOfRoot(graph.type(graph.type_of(root))));
  for (const Entry& entry : graph.entries()) search.PutOff(entry.node, kEntry, 0, Worth::kObscure);
  reached_ = search.Run();
}

std::vector<EdgeIndex> PathTree::To(NodeId node) const {
  std::vector<EdgeIndex> path;
  if (!reached(node)) return path;
  for (; !is_start(node); node = parent(node)) path.push_back(via(node));
  std::reverse(path.begin(), path.end());
  return path;
}

namespace {

Worth WorthOfEdge(const Graph& graph, NodeId node, EdgeIndex edge) {
  const EdgeLabel label = graph.Label(node, edge);
  return WorthOf(graph, graph.type(graph.type_of(node)), label.kind, label.argument);
}

Worth WorthOfPath(const Graph& graph, const PathTree& tree, NodeId end, const std::vector<EdgeIndex>& path) {
  const NodeId start = path.empty() ? end : graph.Source(path.front());
  Worth worth = tree.is_entry(start) ? Worth::kObscure : WorthOfRoot(graph.type(graph.type_of(start)));
  for (const EdgeIndex edge : path) worth = std::max(worth, WorthOfEdge(graph, graph.Source(edge), edge));
  return worth;
}

}  // namespace

std::vector<std::vector<EdgeIndex>> SeveralPaths(const Graph& graph, NodeId node, size_t limit) {
  // Ways to the holders that do not lead through the object itself.
  const Cut cut = CutNodes(graph, {&node, 1});
  const PathTree tree(graph, &cut);
  struct Found {
    Worth worth;
    std::vector<EdgeIndex> path;
  };
  std::vector<Found> found;
  for (NodeId holder = 0; holder < graph.node_count(); ++holder) {
    if (!tree.reached(holder)) continue;
    for (EdgeIndex e = graph.first_edge(holder); e < graph.last_edge(holder); ++e) {
      if (graph.edge(e).target() != node || !graph.edge(e).holds()) continue;
      std::vector<EdgeIndex> path = tree.To(holder);
      const Worth worth = std::max(WorthOfPath(graph, tree, holder, path), WorthOfEdge(graph, holder, e));
      path.push_back(e);
      found.push_back({worth, std::move(path)});
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tuple(a.worth, a.path.size()) < std::tuple(b.worth, b.path.size());
  });
  if (found.size() > limit) found.resize(limit);
  std::vector<std::vector<EdgeIndex>> paths;
  for (Found& one : found) paths.push_back(std::move(one.path));
  return paths;
}

}  // namespace limpet::heap

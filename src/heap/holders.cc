#include "heap/holders.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "heap/clusters.h"
#include "heap/sample.h"

namespace limpet::heap {
namespace {

constexpr size_t kMostCompared = 2000;    // paths that are compared to find where they part
constexpr size_t kMostSteps = 4'000'000;  // references on these, in all
constexpr size_t kMostWays = 3;           // that are told of one holding
constexpr double kNearlyAll = 0.9;

NodeId StartOf(const Graph& graph, NodeId node, const std::vector<EdgeIndex>& path) {
  return path.empty() ? node : graph.Source(path.front());
}

// The object that the first `length` references lead to.
NodeId NodeAt(const Graph& graph, const Way& way, size_t length) {
  return length == 0 ? way.start : graph.edge(way.path[length - 1]).target();
}

// Looks into one cluster.
class HoldingFinder {
 public:
  HoldingFinder(Analysis& analysis, const Cluster& cluster, std::vector<NodeId> members)
      : analysis_(analysis),
        graph_(analysis.graph()),
        members_(std::move(members)),
        sample_(SampleOf(members_, kMostCompared)) {
    holding_.objects = cluster.objects;
    holding_.bytes = cluster.bytes;
    holding_.retained_bytes = cluster.retained_bytes;
    FindFirst(cluster.representative);
  }

  Holding Find() {
    TellEntry();
    while (!holding_.ways.back().cut.empty()) {
      const std::vector<EdgeIndex>& chosen = holding_.ways.back().cut;
      cut_.insert(cut_.end(), chosen.begin(), chosen.end());
      if (Try(cut_) || holding_.ways.size() == kMostWays || !FindNext()) break;
    }
    if (holding_.ways.size() > 1) TryAlone();
    return std::move(holding_);
  }

 private:
  void FindFirst(NodeId representative) {
    holding_.ways.push_back(MakeWay(analysis_.paths(), representative, sample_));
  }

  // A way that is left when all that was to be cut is cut. False: there is none.
  bool FindNext() {
    const Cut cut = CutEdges(graph_, cut_);
    const PathTree tree(graph_, &cut);
    std::vector<NodeId> left;
    for (const NodeId node : sample_) {
      if (tree.reached(node)) left.push_back(node);
    }
    if (left.empty()) return false;
    holding_.ways.push_back(MakeWay(tree, left.front(), left));
    return true;
  }

  Way MakeWay(const PathTree& tree, NodeId representative, const std::vector<NodeId>& sample) {
    Way way;
    way.path = tree.To(representative);
    way.start = StartOf(graph_, representative, way.path);
    way.common = way.path.size();
    std::vector<TypeId> types;  // of what the ways lead to next, where they part
    size_t steps = 0;
    for (const NodeId node : sample) {
      const std::vector<EdgeIndex> path = tree.To(node);
      if (StartOf(graph_, node, path) != way.start) {
        way.common = 0;
        ++other_starts_;
      }
      const size_t most = std::min(way.common, path.size());
      size_t same = 0;
      while (same < most && path[same] == way.path[same]) ++same;
      way.common = same;
      steps += path.size();
      if (steps > kMostSteps) break;
    }
    way.parts = NamePath(graph_, way.start, way.path, way.common);
    ChooseCut(tree, sample, &way);
    return way;
  }

  // What is cut first: where the ways part, else the last reference that they share and that all of them need.
  void ChooseCut(const PathTree& tree, const std::vector<NodeId>& sample, Way* way) {
    if (way->common < way->path.size() && other_starts_ == 0) {
      way->cut = ContainerEdges(tree, sample, *way);
      way->cut_part = PartOf(*way, way->common);
      if (!way->cut.empty() && MayCut(*way, way->common)) return;
      way->cut.clear();
    }
    way->cut_part.reset();
    for (size_t left = std::min(way->common, way->path.size()); left > 0 && MayCut(*way, left - 1); --left) {
      const size_t i = left - 1;
      // The first that is allowed is taken if no other one is worth more.
      if (!way->cut_part || Dominated(*way, i, sample)) {
        way->cut_part = PartOf(*way, i);
        way->cut = {way->path[i]};
        // An entry of a dict goes with its key, the reference before; the name of a variable stays.
        const bool entry = graph_.Label(NodeAt(graph_, *way, i), way->path[i]).key != kNoNode;
        if (entry && way->parts[*way->cut_part].join == PathPart::Join::kIndex)
          way->cut = {way->path[i] - 1, way->path[i]};
      }
      if (Dominated(*way, i, sample)) break;
    }
  }

  // Whether the reference is the only one that can hold what is behind it, and nearly all of the group is behind it.
  bool Dominated(const Way& way, size_t i, const std::vector<NodeId>& sample) {
    const Dominators& dominators = analysis_.dominators();
    const NodeId from = NodeAt(graph_, way, i), to = NodeAt(graph_, way, i + 1);
    if (dominators.of(to) != from) return false;
    const auto behind =
        std::count_if(sample.begin(), sample.end(), [&](NodeId node) { return dominators.Dominates(to, node); });
    return double(behind) >= kNearlyAll * double(sample.size());
  }

  size_t PartOf(const Way& way, size_t edge) const {
    size_t part = 0;
    while (part + 1 < way.parts.size() && way.parts[part].end <= edge) ++part;
    return part;
  }

  // Nobody takes modules out of sys.modules, threads out of the interpreter, or a module's dict from it. A variable can be let go.
  bool MayCut(const Way& way, size_t edge) const {
    const NodeId from = NodeAt(graph_, way, edge);
    const EdgeLabel label = graph_.Label(from, way.path[edge]);
    if (label.kind == RefKind::kLocal || label.kind == RefKind::kStack) return true;
    if (label.kind == RefKind::kType) return false;
    if (label.kind == RefKind::kAttribute && graph_.name(label.argument) == "__dict__") return false;
    return PartOf(way, edge) > 0;
  }

  // The references of the container at which the ways part to things like those that lead on to the group; of a dict also their keys.
  std::vector<EdgeIndex> ContainerEdges(const PathTree& tree, const std::vector<NodeId>& sample, const Way& way) const {
    const NodeId container = NodeAt(graph_, way, way.common);
    std::vector<bool> wanted(graph_.types().size());
    size_t steps = 0;
    for (const NodeId node : sample) {
      const std::vector<EdgeIndex> path = tree.To(node);
      if (way.common < path.size()) wanted[graph_.type_of(graph_.edge(path[way.common]).target())] = true;
      steps += path.size();
      if (steps > kMostSteps) break;
    }
    const RefKind kind = graph_.Label(container, way.path[way.common]).kind;
    std::vector<EdgeIndex> edges;
    graph_.ForEachRun(container, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
      const bool pairs = run.kind == RefKind::kKey;
      if (!pairs && run.kind != kind) return;
      for (EdgeIndex e = first; e < last; e += pairs ? 2 : 1) {
        const EdgeIndex value = pairs ? e + 1 : e, looked_at = kind == RefKind::kKey ? e : value;
        if (value >= last || !wanted[graph_.type_of(graph_.edge(looked_at).target())]) continue;
        if (pairs) edges.push_back(e);
        edges.push_back(value);
      }
    });
    return edges;
  }

  // True: without these references nearly all of the group is freed.
  bool Try(const std::vector<EdgeIndex>& cut) {
    const Freed freed = analysis_.what_if().RemoveEdges(cut);
    holding_.freed_group =
        uint64_t(std::count_if(members_.begin(), members_.end(), [&](NodeId node) { return freed.nodes[node]; }));
    holding_.freed_objects = freed.objects;
    holding_.freed_bytes = freed.bytes;
    return double(holding_.freed_group) >= kNearlyAll * double(members_.size());
  }

  // One of the ways found later may be all that is needed: it then is the only one that is told. (The first one alone was tried.)
  void TryAlone() {
    const auto together = std::tuple(holding_.freed_group, holding_.freed_objects, holding_.freed_bytes);
    for (size_t i = 1; i < holding_.ways.size(); ++i) {
      if (holding_.ways[i].cut.empty()) continue;
      if (!Try(holding_.ways[i].cut)) continue;
      Way only = std::move(holding_.ways[i]);
      holding_.ways.clear();
      holding_.ways.push_back(std::move(only));
      return;
    }
    std::tie(holding_.freed_group, holding_.freed_objects, holding_.freed_bytes) = together;
  }

  void TellEntry() {
    if (!analysis_.paths().is_entry(holding_.ways[0].start)) return;
    const NodeId start = holding_.ways[0].start;
    const auto& entries = graph_.entries();
    const auto entry = std::lower_bound(entries.begin(), entries.end(), start,
                                        [](const Entry& e, NodeId node) { return e.node < node; });
    if (entry == entries.end() || entry->node != start) return;
    holding_.surplus = entry->surplus;
    holding_.refcount = graph_.refcount(start);
    holding_.starts = other_starts_ == 0 ? 1 : holding_.objects;
  }

  Analysis& analysis_;
  const Graph& graph_;
  std::vector<NodeId> members_;
  std::vector<NodeId> sample_;
  std::vector<EdgeIndex> cut_;  // all that is to be cut so far
  size_t other_starts_ = 0;
  Holding holding_;
};

// References that see the group without holding it, by the type of whose they are.
std::vector<WeakHolder> FindWeak(const Graph& graph, std::span<const WeakReference> all, const Bits& group) {
  std::map<TypeId, uint64_t> count;
  for (const WeakReference& weak : all) {
    if (group[weak.target]) ++count[graph.type_of(weak.source)];
  }
  std::vector<WeakHolder> weak;
  for (const auto& [type, references] : count) weak.push_back({graph.type(type).name, references});
  std::stable_sort(weak.begin(), weak.end(), [](const auto& a, const auto& b) { return a.references > b.references; });
  return weak;
}

// The garbage cycle that keeps some of the group.
std::optional<CycleGroup> FindCycleOf(Analysis& analysis, const std::vector<NodeId>& garbage) {
  const Graph& graph = analysis.graph();
  constexpr size_t kMostTried = 100;
  CycleReport report = FindGarbage(graph, analysis.what_if().live());
  Bits wanted(graph.node_count());
  for (const NodeId node : garbage) wanted.Set(node);
  for (size_t i = 0; i < std::min(report.groups.size(), kMostTried); ++i) {
    Reach reach(graph);
    const NodeId start = graph.Source(report.groups[i].cycle.front());
    reach.From({&start, 1});
    for (const NodeId node : garbage) {
      if (reach.seen()[node]) return std::move(report.groups[i]);
    }
  }
  return std::nullopt;
}

}  // namespace

Holders FindHolders(Analysis& analysis, std::span<const NodeId> group, size_t limit) {
  const Graph& graph = analysis.graph();
  Holders holders;
  Bits in_group(graph.node_count());
  for (const NodeId node : group) {
    in_group.Set(node);
    ++holders.objects;
    holders.bytes += graph.size(node);
  }
  const ShapeTree& shapes = analysis.shapes();
  std::map<ShapeId, std::vector<NodeId>> members;
  for (const NodeId node : group) members[shapes.of(node)].push_back(node);
  for (const Cluster& cluster : ClusterByShape(shapes, analysis.dominators(), group)) {
    if (cluster.shape == kNoShape) {
      holders.garbage_objects = cluster.objects;
      holders.garbage_bytes = cluster.retained_bytes;
      holders.cycle = FindCycleOf(analysis, members[kNoShape]);
    } else if (holders.holdings.size() < limit) {
      holders.holdings.push_back(HoldingFinder(analysis, cluster, std::move(members[cluster.shape])).Find());
    } else {
      ++holders.more_holdings;
      holders.more_objects += cluster.objects;
    }
  }
  const Freed gone = analysis.what_if().RemoveNodes(group);
  holders.retained_bytes = gone.bytes + holders.garbage_bytes;
  holders.retained_objects = gone.objects + holders.garbage_objects;
  holders.weak = FindWeak(graph, analysis.weak(), in_group);
  return holders;
}

}  // namespace limpet::heap

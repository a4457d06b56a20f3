#include "heap/graph.h"

#include <algorithm>

#include "base/check.h"
#include "heap/parallel.h"
#include "heap/surplus.h"

namespace limpet::heap {

GraphParts::GraphParts(size_t nodes, size_t edge_count)
    : first_edge(nodes + 1),
      edges(edge_count),
      class_of(nodes),
      size(nodes),
      refcount(nodes),
      birth(nodes),
      address(nodes) {
  LIMPET_CHECK(nodes < kNoNode);
  LIMPET_CHECK(edge_count < kNoEdge);
}

ClassId GraphParts::AddClass(TypeId type, std::span<const Run> runs_of_class, bool type_edge) {
  Class added{type, uint32_t(runs.size()), uint32_t(runs_of_class.size()), 0, false, type_edge};
  for (const Run& run : runs_of_class) {
    if (run.count != kOpenRun) added.fixed += run.count;
    if (run.strength == RefStrength::kMaybe) added.has_maybe = true;
    runs.push_back(run);
  }
  classes.push_back(added);
  return ClassId(classes.size() - 1);
}

void GraphParts::Shrink(size_t nodes, size_t edge_count) {
  first_edge.Shrink(nodes + 1);
  edges.Shrink(edge_count);
  class_of.Shrink(nodes);
  size.Shrink(nodes);
  refcount.Shrink(nodes);
  birth.Shrink(nodes);
  address.Shrink(nodes);
}

void GraphParts::Seal() {
  class_of.Seal();
  size.Seal();
  refcount.Seal();
  birth.Seal();
  address.Seal();
  std::stable_sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

Graph::Graph(GraphParts parts) : parts_(std::move(parts)) {
  parts_.Seal();
  IndexSources();
  std::vector<bool> is_root(types().size());
  for (TypeId t = 0; t < types().size(); ++t) is_root[t] = type(t).root();
  for (NodeId node = 0; node < node_count(); ++node) {
    total_bytes_ += size(node);
    if (is_root[type_of(node)]) roots_.push_back(node);
  }
  FindEntries(*this);
}

NodeId Graph::Source(EdgeIndex index) const {
  // Objects without references share their first edge with the next one: the last of them is it.
  const uint32_t* begin = parts_.first_edge.begin();
  const size_t stretch = index / kStretch;
  const size_t last = stretch + 1 < source_of_stretch_.size() ? source_of_stretch_[stretch + 1] : node_count() - 1;
  return NodeId(std::upper_bound(begin + source_of_stretch_[stretch], begin + last + 1, index) - begin - 1);
}

void Graph::IndexSources() {
  source_of_stretch_.resize((edge_count() + kStretch - 1) / kStretch);
  for (NodeId node = 0; node < node_count(); ++node) {
    const size_t first = (size_t{first_edge(node)} + kStretch - 1) / kStretch;
    for (size_t stretch = first; stretch * kStretch < last_edge(node); ++stretch) source_of_stretch_[stretch] = node;
  }
}

std::string_view Graph::text(NodeId node) const {
  const auto at = std::lower_bound(parts_.texts.begin(), parts_.texts.end(), node,
                                   [](const auto& entry, NodeId wanted) { return entry.first < wanted; });
  return at != parts_.texts.end() && at->first == node ? std::string_view(at->second) : std::string_view();
}

namespace {

// Whether the references of such a run are numbered one by one.
bool IsNumbered(RefKind kind) {
  return kind == RefKind::kItem || kind == RefKind::kElement || kind == RefKind::kStack || kind == RefKind::kVisited;
}

EdgeLabel LabelInRun(const Graph& graph, const Run& run, EdgeIndex first, EdgeIndex index) {
  EdgeLabel label{run.kind, run.strength, run.label, kNoNode};
  const uint32_t position = index - first;
  if (IsNumbered(run.kind)) label.argument += position;
  if (run.kind == RefKind::kScanned) label.argument += 8 * position;
  if (run.kind == RefKind::kKey) {
    label.argument = position / 2;
    if (position % 2 == 1) label.kind = RefKind::kValue;
  }
  if (label.kind == RefKind::kValue && index > 0) label.key = graph.edge(index - 1).target();
  return label;
}

}  // namespace

EdgeLabel Graph::Label(NodeId node, EdgeIndex index) const {
  LIMPET_CHECK(index >= first_edge(node) && index < last_edge(node));
  EdgeLabel label;
  ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
    if (index >= first && index < last) label = LabelInRun(*this, run, first, index);
  });
  return label;
}

NodeId Graph::FindAddress(uint64_t address) const {
  for (NodeId node = 0; node < node_count(); ++node) {
    if (this->address(node) == address && !type(type_of(node)).synthetic()) return node;
  }
  return kNoNode;
}

TypeId Graph::FindType(std::string_view name) const {
  TypeId found = 0;
  while (found < types().size() && type(found).name != name) ++found;
  return found;
}

size_t Graph::bytes() const {
  return parts_.first_edge.bytes() + parts_.edges.bytes() + parts_.class_of.bytes() + parts_.size.bytes() +
         parts_.refcount.bytes() + parts_.birth.bytes() + parts_.address.bytes() +
         parts_.texts.capacity() * sizeof(parts_.texts[0]);
}

namespace {

// The two threads divide the targets among them, not the edges: each writes memory of its own, and the order is that of one thread.
class ReferrersBuilder {
 public:
  ReferrersBuilder(const Graph& graph, uint32_t* first) : graph_(graph), first_(first) {}

  // first_[target + 2] = how often target is held, for targets in [low, high)
  void Count(NodeId low, NodeId high) {
    ForHolding(low, high, [&](NodeId, NodeId target) { ++first_[target + 2]; });
  }
  // REQUIRES: first_[target + 1] = where target's sources begin. Moves it to where they end, which is where the next one's begin.
  void Fill(NodeId low, NodeId high, NodeId* sources) {
    ForHolding(low, high, [&](NodeId source, NodeId target) { sources[first_[target + 1]++] = source; });
  }

 private:
  template <class Visit>
  void ForHolding(NodeId low, NodeId high, Visit visit) {
    constexpr EdgeIndex kAhead = 24;
    const EdgeIndex edges = EdgeIndex(graph_.edge_count());
    NodeId source = 0;
    for (EdgeIndex e = 0; e < edges; ++e) {
      while (e >= graph_.last_edge(source)) ++source;
      if (e + kAhead < edges) __builtin_prefetch(&first_[graph_.edge(e + kAhead).target() + 1], 1);
      const Edge edge = graph_.edge(e);
      if (edge.holds() && edge.target() >= low && edge.target() < high) visit(source, edge.target());
    }
  }

  const Graph& graph_;
  uint32_t* first_;
};

}  // namespace

Referrers::Referrers(const Graph& graph) : first_(graph.node_count() + 2) {
  const NodeId nodes = NodeId(graph.node_count());
  const NodeId middle = nodes / 2;
  ReferrersBuilder builder(graph, first_.data());
  RunBoth(graph.edge_count(), [&] { builder.Count(0, middle); }, [&] { builder.Count(middle, nodes); });
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  sources_ = HugeArray<NodeId>(first_[nodes + 1]);
  RunBoth(
      graph.edge_count(), [&] { builder.Fill(0, middle, sources_.data()); },
      [&] { builder.Fill(middle, nodes, sources_.data()); });
}

}  // namespace limpet::heap

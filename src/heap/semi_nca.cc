#include "heap/semi_nca.h"

#include <algorithm>

#include "heap/scc.h"

namespace limpet::heap {

SemiNca::SemiNca(const Graph& graph)
    : graph_(graph),
      number_(graph.node_count()),
      vertex_(graph.node_count() + 3),
      links_(graph.node_count() + 3),
      semi_(graph.node_count() + 3),
      dominator_(graph.node_count() + 3),
      top_(graph.node_count()) {}

void SemiNca::Visit(NodeId node, Number parent) {
  const Number number = ++last_;
  number_[node] = number;
  vertex_[number] = node;
  links_[number].ancestor = parent;
  dominator_[number] = parent;
  const EdgeIndex first = graph_.first_edge(node);
  const EdgeIndex last = graph_.last_edge(node);
  if (first == last) return;
  frames_.push_back({first, last, number});
  for (EdgeIndex e = first; e < std::min(last, first + 4); ++e) {
    const NodeId target = graph_.edge(e).target();
    __builtin_prefetch(&number_[target]);
    __builtin_prefetch(graph_.first_edges() + target);
  }
}

void SemiNca::SearchFrom(NodeId start, Number parent) {
  if (number_[start]) return;
  Visit(start, parent);
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    if (frame.next == frame.last) {
      frames_.pop_back();
      continue;
    }
    const EdgeIndex e = frame.next++;
    if (e + 4 < frame.last) __builtin_prefetch(&number_[graph_.edge(e + 4).target()]);
    const Edge edge = graph_.edge(e);
    if (edge.holds() && number_[edge.target()] == 0) Visit(edge.target(), frame.number);
  }
}

void SemiNca::Search() {
  for (const NodeId root : graph_.roots()) top_.Set(root);
  for (const Entry& entry : graph_.entries()) top_.Set(entry.node);
  for (const NodeId root : graph_.roots()) SearchFrom(root, kSuperRootNumber);
  for (const Entry& entry : graph_.entries()) SearchFrom(entry.node, kSuperRootNumber);
  garbage_root_ = ++last_;
  if (last_ - 2 < graph_.node_count()) SearchGarbage();
}

void SemiNca::SearchGarbage() {
  Bits garbage(graph_.node_count());
  for (NodeId node = 0; node < graph_.node_count(); ++node) {
    if (number_[node] == 0) garbage.Set(node);
  }
  const Components components = FindComponents(graph_, garbage);
  const std::vector<bool> is_source = FindSources(graph_, garbage, components);
  std::vector<NodeId> tops;
  garbage.ForEach([&](size_t node) {
    if (is_source[components.of[node]]) tops.push_back(NodeId(node));
  });
  for (const NodeId node : tops) top_.Set(node);
  for (const NodeId node : tops) SearchFrom(node, garbage_root_);
}

// The smallest label among `from` and its ancestors with numbers above `below`; all these are linked. Shortens the way for the next.
Number SemiNca::SmallestLabel(Number from, Number below) {
  Number at = from;
  while (links_[at].ancestor > below) {
    path_.push_back(at);
    at = links_[at].ancestor;
  }
  const Number ancestor = links_[at].ancestor;
  Number label = links_[at].label;
  while (!path_.empty()) {
    Link& link = links_[path_.back()];
    path_.pop_back();
    label = link.label = std::min(link.label, label);
    link.ancestor = ancestor;
  }
  return label;
}

Number SemiNca::Semidominator(Number number, const Referrers& referrers) {
  constexpr size_t kAhead = 12;
  const NodeId node = vertex_[number];
  const Number root = number > garbage_root_ ? garbage_root_ : kSuperRootNumber;
  if (top_[node]) return root;
  const Number last_of_kind = number > garbage_root_ ? last_ : garbage_root_;
  Number semi = links_[number].ancestor;
  const std::span<const NodeId> sources = referrers.of(node);
  if (sources.size() == 1) return semi;
  for (size_t i = 0; i < sources.size() && semi != root; ++i) {
    if (i + kAhead < sources.size()) __builtin_prefetch(&number_[sources[i + kAhead]]);
    const Number source = number_[sources[i]];
    // From garbage to the living; or one that was there before.
    if (source > last_of_kind || source == number) continue;
    semi = std::min(semi, source < number ? source : SmallestLabel(source, number));
  }
  return semi;
}

// Brings what the nodes of smaller numbers will need nearer, in stages, as each needs what the one before it brought.
inline void SemiNca::PrefetchFor(Number number, const Referrers& referrers) const {
  constexpr Number kStage = 12;
  constexpr size_t kSources = 4;
  if (number < 5 * kStage + 2) return;
  const auto sources_of = [&](Number of) {
    const std::span<const NodeId> all = referrers.of(vertex_[of]);
    return all.size() == 1 ? std::span<const NodeId>() : all.first(std::min(all.size(), kSources));
  };
  __builtin_prefetch(referrers.first() + vertex_[number - 5 * kStage]);
  __builtin_prefetch(referrers.sources() + referrers.first()[vertex_[number - 4 * kStage]]);
  for (const NodeId source : sources_of(number - 3 * kStage)) __builtin_prefetch(&number_[source]);
  for (const NodeId source : sources_of(number - 2 * kStage)) __builtin_prefetch(&links_[number_[source]]);
  for (const NodeId source : sources_of(number - kStage)) __builtin_prefetch(&links_[links_[number_[source]].ancestor]);
}

void SemiNca::FindSemidominators(const Referrers& referrers) {
  // The virtual roots have no vertex: 0 stands there, which is some node, and harmless to prefetch for.
  for (Number number = last_; number > kSuperRootNumber; --number) {
    PrefetchFor(number, referrers);
    if (number == garbage_root_) continue;
    semi_[number] = links_[number].label = Semidominator(number, referrers);
  }
}

void SemiNca::FindDominators() {
  links_ = HugeArray<Link>();
  for (Number number = kSuperRootNumber + 1; number <= last_; ++number) {
    if (number == garbage_root_) continue;
    Number dominator = dominator_[number];
    while (dominator > semi_[number]) dominator = dominator_[dominator];
    dominator_[number] = dominator;
  }
}

}  // namespace limpet::heap

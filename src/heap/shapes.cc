#include "heap/shapes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "heap/labels.h"

namespace limpet::heap {
namespace {

constexpr size_t kRecent = 4096;
// How far up a repetition is looked for. Longer cycles of types are rare, and then merely stay unfolded up to this many times.
constexpr int kLongestCycle = 24;

// Few objects have so many attributes; where names are made up as the program runs, the dict is a container. Modules may be large.
constexpr uint32_t kMostAttributes = 400;

bool MayBeNamespace(const Graph& graph, const Type& owner, NodeId dict) {
  return graph.degree(dict) <= 2 * kMostAttributes || owner.name == "module" || owner.name == "type";
}

// Of what the interpreter itself refers to, these dicts are namespaces; others (registries, local variables) are containers.
bool IsTableOfNames(const Graph& graph, const Run& run) {
  if (!HasName(run.kind)) return false;
  const std::string& name = graph.name(run.label);
  return name == "modules" || name == "sysdict" || name == "builtins";
}

}  // namespace

ShapeTree::ShapeTree(const Graph& graph) : graph_(&graph), of_(graph.node_count()), recent_(kRecent) {
  std::fill(of_.begin(), of_.end(), kNoShape);
  scanned_label_ = LabelId("");
  key_label_ = LabelId(MaskedEdgeText(graph, {RefKind::kKey, RefStrength::kOwned, 0, kNoNode}));
  for (const Run& run : graph.runs()) {
    const RefKind kind = run.kind == RefKind::kKey ? RefKind::kValue : run.kind;
    const EdgeLabel label{kind, run.strength, run.label, kNoNode};
    label_of_run_.push_back(LabelId(MaskedEdgeText(graph, label)));
    namespace_of_run_.push_back(LeadsToNamespace(graph, label));
  }
}

uint32_t ShapeTree::LabelId(const std::string& text) {
  const auto [at, added] = label_ids_.try_emplace(text, uint32_t(labels_.size()));
  if (added) labels_.push_back(text);
  return at->second;
}

// The nearest ancestor that was come to in the same way: from the same type, by the same label, as the same type.
ShapeId ShapeTree::FindRepeated(const Key& key) const {
  const TypeId from = shapes_[key.parent].type;
  ShapeId at = key.parent;
  for (int i = 0; i < kLongestCycle && shapes_[at].parent != kNoShape; ++i) {
    const Shape& shape = shapes_[at];
    if (shape.label == key.label && shape.type == key.type && shapes_[shape.parent].type == from) return at;
    at = shape.parent;
  }
  return kNoShape;
}

ShapeId ShapeTree::FindOrAdd(const Key& key, bool is_namespace) {
  if (const auto at = children_.find(key); at != children_.end()) return at->second;
  // A namespace is told from the next one by its names: those never fold.
  const bool may_fold = key.parent != kNoShape && !is_namespace && !shapes_[key.parent].is_namespace;
  ShapeId shape = may_fold ? FindRepeated(key) : kNoShape;
  if (shape == kNoShape) {
    shape = ShapeId(shapes_.size());
    shapes_.push_back({key.parent, key.label, key.type, is_namespace, kNoNode, 0, 0});
  }
  children_.insert({key, shape});
  return shape;
}

ShapeId ShapeTree::Child(ShapeId parent, uint32_t label, TypeId type, bool is_namespace) {
  const Key key{parent, label, type};
  Recent& recent = recent_[KeyHash()(key) % kRecent];
  if (recent.shape == kNoShape || !(recent.key == key)) recent = {key, FindOrAdd(key, is_namespace)};
  return recent.shape;
}

void ShapeTree::Place(NodeId node, ShapeId shape) {
  of_[node] = shape;
  Shape& placed = shapes_[shape];
  if (placed.example == kNoNode) placed.example = node;
  ++placed.objects;
  placed.bytes += graph_->size(node);
}

void ShapeTree::Start(NodeId node, const std::string& label) {
  Place(node, Child(kNoShape, LabelId(label), graph_->type_of(node), false));
}

uint32_t ShapeTree::LabelOf(NodeId node, EdgeIndex edge, const Run& run, EdgeIndex first, bool from_namespace) {
  if (run.kind == RefKind::kScanned && graph_->type(graph_->type_of(node)).native()) return scanned_label_;
  if (run.kind == RefKind::kKey && (edge - first) % 2 == 0) return key_label_;
  const bool is_value = run.kind == RefKind::kKey || run.kind == RefKind::kValue;
  if (is_value && from_namespace) return LabelId(EdgeText(*graph_, node, edge));
  return label_of_run_[size_t(&run - graph_->runs().data())];
}

// Gives a shape to those targets of `node` for which is_wanted(target, edge).
template <class IsWanted>
void ShapeTree::PlaceTargets(NodeId node, IsWanted is_wanted) {
  const ShapeId shape = of_[node];
  const bool from_namespace = shapes_[shape].is_namespace;
  const Type& type = graph_->type(graph_->type_of(node));
  const bool from_root = type.synthetic();
  // Blocks of C code that lead to one another are one thing, be they a list, a tree or a table: where in it an object hangs is no
  // difference of shape.
  const bool from_native = type.native();
  graph_->ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
    const size_t index = size_t(&run - graph_->runs().data());
    const bool to_names = namespace_of_run_[index] || (from_root && IsTableOfNames(*graph_, run));
    for (EdgeIndex e = first; e < last; ++e) {
      const NodeId target = graph_->edge(e).target();
      if (!is_wanted(target, e)) continue;
      if (from_native && graph_->type(graph_->type_of(target)).native()) {
        Place(target, shape);
        continue;
      }
      const bool to_namespace = to_names && (from_root || MayBeNamespace(*graph_, type, target));
      const uint32_t label = LabelOf(node, e, run, first, from_namespace);
      Place(target, Child(shape, label, graph_->type_of(target), to_namespace));
    }
  });
}

ShapeTree::ShapeTree(const Graph& graph, const PathTree& paths) : ShapeTree(graph) {
  for (const NodeId node : paths.order()) {
    if (paths.is_entry(node)) Start(node, "held by C code");
    else if (paths.is_start(node)) Start(node, "");
    PlaceTargets(node, [&](NodeId target, EdgeIndex e) { return paths.via(target) == e; });
  }
}

ShapeTree::ShapeTree(const Graph& graph, const Dominators& dominators) : ShapeTree(graph) {
  const uint32_t indirect = LabelId(" ...");
  for (const NodeId node : dominators.order()) {
    const NodeId above = dominators.of(node);
    if (above == kSuperRoot) Start(node, "");
    else if (above == kGarbageRoot) Start(node, "garbage");
    else if (of_[node] == kNoShape) Place(node, Child(of_[above], indirect, graph.type_of(node), false));
    PlaceTargets(node, [&](NodeId target, EdgeIndex e) {
      return graph.edge(e).holds() && dominators.of(target) == node && of_[target] == kNoShape;
    });
  }
}

namespace {

// at(shape) tells label, type and parent.
template <class At>
std::string TextFromTop(uint32_t shape, At at) {
  std::vector<uint32_t> way;
  for (; shape != kNoShape; shape = std::get<2>(at(shape))) way.push_back(shape);
  std::string text;
  for (; !way.empty(); way.pop_back()) {
    const auto [label, type, parent] = at(way.back());
    if (parent == kNoShape && !label.empty()) text = label + ": " + type;
    else AppendStep(&text, label, type);
  }
  return text;
}

}  // namespace

std::string ShapeTree::Text(ShapeId shape) const {
  return TextFromTop(
      shape, [&](ShapeId s) { return std::tuple(label(shapes_[s]), type_name(shapes_[s]), shapes_[s].parent); });
}

std::string MergedText(const std::vector<MergedShape>& shapes, uint32_t shape) {
  return TextFromTop(shape, [&](uint32_t s) { return std::tuple(shapes[s].label, shapes[s].type, shapes[s].parent); });
}

std::vector<MergedShape> MergeShapes(const std::vector<const ShapeTree*>& trees,
                                     std::vector<std::vector<uint32_t>>* places) {
  std::vector<MergedShape> merged;
  std::map<std::tuple<uint32_t, std::string, std::string>, uint32_t> ids;
  const size_t snapshots = trees.size();
  for (size_t k = 0; k < snapshots; ++k) {
    const ShapeTree& tree = *trees[k];
    std::vector<uint32_t> merged_of;
    for (const Shape& shape : tree.shapes()) {
      const uint32_t parent = shape.parent == kNoShape ? kNoShape : merged_of[shape.parent];
      const auto [at, added] =
          ids.try_emplace({parent, tree.label(shape), tree.type_name(shape)}, uint32_t(merged.size()));
      if (added) {
        const std::vector<uint64_t> zeroes(snapshots);
        merged.push_back({parent, tree.label(shape), tree.type_name(shape), zeroes, zeroes, zeroes, kNoNode});
      }
      MergedShape& to = merged[at->second];
      to.objects[k] += shape.objects;
      to.bytes[k] += shape.bytes;
      to.total_bytes[k] += shape.bytes;
      to.example = shape.example;
      merged_of.push_back(at->second);
    }
    if (places) places->push_back(std::move(merged_of));
  }
  for (size_t i = merged.size(); i-- > 0;) {
    if (merged[i].parent == kNoShape) continue;
    for (size_t k = 0; k < snapshots; ++k) merged[merged[i].parent].total_bytes[k] += merged[i].total_bytes[k];
  }
  return merged;
}

}  // namespace limpet::heap

// Shapes: what a path looks like once everything is masked that differs from object to object.
//
//     module app .SESSIONS -> dict['u17'] -> Session        both have the shape
//     module app .SESSIONS -> dict['u99'] -> Session        interpreter .modules -> dict['app'] -> module ... -> dict[*] -> Session
//
// Shapes form a tree. Objects have no identity across snapshots (an address is used again), shapes do: growth is looked for here.
//
// What repeats along a path is one shape, too: where the last three things (type, reference, type) stood on the path before, the path
// goes on from there. So a linked list of any length is one shape, and so is a tree of nodes with lists of children.
#ifndef LIMPET_HEAP_SHAPES_H_
#define LIMPET_HEAP_SHAPES_H_

#include <tsl/robin_map.h>

#include <cstdint>
#include <string>
#include <vector>

#include "heap/dominators.h"
#include "heap/graph.h"
#include "heap/paths.h"

namespace limpet::heap {

using ShapeId = uint32_t;
inline constexpr ShapeId kNoShape = 0xffffffff;

struct Shape {
  ShapeId parent = kNoShape;  // has a smaller id
  uint32_t label = 0;         // of the reference that leads here: ShapeTree::label()
  TypeId type = 0;
  bool is_namespace = false;  // keys of this dict are names, and not masked
  NodeId example = kNoNode;   // the first object found: of a shortest path
  uint64_t objects = 0;
  uint64_t bytes = 0;
};

class ShapeTree {
 public:
  // Of the paths in `paths`. Objects that were not reached have no shape.
  ShapeTree(const Graph& graph, const PathTree& paths);
  // Of the dominator tree: an object's parent is what dominates it. The reference is known where the dominator refers to it directly.
  ShapeTree(const Graph& graph, const Dominators& dominators);

  const Graph& graph() const { return *graph_; }
  ShapeId of(NodeId node) const { return of_[node]; }
  const std::vector<Shape>& shapes() const { return shapes_; }
  const std::string& label(const Shape& shape) const { return labels_[shape.label]; }
  const std::string& type_name(const Shape& shape) const { return graph_->type(shape.type).name; }
  // "module app .SESSIONS -> dict[*] -> Session"
  std::string Text(ShapeId shape) const;

 private:
  struct Key {
    ShapeId parent;
    uint32_t label;
    TypeId type;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      const uint64_t mixed =
          (uint64_t{key.parent} << 32 | key.label) * 0x9e3779b97f4a7c15 ^ uint64_t { key.type } * 0xbf58476d1ce4e5b9;
      return mixed ^ mixed >> 29;
    }
  };
  struct Recent {
    Key key;
    ShapeId shape = kNoShape;
  };

  explicit ShapeTree(const Graph& graph);
  uint32_t LabelId(const std::string& text);
  void Start(NodeId node, const std::string& label);
  void Place(NodeId node, ShapeId shape);
  ShapeId Child(ShapeId parent, uint32_t label, TypeId type, bool is_namespace);
  ShapeId FindOrAdd(const Key& key, bool is_namespace);
  ShapeId FindRepeated(const Key& key) const;
  // The label of a reference in a run, and whether it leads to a namespace.
  uint32_t LabelOf(NodeId node, EdgeIndex edge, const Run& run, EdgeIndex first, bool from_namespace);
  template <class IsWanted>
  void PlaceTargets(NodeId node, IsWanted is_wanted);

  const Graph* graph_;
  HugeArray<ShapeId> of_;
  std::vector<Shape> shapes_;
  std::vector<std::string> labels_;
  tsl::robin_map<std::string, uint32_t> label_ids_;
  tsl::robin_map<Key, ShapeId, KeyHash> children_;
  std::vector<Recent> recent_;          // what was found lately, by hash
  std::vector<uint32_t> label_of_run_;  // by run; of values for runs of keys
  std::vector<bool> namespace_of_run_;
  uint32_t key_label_ = 0;
  uint32_t scanned_label_ = 0;  // of what memory of C code refers to, wherever in it
};

// Trees of several snapshots laid over each other. Nodes are the same if their labels and the names of their types are, up to the root.
struct MergedShape {
  uint32_t parent = kNoShape;  // into the vector; smaller than its own index
  std::string label;
  std::string type;
  std::vector<uint64_t> objects;  // by snapshot
  std::vector<uint64_t> bytes;
  std::vector<uint64_t> total_bytes;  // with all below
  NodeId example = kNoNode;           // in the last snapshot that has it
};
// `places`, if wanted: by tree and ShapeId, the index of the merged shape.
std::vector<MergedShape> MergeShapes(const std::vector<const ShapeTree*>& trees,
                                     std::vector<std::vector<uint32_t>>* places = nullptr);
std::string MergedText(const std::vector<MergedShape>& shapes, uint32_t shape);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_SHAPES_H_

// The object graph of a heap snapshot, in memory: who refers to whom, and what each reference is called.
//
// Objects are numbered 0, 1, 2, ... (NodeId). All facts stand in columns, one value per object; references stand in one long row, those
// of an object side by side in the order in which its decoder told them (CSR):
//
//     first edge of node    0   2   2   5 ...
//     edges                |1 4|   |0 2!3|...          !: this reference does not keep its target alive (weak, borrowed, unproved)
//
// What the references are called is not stored per object but per class: objects of the same type with the same outline (list of runs)
// share one. The k-th reference of an object is called as the run that covers k says; Label() works it out. See
// capture/snapshot_format.h for the same on disk.
//
// An object of a type made at run time owns a reference to that type: its first edge is then one of kind kType.
//
// Memory, at 2.5 references per object: 29 bytes per object here, 14 for the way back (Referrers), 20 for dominators with retained
// sizes. footprint_test.cc holds the sum to 64.
#ifndef LIMPET_HEAP_GRAPH_H_
#define LIMPET_HEAP_GRAPH_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/reference.h"
#include "capture/snapshot_format.h"
#include "heap/huge_array.h"
#include "heap/packed_array.h"

namespace limpet::heap {

using base::RefKind;
using base::RefStrength;

using NodeId = uint32_t;
using EdgeIndex = uint32_t;  // into the row of all edges
using ClassId = uint32_t;
using TypeId = uint32_t;
using NameId = uint32_t;

inline constexpr NodeId kNoNode = 0x7fffffff;
inline constexpr EdgeIndex kNoEdge = 0xffffffff;

// One reference as it is stored: its target, and whether it keeps the target alive.
class Edge {
 public:
  static constexpr uint32_t kDoesNotHold = 0x80000000;
  explicit Edge(uint32_t bits) : bits_(bits) {}
  NodeId target() const { return bits_ & ~kDoesNotHold; }
  bool holds() const { return !(bits_ & kDoesNotHold); }

 private:
  uint32_t bits_;
};

struct Type {
  std::string name;  // "app.Session", "dict"
  uint64_t address = 0;
  uint32_t flags = 0;  // capture::SnapshotTypeFlag
  uint32_t basic_size = 0;
  bool synthetic() const { return flags & 1; }
  bool root() const { return flags & 2; }
  bool heap() const { return flags & 4; }
  bool gc() const { return flags & 8; }
  bool unknown() const { return flags & 16; }
  bool native() const { return flags & 32; }  // memory of C code, as far as objects or variables lead to it
};

// Consecutive references of an object that are called alike.
struct Run {
  RefKind kind = RefKind::kItem;
  RefStrength strength = RefStrength::kOwned;
  uint32_t label = 0;  // name id, or the first index: see HasName
  uint32_t count = 0;  // kOpenRun: as many as this object has more than the other runs cover
  bool operator==(const Run&) const = default;
};
using capture::kOpenRun;

// Whether the argument of such a reference is a name; else it is an index.
constexpr bool HasName(RefKind kind) {
  return kind == RefKind::kAttribute || kind == RefKind::kField || kind == RefKind::kLocal || kind == RefKind::kClosure;
}

struct Class {
  TypeId type = 0;
  uint32_t first_run = 0;  // into Graph::runs()
  uint32_t run_count = 0;
  uint32_t fixed = 0;      // references that the runs other than the open one cover
  bool has_maybe = false;  // some run is kMaybe
  bool type_edge = false;  // the first run is kType, added here: not of the snapshot
};

// What one reference is called.
struct EdgeLabel {
  RefKind kind = RefKind::kItem;
  RefStrength strength = RefStrength::kOwned;
  uint32_t argument = 0;  // name id if HasName(kind), else an index
  NodeId key = kNoNode;   // of a kValue
};

// Objects that something holds of which the snapshot does not tell: see surplus.h.
struct Entry {
  NodeId node = 0;
  uint32_t surplus = 0;  // references that nobody explains; 0: an immortal object
};

// What a Graph is made of. Filled by GraphBuilder and by Load; every array has node_count elements unless said otherwise.
struct GraphParts {
  std::vector<Type> types;
  std::vector<Class> classes;
  std::vector<Run> runs;
  std::vector<std::string> names;
  HugeArray<uint32_t> first_edge;  // node_count + 1
  HugeArray<uint32_t> edges;       // bits of Edge; kDoesNotHold set for kWeak and kBorrowed
  PackedArray<2> class_of;
  PackedArray<2> size;
  PackedArray<2> refcount;
  PackedArray<3> birth;  // cell pair + 1, 0: not known
  PackedArray<6> address;
  std::vector<std::pair<NodeId, std::string>> texts;  // any order

  GraphParts() = default;
  // REQUIRES: nodes < kNoNode.
  GraphParts(size_t nodes, size_t edge_count);
  // `runs_of_class` includes that of the edge to the type, if there is one. At most one of them is open.
  ClassId AddClass(TypeId type, std::span<const Run> runs_of_class, bool type_edge);
  // Drops what is behind. Texts are left alone.
  void Shrink(size_t nodes, size_t edge_count);
  void Seal();
};

class Graph {
 public:
  Graph() = default;
  // Resolves the references of strength kMaybe, and finds roots and entries (surplus.h).
  explicit Graph(GraphParts parts);
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  size_t node_count() const { return parts_.class_of.size(); }
  size_t edge_count() const { return parts_.edges.size(); }

  EdgeIndex first_edge(NodeId node) const { return parts_.first_edge[node]; }
  EdgeIndex last_edge(NodeId node) const { return parts_.first_edge[node + 1]; }  // one past
  const uint32_t* first_edges() const { return parts_.first_edge.data(); }
  uint32_t degree(NodeId node) const { return last_edge(node) - first_edge(node); }
  Edge edge(EdgeIndex index) const { return Edge(parts_.edges[index]); }
  NodeId Source(EdgeIndex index) const;  // by binary search, among a few

  ClassId class_of(NodeId node) const { return ClassId(parts_.class_of[node]); }
  TypeId type_of(NodeId node) const { return parts_.classes[class_of(node)].type; }
  uint64_t size(NodeId node) const { return parts_.size[node]; }
  uint64_t address(NodeId node) const { return parts_.address[node]; }
  uint32_t refcount(NodeId node) const { return uint32_t(parts_.refcount[node]); }
  uint32_t birth(NodeId node) const { return uint32_t(parts_.birth[node]); }
  // The preview of a string, or the name of a synthetic node; empty if there is none.
  std::string_view text(NodeId node) const;

  const std::vector<Type>& types() const { return parts_.types; }
  const std::vector<Class>& classes() const { return parts_.classes; }
  const std::vector<Run>& runs() const { return parts_.runs; }
  const Type& type(TypeId type) const { return parts_.types[type]; }
  const std::string& name(NameId name) const { return parts_.names[name]; }
  const std::vector<std::string>& names() const { return parts_.names; }

  // REQUIRES: index is one of node's edges.
  EdgeLabel Label(NodeId node, EdgeIndex index) const;

  // visit(run, first, last) for every run of a node that is not empty: its edges are [first, last).
  template <class Visit>
  void ForEachRun(NodeId node, Visit visit) const {
    const Class& cls = parts_.classes[class_of(node)];
    const uint32_t open = degree(node) - cls.fixed;
    EdgeIndex at = first_edge(node);
    for (uint32_t r = cls.first_run; r < cls.first_run + cls.run_count; ++r) {
      const Run& run = parts_.runs[r];
      const uint32_t count = run.count == kOpenRun ? open : run.count;
      if (count) visit(run, at, at + count);
      at += count;
    }
  }

  const std::vector<NodeId>& roots() const { return roots_; }     // ascending
  const std::vector<Entry>& entries() const { return entries_; }  // by node; no roots among them
  uint64_t overdrawn() const {
    return overdrawn_;
  }  // references beyond their targets' counts: torn objects, or our mistakes
  uint64_t total_bytes() const { return total_bytes_; }

  NodeId FindAddress(uint64_t address) const;    // kNoNode: no object is there. Looks at all.
  TypeId FindType(std::string_view name) const;  // types().size() if there is none
  size_t bytes() const;                          // of memory that the columns take

 private:
  friend void FindEntries(Graph& graph);  // surplus.cc
  void IndexSources();

  static constexpr size_t kStretch = 64;  // edges
  GraphParts parts_;
  std::vector<NodeId>
      source_of_stretch_;  // of the first edge of each stretch: ways of hundred thousands of steps ask for each
  std::vector<NodeId> roots_;
  std::vector<Entry> entries_;
  uint64_t overdrawn_ = 0;
  uint64_t total_bytes_ = 0;
};

// The way back: for every object, the objects that hold it. One that holds it by two references is there twice.
class Referrers {
 public:
  explicit Referrers(const Graph& graph);
  std::span<const NodeId> of(NodeId node) const {
    return {sources_.data() + first_[node], first_[node + 1] - first_[node]};
  }
  const uint32_t* first() const { return first_.data(); }
  const NodeId* sources() const { return sources_.data(); }
  size_t bytes() const { return first_.bytes() + sources_.bytes(); }

 private:
  HugeArray<uint32_t> first_;  // node_count + 2: the last one is spare
  HugeArray<NodeId> sources_;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_GRAPH_H_

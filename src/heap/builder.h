// Graphs by hand: for tests, and for whatever makes up heaps.
#ifndef LIMPET_HEAP_BUILDER_H_
#define LIMPET_HEAP_BUILDER_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heap/graph.h"

namespace limpet::heap {

// Collects types, objects and references in any order. Reference counts come out as if every reference were told of (surplus 0),
// plus what AddSurplus says.
class GraphBuilder {
 public:
  TypeId AddType(std::string name, uint32_t flags = 0, uint64_t address = 0);
  NameId AddName(const std::string& name);
  NodeId AddNode(TypeId type, uint64_t size = 1);
  void AddEdge(NodeId from, NodeId to, RefKind kind, uint32_t argument = 0, RefStrength strength = RefStrength::kOwned);
  void AddAttribute(NodeId from, NodeId to, const std::string& name) {
    AddEdge(from, to, RefKind::kAttribute, AddName(name));
  }
  void AddItem(NodeId from, NodeId to, uint32_t index) { AddEdge(from, to, RefKind::kItem, index); }
  void AddEntry(NodeId dict, NodeId key, NodeId value) {
    AddEdge(dict, key, RefKind::kKey);
    AddEdge(dict, value, RefKind::kValue);
  }
  void AddSurplus(NodeId node, uint32_t references) { nodes_[node].surplus += references; }
  void MakeImmortal(NodeId node) { nodes_[node].immortal = true; }
  void SetText(NodeId node, std::string text) { texts_.emplace_back(node, std::move(text)); }
  void SetBirth(NodeId node, uint32_t birth) { nodes_[node].birth = birth; }
  // The address of an object; that of a heap type makes this object the type: its instances then refer to it.
  void SetAddress(NodeId node, uint64_t address) { nodes_[node].address = address; }

  size_t node_count() const { return nodes_.size(); }
  Graph Finish() const;

 private:
  struct Reference {
    NodeId target;
    RefKind kind;
    RefStrength strength;
    uint32_t argument;
  };
  struct Node {
    TypeId type = 0;
    uint64_t size = 0;
    uint64_t address = 0;
    uint32_t birth = 0;
    uint32_t surplus = 0;
    bool immortal = false;
    std::vector<Reference> references;
  };
  std::vector<Run> RunsOf(const Node& node, bool type_edge) const;
  std::vector<NodeId> TypeObjects() const;
  void FillCounts(const std::vector<NodeId>& type_objects, GraphParts* parts) const;

  std::vector<Type> types_;
  std::vector<Node> nodes_;
  std::vector<std::string> names_;
  std::map<std::string, NameId> name_ids_;
  std::vector<std::pair<NodeId, std::string>> texts_;
};

// A graph from a drawing, one line per holder. A node exists as soon as it is named; a `=` line tells its type and size (else: type
// "object", 1 byte), and `+N` references that nothing explains. The type `@...` is that of a root; `!` means immortal.
//
//     main   = @interpreter
//     app    = module 100
//     leaked = Session 7 +1
//     main   -> .modules:d
//     d      -> {app}:app {sys}:sys           entries of a dict; the keys are nodes of type str
//     app    -> .x:a [0]:b a                  attribute, item, and whatever else: an item, too
//     a      -> ~:b ?:c local v:b             weak; maybe; local variable v
struct Drawing {
  Graph graph;
  std::map<std::string, NodeId, std::less<>> ids;
  NodeId operator[](std::string_view name) const;
  std::string NameOf(NodeId node) const;
};
Drawing Draw(std::string_view text);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_BUILDER_H_

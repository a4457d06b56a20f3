// Why an object lives: a path of holding references from a root, the one that tells a person most.
//
// Each object gets one way from the roots. Ways differ in worth:
//
//     kPlain    from the interpreter's modules, classes and other objects
//     kPassing  by a thread, a frame, or a local variable: true at the moment of the snapshot, and soon over; by a function registered for
//               the exit, which mostly is there to clear away what others hold
//     kObscure  by a word of unknown memory, or from C code that nobody knows (an entry): names little
//
// An object is reached at the best worth at which anything reaches it, and among the ways of that worth by a shortest one. (As
// references are followed from the roots on, a way is as good as its worst step.) Weak references are never part of a way.
#ifndef LIMPET_HEAP_PATHS_H_
#define LIMPET_HEAP_PATHS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heap/graph.h"
#include "heap/reach.h"

namespace limpet::heap {

enum class Worth : uint8_t { kPlain = 0, kPassing = 1, kObscure = 2 };
inline constexpr int kWorths = 3;

Worth WorthOf(RefKind kind);
// Of a root: kPassing for threads and frames, kObscure for C variables. What threads and frames refer to is of no better worth, whoever
// contains them.
Worth WorthOfRoot(const Type& type);
// Of a reference from an object of type `from`; `argument` as in EdgeLabel.
Worth WorthOf(const Graph& graph, const Type& from, RefKind kind, uint32_t argument);

// One way for every object: a tree, 4 bytes per object, and the order in which objects were reached (4 more).
class PathTree {
 public:
  static constexpr EdgeIndex kRoot = 0xfffffffe;   // a root
  static constexpr EdgeIndex kEntry = 0xfffffffd;  // held by C code: see surplus.h
  static constexpr EdgeIndex kUnreached = 0;       // as stored: others are stored + 1

  // From roots and entries, avoiding what is cut.
  explicit PathTree(const Graph& graph, const Cut* cut = nullptr);

  bool reached(NodeId node) const { return via_[node] != kUnreached; }
  bool is_start(NodeId node) const { return via_[node] - 1 >= kEntry; }
  bool is_entry(NodeId node) const { return via_[node] - 1 == kEntry; }
  // The last reference of the way. REQUIRES: reached(node) && !is_start(node)
  EdgeIndex via(NodeId node) const { return via_[node] - 1; }
  // The object before. REQUIRES: as above.
  NodeId parent(NodeId node) const { return graph_->Source(via(node)); }
  // All that was reached, each after its parent.
  std::span<const NodeId> order() const { return {order_.data(), reached_}; }
  // The references of the way, first one first. Empty: a start, or not reached.
  std::vector<EdgeIndex> To(NodeId node) const;
  size_t bytes() const { return via_.bytes() + order_.bytes(); }

 private:
  class Search;
  const Graph* graph_;
  HugeArray<EdgeIndex> via_;
  HugeArray<NodeId> order_;
  size_t reached_ = 0;
};

// Up to `limit` ways to `node`, each by another reference to it, best worth and then shortest first: who all holds it.
std::vector<std::vector<EdgeIndex>> SeveralPaths(const Graph& graph, NodeId node, size_t limit);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_PATHS_H_

// Which objects of a heap snapshot a group of growing lines made: what the diagnosis looks at to tell who holds them.
#ifndef LIMPET_DIAGNOSE_CLUSTER_OBJECTS_H_
#define LIMPET_DIAGNOSE_CLUSTER_OBJECTS_H_

#include <cstdint>
#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/heap_image.h"
#include "diagnose/merge_by_holder.h"
#include "diagnose/suspects.h"
#include "heap/pile.h"

namespace limpet::diagnose {

// A line of which fewer blocks stay may only have lent its dead ones' memory.
inline constexpr double kRecycled = 0.35;
// Whether CPython keeps dead objects of the type to hand their memory on: its birth may then be that of another.
bool IsRecycled(const heap::Graph& graph, heap::NodeId node);
// A number or a text.
bool IsPlain(const heap::Graph& graph, heap::NodeId node);

// What a snapshot knows of the objects of one cluster.
struct ClusterObjects {
  HeapImage* image = nullptr;  // the snapshot that shows most of them; null: none does
  FindingObjects objects;
  heap::Pile pile;
  heap::NodeId subject = heap::kNoNode;  // one of the objects that the program keeps; kNoNode: not known
  uint64_t bytes = 0;                    // of the objects, in that snapshot
  capture::Amount expected;              // what of the cluster was born before that snapshot
  bool owners = false;         // the leak is memory of C code, or storage, and these are the objects that own it
  bool uncollectable = false;  // garbage that the collector looked at, and could not free

  // They tell nothing of the cluster.
  void Forget();
};

// Too small a part of what was live for the objects to speak for the whole: a few small ones beside megabytes of C code's own memory.
bool SeesTooLittle(const ClusterObjects& objects);

// Looks for the objects of each cluster: in the last snapshot, or, where what grew was given back in the end, in the newest that shows them held.
std::vector<ClusterObjects> FindClusterObjects(HeapImages& images, const std::vector<Suspect>& suspects,
                                               const std::vector<Cluster>& clusters);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_CLUSTER_OBJECTS_H_

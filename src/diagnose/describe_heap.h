// Joins the two halves of a recording: what grows at which line (births and deaths), and who holds it (the heap snapshots). The objects
// of a finding are those of the snapshot that were born at its lines; the ways on which they are held say what to cut.
#ifndef LIMPET_DIAGNOSE_DESCRIBE_HEAP_H_
#define LIMPET_DIAGNOSE_DESCRIBE_HEAP_H_

#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/finding.h"
#include "diagnose/heap_image.h"
#include "diagnose/merge_by_holder.h"

namespace limpet::diagnose {

// What a snapshot knows of the objects of one cluster.
struct ClusterObjects {
  HeapImage* image = nullptr;  // the snapshot that shows most of them; null: none does
  FindingObjects objects;
  heap::Pile pile;
  heap::NodeId subject = heap::kNoNode;  // one of the objects that the program keeps; kNoNode: not known
  uint64_t bytes = 0;                    // of the objects, in that snapshot
  bool uncollectable = false;            // garbage that the collector looked at, and could not free

  // They tell nothing of the cluster.
  void Forget();
};

// Too small a part of the live memory for the objects in a snapshot to speak for the whole.
bool IsTooLittle(uint64_t part, uint64_t whole);

// Looks for the objects of each cluster: in the last snapshot, or, where what grew was given back in the end, in the one before it.
std::vector<ClusterObjects> FindClusterObjects(HeapImages& images, const std::vector<Suspect>& suspects,
                                               const std::vector<Cluster>& clusters);

// A leak is called after what is kept, not after what hangs on it or holds it together: each object of a sample votes, by its size, for the
// line that made its subject (heap/pile.h), and the winner comes first.
// The program's own code comes before a library's that grows with it.
void NameAfterHeld(const UnitTable& table, const std::vector<Suspect>& suspects, ClusterObjects& objects,
                   Cluster& cluster);

// Fills Finding::heap, and makes the kind more exact. Nothing happens where no snapshot shows the objects.
void DescribeHeap(ClusterObjects& objects, Finding& finding);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_DESCRIBE_HEAP_H_

// Joins the two halves of a recording: what grows at which line (births and deaths), and who holds it (the heap snapshots). The objects
// of a finding are those of the snapshot that were born at its lines; the ways on which they are held say what to cut.
#ifndef LIMPET_DIAGNOSE_DESCRIBE_HEAP_H_
#define LIMPET_DIAGNOSE_DESCRIBE_HEAP_H_

#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/cluster_objects.h"
#include "diagnose/finding.h"
#include "diagnose/heap_image.h"
#include "diagnose/merge_by_holder.h"

namespace limpet::diagnose {

// A leak is called after what is kept, not after what hangs on it or holds it together: each object of a sample votes, by its size, for the
// line that made its subject (heap/pile.h), and the winner comes first.
// The program's own code comes before a library's that grows with it.
void NameAfterHeld(const UnitTable& table, const std::vector<Suspect>& suspects, ClusterObjects& objects,
                   Cluster& cluster);

// Fills Finding::heap, and makes the kind more exact. Nothing happens where no snapshot shows the objects. False: those that one shows are too
// few to speak for the whole.
bool DescribeHeap(ClusterObjects& objects, Finding& finding);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_DESCRIBE_HEAP_H_

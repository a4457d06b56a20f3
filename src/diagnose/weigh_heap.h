// What the heap has to say against, or for, a leak that births and deaths suggest.
//
//     deferred   nobody holds the objects, and the collector, which is at work, has not come to the oldest generation since
//     bounded    what holds them held about as many at half the time
//     held       they are held, and become more: doubts about garbage that may wait, or about a level course, are cleared up
#ifndef LIMPET_DIAGNOSE_WEIGH_HEAP_H_
#define LIMPET_DIAGNOSE_WEIGH_HEAP_H_

#include <optional>
#include <string>
#include <vector>

#include "diagnose/describe_heap.h"
#include "diagnose/holder_growth.h"

namespace limpet::diagnose {

struct HeapVerdict {
  std::optional<Reason> dismissed;  // why it is no leak
  std::string sentence;             // the figures; empty: the heap has nothing to say
  bool confirmed = false;
  bool goes_on = false;     // and has been growing up to the end
  bool all_stayed = false;  // and what was held before is held still, and more has come up to the end: no ring, no pool
  bool members_grow =
      false;  // not what lies first behind the container, but what hangs on that: in a tree, below full nodes
  bool unclear = false;        // an earlier snapshot speaks neither for it nor against it
  bool uncollectable = false;  // garbage that the collector looked at, and could not free
  bool of_others =
      false;  // the objects do not grow; by far the most of what does is memory of which the heap knows nothing
};

HeapVerdict WeighHeap(const capture::Process& process, GrowthWitness& witness, const ClusterObjects& objects,
                      const std::vector<Suspect>& suspects, const Cluster& cluster);

// Whether objects that nobody holds only wait for the collector: it is on and runs, those that were born before its last full collection
// are gone, and no reference among the garbage is hidden from it.
bool AwaitCollection(const capture::Process& process, HeapImage& image, std::span<const heap::NodeId> garbage);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_WEIGH_HEAP_H_

// The one object that a line of swelling storage belongs to: storage that is replaced by larger and larger pieces (a list that only grows, a
// bytearray, a text to which is added) is no object, or a new one each time. In the heap it has a place, and a size in each snapshot:
//
//     module __main__ .FLAGS -> list      418 KB after 400 ms, 2.9 MB after 1.9 s
#ifndef LIMPET_DIAGNOSE_SWOLLEN_H_
#define LIMPET_DIAGNOSE_SWOLLEN_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/describe_heap.h"
#include "diagnose/heap_image.h"
#include "diagnose/weigh_heap.h"

namespace limpet::diagnose {

struct Swollen {
  HeapImage* image = nullptr;          // the last snapshot that shows it
  heap::NodeId node = heap::kNoNode;   // it, or the memory of C code that is part of it
  heap::NodeId owner = heap::kNoNode;  // it
  std::string way;                     // what leads to it
  bool lasting = false;                // a module or a class leads to it, not a variable of a function that runs
  // The size that the same way led to in an earlier snapshot; 0: nothing that large was there.
  uint64_t before_bytes = 0, after_bytes = 0;
  uint64_t before_ns = 0, after_ns = 0;
  bool compared = false;  // there is an earlier snapshot

  bool Grows() const;
  bool StandsStill() const;
};

// `objects`: those of the cluster in the snapshot that shows most of them. Nothing where a line of the cluster keeps more than one thing.
std::optional<Swollen> FindSwollen(HeapImages& images, const std::vector<Suspect>& suspects, const Cluster& cluster,
                                   std::span<const heap::NodeId> objects);

// It is what the finding is about.
void TakeSwollen(const Swollen& swollen, ClusterObjects& objects);

// Growth on a lasting way speaks for the leak, a size that stands still against it. What a variable of a running function leads to may be
// what passes through it.
HeapVerdict WeighSwollen(const Swollen& swollen, const Suspect& suspect);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_SWOLLEN_H_

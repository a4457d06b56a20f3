// The heap as a witness: do the things that a leak is said to consist of really become more, from one snapshot to a later one?
//
// Births and deaths of blocks cannot always tell: CPython hands the memory of dead dicts, lists and floats on without asking an
// allocator, and of a cache that evicts by chance some of every age stay. But its number of entries does not grow.
//
// Things are the same if they are held on the same kind of way (heap/shapes.h), so that no address matters.
#ifndef LIMPET_DIAGNOSE_HOLDER_GROWTH_H_
#define LIMPET_DIAGNOSE_HOLDER_GROWTH_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/heap_image.h"
#include "diagnose/suspects.h"

namespace limpet::diagnose {

struct HolderGrowth {
  uint64_t before = 0, after = 0;  // things held on such ways
  double expected = 0;             // how many more there should be, by births and deaths
  uint64_t before_ns = 0, after_ns = 0;
  // Those of them that were made at the lines of the leak, and how many of these should have come since by the lines' counters. (What
  // free lists hand on is old by its memory, and in the heap as new as anything.)
  uint64_t own_before = 0, own_after = 0;
  double claimed = 0;
  uint64_t own_stayed = 0;  // of own_after, those that were born before
  // New things of these lines; those that hang in containers which were there before, and for how many of them these have become longer.
  uint64_t fresh = 0, put_in_old = 0, old_grew_by = 0;
  int64_t more() const { return static_cast<int64_t>(after) - static_cast<int64_t>(before); }
  // There should be many more, and there are hardly any.
  bool Contradicts() const;
  bool Confirms() const;
  // Nearly all of the lines' things that were held before are held still.
  bool AllStayed() const;
};

// Which things are asked about: what lies first behind the container, or the objects of the lines themselves, wherever behind it.
enum class Things { kSubjects, kMembers };

class GrowthWitness {
 public:
  GrowthWitness(const capture::Process& process, HeapImages& images) : process_(process), images_(images) {}
  // Of the things that the pile of the cluster consists of in this image. Nothing where there is no earlier snapshot, or where they
  // are not held.
  std::optional<HolderGrowth> Ask(HeapImage& image, const heap::Pile& pile, const std::vector<Suspect>& suspects,
                                  const Cluster& cluster, Things things = Things::kSubjects) {
    return Ask(image, images_.Earlier(image), pile, suspects, cluster, things);
  }
  // The same since a snapshot from shortly before: what filled up grew since the middle of the run, but not to its end.
  std::optional<HolderGrowth> AskOfTheEnd(HeapImage& image, const heap::Pile& pile,
                                          const std::vector<Suspect>& suspects, const Cluster& cluster,
                                          Things things = Things::kSubjects);

 private:
  struct Comparison {
    std::vector<heap::MergedShape> merged;
    std::vector<uint32_t> place_before;  // by shape of the earlier image
    std::vector<uint32_t> place;         // by shape of the later one
  };
  std::optional<HolderGrowth> Ask(HeapImage& image, HeapImage* earlier, const heap::Pile& pile,
                                  const std::vector<Suspect>& suspects, const Cluster& cluster, Things things);
  const Comparison& Compare(HeapImage& image, HeapImage& earlier);

  const capture::Process& process_;
  HeapImages& images_;
  std::map<std::pair<HeapImage*, HeapImage*>, Comparison> comparisons_;
};

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_HOLDER_GROWTH_H_

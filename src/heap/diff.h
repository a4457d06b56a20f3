// What grew between snapshots, by path shape, by type and by allocation site. No object is followed from one snapshot to the next: an address
// may have been used again. (The idea is that of Shark's object growth detector.)
#ifndef LIMPET_HEAP_DIFF_H_
#define LIMPET_HEAP_DIFF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "heap/load.h"
#include "heap/shapes.h"

namespace limpet::heap {

// A place where objects pile up: the shape grew from every snapshot to the next, and the shape above it did not.
struct GrowingShape {
  std::string path;  // "module app .SESSIONS -> dict[*] -> Session"
  std::string type;
  std::vector<uint64_t> objects;      // by snapshot
  std::vector<uint64_t> total_bytes;  // with all below it
  NodeId example = kNoNode;           // in the last snapshot
  int64_t more_objects() const { return int64_t(objects.back()) - int64_t(objects.front()); }
  int64_t more_bytes() const { return int64_t(total_bytes.back()) - int64_t(total_bytes.front()); }
};

// Shapes that gained `least` objects or more in every step; most gained bytes first. Two snapshots make one step: warm-ups grow in
// one, leaks in all, so take three. REQUIRES: trees.size() >= 2, of PathTrees.
std::vector<GrowingShape> FindGrowth(const std::vector<const ShapeTree*>& trees, uint64_t least = 1);

struct Change {
  uint64_t objects_before = 0, objects_after = 0;
  uint64_t bytes_before = 0, bytes_after = 0;
  int64_t bytes() const { return int64_t(bytes_after) - int64_t(bytes_before); }
  int64_t objects() const { return int64_t(objects_after) - int64_t(objects_before); }
};
struct TypeChange : Change {
  std::string type;
};
inline constexpr uint32_t kNoSite = 0xffffffff;  // where the object was born is not known
struct SiteChange : Change {
  uint32_t site = kNoSite;  // in the recording's table of sites
};

// All that changed, largest growth in bytes first. Types are the same if their names are.
std::vector<TypeChange> ChangesByType(const Graph& before, const Graph& after);
// REQUIRES: both are of one recording.
std::vector<SiteChange> ChangesBySite(const Snapshot& before, const Snapshot& after);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_DIFF_H_

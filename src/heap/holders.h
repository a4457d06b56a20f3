// Who holds a group of objects, told as few ways as possible, and which reference to cut to let them go.
//
//     1 412 app.Session                              58 MB
//       module app .SESSIONS -> dict['…'] -> Session       cut: 1 412 entries of the dict; frees all 1 412, 58 MB
//
// Ways that differ only in keys and indices are one. `common` says how far they are one and the same; where they part, at a container,
// is where objects pile up, and the first place to cut. Advice is never guessed: every cut is tried on paper (what_if.h). If it does
// not free the group, something else holds it too: that way is told, and both cuts are tried together.
#ifndef LIMPET_HEAP_HOLDERS_H_
#define LIMPET_HEAP_HOLDERS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heap/analysis.h"
#include "heap/garbage.h"
#include "heap/naming.h"

namespace limpet::heap {

// A path that stands for many, and what to cut on it.
struct Way {
  NodeId start = kNoNode;
  std::vector<EdgeIndex> path;     // of one object that is held
  size_t common = 0;               // references that all the ways share
  std::vector<PathPart> parts;     // path as told
  std::optional<size_t> cut_part;  // which of them to cut; none: nothing can be cut here
  std::vector<EdgeIndex> cut;      // the references that go: one, or those of a container
};

struct Holding {
  std::vector<Way>
      ways;  // the first holds all of `objects`; more only where cutting it frees less than nearly all of them
  uint64_t objects = 0;  // of the group
  uint64_t bytes = 0;
  uint64_t retained_bytes = 0;
  // What goes if all that is told to be cut is cut.
  uint64_t freed_group = 0;  // objects of the group
  uint64_t freed_objects = 0;
  uint64_t freed_bytes = 0;
  // The way begins with an object that C code holds: so many references to it nobody explains, of so many.
  uint32_t surplus = 0;
  uint32_t refcount = 0;
  uint64_t starts = 0;  // how many such objects there are
};

struct WeakHolder {
  std::string type;  // "weakref", "weakref.KeyedRef"
  uint64_t references = 0;
};

struct Holders {
  uint64_t objects = 0;
  uint64_t bytes = 0;           // of the objects themselves
  uint64_t retained_bytes = 0;  // what would be freed with them
  uint64_t retained_objects = 0;
  std::vector<Holding> holdings;  // most retained bytes first
  uint64_t more_holdings = 0;     // that were left out
  uint64_t more_objects = 0;      // that these hold
  uint64_t garbage_objects = 0;   // nobody holds them
  uint64_t garbage_bytes = 0;
  std::optional<CycleGroup> cycle;  // that keeps them
  std::vector<WeakHolder> weak;     // these do not hold
};

// `group` without doubles. At most `limit` holdings are looked into.
Holders FindHolders(Analysis& analysis, std::span<const NodeId> group, size_t limit);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_HOLDERS_H_

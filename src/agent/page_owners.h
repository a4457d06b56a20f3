// Whose is a page of anonymous memory? Told from the mappings, from what the agent saw being mapped, and from the heads of malloc's heaps.
#ifndef LIMPET_AGENT_PAGE_OWNERS_H_
#define LIMPET_AGENT_PAGE_OWNERS_H_

#include <stddef.h>
#include <stdint.h>

#include "agent/ranges.h"
#include "agent/smaps.h"

namespace limpet::agent {

enum class PageOwner : uint8_t {
  kNobody,   // known to us
  kLibrary,  // .bss of the program or a library
  kMalloc,   // a heap of malloc
  kBlock,    // nobody, but a live block is there: malloc maps large blocks one by one
  kStack,    // of a thread
  kArena,    // of pymalloc
  kMapped,   // the program mapped it
  kAgent,    // limpet's own
};

// What is to be found once for all pages.
struct Landscape {
  const MapEntry* maps;
  size_t map_count;
  RangeList<2048> malloc_heaps;  // those of threads: see FindLandscape
  RangeList<4096> stacks;
  uintptr_t agent_begin;  // the agent's own library
  uintptr_t agent_end;
};

// Fills `land` but for `maps` and `map_count`, which must be set.
//
// A heap of malloc that is not the first one begins at a multiple of 64 MiB with a head (heap_info: arena, previous heap, size, size made
// accessible), the same since glibc 2.3. It is believed when its figures fit the mapping it stands in. A thread's stack is the mapping that its
// thread-locals are in, up to them; and what begins behind an inaccessible guard page and nobody else owns.
void FindLandscape(Landscape* land);

// The owner of the pages of mapping `index`, before anything finer is known.
PageOwner OwnerOfMapping(const Landscape& land, size_t index);

// Writes the owner of each page of [begin, begin + pages * 4096), which lies in mapping `index`.
void FillOwners(const Landscape& land, size_t index, uintptr_t begin, size_t pages, PageOwner* owners);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PAGE_OWNERS_H_

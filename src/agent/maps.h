// Memory that the program maps itself. A mapping may be unmapped in part, so these blocks are kept as intervals and not in the
// shadow: a sorted array under a lock (the calls are system calls anyway).
//
// What counts: whole pages, as the kernel maps them. A block whose middle is unmapped becomes two (one more birth of 0 bytes),
// so that each of them can die; cutting an end off is a death of bytes and of no block. mremap is a death and a birth.
#ifndef LIMPET_AGENT_MAPS_H_
#define LIMPET_AGENT_MAPS_H_

#include "agent/hot.h"

namespace limpet::agent {

struct Mapping {
  uintptr_t start;
  uintptr_t end;
  uint32_t pair;
  Domain domain;
};

// Held over the system call that takes addresses away, so that nobody who is given them next is recorded too early.
extern SpinLock g_maps_lock;

void CountMapped(Thread* thread, void* start, size_t size, int flags);
// REQUIRES: g_maps_lock.
void CountUnmapped(Thread* thread, void* start, size_t size);
void InsertMapping(Thread* thread, void* start, size_t size, Domain domain);
// The domain of the mapping at `start`, or kDomainCount when there is none.
uint32_t DomainAt(const void* start);

template <class Call>
int UnmapCounted(Thread* thread, void* start, size_t size, Call call) {
  LockGuard guard(g_maps_lock);
  const int result = call();
  if (result == 0) CountUnmapped(thread, start, size);
  return result;
}

template <class Call>
void* RemapCounted(Thread* thread, void* old, size_t old_size, size_t size, int flags, Call call) {
  LockGuard guard(g_maps_lock);
  void* block = call();
  if (block == MAP_FAILED) return block;
  const uint32_t domain = DomainAt(old);
  if (old_size && !(flags & MREMAP_DONTUNMAP)) CountUnmapped(thread, old, old_size);
  if (block != old) CountUnmapped(thread, block, size);
  InsertMapping(thread, block, size, domain < capture::kDomainCount ? Domain(domain) : Domain::kMap);
  return block;
}

// Calls for each mapping that the program made itself and has not unmapped.
void ForEachMapping(void (*visit)(void* self, uintptr_t start, uintptr_t end), void* self);

// The n-th from the lowest address up; false: there are not so many. REQUIRES: nobody maps meanwhile (a frozen copy of the process).
bool MappingFromBelow(size_t n, Mapping* mapping);
// Of the mapping that begins at an address; 0: none does. REQUIRES: the same.
uint32_t PairOfMapping(uintptr_t start);

void ResetMapsAfterFork();
// Forgets all mappings. REQUIRES: nobody is inside a hook.
void ClearMaps();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_MAPS_H_

#include "agent/maps.h"

namespace limpet::agent {

SpinLock g_maps_lock;

namespace {

// Sorted by falling start: the kernel hands addresses out downwards, so new ones mostly go to the end.
Mapping* g_maps;
size_t g_count, g_capacity;

uintptr_t RoundUp(uintptr_t size) {
  const uintptr_t page = g_agent.file.header()->page_size;
  return (size + page - 1) / page * page;
}

// The first index whose start is below `address`.
size_t FirstBelow(uintptr_t address) {
  size_t low = 0, high = g_count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (g_maps[middle].start >= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

bool InsertAt(size_t index, const Mapping& mapping) {
  if (g_count == g_capacity) {
    const size_t capacity = g_capacity ? g_capacity * 2 : 512;
    auto* bigger = static_cast<Mapping*>(MapMemory(capacity * sizeof(Mapping)));
    if (!bigger) return false;
    Mapping* const smaller = g_maps;
    if (smaller) memcpy(bigger, smaller, g_count * sizeof(Mapping));
    __atomic_store_n(&g_maps, bigger, __ATOMIC_RELEASE);  // a copy of the process made now must find one of them whole
    if (smaller) UnmapMemory(smaller, g_capacity * sizeof(Mapping));
    g_capacity = capacity;
  }
  memmove(g_maps + index + 1, g_maps + index, (g_count - index) * sizeof(Mapping));
  g_maps[index] = mapping;
  ++g_count;
  return true;
}

void RemoveAt(size_t index) {
  memmove(g_maps + index, g_maps + index + 1, (g_count - index - 1) * sizeof(Mapping));
  --g_count;
}

// Counts always go to the shared half: mappings are rare and may come and go without the lock.
void CountBytesGone(Thread* thread, uint32_t pair, uint64_t bytes, bool block_ends) {
  if (block_ends) return CountDeath(thread, pair, bytes, false);
  thread->freed += bytes;
  __atomic_add_fetch(&PairAt(pair)->half[1].death_bytes, bytes, __ATOMIC_RELAXED);
}

}  // namespace

void CountUnmapped(Thread* thread, void* address, size_t size) {
  const uintptr_t start = reinterpret_cast<uintptr_t>(address);
  const uintptr_t end = start + RoundUp(size);
  // Mappings that begin below `end`, from the highest down, as long as they reach above `start`.
  for (size_t i = FirstBelow(end); i < g_count && g_maps[i].end > start;) {
    Mapping& mapping = g_maps[i];
    const uintptr_t from = mapping.start > start ? mapping.start : start;
    const uintptr_t to = mapping.end < end ? mapping.end : end;
    const bool keeps_low = from > mapping.start, keeps_high = to < mapping.end;
    CountBytesGone(thread, mapping.pair, to - from, !keeps_low && !keeps_high);
    if (!keeps_low && !keeps_high) {
      RemoveAt(i);
      continue;
    }
    if (keeps_low && keeps_high) {
      const Mapping high = {to, mapping.end, mapping.pair, mapping.domain};
      mapping.end = from;
      if (InsertAt(i, high)) __atomic_add_fetch(&PairAt(high.pair)->half[1].births, 1, __ATOMIC_RELAXED);
      return;
    }
    if (keeps_low) mapping.end = from;
    else mapping.start = to;
    ++i;
  }
}

uint32_t DomainAt(const void* address) {
  const uintptr_t start = reinterpret_cast<uintptr_t>(address);
  const size_t i = FirstBelow(start + 1);
  return i < g_count && g_maps[i].end > start ? uint32_t(g_maps[i].domain) : capture::kDomainCount;
}

void InsertMapping(Thread* thread, void* address, size_t size, Domain domain) {
  const uint32_t pair = g_anywhere.pair(thread, domain);
  const uintptr_t start = reinterpret_cast<uintptr_t>(address);
  const Mapping mapping = {start, start + RoundUp(size), pair, domain};
  if (!pair || !InsertAt(FirstBelow(start), mapping)) return CountUnrecorded(size);
  CountBirth(thread, pair, mapping.end - start, false);
}

void CountMapped(Thread* thread, void* start, size_t size, int flags) {
  ErrnoGuard errno_guard;
  LockGuard guard(g_maps_lock);
  CountUnmapped(thread, start, size);  // MAP_FIXED replaces what was there
  InsertMapping(thread, start, size, flags & MAP_ANONYMOUS ? Domain::kMap : Domain::kFileMap);
}

void ForEachMapping(void (*visit)(void* self, uintptr_t start, uintptr_t end), void* self) {
  LockGuard guard(g_maps_lock);
  for (size_t i = 0; i < g_count; ++i) visit(self, g_maps[i].start, g_maps[i].end);
}

bool MappingFromBelow(size_t n, Mapping* mapping) {
  if (n >= g_count) return false;
  *mapping = g_maps[g_count - 1 - n];
  return true;
}

uint32_t PairOfMapping(uintptr_t start) {
  const size_t i = FirstBelow(start + 1);
  return i < g_count && g_maps[i].start == start ? g_maps[i].pair : 0;
}

void ClearMaps() { g_count = 0; }

void ResetMapsAfterFork() { g_maps_lock.ResetAfterFork(); }

}  // namespace limpet::agent

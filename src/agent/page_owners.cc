#include "agent/page_owners.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/maps.h"
#include "agent/thread.h"

// The ends of the library that this is linked into.
extern "C" {
extern const char __ehdr_start __attribute__((visibility("hidden")));
extern const char _end __attribute__((visibility("hidden")));
}

namespace limpet::agent {

namespace {

constexpr uintptr_t kPage = 4096;
constexpr uintptr_t kHeapAlign = uintptr_t{64} << 20;  // glibc's HEAP_MAX_SIZE on 64-bit machines
constexpr uintptr_t kLocalsRoom =
    8192;  // of thread-locals and the thread's own record behind the address that we know of
constexpr uintptr_t kLargestGuard = 1 << 20;

// glibc's heap_info as far as it has always been the same.
struct HeapHead {
  uint64_t arena;
  uint64_t previous;
  uint64_t size;
  uint64_t accessible;
};

// Reads through the kernel: the place may have been unmapped since we were told of it.
bool Peek(uintptr_t address, HeapHead* head) {
  iovec to = {head, sizeof *head};
  iovec from = {reinterpret_cast<void*>(address), sizeof *head};
  return syscall(SYS_process_vm_readv, getpid(), &to, 1ul, &from, 1ul, 0ul) == long(sizeof *head);
}

bool IsMallocHeap(uintptr_t base, uintptr_t mapping_end, uintptr_t* end) {
  HeapHead head;
  if (!Peek(base, &head)) return false;
  const bool sizes = head.size >= kPage && head.size <= kHeapAlign && head.size % kPage == 0 &&
                     head.accessible >= head.size && head.accessible <= kHeapAlign && head.accessible % kPage == 0;
  const bool links = head.arena && head.arena % 8 == 0 && head.previous % kHeapAlign == 0;
  const uintptr_t inside = head.arena - base;
  const bool first = head.previous != 0 || inside < 256;  // the first heap of an arena holds the arena itself
  if (!sizes || !links || !first || base + head.accessible > mapping_end) return false;
  *end = base + head.accessible;
  return true;
}

void FindMallocHeaps(Landscape* land) {
  for (size_t i = 0; i < land->map_count; ++i) {
    const MapEntry& map = land->maps[i];
    if (map.kind != MapKind::kAnonymous || !map.writable) continue;
    for (uintptr_t base = (map.begin + kHeapAlign - 1) / kHeapAlign * kHeapAlign; base < map.end; base += kHeapAlign) {
      uintptr_t end;
      if (IsMallocHeap(base, map.end, &end)) land->malloc_heaps.Add(base, end - base);
    }
  }
}

const MapEntry* MappingOf(const Landscape& land, uintptr_t address, size_t* index) {
  size_t low = 0, high = land.map_count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (land.maps[middle].end <= address) low = middle + 1;
    else high = middle;
  }
  *index = low;
  return low < land.map_count && land.maps[low].begin <= address ? &land.maps[low] : nullptr;
}

void AddStackOf(void* self, uintptr_t local) {
  auto* land = static_cast<Landscape*>(self);
  size_t index;
  const MapEntry* map = MappingOf(*land, local, &index);
  if (!map || map->kind != MapKind::kAnonymous) return;  // the first thread's locals are in the dynamic loader's memory
  const bool guarded =
      index > 0 && land->maps[index - 1].kind == MapKind::kGuard && land->maps[index - 1].end == map->begin;
  if (!guarded) return;
  const uintptr_t end = (local + kLocalsRoom + kPage - 1) / kPage * kPage;
  land->stacks.Add(map->begin, (end < map->end ? end : map->end) - map->begin);
}

void Overlay(const Range& range, PageOwner owner, uintptr_t begin, size_t pages, PageOwner* owners) {
  const uintptr_t end = begin + pages * kPage;
  const uintptr_t from = range.begin > begin ? range.begin : begin;
  const uintptr_t to = range.end < end ? range.end : end;
  for (uintptr_t at = from / kPage * kPage; at < to; at += kPage) owners[(at - begin) / kPage] = owner;
}

template <class Ranges>
void OverlayAll(const Ranges& ranges, PageOwner owner, uintptr_t begin, size_t pages, PageOwner* owners) {
  const uint32_t count = ranges.count();
  for (uint32_t i = 0; i < count; ++i) Overlay(ranges.at(i), owner, begin, pages, owners);
}

struct Stretch {
  uintptr_t begin;
  size_t pages;
  PageOwner* owners;
};

void OverlayMapping(void* self, uintptr_t begin, uintptr_t end) {
  const auto& stretch = *static_cast<const Stretch*>(self);
  Overlay({begin, end}, PageOwner::kMapped, stretch.begin, stretch.pages, stretch.owners);
}

bool BeginsBehind(const Landscape& land, size_t index, MapKind kind) {
  if (index == 0) return false;
  const MapEntry& before = land.maps[index - 1];
  return before.kind == kind && before.end == land.maps[index].begin;
}

}  // namespace

void FindLandscape(Landscape* land) {
  land->agent_begin = reinterpret_cast<uintptr_t>(&__ehdr_start);
  land->agent_end = reinterpret_cast<uintptr_t>(&_end);
  FindMallocHeaps(land);
  ForEachThread(AddStackOf, land);
}

PageOwner OwnerOfMapping(const Landscape& land, size_t index) {
  const MapEntry& map = land.maps[index];
  if (map.begin < land.agent_end && map.end > land.agent_begin) return PageOwner::kAgent;
  if (map.kind == MapKind::kHeap) return PageOwner::kMalloc;
  if (map.kind == MapKind::kStack) return PageOwner::kStack;
  if (map.kind == MapKind::kFile) return PageOwner::kLibrary;
  if (!map.writable) return PageOwner::kNobody;
  if (BeginsBehind(land, index, MapKind::kFile)) return PageOwner::kLibrary;
  // A guard as pthread_create makes them; what is kept back of a heap of malloc is inaccessible too, but larger.
  const bool guarded = BeginsBehind(land, index, MapKind::kGuard) &&
                       land.maps[index - 1].end - land.maps[index - 1].begin <= kLargestGuard;
  return guarded && map.begin % kHeapAlign != 0 ? PageOwner::kStack : PageOwner::kNobody;
}

void FillOwners(const Landscape& land, size_t index, uintptr_t begin, size_t pages, PageOwner* owners) {
  const PageOwner owner = OwnerOfMapping(land, index);
  for (size_t i = 0; i < pages; ++i) owners[i] = owner;
  if (owner == PageOwner::kMalloc) return;
  OverlayAll(land.malloc_heaps, PageOwner::kMalloc, begin, pages, owners);
  OverlayAll(land.stacks, PageOwner::kStack, begin, pages, owners);
  OverlayAll(g_arena_ranges, PageOwner::kArena, begin, pages, owners);
  Stretch stretch = {begin, pages, owners};
  ForEachMapping(OverlayMapping, &stretch);
  OverlayAll(g_own_ranges, PageOwner::kAgent, begin, pages, owners);
}

}  // namespace limpet::agent

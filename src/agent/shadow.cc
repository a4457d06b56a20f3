#include "agent/shadow.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace limpet::agent {

uint32_t* g_leaves[kLeafCount];

namespace {

char g_folder[512];
constexpr uint32_t kListed = 1u << 16;  // of 64 MiB each
uint32_t g_listed[kListed];             // indices of the leaves there are: the table itself is too large to be walked
uint32_t g_leaf_count;

void* MapLeaf(uint32_t index) {
  if (!g_folder[0]) {
    void* leaf = MapMemory(kLeafBytes);
    // Huge pages would make a leaf resident 2 MiB at a time for heaps that touch a few pages of it.
    if (leaf) madvise(leaf, kLeafBytes, MADV_NOHUGEPAGE);
    return leaf;
  }
  char path[600];
  snprintf(path, sizeof path, "%s/shadow.%x", g_folder, index);
  const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return nullptr;
  void* leaf = nullptr;
  if (ftruncate(fd, off_t(kLeafBytes)) == 0) {
    const long result = syscall(SYS_mmap, nullptr, kLeafBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    if (result != -1) leaf = reinterpret_cast<void*>(result);
  }
  close(fd);
  return leaf;
}

}  // namespace

void KeepShadowInFiles(const char* folder) { snprintf(g_folder, sizeof g_folder, "%s", folder); }

LIMPET_COLD uint32_t* AddLeaf(uintptr_t address) {
  if (address >= kAddressLimit) return nullptr;
  ErrnoGuard guard;
  const uint32_t index = uint32_t(address >> kLeafBits);
  void* fresh = MapLeaf(index);
  if (!fresh) return nullptr;
  uint32_t* expected = nullptr;
  if (!__atomic_compare_exchange_n(&g_leaves[index], &expected, static_cast<uint32_t*>(fresh), false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE)) {
    UnmapMemory(fresh, kLeafBytes);  // another thread was first
    return expected;
  }
  const uint32_t number = __atomic_fetch_add(&g_leaf_count, 1, __ATOMIC_RELAXED);
  if (number < kListed) __atomic_store_n(&g_listed[number], index, __ATOMIC_RELEASE);
  return static_cast<uint32_t*>(fresh);
}

void ClearShadow() {
  const uint32_t leaves = g_leaf_count < kListed ? g_leaf_count : kListed;
  for (uint32_t i = 0; i < leaves; ++i) {
    uint32_t* leaf = g_leaves[g_listed[i]];
    if (g_folder[0]) memset(leaf, 0, kLeafBytes);
    else madvise(leaf, kLeafBytes, MADV_DONTNEED);
  }
  if (g_leaf_count <= kListed) return;
  for (uint32_t* leaf : g_leaves) {  // 4 TiB of address space: nobody has been seen to use as much
    if (leaf) madvise(leaf, kLeafBytes, MADV_DONTNEED);
  }
}

uint32_t LeafCount() {
  const uint32_t leaves = __atomic_load_n(&g_leaf_count, __ATOMIC_RELAXED);
  return leaves < kListed ? leaves : kListed;
}

const uint32_t* LeafNumber(uint32_t number) { return g_leaves[__atomic_load_n(&g_listed[number], __ATOMIC_ACQUIRE)]; }

uint64_t ShadowBytes() {
  constexpr size_t kPage = 4096, kPages = kLeafBytes / kPage;
  static unsigned char resident[kPages];  // under the agent's lock
  uint64_t pages = 0;
  const uint32_t leaves = __atomic_load_n(&g_leaf_count, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i < leaves && i < kListed; ++i) {
    uint32_t* leaf = g_leaves[__atomic_load_n(&g_listed[i], __ATOMIC_ACQUIRE)];
    if (!leaf || mincore(leaf, kLeafBytes, resident) != 0) continue;
    for (unsigned char page : resident) pages += page & 1;
  }
  return pages * kPage;
}

}  // namespace limpet::agent

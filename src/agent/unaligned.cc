#include "agent/unaligned.h"

#include "agent/hot.h"

namespace limpet::agent {

namespace {

constexpr uint32_t kBuckets = 1u << 14;
constexpr uint32_t kPerChunk = 4096;

struct Node {
  uintptr_t address;
  uint64_t size;
  uint32_t pair;
  uint32_t next;  // index, 0: end
};

SpinLock g_lock;
uint32_t g_heads[kBuckets];
constinit Chunked<Node, kPerChunk, 16384> g_nodes;
uint32_t g_used = 1;  // node 0 is the end of every list
uint32_t g_free;

uint32_t* Bucket(uintptr_t address) { return &g_heads[HashFinish(address) & (kBuckets - 1)]; }

// The link that leads to the node of `address`, or to the end of its list.
uint32_t* Link(uintptr_t address) {
  uint32_t* link = Bucket(address);
  while (*link && g_nodes[*link].address != address) link = &g_nodes[*link].next;
  return link;
}

bool Put(uintptr_t address, uint32_t pair, uint64_t size) {
  uint32_t index = g_free;
  if (index) {
    g_free = g_nodes[index].next;
  } else {
    index = g_used;
    if (!g_nodes.Ensure(index)) return false;
    ++g_used;
  }
  uint32_t* head = Bucket(address);
  g_nodes[index] = {address, size, pair, *head};
  *head = index;
  return true;
}

}  // namespace

Row TakeUnaligned(uintptr_t address) {
  LockGuard guard(g_lock);
  uint32_t* link = Link(address);
  const uint32_t index = *link;
  if (!index) return {};
  Node& node = g_nodes[index];
  Row row;
  row.cell = node.pair;
  row.size = node.size;
  *link = node.next;
  node.next = g_free;
  g_free = index;
  return row;
}

void AddUnaligned(Thread* thread, uintptr_t address, uint32_t pair, uint64_t size, bool locked) {
  const Row old = TakeUnaligned(address);
  if (old.cell) {
    CountDeath(thread, old.cell, old.size, locked);
    __atomic_add_fetch(&g_agent.file.header()->lost_blocks, 1, __ATOMIC_RELAXED);
  }
  {
    LockGuard guard(g_lock);
    if (!Put(address, pair, size)) return CountUnrecorded(size);
  }
  CountBirth(thread, pair, size, locked);
}

void PutUnaligned(uintptr_t address, const Row& row) {
  LockGuard guard(g_lock);
  Put(address, row.cell, row.size);
}

void ClearUnaligned() {
  memset(g_heads, 0, sizeof g_heads);
  g_used = 1;
  g_free = 0;
}

void ResetUnalignedAfterFork() { g_lock.ResetAfterFork(); }

}  // namespace limpet::agent

#include "agent/hot.h"

#include "agent/free_lists.h"

namespace limpet::agent {

namespace {

uint32_t PairWithoutPython(Thread* thread, Domain domain) {
  const uint64_t key = DomainSalt(domain) ^ kEmptyStack;
  return PairOf(thread, key, [&] { return PairWithoutFrames(key, domain); });
}

void BirthWithoutPython(Thread* thread, void* block, uint64_t size) {
  AddRow(thread, block, PairWithoutPython(thread, Domain::kMalloc), size, false);
}

bool NobodyHoldsLock(Thread*) { return false; }

}  // namespace

Anywhere g_anywhere = {BirthWithoutPython, PairWithoutPython, NobodyHoldsLock};

LIMPET_COLD void CountLost(Thread* thread, uint32_t* word, bool locked) {
  // The word may be the second one of a stale row just before: then that row's block is gone, since ours overlaps it.
  const bool second = reinterpret_cast<uintptr_t>(word) % 4096 != 0 && word[-1] && (word[-1] & kTagMask) > kMaxSmall;
  if (second) --word;
  const Row row = DecodeRow(word);
  ClearRow(word);
  CountDeath(thread, row.cell, row.size, locked);
  __atomic_add_fetch(&g_agent.file.header()->lost_blocks, 1, __ATOMIC_RELAXED);
}

LIMPET_COLD void AddRow(Thread* thread, void* block, uint32_t pair, uint64_t size, bool locked) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(block);
  if (LIMPET_UNLIKELY(pair == 0)) return CountUnrecorded(size);
  if (LIMPET_UNLIKELY(address & 15)) return AddUnaligned(thread, address, pair, size, locked);
  uint32_t* word = FindWord(address);
  if (LIMPET_UNLIKELY(!word)) {
    if (!AddLeaf(address)) return CountUnrecorded(size);
    word = FindWord(address);
  }
  if (LIMPET_UNLIKELY(*word)) CountLost(thread, word, locked);
  EncodeRow(word, pair, size);
  CountBirth(thread, pair, size, locked);
}

LIMPET_COLD void AfterBirth(Thread* thread, uint32_t pair) {
  const CellRecord* h = PairAt(pair)->half;
  if (int32_t(h[0].births | h[1].births) < 0) RetirePair(pair);
  if (thread->allocated < thread->next_tick) return;
  Tick(thread);
  KeepFreeListsOff();
}

LIMPET_COLD void CountUnrecorded(uint64_t size) {
  capture::FileHeader* header = g_agent.file.header();
  __atomic_add_fetch(&header->unrecorded_blocks, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&header->unrecorded_bytes, size, __ATOMIC_RELAXED);
}

void PutRowBack(uintptr_t address, const Row& row) {
  if (!row.cell) return;
  if (address & 15) return PutUnaligned(address, row);
  uint32_t* word = FindWord(address);
  EncodeRow(word, row.cell, row.size);
  if (row.code) *word = (*word & ~kTagMask) | kTagCode;
}

}  // namespace limpet::agent

#include "agent/hot.h"

namespace limpet::agent {

namespace {

uint32_t PairWithoutPython(Thread* thread, Domain domain) {
  const uint64_t key = DomainSalt(domain) ^ kEmptyStack;
  return PairOf(thread, key, [&] { return PairWithoutFrames(key, domain); });
}

void BirthWithoutPython(Thread* thread, void* block, uint64_t size, Domain domain) {
  AddRow(thread, block, PairWithoutPython(thread, domain), size, false);
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

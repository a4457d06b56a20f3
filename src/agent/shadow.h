// Shadow memory: for every live block that limpet knows, where it was born and how large it is.
//
// Blocks start at multiples of 16 (all allocators that serve Python guarantee it; the few others: unaligned.h). Each such 16-byte
// granule of the address space has one 32-bit word, reached by a two-level radix, without a lock and in constant time:
//
//     address   | 21 bits: leaf index | 22 bits: granule in the leaf | 4 bits: 0 |
//     g_leaves[address >> 26] -> leaf (64 MiB of address space, 16 MiB of words, touched where blocks start)
//
// A word is 0 where no block starts, else
//
//     | 27 bits: cell id (site and birth epoch) | 5 bits: tag |
//       tag 0..16   the block's size in bytes: it may own this one granule only
//       tag 29      a code object, its size in the next word: its death makes stacks stale, see stacks.h
//       tag 30      size in the next two words (low, high)
//       tag 31      size in the next word: a block larger than 16 bytes owns the next granule too, where no other block can start
//
// So a live block costs 4 bytes per 16 bytes of heap, a quarter of the heap at most. Leaves end with two spare words, for
// blocks that start in the last granule.
// Threads: a word is written by the thread that allocates or frees the block; who passes a block to another thread
// synchronises with it, and so publishes the word as well.
#ifndef LIMPET_AGENT_SHADOW_H_
#define LIMPET_AGENT_SHADOW_H_

#include "agent/platform.h"

namespace limpet::agent {

inline constexpr unsigned kGranuleBits = 4;
inline constexpr unsigned kLeafBits = 26;
inline constexpr uint64_t kAddressLimit = 1ull << 47;
inline constexpr uint32_t kLeafCount = uint32_t(kAddressLimit >> kLeafBits);
inline constexpr uint32_t kLeafGranules = 1u << (kLeafBits - kGranuleBits);
inline constexpr size_t kLeafBytes = size_t(kLeafGranules) * 4 + 4096;

inline constexpr uint32_t kTagBits = 5;
inline constexpr uint32_t kTagMask = (1u << kTagBits) - 1;
inline constexpr uint32_t kTagCode = 29;
inline constexpr uint32_t kTagHuge = 30;
inline constexpr uint32_t kTagLarge = 31;
inline constexpr uint32_t kMaxSmall = 16;
inline constexpr uint32_t kMaxCells = 1u << (32 - kTagBits);

// A decoded row: what the shadow knows of one live block.
struct Row {
  uint32_t cell = 0;  // 0: no row
  bool code = false;  // a code object whose stacks must be forgotten when it dies
  uint64_t size = 0;
};

extern uint32_t* g_leaves[kLeafCount];

// Makes the leaf of `address`; null when there is no memory. Any thread.
uint32_t* AddLeaf(uintptr_t address);

// From now on leaves live in files of this folder (for tests that count rows after a kill). REQUIRES: no leaf exists.
void KeepShadowInFiles(const char* folder);

// Forgets all rows and gives their memory back. REQUIRES: nobody is inside a hook.
void ClearShadow();

// The leaves there are, by number; null for a number that is none, or not yet.
uint32_t LeafCount();
const uint32_t* LeafNumber(uint32_t number);

// Bytes of leaves that are resident. Asks the kernel: for samples, not for events.
uint64_t ShadowBytes();

inline uint32_t* FindWord(uintptr_t address) {
  if (LIMPET_UNLIKELY(address >= kAddressLimit)) return nullptr;
  uint32_t* leaf = __atomic_load_n(&g_leaves[address >> kLeafBits], __ATOMIC_RELAXED);
  return leaf ? leaf + ((address >> kGranuleBits) & (kLeafGranules - 1)) : nullptr;
}

inline Row DecodeRow(const uint32_t* word) {
  const uint32_t tag = *word & kTagMask;
  Row row;
  row.cell = *word >> kTagBits;
  if (LIMPET_LIKELY(tag == kTagLarge)) {
    row.size = word[1];
  } else if (tag <= kMaxSmall) {
    row.size = tag;
  } else {
    row.size = word[1];
    if (tag == kTagHuge) row.size |= uint64_t(word[2]) << 32;
    else row.code = true;
  }
  return row;
}

inline void EncodeRow(uint32_t* word, uint32_t cell, uint64_t size) {
  if (size <= kMaxSmall) {
    *word = cell << kTagBits | uint32_t(size);
  } else if (LIMPET_LIKELY(size <= 0xffffffff)) {
    const uint64_t both = size << 32 | (cell << kTagBits | kTagLarge);
    memcpy(word, &both, 8);
  } else {
    word[1] = uint32_t(size);
    word[2] = uint32_t(size >> 32);
    *word = cell << kTagBits | kTagHuge;
  }
}

// REQUIRES: the word holds a row.
inline void ClearRow(uint32_t* word) {
  const uint32_t tag = *word & kTagMask;
  if (LIMPET_LIKELY(tag > kMaxSmall)) {
    const uint64_t zero = 0;
    memcpy(word, &zero, 8);
    if (LIMPET_UNLIKELY(tag == kTagHuge)) word[2] = 0;
  } else {
    *word = 0;
  }
}

// Whether a row begins at this word of a leaf: where words follow one another without a zero, it takes the first of them to tell rows from
// the sizes of rows. A heap is not so dense for long; false where it is.
inline bool RowBegins(const uint32_t* leaf, uint32_t granule) {
  constexpr uint32_t kMost = 4096;
  if (leaf[granule] == 0) return false;
  uint32_t first = granule;
  while (first > 0 && leaf[first - 1] != 0) {
    if (granule - --first > kMost) return false;
  }
  while (first < granule) {
    const uint32_t tag = leaf[first] & kTagMask;
    first += tag <= kMaxSmall ? 1 : tag == kTagHuge ? 3 : 2;
  }
  return first == granule;
}

// Calls for each row that begins in words [begin, end) of a leaf: visit(word's index, row). Returns the first word that was not looked
// at: a row may reach further.
template <class Visit>
uint32_t ForEachRow(const uint32_t* leaf, uint32_t begin, uint32_t end, Visit visit) {
  uint32_t granule = begin;
  for (; granule < end; ++granule) {
    const uint32_t* word = leaf + granule;
    if (*word == 0) continue;
    const Row row = DecodeRow(word);
    if (row.cell) visit(granule, row);
    const uint32_t tag = *word & kTagMask;  // rows of more than one word: what follows is their size
    if (tag > kMaxSmall) granule += tag == kTagHuge ? 2 : 1;
  }
  return granule;
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_SHADOW_H_

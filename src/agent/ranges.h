// Address ranges that come and go, kept so that memory can be accounted for later: which pages are the agent's own, and which an allocator
// mapped for itself. Rare events (a mapping is a system call anyway), so a short lock and a linear search will do.
#ifndef LIMPET_AGENT_RANGES_H_
#define LIMPET_AGENT_RANGES_H_

#include "agent/platform.h"

namespace limpet::agent {

struct Range {
  uintptr_t begin;
  uintptr_t end;
};

// At most kMax ranges; further ones are forgotten (the ledger then cannot explain them, and says so by its rest).
template <uint32_t kMax>
class RangeList {
 public:
  void Add(uintptr_t begin, size_t size) {
    LockGuard guard(lock_);
    if (count_ < kMax) items_[count_++] = {begin, begin + size};
  }

  // What begins in [begin, begin + size) is gone; what began before is cut short.
  void Remove(uintptr_t begin, size_t size) {
    LockGuard guard(lock_);
    const uintptr_t end = begin + size;
    for (uint32_t i = 0; i < count_;) {
      Range& range = items_[i];
      if (range.begin >= begin && range.begin < end) {
        if (range.end > end) range.begin = end;
        else range = items_[--count_];
        continue;
      }
      if (range.begin < begin && range.end > begin) range.end = begin;
      ++i;
    }
  }

  // For a copy of the process that stands still, or a reader that can live with a range that is just being moved.
  uint32_t count() const { return __atomic_load_n(&count_, __ATOMIC_ACQUIRE); }
  Range at(uint32_t i) const { return items_[i]; }

  void Clear() { count_ = 0; }
  void ResetAfterFork() { lock_.ResetAfterFork(); }

 private:
  SpinLock lock_;
  uint32_t count_ = 0;
  Range items_[kMax] = {};
};

using OwnRanges = RangeList<8192>;
using ArenaRanges = RangeList<65536>;

// Memory that MapMemory took.
extern OwnRanges g_own_ranges;
// Memory that allocators mapped while a hook around them was under way: pymalloc's arenas.
extern ArenaRanges g_arena_ranges;

inline void ResetRangesAfterFork() {
  g_own_ranges.ResetAfterFork();
  g_arena_ranges.ResetAfterFork();
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_RANGES_H_

// The two events, birth and death of a block, as every hook runs them. Inlined into the hooks; what is rare is called.
#ifndef LIMPET_AGENT_HOT_H_
#define LIMPET_AGENT_HOT_H_

#include "agent/counters.h"
#include "agent/ending.h"
#include "agent/look.h"
#include "agent/shadow.h"
#include "agent/stacks.h"
#include "agent/unaligned.h"
#include "agent/verify.h"

namespace limpet::agent {

using capture::Domain;

// Adds a death. `locked`: this thread holds the interpreter lock.
inline void CountDeath(Thread* thread, uint32_t pair, uint64_t size, bool locked) {
  thread->freed += size;
  CellRecord* cell = &PairAt(pair)->half[locked ? 0 : 1];
  if (LIMPET_LIKELY(locked)) {
    cell->deaths += 1;
    cell->death_bytes += size;
  } else {
    __atomic_add_fetch(&cell->deaths, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&cell->death_bytes, size, __ATOMIC_RELAXED);
  }
}

inline void CountBirth(Thread* thread, uint32_t pair, uint64_t size, bool locked) {
  CellRecord* cell = &PairAt(pair)->half[locked ? 0 : 1];
  uint32_t births;
  if (LIMPET_LIKELY(locked)) {
    births = cell->births += 1;
    cell->birth_bytes += size;
  } else {
    births = __atomic_add_fetch(&cell->births, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&cell->birth_bytes, size, __ATOMIC_RELAXED);
  }
  if (LIMPET_UNLIKELY(int32_t(births) < 0)) RetirePair(pair);
  thread->allocated += size;
  if (LIMPET_UNLIKELY(thread->allocated >= thread->next_tick)) Tick(thread);
}

// The row of a block that was handed out although it was never seen to be freed.
LIMPET_COLD void CountLost(Thread* thread, uint32_t* word, bool locked);
// A birth that could not be recorded.
LIMPET_COLD void CountUnrecorded(uint64_t size);

// Which pair? Looks in the thread's cache first. REQUIRES: key was made with DomainSalt.
template <class Find>
inline uint32_t PairOf(Thread* thread, uint64_t key, Find find) {
  SiteCacheEntry* entry = &thread->sites[key >> (64 - kSiteCacheBits)];
  const uint32_t tag = __atomic_load_n(&g_counters.tag, __ATOMIC_ACQUIRE);
  if (LIMPET_LIKELY(entry->key == key && entry->tag == tag)) return entry->pair;
  const uint32_t pair = find();
  *entry = {key, pair, tag};
  return pair;
}

// Counts a birth and notes it in the shadow, whatever the block and the thread.
LIMPET_COLD void AddRow(Thread* thread, void* block, uint32_t pair, uint64_t size, bool locked);
// What is left to do after a birth whose thread is due for a tick, or whose pair is full.
LIMPET_COLD void AfterBirth(Thread* thread, uint32_t pair);

// AddRow with the lock held: the common case, with no call but at its end.
[[gnu::always_inline]] inline void AddRowWithLock(Thread* thread, void* block, uint32_t pair, uint64_t size) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(block);
  constexpr uintptr_t kUncommon = ~(kAddressLimit - 1) | 15;
  if (LIMPET_UNLIKELY((address & kUncommon) | size >> 32 | (pair == 0))) return AddRow(thread, block, pair, size, true);
  uint32_t* word = FindWord(address);
  if (LIMPET_UNLIKELY(!word || *word)) return AddRow(thread, block, pair, size, true);
  EncodeRow(word, pair, size);
  CellRecord* cell = PairAt(pair)->half;
  cell->birth_bytes += size;
  const uint32_t births = cell->births += 1;
  thread->allocated += size;
  if (LIMPET_UNLIKELY(thread->allocated >= thread->next_tick || int32_t(births) < 0)) AfterBirth(thread, pair);
}

// The Python frame that runs on this thread, or null; `*locked`: whether the thread holds the interpreter lock. REQUIRES: the self-check passed.
template <class L>
[[gnu::always_inline]] inline const char* RunningFrame(Thread* thread, bool* locked) {
  char* own;
  char* state = AttachedStateAnywhere<L>(thread, &own);
  const char* top = own ? cpython::CurrentFrame<L>(own) : nullptr;
  *locked = state && cpython::Load<char*>(state, L::kThreadInterpreter) == g_python.main_interpreter;
  if (state && !*locked) g_python.more_interpreters = true;
  if (!top && state) NoteNoFrame(thread);
  return top;
}

// The pair for a birth seen by any hook on any thread; `*locked`: whether this thread holds the interpreter lock.
template <class L>
inline uint32_t PairAnywhere(Thread* thread, Domain domain, bool* locked) {
  if (LIMPET_UNLIKELY(!g_python.main_interpreter)) {
    *locked = false;
    const bool has_lock = domain == Domain::kMem || domain == Domain::kObject;
    if (!has_lock || !PassesSelfCheck<L>())
      return PairOf(thread, DomainSalt(domain) ^ kEmptyStack,
                    [&] { return PairWithoutFrames(DomainSalt(domain) ^ kEmptyStack, domain); });
  }
  const char* top = RunningFrame<L>(thread, locked);
  const uint64_t key = DomainSalt(domain) ^ (top ? Look<L>(thread, top) : kEmptyStack);
  return PairOf(thread, key, [&] { return PairOfStack<L>(thread, key, top, domain); });
}

template <class L, Domain kDomain>
__attribute__((noinline)) void BirthOutsidePython(Thread* thread, void* block, uint64_t size) {
  bool locked;
  const uint32_t pair = PairAnywhere<L>(thread, kDomain, &locked);
  AddRow(thread, block, pair, size, locked);
}

// A birth whose stack was looked up, but is not in the thread's cache.
template <class L, Domain kDomain>
__attribute__((noinline)) void BirthOfStack(Thread* thread, void* block, uint64_t size, uint64_t key, const char* top) {
  const uint32_t pair = PairOf(thread, key, [&] { return PairOfStack<L>(thread, key, top, kDomain); });
  AddRowWithLock(thread, block, pair, size);
}

// A birth whose stack has changed in many frames.
template <class L, Domain kDomain>
__attribute__((noinline)) void BirthOfNewStack(Thread* thread, void* block, uint64_t size, const char* top) {
  BirthOfStack<L, kDomain>(thread, block, size, DomainSalt(kDomain) ^ Look<L>(thread, top), top);
}

// A birth on the thread of thread state `state`, which holds the interpreter lock (or null). The common case from end to end:
// what is not ends in a call that does the rest, so that this needs no stack frame of its own.
template <class L, Domain kDomain>
LIMPET_HOT inline void BirthWithState(Thread* thread, char* state, void* block, uint64_t size) {
  if (LIMPET_UNLIKELY(!state || cpython::Load<char*>(state, L::kThreadInterpreter) != g_python.main_interpreter)) {
    return BirthOutsidePython<L, kDomain>(thread, block, size);
  }
  const char* top = cpython::CurrentFrame<L>(state);
  if (LIMPET_UNLIKELY(!top)) return BirthOutsidePython<L, kDomain>(thread, block, size);
  const uint64_t hash = LookQuick<L>(thread, top);
  if (LIMPET_UNLIKELY(hash == 0)) return BirthOfNewStack<L, kDomain>(thread, block, size, top);
  const uint64_t key = hash ^ DomainSalt(kDomain);
  const SiteCacheEntry* entry = &thread->sites[key >> (64 - kSiteCacheBits)];
  const uint32_t tag = __atomic_load_n(&g_counters.tag, __ATOMIC_ACQUIRE);
  if (LIMPET_UNLIKELY(entry->key != key || entry->tag != tag))
    return BirthOfStack<L, kDomain>(thread, block, size, key, top);
  AddRowWithLock(thread, block, entry->pair, size);
}

// A birth seen by a hook that the interpreter calls with its lock held.
template <class L, Domain kDomain>
LIMPET_HOT inline void BirthWithLock(Thread* thread, void* block, uint64_t size) {
  BirthWithState<L, kDomain>(thread, AttachedState<L>(thread), block, size);
}

// A birth seen by any hook on any thread.
template <class L, Domain kDomain>
LIMPET_HOT inline void BirthAnywhere(Thread* thread, void* block, uint64_t size) {
  if constexpr (L::kRuntimeCurrentThread == cpython::kAbsent)
    BirthWithState<L, kDomain>(thread, AttachedState<L>(thread), block, size);
  else BirthOutsidePython<L, kDomain>(thread, block, size);
}

// What a death found: the block's row, already taken out of the shadow.
inline Row TakeRow(uintptr_t address) {
  if (LIMPET_UNLIKELY(address & 15)) return TakeUnaligned(address);
  uint32_t* word = FindWord(address);
  if (!word || !*word) return {};
  const Row row = DecodeRow(word);
  ClearRow(word);
  return row;
}

// Puts a row back: the realloc that was to move the block failed.
void PutRowBack(uintptr_t address, const Row& row);

// The version's instance of BirthAnywhere and of "does this thread hold the lock?", chosen when the interpreter is found;
// before that, and without one, stacks are empty and nobody holds it.
struct Anywhere {
  void (*birth)(Thread* thread, void* block, uint64_t size);  // in Domain::kMalloc
  uint32_t (*pair)(Thread* thread, Domain domain);
  bool (*holds_lock)(Thread* thread);
};
extern Anywhere g_anywhere;

inline void Death(Thread* thread, const Row& row) {
  if (row.cell) CountDeath(thread, row.cell, row.size, g_anywhere.holds_lock(thread));
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_HOT_H_

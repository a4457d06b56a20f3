// The hooks on one of the interpreter's allocator domains: python_hooks.cc puts them in at the start, python_hooks_late.cc into a program
// that runs already.
#ifndef LIMPET_AGENT_ALLOCATOR_HOOKS_H_
#define LIMPET_AGENT_ALLOCATOR_HOOKS_H_

#include "agent/hot.h"

namespace limpet::agent {

// One domain's hooks for one interpreter version. From: where the allocators are that stood here before, and the context that they get; where it
// has Born and Died, these are told of each birth and death.
// A type of the file's own (of an unnamed namespace), so that the compiler knows all callers and inlines as it should.
template <class L, Domain kDomain, class From>
struct Hooks {
  // Raw memory may be asked for by any thread, the other two only with the lock.
  static constexpr bool kHasLock = kDomain != Domain::kRaw;

  static void Birth(Thread* thread, void* block, size_t size) {
    if constexpr (kHasLock) BirthWithLock<L, kDomain>(thread, block, size);
    else BirthAnywhere<L, kDomain>(thread, block, size);
    if constexpr (requires { From::Born(block, size); }) From::Born(block, size);
  }
  static void Die(Thread* thread, const Row& row) {
    if (!row.cell) return;
    if constexpr (requires { From::Died(row); }) From::Died(row);
    CountDeath(thread, row.cell, row.size, (kHasLock && !g_python.more_interpreters) || g_anywhere.holds_lock(thread));
  }

  LIMPET_HOT static void* Malloc(void* context, size_t size) {
    const PyAllocator& original = From::template Original<kDomain>(context);
    Thread* thread = Enter();
    void* block = original.malloc(From::Context(original, context), size);
    if (LIMPET_UNLIKELY(!thread)) return block;
    if (LIMPET_LIKELY(block != nullptr)) Birth(thread, block, size);
    Leave();
    return block;
  }

  static void* Calloc(void* context, size_t count, size_t size) {
    const PyAllocator& original = From::template Original<kDomain>(context);
    Thread* thread = Enter();
    void* block = original.calloc(From::Context(original, context), count, size);
    if (LIMPET_UNLIKELY(!thread)) return block;
    if (LIMPET_LIKELY(block != nullptr)) Birth(thread, block, count * size);
    Leave();
    return block;
  }

  // The row is taken before the call: once the old block is free, another thread may get its address.
  static void* Realloc(void* context, void* old, size_t size) {
    const PyAllocator& original = From::template Original<kDomain>(context);
    Thread* thread = Enter();
    const bool nested = !thread;
    if (LIMPET_UNLIKELY(nested)) thread = EnterNested();
    const Row row = old && thread ? TakeRow(reinterpret_cast<uintptr_t>(old)) : Row();
    if (LIMPET_UNLIKELY(nested && !row.cell)) return original.realloc(From::Context(original, context), old, size);
    void* block = original.realloc(From::Context(original, context), old, size);
    if (LIMPET_LIKELY(block != nullptr)) {
      Die(thread, row);
      Birth(thread, block, size);
    } else if (old) {
      PutRowBack(reinterpret_cast<uintptr_t>(old), row);
    }
    if (!nested) Leave();
    return block;
  }

  LIMPET_HOT static void Free(void* context, void* block) {
    const PyAllocator& original = From::template Original<kDomain>(context);
    Thread* thread = block ? Enter() : nullptr;
    const bool nested = !thread;
    if (LIMPET_UNLIKELY(nested)) {
      thread = block ? EnterNested() : nullptr;
      if (!thread) return original.free(From::Context(original, context), block);
    }
    const Row row = TakeRow(reinterpret_cast<uintptr_t>(block));
    Die(thread, row);
    if (LIMPET_UNLIKELY(row.code))
      FreeKept(original, From::Context(original, context), KeepBack(block, row.size, g_anywhere.holds_lock(thread)));
    else original.free(From::Context(original, context), block);
    if (!nested) Leave();
  }

  static void FreeKept(const PyAllocator& original, void* context, void* list) {
    while (list) {
      void* next;
      memcpy(&next, list, sizeof next);
      original.free(context, list);
      list = next;
    }
  }
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_ALLOCATOR_HOOKS_H_

// The hooks that serve while tracemalloc's sums are wanted: the others' work, and an addition more. A file of its own, for the reason that
// python_hooks_late.cc gives.
#include <dlfcn.h>

#include "agent/allocator_hooks.h"
#include "agent/python_hooks.h"
#include "agent/symbols.h"
#include "agent/traces.h"

namespace limpet::agent {

namespace {

constexpr int kDomains = 3;  // PYMEM_DOMAIN_RAW, MEM, OBJ: the numbers of capture::Domain

PyAllocator g_behind[kDomains];    // what our hooks call
PyAllocator g_replaced[kDomains];  // our other hooks
bool g_switched[kDomains];
const void* g_newest;  // the block that was born last

// The context stays that of the hooks that are replaced: a thread may be just calling them.
struct Traced {
  template <Domain kDomain>
  static const PyAllocator& Original(void*) {
    return g_behind[int(kDomain)];
  }
  static void* Context(const PyAllocator& original, void*) { return original.context; }
  static void Born(const void* block, uint64_t size) {
    __atomic_store_n(&g_newest, block, __ATOMIC_RELAXED);
    AddTraced(size);
  }
  static void Died(const Row& row) { SubtractRow(row); }
};

template <class L, Domain kDomain>
bool Switch(bool on) {
  using H = Hooks<L, kDomain, Traced>;
  constexpr int kIndex = int(kDomain);
  PyAllocator* ours;
  PyAllocator behind;
  if (!HooksInFront(kIndex, &ours, &behind) && !HooksInFrontLate(kIndex, &ours, &behind)) return false;
  if (g_switched[kIndex] && ours->malloc != H::Malloc) g_switched[kIndex] = false;  // they were put in anew
  if (g_switched[kIndex] == on) return true;
  if (on) {
    g_behind[kIndex] = behind;
    g_replaced[kIndex] = *ours;
    *ours = {ours->context, H::Malloc, H::Calloc, H::Realloc, H::Free};
  } else {
    *ours = g_replaced[kIndex];
  }
  g_python.set_allocator(kIndex, ours);
  g_switched[kIndex] = on;
  return true;
}

// ---- objects that are used again without being allocated anew (free lists): 3.13 and later tell ------------------------------------------

using OnReference = int (*)(char* object, int event, void* data);
struct ReferenceTracer {
  int (*set)(OnReference tracer, void* data);
  OnReference (*get)(void** data);
};
ReferenceTracer g_tracer;

template <class L>
uintptr_t BlockOfObject(const char* object) {
  constexpr uint64_t kPreHeader = 3u << 3;  // managed weak references, managed dict
  constexpr uint64_t kHasGc = 1u << 14;
  const uint64_t flags = cpython::Load<uint64_t>(cpython::Load<const char*>(object, L::kObjectType), L::kTypeFlags);
  return reinterpret_cast<uintptr_t>(object) - (flags & kHasGc ? 16 : 0) - (flags & kPreHeader ? 16 : 0);
}

// Gives an object that is made of a known block its own time and place of birth. The interpreter lock is held.
template <class L>
int Reborn(char* object, int event, void*) {
  constexpr int kCreated = 0;
  if (event != kCreated || !g_traces.on) return 0;
  const uintptr_t block = BlockOfObject<L>(object);
  if (block == reinterpret_cast<uintptr_t>(g_newest)) {  // born just now; the next time it is made of it, it is not
    __atomic_store_n(&g_newest, nullptr, __ATOMIC_RELAXED);
    return 0;
  }
  if (block % 16) return 0;
  const uint32_t* word = FindWord(block);
  if (!word || !*word || (*word & kTagMask) == kTagCode) return 0;
  Thread* thread = Enter();
  if (!thread) return 0;
  using H = Hooks<L, Domain::kObject, Traced>;
  const Row row = TakeRow(block);
  H::Die(thread, row);
  H::Birth(thread, reinterpret_cast<void*>(block), row.size);
  Leave();
  return 0;
}

template <class L>
void SwitchReferences(bool on) {
  if constexpr (L::kMinor >= 13) {
    if (!g_tracer.set) {
      g_tracer.set = reinterpret_cast<decltype(g_tracer.set)>(FindSymbol(RTLD_DEFAULT, "PyRefTracer_SetTracer"));
      g_tracer.get = reinterpret_cast<decltype(g_tracer.get)>(FindSymbol(RTLD_DEFAULT, "PyRefTracer_GetTracer"));
    }
    if (!g_tracer.set || !g_tracer.get) return;
    void* data;
    const OnReference now = g_tracer.get(&data);
    if (on && !now) g_tracer.set(Reborn<L>, nullptr);
    if (!on && now == Reborn<L>) g_tracer.set(nullptr, nullptr);
  }
}

}  // namespace

bool SwitchTracedHooks(uint32_t minor, bool on) {
  return cpython::ForLayout(int(minor), false, [on](auto layout) {
    using L = decltype(layout);
    const bool raw = Switch<L, Domain::kRaw>(on);
    const bool mem = Switch<L, Domain::kMem>(on);
    const bool all = Switch<L, Domain::kObject>(on) && raw && mem;
    SwitchReferences<L>(on && all);
    return all;
  });
}

}  // namespace limpet::agent

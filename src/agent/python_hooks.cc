// Hooks on the interpreter's three allocator domains.
//
// Ours are the outermost: the object allocator may call the raw one, the raw one malloc; the guard (Enter) makes only the
// first of them count, so each byte is counted once, in the domain that was asked.
#include "agent/python_hooks.h"

#include "agent/hot.h"
#include "agent/native_stacks.h"

namespace limpet::agent {

namespace {

constexpr int kDomains = 3;  // PYMEM_DOMAIN_RAW, MEM, OBJ: the numbers of capture::Domain
constexpr int kMaxLayers = 8;
// What was there before each of our installations: the context of that installation's hooks. The interpreter may put a
// domain's allocators aside and back again, so an installation never changes once it is made.
PyAllocator g_originals[kDomains][kMaxLayers];
int g_layers[kDomains];
PyAllocator g_ours[kDomains];

// One domain's hooks for one interpreter version.
template <class L, Domain kDomain>
struct Hooks {
  // Raw memory may be asked for by any thread, the other two only with the lock.
  static constexpr bool kHasLock = kDomain != Domain::kRaw;

  static void Birth(Thread* thread, void* block, size_t size) {
    if constexpr (kHasLock) BirthWithLock<L, kDomain>(thread, block, size);
    else BirthAnywhere<L, kDomain>(thread, block, size);
  }
  static void Die(Thread* thread, const Row& row) {
    if (!row.cell) return;
    CountDeath(thread, row.cell, row.size, (kHasLock && !g_python.more_interpreters) || g_anywhere.holds_lock(thread));
  }

  LIMPET_HOT static void* Malloc(void* context, size_t size) {
    const PyAllocator& original = *static_cast<const PyAllocator*>(context);
    Thread* thread = Enter();
    void* block = original.malloc(original.context, size);
    if (LIMPET_UNLIKELY(!thread)) return block;
    if (LIMPET_LIKELY(block != nullptr)) Birth(thread, block, size);
    Leave();
    return block;
  }

  static void* Calloc(void* context, size_t count, size_t size) {
    const PyAllocator& original = *static_cast<const PyAllocator*>(context);
    Thread* thread = Enter();
    void* block = original.calloc(original.context, count, size);
    if (LIMPET_UNLIKELY(!thread)) return block;
    if (LIMPET_LIKELY(block != nullptr)) Birth(thread, block, count * size);
    Leave();
    return block;
  }

  // The row is taken before the call: once the old block is free, another thread may get its address.
  static void* Realloc(void* context, void* old, size_t size) {
    const PyAllocator& original = *static_cast<const PyAllocator*>(context);
    Thread* thread = Enter();
    const bool nested = !thread;
    if (LIMPET_UNLIKELY(nested)) thread = EnterNested();
    const Row row = old && thread ? TakeRow(reinterpret_cast<uintptr_t>(old)) : Row();
    if (LIMPET_UNLIKELY(nested && !row.cell)) return original.realloc(original.context, old, size);
    void* block = original.realloc(original.context, old, size);
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
    const PyAllocator& original = *static_cast<const PyAllocator*>(context);
    Thread* thread = block ? Enter() : nullptr;
    const bool nested = !thread;
    if (LIMPET_UNLIKELY(nested)) {
      thread = block ? EnterNested() : nullptr;
      if (!thread) return original.free(original.context, block);
    }
    const Row row = TakeRow(reinterpret_cast<uintptr_t>(block));
    Die(thread, row);
    if (LIMPET_UNLIKELY(row.code)) FreeKept(original, KeepBack(block, row.size, g_anywhere.holds_lock(thread)));
    else original.free(original.context, block);
    if (!nested) Leave();
  }

  static void FreeKept(const PyAllocator& original, void* list) {
    while (list) {
      void* next;
      memcpy(&next, list, sizeof next);
      original.free(original.context, list);
      list = next;
    }
  }
};

template <class L, Domain kDomain>
void InstallDomain() {
  using H = Hooks<L, kDomain>;
  constexpr int kIndex = int(kDomain);
  PyAllocator now;
  g_python.get_allocator(kIndex, &now);
  if (now.malloc == H::Malloc || g_layers[kIndex] == kMaxLayers) return;
  PyAllocator* original = &g_originals[kIndex][g_layers[kIndex]++];
  *original = now;
  g_ours[kIndex] = {original, H::Malloc, H::Calloc, H::Realloc, H::Free};
  g_python.set_allocator(kIndex, &g_ours[kIndex]);
}

template <class L>
bool HoldsLock(Thread* thread) {
  char* own;
  char* state = AttachedStateAnywhere<L>(thread, &own);
  return state && cpython::Load<char*>(state, L::kThreadInterpreter) == g_python.main_interpreter;
}

template <class L>
uint32_t FindPair(Thread* thread, Domain domain) {
  bool locked;
  return PairAnywhere<L>(thread, domain, &locked);
}

template <class L>
uint32_t FindNativePair(Thread* thread, Domain domain) {
  bool locked;
  return PairWithNative<L>(thread, domain, Here(), &locked);
}

template <class L>
void Install() {
  InstallDomain<L, Domain::kRaw>();
  InstallDomain<L, Domain::kMem>();
  InstallDomain<L, Domain::kObject>();
  if (g_agent.options.native) g_anywhere = {NativeBirth<L>, FindNativePair<L>, HoldsLock<L>};
  else g_anywhere = {BirthAnywhere<L, Domain::kMalloc>, FindPair<L>, HoldsLock<L>};
  NoteInterpreter();
}

}  // namespace

bool InstallPythonHooks(uint32_t minor) {
  return cpython::ForLayout(int(minor), false, [](auto layout) {
    Install<decltype(layout)>();
    return true;
  });
}

bool PythonHooksInPlace() {
  // The raw domain is put aside for moments; who means to replace us replaces the object domain.
  constexpr int kObject = int(Domain::kObject);
  PyAllocator now = {};
  g_python.get_allocator(kObject, &now);
  return now.malloc == g_ours[kObject].malloc && now.free == g_ours[kObject].free;
}

}  // namespace limpet::agent

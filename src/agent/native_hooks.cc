// The malloc family and mmap, put in front of the C library's by being exported from a preloaded library: calls through any
// object's PLT come here, and so does what dlsym finds (ctypes). C++ new and delete end in malloc.
//
// Each hook passes the call on to the next definition (the C library's, or a preloaded jemalloc's) and counts it unless this
// thread is already inside a hook.
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>

#include "agent/exit_hooks.h"
#include "agent/hot.h"
#include "agent/lifecycle.h"
#include "agent/maps.h"
#include "agent/native_hooks.h"
#include "agent/patch.h"
#include "agent/ranges.h"
#include "agent/symbols.h"

namespace limpet::agent {

namespace {

struct Next {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  void (*free)(void*);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  void* (*memalign)(size_t, size_t);
  void* (*reallocarray)(void*, size_t, size_t);
  void* (*valloc)(size_t);
  void* (*pvalloc)(size_t);
  void* (*mmap)(void*, size_t, int, int, int, off_t);
  int (*munmap)(void*, size_t);
  void* (*mremap)(void*, size_t, size_t, int, ...);
};
Next g_next;
bool g_resolving;
bool g_late;  // we came into a program that was running

// Serves what the dynamic linker itself asks for while we look up the real functions. Never given back.
alignas(16) char g_bootstrap[16 * 1024];
size_t g_bootstrap_used;

void* Bootstrap(size_t size) {
  size = (size + 15) / 16 * 16;
  if (g_bootstrap_used + size > sizeof g_bootstrap) return nullptr;
  void* block = g_bootstrap + g_bootstrap_used;
  g_bootstrap_used += size;
  return block;
}

bool IsBootstrap(const void* block) { return block >= g_bootstrap && block < g_bootstrap + sizeof g_bootstrap; }

template <class T>
void Resolve(T* to, const char* name) {
  *to = reinterpret_cast<T>(FindSymbol(RTLD_NEXT, name));
}

// False while the lookup is under way (on this thread: nothing else runs that early).
LIMPET_COLD bool ResolveAll() {
  if (g_resolving) return false;
  g_resolving = true;
  Resolve(&g_next.calloc, "calloc");
  Resolve(&g_next.realloc, "realloc");
  Resolve(&g_next.free, "free");
  Resolve(&g_next.posix_memalign, "posix_memalign");
  Resolve(&g_next.aligned_alloc, "aligned_alloc");
  Resolve(&g_next.memalign, "memalign");
  Resolve(&g_next.reallocarray, "reallocarray");
  Resolve(&g_next.valloc, "valloc");
  Resolve(&g_next.pvalloc, "pvalloc");
  Resolve(&g_next.mmap, "mmap");
  Resolve(&g_next.munmap, "munmap");
  Resolve(&g_next.mremap, "mremap");
  Resolve(&g_next.malloc, "malloc");
  g_resolving = false;
  return true;
}

inline bool Ready() { return LIMPET_LIKELY(g_next.malloc != nullptr) || ResolveAll(); }

void Birth(Thread* thread, void* block, size_t size) {
  const int saved = errno;
  g_anywhere.birth(thread, block, size);
  if (LIMPET_UNLIKELY(g_early)) LookForPython(thread);
  errno = saved;
}

// What all functions that hand out a new block have in common.
template <class Call>
inline void* Allocate(size_t size, Call call) {
  Thread* thread = Enter();
  void* block = call();
  if (LIMPET_UNLIKELY(!thread)) return block;
  if (LIMPET_LIKELY(block != nullptr)) Birth(thread, block, size);
  Leave();
  return block;
}

// And those that move one. A null result with size 0 means that the old block was freed.
template <class Call>
inline void* Reallocate(void* old, size_t size, Call call) {
  Thread* thread = Enter();
  const bool nested = !thread;
  if (LIMPET_UNLIKELY(nested)) thread = EnterNested();
  const Row row = old && thread ? TakeRow(reinterpret_cast<uintptr_t>(old)) : Row();
  if (LIMPET_UNLIKELY(nested && !row.cell)) return call();
  void* block = call();
  if (LIMPET_LIKELY(block != nullptr)) {
    Death(thread, row);
    Birth(thread, block, size);
  } else if (old && size == 0) {
    Death(thread, row);
  } else if (old) {
    PutRowBack(reinterpret_cast<uintptr_t>(old), row);
  }
  if (!nested) Leave();
  return block;
}

// A mapping made inside of a hook is an allocator's own, such as an arena of pymalloc. No block of the program: it is not counted, but
// the ledger wants to know what its pages are for.
void NoteNestedMapping(void* block, size_t size, int flags) {
  if (block != MAP_FAILED && flags & MAP_ANONYMOUS && EnterNested())
    g_arena_ranges.Add(reinterpret_cast<uintptr_t>(block), size);
}

}  // namespace

// Every hook by a name of our own as well. Where the agent was loaded into a running program, `malloc` means the C library's, here too.
#define LIMPET_OWN_NAME(name)                                                                                 \
  __asm__(".globl limpet_hook_" #name "\n.hidden limpet_hook_" #name "\n.set limpet_hook_" #name ", " #name); \
  extern "C" __attribute__((visibility("hidden"))) decltype(::name) limpet_hook_##name
LIMPET_OWN_NAME(malloc);
LIMPET_OWN_NAME(calloc);
LIMPET_OWN_NAME(realloc);
LIMPET_OWN_NAME(reallocarray);
LIMPET_OWN_NAME(free);
LIMPET_OWN_NAME(posix_memalign);
LIMPET_OWN_NAME(aligned_alloc);
LIMPET_OWN_NAME(memalign);
LIMPET_OWN_NAME(valloc);
LIMPET_OWN_NAME(pvalloc);
LIMPET_OWN_NAME(mmap);
LIMPET_OWN_NAME(munmap);
LIMPET_OWN_NAME(mremap);
#undef LIMPET_OWN_NAME
// Defined in symbols.cc.
extern "C" __attribute__((visibility("hidden"))) void* limpet_hook_dlsym(void* handle, const char* name);

LIMPET_EXPORT void* malloc(size_t size) noexcept {
  if (!Ready()) return Bootstrap(size);
  return Allocate(size, [=] { return g_next.malloc(size); });
}

LIMPET_EXPORT void* calloc(size_t count, size_t size) noexcept {
  if (!Ready()) return Bootstrap(count * size);
  return Allocate(count * size, [=] { return g_next.calloc(count, size); });
}

LIMPET_EXPORT void* realloc(void* old, size_t size) noexcept {
  if (!Ready()) return Bootstrap(size);
  if (LIMPET_UNLIKELY(IsBootstrap(old))) {
    void* block = malloc(size);
    const size_t most = size_t(g_bootstrap + sizeof g_bootstrap - static_cast<char*>(old));
    if (block) memcpy(block, old, size < most ? size : most);
    return block;
  }
  return Reallocate(old, size, [=] { return g_next.realloc(old, size); });
}

LIMPET_EXPORT void* reallocarray(void* old, size_t count, size_t size) noexcept {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return limpet_hook_realloc(old, bytes);
}

LIMPET_EXPORT LIMPET_HOT void free(void* block) noexcept {
  if (!block) return;
  if (LIMPET_UNLIKELY(!Ready() || IsBootstrap(block))) return;
  Thread* thread = Enter();
  if (LIMPET_LIKELY(thread != nullptr)) {
    const Row row = TakeRow(reinterpret_cast<uintptr_t>(block));
    if (LIMPET_LIKELY(row.cell != 0)) Death(thread, row);
    g_next.free(block);
    Leave();
    return;
  }
  if (Thread* outer = EnterNested()) Death(outer, TakeRow(reinterpret_cast<uintptr_t>(block)));
  g_next.free(block);
}

LIMPET_EXPORT void cfree(void* block) noexcept { limpet_hook_free(block); }

LIMPET_EXPORT int posix_memalign(void** block, size_t alignment, size_t size) noexcept {
  if (!Ready()) return ENOMEM;
  int result = 0;
  Allocate(size, [&]() -> void* {
    result = g_next.posix_memalign(block, alignment, size);
    return result == 0 ? *block : nullptr;
  });
  return result;
}

LIMPET_EXPORT void* aligned_alloc(size_t alignment, size_t size) noexcept {
  if (!Ready()) return nullptr;
  return Allocate(size, [=] { return g_next.aligned_alloc(alignment, size); });
}

LIMPET_EXPORT void* memalign(size_t alignment, size_t size) noexcept {
  if (!Ready()) return nullptr;
  return Allocate(size, [=] { return g_next.memalign(alignment, size); });
}

LIMPET_EXPORT void* valloc(size_t size) noexcept {
  if (!Ready()) return nullptr;
  return Allocate(size, [=] { return g_next.valloc(size); });
}

LIMPET_EXPORT void* pvalloc(size_t size) noexcept {
  if (!Ready()) return nullptr;
  return Allocate(size, [=] { return g_next.pvalloc(size); });
}

LIMPET_EXPORT void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  if (!Ready()) return MAP_FAILED;
  Thread* thread = Enter();
  void* block = g_next.mmap(address, size, protection, flags, fd, offset);
  if (!thread) {
    NoteNestedMapping(block, size, flags);
    return block;
  }
  if (block != MAP_FAILED) CountMapped(thread, block, size, flags);
  Leave();
  return block;
}

LIMPET_EXPORT void* mmap64(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return limpet_hook_mmap(address, size, protection, flags, fd, offset);
}

LIMPET_EXPORT int munmap(void* address, size_t size) noexcept {
  if (!Ready()) return -1;
  Thread* thread = Enter();
  if (!thread) {
    if (g_arena_ranges.count() && EnterNested())
      g_arena_ranges.Remove(reinterpret_cast<uintptr_t>(address), size);  // before it may be handed out again
    return g_next.munmap(address, size);
  }
  const int result = UnmapCounted(thread, address, size, [=] { return g_next.munmap(address, size); });
  Leave();
  return result;
}

LIMPET_EXPORT void* mremap(void* old, size_t old_size, size_t size, int flags, ...) noexcept {
  void* wanted = nullptr;
  if (flags & MREMAP_FIXED) {
    va_list rest;
    va_start(rest, flags);
    wanted = va_arg(rest, void*);
    va_end(rest);
  }
  if (!Ready()) return MAP_FAILED;
  Thread* thread = Enter();
  if (!thread) return g_next.mremap(old, old_size, size, flags, wanted);
  void* block = RemapCounted(thread, old, old_size, size, flags,
                             [=] { return g_next.mremap(old, old_size, size, flags, wanted); });
  Leave();
  return block;
}

size_t ListNativeHooks(NativeHook* hooks) {
  size_t count = 0;
#define LIMPET_PAIR(name) \
  hooks[count++] = {#name, reinterpret_cast<void*>(&limpet_hook_##name), reinterpret_cast<void*>(g_next.name)}
  LIMPET_PAIR(malloc);
  LIMPET_PAIR(calloc);
  LIMPET_PAIR(realloc);
  LIMPET_PAIR(free);
  LIMPET_PAIR(posix_memalign);
  LIMPET_PAIR(memalign);
  LIMPET_PAIR(aligned_alloc);
  LIMPET_PAIR(reallocarray);
  LIMPET_PAIR(valloc);
  LIMPET_PAIR(pvalloc);
  LIMPET_PAIR(mmap);
  LIMPET_PAIR(munmap);
  LIMPET_PAIR(mremap);
#undef LIMPET_PAIR
  hooks[count++] = {"mmap64", reinterpret_cast<void*>(&limpet_hook_mmap), reinterpret_cast<void*>(g_next.mmap)};
  hooks[count++] = {"dlsym", reinterpret_cast<void*>(&limpet_hook_dlsym), reinterpret_cast<void*>(g_real_dlsym)};
  return count + ListExitHooks(hooks + count);
}

void* HookOf(void* function) {
  if (!function || !Ready()) return function;
  NativeHook hooks[kMostNativeHooks];
  const size_t count = ListNativeHooks(hooks);
  for (size_t i = 0; i < count; ++i) {
    if (hooks[i].original == function && function != reinterpret_cast<void*>(g_real_dlsym)) return hooks[i].hook;
  }
  return function;
}

bool NativeHooksInterposed() { return g_next.malloc != nullptr && !g_late; }

bool ResolveNativeLate() {
  if (g_late) return true;
  g_resolving = true;  // nobody calls the hooks yet
#define LIMPET_FIND(name) g_next.name = reinterpret_cast<decltype(g_next.name)>(FindDefinition(#name))
  LIMPET_FIND(calloc);
  LIMPET_FIND(realloc);
  LIMPET_FIND(free);
  LIMPET_FIND(posix_memalign);
  LIMPET_FIND(aligned_alloc);
  LIMPET_FIND(memalign);
  LIMPET_FIND(reallocarray);
  LIMPET_FIND(valloc);
  LIMPET_FIND(pvalloc);
  LIMPET_FIND(mmap);
  LIMPET_FIND(munmap);
  LIMPET_FIND(mremap);
  LIMPET_FIND(malloc);
#undef LIMPET_FIND
  g_resolving = false;
  const Next& n = g_next;
  g_late = n.malloc && n.calloc && n.realloc && n.free && n.posix_memalign && n.aligned_alloc && n.memalign && n.mmap &&
           n.munmap && n.mremap && n.reallocarray && n.valloc && n.pvalloc;
  if (!g_late) g_next = {};
  return g_late;
}

}  // namespace limpet::agent

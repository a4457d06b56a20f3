#include "agent/track_hooks.h"

#include <dlfcn.h>

#include "agent/hot.h"
#include "agent/native_hooks.h"
#include "agent/patch.h"
#include "agent/symbols.h"
#include "agent/traces.h"

namespace limpet::agent {

namespace {

constinit TrackedTable g_tracked;  // under the agent's lock

// The interpreter's own functions.
struct Originals {
  int (*track)(unsigned domain, uintptr_t address, size_t size);
  int (*untrack)(unsigned domain, uintptr_t address);
  void* frames_of;
  void* (*dlopen)(const char* path, int mode);
};
Originals g_originals;
NativeHook g_hooks[3];
size_t g_hook_count;
NativeHook g_dlopen_hook;

bool Listening() { return g_traces.on && g_gate.state == uint32_t(Gate::kOpen); }

// Whether a block of Python's own allocators is there, which is traced in domain 0 by itself.
bool IsBlock(uintptr_t address) {
  const uint32_t* word = address % 16 == 0 ? FindWord(address) : nullptr;
  return word && *word;
}

int Track(unsigned domain, uintptr_t address, size_t size) {
  if (!Listening()) return g_originals.track(domain, address, size);
  ErrnoGuard errno_guard;
  Thread* thread = Enter();
  if (!thread) return 0;
  const uint32_t pair = g_anywhere.pair(thread, Domain::kObject);
  bool done = pair != 0;
  if (done && (domain != 0 || !IsBlock(address))) {
    TrackedTable::Entry old;
    LockGuard guard(g_agent.lock);
    done = g_tracked.Put({address, size, domain, PairAt(pair)->half[0].site + 1}, &old);
    if (done) SubtractTraced(old.size);
    if (done) AddTraced(size);
  }
  Leave();
  return done ? 0 : -1;
}

int Untrack(unsigned domain, uintptr_t address) {
  if (!Listening()) return g_originals.untrack(domain, address);
  Thread* thread = Enter();
  {
    LockGuard guard(g_agent.lock);
    SubtractTraced(g_tracked.Take(domain, address).size);
  }
  if (thread) Leave();
  return 0;
}

void* OpenLibrary(const char* path, int mode) {
  void* handle = g_originals.dlopen(path, mode);
  if (handle && Listening()) PatchSlots(g_hooks, g_hook_count, true, nullptr);
  return handle;
}

template <class Function>
void Add(const char* name, void* hook, Function* original) {
  *original = reinterpret_cast<Function>(FindSymbol(RTLD_DEFAULT, name));
  if (!*original) return;
  g_hooks[g_hook_count++] = {name, hook, reinterpret_cast<void*>(*original)};
}

}  // namespace

void InstallTrackHooks(void* frames_of) {
  ErrnoGuard errno_guard;
  g_hook_count = 0;
  Add("PyTraceMalloc_Track", reinterpret_cast<void*>(Track), &g_originals.track);
  Add("PyTraceMalloc_Untrack", reinterpret_cast<void*>(Untrack), &g_originals.untrack);
  if (frames_of) Add("_PyTraceMalloc_GetTraceback", frames_of, &g_originals.frames_of);
  PatchSlots(g_hooks, g_hook_count, true, nullptr);
  g_originals.dlopen = reinterpret_cast<decltype(g_originals.dlopen)>(FindSymbol(RTLD_DEFAULT, "dlopen"));
  if (!g_originals.dlopen) return;
  g_dlopen_hook = {"dlopen", reinterpret_cast<void*>(OpenLibrary), reinterpret_cast<void*>(g_originals.dlopen)};
  PatchSlots(&g_dlopen_hook, 1, true, g_python.runtime);
}

void RemoveTrackHooks() {
  ErrnoGuard errno_guard;
  PatchSlots(g_hooks, g_hook_count, false, nullptr);
  if (g_originals.dlopen) PatchSlots(&g_dlopen_hook, 1, false, g_python.runtime);
}

void ForgetTracked() { g_tracked.Clear(); }

uint64_t TrackedBytes() { return g_tracked.bytes(); }

uint32_t FindTracked(uint32_t domain, uintptr_t address) {
  LockGuard guard(g_agent.lock);
  const TrackedTable::Entry* entry = g_tracked.Find(domain, address);
  return entry ? entry->site_plus_1 - 1 : capture::kNoSite;
}

void ForEachTracked(void (*visit)(void* self, const TrackedTable::Entry& entry), void* self) {
  LockGuard guard(g_agent.lock);
  g_tracked.ForEach([=](const TrackedTable::Entry& entry) { visit(self, entry); });
}

}  // namespace limpet::agent

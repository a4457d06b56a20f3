// Looking up symbols past our own: dlsym as the C library has it, and what programs see instead.
//
// A program may ask a library's handle for `malloc` (ctypes.CDLL("libc.so.6").malloc) and so go around the preloaded
// definitions. Our dlsym answers such questions with the hook.
#ifndef LIMPET_AGENT_SYMBOLS_H_
#define LIMPET_AGENT_SYMBOLS_H_

#include <stdint.h>

namespace limpet::agent {

// The C library's own dlsym. Null only when it has none.
using DlsymFunction = void* (*)(void* handle, const char* name);
extern DlsymFunction g_real_dlsym;
bool FindRealDlsym();
// The same for an agent that was loaded into a running program: it stands behind the C library, and nothing comes after it.
bool FindRealDlsymLate();

inline void* FindSymbol(void* handle, const char* name) {
  return g_real_dlsym || FindRealDlsym() ? g_real_dlsym(handle, name) : nullptr;
}

// How many objects the dynamic linker has loaded and unloaded so far. Takes its lock.
struct LoaderCounts {
  uint64_t loads;
  uint64_t unloads;
};
LoaderCounts CountLoads();

// The hook that stands before `function`, or `function` itself. See native_hooks.cc.
void* HookOf(void* function);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_SYMBOLS_H_

// The native hooks as a list, for putting them into a program that runs already (patch.h). Preloaded, they need no putting in.
#ifndef LIMPET_AGENT_NATIVE_HOOKS_H_
#define LIMPET_AGENT_NATIVE_HOOKS_H_

#include <stddef.h>

namespace limpet::agent {

struct NativeHook {
  const char* name;
  void* hook;
  void* original;  // what the program calls without us
};
inline constexpr size_t kMostNativeHooks = 20;

// Fills `hooks` (room for kMostNativeHooks); their number.
size_t ListNativeHooks(NativeHook* hooks);

// Whether the hooks stand before the C library's functions by themselves: the agent was preloaded.
bool NativeHooksInterposed();

// Finds the functions behind the hooks in a running program; false when one of them is not there. REQUIRES: not interposed.
bool ResolveNativeLate();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_NATIVE_HOOKS_H_

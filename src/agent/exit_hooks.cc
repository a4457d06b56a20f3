#include "agent/exit_hooks.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/patch.h"
#include "agent/symbols.h"

namespace limpet::agent {

namespace {

using Exit = void (*)(int);

struct Exits {
  Exit now;    // _exit
  Exit same;   // _Exit, which C calls it
  Exit quick;  // quick_exit
};
Exits g_exits;

// A child of vfork, or of a fork that is not traced, has its parent's file before it, which is not its own to write to.
void NoteExit() {
  capture::FileHeader* header = g_agent.file.header();
  if (!header || g_gate.state == uint32_t(Gate::kClosed) || g_agent.pid != int(syscall(SYS_getpid))) return;
  if (__atomic_load_n(&header->state, __ATOMIC_RELAXED) != uint32_t(capture::State::kRecording)) return;
  __atomic_store_n(&header->last_tick_ns, NowNs() - header->start_monotonic_ns, __ATOMIC_RELAXED);
  __atomic_store_n(&header->state, uint32_t(capture::State::kExited), __ATOMIC_RELEASE);
}

[[noreturn]] void GoOut(Exit next, int status) {
  NoteExit();
  if (next) next(status);
  for (;;) syscall(SYS_exit_group, status);
}

[[noreturn]] void ExitNow(int status) { GoOut(g_exits.now, status); }
[[noreturn]] void ExitSame(int status) { GoOut(g_exits.same, status); }
[[noreturn]] void ExitQuickly(int status) { GoOut(g_exits.quick, status); }

}  // namespace

void ResolveExits(bool late) {
  const auto find = [late](const char* name) {
    return reinterpret_cast<Exit>(late ? FindDefinition(name) : FindSymbol(RTLD_NEXT, name));
  };
  g_exits = {find("_exit"), find("_Exit"), find("quick_exit")};
}

size_t ListExitHooks(NativeHook* hooks) {
  size_t count = 0;
  const auto add = [&](const char* name, Exit hook, Exit original) {
    if (original) hooks[count++] = {name, reinterpret_cast<void*>(hook), reinterpret_cast<void*>(original)};
  };
  add("_exit", &ExitNow, g_exits.now);
  add("_Exit", &ExitSame, g_exits.same);
  add("quick_exit", &ExitQuickly, g_exits.quick);
  return count;
}

LIMPET_EXPORT void _exit(int status) { ExitNow(status); }
LIMPET_EXPORT void _Exit(int status) noexcept { ExitSame(status); }
LIMPET_EXPORT void quick_exit(int status) noexcept { ExitQuickly(status); }

}  // namespace limpet::agent

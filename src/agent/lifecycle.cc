#include "agent/lifecycle.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/counters.h"
#include "agent/environment.h"
#include "agent/exit_hooks.h"
#include "agent/maps.h"
#include "agent/memory_file.h"
#include "agent/native_stacks.h"
#include "agent/python.h"
#include "agent/python_hooks.h"
#include "agent/ranges.h"
#include "agent/snapshot.h"
#include "agent/stand_in.h"
#include "agent/symbols.h"
#include "agent/unaligned.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

namespace limpet::agent {

using capture::State;

constinit Agent g_agent;
constinit GatePage g_gate = {};
bool g_early;
bool g_silent_child;

namespace {

constexpr uint64_t kChildStartsNs =
    100000000;  // a child that has not begun to copy by then never will (the fork failed)
constexpr uint64_t kChildCopiesNs = 2000000000;
constexpr uint32_t kLookEvery = 256;

uint32_t g_looks;
uint64_t g_objects_loaded;
bool g_paused_here;

}  // namespace

void SetState(State state) { __atomic_store_n(&g_agent.file.header()->state, uint32_t(state), __ATOMIC_RELEASE); }

void NoteProgram() {
  capture::FileHeader* header = g_agent.file.header();
  const ssize_t length = readlink("/proc/self/exe", header->executable, sizeof header->executable - 1);
  if (length < 0) header->executable[0] = 0;
  const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t size = read(fd, header->command, sizeof header->command - 1);
  if (size >= 0) header->command[size] = 0;
  close(fd);
}

namespace {

// ---- fork: the child gets a file of its own; meanwhile nobody counts ----------------------------------------------------------

void BeforeFork() {
  if (g_gate.state != uint32_t(Gate::kOpen)) return;
  Thread* thread = Enter();
  if (!thread) return;  // a fork from inside a hook: not ours to handle
  NoteReaper();
  PauseWorld();
  g_paused_here = true;
  AddUp(thread);
  __atomic_store_n(&g_agent.file.header()->in_fork, 1, __ATOMIC_RELEASE);
}

// The child copies the file that we share until it has its own; wait for it, so that the copy is of one moment.
void InParent() {
  if (!g_paused_here) return;
  ErrnoGuard errno_guard;
  uint32_t* in_fork = &g_agent.file.header()->in_fork;
  const uint64_t start = NowNs();
  for (uint32_t now; (now = __atomic_load_n(in_fork, __ATOMIC_ACQUIRE)) != 0;) {
    if (NowNs() - start > (now == 1 ? kChildStartsNs : kChildCopiesNs)) break;
    usleep(20);
  }
  __atomic_store_n(in_fork, 0, __ATOMIC_RELEASE);
  g_paused_here = false;
  ResumeWorld();
  Leave();
}

void GoSilent() {
  // The file mapped here is the parent's: nothing may write to it any more.
  const capture::FileHeader* header = g_agent.file.header();
  g_silent_child = header && header->state == uint32_t(State::kRecording);
  g_gate.state = uint32_t(Gate::kClosed);
  tls.record = nullptr;
  tls.thread = nullptr;
}

void InChild() {
  if (!g_paused_here) return GoSilent();
  ErrnoGuard errno_guard;
  g_paused_here = false;
  uint32_t* in_fork = &g_agent.file.header()->in_fork;
  __atomic_store_n(in_fork, 2, __ATOMIC_RELEASE);
  g_agent.lock.ResetAfterFork();
  ResetUnalignedAfterFork();
  ResetMapsAfterFork();
  ResetRangesAfterFork();
  ForgetMemoryFile();
  if (!g_agent.options.follow || g_agent.options.shadow_files ||
      !g_agent.file.ContinueInChild(g_agent.options.directory)) {
    __atomic_store_n(in_fork, 0, __ATOMIC_RELEASE);
    return GoSilent();
  }
  g_agent.pid = int(syscall(SYS_getpid));
  g_agent.options.main = false;
  ForgetOtherThreads();
  ForgetSnapshots();
  InheritCounters();
  NoteProgram();
  SetState(State::kRecording);
  __atomic_store_n(in_fork, 0, __ATOMIC_RELEASE);  // now this process's own: the copy is complete
  g_gate.state = uint32_t(Gate::kOpen);
  Leave();
}

bool NewObjectsLoaded() {
  const uint64_t loads = CountLoads().loads;
  if (loads == g_objects_loaded) return false;
  g_objects_loaded = loads;
  return true;
}

}  // namespace

bool StartRecording() {
  if (!g_agent.file.Create(g_agent.options.directory)) return false;
  if (g_agent.options.shadow_files) KeepShadowInFiles(g_agent.file.folder());
  g_agent.pid = int(syscall(SYS_getpid));
  NoteProgram();
  if (!SetUpThreads() || !SetUpCounters()) return false;
  pthread_atfork(BeforeFork, InParent, InChild);
  madvise(&g_gate, sizeof g_gate, MADV_WIPEONFORK);
  return true;
}

namespace {

__attribute__((constructor)) void OnLoad() {
  ErrnoGuard errno_guard;
  ResolveExits(false);  // whoever is traced: others end by way of our definitions, too
  if (!TakeEnvironment()) return;
  const bool python = FindSymbol(RTLD_DEFAULT, "Py_GetVersion") != nullptr;
  if (!python && !g_agent.options.main) return;  // a helper program: only its children may be of interest
  if (!StartRecording()) return;
  SetUpNativeStacks();
  NewObjectsLoaded();
  if (python && FindPython() && !g_agent.minor) return;  // an interpreter that cannot be traced runs untouched
  if (python && g_agent.options.tracemalloc) StandInForTracemalloc();
  if (!python) g_agent.file.SetPython(0, capture::Program::kNotPython);
  g_early = true;
  SetState(State::kRecording);
  g_gate.state = uint32_t(Gate::kOpen);
}

__attribute__((destructor)) void OnExit() {
  if (g_gate.state != uint32_t(Gate::kOpen) || g_agent.pid != int(syscall(SYS_getpid))) return;
  ErrnoGuard errno_guard;
  CheckHooks();
  Thread* thread = Enter();
  LastTick();
  if (thread) Leave();
  SetState(State::kFinished);
}

}  // namespace

// An interpreter that reads PYTHONMALLOC puts its own allocators in after we put in ours; and a program may load its
// interpreter late. Both are over once the interpreter says that it is initialised.
LIMPET_COLD void LookForPython(Thread*) {
  if (g_agent.minor) {
    static auto* const is_initialized = reinterpret_cast<int (*)()>(FindSymbol(RTLD_DEFAULT, "Py_IsInitialized"));
    if (!PythonHooksInPlace()) InstallPythonHooks(g_agent.minor);
    if (!is_initialized || is_initialized()) g_early = false;
    return;
  }
  if (++g_looks % kLookEvery || !NewObjectsLoaded()) return;
  if (FindPython() && !g_agent.minor) {
    g_early = false;
    g_gate.state = uint32_t(Gate::kClosed);
  }
}

void StopRecording(const char* reason) {
  g_gate.state = uint32_t(Gate::kClosed);
  capture::FileHeader* header = g_agent.file.header();
  if (!header) return;
  snprintf(header->reason, sizeof header->reason, "%s", reason);
  SetState(State::kStopped);
}

}  // namespace limpet::agent

// Marks a checkpoint: a moment that the report may refer to by `name`. For programs that want to, by ctypes or a weak symbol.
LIMPET_EXPORT void limpet_checkpoint(const char* name) { limpet::agent::NoteMark(name, false); }

// Marks the end of one iteration of the program's main loop: growth is then told per iteration too.
LIMPET_EXPORT void limpet_iteration() { limpet::agent::NoteMark(nullptr, true); }

#include "agent/in_process.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/counters.h"
#include "agent/environment.h"
#include "agent/exit_hooks.h"
#include "agent/free_lists.h"
#include "agent/lifecycle.h"
#include "agent/maps.h"
#include "agent/memory_file.h"
#include "agent/native_hooks.h"
#include "agent/patch.h"
#include "agent/python.h"
#include "agent/python_hooks.h"
#include "agent/ranges.h"
#include "agent/shadow.h"
#include "agent/snapshot.h"
#include "agent/stacks.h"
#include "agent/symbols.h"
#include "agent/traces.h"
#include "agent/unaligned.h"
#include "agent/verify.h"

namespace limpet::agent {

using capture::State;

namespace {

bool g_active;

LimpetAnswer Refuse(LimpetAnswer answer, const char* why, char* error, size_t room) {
  snprintf(error, room, "%s", why);
  return answer;
}

void TakeOptions(const LimpetStart& wish) {
  Options& options = g_agent.options;
  options = {};
  options.main = true;
  options.follow = wish.follow != 0;
  options.iterations = wish.iterations != 0;
  options.snapshots = wish.snapshots > 0;
  options.snapshots_auto = wish.snapshots > 1;
  options.redact = wish.redact != 0;
  options.snapshot_every_ns = wish.snapshot_every_ms * 1000000u;
  options.epoch_ns = wish.epoch_ms * 1000000u;
  snprintf(options.directory, sizeof options.directory, "%s", wish.directory);
}

// The recording's file, anew or for the first time.
bool OpenRecording() {
  if (!g_agent.file.open()) return StartRecording();
  const int pid = int(syscall(SYS_getpid));
  if (pid != g_agent.pid) {  // a forked child begins a recording of its own
    g_agent.lock.ResetAfterFork();
    ResetUnalignedAfterFork();
    ResetMapsAfterFork();
    ResetRangesAfterFork();
    ForgetOtherThreads();
  }
  if (!g_agent.file.Resume(g_agent.options.directory)) return false;
  g_agent.pid = pid;
  ForgetMemoryFile();
  ForgetSnapshots();
  ClearShadow();
  ClearUnaligned();
  ClearMaps();
  ForgetCounters();
  NoteProgram();
  PlanFreeListsOff();
  return true;
}

// Looks at the interpreter's structures now, while Python code runs, so that start() can say what does not fit.
bool Check() {
  cpython::ForLayout(int(g_agent.minor), false, [](auto layout) {
    if (!g_python.main_interpreter) PassesSelfCheck<decltype(layout)>();
    return true;
  });
  return g_agent.file.header()->state != uint32_t(State::kStopped);
}

void TakeHooksOut() {
  RemovePythonHooksLate();
  if (g_patching) UnpatchObjects();
  LetFreeListsOn();
}

// The agent's tables outlive the recording; what was held back of the program's memory does not.
void FreeKept(void* list) {
  const auto free_object = reinterpret_cast<void (*)(void*)>(FindSymbol(RTLD_DEFAULT, "PyObject_Free"));
  while (list && free_object) {
    void* next;
    memcpy(&next, list, sizeof next);
    free_object(list);
    list = next;
  }
}

}  // namespace

bool StartedInProcess() { return g_active; }

LimpetAnswer StartInProcess(const LimpetStart& wish, char* error, size_t room) {
  ErrnoGuard errno_guard;
  if (g_gate.state == uint32_t(Gate::kOpen)) return Refuse(kLimpetAlready, "a recording is under way", error, room);
  if (g_silent_child)
    return Refuse(kLimpetCannotRecord, "this process was forked from one that is traced without its children", error,
                  room);
  if (strlen(wish.directory) >= sizeof g_agent.options.directory)
    return Refuse(kLimpetCannotRecord, "the path of the recording is too long", error, room);
  const bool interposed = NativeHooksInterposed();
  if (!interposed && !ResolveNativeLate())
    return Refuse(kLimpetUnsupported, "the C library's functions were not found", error, room);
  if (!interposed) ResolveExits(true);
  if (!g_agent.minor && !g_agent.refusal[0]) KnowPython();
  if (!g_agent.minor || g_agent.refusal[0]) {
    return Refuse(kLimpetUnsupported, g_agent.refusal[0] ? g_agent.refusal : "the interpreter's functions are hidden",
                  error, room);
  }
  TakeOptions(wish);
  if (!OpenRecording()) return Refuse(kLimpetCannotRecord, g_agent.file.error(), error, room);
  NotePython();
  SetState(State::kRecording);
  g_gate.state = uint32_t(Gate::kOpen);
  if (!Check()) {
    snprintf(g_agent.refusal, sizeof g_agent.refusal, "%s", g_agent.file.header()->reason);
    return Refuse(kLimpetUnsupported, g_agent.refusal, error, room);
  }
  g_active = true;
  InstallPythonHooksLate(g_agent.minor);
  if (wish.native && !interposed) PatchObjects();
  return kLimpetOk;
}

LimpetAnswer StopInProcess() {
  ErrnoGuard errno_guard;
  if (g_gate.state != uint32_t(Gate::kOpen)) return kLimpetNotRunning;
  if (!g_active) return kLimpetNotOurs;
  if (!PythonHooksReachedLate()) g_agent.file.header()->limits |= capture::kLimitHooksLost;
  Thread* thread = Enter();
  if (!thread) return kLimpetBusy;
  if (!PauseWorld()) {
    ResumeWorld();
    Leave();
    return kLimpetBusy;
  }
  if (g_traces.on) EndTraces();
  LastTick();
  PollSnapshot();
  SetState(State::kFinished);
  TakeHooksOut();
  void* kept = GiveBackKept();
  g_active = false;
  g_gate.state = uint32_t(Gate::kClosed);
  Leave();
  FreeKept(kept);
  g_agent.file.Detach();
  return kLimpetOk;
}

}  // namespace limpet::agent

#include "agent/verify.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/free_lists.h"
#include "cpython/frame.h"
#include "cpython/self_check.h"

namespace limpet::agent {

namespace {

// This process's memory, read by the kernel: what is not mapped is an answer and not a fault.
struct CarefulMemory {
  bool Read(uint64_t address, void* to, size_t size) const {
    const iovec own = {to, size};
    const iovec other = {reinterpret_cast<void*>(address), size};
    const long got = syscall(SYS_process_vm_readv, syscall(SYS_getpid), &own, 1L, &other, 1L, 0L);
    if (got >= 0) return got == long(size);
    if (errno == EFAULT) return false;
    // The program is not allowed to ask (seccomp): then the address is taken at its word.
    memcpy(to, reinterpret_cast<const void*>(address), size);
    return true;
  }
};

// Whether Python code seems to run. Cheap, and reads nothing outside of the thread state: before the first frame there is, it is
// asked at every allocation.
template <class L>
bool SeemsToRun(const char* thread) {
  if constexpr (L::kThreadCframe != cpython::kAbsent) {
    constexpr uintptr_t kWithin = 4096;  // the outermost cframe is a part of the thread state
    const char* cframe = cpython::Load<const char*>(thread, L::kThreadCframe);
    if (!cframe || uintptr_t(cframe) - uintptr_t(thread) >= kWithin) return cframe != nullptr;
  }
  return cpython::CurrentFrame<L>(thread) != nullptr;
}

}  // namespace

template <class L>
LIMPET_COLD bool PassesSelfCheck() {
  ErrnoGuard errno_guard;
  char* thread = g_python.unchecked_thread();
  if (!thread) return false;
  if constexpr (L::kRuntimeCurrentThread != cpython::kAbsent) {
    if (cpython::Load<char*>(g_python.runtime, L::kRuntimeCurrentThread) != thread) {
      StopRecording("this interpreter is not laid out as its version: the current thread is elsewhere");
      return false;
    }
  }
  if (!SeemsToRun<L>(thread)) return false;
  char* interpreter = g_python.main_state();
  CarefulMemory memory;
  const cpython::KnownObjects known = {reinterpret_cast<uint64_t>(g_python.code_type),
                                       reinterpret_cast<uint64_t>(g_python.text_type),
                                       reinterpret_cast<uint64_t>(g_python.bytes_type)};
  cpython::LayoutCheck<L, CarefulMemory> check(memory, known);
  const cpython::Fit fit = check.Run(reinterpret_cast<uint64_t>(thread), reinterpret_cast<uint64_t>(interpreter));
  if (fit == cpython::Fit::kDoesNot) {
    char reason[200];
    snprintf(reason, sizeof reason, "this interpreter is not laid out as its version: %s does not fit", check.fault());
    StopRecording(reason);
  }
  if (fit != cpython::Fit::kFits) return false;
  g_python.main_interpreter = interpreter;
  PlanFreeListsOff();
  return true;
}
template bool PassesSelfCheck<cpython::Layout311>();
template bool PassesSelfCheck<cpython::Layout312>();
template bool PassesSelfCheck<cpython::Layout313>();
template bool PassesSelfCheck<cpython::Layout314>();
template bool PassesSelfCheck<cpython::Layout315>();

}  // namespace limpet::agent

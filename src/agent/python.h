// The interpreter, if this process has one: found by symbol, without a header of it or a link to it.
#ifndef LIMPET_AGENT_PYTHON_H_
#define LIMPET_AGENT_PYTHON_H_

#include "agent/thread.h"
#include "cpython/layouts.h"

namespace limpet::agent {

// PyMemAllocatorEx.
struct PyAllocator {
  void* context;
  void* (*malloc)(void* context, size_t size);
  void* (*calloc)(void* context, size_t count, size_t size);
  void* (*realloc)(void* context, void* block, size_t size);
  void (*free)(void* context, void* block);
};

// Entry points and places of the interpreter that the agent uses; all null before it is found.
struct Python {
  char* (*unchecked_thread)();  // PyThreadState that holds the lock on this thread, or null; on 3.11, of any thread
  char* (*gil_state_thread)();  // PyThreadState that belongs to this thread, lock or no lock
  int (*is_finalizing)();
  char* (*main_state)();  // PyInterpreterState_Main
  void (*get_allocator)(int domain, PyAllocator* allocator);
  void (*set_allocator)(int domain, PyAllocator* allocator);
  const char* (*get_version)();
  const char* runtime;     // _PyRuntime
  const char* code_type;   // PyCode_Type
  const char* text_type;   // PyUnicode_Type
  const char* bytes_type;  // PyBytes_Type
  char* main_interpreter;  // whose lock the plain counters rely on; null until the self-check passed
  long tls_offset;         // of the interpreter's current-thread variable from the thread pointer; 0: unknown
  unsigned version_hex;    // PY_VERSION_HEX
  bool may_mark;           // frames may be marked (look.h)
  bool more_interpreters;  // one was seen besides the main one: it may have a lock of its own
};
extern Python g_python;

// Looks for an interpreter among the loaded objects; when there is one that limpet knows, puts the hooks in. Returns whether
// an interpreter was found (supported or not). Cheap to call again; any thread; not from inside a hook of another allocator.
bool FindPython();

// The same in two steps, for an agent that comes into a running program: whether it can be traced (else g_agent.refusal says why), and
// what the recording says of it.
bool KnowPython();
void NotePython();

// Whether our hooks are still what the interpreter calls. Notes it in the recording when they are not.
void CheckHooks();

// Fills the gc_ fields of a sample, when the collector's state was found and checks out.
void ReadCollections(capture::SampleRecord* sample);

// Called once per thread, with the lock held, to see whether tls_offset holds here.
void CheckThreadLocal(Thread* thread, char* state);

inline char* ThreadPointer() {
  char* pointer;
  __asm__("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
}

// The thread state that holds the interpreter lock on this thread, or null. On 3.11 the lock's holder is global: only hooks
// that the interpreter calls with the lock held may use this.
template <class L>
inline char* AttachedState([[maybe_unused]] Thread* thread) {
  if constexpr (L::kRuntimeCurrentThread != cpython::kAbsent) {
    return *reinterpret_cast<char* const volatile*>(g_python.runtime + L::kRuntimeCurrentThread);
  } else {
    if (LIMPET_LIKELY(thread->tls_good))
      return *reinterpret_cast<char* volatile*>(ThreadPointer() + g_python.tls_offset);
    char* state = g_python.unchecked_thread();
    if (LIMPET_UNLIKELY(!thread->tls_checked) && state) CheckThreadLocal(thread, state);
    return state;
  }
}

// The same for any hook on any thread; `*own` becomes the thread's own state, with or without the lock.
template <class L>
inline char* AttachedStateAnywhere(Thread* thread, char** own) {
  if constexpr (L::kRuntimeCurrentThread != cpython::kAbsent) {
    *own = g_python.gil_state_thread();
    return *own && *own == AttachedState<L>(thread) ? *own : nullptr;
  } else {
    char* state = AttachedState<L>(thread);
    *own = state ? state : g_python.gil_state_thread();
    return state;
  }
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PYTHON_H_

// What the agent keeps for each thread: the guard against nesting, the caches that make the common event cheap, and the part of
// the global sums that was not added up yet.
#ifndef LIMPET_AGENT_THREAD_H_
#define LIMPET_AGENT_THREAD_H_

#include "agent/agent.h"

namespace limpet::agent {

// Remembers one frame of this thread's Python stack: see look.h.
struct Level {
  const char* frame;  // null: empty
  uint64_t instruction;
  uint64_t hash;   // of the stack from the bottom up to and including this frame
  uint64_t* mark;  // the dead slot that holds Thread::magic while the frame has not run; never null in a used level
};
inline constexpr uint32_t kLevels = 1024;

// Remembers where the blocks of one stack and domain are counted. Valid while `tag` is the current one.
struct SiteCacheEntry {
  uint64_t key;
  uint32_t pair;
  uint32_t tag;
};
inline constexpr uint32_t kSiteCacheBits = 12;
inline constexpr uint32_t kMaxNativeFrames = 64;  // of deeper native stacks, the innermost are told

struct Thread {
  uint64_t magic;      // marks frames; unlike any other thread's, past or present, and no object's address
  uint64_t allocated;  // bytes since the thread began
  uint64_t freed;
  uint64_t next_tick;   // value of `allocated` at which to look at the clock
  uint64_t tick_bytes;  // distance of ticks
  uint64_t last_tick_ns;
  uint64_t added_allocated;  // parts of the above that are in the global sums
  uint64_t added_freed;
  const char** pending;  // frames of the current look that no level answered for, innermost first
  uint32_t pending_capacity;
  bool tls_checked;  // the interpreter's thread-local was compared with its own answer on this thread
  bool tls_good;
  Thread* next;  // in the list of all, or of the free ones
  capture::ThreadRecord* record;
  uintptr_t local;     // address of this thread's thread-locals: at the end of its stack's mapping
  uint64_t stack_low;  // the native stack that the thread was made with, as far as known (unwind.h)
  uint64_t stack_high;
  uint8_t stack_looks;
  Level levels[kLevels];
  SiteCacheEntry sites[1u << kSiteCacheBits];
  uint32_t native_count;  // of the native stack that was looked at last
  uint64_t native_frames[kMaxNativeFrames];
};

// What every hook looks at first. Null until the thread's first event. (__thread: a thread_local that is defined elsewhere
// would be asked at each use whether it has a constructor.)
struct ThreadLocal {
  capture::ThreadRecord* record;
  Thread* thread;
};
extern __thread ThreadLocal tls __attribute__((tls_model("initial-exec")));

// First event of a thread, or the gate is not open: the slow half of Enter.
Thread* EnterSlow();

// Begins a hook on this thread. Null: count nothing, pass the call on (nested call, or not recording).
inline Thread* Enter() {
  capture::ThreadRecord* record = tls.record;
  if (LIMPET_UNLIKELY(!record)) return EnterSlow();
  // Before the first store: in a child made behind our back the record is still the parent's.
  if (LIMPET_UNLIKELY(g_gate.state != uint32_t(Gate::kOpen))) return EnterSlow();
  if (record->busy) return nullptr;
  record->busy = 1;
  __asm__ volatile("" ::: "memory");
  if (LIMPET_UNLIKELY(g_gate.state != uint32_t(Gate::kOpen))) {  // closed or paused just now
    record->busy = 0;
    return EnterSlow();
  }
  return tls.thread;
}

// For a thread that Enter turned away: not null when that was because the thread is inside a hook already. Such a call gives
// no birth (the outer hook counts the bytes), but it may end a block that was born at top level: an allocator's own record.
// No Leave is due.
LIMPET_COLD Thread* EnterNested();

inline void Leave() {
  __asm__ volatile("" ::: "memory");
  tls.record->busy = 0;
}

// Called once, before the gate opens.
bool SetUpThreads();
// Room for `capacity` pending frames; false without memory.
bool GrowPending(Thread* thread);
// Calls for each thread that lives, with the address of its thread-locals. REQUIRES: the agent's lock, or a process that stands still.
void ForEachThread(void (*visit)(void* self, uintptr_t local), void* self);
// Makes all marks in frames worthless: a code object's address may be given to another one. REQUIRES: the agent's lock.
void ForgetMarks();
// In a forked child: only the calling thread is left.
void ForgetOtherThreads();
uint32_t ThreadCount();
// Whether no other thread is inside a hook. Who enters one from now on sees all that was written before. REQUIRES: the agent's lock.
bool OthersAreQuiet();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_THREAD_H_

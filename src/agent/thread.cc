#include "agent/thread.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/counters.h"

namespace limpet::agent {

using capture::Table;
using capture::ThreadRecord;

__thread ThreadLocal tls;

namespace {

constexpr uint32_t kFirstPending = 2048;
constexpr uint32_t kMaxPending = 1u << 20;
constexpr uint64_t kPauseLimitNs = 2000000000;

pthread_key_t g_key;
Thread* g_threads;       // all that live
Thread* g_free_threads;  // of ended threads, to be used again
uint32_t g_thread_count;
uint64_t g_magic_count;
bool g_membarrier;

// The last a thread does of itself. Hooks may still run after it (other destructors): they start afresh.
void EndThread(void* value) {
  Thread* thread = static_cast<Thread*>(value);
  if (tls.thread != thread) return;
  thread->record->busy = 1;
  AddUp(thread);
  {
    LockGuard guard(g_agent.lock);
    for (Thread** link = &g_threads; *link; link = &(*link)->next) {
      if (*link != thread) continue;
      *link = thread->next;
      break;
    }
    thread->record->ended = 1;
    thread->next = g_free_threads;
    g_free_threads = thread;
    --g_thread_count;
    tls.thread = nullptr;
    tls.record = nullptr;
  }
  thread->record->busy = 0;
}

// Odd, and no canonical address: no object's and no tagged reference.
uint64_t NextMagic() { return 0x11a9e70000000003ull | ++g_magic_count << 4; }

Thread* TakeThread() {
  if (Thread* thread = g_free_threads) {
    g_free_threads = thread->next;
    ThreadRecord* record = thread->record;
    const char** pending = thread->pending;
    const uint32_t capacity = thread->pending_capacity;
    memset(thread, 0, offsetof(Thread, levels));
    thread->record = record;
    thread->pending = pending;
    thread->pending_capacity = capacity;
    return thread;
  }
  Thread* thread = static_cast<Thread*>(MapMemory(sizeof(Thread)));
  if (!thread) return nullptr;
  if (!GrowPending(thread)) {
    UnmapMemory(thread, sizeof(Thread));
    return nullptr;
  }
  void* record = g_agent.file.Next(Table::kThreads);
  if (!record) {
    UnmapMemory(thread, sizeof(Thread));
    return nullptr;
  }
  thread->record = static_cast<ThreadRecord*>(record);
  memset(record, 0, sizeof(ThreadRecord));
  g_agent.file.Publish(Table::kThreads);
  return thread;
}

LIMPET_COLD Thread* StartThread() {
  ErrnoGuard errno_guard;
  Thread* thread;
  {
    LockGuard guard(g_agent.lock);
    thread = TakeThread();
    if (!thread) return nullptr;
    thread->magic = NextMagic();
    thread->next = g_threads;
    g_threads = thread;
    ++g_thread_count;
  }
  thread->local = reinterpret_cast<uintptr_t>(&tls);
  thread->tick_bytes = 4096;
  thread->next_tick = thread->tick_bytes;
  thread->last_tick_ns = NowNs();
  ThreadRecord* record = thread->record;
  record->busy = 1;
  record->tid = int32_t(syscall(SYS_gettid));
  record->ended = 0;
  record->start_ns = thread->last_tick_ns - g_agent.file.header()->start_monotonic_ns;
  prctl(PR_GET_NAME, record->name);
  tls.thread = thread;
  tls.record = record;
  pthread_setspecific(g_key, thread);  // may allocate: nested, and so not counted
  return thread;
}

// A thread that entered a hook just before has its mark in the store buffer: make every processor empty it.
void ShowMarks() {
  if (g_membarrier) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  __sync_synchronize();
}

// REQUIRES: the agent's lock.
bool AllQuiet(const ThreadRecord* mine) {
  for (Thread* thread = g_threads; thread; thread = thread->next) {
    if (thread->record != mine && __atomic_load_n(&thread->record->busy, __ATOMIC_ACQUIRE)) return false;
  }
  return true;
}

}  // namespace

LIMPET_COLD Thread* EnterSlow() {
  if (tls.record && tls.record->busy) return nullptr;  // nested, or the very thread that pauses the world
  for (unsigned spins = 0; g_gate.state == uint32_t(Gate::kPaused); ++spins) {
    if (spins < 64) __builtin_ia32_pause();
    else sched_yield();
  }
  if (g_gate.state != uint32_t(Gate::kOpen)) return nullptr;
  if (tls.record) return Enter();
  return StartThread();
}

LIMPET_COLD Thread* EnterNested() {
  if (!tls.record || !tls.record->busy || g_gate.state != uint32_t(Gate::kOpen)) return nullptr;
  return tls.thread;
}

bool SetUpThreads() {
  if (pthread_key_create(&g_key, EndThread) != 0) return false;
  g_membarrier = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  return true;
}

LIMPET_COLD bool GrowPending(Thread* thread) {
  const uint32_t capacity = thread->pending ? thread->pending_capacity * 2 : kFirstPending;
  if (capacity > kMaxPending) return false;
  auto* bigger = static_cast<const char**>(MapMemory(sizeof(char*) * capacity));
  if (!bigger) return false;
  if (thread->pending) {
    memcpy(bigger, thread->pending, sizeof(char*) * thread->pending_capacity);
    UnmapMemory(thread->pending, sizeof(char*) * thread->pending_capacity);
  }
  thread->pending = bigger;
  thread->pending_capacity = capacity;
  return true;
}

void ForgetMarks() {
  for (Thread* thread = g_threads; thread; thread = thread->next) {
    __atomic_store_n(&thread->magic, NextMagic(), __ATOMIC_RELAXED);
  }
}

void ForEachThread(void (*visit)(void* self, uintptr_t local), void* self) {
  for (const Thread* thread = g_threads; thread; thread = thread->next) visit(self, thread->local);
}

void ForgetOtherThreads() {
  Thread* mine = tls.thread;
  for (Thread* thread = g_threads; thread;) {
    Thread* next = thread->next;
    if (thread != mine) {
      thread->record->busy = 0;
      thread->record->ended = 1;
      AddUp(thread);
      thread->next = g_free_threads;
      g_free_threads = thread;
    }
    thread = next;
  }
  g_threads = mine;
  g_thread_count = mine ? 1 : 0;
  if (!mine) return;
  mine->next = nullptr;
  mine->record->tid = int32_t(syscall(SYS_gettid));
}

bool OthersAreQuiet() {
  if (g_thread_count == 1) return true;
  ShowMarks();
  return AllQuiet(tls.record);
}

uint32_t ThreadCount() { return __atomic_load_n(&g_thread_count, __ATOMIC_RELAXED); }

bool PauseWorld() {
  g_gate.state = uint32_t(Gate::kPaused);
  ShowMarks();
  const auto quiet = [] {
    LockGuard guard(g_agent.lock);  // who holds it is busy, and will let go
    return AllQuiet(tls.record);
  };
  const uint64_t start = NowNs();
  while (!quiet()) {
    if (NowNs() - start > kPauseLimitNs) return false;
    sched_yield();
  }
  return true;
}

void ResumeWorld() {
  if (g_gate.state == uint32_t(Gate::kPaused)) g_gate.state = uint32_t(Gate::kOpen);
}

}  // namespace limpet::agent

// What the agent needs from the system, without the C++ library: memory, time, a lock, and guards that leave no trace in the
// target (errno). Everything here may be called from inside malloc.
#ifndef LIMPET_AGENT_PLATFORM_H_
#define LIMPET_AGENT_PLATFORM_H_

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14
#endif

#define LIMPET_LIKELY(x) __builtin_expect(!!(x), 1)
#define LIMPET_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIMPET_HOT __attribute__((hot))
#define LIMPET_COLD __attribute__((cold, noinline))
#ifdef LIMPET_HIDDEN_HOOKS  // in the room's tests: a sanitizer's run time must find the C library's functions, not ours
#define LIMPET_EXPORT extern "C" __attribute__((visibility("hidden")))
#else
#define LIMPET_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace limpet::agent {

// Puts errno back: the program must not see what the agent's own calls did to it.
class ErrnoGuard {
 public:
  ErrnoGuard() : saved_(errno) {}
  ~ErrnoGuard() { errno = saved_; }
  ErrnoGuard(const ErrnoGuard&) = delete;
  ErrnoGuard& operator=(const ErrnoGuard&) = delete;

 private:
  int saved_;
};

// Anonymous zeroed memory straight from the kernel, or null. Never through the (hooked) libc functions.
void* MapMemory(size_t bytes);
void UnmapMemory(void* address, size_t bytes);
// Makes all of it resident in one call: for memory that is used everywhere from the start, cheaper than a fault for each page.
void Prefault(void* address, size_t bytes);

// What an errno means. strerror asks for the program's language under the C library's lock of locales, and the allocation that we
// are in may come from setlocale, which holds it.
const char* ErrorText(int error);

// Processor time of the process, of all threads. A system call.
inline uint64_t ProcessCpuNs() {
  timespec used;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return 0;
  return uint64_t(used.tv_sec) * 1'000'000'000 + uint64_t(used.tv_nsec);
}

// Nanoseconds of CLOCK_MONOTONIC. A vdso read, no system call.
inline uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return uint64_t(now.tv_sec) * 1000000000u + uint64_t(now.tv_nsec);
}

// Processor time of this thread. What work of ours costs is told by it: on a busy machine another program may come in between, and to have been
// kept waiting is no cost. A system call.
inline uint64_t ThreadCpuNs() {
  timespec used;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) return NowNs();
  return uint64_t(used.tv_sec) * 1'000'000'000 + uint64_t(used.tv_nsec);
}

// Guards the slow paths (new stacks, new cells, epochs). Held for microseconds, by threads that are marked busy, so that a
// signal handler that allocates on the same thread never tries to take it.
class SpinLock {
 public:
  void Lock() {
    for (unsigned spins = 0; __atomic_exchange_n(&held_, 1, __ATOMIC_ACQUIRE); ++spins) {
      if (spins < 64) __builtin_ia32_pause();
      else sched_yield();
    }
  }
  bool TryLock() { return !__atomic_exchange_n(&held_, 1, __ATOMIC_ACQUIRE); }
  void Unlock() { __atomic_store_n(&held_, 0, __ATOMIC_RELEASE); }
  void ResetAfterFork() { held_ = 0; }

 private:
  int held_ = 0;
};

class LockGuard {
 public:
  explicit LockGuard(SpinLock& lock) : lock_(lock) { lock_.Lock(); }
  ~LockGuard() { lock_.Unlock(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  SpinLock& lock_;
};

// A multiply-shift step: mixes a word into a running 64-bit hash. Two multiplications apart, all bits of both depend on all.
inline uint64_t HashStep(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 32);
}

// A good 64-bit finaliser (splitmix64's).
inline uint64_t HashFinish(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

inline uint64_t HashBytes(const void* data, size_t size) {
  const char* p = static_cast<const char*>(data);
  uint64_t hash = 0x51afd7ed558ccd25ull ^ size;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    hash = HashStep(hash, word);
  }
  uint64_t word = 0;
  memcpy(&word, p, size);
  return HashFinish(HashStep(hash, word));
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PLATFORM_H_

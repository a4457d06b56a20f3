// tracemalloc's view of the recording that is under way: which live blocks it would know, and the sums that it would tell.
//
// Nothing is recorded twice. A trace is a row of the shadow whose site is of one of Python's three allocators and whose birth epoch is not
// before `from_epoch`; start and clear_traces begin an epoch, and so make all older rows no traces, in constant time:
//
//     epochs   0   1   2 | 3   4   5           rows born in 3, 4, 5 are traces
//                        ^ from_epoch: clear_traces
//
// Only the sums have to be exact at every moment (the peak), so while tracemalloc traces, the interpreter's hooks are replaced by others that
// add up as well (python_hooks_traced.cc). What programs announce themselves (PyTraceMalloc_Track) is kept apart: tracked.h.
#ifndef LIMPET_AGENT_TRACES_H_
#define LIMPET_AGENT_TRACES_H_

#include "agent/api.h"
#include "agent/counters.h"

namespace limpet::agent {

struct Traces {
  bool on = false;
  uint32_t frames = 1;  // how many of each stack the program wants to see
  uint32_t from_epoch = 0;
  int64_t current = 0;  // bytes; below 0 for moments only, when threads that do not hold the interpreter lock cross
  int64_t peak = 0;
};
extern Traces g_traces;

inline void AddTraced(uint64_t size) {
  const int64_t now = __atomic_add_fetch(&g_traces.current, int64_t(size), __ATOMIC_RELAXED);
  int64_t peak = __atomic_load_n(&g_traces.peak, __ATOMIC_RELAXED);
  while (LIMPET_UNLIKELY(now > peak) &&
         !__atomic_compare_exchange_n(&g_traces.peak, &peak, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    continue;
}
inline void SubtractTraced(uint64_t size) { __atomic_sub_fetch(&g_traces.current, int64_t(size), __ATOMIC_RELAXED); }

inline void SubtractRow(const Row& row) {
  if (PairAt(row.cell)->half[0].epoch >= g_traces.from_epoch) SubtractTraced(row.size);
}

// Whether an epoch is one whose births are not to be mixed with those of later ones.
inline bool BeforeTraces(uint32_t epoch) { return g_traces.on && epoch < g_traces.from_epoch; }

// No more tracing, because the recording ends. REQUIRES: the interpreter lock.
void EndTraces();

// In a forked child, whose inherited blocks are about to become those of epoch 0 or 1: which one, for a pair of `epoch`.
uint32_t InheritedEpoch(uint32_t epoch);
void InheritTraces();

// For the Python module: see api.h.
extern const LimpetTraceApi g_trace_api;

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_TRACES_H_

// What the cyclic collector has done so far, read from the interpreter state without calling the interpreter.
//
// gc_find.h says how the state is found. Builds that do not have it that way (3.14.0 to 3.14.4) are reported as unknown.
#ifndef LIMPET_CPYTHON_GC_STATE_H_
#define LIMPET_CPYTHON_GC_STATE_H_

#include <cstdint>

namespace limpet::cpython {

struct GcCounts {
  uint64_t collections[3];  // of each generation, youngest first, since the interpreter started
  uint64_t collected;       // objects, all generations together
  uint64_t uncollectable;
  bool enabled;     // gc.isenabled()
  bool collecting;  // a collection is running now
};

// The counts of `interpreter` (a PyInterpreterState) in CPython 3.`minor`, or false when they are unknown. `runtime` is
// _PyRuntime, or null where that symbol was not found.
bool ReadGcCounts(int minor, const char* runtime, const char* interpreter, GcCounts* counts);

// The offset of the collector's state inside the interpreter state, or kAbsent.
int FindGcState(int minor, const char* runtime, const char* interpreter);

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_GC_STATE_H_

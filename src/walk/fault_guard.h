// Surviving the reading of memory that makes no sense, in a process of our own making (the forked child): a fault, or a call that does
// not return, brings the walker back to the object at hand, which it then skips.
//
//     if (SetReturnPoint()) { ... a fault happened since: the object at hand is skipped ... }
//
// One walk at a time. Not for the program itself: it takes SIGALRM, a signal stack, and the signals of code that fails.
#ifndef LIMPET_WALK_FAULT_GUARD_H_
#define LIMPET_WALK_FAULT_GUARD_H_

#include <cstdint>

namespace limpet::walk {

extern void* g_return_point[5];

// What may take long is told to the guard: code of others that does not come back from one object is broken off, after half a second of
// work, or a few seconds of waiting (for a lock, say, that nobody is left to give back).
// kCallsUs: our own code, called by it, must not be broken off.
enum class Foreign : uint32_t { kNone, kRuns, kCallsUs };
extern volatile uint64_t g_step;    // changes with every object
extern volatile Foreign g_foreign;  // whether code of an extension runs (its tp_traverse)

// Takes the signals and starts the clock. False: that did not work.
bool StartFaultGuard();
void StopFaultGuard();

// Must be used in the function whose frame stays alive for as long as faults may come back to it.
#define LIMPET_SET_RETURN_POINT() __builtin_setjmp(::limpet::walk::g_return_point)

}  // namespace limpet::walk

#endif  // LIMPET_WALK_FAULT_GUARD_H_

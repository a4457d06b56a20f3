// See python_hooks.cc.
#ifndef LIMPET_AGENT_PYTHON_HOOKS_H_
#define LIMPET_AGENT_PYTHON_HOOKS_H_

#include <stdint.h>

namespace limpet::agent {

// Wraps whatever allocators are in place now, for CPython 3.minor. REQUIRES: g_python's entry points are known.
bool InstallPythonHooks(uint32_t minor);

// False when somebody has put other allocators in front of ours, or in our place.
bool PythonHooksInPlace();

// For a program that runs already. Where somebody has put allocators in front of ours, they cannot be taken out: they stay, pass everything
// on, and serve again later. REQUIRES: the interpreter lock; for installing, an open gate.
void InstallPythonHooksLate(uint32_t minor);
void RemovePythonHooksLate();
// Whether they are still called, in front or behind somebody else's. REQUIRES: as above, and not inside a hook.
bool PythonHooksReachedLate();
// Our hooks of a domain and what stands behind them; false: they are not in front of all others, or there are none.
struct PyAllocator;
bool HooksInFront(int domain, PyAllocator** ours, PyAllocator* behind);
bool HooksInFrontLate(int domain, PyAllocator** ours, PyAllocator* behind);
// Replaces them by ones that tell tracemalloc's sums of every event (traces.h), and back. False where they are not in front: somebody else's
// stand before them. REQUIRES: the interpreter lock.
bool SwitchTracedHooks(uint32_t minor, bool on);

// What hooks outside of Python's allocators call, for CPython 3.minor.
void ChooseAnywhere(uint32_t minor);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PYTHON_HOOKS_H_

// The ways out that pass neither the callbacks of atexit nor our destructor: os._exit, the end of a child of multiprocessing, and quick_exit.
//
// All the counts are in the file at any moment; what is written on the way out is that the process ended by itself and when, without which its
// recording looks like that of one that was killed. A signal handler may be on its way out here, or a child that a program of many threads
// has forked, whose locks nobody will ever release: no lock is taken, nothing is allocated or looked up.
#ifndef LIMPET_AGENT_EXIT_HOOKS_H_
#define LIMPET_AGENT_EXIT_HOOKS_H_

#include <stddef.h>

#include "agent/native_hooks.h"

namespace limpet::agent {

// Finds the functions behind the hooks: the next definitions, or (late) those that the program calls.
void ResolveExits(bool late);

// Adds the hooks to a list, for a program that runs already; their number, at most 3.
size_t ListExitHooks(NativeHook* hooks);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_EXIT_HOOKS_H_

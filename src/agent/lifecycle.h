// The agent's own life in a process: start, fork, exit.
#ifndef LIMPET_AGENT_LIFECYCLE_H_
#define LIMPET_AGENT_LIFECYCLE_H_

#include "agent/thread.h"

namespace limpet::agent {

// True while the interpreter may still be on its way: not loaded yet, or about to put its own allocators in front of ours.
extern bool g_early;

// Called by native hooks while g_early: looks again whether there is an interpreter, and whether our hooks are in place.
void LookForPython(Thread* thread);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_LIFECYCLE_H_

// Tracing begun and ended by the program itself, at any time of its life: limpet.start() and limpet.stop() of the Python package.
//
// The agent is loaded then and never unloaded: threads may be inside a hook, and blocks of that time are freed later. Stopped, it counts
// nothing and its hooks are taken out as far as nobody stands in front of them; those that stay pass everything on.
//
//     loaded --start--> recording --stop--> silent --start--> recording ...
//
// A second recording begins as a forked child's does: with what is known of stacks, at the same addresses, and other counters.
#ifndef LIMPET_AGENT_IN_PROCESS_H_
#define LIMPET_AGENT_IN_PROCESS_H_

#include <stddef.h>

#include "agent/api.h"

namespace limpet::agent {

// REQUIRES for both: the interpreter lock. `error` gets a sentence when the answer is not kLimpetOk.
LimpetAnswer StartInProcess(const LimpetStart& wish, char* error, size_t room);
LimpetAnswer StopInProcess();

// Whether StartInProcess began the recording that is under way.
bool StartedInProcess();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_IN_PROCESS_H_

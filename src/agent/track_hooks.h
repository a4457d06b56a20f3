// The functions by which extension modules speak to tracemalloc, answered by us while limpet plays its part: PyTraceMalloc_Track,
// PyTraceMalloc_Untrack, _PyTraceMalloc_GetTraceback. They are reached where modules call them, by the slots of patch.h; modules that are
// loaded later are reached by way of the interpreter's own dlopen.
#ifndef LIMPET_AGENT_TRACK_HOOKS_H_
#define LIMPET_AGENT_TRACK_HOOKS_H_

#include "agent/tracked.h"

namespace limpet::agent {

// `frames_of`: what answers _PyTraceMalloc_GetTraceback; it makes Python objects, which the agent does not.
void InstallTrackHooks(void* frames_of);
void RemoveTrackHooks();

// What programs have announced. REQUIRES for Forget: the agent's lock.
void ForgetTracked();
uint64_t TrackedBytes();
// The site where it was announced, or kNoSite.
uint32_t FindTracked(uint32_t domain, uintptr_t address);
void ForEachTracked(void (*visit)(void* self, const TrackedTable::Entry& entry), void* self);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_TRACK_HOOKS_H_

// What the process holds of the kernel's at a moment: descriptors by kind, threads, children, resident memory.
#ifndef LIMPET_AGENT_RESOURCES_H_
#define LIMPET_AGENT_RESOURCES_H_

#include <stdint.h>

#include "capture/memory_format.h"

namespace limpet::agent {

// Fills all but the time. `not_counted` is a child that is none of the program's: the writer of a snapshot. Some tens of system calls; uses
// static memory. REQUIRES: the agent's lock.
void CountResources(int32_t not_counted, capture::ResourceRecord* record);

// Resident anonymous memory of this process; 0 where the kernel does not say. From smaps_rollup, which counts page by page: cheap
// counters (statm) lag behind.
uint64_t OwnAnonymousBytes();

// Which kind of thing a link in /proc/PID/fd names.
enum class DescriptorKind : uint8_t { kFile, kSocket, kPipe, kEvent, kOther };
DescriptorKind KindOfDescriptor(const char* target);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_RESOURCES_H_

// The writing side of p<pid>/memory (capture/memory_format.h): descriptors, threads and children over time, the ledgers, and what a trial of
// malloc_trim gave. A file of a fixed size that is mapped once; the copy that takes a heap snapshot shares it, and writes its ledger there.
#ifndef LIMPET_AGENT_MEMORY_FILE_H_
#define LIMPET_AGENT_MEMORY_FILE_H_

#include <stdint.h>

#include "capture/memory_format.h"

namespace limpet::agent {

// The file's header, or null where there is none (the disk is full, a limit is in the way); made at the first call. REQUIRES: the agent's lock.
capture::MemoryHeader* MemoryFile();

// The place of ledger `number`, or null where there is no file. Any thread, the snapshot's copy too.
capture::LedgerRecord* LedgerSlot(uint32_t number);

// Notes what the process holds when it is time to, or `force`. REQUIRES: the agent's lock.
void SampleResources(uint64_t now_ns, bool force);

// Serves a request for a trial of malloc_trim. Called at ticks, without the agent's lock: the call may take as long as malloc's heaps are large.
void ConsiderTrim();

// In a forked child: the file is the parent's. It gets one of its own.
void ForgetMemoryFile();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_MEMORY_FILE_H_

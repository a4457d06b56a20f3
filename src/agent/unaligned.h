// Rows of blocks that do not start at a multiple of 16: some allocators (jemalloc, tcmalloc) align small blocks to 8, and custom
// Python allocators may put a header before theirs. Rare, so a locked hash table will do.
#ifndef LIMPET_AGENT_UNALIGNED_H_
#define LIMPET_AGENT_UNALIGNED_H_

#include "agent/shadow.h"
#include "agent/thread.h"

namespace limpet::agent {

void AddUnaligned(Thread* thread, uintptr_t address, uint32_t pair, uint64_t size, bool locked);
Row TakeUnaligned(uintptr_t address);
void PutUnaligned(uintptr_t address, const Row& row);
void ResetUnalignedAfterFork();
// Forgets all rows. REQUIRES: nobody is inside a hook.
void ClearUnaligned();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_UNALIGNED_H_

// What a walk of the heap asks of the shadow: which blocks are live, how large they are, and where they were born. In the copy of the process
// that is walked: nothing changes meanwhile.
#ifndef LIMPET_AGENT_LIVE_BLOCKS_H_
#define LIMPET_AGENT_LIVE_BLOCKS_H_

#include "capture/snapshot_writer.h"
#include "walk/walk.h"

namespace limpet::agent {

// Every block and every mapping in which no blocks are, in order of address.
void ForEachLiveBlock(void (*visit)(void* self, walk::LiveBlock block), void* self);
// The size of the block that begins at an address; 0: none does.
uint64_t SizeOfLiveBlock(uint64_t block);
// The cell pair that a live block is counted in, which stands for a place and a time; 0: not known. REQUIRES: a block or mapping begins at
// the address, or nothing that was ever one.
uint32_t PairOfLiveBlock(uint64_t block);
capture::SnapshotBirth BirthOfPair(uint32_t pair);
// The node of the stack by which the blocks of a pair were born.
uint32_t StackOfPair(uint32_t pair);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_LIVE_BLOCKS_H_

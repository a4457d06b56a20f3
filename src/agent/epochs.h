// Epochs: time, cut so that there are always 32 to 64 pieces once there were as many.
//
// Progress is time and volume together: one unit is 5 ms or 1 MiB of allocation (or parts of both). An epoch ends after one
// unit; when 64 epochs (or groups of them) exist, neighbours are merged in pairs and the unit doubles. Fine epochs keep their
// numbers; a reader replays the merging from EpochRecord::folds. At each merge the counters of blocks that are all dead are
// folded together, so that memory stays bounded however long the program runs.
#ifndef LIMPET_AGENT_EPOCHS_H_
#define LIMPET_AGENT_EPOCHS_H_

#include <stdint.h>

namespace limpet::agent {

// All of these REQUIRE the agent's lock (or that no other thread counts).
bool StartEpochs();
void RestartEpochs();
void TickEpochs(uint64_t now_ns);
void BeginEpoch(uint64_t now_ns);
// While it is held up, time does not go on for epochs: the program waits for limpet, and what it keeps does not grow meanwhile. Nor is what is
// allocated meanwhile, for limpet, any of the program's work. Nests.
void HoldEpochs(bool hold);
// Bytes allocated so far, without those.
uint64_t ProgramVolume();
void MarkIteration(const char* name, bool iteration, uint64_t now_ns);
uint32_t TakeFreePair();

// The group that fine epoch `fine` belongs to after all merges so far.
uint32_t GroupOfEpoch(uint32_t fine);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_EPOCHS_H_

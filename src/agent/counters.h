// Sites, their counters, and time: which pair of cells an event counts in, epochs, and what happens at a tick.
//
// A pair is two neighbouring CellRecords of one site and one birth epoch: [0] is added to plainly by threads that hold the
// interpreter lock, [1] atomically by all others. Shadow rows name the pair, so a death is counted where the birth was:
//
//     row -> pair -> { locked: births deaths bytes | shared: births deaths bytes }      births = deaths + live, over both
#ifndef LIMPET_AGENT_COUNTERS_H_
#define LIMPET_AGENT_COUNTERS_H_

#include "agent/chunked.h"
#include "agent/shadow.h"
#include "agent/thread.h"

namespace limpet::agent {

using capture::CellRecord;

struct CellPair {
  CellRecord half[2];
};
static_assert(sizeof(CellPair) == 64);
inline constexpr uint32_t kPairsPerBlock = capture::kBlockSize / sizeof(CellPair);

// Where a site's blocks are counted now.
struct SiteState {
  uint32_t pair;  // 0: none yet
  uint32_t next;  // the next older site of the same node, + 1; 0: none
};

struct Counters {
  uint32_t tag = 1;     // changes whenever SiteCacheEntries must not be believed any more
  uint32_t epoch = 0;   // fine epoch
  uint64_t volume = 0;  // bytes allocated, over all threads, up to their last ticks
  uint64_t freed = 0;
  uint64_t peak_image_bytes = 0;
  Chunked<SiteState, 8192, 8192> sites;
  char* pair_blocks[kMaxCells / kPairsPerBlock] = {};
};
extern Counters g_counters;

inline CellPair* PairAt(uint32_t pair) {
  return reinterpret_cast<CellPair*>(g_counters.pair_blocks[pair / kPairsPerBlock]) + pair % kPairsPerBlock;
}

// The pair for births at `site` now; makes it when the site has none in this epoch. 0: no room. Any thread, no lock held.
uint32_t PairOfSite(uint32_t site);

// A pair whose counts are about to overflow: the site gets a new one.
void RetirePair(uint32_t pair);

// Starts the clock and epoch 0. REQUIRES: the data file is open.
bool SetUpCounters();
// In a forked child: what lives now becomes the births of epoch 0, and epoch 1 begins.
void InheritCounters();
// For another recording of the same process: no block is known any more, and epoch 0 begins.
void ForgetCounters();

// Adds a thread's sums to the global ones.
void AddUp(Thread* thread);
// Looks at the clock: epochs, samples, peaks. Called by hooks every so many bytes.
void Tick(Thread* thread);
// The last look, at exit; also fills what only the end knows.
void LastTick();
// The interpreter has begun to finalise: keeps an image of what is alive before it lets go.
void NoteFinalizing();
// The program marked a checkpoint, or (iteration) the end of an iteration.
void NoteMark(const char* name, bool iteration);

// Bytes that the agent itself takes.
uint64_t OwnBytes();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_COUNTERS_H_

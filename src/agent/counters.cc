#include "agent/counters.h"

#include <stdio.h>

#include "agent/epochs.h"
#include "agent/images.h"
#include "agent/ledger.h"
#include "agent/memory_file.h"
#include "agent/native_stacks.h"
#include "agent/patch.h"
#include "agent/python.h"
#include "agent/samples.h"
#include "agent/snapshot.h"
#include "agent/stacks.h"
#include "agent/traces.h"

namespace limpet::agent {

using capture::Table;

constinit Counters g_counters;

namespace {

constexpr uint64_t kTickNs = 1000000;     // ticks are meant to come this often ...
constexpr uint64_t kMinTickBytes = 1024;  // ... and their distance in bytes is adapted to it, between these
constexpr uint32_t kFewBirths = 16;
constexpr uint64_t kMaxTickBytes = 64 * 1024;

// The pair number `count` / 2, or one that a fold set free.
uint32_t TakePair() {
  DataFile& file = g_agent.file;
  if (const uint32_t pair = TakeFreePair()) return pair;
  const uint32_t count = file.Count(Table::kCells);
  const uint32_t pair = count / 2;
  if (pair >= kMaxCells) return 0;
  CellRecord* first = static_cast<CellRecord*>(file.Reserve(Table::kCells, count));
  if (!first || !file.Reserve(Table::kCells, count + 1)) return 0;
  if (pair % kPairsPerBlock == 0) g_counters.pair_blocks[pair / kPairsPerBlock] = reinterpret_cast<char*>(first);
  memset(first, 0, sizeof(CellPair));
  first[0].site = first[1].site = capture::kNoSite;
  file.SetCount(Table::kCells, count + 2);
  return pair;
}

// A site that allocates now and then and keeps nothing does not get a pair for each epoch: its few dead births move along.
// (Programs that recurse have tens of thousands of stacks of that kind.) What lives stays with the epoch of its birth.
// REQUIRES: the agent's lock.
bool MoveToEpoch(uint32_t pair, uint32_t epoch) {
  CellRecord* h = PairAt(pair)->half;
  const uint32_t births = h[0].births + h[1].births;
  if (BeforeTraces(h[0].epoch)) return false;
  if (births > kFewBirths || births != h[0].deaths + h[1].deaths || InImage(pair)) return false;
  h[0].epoch = h[1].epoch = epoch;
  return true;
}

uint32_t NewPair(uint32_t site) {
  const uint32_t pair = TakePair();
  if (!pair) return 0;
  CellPair* cells = PairAt(pair);
  for (CellRecord& cell : cells->half) {
    cell.births = cell.deaths = 0;
    cell.birth_bytes = cell.death_bytes = 0;
    cell.epoch = g_counters.epoch;
    __atomic_store_n(&cell.site, site, __ATOMIC_RELEASE);
  }
  return pair;
}

// Where no copy of the process made one: now, while it runs. REQUIRES: the agent's lock.
void LedgerWithoutSnapshot() {
  const capture::FileHeader* header = g_agent.file.header();
  TakeLedger(header->snapshots_done + header->snapshots_failed + 1, NowNs() - header->start_monotonic_ns, false);
}

}  // namespace

LIMPET_COLD uint32_t PairOfSite(uint32_t site) {
  SiteState& state = g_counters.sites[site];
  const uint32_t seen = __atomic_load_n(&state.pair, __ATOMIC_ACQUIRE);
  if (seen && PairAt(seen)->half[0].epoch == g_counters.epoch && PairAt(seen)->half[0].site == site) return seen;
  ErrnoGuard errno_guard;
  LockGuard guard(g_agent.lock);
  const uint32_t epoch = g_counters.epoch;
  const uint32_t current = state.pair;
  if (current && (PairAt(current)->half[0].epoch == epoch || MoveToEpoch(current, epoch))) return current;
  const uint32_t pair = NewPair(site);
  // Without room the site goes on counting where it did, with blurred birth epochs, rather than not at all.
  if (!pair) return current;
  __atomic_store_n(&state.pair, pair, __ATOMIC_RELEASE);
  return pair;
}

LIMPET_COLD void RetirePair(uint32_t pair) {
  LockGuard guard(g_agent.lock);
  const uint32_t site = PairAt(pair)->half[0].site;
  if (site == capture::kNoSite || g_counters.sites[site].pair != pair) return;
  g_counters.sites[site].pair = 0;
  __atomic_add_fetch(&g_counters.tag, 1, __ATOMIC_RELEASE);
}

bool SetUpCounters() {
  // Pair 0 means "no row" in the shadow, so it is never given away.
  DataFile& file = g_agent.file;
  if (TakePair() != 0 || file.Count(Table::kCells) != 2) return false;
  return StartEpochs();
}

void InheritCounters() {
  DataFile& file = g_agent.file;
  capture::FileHeader* header = file.header();
  uint64_t blocks = 0, bytes = 0;
  const uint32_t pairs = file.Count(Table::kCells) / 2;
  for (uint32_t i = 0; i < pairs; ++i) {
    CellPair* pair = PairAt(i);
    if (pair->half[0].site == capture::kNoSite) continue;
    // Deaths of one half's births may be in the other half: only together they tell what lives.
    const uint32_t live = pair->half[0].births - pair->half[0].deaths + pair->half[1].births - pair->half[1].deaths;
    const uint64_t live_bytes =
        pair->half[0].birth_bytes - pair->half[0].death_bytes + pair->half[1].birth_bytes - pair->half[1].death_bytes;
    for (CellRecord& cell : pair->half) {
      cell.births = cell.deaths = 0;
      cell.birth_bytes = cell.death_bytes = 0;
      cell.epoch = InheritedEpoch(cell.epoch);
    }
    pair->half[0].births = live;
    pair->half[0].birth_bytes = live_bytes;
    blocks += live;
    bytes += live_bytes;
  }
  header->inherited_blocks = blocks;
  header->inherited_bytes = bytes;
  g_counters.volume = bytes;
  g_counters.freed = 0;
  InheritTraces();
  RestartEpochs();
}

void ForgetCounters() {
  DataFile& file = g_agent.file;
  const uint32_t pairs = file.Count(Table::kCells) / 2;
  for (uint32_t i = 0; i < pairs; ++i) {
    for (CellRecord& cell : PairAt(i)->half) {
      if (PairAt(i)->half[0].site == capture::kNoSite) continue;  // free: `epoch` links the list
      cell.births = cell.deaths = 0;
      cell.birth_bytes = cell.death_bytes = 0;
      cell.epoch = 0;
    }
  }
  const uint32_t sites = file.Count(Table::kSites);
  for (uint32_t i = 0; i < sites; ++i) file.At<capture::SiteRecord>(Table::kSites, i)->first_epoch = 0;
  g_counters.volume = g_counters.freed = 0;
  RestartEpochs();
}

void AddUp(Thread* thread) {
  const uint64_t allocated = thread->allocated - thread->added_allocated;
  const uint64_t freed = thread->freed - thread->added_freed;
  thread->added_allocated = thread->allocated;
  thread->added_freed = thread->freed;
  __atomic_add_fetch(&g_counters.volume, allocated, __ATOMIC_RELAXED);
  __atomic_add_fetch(&g_counters.freed, freed, __ATOMIC_RELAXED);
}

LIMPET_COLD void Tick(Thread* thread) {
  ErrnoGuard errno_guard;
  AddUp(thread);
  const uint64_t now = NowNs();
  const uint64_t passed = now - thread->last_tick_ns;
  if (passed < kTickNs / 2 && thread->tick_bytes < kMaxTickBytes) thread->tick_bytes *= 2;
  if (passed > kTickNs * 2 && thread->tick_bytes > kMinTickBytes) thread->tick_bytes /= 2;
  thread->last_tick_ns = now;
  thread->next_tick = thread->allocated + thread->tick_bytes;
  if (!g_agent.lock.TryLock()) return;  // somebody else is at it
  TickEpochs(now);
  SampleResources(now, false);
  g_agent.lock.Unlock();
  ConsiderSnapshot(now);
  ConsiderTrim();
  if (LIMPET_UNLIKELY(g_patching)) PatchNewObjects();
}

void LastTick() {
  if (Thread* thread = tls.thread) AddUp(thread);
  LockGuard guard(g_agent.lock);
  TickEpochs(NowNs());
  TakeSample(NowNs(), true);
  SampleResources(NowNs(), true);
  if (!g_python.main_interpreter) LedgerWithoutSnapshot();
}

LIMPET_COLD void NoteFinalizing() {
  capture::FileHeader* header = g_agent.file.header();
  if (__atomic_load_n(&header->finalizing_epoch, __ATOMIC_RELAXED) != 0xffffffff) return;
  ErrnoGuard errno_guard;
  if (Thread* thread = tls.thread) AddUp(thread);
  LockGuard guard(g_agent.lock);
  if (header->finalizing_epoch != 0xffffffff) return;
  SampleResources(NowNs(), true);
  // The image first: on a busy machine a snapshot may take seconds, in which the program, that is done, would seem to have kept nothing.
  WriteImage(2, NowNs());
  TakeSnapshot(capture::SnapshotTrigger::kExit, NowNs());
  if (!g_agent.options.snapshots_auto) LedgerWithoutSnapshot();
  BeginEpoch(NowNs());
  header->finalizing_epoch = g_counters.epoch;
}

void NoteMark(const char* name, bool iteration) {
  Thread* thread = Enter();
  if (!thread) return;
  {
    ErrnoGuard errno_guard;
    AddUp(thread);
    LockGuard guard(g_agent.lock);
    MarkIteration(name, iteration, NowNs());
  }
  Leave();
}

uint64_t OwnBytes() {
  const Stacks& s = g_stacks;
  return ShadowBytes() + s.by_hash.bytes() + NodeCache::bytes() + s.strings.bytes() + s.codes.bytes() +
         s.code_of.bytes() + s.frames.bytes() + s.nodes.bytes() + s.native_sites.bytes() + NativeBytes() +
         uint64_t(ThreadCount()) * sizeof(Thread);
}

}  // namespace limpet::agent

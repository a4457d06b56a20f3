#include "agent/epochs.h"

#include "agent/counters.h"
#include "agent/images.h"
#include "agent/samples.h"
#include "agent/snapshot.h"
#include "agent/stacks.h"
#include "agent/traces.h"

namespace limpet::agent {

using capture::CellRecord;
using capture::EpochRecord;
using capture::FileHeader;
using capture::Table;

namespace {

constexpr double kUnitNs = 5e6;
constexpr double kUnitBytes = 1 << 20;

// What a process has done, its own work and ours.
struct Work {
  uint64_t volume;  // bytes allocated
  uint64_t cpu_ns;
};

struct State {
  double start = 0;  // progress at which the current epoch began
  double unit = 0;   // progress that one epoch lasts
  uint32_t groups = 0;
  uint32_t folds = 0;
  uint32_t iterations = 0;
  bool fold_is_due = false;
  int32_t holds = 0;
  Work held = {};        // that was done while time was held up
  Work hold_began = {};  // what the process had done when it was, if it is
  uint64_t cpu_noted_ns = 0;
  uint32_t free_pairs = 0;  // head of the list of free pairs, 0: none; linked by CellRecord::epoch of the first half
  Chunked<uint8_t, 65536, 4096> group_of;  // by fine epoch
};
constinit State g_epochs;

uint64_t Elapsed(uint64_t now) { return now - g_agent.file.header()->start_monotonic_ns; }

Work WorkOfAll() { return {g_counters.volume, ProcessCpuNs()}; }

uint64_t ProgramCpuNs() {
  return (g_epochs.holds > 0 ? g_epochs.hold_began.cpu_ns : ProcessCpuNs()) - g_epochs.held.cpu_ns;
}

// Asking for it is a system call: not more often than matters.
void NoteCpu(uint64_t now) {
  constexpr uint64_t kEvery = 2'000'000;
  if (now - g_epochs.cpu_noted_ns < kEvery) return;
  g_epochs.cpu_noted_ns = now;
  g_agent.file.header()->last_cpu_ns = ProgramCpuNs();
}

double Progress(uint64_t now) {
  if (g_agent.options.epoch_ns) return double(Elapsed(now)) / double(g_agent.options.epoch_ns);
  return double(Elapsed(now)) / kUnitNs + double(g_counters.volume) / kUnitBytes;
}

bool IsDead(const CellPair* pair) {
  const CellRecord* h = pair->half;
  return h[0].births + h[1].births == h[0].deaths + h[1].deaths && h[0].births + h[1].births != 0 &&
         h[0].birth_bytes + h[1].birth_bytes == h[0].death_bytes + h[1].death_bytes;
}

// Moves one dead cell's counts into another dead one (format.h, FoldJournal).
void Fold(uint32_t from, uint32_t to) {
  DataFile& file = g_agent.file;
  CellRecord* source = file.At<CellRecord>(Table::kCells, from);
  CellRecord* target = file.At<CellRecord>(Table::kCells, to);
  capture::FoldJournal& journal = file.header()->fold;
  journal.from = from;
  journal.to = to;
  journal.births = target->births;
  journal.deaths = target->deaths;
  journal.birth_bytes = target->birth_bytes;
  journal.death_bytes = target->death_bytes;
  __atomic_store_n(&journal.active, 1, __ATOMIC_RELEASE);
  target->births += source->births;
  target->deaths += source->deaths;
  target->birth_bytes += source->birth_bytes;
  target->death_bytes += source->death_bytes;
  __atomic_store_n(&source->site, capture::kNoSite, __ATOMIC_RELEASE);
  __atomic_store_n(&journal.active, 0, __ATOMIC_RELEASE);
}

bool SumsFit(const CellRecord& a, const CellRecord& b) {
  return uint64_t(a.births) + b.births < 0x7fffffff && uint64_t(a.deaths) + b.deaths < 0x7fffffff;
}

// After a merge: for each site and group, all pairs whose blocks are dead become one. Nobody counts in them any more (no
// row names them, births go to the current epoch) but who looked a pair up two epochs ago and was held up since. Two epochs may
// be two large blocks long; so this waits for a moment when no other thread is inside a hook.
void FoldDeadPairs() {
  if (!OthersAreQuiet()) return;
  if (SnapshotRunning()) return;  // its child reads which pair belongs to which site
  g_epochs.fold_is_due = false;
  IdMap representatives;
  const uint32_t pairs = g_agent.file.Count(Table::kCells) / 2;
  for (uint32_t pair = 1; pair < pairs; ++pair) {
    CellPair* cells = PairAt(pair);
    const uint32_t site = cells->half[0].site;
    if (site == capture::kNoSite || cells->half[0].epoch + 2 > g_counters.epoch || !IsDead(cells)) continue;
    const uint64_t apart = BeforeTraces(cells->half[0].epoch) ? 0x80 : 0;  // groups are fewer than 128
    const uint64_t key = (uint64_t(site) << 8 | apart | GroupOfEpoch(cells->half[0].epoch)) + 1;
    const uint32_t other = representatives.Find(key);
    if (other == IdMap::kNone) {
      if (!representatives.Insert(key, pair)) break;
      continue;
    }
    if (!SumsFit(PairAt(other)->half[0], cells->half[0]) || !SumsFit(PairAt(other)->half[1], cells->half[1])) continue;
    if (g_counters.sites[site].pair == pair) g_counters.sites[site].pair = 0;
    // The first half is freed last: until then the pair is not on the list.
    FoldInImages(pair, other);
    Fold(pair * 2 + 1, other * 2 + 1);
    Fold(pair * 2, other * 2);
    cells->half[0].epoch = g_epochs.free_pairs;
    g_epochs.free_pairs = pair;
  }
  representatives.Free();
}

void MergeGroups() {
  for (uint32_t fine = 0; fine <= g_counters.epoch; ++fine) g_epochs.group_of[fine] /= 2;
  g_epochs.groups = capture::kMaxEpochGroups / 2;
  ++g_epochs.folds;
  g_epochs.unit *= 2;
  g_agent.file.header()->folds = g_epochs.folds;
  g_epochs.fold_is_due = true;
  FoldDeadPairs();
}

bool AppendEpoch(uint64_t now) {
  auto* record = static_cast<EpochRecord*>(g_agent.file.Next(Table::kEpochs));
  const uint32_t number = g_agent.file.Count(Table::kEpochs);
  if (!record || !g_epochs.group_of.Ensure(number)) return false;
  record->start_ns = Elapsed(now);
  record->start_volume = ProgramVolume();
  record->folds = g_epochs.folds;
  record->iterations = g_epochs.iterations;
  record->live_bytes = g_counters.volume - g_counters.freed;
  record->cpu_ns = ProgramCpuNs();
  g_agent.file.header()->last_cpu_ns = record->cpu_ns;
  g_agent.file.Publish(Table::kEpochs);
  g_epochs.group_of[number] = uint8_t(g_epochs.groups++);
  g_epochs.start = Progress(now);
  __atomic_store_n(&g_counters.epoch, number, __ATOMIC_RELEASE);
  __atomic_add_fetch(&g_counters.tag, 1, __ATOMIC_RELEASE);
  return true;
}

}  // namespace

bool StartEpochs() {
  g_epochs.unit = 1;
  return AppendEpoch(NowNs());
}

void RestartEpochs() {
  DataFile& file = g_agent.file;
  FileHeader* header = file.header();
  file.SetCount(Table::kEpochs, 0);
  file.SetCount(Table::kSamples, 0);
  file.SetCount(Table::kMarks, 0);
  for (capture::ImageHeader& image : header->images) image = {};
  header->folds = 0;
  header->held_volume = header->hold_volume = 0;
  g_epochs.held = {};
  header->finalizing_epoch = 0xffffffff;
  g_epochs.groups = g_epochs.folds = g_epochs.iterations = 0;
  g_epochs.unit = 1;
  g_counters.peak_image_bytes = 0;
  ResetSamples();
  AppendEpoch(header->start_monotonic_ns);
  BeginEpoch(NowNs());
}

void BeginEpoch(uint64_t now) {
  if (g_epochs.groups == capture::kMaxEpochGroups) MergeGroups();
  AppendEpoch(now);
}

uint64_t ProgramVolume() {
  return (g_epochs.holds > 0 ? g_epochs.hold_began.volume : g_counters.volume) - g_epochs.held.volume;
}

void HoldEpochs(bool hold) {
  FileHeader* header = g_agent.file.header();
  const bool outermost = g_epochs.holds == (hold ? 0 : 1);
  if (outermost && header && hold) {
    g_epochs.hold_began = WorkOfAll();
    header->hold_volume = ProgramVolume();
  } else if (outermost && header) {
    const Work now = WorkOfAll();
    g_epochs.held.volume += now.volume - g_epochs.hold_began.volume;
    g_epochs.held.cpu_ns += now.cpu_ns - g_epochs.hold_began.cpu_ns;
    header->held_volume = g_epochs.held.volume;
    header->hold_volume = 0;
  }
  g_epochs.holds += hold ? 1 : -1;
}

void TickEpochs(uint64_t now) {
  if (g_epochs.holds > 0) return;
  FileHeader* header = g_agent.file.header();
  const uint64_t live = g_counters.volume - g_counters.freed;
  header->last_tick_ns = Elapsed(now);
  NoteCpu(now);
  if (live > header->peak_bytes && live < 1ull << 62) {  // frees may be added up before the allocations they belong to
    header->peak_bytes = live;
    header->peak_time_ns = Elapsed(now);
  }
  const bool over = Progress(now) - g_epochs.start >= g_epochs.unit && !g_agent.options.iterations;
  MaybeImagePeak(now, live, over);
  TakeSample(now, false);
  if (g_epochs.fold_is_due) FoldDeadPairs();
  if (over) BeginEpoch(now);
}

void MarkIteration(const char* name, bool iteration, uint64_t now) {
  if (iteration) ++g_epochs.iterations;
  if (name && *name) {
    auto* record = static_cast<capture::MarkRecord*>(g_agent.file.Next(Table::kMarks));
    if (record && g_agent.file.Count(Table::kMarks) < capture::kMaxMarks) {
      record->time_ns = Elapsed(now);
      record->name = InternString(name, uint32_t(strlen(name)));
      record->epoch = g_counters.epoch;
      record->iterations = g_epochs.iterations;
      record->pad = 0;
      g_agent.file.Publish(Table::kMarks);
    }
  }
  g_agent.file.header()->iterations = g_epochs.iterations;
  const bool over = Progress(now) - g_epochs.start >= g_epochs.unit;
  if (!iteration || (g_agent.options.iterations && over)) BeginEpoch(now);
}

uint32_t TakeFreePair() {
  const uint32_t pair = g_epochs.free_pairs;
  if (pair) g_epochs.free_pairs = PairAt(pair)->half[0].epoch;
  return pair;
}

uint32_t GroupOfEpoch(uint32_t fine) { return g_epochs.group_of[fine]; }

}  // namespace limpet::agent

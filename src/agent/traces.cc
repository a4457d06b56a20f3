#include "agent/traces.h"

#include "agent/epochs.h"
#include "agent/python_hooks.h"
#include "agent/stacks.h"
#include "agent/track_hooks.h"

namespace limpet::agent {

constinit Traces g_traces;

namespace {

using capture::Domain;
using capture::SiteRecord;
using capture::Table;

bool IsTracing() { return g_traces.on && g_gate.state == uint32_t(Gate::kOpen); }

// The traces' site if `cell` counts some, else kNoSite. Rows are read while other threads write some of them: nothing in them is believed.
uint32_t TracedSite(uint32_t cell) {
  DataFile& file = g_agent.file;
  if (cell == 0 || cell >= file.Count(Table::kCells) / 2) return capture::kNoSite;
  const CellRecord& counts = PairAt(cell)->half[0];
  const uint32_t site = counts.site;
  if (site >= file.Count(Table::kSites) || counts.epoch < g_traces.from_epoch) return capture::kNoSite;
  const bool python = file.At<SiteRecord>(Table::kSites, site)->domain <= uint8_t(Domain::kObject);
  return python ? site : capture::kNoSite;
}

bool IsZero(const uint32_t* words, uint32_t count) {
  uint32_t any = 0;
  for (uint32_t i = 0; i < count; ++i) any |= words[i];
  return any == 0;
}

// Calls visit(site, size) for each live block of Python's allocators that is traced. REQUIRES: the interpreter lock.
template <class Visit>
void ForEachTrace(Visit visit) {
  constexpr uint32_t kPage = 1024;  // words
  const uint32_t leaves = LeafCount();
  for (uint32_t number = 0; number < leaves; ++number) {
    const uint32_t* leaf = LeafNumber(number);
    uint32_t next = 0;  // the last row of a page may reach into the one after it
    for (uint32_t page = 0; leaf && page < kLeafGranules; page += kPage) {
      if (IsZero(leaf + page, kPage)) continue;
      next = ForEachRow(leaf, next > page ? next : page, page + kPage, [&](uint32_t, const Row& row) {
        const uint32_t site = TracedSite(row.cell);
        if (site != capture::kNoSite) visit(site, row.size);
      });
    }
  }
}

// An array in memory from the kernel: the program's own is what is being looked at.
class TraceRows {
 public:
  void Add(const LimpetTraceRow& row) {
    if (count_ == room_ && !Grow()) return;
    rows_[count_++] = row;
  }
  // What was asked for may be a little less than there is room for: the caller gives it back by its count.
  LimpetTraceRow* Release(uint64_t* count) {
    const uint64_t unused = Pages(room_) - Pages(count_);
    if (rows_ && unused) UnmapMemory(reinterpret_cast<char*>(rows_) + Pages(count_), unused);
    *count = count_;
    return count_ ? rows_ : nullptr;
  }
  static uint64_t Pages(uint64_t count) { return (count * sizeof(LimpetTraceRow) + 4095) / 4096 * 4096; }

 private:
  bool Grow() {
    const uint64_t room = room_ ? room_ * 2 : 65536;
    auto* rows = static_cast<LimpetTraceRow*>(MapMemory(Pages(room)));
    if (!rows) return false;
    if (rows_) {
      memcpy(rows, rows_, count_ * sizeof(LimpetTraceRow));
      UnmapMemory(rows_, Pages(room_));
    }
    rows_ = rows;
    room_ = room;
    return true;
  }

  LimpetTraceRow* rows_ = nullptr;
  uint64_t count_ = 0;
  uint64_t room_ = 0;
};

// What is alive now is no trace.
void ForgetTraces() {
  ErrnoGuard errno_guard;
  Thread* thread = Enter();
  if (thread) AddUp(thread);
  {
    LockGuard guard(g_agent.lock);
    BeginEpoch(NowNs());
    g_traces.from_epoch = g_counters.epoch;
    ForgetTracked();
  }
  __atomic_store_n(&g_traces.current, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&g_traces.peak, 0, __ATOMIC_RELAXED);
  if (thread) Leave();
}

int32_t Start(uint32_t frames, int32_t whole, void* frames_of) {
  if (g_gate.state != uint32_t(Gate::kOpen) || !g_agent.minor) return kLimpetNotRunning;
  if (IsTracing()) return kLimpetAlready;
  if (!SwitchTracedHooks(g_agent.minor, true)) {
    SwitchTracedHooks(g_agent.minor, false);
    return kLimpetBusy;
  }
  g_traces = {};
  g_traces.frames = frames;
  g_traces.on = true;
  if (whole) {
    int64_t live = 0;
    ForEachTrace([&](uint32_t, uint64_t size) { live += int64_t(size); });
    g_traces.current = g_traces.peak = live;
  } else {
    ForgetTraces();
  }
  InstallTrackHooks(frames_of);
  return kLimpetOk;
}

void Stop() {
  if (g_traces.on) EndTraces();
}

void Clear() {
  if (IsTracing()) ForgetTraces();
}

void ResetPeak() {
  if (IsTracing()) __atomic_store_n(&g_traces.peak, g_traces.current, __ATOMIC_RELAXED);
}

void State(LimpetTraceState* state) {
  *state = {};
  state->on = IsTracing() ? 1 : 0;
  state->frames = g_traces.frames;
  if (!state->on) return;
  const int64_t current = __atomic_load_n(&g_traces.current, __ATOMIC_RELAXED);
  const int64_t peak = __atomic_load_n(&g_traces.peak, __ATOMIC_RELAXED);
  state->current_bytes = current > 0 ? uint64_t(current) : 0;
  state->peak_bytes = peak > current ? uint64_t(peak) : state->current_bytes;
}

uint64_t OwnTraceBytes() {
  if (!IsTracing()) return 0;
  uint64_t bytes = 0;
  ForEachTrace([&](uint32_t, uint64_t size) { bytes += size > kMaxSmall ? 8 : 4; });
  LockGuard guard(g_agent.lock);
  return bytes + TrackedBytes() + OwnBytes() - ShadowBytes();
}

int32_t Find(uint32_t domain, const void* block, uint32_t* site) {
  if (!IsTracing()) return 0;
  const auto address = reinterpret_cast<uintptr_t>(block);
  uint32_t found = FindTracked(domain, address);
  const uint32_t* word = domain == 0 && address % 16 == 0 ? FindWord(address) : nullptr;
  if (word && *word) found = TracedSite(DecodeRow(word).cell);
  *site = found;
  return found == capture::kNoSite ? 0 : 1;
}

LimpetTraceRow* ListRows(uint64_t* count) {
  *count = 0;
  if (!IsTracing()) return nullptr;
  TraceRows rows;
  ForEachTrace([&](uint32_t site, uint64_t size) { rows.Add({size, site, 0}); });
  ForEachTracked(
      [](void* to, const TrackedTable::Entry& entry) {
        static_cast<TraceRows*>(to)->Add({entry.size, entry.site_plus_1 - 1, entry.domain});
      },
      &rows);
  return rows.Release(count);
}

LimpetChurnRow* ListChurn(uint64_t* count) {
  *count = 0;
  DataFile& file = g_agent.file;
  if (!IsTracing()) return nullptr;
  LockGuard guard(g_agent.lock);
  const uint32_t sites = file.Count(Table::kSites), pairs = file.Count(Table::kCells) / 2;
  auto* rows = static_cast<LimpetChurnRow*>(MapMemory(sites * sizeof(LimpetChurnRow)));
  if (!rows) return nullptr;
  for (uint32_t pair = 1; pair < pairs; ++pair) {
    const uint32_t site = TracedSite(pair);
    if (site == capture::kNoSite || site >= sites) continue;
    rows[site].site = site;
    for (const CellRecord& half : PairAt(pair)->half) {
      rows[site].births += half.births;
      rows[site].birth_bytes += half.birth_bytes;
      rows[site].deaths += half.deaths;
      rows[site].death_bytes += half.death_bytes;
    }
  }
  *count = sites;
  return rows;
}

void FreeRows(void* rows, uint64_t count, uint64_t row_size) {
  if (rows) UnmapMemory(rows, count * row_size);
}

}  // namespace

const LimpetTraceApi g_trace_api = {
    .start = Start,
    .stop = Stop,
    .clear = Clear,
    .reset_peak = ResetPeak,
    .state = State,
    .own_bytes = OwnTraceBytes,
    .find = Find,
    .rows = ListRows,
    .churn = ListChurn,
    .free_rows = FreeRows,
};

void EndTraces() {
  RemoveTrackHooks();
  SwitchTracedHooks(g_agent.minor, false);
  g_traces.on = false;
  LockGuard guard(g_agent.lock);
  ForgetTracked();
}

uint32_t InheritedEpoch(uint32_t epoch) { return g_traces.on && g_traces.from_epoch && !BeforeTraces(epoch) ? 1 : 0; }

void InheritTraces() { g_traces.from_epoch = g_traces.on && g_traces.from_epoch ? 1 : 0; }

}  // namespace limpet::agent

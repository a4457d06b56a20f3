#include "cpython/gc_state.h"

#include "cpython/frame.h"
#include "cpython/gc_find.h"
#include "cpython/layouts.h"

namespace limpet::cpython {
namespace {

// This process; its interpreter is alive.
struct OwnSpan {
  const char* Span(uint64_t address, size_t) const { return reinterpret_cast<const char*>(address); }
};

template <class L>
int Find(const char* runtime, const char* interpreter) {
  OwnSpan memory;
  GcFinder<L, OwnSpan> finder(memory, reinterpret_cast<uint64_t>(runtime), reinterpret_cast<uint64_t>(interpreter));
  return finder.Find().offset;
}

// The record that holds the totals of one generation, or null.
template <class L>
const char* Totals(const char* gc, int generation) {
  if constexpr (L::kGcStatsForm == GcStatsForm::kArray) {
    return gc + L::kGcStats + generation * L::kGcStatsSize;
  } else {
    const char* ring = Load<const char*>(gc, L::kGcStats);
    if (ring == nullptr) return nullptr;
    int index_offset = L::kGcYoungIndex;
    int records = L::kGcYoungRecords;
    if (generation > 0) {
      ring += L::kGcOldRings + (generation - 1) * L::kGcOldRingSize;
      index_offset = L::kGcOldIndex;
      records = L::kGcOldRecords;
    }
    const int newest = Load<int8_t>(ring, index_offset);  // NOLINT(bugprone-signed-char-misuse): a number
    return newest < 0 || newest >= records ? nullptr : ring + newest * L::kGcStatsSize;
  }
}

template <class L>
bool Read(const char* runtime, const char* interpreter, GcCounts* counts) {
  int offset = Find<L>(runtime, interpreter);
  if (offset == kAbsent) return false;
  const char* gc = interpreter + offset;
  *counts = GcCounts{};
  for (int i = 0; i < L::kGenerations; ++i) {
    const char* totals = Totals<L>(gc, i);
    if (totals == nullptr) return false;
    counts->collections[i] = Load<uint64_t>(totals, L::kGcStatsCollections);
    counts->collected += Load<uint64_t>(totals, L::kGcStatsCollected);
    counts->uncollectable += Load<uint64_t>(totals, L::kGcStatsUncollectable);
  }
  counts->enabled = Load<int32_t>(gc, L::kGcEnabled) != 0;
  counts->collecting = Load<int32_t>(gc, L::kGcCollecting) != 0;
  return true;
}

}  // namespace

bool ReadGcCounts(int minor, const char* runtime, const char* interpreter, GcCounts* counts) {
  return ForLayout(minor, false, [&](auto layout) { return Read<decltype(layout)>(runtime, interpreter, counts); });
}

int FindGcState(int minor, const char* runtime, const char* interpreter) {
  return ForLayout(minor, kAbsent, [&](auto layout) { return Find<decltype(layout)>(runtime, interpreter); });
}

}  // namespace limpet::cpython

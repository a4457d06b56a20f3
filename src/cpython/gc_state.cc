#include "cpython/gc_state.h"

#include "cpython/frame.h"
#include "cpython/layouts.h"

namespace limpet::cpython {
namespace {

// How far into PyInterpreterState the collector's state is looked for. The struct is over 100 KB in every version.
constexpr int kSearchEnd = 16 * 1024;

bool IsFlag(int32_t value) { return value == 0 || value == 1; }

// Where the generations are inside the state at `gc`, or kAbsent when this is no collector's state.
template <class L>
int FindGenerations(const char* gc) {
  const char* generation0 = Load<const char*>(gc, L::kGcGeneration0);
  const bool packed = L::kGcGenerationsPacked != kAbsent && generation0 == gc + L::kGcGenerationsPacked;
  if (!packed && generation0 != gc + L::kGcGenerations) return kAbsent;
  if (!IsFlag(Load<int32_t>(gc, L::kGcEnabled)) || !IsFlag(Load<int32_t>(gc, L::kGcCollecting))) return kAbsent;
  const int generations = packed ? L::kGcGenerationsPacked : L::kGcGenerations;
  for (int i = 0; i < L::kGenerations; ++i) {
    const char* generation = gc + generations + i * L::kGenerationSize;
    if (Load<uint64_t>(generation, 0) == 0 || Load<uint64_t>(generation, 8) == 0) return kAbsent;
    if (Load<int32_t>(generation, L::kGenerationThreshold) < 0) return kAbsent;
  }
  return generations;
}

template <class L>
int Find(const char* runtime, const char* interpreter) {
  if (FindGenerations<L>(interpreter + L::kInterpreterGc) != kAbsent) return L::kInterpreterGc;
  if constexpr (L::kDebugInterpreterGc != kAbsent) {
    if (runtime != nullptr && memcmp(runtime, "xdebugpy", 8) == 0) {
      uint64_t told = Load<uint64_t>(runtime, L::kDebugInterpreterGc);
      if (told < kSearchEnd && FindGenerations<L>(interpreter + told) != kAbsent) return static_cast<int>(told);
    }
  }
  for (int offset = 0; offset < kSearchEnd; offset += 8) {
    if (FindGenerations<L>(interpreter + offset) != kAbsent) return offset;
  }
  return kAbsent;
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
  switch (minor) {
    case Layout311::kMinor:
      return Read<Layout311>(runtime, interpreter, counts);
    case Layout312::kMinor:
      return Read<Layout312>(runtime, interpreter, counts);
    case Layout313::kMinor:
      return Read<Layout313>(runtime, interpreter, counts);
    case Layout314::kMinor:
      return Read<Layout314>(runtime, interpreter, counts);
    case Layout315::kMinor:
      return Read<Layout315>(runtime, interpreter, counts);
    default:
      return false;
  }
}

int FindGcState(int minor, const char* runtime, const char* interpreter) {
  switch (minor) {
    case Layout311::kMinor:
      return Find<Layout311>(runtime, interpreter);
    case Layout312::kMinor:
      return Find<Layout312>(runtime, interpreter);
    case Layout313::kMinor:
      return Find<Layout313>(runtime, interpreter);
    case Layout314::kMinor:
      return Find<Layout314>(runtime, interpreter);
    case Layout315::kMinor:
      return Find<Layout315>(runtime, interpreter);
    default:
      return kAbsent;
  }
}

}  // namespace limpet::cpython

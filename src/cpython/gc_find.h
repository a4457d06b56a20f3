// Finding the cyclic collector's state and its lists of objects, in any memory (see decode.h for the concept of one).
//
// The state lies inside PyInterpreterState, at an offset that moves even between patch releases. It carries its own proof:
// `generation0` points back to the first generation's list head, in the same struct.
//
//     interpreter + gc:   enabled | generations[3] | generation0 | permanent_generation | generation_stats | collecting
//                                   ^---------------------'
//
//     generation = list head (next, prev) -> PyGC_Head (next, prev) -> ... -> back to the list head. The object follows its PyGC_Head.
#ifndef LIMPET_CPYTHON_GC_FIND_H_
#define LIMPET_CPYTHON_GC_FIND_H_

#include "cpython/decode.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

inline constexpr uint64_t kGcHeadSize = 16;
inline constexpr uint64_t kGcLinkMask = ~uint64_t{3};  // the low bits of both links are flags

struct GcPlace {
  int offset = kAbsent;       // of the state inside the interpreter state
  int generations = kAbsent;  // of the first generation inside the state
};

template <class L, class Memory>
class GcFinder {
 public:
  GcFinder(Memory& memory, uint64_t runtime, uint64_t interpreter)
      : memory_(memory), runtime_(runtime), interpreter_(interpreter) {}

  // Where layouts.h and (3.13+) _Py_DebugOffsets say, else anywhere in the first kilobytes. `runtime` may be 0: not known.
  GcPlace Find() {
    if (Look(L::kInterpreterGc)) return place_;
    if constexpr (L::kDebugInterpreterGc != kAbsent) {
      char cookie[8];
      uint64_t told = 0;
      if (runtime_ != 0 && Get(memory_, runtime_, &cookie) && memcmp(cookie, "xdebugpy", sizeof cookie) == 0 &&
          Get(memory_, runtime_ + L::kDebugInterpreterGc, &told) && told < kSearchEnd && Look(static_cast<int>(told))) {
        return place_;
      }
    }
    for (int offset = 0; offset < kSearchEnd; offset += 8) {
      if (Look(offset)) return place_;
    }
    return {};
  }

 private:
  static constexpr int kSearchEnd = 16 * 1024;  // the interpreter state is over 100 KB in every version

  // Is this a collector's state?
  bool Look(int offset) {
    const uint64_t gc = interpreter_ + static_cast<uint64_t>(offset);
    uint64_t generation0 = 0;
    if (!Get(memory_, gc + L::kGcGeneration0, &generation0)) return false;
    const bool packed =
        L::kGcGenerationsPacked != kAbsent && generation0 == gc + static_cast<uint64_t>(L::kGcGenerationsPacked);
    if (!packed && generation0 != gc + L::kGcGenerations) return false;
    if (!IsFlag(gc + L::kGcEnabled) || !IsFlag(gc + L::kGcCollecting)) return false;
    const int generations = packed ? L::kGcGenerationsPacked : L::kGcGenerations;
    for (int i = 0; i < L::kGenerations; ++i) {
      uint64_t links[2];
      int32_t threshold = 0;
      const uint64_t generation = gc + static_cast<uint64_t>(generations + i * L::kGenerationSize);
      if (!Get(memory_, generation, &links) || links[0] == 0 || links[1] == 0) return false;
      if (!Get(memory_, generation + L::kGenerationThreshold, &threshold) || threshold < 0) return false;
    }
    place_ = {offset, generations};
    return true;
  }

  bool IsFlag(uint64_t address) {
    int32_t value = -1;
    return Get(memory_, address, &value) && (value == 0 || value == 1);
  }

  Memory& memory_;
  uint64_t runtime_;
  uint64_t interpreter_;
  GcPlace place_;
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_GC_FIND_H_

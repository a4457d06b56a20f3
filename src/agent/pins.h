// Sites whose few live blocks keep free memory around them from being given back, with their shares of it.
#ifndef LIMPET_AGENT_PINS_H_
#define LIMPET_AGENT_PINS_H_

#include <stdint.h>

#include "capture/memory_format.h"

namespace limpet::agent {

// Counts by site; of a limited number of sites. All zeros is an empty one.
class PinTable {
 public:
  void Add(uint32_t site, uint64_t bytes, uint64_t pinned);
  // The largest, most pinned first; unused places have blocks 0.
  void TakeLargest(capture::LedgerPin (&out)[capture::kMaxPins]) const;
  bool full() const { return full_; }

 private:
  static constexpr uint32_t kPlaces = 4096;
  static constexpr uint32_t kMostUsed = kPlaces / 4 * 3;

  capture::LedgerPin places_[kPlaces] = {};  // open addressing; blocks 0: free
  uint32_t used_ = 0;
  bool full_ = false;
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PINS_H_

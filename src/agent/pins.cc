#include "agent/pins.h"

#include <string.h>

namespace limpet::agent {

void PinTable::Add(uint32_t site, uint64_t bytes, uint64_t pinned) {
  uint32_t at = site * 0x9E3779B1u >> 20;
  static_assert(kPlaces == 1u << 12);
  while (places_[at].blocks && places_[at].site != site) at = (at + 1) % kPlaces;
  capture::LedgerPin& place = places_[at];
  if (!place.blocks) {
    if (used_ == kMostUsed) {
      full_ = true;
      return;
    }
    ++used_;
    place.site = site;
  }
  ++place.blocks;
  place.bytes += bytes;
  place.pinned += pinned;
}

void PinTable::TakeLargest(capture::LedgerPin (&out)[capture::kMaxPins]) const {
  memset(out, 0, sizeof out);
  for (const capture::LedgerPin& place : places_) {
    if (!place.blocks) continue;
    uint32_t at = capture::kMaxPins;
    while (at > 0 && (!out[at - 1].blocks || out[at - 1].pinned < place.pinned)) --at;
    if (at == capture::kMaxPins) continue;
    memmove(out + at + 1, out + at, (capture::kMaxPins - 1 - at) * sizeof *out);
    out[at] = place;
  }
}

}  // namespace limpet::agent

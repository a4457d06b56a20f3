// Garbage in cycles that waits for a full collection. An object that a young collection finds in use moves to the oldest generation; if it
// then dies as part of a cycle, it stays until a full collection, which may be minutes away. Of a line that makes many cycles a few
// blocks stay in every stretch of the run so, exactly as in a slow leak. What tells them apart is a full collection that they outlived.
#ifndef LIMPET_DIAGNOSE_DEFERRED_H_
#define LIMPET_DIAGNOSE_DEFERRED_H_

#include <span>

#include "capture/recording.h"
#include "diagnose/survival.h"

namespace limpet::diagnose {

inline constexpr double kGarbageConfidence = 0.4;  // at most, where nothing tells garbage from a leak

// May the few survivors of this line be garbage? Only where nearly all others died, young collections came as often as survivors did, and
// no full collection came after the growth began.
bool MayAwaitCollection(const capture::Process& process, std::span<const Slot> slots, const Judgement& judgement);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_DEFERRED_H_

#include "diagnose/deferred.h"

#include <algorithm>

namespace limpet::diagnose {
namespace {

constexpr double kFewSurvive = 0.05;
constexpr uint32_t kCollectionsKnown = 2;  // bit of SampleRecord::gc_flags
constexpr size_t kOldest = 2;

}  // namespace

bool MayAwaitCollection(const capture::Process& process, std::span<const Slot> slots, const Judgement& judgement) {
  capture::Amount births, survivors;
  size_t keeping = 0;
  for (const Slot& slot : slots.subspan(std::min(judgement.onset_slot, slots.size()))) {
    births += slot.births;
    survivors += slot.survivors;
    keeping += slot.survivors.blocks > 0;
  }
  if (static_cast<double>(survivors.blocks) > kFewSurvive * static_cast<double>(births.blocks)) return false;
  if (slots.empty() || slots.size() > process.groups.size()) return false;
  uint64_t begin = process.groups[judgement.onset_slot].start_ns;
  uint64_t end = process.final.valid ? process.final.time_ns : process.duration_ns;  // finalising collects, too
  const capture::SampleRecord *first = nullptr, *last = nullptr;
  for (const capture::SampleRecord& sample : process.samples) {
    if (!(sample.gc_flags & kCollectionsKnown) || sample.time_ns > end) continue;
    if (!first || sample.time_ns <= begin) first = &sample;
    last = &sample;
  }
  if (!first || first == last) return false;
  if (last->gc_collections[kOldest] != first->gc_collections[kOldest]) return false;
  uint32_t promotions = last->gc_collections[kOldest - 1] - first->gc_collections[kOldest - 1];
  return promotions * 2 >= keeping;
}

}  // namespace limpet::diagnose

// Where the blocks of a heap were born, as the snapshot counts births. Shadow memory knows (WalkOptions::origin); without it all are unknown.
#ifndef LIMPET_WALK_BIRTHS_H_
#define LIMPET_WALK_BIRTHS_H_

#include <cstdint>
#include <span>

#include "base/page_array.h"
#include "capture/snapshot_writer.h"
#include "walk/walk.h"

namespace limpet::walk {

class Births {
 public:
  Births(const WalkOptions& options, capture::SnapshotWriter& writer) : options_(options), writer_(writer) {}

  // What the snapshot calls the birth of a block: its number + 1, or 0 where it is not known.
  uint32_t Of(uint64_t block) { return Number(OriginOf(block)); }

  // The same of a node's own block; and tells of those blocks of its storage that were not born by the stack by which it was: of a list that
  // grew, of a table that a free list handed on.
  uint32_t OfObject(uint32_t node, uint64_t block, std::span<const uint64_t> storage) {
    const uint32_t own = OriginOf(block);
    if (options_.origin && options_.stack) TellStorage(node, own, storage);
    return Number(own);
  }

 private:
  void TellStorage(uint32_t node, uint32_t own, std::span<const uint64_t> storage) {
    uint32_t told = 0;
    for (const uint64_t part : storage) {
      const uint32_t origin = OriginOf(part);
      if (origin == 0 || origin == own || origin == told) continue;
      told = origin;
      if (own != 0 && options_.stack(origin) == options_.stack(own)) continue;
      if (const uint32_t birth = Number(origin)) writer_.AddStorage({node, birth});
    }
  }

  uint32_t OriginOf(uint64_t block) const {
    const uint32_t origin = options_.origin ? options_.origin(block) : 0;
    return origin < options_.max_origins ? origin : 0;
  }

  uint32_t Number(uint32_t origin) {
    if (origin == 0 || (origin >= numbers_.size() && !numbers_.Resize((origin + 4096) & ~uint32_t{4095}))) return 0;
    if (numbers_[origin] == 0) numbers_[origin] = writer_.AddBirth(options_.birth(origin)) + 1;
    return numbers_[origin];
  }

  const WalkOptions& options_;
  capture::SnapshotWriter& writer_;
  base::PageArray<uint32_t> numbers_;  // by origin: the writer's number + 1
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_BIRTHS_H_

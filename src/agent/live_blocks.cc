#include "agent/live_blocks.h"

#include <sys/mman.h>

#include "agent/counters.h"
#include "agent/maps.h"
#include "base/page_array.h"

namespace limpet::agent {

using capture::Domain;
using walk::LiveBlock;

namespace {

// Null: the pair is free.
const capture::SiteRecord* SiteOfPair(uint32_t pair) {
  const uint32_t site = PairAt(pair)->half[0].site;
  if (site >= g_agent.file.Count(capture::Table::kSites)) return nullptr;
  return g_agent.file.At<capture::SiteRecord>(capture::Table::kSites, site);
}

// Objects are in blocks of the domain for objects alone. Those of PyMem_Malloc are mostly the storage of lists and dicts, too many to be kept
// in a table: the walk finds the few of C code by where they begin.
LiveBlock::Use FindUse(uint32_t pair) {
  const capture::SiteRecord* site = SiteOfPair(pair);
  if (!site) return LiveBlock::Use::kAny;
  const auto domain = Domain(site->domain);
  return domain == Domain::kMalloc || domain == Domain::kRaw ? LiveBlock::Use::kNative : LiveBlock::Use::kAny;
}

// What the blocks of a pair are used for: one byte each, found when it is asked for first.
class Uses {
 public:
  LiveBlock::Use Of(uint32_t pair) {
    if (pair >= known_.size() && !known_.Resize((pair + 4096) & ~uint32_t{4095})) return LiveBlock::Use::kAny;
    if (known_[pair] == 0) known_[pair] = static_cast<uint8_t>(FindUse(pair)) + 1;
    return LiveBlock::Use(known_[pair] - 1);
  }

 private:
  base::PageArray<uint8_t> known_;
};

// Every live row, in order of address. Most of a leaf was never touched: the kernel knows which pages were.
template <class Visit>
void ForEachLiveRow(Visit visit) {
  constexpr uint32_t kPage = 4096;
  constexpr uint32_t kPages = kLeafGranules * 4 / kPage;
  constexpr uint32_t kWords = kPage / 4;
  static unsigned char resident[kPages];
  Uses uses;
  for (uint64_t index = 0; index < kLeafCount; ++index) {
    uint32_t* leaf = g_leaves[index];
    if (!leaf) continue;
    const bool known = mincore(leaf, size_t{kPages} * kPage, resident) == 0;
    uint32_t done = 0;
    for (uint32_t page = 0; page < kPages; ++page) {
      const uint32_t begin = done > page * kWords ? done : page * kWords;
      if (known && !(resident[page] & 1)) continue;
      done = ForEachRow(leaf, begin, (page + 1) * kWords, [&](uint32_t granule, const Row& row) {
        visit(LiveBlock{index << kLeafBits | uint64_t{granule} << kGranuleBits, row.size, uses.Of(row.cell)});
      });
    }
  }
}

// Puts mappings between the rows. One in which rows are is an allocator's: what it gave counts.
class Merger {
 public:
  Merger(void (*visit)(void* self, LiveBlock block), void* self) : visit_(visit), self_(self) { Take(); }

  void Row(LiveBlock block) {
    while (more_ && mapping_.end <= block.address) Pass();
    if (more_ && mapping_.start <= block.address) has_rows_ = true;
    visit_(self_, block);
  }
  void Finish() {
    while (more_) Pass();
  }

 private:
  void Pass() {
    if (!has_rows_ && mapping_.domain == Domain::kMap)
      visit_(self_, {mapping_.start, mapping_.end - mapping_.start, LiveBlock::Use::kMapped});
    Take();
  }
  void Take() {
    more_ = MappingFromBelow(next_++, &mapping_);
    has_rows_ = false;
  }

  void (*const visit_)(void* self, LiveBlock block);
  void* const self_;
  Mapping mapping_ = {};
  size_t next_ = 0;
  bool more_ = false;
  bool has_rows_ = false;
};

}  // namespace

void ForEachLiveBlock(void (*visit)(void* self, LiveBlock block), void* self) {
  Merger merger(visit, self);
  ForEachLiveRow([&](const LiveBlock& block) { merger.Row(block); });
  merger.Finish();
}

uint64_t SizeOfLiveBlock(uint64_t block) {
  const uint32_t* word = block % (1 << kGranuleBits) == 0 ? FindWord(block) : nullptr;
  if (!word || !RowBegins(g_leaves[block >> kLeafBits], uint32_t(block >> kGranuleBits) & (kLeafGranules - 1)))
    return 0;
  const Row row = DecodeRow(word);
  return row.cell ? row.size : 0;
}

uint32_t PairOfLiveBlock(uint64_t block) {
  const uint32_t* word = FindWord(block);
  const uint32_t pair = word ? DecodeRow(word).cell : 0;
  return pair ? pair : PairOfMapping(block);
}

// No pair changes its meaning while a snapshot is under way: see SnapshotRunning.
capture::SnapshotBirth BirthOfPair(uint32_t pair) {
  const CellRecord& cell = PairAt(pair)->half[0];
  return {cell.site, cell.epoch};
}

uint32_t StackOfPair(uint32_t pair) {
  const capture::SiteRecord* site = SiteOfPair(pair);
  return site ? site->node : 0;
}

}  // namespace limpet::agent

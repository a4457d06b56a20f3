#include "agent/ledger.h"

#include "agent/counters.h"
#include "agent/kernel_counts.h"
#include "agent/memory_file.h"
#include "agent/own_file.h"
#include "agent/page_owners.h"
#include "agent/pins.h"

namespace limpet::agent {

namespace {

using capture::Domain;
using capture::LedgerRecord;

constexpr uintptr_t kPage = 4096;
constexpr size_t kStretchPages = (uintptr_t{1} << kLeafBits) / kPage;  // of one leaf of the shadow
constexpr size_t kMaxMaps = 65536;
constexpr uint32_t kWordsPerPage = kPage / 4;

// One stretch of a mapping, within one leaf of the shadow.
struct Stretch {
  uintptr_t begin;
  size_t pages;
  const uint32_t* leaf;
  unsigned char resident[kStretchPages];
  PageOwner owner[kStretchPages];
  uint16_t live[kStretchPages];      // bytes of live blocks in the page
  uint16_t rounding[kStretchPages];  // ... that their allocator added
  uintptr_t end() const { return begin + pages * kPage; }
};
// What a sweep needs to remember: mapped when the mappings have been read, so that it is not among them.
struct Scratch {
  Stretch stretch;
  unsigned char shadow_resident[kLeafBytes / kPage];
  Landscape land;
  PinTable arena_pins;
  PinTable malloc_pins;
};
Scratch* g_scratch;

// The last block that reached over the end of its stretch.
struct Carry {
  uintptr_t end = 0;
  uint64_t* part = nullptr;
};

uint32_t SiteOf(const Row& row) {
  if (row.cell >= g_agent.file.Count(capture::Table::kCells) / 2) return capture::kNoSite;
  return PairAt(row.cell)->half[0].site;
}

uint64_t* PartOf(uint32_t site, LedgerRecord* ledger) {
  if (site >= g_agent.file.Count(capture::Table::kSites)) return &ledger->live_native;
  switch (Domain(g_agent.file.At<capture::SiteRecord>(capture::Table::kSites, site)->domain)) {
    case Domain::kRaw:
      return &ledger->live_raw;
    case Domain::kMem:
    case Domain::kObject:
      return &ledger->live_python;
    default:
      return &ledger->live_native;
  }
}

uint64_t RoundUp(uint64_t size, uint64_t unit) { return (size + unit - 1) / unit * unit; }

// What an allocator adds to a block: pymalloc rounds up to 16; malloc adds a word before it, and gives 32 bytes at least.
uint64_t Rounding(PageOwner owner, uint64_t size) {
  if (owner == PageOwner::kArena) return RoundUp(size ? size : 1, 16) - size;
  const uint64_t chunk = RoundUp(size + 8, 16);
  return (chunk < 32 ? 32 : chunk) - size;
}

// Adds [begin, end), cut to the stretch, to the pages that it is on.
void AddLive(uintptr_t begin, uintptr_t end, uint64_t* part, LedgerRecord* ledger) {
  Stretch& s = g_scratch->stretch;
  if (end > s.end()) end = s.end();
  for (uintptr_t at = begin; at < end;) {
    const size_t page = (at - s.begin) / kPage;
    const uintptr_t page_end = s.begin + (page + 1) * kPage;
    const uintptr_t to = end < page_end ? end : page_end;
    if (!(s.resident[page] & 1)) {
      ledger->untouched += to - at;
    } else {
      const uintptr_t room = kPage - s.live[page];
      const uintptr_t bytes = to - at < room ? to - at : room;
      s.live[page] = uint16_t(s.live[page] + bytes);
      *part += bytes;
      if (s.owner[page] == PageOwner::kNobody || s.owner[page] == PageOwner::kStack) s.owner[page] = PageOwner::kBlock;
    }
    at = to;
  }
}

// Pages of the shadow without a row were mostly never touched, and need not be.
template <class Visit>
void ForEachRowIn(const uint32_t* leaf, uintptr_t begin, uintptr_t end, Visit visit) {
  if (!leaf) return;
  const uintptr_t base = begin >> kLeafBits << kLeafBits;
  const auto first = uint32_t((begin - base) >> kGranuleBits);
  const auto last = uint32_t((end - base) >> kGranuleBits);
  const uint32_t first_page = first / kWordsPerPage;
  const uint32_t end_page = (last + kWordsPerPage - 1) / kWordsPerPage;
  const auto* pages = reinterpret_cast<const char*>(leaf) + size_t{first_page} * kPage;
  const bool known =
      mincore(const_cast<char*>(pages), (end_page - first_page) * kPage, g_scratch->shadow_resident) == 0;
  uint32_t done = first;
  for (uint32_t page = first_page; page < end_page; ++page) {
    if (known && !(g_scratch->shadow_resident[page - first_page] & 1)) continue;
    const uint32_t from = page * kWordsPerPage;
    const uint32_t to = (page + 1) * kWordsPerPage < last ? (page + 1) * kWordsPerPage : last;
    if (done < from) done = from;
    if (done < to)
      done = ForEachRow(leaf, done, to, [&](uint32_t granule, const Row& row) {
        visit(base | uintptr_t{granule} << kGranuleBits, row);
      });
  }
}

void AddBlocks(Carry* carry, LedgerRecord* ledger) {
  Stretch& s = g_scratch->stretch;
  if (carry->end > s.begin) AddLive(s.begin, carry->end, carry->part, ledger);
  ForEachRowIn(s.leaf, s.begin, s.end(), [&](uintptr_t block, const Row& row) {
    uint64_t* part = PartOf(SiteOf(row), ledger);
    AddLive(block, block + row.size, part, ledger);
    if (block + row.size > s.end()) *carry = {block + row.size, part};
    const size_t page = ((row.size ? block + row.size - 1 : block) - s.begin) / kPage;
    if (page >= s.pages || !(s.resident[page] & 1)) return;
    const uint64_t lost = Rounding(s.owner[page], row.size);
    const uint64_t room = kPage - s.live[page] - s.rounding[page];
    s.rounding[page] = uint16_t(s.rounding[page] + (lost < room ? lost : room));
  });
}

// What is left of each resident page beside its live blocks.
void AddRests(LedgerRecord* ledger) {
  Stretch& s = g_scratch->stretch;
  for (size_t page = 0; page < s.pages; ++page) {
    if (!(s.resident[page] & 1)) continue;
    if (s.live[page] + s.rounding[page] > int(kPage)) s.rounding[page] = uint16_t(kPage - s.live[page]);
    const uint64_t rounding = s.rounding[page];
    const uint64_t rest = kPage - s.live[page] - rounding;
    const PageOwner owner = s.owner[page];
    (owner == PageOwner::kArena ? ledger->arena_rounding : ledger->malloc_rounding) += rounding;
    switch (owner) {
      case PageOwner::kNobody:
        break;
      case PageOwner::kLibrary:
        ledger->library_data += rest;
        break;
      case PageOwner::kMalloc:
        (s.live[page] ? ledger->malloc_parts : ledger->malloc_pages) += rest;
        break;
      case PageOwner::kBlock:
        ledger->malloc_rounding += rest;
        break;
      case PageOwner::kStack:
        ledger->stacks += rest;
        break;
      case PageOwner::kArena:
        ledger->arena_free += rest;
        ledger->arena_resident += kPage;
        break;
      case PageOwner::kMapped:
        ledger->live_mapped += rest;
        break;
      case PageOwner::kAgent:
        ledger->agent += rest;
        break;
    }
  }
}

// Blocks in pages of malloc that are less than half full: their share of what is free there.
void AddMallocPins() {
  const Stretch& s = g_scratch->stretch;
  ForEachRowIn(s.leaf, s.begin, s.end(), [&](uintptr_t block, const Row& row) {
    const size_t page = (block - s.begin) / kPage;
    if (s.owner[page] != PageOwner::kMalloc || !(s.resident[page] & 1) || row.size == 0) return;
    const uint64_t live = s.live[page];
    if (live >= kPage / 2 || row.size > live) return;
    g_scratch->malloc_pins.Add(SiteOf(row), row.size, (kPage - live - s.rounding[page]) * row.size / live);
  });
}

void SweepStretch(size_t index, uintptr_t begin, size_t pages, Carry* carry, LedgerRecord* ledger) {
  Stretch& s = g_scratch->stretch;
  s.begin = begin;
  s.pages = pages;
  s.leaf = begin < kAddressLimit ? g_leaves[begin >> kLeafBits] : nullptr;
  if (mincore(reinterpret_cast<void*>(begin), pages * kPage, s.resident) != 0) return;  // gone since
  FillOwners(g_scratch->land, index, begin, pages, s.owner);
  memset(s.live, 0, pages * sizeof *s.live);
  memset(s.rounding, 0, pages * sizeof *s.rounding);
  AddBlocks(carry, ledger);
  AddRests(ledger);
  AddMallocPins();
}

struct Arena {
  uint64_t resident = 0;
  uint64_t live = 0;
  uint64_t blocks = 0;
};

Arena LookAtArena(const Range& range) {
  Arena arena;
  for (uintptr_t at = range.begin; at < range.end;) {
    const uintptr_t leaf_end = ((at >> kLeafBits) + 1) << kLeafBits;
    const uintptr_t end = range.end < leaf_end ? range.end : leaf_end;
    if (mincore(reinterpret_cast<void*>(at), end - at, g_scratch->stretch.resident) == 0)
      for (size_t page = 0; page < (end - at) / kPage; ++page)
        arena.resident += (g_scratch->stretch.resident[page] & 1) * kPage;
    ForEachRowIn(g_leaves[at >> kLeafBits], at, end, [&](uintptr_t, const Row& row) {
      ++arena.blocks;
      arena.live += RoundUp(row.size ? row.size : 1, 16);
    });
    at = end;
  }
  return arena;
}

// Each arena that is less than half full, and whose blocks hold it.
void AddArenas(LedgerRecord* ledger) {
  const uint32_t count = g_arena_ranges.count();
  for (uint32_t i = 0; i < count; ++i) {
    const Range range = g_arena_ranges.at(i);
    if (range.end > kAddressLimit || range.begin >= range.end) continue;
    const Arena arena = LookAtArena(range);
    ++ledger->arenas;
    if (!arena.blocks || arena.live * 2 >= arena.resident) continue;
    ++ledger->sparse_arenas;
    const uint64_t free = arena.resident - arena.live;
    ledger->pinned += free;
    for (uintptr_t at = range.begin; at < range.end;) {
      const uintptr_t leaf_end = ((at >> kLeafBits) + 1) << kLeafBits;
      const uintptr_t end = range.end < leaf_end ? range.end : leaf_end;
      ForEachRowIn(g_leaves[at >> kLeafBits], at, end, [&](uintptr_t, const Row& row) {
        g_scratch->arena_pins.Add(SiteOf(row), row.size, free / arena.blocks);
      });
      at = end;
    }
  }
}

void SweepMapping(size_t index, const MapEntry& map, Carry* carry, LedgerRecord* ledger) {
  if (map.kind == MapKind::kFile) {
    const bool ours = OwnerOfMapping(g_scratch->land, index) == PageOwner::kAgent;
    (ours ? ledger->agent : ledger->library_data) += map.anon;
    return;
  }
  if (map.kind != MapKind::kAnonymous && map.kind != MapKind::kHeap && map.kind != MapKind::kStack) return;
  ledger->malloc_heaps += map.kind == MapKind::kHeap;
  for (uintptr_t at = map.begin; at < map.end;) {
    const uintptr_t leaf_end = ((at >> kLeafBits) + 1) << kLeafBits;
    const uintptr_t end = map.end < leaf_end ? map.end : leaf_end;
    SweepStretch(index, at, (end - at) / kPage, carry, ledger);
    at = end;
  }
}

}  // namespace

void SweepMappings(const MapEntry* maps, size_t count, LedgerRecord* ledger) {
  g_scratch = static_cast<Scratch*>(MapMemory(sizeof(Scratch)));
  if (!g_scratch) return;
  g_scratch->land.maps = maps;
  g_scratch->land.map_count = count;
  FindLandscape(&g_scratch->land);
  ledger->malloc_heaps = g_scratch->land.malloc_heaps.count();
  ledger->thread_stacks = g_scratch->land.stacks.count();
  Carry carry;
  for (size_t i = 0; i < count; ++i) SweepMapping(i, maps[i], &carry, ledger);
  AddArenas(ledger);
  g_scratch->arena_pins.TakeLargest(ledger->arena_pins);
  g_scratch->malloc_pins.TakeLargest(ledger->malloc_pins);
  if (g_scratch->arena_pins.full() || g_scratch->malloc_pins.full()) ledger->flags |= capture::kLedgerManySites;
  UnmapMemory(g_scratch, sizeof(Scratch));
}

void TakeLedger(uint32_t number, uint64_t time_ns, bool frozen) {
  LedgerRecord* slot = LedgerSlot(number);
  if (!slot || number == 0) return;
  const uint64_t start = NowNs();
  auto* maps = static_cast<MapEntry*>(MapMemory(kMaxMaps * sizeof(MapEntry)));
  if (!maps) return;
  LedgerRecord ledger = {};
  SmapsParser parser(maps, kMaxMaps);
  if (ReadOwnSmaps(&parser)) {
    ledger.flags = (frozen ? capture::kLedgerFrozen : 0u) | (parser.cut() ? capture::kLedgerCut : 0u);
    ledger.time_ns = time_ns;
    ledger.anon = parser.anon();
    ReadStatus(g_agent.pid, &ledger);
    ReadCgroup(&ledger);
    ledger.recording = uint64_t(g_agent.file.header()->blocks) * capture::kBlockSize + OwnFileBytes();
    SweepMappings(maps, parser.count(), &ledger);
    ledger.took_ns = NowNs() - start;
    __atomic_store_n(&slot->number, 0, __ATOMIC_RELEASE);
    memcpy(reinterpret_cast<char*>(slot) + sizeof slot->number, reinterpret_cast<char*>(&ledger) + sizeof ledger.number,
           sizeof ledger - sizeof ledger.number);
    __atomic_store_n(&slot->number, number, __ATOMIC_RELEASE);
  }
  UnmapMemory(maps, kMaxMaps * sizeof(MapEntry));
}

}  // namespace limpet::agent

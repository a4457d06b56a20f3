#include "agent/images.h"

#include "agent/counters.h"

namespace limpet::agent {

using capture::CellRecord;
using capture::ImageHeader;
using capture::ImageRecord;
using capture::Table;

namespace {

constexpr uint64_t kShare = 100;  // images may take one part in so many of the time

struct State {
  uint64_t next_ns;     // no image before
  uint32_t turn;        // which of the two peak images is written next
} g_images;

ImageRecord LiveIn(const CellPair* pair) {
  const CellRecord* h = pair->half;
  ImageRecord record = {};
  if (h[0].site == capture::kNoSite) return record;
  record.live_blocks = h[0].births + h[1].births - h[0].deaths - h[1].deaths;
  record.live_bytes = h[0].birth_bytes + h[1].birth_bytes - h[0].death_bytes - h[1].death_bytes;
  return record;
}

}  // namespace

void WriteImage(uint32_t which, uint64_t now) {
  DataFile& file = g_agent.file;
  const Table table = Table(uint32_t(Table::kImagePeakA) + which);
  ImageHeader& header = file.header()->images[which];
  __atomic_store_n(&header.valid, 0, __ATOMIC_RELEASE);
  const uint32_t pairs = file.Count(Table::kCells) / 2;
  if (!file.Reserve(table, pairs * 2 - 1)) return;
  uint64_t blocks = 0, bytes = 0;
  for (uint32_t pair = 0; pair < pairs; ++pair) {
    auto* record = static_cast<ImageRecord*>(file.Reserve(table, pair * 2));
    auto* second = static_cast<ImageRecord*>(file.Reserve(table, pair * 2 + 1));
    if (!record || !second) return;
    *record = LiveIn(PairAt(pair));
    *second = {};
    blocks += record->live_blocks;
    bytes += record->live_bytes;
  }
  file.SetCount(table, pairs * 2);
  header.epoch = g_counters.epoch;
  header.time_ns = now - file.header()->start_monotonic_ns;
  header.live_blocks = blocks;
  header.live_bytes = bytes;
  header.cells = pairs * 2;
  __atomic_store_n(&header.valid, 1, __ATOMIC_RELEASE);
}

void MaybeImagePeak(uint64_t now, uint64_t live, bool epoch_ends) {
  uint64_t& last = g_counters.peak_image_bytes;
  if (live <= last || live >= 1ull << 62 || now < g_images.next_ns) return;
  if (!epoch_ends && live < last + last / 16 + 65536) return;
  WriteImage(g_images.turn, now);
  g_images.turn ^= 1;
  last = live;
  const uint64_t done = NowNs();
  g_images.next_ns = done + (done - now) * kShare;
}

}  // namespace limpet::agent

#include "agent/images.h"

#include "agent/counters.h"

namespace limpet::agent {

using capture::CellRecord;
using capture::ImageHeader;
using capture::ImageRecord;
using capture::Table;

namespace {

constexpr uint64_t kShare = 100;  // images may take one part in so many of the time,
constexpr uint64_t kMostWait =
    16;  // but one is not waited for longer than such a part of the run: their number stays logarithmic

struct State {
  uint64_t next_ns;  // no image before
  uint64_t last_ns;  // when the last one was taken
  uint32_t turn;     // which of the two peak images is written next
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
  if (!file.Reserve(table, pairs - 1)) return;
  uint64_t blocks = 0, bytes = 0;
  for (uint32_t pair = 0; pair < pairs; ++pair) {
    auto* record = static_cast<ImageRecord*>(file.Reserve(table, pair));
    if (!record) return;
    *record = LiveIn(PairAt(pair));
    blocks += record->live_blocks;
    bytes += record->live_bytes;
  }
  file.SetCount(table, pairs);
  header.epoch = g_counters.epoch;
  header.time_ns = now - file.header()->start_monotonic_ns;
  header.live_blocks = blocks;
  header.live_bytes = bytes;
  header.pairs = pairs;
  __atomic_store_n(&header.valid, 1, __ATOMIC_RELEASE);
}

namespace {

// Runs `visit` on the record of `pair` in each valid image that has one.
template <class Visit>
void ForEachRecord(uint32_t pair, Visit visit) {
  DataFile& file = g_agent.file;
  for (uint32_t which = 0; which < 3; ++which) {
    const ImageHeader& image = file.header()->images[which];
    if (!image.valid || image.pairs <= pair) continue;
    const Table table = Table(uint32_t(Table::kImagePeakA) + which);
    if (visit(table, file.At<ImageRecord>(table, pair))) return;
  }
}

}  // namespace

bool InImage(uint32_t pair) {
  bool found = false;
  ForEachRecord(pair, [&](Table, const ImageRecord* record) { return found = record->live_blocks != 0; });
  return found;
}

void FoldInImages(uint32_t from, uint32_t to) {
  ForEachRecord(from, [&](Table table, ImageRecord* record) {
    auto* target = g_agent.file.At<ImageRecord>(table, to);  // to < from: it is in the image as well
    target->live_blocks += record->live_blocks;
    target->live_bytes += record->live_bytes;
    *record = {};
    return false;
  });
}

void MaybeImagePeak(uint64_t now, uint64_t live, bool epoch_ends) {
  uint64_t& last = g_counters.peak_image_bytes;
  if (live >= 1ull << 62 || now < g_images.next_ns) return;
  // What is about as much, but later, shows more of what grew since.
  const uint64_t run = now - g_agent.file.header()->start_monotonic_ns;
  const bool newer = epoch_ends && live >= last - last / 16 && now - g_images.last_ns >= run / kMostWait;
  const bool more = live > last && (epoch_ends || live >= last + last / 16 + 65536);
  if (!newer && !more) return;
  WriteImage(g_images.turn, now);
  g_images.turn ^= 1;
  if (live > last) last = live;
  g_images.last_ns = now;
  const uint64_t done = NowNs();
  const uint64_t by_cost = (done - now) * kShare, by_run = run / kMostWait;
  g_images.next_ns = done + (by_cost < by_run ? by_cost : by_run);
}

}  // namespace limpet::agent

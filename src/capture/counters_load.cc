// The first half of counters.h: copying images and cells out of a file that may be changing.

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "capture/counters.h"

namespace limpet::capture {
namespace {

constexpr int kAttempts = 5;

bool Same(const auto& a, const auto& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// Loads an image; nothing when it is being written at that very moment.
std::optional<RawImage> LoadImage(const TableFile& file, Table table, size_t slot) {
  const ImageHeader before = file.ReadHeader().images[slot];
  if (before.valid != 1) return std::nullopt;
  RawImage image{before, file.LoadImage<ImageRecord>(table, before.pairs)};
  if (!Same(before, file.ReadHeader().images[slot])) return std::nullopt;
  return image;
}

// The later of the two peak images; where the file changes under us, the other one or a newer one.
std::optional<RawImage> LoadPeak(const TableFile& file) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const FileHeader header = file.ReadHeader();
    const ImageHeader& a = header.images[0];
    const ImageHeader& b = header.images[1];
    if (a.valid != 1 && b.valid != 1) return std::nullopt;
    const bool a_is_later = std::pair(a.time_ns, a.live_bytes) >= std::pair(b.time_ns, b.live_bytes);
    const bool take_a = b.valid != 1 || (a.valid == 1 && a_is_later);
    auto image = take_a ? LoadImage(file, Table::kImagePeakA, 0) : LoadImage(file, Table::kImagePeakB, 1);
    if (image) return image;
  }
  return std::nullopt;
}

// Two copies, one after the other. Deaths are taken from the first and births from the second, so that whatever is seen dead is also
// seen born, in whichever cells the two are counted.
Records<CellRecord> LoadCells(const TableFile& file) {
  Records<CellRecord> first = file.Load<CellRecord>(Table::kCells);
  const uint32_t state = file.header().state;
  if (!file.may_change() || (state != uint32_t(State::kStarting) && state != uint32_t(State::kRecording))) return first;
  Records<CellRecord> second = file.Load<CellRecord>(Table::kCells);
  for (size_t i = 0; i < first.size() && i < second.size(); ++i) {
    if (first[i].site != second[i].site || first[i].epoch != second[i].epoch) continue;  // freed, or in use anew
    second.items[i].deaths = first[i].deaths;
    second.items[i].death_bytes = first[i].death_bytes;
  }
  // Cells that were made in between have no first copy: nothing in them is seen dead.
  for (size_t i = first.size(); i < second.size(); ++i) {
    second.items[i].deaths = 0;
    second.items[i].death_bytes = 0;
  }
  return second;
}

// Finishes a fold that the process was killed in (see FoldJournal).
void ApplyFold(const FoldJournal& fold, Records<CellRecord>& cells, ProblemLog& problems) {
  if (fold.active == 0) return;
  if (fold.active != 1 || !cells.Has(fold.from) || !cells.Has(fold.to) || fold.from == fold.to) {
    LIMPET_PROBLEM(problems, "fold", "fold journal: folding cell {} into cell {} makes no sense ({} cells); left out",
                   fold.from, fold.to, cells.size());
    return;
  }
  CellRecord& from = cells.items[fold.from];
  CellRecord& to = cells.items[fold.to];
  to.births = fold.births + from.births;
  to.deaths = fold.deaths + from.deaths;
  to.birth_bytes = fold.birth_bytes + from.birth_bytes;
  to.death_bytes = fold.death_bytes + from.death_bytes;
  from = CellRecord{};
  from.site = kNoSite;
}

}  // namespace

RawCounters LoadCounters(const TableFile& file, ProblemLog& problems) {
  RawCounters counters;
  counters.peak = LoadPeak(file);
  counters.final = LoadImage(file, Table::kImageFinal, 2);
  FoldJournal fold{};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    fold = file.ReadHeader().fold;
    counters.cells = LoadCells(file);
    if (Same(fold, file.ReadHeader().fold)) break;
  }
  ApplyFold(fold, counters.cells, problems);
  return counters;
}

Records<SiteRecord> LoadSites(const TableFile& file) { return file.Load<SiteRecord>(Table::kSites); }

}  // namespace limpet::capture

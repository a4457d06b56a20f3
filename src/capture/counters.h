// Sites and cells of a `data` file: how many blocks were born and died, where and when.
#ifndef LIMPET_CAPTURE_COUNTERS_H_
#define LIMPET_CAPTURE_COUNTERS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "capture/epochs.h"
#include "capture/problem_log.h"
#include "capture/recording.h"
#include "capture/table_file.h"

namespace limpet::capture {

// One image, still by pair of cells.
struct RawImage {
  ImageHeader header{};
  Records<ImageRecord> records;
};

// The counters as copied from the file, before anything is joined.
struct RawCounters {
  Records<CellRecord> cells;  // fold journal applied
  std::optional<RawImage> peak;
  std::optional<RawImage> final;
};

// Copies images and cells. For a file that is growing the copies fit together: no block is seen dead that is not also seen born.
RawCounters LoadCounters(const TableFile& file, ProblemLog& problems);

Records<SiteRecord> LoadSites(const TableFile& file);

// Adds up the cells of each site and epoch group: fills sites, the sums and the images.
// REQUIRES: nodes are filled.
void BuildSites(const RawCounters& counters, const Records<SiteRecord>& sites, const EpochTable& epochs,
                ProblemLog& problems, Process& process);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_COUNTERS_H_

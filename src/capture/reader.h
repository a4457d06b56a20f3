// Reads recordings from disk. The reader distrusts every byte: the file may be truncated, damaged, hostile, or still growing under
// its eyes. Damaged parts are dropped (or replaced by something that is plainly unknown) and named in `problems`, each with its place
// (table and record); only a header that is not ours is an error. Memory used is proportional to the file. Nothing here throws.
#ifndef LIMPET_CAPTURE_READER_H_
#define LIMPET_CAPTURE_READER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "capture/recording.h"

namespace limpet::capture {

// Reads a whole recording, NAME.limpet. Works while the program is still running: then it is the recording up to now.
// Fails when there is nothing at `path`, when it is no recording, and when no process in it can be read.
Result<Recording> ReadRecording(const std::string& path);

// Reads one process of it, NAME.limpet/p<pid>.
Result<Process> ReadProcess(const std::string& folder_path);

// Reads a process from the bytes of its `data` file. `place` is what messages call them.
Result<Process> ParseProcess(std::string_view bytes, const std::string& place);

// A stretch of fine epochs [first, end).
struct EpochRange {
  uint32_t first = 0;
  uint32_t end = 0;
  bool operator==(const EpochRange&) const = default;
};

// Replays the merging of epochs. `folds[e]` is EpochRecord::folds of fine epoch e, `final_folds` FileHeader::folds.
// Each rise by one merges neighbouring groups in pairs (0 with 1, 2 with 3, ...; an odd last one stays alone) before the epoch that
// carries it is added as a group of its own. The result is in order, without gaps, and has at most kMaxEpochGroups entries, also where
// the numbers are wrong: then neighbours are merged once more than recorded.
//
//     folds 0 0 0 0 | 1        ->  [0,2) [2,4) [4,5)
std::vector<EpochRange> GroupEpochs(std::span<const uint32_t> folds, uint32_t final_folds);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_READER_H_

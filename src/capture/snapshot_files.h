// The heap snapshots in the folder of a process: heap.1, heap.2, ...
#ifndef LIMPET_CAPTURE_SNAPSHOT_FILES_H_
#define LIMPET_CAPTURE_SNAPSHOT_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::capture {

struct NumberedSnapshot {
  uint32_t number = 0;
  std::string path;
};

// 3 of "heap.3"; nothing for any other name, "heap.3.part" (one that is not whole) included.
std::optional<uint32_t> SnapshotNumber(std::string_view file_name);

// The whole ones, by number. There may be gaps: one that could not even be begun keeps its number.
std::vector<NumberedSnapshot> ListSnapshotFiles(const std::string& process_folder);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_FILES_H_

#include "capture/snapshot_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace limpet::capture {

std::optional<uint32_t> SnapshotNumber(std::string_view file_name) {
  constexpr std::string_view kPrefix = "heap.";
  if (!file_name.starts_with(kPrefix)) return std::nullopt;
  file_name.remove_prefix(kPrefix.size());
  uint32_t number = 0;
  const char* const first = file_name.data();
  const char* const last = first + file_name.size();
  const auto [end, error] = std::from_chars(first, last, number);
  if (file_name.empty() || error != std::errc() || end != last) return std::nullopt;
  return number;
}

std::vector<NumberedSnapshot> ListSnapshotFiles(const std::string& process_folder) {
  namespace fs = std::filesystem;
  std::vector<NumberedSnapshot> found;
  std::error_code error;
  for (fs::directory_iterator entry(process_folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<uint32_t> number = SnapshotNumber(entry->path().filename().string());
    if (number) found.push_back({*number, entry->path().string()});
  }
  std::sort(found.begin(), found.end(),
            [](const NumberedSnapshot& a, const NumberedSnapshot& b) { return a.number < b.number; });
  return found;
}

}  // namespace limpet::capture

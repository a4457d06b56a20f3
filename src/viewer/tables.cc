#include "viewer/tables.h"

#include "base/text.h"
#include "viewer/column.h"

namespace limpet::viewer {

uint32_t Tables::StringId(std::string_view text) {
  std::string clean = base::ReplaceInvalidUtf8(std::string(text));
  const auto [at, fresh] = string_ids_.insert({clean, uint32_t(strings_.size())});
  if (fresh) strings_.push_back(std::move(clean));
  return at->second;
}

uint32_t Tables::FrameId(const interchange::Place& place) {
  const uint32_t function = StringId(place.function), file = StringId(place.file);
  std::vector<uint32_t>& rows = rows_[uint64_t{function} << 32 | file];
  for (const uint32_t row : rows)
    if (lines_[row] == place.line) return row;
  rows.push_back(uint32_t(places_.size()));
  places_.push_back(place);
  functions_.push_back(function);
  files_.push_back(file);
  lines_.push_back(place.line);
  return rows.back();
}

nlohmann::json Tables::FramesJson() const {
  return {{"function", ColumnText(functions_)}, {"file", ColumnText(files_)}, {"line", ColumnText(lines_)}};
}

}  // namespace limpet::viewer

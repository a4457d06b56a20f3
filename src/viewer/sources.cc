#include "viewer/sources.h"

#include <algorithm>

#include "base/text.h"

namespace limpet::viewer {
namespace {

constexpr uint32_t kAround = 4;         // lines before and after
constexpr size_t kMostLineBytes = 400;  // what is longer is data

bool IsPython(std::string_view file) { return file.ends_with(".py") || file.ends_with(".pyi"); }

}  // namespace

void SourceLines::Quote(std::vector<WantedLine> wanted, const diagnose::SourceReader& read) {
  std::stable_sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.weight > b.weight; });
  for (const WantedLine& place : wanted) {
    if (left_ == 0) return;
    if (place.line == 0 || !IsPython(place.file)) continue;
    const diagnose::Source* source = read(place.file);
    if (!source || source->changed || place.line > source->lines.size()) continue;
    std::map<uint32_t, std::string>& lines = lines_[place.file];
    const uint32_t first = place.line > kAround ? place.line - kAround : 1;
    const uint32_t last = uint32_t(std::min<size_t>(place.line + kAround, source->lines.size()));
    for (uint32_t number = first; number <= last; ++number) {
      if (lines.contains(number)) continue;
      std::string line = source->lines[number - 1].substr(0, kMostLineBytes);
      left_ -= std::min<uint64_t>(left_, line.size() + 4);
      lines.emplace(number, base::ReplaceInvalidUtf8(line));
    }
  }
}

nlohmann::json SourceLines::ToJson(Tables* tables) const {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [file, lines] : lines_) {
    nlohmann::json excerpts = nlohmann::json::array();
    uint32_t next = 0;
    for (const auto& [number, line] : lines) {
      if (number != next) excerpts.push_back({{"first", number}, {"lines", nlohmann::json::array()}});
      excerpts.back()["lines"].push_back(line);
      next = number + 1;
    }
    out.push_back({{"file", tables->StringId(file)}, {"excerpts", std::move(excerpts)}});
  }
  return out;
}

}  // namespace limpet::viewer

// Lines of the source for the document: those around what the findings name, and around the heaviest places.
#ifndef LIMPET_VIEWER_SOURCES_H_
#define LIMPET_VIEWER_SOURCES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "diagnose/keep.h"
#include "viewer/tables.h"

namespace limpet::viewer {

// A place whose lines are wanted, the more so the heavier.
struct WantedLine {
  std::string file;
  uint32_t line = 0;
  double weight = 0;
};

// Of each file first lines of stretches, with the lines after them; a recording that somebody else sent names files as it likes, so only
// Python's are read: `.py` and `.pyi`. What was changed since the recording began is left out, for its lines may have moved.
class SourceLines {
 public:
  explicit SourceLines(uint64_t max_bytes) : left_(max_bytes) {}

  // Lines around each place, heaviest first, as long as there is room.
  void Quote(std::vector<WantedLine> wanted, const diagnose::SourceReader& read);

  nlohmann::json ToJson(Tables* tables) const;

 private:
  std::map<std::string, std::map<uint32_t, std::string>> lines_;  // by file and number
  uint64_t left_;
};

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_SOURCES_H_

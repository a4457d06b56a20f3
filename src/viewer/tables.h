// Names and places of the source as the document tells them: each once, by number.
#ifndef LIMPET_VIEWER_TABLES_H_
#define LIMPET_VIEWER_TABLES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tsl/robin_map.h>
#include <nlohmann/json.hpp>

#include "base/mixed_hash.h"
#include "interchange/frames.h"

namespace limpet::viewer {

class Tables {
 public:
  Tables() { StringId(""); }

  // Bytes that are not UTF-8 become U+FFFD.
  uint32_t StringId(std::string_view text);
  // Row of the document's frames. Only places that are asked for are in it.
  uint32_t FrameId(const interchange::Place& place);

  // The places that were asked for, by row.
  const std::vector<interchange::Place>& places() const { return places_; }

  nlohmann::json StringsJson() const { return strings_; }
  nlohmann::json FramesJson() const;

 private:
  std::vector<std::string> strings_;
  tsl::robin_map<std::string, uint32_t> string_ids_;
  std::vector<interchange::Place> places_;
  std::vector<uint32_t> functions_, files_, lines_;
  tsl::robin_map<uint64_t, std::vector<uint32_t>, base::MixedHash>
      rows_;  // by function << 32 | file: rows of its lines
};

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_TABLES_H_

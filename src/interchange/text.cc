#include "interchange/text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace limpet::interchange {

void AppendJson(std::string* out, std::string_view text) {
  std::string repaired;
  if (!base::IsValidUtf8(text)) text = repaired = base::ReplaceInvalidUtf8(text);
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", byte);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

std::string Json(std::string_view text) {
  std::string out;
  AppendJson(&out, text);
  return out;
}

std::string Csv(std::string_view text) {
  std::string valid = base::ReplaceInvalidUtf8(text);
  if (valid.find_first_of(",\"\r\n") == std::string::npos) return valid;
  std::string out = "\"";
  for (const char c : valid) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace limpet::interchange

// Strings as other formats want them.
#ifndef LIMPET_INTERCHANGE_TEXT_H_
#define LIMPET_INTERCHANGE_TEXT_H_

#include <string>
#include <string_view>

namespace limpet::interchange {

// `text` as a JSON string, with its quotes. Bytes that are not UTF-8 become U+FFFD.
void AppendJson(std::string* out, std::string_view text);
std::string Json(std::string_view text);

// A field of a CSV file (RFC 4180): in quotes where it needs them.
std::string Csv(std::string_view text);

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_TEXT_H_

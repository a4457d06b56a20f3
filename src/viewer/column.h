// A column of the document: its numbers as one text, "3 9 12". A browser passes over a text much faster than over an array of numbers, and
// most columns are never looked at; web/src/model/columns.ts reads them.
#ifndef LIMPET_VIEWER_COLUMN_H_
#define LIMPET_VIEWER_COLUMN_H_

#include <cstdint>
#include <span>
#include <string>

namespace limpet::viewer {

std::string ColumnText(std::span<const uint32_t> numbers);
std::string ColumnText(std::span<const uint64_t> numbers);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_COLUMN_H_

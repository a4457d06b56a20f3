#include "viewer/column.h"

#include <charconv>
#include <limits>

namespace limpet::viewer {
namespace {

template <typename T>
std::string Text(std::span<const T> numbers) {
  std::string out;
  char digits[std::numeric_limits<T>::digits10 + 2];
  for (const T number : numbers) {
    if (!out.empty()) out += ' ';
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
  return out;
}

}  // namespace

std::string ColumnText(std::span<const uint32_t> numbers) { return Text(numbers); }
std::string ColumnText(std::span<const uint64_t> numbers) { return Text(numbers); }

}  // namespace limpet::viewer

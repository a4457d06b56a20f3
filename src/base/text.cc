#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace limpet::base {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t{0}; };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  const uint8_t second = byte(1);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first < 0xc2 || first > 0xf4 || !is_tail(1)) return 0;  // a lone tail, or longer than needed, or past U+10FFFF
  if (first < 0xe0) return 2;
  if (first == 0xe0 && second < 0xa0) return 0;  // longer than needed
  if (first == 0xed && second > 0x9f) return 0;  // surrogates
  if (!is_tail(2)) return 0;
  if (first < 0xf0) return 3;
  if (first == 0xf0 && second < 0x90) return 0;  // longer than needed
  if (first == 0xf4 && second > 0x8f) return 0;  // past U+10FFFF
  return is_tail(3) ? 4 : 0;
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"KB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = double(bytes);
  size_t unit = 0;
  value /= 1000;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 9.95 ? 1 : 0, kUnits[unit]);
}

std::string FormatSignedBytes(int64_t bytes) {
  if (bytes == 0) return "0 B";
  return bytes < 0 ? "-" + FormatBytes(0 - uint64_t(bytes)) : "+" + FormatBytes(uint64_t(bytes));
}

std::string FormatCount(uint64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

std::string FormatDuration(uint64_t nanoseconds) {
  const double seconds = double(nanoseconds) / 1e9;
  if (seconds < 0.9995e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
  const auto pair = [](uint64_t small, uint64_t per_large, const char* large_unit, const char* small_unit) {
    return small % per_large == 0
               ? fmt::format("{} {}", small / per_large, large_unit)
               : fmt::format("{} {} {} {}", small / per_large, large_unit, small % per_large, small_unit);
  };
  const auto rounded = [&](double unit) { return uint64_t(seconds / unit + 0.5); };
  if (rounded(1) < 3600) return pair(rounded(1), 60, "min", "s");
  if (rounded(60) < 24 * 60) return pair(rounded(60), 60, "h", "min");
  return pair(rounded(3600), 24, "d", "h");
}

std::string Plural(uint64_t count, std::string_view singular) {
  return fmt::format("{} {}{}", FormatCount(count), singular, count == 1 ? "" : "s");
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) {
      result += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else {
      result += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return result;
}

}  // namespace limpet::base

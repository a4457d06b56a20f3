#include "report/safe_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace limpet::report {
namespace {

constexpr std::string_view kEllipsis = "\u2026";

// One code point of UTF-8 and its length; length 0: the bytes at the front are not well-formed.
struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;
};

CodePoint Decode(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                                                : 0;
  if (length == 0 || text.size() < length) return {};
  uint32_t value = lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  return {value, length};
}

struct Range {
  uint32_t first, last;
};

template <size_t N>
bool In(const std::array<Range, N>& ranges, uint32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](const Range& r) { return c >= r.first && c <= r.last; });
}

// Direction marks and overrides, zero-width characters, line separators, byte order marks, tags: they let text pass for other text.
constexpr std::array<Range, 9> kHidden = {{{0x80, 0x9f},
                                           {0xad, 0xad},
                                           {0x61c, 0x61c},
                                           {0x180e, 0x180e},
                                           {0x200b, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x206f},
                                           {0xfeff, 0xfeff},
                                           {0xe0000, 0xe007f}}};
constexpr std::array<Range, 6> kCombining = {
    {{0x300, 0x36f}, {0x483, 0x489}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe2f}}};
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115f},
                                         {0x2e80, 0x303e},
                                         {0x3041, 0xa4cf},
                                         {0xac00, 0xd7a3},
                                         {0xf900, 0xfaff},
                                         {0xfe30, 0xfe6f},
                                         {0xff00, 0xff60},
                                         {0x1f300, 0x1faff},
                                         {0x20000, 0x3fffd}}};

size_t WidthOf(uint32_t c) { return In(kCombining, c) ? 0 : In(kWide, c) ? 2 : 1; }

std::string Escape(uint32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  if (c < 0x100) return fmt::format("\\x{:02x}", c);
  return c < 0x10000 ? fmt::format("\\u{:04x}", c) : fmt::format("\\U{:08x}", c);
}

// Bytes of `text` that fit into `columns`, from the front.
size_t FitFront(std::string_view text, size_t columns) {
  size_t at = 0, used = 0;
  while (at < text.size()) {
    CodePoint c = Decode(text.substr(at));
    size_t width = c.length ? WidthOf(c.value) : 1;
    if (used + width > columns) break;
    used += width;
    at += std::max<size_t>(1, c.length);
  }
  return at;
}

}  // namespace

std::string SafeText(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    CodePoint c = Decode(text.substr(at));
    if (c.length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at++]));
      continue;
    }
    bool hidden = c.value < 0x20 || c.value == 0x7f || In(kHidden, c.value);
    out += hidden ? Escape(c.value) : std::string(text.substr(at, c.length));
    at += c.length;
  }
  return out;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    CodePoint c = Decode(text.substr(at));
    width += c.length ? WidthOf(c.value) : 1;
    at += std::max<size_t>(1, c.length);
  }
  return width;
}

std::string ShortenEnd(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  return std::string(text.substr(0, FitFront(text, columns - 1))) + std::string(kEllipsis);
}

std::string ShortenMiddle(std::string_view text, size_t columns) {
  size_t width = DisplayWidth(text);
  if (width <= columns) return std::string(text);
  if (columns < 3) return ShortenEnd(text, columns);
  size_t front = (columns - 1) / 3;  // the end of a path says more than its beginning
  size_t back = columns - 1 - front;
  size_t tail = FitFront(text, width - back);
  while (DisplayWidth(text.substr(tail)) > back) tail += std::max<size_t>(1, Decode(text.substr(tail)).length);
  return std::string(text.substr(0, FitFront(text, front))) + std::string(kEllipsis) + std::string(text.substr(tail));
}

std::string PadRight(std::string_view text, size_t columns) {
  size_t width = DisplayWidth(text);
  return std::string(text) + std::string(columns > width ? columns - width : 0, ' ');
}

std::string PadLeft(std::string_view text, size_t columns) {
  size_t width = DisplayWidth(text);
  return std::string(columns > width ? columns - width : 0, ' ') + std::string(text);
}

RateUnit UnitOfRate(double bytes_per_second, uint64_t duration_ns) {
  double seconds = static_cast<double>(duration_ns) / 1e9;
  if (bytes_per_second >= 100e3 || seconds < 60) return RateUnit::kSecond;
  return bytes_per_second * 60 >= 10e3 || seconds < 3600 ? RateUnit::kMinute : RateUnit::kHour;
}

std::string FormatRate(double bytes_per_second, RateUnit unit) {
  double seconds = unit == RateUnit::kSecond ? 1 : unit == RateUnit::kMinute ? 60 : 3600;
  std::string_view name = unit == RateUnit::kSecond ? "s" : unit == RateUnit::kMinute ? "min" : "h";
  double rate = bytes_per_second * seconds;
  if (rate > 0 && rate < 1) return fmt::format("<1 B/{}", name);
  return fmt::format("+{}/{}", base::FormatBytes(static_cast<uint64_t>(rate)), name);
}

std::string ShortPath(std::string_view file, std::string_view directory) {
  if (!directory.empty() && file.size() > directory.size() + 1 && file.starts_with(directory)) {
    std::string_view rest = file.substr(directory.size());
    if (rest.front() == '/') return SafeText(rest.substr(1));
    if (directory == "/") return SafeText(rest);
  }
  for (std::string_view mark : {"/site-packages/", "/dist-packages/"})
    if (size_t at = file.rfind(mark); at != std::string_view::npos) return SafeText(file.substr(at + mark.size()));
  for (std::string_view mark : {"/lib/python3", "/lib64/python3"}) {
    size_t at = file.find(mark);
    size_t slash = at == std::string_view::npos ? at : file.find('/', at + mark.size());
    if (slash != std::string_view::npos) return SafeText(file.substr(slash + 1));
  }
  // Elsewhere: the last two parts tell files apart well enough on a screen; -v and JSON have the whole.
  size_t last = file.rfind('/');
  size_t before = last == std::string_view::npos || last == 0 ? last : file.rfind('/', last - 1);
  return SafeText(before == std::string_view::npos ? file : file.substr(before + 1));
}

std::string WithShortPaths(std::string_view text, std::string_view directory) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find("(/", at);
    const size_t close = open == std::string_view::npos ? open : text.find(')', open);
    if (close == std::string_view::npos) return out += text.substr(at);
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    const size_t colon = inside.rfind(':');
    const bool line = colon != std::string_view::npos && colon + 1 < inside.size() &&
                      inside.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
    out += text.substr(at, open + 1 - at);
    if (line) out.append(ShortPath(inside.substr(0, colon), directory)).append(inside.substr(colon));
    else out += inside;
    at = close;
  }
  return out;
}

std::string FullPlace(const diagnose::Location& where) {
  if (where.file.empty() && where.line == 0) return SafeText(where.function);
  return fmt::format("{}:{} in {}", SafeText(where.file), where.line ? std::to_string(where.line) : "?",
                     SafeText(where.function));
}

std::string ShowPlace(const diagnose::Location& where, std::string_view directory) {
  if (where.file.empty() && where.line == 0) return SafeText(where.function);
  std::string line = where.line ? std::to_string(where.line) : "?";
  return fmt::format("{}:{} in {}", ShortPath(where.file, directory), line, SafeText(where.function));
}

}  // namespace limpet::report

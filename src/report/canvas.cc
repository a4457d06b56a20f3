#include "report/canvas.h"

#include "report/safe_text.h"

namespace limpet::report {
namespace {

std::string_view Code(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kAlarm:
      return "\x1b[1;31m";
    case Ink::kWarn:
      return "\x1b[33m";
    case Ink::kGood:
      return "\x1b[32m";
    case Ink::kStrong:
      return "\x1b[1m";
    case Ink::kFaint:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

Line& Line::Add(std::string_view text, Ink ink) {
  std::string fitting = ShortenEnd(text, left());
  width_ += static_cast<uint32_t>(DisplayWidth(fitting));
  bool coloured = style_.colour && ink != Ink::kPlain && !fitting.empty();
  if (coloured) text_ += Code(ink);
  text_ += fitting;
  if (coloured) text_ += "\x1b[0m";
  return *this;
}

Line& Line::To(uint32_t column) {
  uint32_t blanks = column > width_ ? column - width_ : (width_ ? 1 : 0);
  return Add(std::string(std::min(blanks, left()), ' '));
}

Line& Line::Right(std::string_view text, Ink ink) {
  auto width = static_cast<uint32_t>(DisplayWidth(text));
  if (width + 2 > left()) return *this;
  return To(style_.columns - width).Add(text, ink);
}

std::vector<std::string> Wrap(std::string_view text, size_t columns) {
  std::vector<std::string> out(1);
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(' ', at), text.size());
    std::string_view word = text.substr(at, end - at);
    if (!out.back().empty() && DisplayWidth(out.back()) + 1 + DisplayWidth(word) > columns) out.emplace_back();
    if (!out.back().empty()) out.back() += ' ';
    out.back() += word;
    at = end + 1;
  }
  return out;
}

}  // namespace limpet::report

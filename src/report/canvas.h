// Lines of text of limited width, with colour that does not count as width.
#ifndef LIMPET_REPORT_CANVAS_H_
#define LIMPET_REPORT_CANVAS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/terminal.h"

namespace limpet::report {

enum class Ink : uint8_t { kPlain, kAlarm, kWarn, kGood, kStrong, kFaint };

// One line. Text given to it is safe already (SafeText) and in UTF-8.
class Line {
 public:
  explicit Line(const TerminalStyle& style) : style_(style) {}
  // Adds text; what does not fit is cut, with an ellipsis.
  Line& Add(std::string_view text, Ink ink = Ink::kPlain);
  // Blanks up to this column; at least one where there is text already.
  Line& To(uint32_t column);
  // `text` at the right edge, if it fits behind what is there.
  Line& Right(std::string_view text, Ink ink = Ink::kPlain);
  uint32_t left() const { return style_.columns > width_ ? style_.columns - width_ : 0; }
  std::string Finish() const { return text_ + "\n"; }

 private:
  TerminalStyle style_;
  std::string text_;
  uint32_t width_ = 0;
};

// Text that runs over several lines of at most `columns`; breaks at blanks.
std::vector<std::string> Wrap(std::string_view text, size_t columns);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_CANVAS_H_

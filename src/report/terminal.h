// Reports as text for a person. No text from the traced program reaches the terminal unescaped: control characters and broken UTF-8
// are shown as escapes. Every line ends in '\n' and is at most `columns` wide: sentences are wrapped, names shortened in the middle. Only
// the frames of a whole stack may be wider, because a path that is cut cannot be opened.
#ifndef LIMPET_REPORT_TERMINAL_H_
#define LIMPET_REPORT_TERMINAL_H_

#include <cstdint>
#include <string>

#include "report/report.h"

namespace limpet::report {

// The caller decides: colour on a terminal without NO_COLOR, columns from its window.
struct TerminalStyle {
  uint32_t columns = 110;
  bool colour = false;
};

struct FullOptions {
  bool verbose = false;  // evidence, whole stacks, all that was dismissed
  uint32_t limit = 20;   // findings shown
};

// One finding as the end screen has it: some lines.
std::string RenderFinding(const Report& report, const diagnose::Finding& finding, const TerminalStyle& style);

// The end screen of `limpet run`: at most 25 lines.
std::string RenderScreen(const Report& report, const TerminalStyle& style);

// `limpet report`.
std::string RenderFull(const Report& report, const TerminalStyle& style, const FullOptions& options = {});

}  // namespace limpet::report

#endif  // LIMPET_REPORT_TERMINAL_H_

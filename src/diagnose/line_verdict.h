// What the diagnosis made of one line of the program: whether it leaks, and why, or why not.
#ifndef LIMPET_DIAGNOSE_LINE_VERDICT_H_
#define LIMPET_DIAGNOSE_LINE_VERDICT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "diagnose/finding.h"

namespace limpet::diagnose {

// A line as a person writes it: "app.py:40", "views/app.py:40".
struct LineName {
  std::string file;  // the end of its path
  uint32_t number = 0;
};
// Nothing where the text is no line.
std::optional<LineName> ParseLine(std::string_view text);
// Whether a path ends with what was written, at a folder's border.
bool IsFile(std::string_view path, std::string_view written);

struct LineVerdict {
  bool leak = false;
  std::string sentence;  // "leak, confidence 0.98: ...", "no leak (bounded): ..."
};
// Nothing where the line holds too little to be looked at. A line that is part of a finding shares its fate.
std::optional<LineVerdict> VerdictOfLine(const Diagnosis& diagnosis, const LineName& line);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_LINE_VERDICT_H_

#include "diagnose/line_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

bool IsAt(const Location& where, const LineName& line) {
  return where.line == line.number && IsFile(where.file, line.file);
}

}  // namespace

std::optional<LineName> ParseLine(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.find('[') != std::string_view::npos) return std::nullopt;
  LineName line{std::string(text.substr(0, colon)), 0};
  const std::string_view digits = text.substr(colon + 1);
  const char* const first = digits.data();
  const auto [end, error] = std::from_chars(first, first + digits.size(), line.number);
  if (digits.empty() || error != std::errc() || end != first + digits.size()) return std::nullopt;
  return line;
}

bool IsFile(std::string_view path, std::string_view written) {
  if (!path.ends_with(written)) return false;
  return path.size() == written.size() || written.starts_with('/') || path[path.size() - written.size() - 1] == '/';
}

std::optional<LineVerdict> VerdictOfLine(const Diagnosis& diagnosis, const LineName& line) {
  for (const Finding& f : diagnosis.findings) {
    const bool named = !f.site.empty() && IsAt(f.site.front(), line);
    const bool part = std::any_of(f.parts.begin(), f.parts.end(), [&](const Part& p) { return IsAt(p.where, line); });
    if (!named && !part) continue;
    const bool sure = f.confidence >= kSure;
    std::string sentence =
        fmt::format("{}, confidence {:.2f}: ", sure ? "a leak" : "not sure to be a leak", f.confidence);
    if (part && !named) {
      sentence += fmt::format("part of what grows at {}:{}",
                              f.site.front().file.substr(f.site.front().file.rfind('/') + 1), f.site.front().line);
    } else {
      sentence += f.evidence.empty() ? std::string("it grows") : f.evidence.front();
    }
    return LineVerdict{sure, std::move(sentence)};
  }
  for (const Dismissed& d : diagnosis.dismissed) {
    if (d.finding.site.empty() || !IsAt(d.finding.site.front(), line)) continue;
    const std::string why = d.finding.evidence.empty() ? std::string("it does not grow") : d.finding.evidence.front();
    return LineVerdict{false, fmt::format("no leak ({}): {}", ReasonName(d.reason), why)};
  }
  return std::nullopt;
}

}  // namespace limpet::diagnose

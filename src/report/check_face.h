// What `limpet check` found, as text for a person and as JSON for programs (`limpet.check/1`). SARIF and JUnit are in sarif.h and junit.h.
#ifndef LIMPET_REPORT_CHECK_FACE_H_
#define LIMPET_REPORT_CHECK_FACE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "diagnose/gate.h"
#include "report/report.h"
#include "report/terminal.h"

namespace limpet::report {

inline constexpr char kCheckSchema[] = "limpet.check/1";

// The result belongs to the report's diagnosis. Failures are told in full, the rest in a line each.
std::string RenderCheck(const Report& report, const diagnose::CheckResult& result, const TerminalStyle& style);
nlohmann::json CheckJson(const Report& report, const diagnose::CheckResult& result);

// "new, above 1MB/h: +3.2 MB/h", "known since 2026-11-21 (ticket 4711), 1.1 times as fast": plain text, safe.
std::string StandingInWords(const diagnose::Checked& one);

// "1.8 times as fast per iteration", "half as fast per allocated byte"
std::string RatioInWords(const diagnose::Ratio& ratio);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_CHECK_FACE_H_

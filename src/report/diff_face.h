// What `limpet diff` found, as text for a person and as JSON for programs (`limpet.diff/1`).
#ifndef LIMPET_REPORT_DIFF_FACE_H_
#define LIMPET_REPORT_DIFF_FACE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "diagnose/compare.h"
#include "report/report.h"
#include "report/terminal.h"

namespace limpet::report {

inline constexpr char kDiffSchema[] = "limpet.diff/1";

struct ComparedRuns {
  const Report& before;
  const diagnose::Work& work_before;
  const Report& after;
  const diagnose::Work& work_after;
  const diagnose::Comparison& comparison;
};

std::string RenderDiff(const ComparedRuns& runs, const TerminalStyle& style);
nlohmann::json DiffJson(const ComparedRuns& runs);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_DIFF_FACE_H_

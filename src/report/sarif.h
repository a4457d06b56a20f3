// The result of `limpet check` as SARIF 2.1.0, which code hosts show beside the lines of a change (GitHub, GitLab, Azure DevOps; editors).
//
// One result for each finding: error where it fails the check, note where it is known or tolerated, suppressed where it is kept on purpose.
// The place is the allocating line, relative to the folder that the program was started in where it lies under it; the whole stack is
// there as `stacks` (innermost first) and as a code flow (the way to the line); the fingerprint makes the host know it again.
#ifndef LIMPET_REPORT_SARIF_H_
#define LIMPET_REPORT_SARIF_H_

#include <nlohmann/json.hpp>

#include "diagnose/gate.h"
#include "report/report.h"

namespace limpet::report {

// `with_baseline`: say of each result whether it is new.
nlohmann::json SarifOf(const Report& report, const diagnose::CheckResult& result, bool with_baseline);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_SARIF_H_

// The result of `limpet check` as JUnit XML, which every CI server shows as tests: a test for each finding, failed where it fails the
// check, skipped where it is known, kept on purpose or not sure; passed where a limit lets it through or it is gone. A check without findings is one
// passed test, one that cannot tell is one error.
#ifndef LIMPET_REPORT_JUNIT_H_
#define LIMPET_REPORT_JUNIT_H_

#include <string>

#include "diagnose/gate.h"
#include "report/report.h"

namespace limpet::report {

std::string JunitOf(const Report& report, const diagnose::CheckResult& result);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_JUNIT_H_

// The report as `limpet.report/1`, the one contract between the diagnosis and every face. Fields may be added; none is renamed
// without a new schema number.
#ifndef LIMPET_REPORT_JSON_H_
#define LIMPET_REPORT_JSON_H_

#include <nlohmann/json.hpp>

#include "report/report.h"

namespace limpet::report {

inline constexpr char kReportSchema[] = "limpet.report/1";
inline constexpr char kStatsSchema[] = "limpet.stats/1";

// All strings in it are valid UTF-8, so dump() cannot fail.
nlohmann::json ToJson(const Report& report);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_JSON_H_

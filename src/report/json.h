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

// Parts of it that other documents have as well: one finding, and the list of what is kept on purpose.
nlohmann::json FindingJson(const diagnose::Finding& finding);
nlohmann::json KeptJson(const diagnose::Diagnosis& diagnosis);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_JSON_H_

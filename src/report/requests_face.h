// What stays of requests, by who answers them: a table of the report, and its part of the JSON.
#ifndef LIMPET_REPORT_REQUESTS_FACE_H_
#define LIMPET_REPORT_REQUESTS_FACE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/report.h"
#include "report/terminal.h"

namespace limpet::report {

// Nothing where no requests were counted.
std::vector<std::string> RequestLines(const Report& report, const TerminalStyle& style);

nlohmann::json RequestsJson(const diagnose::Endpoints& endpoints);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_REQUESTS_FACE_H_

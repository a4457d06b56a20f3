// Pieces of JSON that `limpet heap` and `limpet why` share.
#ifndef LIMPET_REPORT_HEAP_JSON_H_
#define LIMPET_REPORT_HEAP_JSON_H_

#include <nlohmann/json.hpp>

#include "diagnose/finding.h"
#include "report/heap_view.h"

namespace limpet::report {

nlohmann::json LocationJson(const diagnose::Location& where);

// [{"edge", "type"}], root first, as in the report contract.
nlohmann::json HolderJson(const ToldPath& path);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_HEAP_JSON_H_

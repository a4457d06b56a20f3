// The RSS ledger, its notes, and what the process holds of the kernel's, as parts of the report's JSON.
#ifndef LIMPET_REPORT_MEMORY_JSON_H_
#define LIMPET_REPORT_MEMORY_JSON_H_

#include <nlohmann/json.hpp>

#include "report/report.h"

namespace limpet::report {

// Adds "ledger" (null: none was made), "notes" and "resources" to a process's "memory".
void AddMemoryJson(const ProcessSummary& process, nlohmann::json* memory);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_MEMORY_JSON_H_

// The RSS ledger and what the process holds of the kernel's, as text.
#ifndef LIMPET_REPORT_MEMORY_TEXT_H_
#define LIMPET_REPORT_MEMORY_TEXT_H_

#include <string>
#include <vector>

#include "report/canvas.h"
#include "report/report.h"
#include "report/terminal.h"

namespace limpet::report {

// `limpet report -v`: one block for each process that has a ledger.
std::vector<std::string> MemoryLines(const Report& report, const TerminalStyle& style);

// Sentences for the end screen and the short report: a rise of RSS that no finding explains, descriptors that grow by themselves.
std::vector<std::string> MemoryRemarks(const Report& report);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_MEMORY_TEXT_H_

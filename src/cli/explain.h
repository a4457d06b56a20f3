// Why a run was traced not at all, in part, or otherwise than the user may think: one sentence each, for the end screen, run.json and
// the report.
#ifndef LIMPET_CLI_EXPLAIN_H_
#define LIMPET_CLI_EXPLAIN_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "capture/recording.h"

namespace limpet::cli {

// `program` is the file that was executed, `main_pid` its process.
std::vector<std::string> ExplainRun(const std::string& program, int32_t main_pid, bool has_processes,
                                    const Result<capture::Recording>& recording);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_EXPLAIN_H_

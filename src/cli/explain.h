// Why a run was traced not at all, in part, or otherwise than the user may think: one sentence each.
#ifndef LIMPET_CLI_EXPLAIN_H_
#define LIMPET_CLI_EXPLAIN_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "capture/recording.h"

namespace limpet::cli {

struct Explanation {
  std::vector<std::string> notes;  // what only the command knows: these go into run.json, and every report shows them
  std::vector<std::string>
      failures;         // what was not traced and why, said also with --quiet; the recording itself holds part of it
  bool traced = false;  // something was counted: there is something to show
};

// `program` is the file that was executed, `main_pid` its process.
Explanation ExplainRun(const std::string& program, int32_t main_pid, bool has_processes,
                       const Result<capture::Recording>& recording);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_EXPLAIN_H_

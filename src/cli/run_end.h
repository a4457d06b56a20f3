// What `limpet run` does when the program has ended: completes the recording and tells the user. Nothing in here can change the
// exit status.
#ifndef LIMPET_CLI_RUN_END_H_
#define LIMPET_CLI_RUN_END_H_

#include <string>

#include "capture/recording.h"

namespace limpet::cli {

struct RunEnd {
  std::string recording;
  std::string program;  // the file that was executed
  std::string json;     // where the report goes as JSON; empty: nowhere
  bool quiet = false;
};

// Adds to info->notes what the user should know (why nothing was traced, why tracing stopped), writes run.json for good, and
// shows the end screen and the JSON.
void FinishRun(const RunEnd& end, capture::RunInfo* info);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_RUN_END_H_

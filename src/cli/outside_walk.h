// Takes a heap snapshot of a process that nobody prepared, or of a core file: reads its memory, finds the interpreter in it, walks.
#ifndef LIMPET_CLI_OUTSIDE_WALK_H_
#define LIMPET_CLI_OUTSIDE_WALK_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace limpet::cli {

struct OutsideSnapshot {
  int32_t pid = 0;
  std::string file;  // where it was written
  uint64_t nodes = 0;
  uint64_t pause_ns = 0;    // how long the process stood still; 0 for a core file
  uint64_t bytes_read = 0;  // while it stood still
  uint32_t python_version = 0;
  std::vector<std::string> problems;  // what is missing from the picture, and why
};

// `folder` is a recording's: p<pid>/heap.1 is made in it.
Result<OutsideSnapshot> SnapshotProcess(pid_t pid, const std::string& folder, bool redact);
Result<OutsideSnapshot> SnapshotCore(const std::string& core, const std::string& folder, bool redact);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_OUTSIDE_WALK_H_

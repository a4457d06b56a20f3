// Asks a program that limpet traces for a heap snapshot: the agent in it makes one the next time that it looks.
#ifndef LIMPET_CLI_TRACED_SNAPSHOT_H_
#define LIMPET_CLI_TRACED_SNAPSHOT_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/status.h"

namespace limpet::cli {

// The folder (NAME.limpet/p<pid>) that process `pid` records into; nothing where it is not traced.
std::optional<std::string> FindTracedFolder(pid_t pid);

struct TracedSnapshot {
  std::string file;  // empty: the program did nothing in which it could be asked; see `idle`
  bool idle = false;
};

// Fails when the agent tried and could not.
Result<TracedSnapshot> AskForSnapshot(const std::string& process_folder, int patience_ms);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_TRACED_SNAPSHOT_H_

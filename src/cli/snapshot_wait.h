// The program may have ended while a copy of it still writes its last heap snapshot: whoever reads the recording waits for that.
#ifndef LIMPET_CLI_SNAPSHOT_WAIT_H_
#define LIMPET_CLI_SNAPSHOT_WAIT_H_

#include <string>

namespace limpet::cli {

// Returns when no snapshot of this recording is being written any more, or its writer is gone. Says so on a terminal if it takes long.
void WaitForSnapshots(const std::string& recording);

// Whether somebody writes this file heap.<k>.part: its writer holds a lock on it for as long as it lives.
bool IsBeingWritten(const std::string& file);

// Whether somebody lives who writes a snapshot into this folder of a process (NAME.limpet/p<pid>).
bool HasSnapshotWriter(const std::string& process_folder);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_SNAPSHOT_WAIT_H_

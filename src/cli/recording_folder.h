// The folder of a recording as a thing on disk: made before the program starts, tidied after it has ended.
#ifndef LIMPET_CLI_RECORDING_FOLDER_H_
#define LIMPET_CLI_RECORDING_FOLDER_H_

#include <string>

#include "base/status.h"

namespace limpet::cli {

// Makes the folder and returns its absolute path. With an empty `wanted` the name is
// limpet-<program>-<date>-<time>.limpet in the current directory. Nothing that exists is touched, unless `replace` is set and it
// is a recording.
Result<std::string> CreateRecordingFolder(const std::string& wanted, const std::string& program, bool replace);

// Undoes CreateRecordingFolder when the program never started.
void RemoveRecordingFolder(const std::string& path);

// True when there is at least one process folder in it.
bool HasProcesses(const std::string& path);

// Cuts the data files of processes that are gone down to the blocks in use; they were made longer than needed.
void TrimDataFiles(const std::string& path);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_RECORDING_FOLDER_H_

// The recording that the user named, or one line about why it cannot be read.
#ifndef LIMPET_CLI_RECORDING_CHOICE_H_
#define LIMPET_CLI_RECORDING_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "capture/recording.h"

namespace limpet::cli {

// Reads it; complains on stderr when it cannot be read, or has no process `pid`.
std::optional<capture::Recording> OpenRecording(const std::string& path, std::optional<int32_t> pid);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_RECORDING_CHOICE_H_

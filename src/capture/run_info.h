// run.json: what `limpet run` knows of a recording and the traced process does not. RunInfo is in recording.h.
#ifndef LIMPET_CAPTURE_RUN_INFO_H_
#define LIMPET_CAPTURE_RUN_INFO_H_

#include <string>

#include "base/status.h"
#include "capture/recording.h"

namespace limpet::capture {

// Writes RECORDING/run.json. Atomic: who reads it meanwhile sees the old text or the new one, never half of it.
Status WriteRunInfo(const std::string& recording_path, const RunInfo& info);

// Reads it back. Unknown fields are ignored, missing ones keep their defaults.
Result<RunInfo> ReadRunInfo(const std::string& recording_path);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_RUN_INFO_H_

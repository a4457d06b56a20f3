// The parts of the document that tell of a process over time: epochs, samples, marks, ledgers, snapshots.
#ifndef LIMPET_VIEWER_TIME_PART_H_
#define LIMPET_VIEWER_TIME_PART_H_

#include <string>

#include <nlohmann/json.hpp>

#include "capture/recording.h"

namespace limpet::viewer {

// Adds them to a process's part. `folder` is the process's in the recording, where its snapshots are.
void AddTimePart(const capture::Process& process, const std::string& folder, nlohmann::json* part);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_TIME_PART_H_

#include "cli/recording_choice.h"

#include <algorithm>
#include <utility>

#include "capture/reader.h"
#include "cli/output.h"
#include "fmt/format.h"

namespace limpet::cli {

std::optional<capture::Recording> OpenRecording(const std::string& path, std::optional<int32_t> pid) {
  Result<capture::Recording> recording = capture::ReadRecording(path);
  if (!recording.ok()) {
    Complain(recording.message());
    return std::nullopt;
  }
  const auto& processes = recording->processes;
  if (pid &&
      std::none_of(processes.begin(), processes.end(), [&](const auto& process) { return process.pid == *pid; })) {
    std::string known;
    for (const capture::Process& process : processes) known += fmt::format(" {}", process.pid);
    Complain(fmt::format("no process {} in '{}'; it has:{}", *pid, path, known));
    return std::nullopt;
  }
  return std::move(recording.value());
}

}  // namespace limpet::cli

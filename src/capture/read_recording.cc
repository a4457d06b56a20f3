// ReadRecording: from a path that a person typed to the processes below it.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "capture/reader.h"
#include "capture/run_info.h"

namespace limpet::capture {
namespace {

namespace fs = std::filesystem;

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// p<pid> or p<pid>.<k>
bool IsProcessFolder(std::string_view name) {
  if (!name.starts_with('p')) return false;
  name.remove_prefix(1);
  const size_t dot = name.find('.');
  return dot == std::string_view::npos ? IsNumber(name)
                                       : IsNumber(name.substr(0, dot)) && IsNumber(name.substr(dot + 1));
}

// What a directory that may be a recording holds.
struct Listing {
  std::vector<std::string> processes;
  bool empty = true;
  bool has_run_info = false;
  bool has_data = false;
};

Result<Listing> List(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return Error(fmt::format("there is no recording {0}: `limpet run -o {0} PROGRAM` would make one", path));
  }
  if (error) return Error(fmt::format("cannot read the recording {}: {}", path, error.message()));
  if (status.type() != fs::file_type::directory) {
    return Error(
        fmt::format("{} is not a recording: it is a file, and a recording is a directory (NAME.limpet)", path));
  }
  Listing listing;
  fs::directory_iterator entries(path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    listing.empty = false;
    listing.has_run_info |= name == "run.json";
    listing.has_data |= name == "data";
    if (IsProcessFolder(name)) listing.processes.push_back(name);
  }
  if (error) return Error(fmt::format("cannot read the recording {}: {}", path, error.message()));
  std::sort(listing.processes.begin(), listing.processes.end());
  return listing;
}

Status NothingRecorded(const std::string& path, const Listing& listing, const RunInfo& run) {
  if (listing.empty)
    return Error(fmt::format("the recording {} is empty: the program ended before anything was recorded", path));
  if (listing.has_data) {
    return Error(fmt::format("{} is one process of a recording: name the directory above it", path));
  }
  if (!listing.has_run_info)
    return Error(fmt::format("{} is not a recording: it holds neither run.json nor a process", path));
  std::string message = fmt::format("no process was recorded in {}", path);
  for (const std::string& note : run.notes) message += "; " + note;
  if (run.notes.empty()) message += ": `limpet doctor` says what this machine and that interpreter allow";
  return Error(message);
}

void ReadProcesses(const Listing& listing, Recording& recording) {
  for (const std::string& name : listing.processes) {
    Result<Process> process = ReadProcess(recording.path + "/" + name);
    if (process.ok()) {
      recording.processes.push_back(*std::move(process));
    } else {
      recording.problems.push_back(process.message());
    }
  }
  std::stable_sort(recording.processes.begin(), recording.processes.end(), [](const Process& a, const Process& b) {
    return std::pair(a.start_realtime_ns, a.image) < std::pair(b.start_realtime_ns, b.image);
  });
}

}  // namespace

Result<Recording> ReadRecording(const std::string& path) {
  Recording recording;
  recording.path = path;
  while (recording.path.size() > 1 && recording.path.back() == '/') recording.path.pop_back();
  LIMPET_ASSIGN_OR_RETURN(const Listing listing, List(recording.path));
  if (listing.has_run_info) {
    Result<RunInfo> run = ReadRunInfo(recording.path);
    if (run.ok()) {
      recording.run = *std::move(run);
    } else {
      recording.problems.push_back(run.message());
    }
  }
  if (listing.processes.empty()) return NothingRecorded(recording.path, listing, recording.run);
  ReadProcesses(listing, recording);
  if (recording.processes.empty()) {
    std::string message = recording.problems.front();
    if (recording.problems.size() > 1) message += fmt::format(" (and {} more problems)", recording.problems.size() - 1);
    return Error(message);
  }
  return recording;
}

}  // namespace limpet::capture

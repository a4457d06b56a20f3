#include "cli/run_end.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <string_view>

#include "capture/reader.h"
#include "capture/run_info.h"
#include "cli/explain.h"
#include "cli/output.h"
#include "cli/recording_folder.h"
#include "fmt/format.h"
#include "report/json.h"
#include "report/report.h"
#include "report/terminal.h"

namespace limpet::cli {
namespace {

constexpr size_t kMaxScreenLines = 25;  // all that limpet says at the end
constexpr size_t kMaxNotes = 6;

// As the shell would have to write it.
std::string Quoted(const std::string& path) {
  const std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";
  if (path.find_first_not_of(plain) == std::string::npos) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The path as the user would type it: relative where it is below the current folder.
std::string Shown(const std::string& path) {
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string() + "/";
  return path.starts_with(here) ? path.substr(here.size()) : path;
}

std::string FirstLines(const std::string& text, size_t lines) {
  size_t at = 0;
  for (size_t i = 0; i < lines && at < text.size(); ++i) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return text.substr(0, at);
}

// The notes first: what they say qualifies all that follows. When it gets too long the screen gives way at its end, where what
// matters least stands.
void ShowScreen(const RunEnd& end, const capture::RunInfo& info, const Result<capture::Recording>& recording) {
  std::string notes;
  size_t lines = 1;
  for (const std::string& note : info.notes) {
    if (lines > kMaxNotes) break;
    notes += fmt::format("limpet: {}\n", note);
    ++lines;
  }
  std::string screen;
  if (recording.ok() && !end.quiet) {
    const report::TerminalStyle style = {.columns = uint32_t(Columns(STDERR_FILENO)), .colour = WantsColour(STDERR_FILENO)};
    report::Report report = report::BuildReport(*recording, {});
    screen = FirstLines(report::RenderScreen(report, style), kMaxScreenLines - lines);
  }
  std::string last;
  if (recording.ok() && !end.quiet) {
    const std::string path = Shown(end.recording);
    last = fmt::format("recording: {}   (limpet report {} -v)\n", path, Quoted(path));
  }
  WriteAll(STDERR_FILENO, notes + screen + last);
}

}  // namespace

void FinishRun(const RunEnd& end, capture::RunInfo* info) {
  TrimDataFiles(end.recording);
  Result<capture::Recording> recording = capture::ReadRecording(end.recording);
  info->notes = ExplainRun(end.program, info->pid, HasProcesses(end.recording), recording);
  if (const Status written = capture::WriteRunInfo(end.recording, *info); !written.ok()) Complain(written.message());
  if (recording.ok()) recording->run = *info;
  ShowScreen(end, *info, recording);
  if (end.json.empty()) return;
  if (recording.ok()) {
    (void)PrintToFile(end.json, report::ToJson(report::BuildReport(*recording, {})).dump(2) + "\n");
  } else {
    Complain(fmt::format("no report for '{}': {}", end.json, recording.message()));
  }
}

}  // namespace limpet::cli

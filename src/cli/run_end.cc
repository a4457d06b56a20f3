#include "cli/run_end.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "capture/reader.h"
#include "capture/run_info.h"
#include "cli/explain.h"
#include "cli/keep_choice.h"
#include "cli/output.h"
#include "cli/recording_folder.h"
#include "cli/snapshot_wait.h"
#include "fmt/format.h"
#include "report/json.h"
#include "report/report.h"
#include "report/terminal.h"

namespace limpet::cli {
namespace {

constexpr size_t kMaxFailures = 6;

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

// Failures as lines of their own where there is no screen that would show them.
void ShowFailures(const Explanation& explanation) {
  std::string text;
  const size_t shown = std::min(explanation.failures.size(), kMaxFailures);
  for (size_t i = 0; i < shown; ++i) text += fmt::format("limpet: {}\n", Printable(explanation.failures[i]));
  if (explanation.failures.size() > shown)
    text += fmt::format("limpet: and {} more of this kind\n", explanation.failures.size() - shown);
  WriteAll(STDERR_FILENO, text);
}

void ShowScreen(const std::string& path, const report::Report& report) {
  const report::TerminalStyle style = {.columns = uint32_t(Columns(STDERR_FILENO)),
                                       .colour = WantsColour(STDERR_FILENO)};
  const std::string shown = Shown(path);
  const std::string last =
      fmt::format("recording: {}   (limpet report {} -v)\n", Printable(shown), Printable(Quoted(shown)));
  WriteAll(STDERR_FILENO, report::RenderScreen(report, style) + last);
}

}  // namespace

void FinishRun(const RunEnd& end, capture::RunInfo* info) {
  WaitForSnapshots(end.recording);
  TrimDataFiles(end.recording);
  Result<capture::Recording> recording = capture::ReadRecording(end.recording);
  const Explanation explanation = ExplainRun(end.program, info->pid, HasProcesses(end.recording), recording);
  info->notes = explanation.notes;
  if (const Status written = capture::WriteRunInfo(end.recording, *info); !written.ok()) Complain(written.message());
  const bool show_screen = explanation.traced && !end.quiet;
  if (!show_screen) ShowFailures(explanation);
  if (!recording.ok()) {
    // Just written, and not to be read: an agent of another build wrote it.
    const char* why = HasProcesses(end.recording)
                          ? "what was recorded cannot be read; limpet and its liblimpet_agent.so must be of one build"
                          : "nothing was recorded";
    if (!end.json.empty()) Complain(fmt::format("no report for '{}': {}", end.json, why));
    return;
  }
  if (!show_screen && end.json.empty()) return;
  recording->run = *info;
  const diagnose::KeepRules keep = ReadKeepRules(std::nullopt).value_or(diagnose::KeepRules{});
  diagnose::Options options;
  options.keep = &keep;
  const report::Report report = report::BuildReport(*recording, options);
  if (show_screen) ShowScreen(end.recording, report);
  if (!end.json.empty()) (void)PrintToFile(end.json, report::ToJson(report).dump(2) + "\n");
}

}  // namespace limpet::cli

// limpet snapshot: a picture of a process's heap now, whether it was prepared for that or not, or of one that left a core file.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "capture/run_info.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/outside_walk.h"
#include "cli/recording_folder.h"
#include "cli/traced_snapshot.h"
#include "cli/trial_trim.h"
#include "fmt/format.h"
#include "process/proc.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] (PID | --core FILE)";
constexpr char kExamples[] =
    "  limpet snapshot 4711                     of any CPython process, traced or not\n"
    "  limpet snapshot 4711 -o now.limpet       ... and 'limpet heap now.limpet' shows it\n"
    "  limpet snapshot --core core.4711         of a process that is gone\n"
    "\nA traced program takes it by itself (it stands still for some milliseconds); of any other one the memory is "
    "read while it\n"
    "stands still. Reading needs the right to trace it: the same user and kernel.yama.ptrace_scope 0, or "
    "CAP_SYS_PTRACE.\n"
    "Exit status: 0; 1 no snapshot could be taken; 2 wrong usage.";

constexpr int kPatienceMs = 1500;
constexpr int kTrimPatienceMs = 10000;

struct SnapshotCommand {
  std::string pid;
  std::string core;
  std::string output;
  bool replace = false;
  bool redact = false;
  bool outside = false;
  bool trim = false;
};

std::string Amount(uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }
std::string Milliseconds(uint64_t ns) { return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6); }

int Fail(const std::string& message) {
  Complain(message);
  return 1;
}

std::string ProgramOf(pid_t pid) {
  const Result<std::vector<std::string>> command = process::ReadCommandLine(pid);
  if (!command.ok() || command->empty()) return "python";
  return std::filesystem::path((*command)[0]).filename();
}

// The recording as it can be typed here.
std::string NameFromHere(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path path = folder;
  const bool here = std::filesystem::equivalent(path.parent_path(), std::filesystem::current_path(error), error);
  return here ? path.filename().string() : folder;
}

// A recording with nothing in it but the snapshot.
int Outside(const SnapshotCommand& command, std::optional<pid_t> pid) {
  const std::string name = pid ? ProgramOf(*pid) : "core";
  Result<std::string> folder = CreateRecordingFolder(command.output, name, command.replace);
  if (!folder.ok()) {
    Complain(folder.message());
    return kExitUsage;
  }
  const Result<OutsideSnapshot> taken =
      pid ? SnapshotProcess(*pid, *folder, command.redact) : SnapshotCore(command.core, *folder, command.redact);
  if (!taken.ok()) {
    std::error_code ignored;
    std::filesystem::remove_all(*folder, ignored);
    return Fail(
        fmt::format("no snapshot of {}: {}", pid ? fmt::format("process {}", *pid) : command.core, taken.message()));
  }
  capture::RunInfo info;
  info.limpet_version = kVersion;
  info.pid = taken->pid;
  if (pid) {
    if (const Result<std::vector<std::string>> words = process::ReadCommandLine(*pid); words.ok())
      info.command = *words;
  }
  (void)capture::WriteRunInfo(*folder, info);
  for (const std::string& problem : taken->problems) Complain(problem);
  std::string text =
      fmt::format("snapshot of {}: {} objects", pid ? fmt::format("process {}", *pid) : command.core, taken->nodes);
  if (pid)
    text += fmt::format("; it stood still for {} while {} were read", Milliseconds(taken->pause_ns),
                        Amount(taken->bytes_read));
  return Print(fmt::format("{}\nlimpet heap {}\n", text, NameFromHere(*folder)));
}

// What malloc gives back when asked to, in words.
Result<std::string> TryTrim(const std::string& folder) {
  LIMPET_ASSIGN_OR_RETURN(const std::optional<capture::TrimRecord> trim, AskForTrim(folder, kTrimPatienceMs));
  if (!trim) return Error("the program does nothing: malloc_trim could not be tried");
  const uint64_t given = trim->anon_before > trim->anon_after ? trim->anon_before - trim->anon_after : 0;
  return fmt::format("malloc_trim(0) gave back {} of {} that are its own", Amount(given), Amount(trim->anon_before));
}

int OfProcess(const SnapshotCommand& command) {
  char* end = nullptr;
  const long number = std::strtol(command.pid.c_str(), &end, 10);
  if (end == command.pid.c_str() || *end != 0 || number <= 0) {
    Complain(fmt::format("'{}' is no process id", command.pid));
    return kExitUsage;
  }
  const pid_t pid = static_cast<pid_t>(number);
  if (!process::ReadStatus(pid).ok()) return Fail(fmt::format("there is no process {}", pid));
  const bool wants_own_recording = !command.output.empty() || command.outside || command.redact;
  const std::optional<std::string> folder = wants_own_recording ? std::nullopt : FindTracedFolder(pid);
  if (!folder && command.trim) return Fail("--trim needs a program that `limpet run` traces, and its own recording");
  if (!folder) return Outside(command, pid);
  const Result<TracedSnapshot> taken = AskForSnapshot(*folder, kPatienceMs);
  if (!taken.ok()) return Fail(taken.message());
  if (taken->idle) {
    Complain("the program does nothing at the moment in which it could be asked: its memory is read instead");
    return Outside(command, pid);
  }
  const std::string recording = std::filesystem::path(*folder).parent_path();
  std::string text = fmt::format("snapshot {} of process {}\nlimpet heap {}\n",
                                 std::filesystem::path(taken->file).extension().string().substr(1), pid, recording);
  if (command.trim) {
    const Result<std::string> trim = TryTrim(*folder);
    if (!trim.ok()) return Fail(trim.message());
    text += *trim + "\n";
  }
  return Print(text);
}

}  // namespace

int RunSnapshot(const std::vector<std::string>& arguments) {
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is told as an error
  SnapshotCommand command;
  CLI::App app("Takes a picture of a Python process's heap: all objects, and who refers to whom.");
  Prepare(&app, "snapshot", kUsage, kExamples);
  app.add_option("pid", command.pid, "process id")->option_text("PID");
  app.add_option("--core", command.core, "read a core file instead (of the kernel, or of gcore)")->option_text("FILE");
  app.add_option("-o,--output", command.output,
                 "the recording to make (default: that of a traced program, else a new one here)")
      ->option_text("NAME.limpet");
  app.add_flag("-f,--force", command.replace, "replace that recording if it exists");
  app.add_flag("--redact", command.redact, "keep no contents of strings but names of the code");
  app.add_flag("--outside", command.outside, "read the memory from outside, although the program is traced");
  app.add_flag("--trim", command.trim, "then try how much memory malloc_trim(0) gives back (traced programs)");
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  if (command.trim && (!command.core.empty() || command.outside || command.redact || !command.output.empty())) {
    Complain("--trim goes with a process id alone: the program itself is asked");
    return kExitUsage;
  }
  if (command.pid.empty() == command.core.empty()) {
    Complain("limpet snapshot wants a process id, or --core FILE ('limpet snapshot --help' shows the usage)");
    return kExitUsage;
  }
  return command.core.empty() ? OfProcess(command) : Outside(command, std::nullopt);
}

}  // namespace limpet::cli

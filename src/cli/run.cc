// limpet run: starts a program with the agent in it, waits for its end, and says what grew. The order matters: everything that
// can be wrong with the command line is found before the program starts, and nothing that goes wrong afterwards changes what the
// program did or how it ended.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "capture/reader.h"
#include "capture/run_info.h"
#include "cli/agent_library.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/recording_folder.h"
#include "cli/run_end.h"
#include "cli/spawn.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] (SCRIPT.py | -m MODULE | -c CODE | -- COMMAND) [arguments ...]";
constexpr char kExamples[] =
    "  limpet run app.py --port 8000           python3 app.py --port 8000, traced\n"
    "  limpet run -o web.limpet -m flask run   a module; the recording gets a name\n"
    "  limpet run -- gunicorn shop:app         any command; Python children are followed\n"
    "  limpet run python3.12 -X dev app.py     another interpreter, with options of its own\n"
    "\nThe program's input, output, signals and exit status are its own; limpet writes to stderr when it has ended.\n"
    "Exit status: the program's; 2 wrong usage or no place for the recording, 126 not executable, 127 not found.";

constexpr char kNoPythonModule[] =
    "--tracemalloc needs limpet's Python package, which is not beside the agent: pip install limpet";

struct RunOptions {
  std::string output;
  std::string json;
  std::string python = "python3";
  std::string epoch = "auto";
  std::string snapshots = "auto";
  bool redact = false;
  bool native = false;
  bool tracemalloc = false;
  bool replace = false;
  bool live = false;
  bool quiet = false;
  bool no_follow = false;
  std::vector<std::string> words;  // the program and its arguments
};

// The exit status when the command line is all there is to it.
std::optional<int> ReadOptions(const std::vector<std::string>& arguments, RunOptions* options) {
  CLI::App app("Runs a program, records where its memory comes from, and says at its end what grew.");
  Prepare(&app, "run", kUsage, kExamples);
  app.prefix_command();  // what follows the program belongs to the program
  app.add_option("-o,--output", options->output, "where to record (default: limpet-PROGRAM-TIME.limpet here)")
      ->option_text("NAME.limpet");
  app.add_flag("-f,--force", options->replace, "replace that recording if it exists");
  app.add_option("--json", options->json, "write the report as JSON, too ('-': to standard output)")
      ->option_text("FILE");
  app.add_flag("--live", options->live, "one line about memory on the terminal while the program runs");
  app.add_flag("-q,--quiet", options->quiet, "no report at the end; errors are still told");
  app.add_flag("--no-follow", options->no_follow, "do not trace the processes that the program starts");
  app.add_option("--python", options->python, "interpreter for SCRIPT, -m and -c (default: python3 in PATH)")
      ->option_text("PATH");
  app.add_option("--epoch", options->epoch,
                 "length of a stretch of time: auto, 30s, 500ms, 5m ..., or iterations (that the program marks)")
      ->option_text("TIME");
  app.add_option(
         "--snapshots", options->snapshots,
         "pictures of the heap, by which 'limpet why' tells who holds what: auto (few, under 2 % of the time), off, "
         "asked (only by 'limpet snapshot'), or one every 30s, 5m ...")
      ->option_text("WHEN");
  app.add_flag("--redact", options->redact, "keep no contents of strings in snapshots, but names of the code");
  app.add_flag("--native", options->native, "for memory that C code takes: which C functions took it; costs more");
  app.add_flag("--tracemalloc", options->tracemalloc,
               "the program's own 'import tracemalloc' gets limpet's functions: the same results, at limpet's cost");
  if (const std::optional<int> done = Parse(&app, arguments)) return done;
  options->words = app.remaining();
  return std::nullopt;
}

int Refuse(const std::string& message) {
  Complain(message);
  return kExitUsage;
}

// What is wrong with the options, if anything.
std::optional<std::string> CheckOptions(const RunOptions& options) {
  if (options.words.empty()) return "no program to run: limpet run app.py ('limpet run --help' shows the usage)";
  const std::string& first = options.words[0];
  const bool program =
      !first.starts_with("-") || first == "-" || first == "--" || first.starts_with("-m") || first.starts_with("-c");
  if (!program) {
    const std::string nearest =
        Nearest(first, {"--output", "--force", "--json", "--live", "--quiet", "--no-follow", "--python", "--epoch",
                        "--snapshots", "--redact", "--native", "--tracemalloc", "--help"});
    const std::string hint = first.starts_with("--")
                                 ? (nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest))
                                 : fmt::format(" (options of the interpreter: limpet run python3 {} ...)", first);
    return fmt::format("unknown option '{}'{}", first, hint);
  }
  if (options.epoch != "auto" && options.epoch != "iterations" && !ParseDuration(options.epoch)) {
    return fmt::format("--epoch '{}' is neither auto, nor iterations, nor a time such as 30s, 500ms, 5m",
                       options.epoch);
  }
  const bool word = options.snapshots == "auto" || options.snapshots == "off" || options.snapshots == "asked";
  if (!word && !ParseDuration(options.snapshots)) {
    return fmt::format("--snapshots '{}' is neither auto, off, asked, nor a time such as 30s, 5m", options.snapshots);
  }
  return std::nullopt;
}

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec);
}

std::string CurrentFolder() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

// A place for the JSON that cannot be written is better told now than after an hour's run.
Status CheckJsonFile(const std::string& path) {
  if (path.empty() || path == "-") return Status::Ok();
  const bool exists = access(path.c_str(), F_OK) == 0;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const std::string target = exists ? path : folder.empty() ? "." : folder;
  if (access(target.c_str(), W_OK) != 0 || std::filesystem::is_directory(path)) {
    const int error = std::filesystem::is_directory(path) ? EISDIR : errno;
    return Error(fmt::format("cannot write the report '{}': {}", path, base::ErrnoText(error)));
  }
  return Status::Ok();
}

Result<std::string> StartRecording(const RunOptions& options, const Program& program, capture::RunInfo* info) {
  LIMPET_ASSIGN_OR_RETURN(std::string folder, CreateRecordingFolder(options.output, program.name, options.replace));
  info->limpet_version = kVersion;
  info->command = program.argv;
  info->directory = CurrentFolder();
  info->started_ns = Now();
  if (const Status written = capture::WriteRunInfo(folder, *info); !written.ok()) {
    RemoveRecordingFolder(folder);
    return written;
  }
  return folder;
}

// As the agent takes it: a number of milliseconds, or one of the words.
std::string TimeOrWord(const std::string& text) {
  const std::optional<uint64_t> ms = ParseDuration(text);
  return ms ? std::to_string(*ms) : text;
}

Ending WaitForEnd(Child* child, const RunOptions& options, const std::string& recording) {
  if (!options.live) return child->Wait(0, nullptr);
  LiveLine line(recording);
  return child->Wait(LiveLine::kPeriodMs, [&line] { line.Update(); });
}

// The report is made by a process of its own: whatever happens there (no memory, Ctrl-C, a bug), the exit status remains the
// program's.
void FinishApart(const RunEnd& end, Child* child, capture::RunInfo* info) {
  const pid_t pid = fork();
  if (pid < 0) return FinishRun(end, info);
  if (pid == 0) {
    child->GiveSignalsBack();
    FinishRun(end, info);
    _exit(0);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  const bool interrupted = WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM);
  if (status == 0 || interrupted) return;
  Complain(fmt::format("the report failed, but the recording is complete: limpet report {}", end.recording));
}

// From the program's start to the report.
Ending RunTraced(const RunOptions& options, const Program& program, const std::string& preload,
                 const std::string& recording, capture::RunInfo* info) {
  const AgentOptions agent_options = {.recording = recording,
                                      .follow = !options.no_follow,
                                      .epoch = TimeOrWord(options.epoch),
                                      .snapshots = TimeOrWord(options.snapshots),
                                      .redact = options.redact,
                                      .native = options.native,
                                      .tracemalloc = options.tracemalloc};
  Child child;
  const int error = child.Start(program.path, program.argv, EnvironmentWithAgent(preload, agent_options));
  if (error != 0) {
    RemoveRecordingFolder(recording);
    Complain(fmt::format("cannot run '{}': {}", program.path, base::ErrnoText(error)));
    return {.exit_status = error == ENOENT ? kExitNotFound : kExitNotExecutable, .signal = std::nullopt};
  }
  info->pid = child.pid();
  (void)capture::WriteRunInfo(recording, *info);  // a recording that lacks it is read all the same
  const Ending ending = WaitForEnd(&child, options, recording);
  info->ended_ns = Now();
  info->exit_status = ending.exit_status;
  info->signal = ending.signal;
  FinishApart({.recording = recording, .program = program.path, .json = options.json, .quiet = options.quiet}, &child,
              info);
  return ending;
}

}  // namespace

int RunProgram(const std::vector<std::string>& arguments) {
  RunOptions options;
  if (const std::optional<int> done = ReadOptions(arguments, &options)) return *done;
  if (const std::optional<std::string> wrong = CheckOptions(options)) return Refuse(*wrong);
  const ProgramOrError found = ResolveProgram(options.words, options.python);
  if (!found.error.empty()) {
    Complain(found.error);
    return found.exit_status;
  }
  if (const Status json = CheckJsonFile(options.json); !json.ok()) return Refuse(json.message());
  Ending ending;
  {
    const std::string agent = FindAgent();
    if (agent.empty()) return Refuse(kNoAgent);
    if (options.tracemalloc && !HasPythonModule(agent)) return Refuse(kNoPythonModule);
    const PreloadPath preload(agent);
    if (!preload.ok()) {
      return Refuse(fmt::format("cannot make a link to the agent, whose path has a space or colon: '{}'", agent));
    }
    capture::RunInfo info;
    const Result<std::string> recording = StartRecording(options, found.program, &info);
    if (!recording.ok()) return Refuse(recording.message());
    ending = RunTraced(options, found.program, preload.path(), *recording, &info);
  }
  ExitLike(ending);
}

}  // namespace limpet::cli

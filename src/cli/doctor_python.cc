#include <nlohmann/json.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "cli/doctor.h"
#include "cli/probe.h"
#include "cli/program.h"
#include "fmt/format.h"
#include "process/executable.h"
#include "process/proc.h"

namespace limpet::cli {
namespace {

constexpr int kOldestMinor = 11;
constexpr int kNewestMinor = 15;
constexpr int kAnswerTimeoutMs = 20'000;

// Nothing is imported but sys, json and sysconfig; -I keeps the user's files out of it.
constexpr char kQuestions[] =
    "import json, sys, sysconfig\n"
    "print(json.dumps({'executable': sys.executable, 'implementation': sys.implementation.name,\n"
    "  'version': list(sys.version_info[:3]), 'text': sys.version.split()[0], 'debug': hasattr(sys, "
    "'gettotalrefcount'),\n"
    "  'free_threaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED'))}))\n";

// The value of NAME in a list of "NAME=value"; empty when it is not there.
std::string Value(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment) {
    if (variable.size() > name.size() && variable.starts_with(name) && variable[name.size()] == '=') {
      return variable.substr(name.size() + 1);
    }
  }
  return {};
}

Result<Interpreter> Ask(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(const Probe probe,
                          RunProbe({path, "-I", "-c", kQuestions}, OwnEnvironment(), kAnswerTimeoutMs));
  const auto answer = nlohmann::json::parse(probe.output, nullptr, false);
  if (!answer.is_object()) {
    std::string said = probe.errors.substr(0, probe.errors.find('\n')).substr(0, 200);
    return Error(
        fmt::format("'{}' does not answer as a Python interpreter does{}", path, said.empty() ? "" : ": " + said));
  }
  Interpreter interpreter;
  interpreter.executable = answer.value("executable", path);
  interpreter.implementation = answer.value("implementation", "");
  interpreter.version = answer.value("text", "");
  const auto version = answer.value("version", std::vector<int>{0, 0, 0});
  if (version.size() >= 2) {
    interpreter.major = version[0];
    interpreter.minor = version[1];
  }
  interpreter.debug = answer.value("debug", false);
  interpreter.free_threaded = answer.value("free_threaded", false);
  return interpreter;
}

void CheckSupport(const Interpreter& interpreter, Checks* checks) {
  const std::string range = fmt::format("CPython 3.{} to 3.{}", kOldestMinor, kNewestMinor);
  const std::string name =
      fmt::format("{} {} ({})", interpreter.implementation, interpreter.version, interpreter.executable);
  const std::string untraced = "; 'limpet run' runs its programs, but counts no Python memory";
  if (interpreter.implementation != "cpython") {
    checks->Problem("interpreter", name + " is not CPython" + untraced, "use " + range + ": --python PATH");
  } else if (interpreter.major != 3 || interpreter.minor < kOldestMinor || interpreter.minor > kNewestMinor) {
    checks->Problem("interpreter", name + " is not supported" + untraced, "use " + range + ": --python PATH");
  } else if (interpreter.free_threaded) {
    checks->Problem("interpreter", name + " is a free-threaded build" + untraced,
                    "use the build with the GIL: --python PATH");
  } else {
    checks->Ok("interpreter", name);
  }
  if (interpreter.debug) {
    checks->Note("interpreter",
                 "is a debug build: its blocks are larger than those of a release build, and so are the figures");
  }
}

void CheckLinking(const std::string& path, Checks* checks) {
  const Result<process::Executable> executable = process::InspectExecutable(path);
  if (!executable.ok()) {
    checks->Problem("linking", executable.message(), "name the interpreter itself: --python PATH");
    return;
  }
  if (const std::string why = process::WhyNotPreloadable(*executable); !why.empty()) {
    checks->Problem("linking", fmt::format("the agent cannot be brought into '{}': {}", executable->path, why),
                    "use another interpreter: --python PATH");
    return;
  }
  const auto library = std::find_if(executable->needed.begin(), executable->needed.end(),
                                    [](const std::string& name) { return name.starts_with("libpython"); });
  const bool shared = library != executable->needed.end();
  checks->Ok("linking", shared ? fmt::format("the interpreter is in {}, LD_PRELOAD works", *library)
                               : "the interpreter is part of the executable (no libpython), LD_PRELOAD works");
}

bool IsSet(const std::string& value) { return !value.empty() && value != "0"; }

}  // namespace

void CheckEnvironment(const std::vector<std::string>& environment, Checks* checks) {
  const size_t before = checks->all().size();
  const std::string allocator = Value(environment, "PYTHONMALLOC");
  if (allocator.starts_with("malloc")) {
    checks->Note(
        "environment",
        fmt::format("PYTHONMALLOC={}: every object is a malloc of its own; counted all the same, once", allocator));
  } else if (allocator.find("debug") != std::string::npos) {
    checks->Note("environment", fmt::format("PYTHONMALLOC={}: Python's debug hooks make each block larger", allocator),
                 "unset it for true sizes");
  }
  if (IsSet(Value(environment, "PYTHONTRACEMALLOC"))) {
    checks->Note("environment",
                 "PYTHONTRACEMALLOC: tracemalloc runs, too; its own tables are in the recording as raw memory",
                 "unset it: limpet knows what it knows");
  }
  if (IsSet(Value(environment, "PYTHONDEVMODE"))) {
    checks->Note("environment", "PYTHONDEVMODE: debug hooks make each block larger", "unset it for true sizes");
  }
  if (const std::string preload = Value(environment, "LD_PRELOAD"); !preload.empty()) {
    checks->Note("environment", fmt::format("LD_PRELOAD={}: kept, behind the agent", preload));
  }
  if (!Value(environment, "LIMPET_AGENT").empty()) {
    checks->Note("environment", "LIMPET_AGENT is set: this shell seems to be traced by another limpet run");
  }
  if (checks->all().size() == before) checks->Ok("environment", "nothing in it that changes what is recorded");
}

std::optional<Interpreter> CheckInterpreter(const std::string& python, Checks* checks) {
  const std::string path = python.find('/') == std::string::npos ? FindInPath(python) : python;
  if (path.empty()) {
    checks->Problem("interpreter", fmt::format("no '{}' in PATH", python), "name one: --python PATH");
    return std::nullopt;
  }
  const Result<Interpreter> interpreter = Ask(path);
  if (!interpreter.ok()) {
    checks->Problem("interpreter", interpreter.message(), "name another: --python PATH");
    return std::nullopt;
  }
  const size_t problems = checks->Count(Level::kProblem);
  CheckSupport(*interpreter, checks);
  CheckLinking(interpreter->executable.empty() ? path : interpreter->executable, checks);
  if (checks->Count(Level::kProblem) > problems) return std::nullopt;  // a trial could only say the same again
  return *interpreter;
}

std::string CheckProcess(int32_t pid, Checks* checks) {
  const Result<process::ProcessStatus> status = process::ReadStatus(pid);
  if (!status.ok()) {
    checks->Problem("process", status.message(), "name a running process");
    return {};
  }
  const Result<std::string> executable = process::ReadExecutable(pid);
  const Result<std::vector<std::string>> files = process::ReadMappedFiles(pid);
  if (!executable.ok() || !files.ok()) {
    checks->Problem("process", executable.ok() ? files.message() : executable.message(),
                    "run doctor as the user of the process, or as root");
    return {};
  }
  const auto maps = [&files](std::string_view part) {
    return std::any_of(files->begin(), files->end(),
                       [&](const std::string& file) { return file.find(part) != std::string::npos; });
  };
  const std::string name =
      fmt::format("{} ({}), {} threads, {} MB resident", pid, *executable, status->threads, status->rss_kb / 1024);
  if (maps("/liblimpet_agent.so")) {
    checks->Ok("process", name + ", is being traced");
  } else {
    checks->Note("process", name + ", is not traced", "limpet traces from the start: start it again by 'limpet run'");
  }
  if (const auto environment = process::ReadEnvironment(pid); environment.ok()) CheckEnvironment(*environment, checks);
  const std::string file = executable->substr(executable->rfind('/') + 1);
  if (file.find("python") != std::string::npos || file.find("pypy") != std::string::npos) return *executable;
  checks->Note("process",
               fmt::format("{} is no Python interpreter by its name; the checks below are for python3 in PATH", file));
  return {};
}

}  // namespace limpet::cli

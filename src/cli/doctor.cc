// limpet doctor: what this machine and an interpreter allow, and why not. It looks, and then it really tries.
#include "cli/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/probe.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] [PID]";
constexpr char kExamples[] =
    "  limpet doctor                       this machine, and python3 in PATH\n"
    "  limpet doctor --python /opt/py/bin/python3.13\n"
    "  limpet doctor 4711                  what is known of a running process\n"
    "\nExit status: 0 when tracing works, 1 when something prevents it, 2 wrong usage.";

const char* Word(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kNote:
      return "note";
    case Level::kProblem:
      return "problem";
  }
  return "";
}

const char* Colour(Level level) {
  switch (level) {
    case Level::kOk:
      return "\033[32m";
    case Level::kNote:
      return "\033[33m";
    case Level::kProblem:
      return "\033[31m";
  }
  return "";
}

std::string Render(const Checks& checks, bool colour) {
  std::string text = fmt::format("limpet {}\n", kVersion);
  for (const Check& check : checks.all()) {
    const std::string word = fmt::format("{:<9}", Word(check.level));
    text += fmt::format("{}{}{}{:<13}{}\n", colour ? Colour(check.level) : "", word, colour ? "\033[0m" : "",
                        check.name, Printable(check.text));
    if (!check.way_out.empty()) text += fmt::format("{:<22}-> {}\n", "", Printable(check.way_out));
  }
  const size_t problems = checks.Count(Level::kProblem);
  text += problems == 0 ? "limpet can trace here\n"
                        : fmt::format("{}: limpet cannot trace here\n", base::Plural(problems, "problem"));
  return text;
}

std::string RenderJson(const Checks& checks) {
  nlohmann::json list = nlohmann::json::array();
  for (const Check& check : checks.all()) {
    list.push_back({{"level", Word(check.level)},
                    {"name", check.name},
                    {"text", base::ReplaceInvalidUtf8(check.text)},
                    {"way_out", base::ReplaceInvalidUtf8(check.way_out)}});
  }
  const nlohmann::json report = {{"schema", "limpet.doctor/1"},
                                 {"version", kVersion},
                                 {"can_trace", checks.Count(Level::kProblem) == 0},
                                 {"checks", list}};
  return report.dump(2) + "\n";
}

std::optional<int32_t> ReadPid(const std::string& text) {
  int32_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace

size_t Checks::Count(Level level) const {
  return size_t(std::count_if(all_.begin(), all_.end(), [level](const Check& check) { return check.level == level; }));
}

int RunDoctor(const std::vector<std::string>& arguments) {
  std::string python = "python3";
  std::string process;
  bool json = false;
  CLI::App app("Says what this machine and an interpreter allow, and why not. It looks, and then it tries.");
  Prepare(&app, "doctor", kUsage, kExamples);
  CLI::Option* chosen =
      app.add_option("--python", python, "the interpreter to look at (default: python3 in PATH)")->option_text("PATH");
  app.add_option("process", process, "a running process to look at, by its id")->option_text("PID");
  app.add_flag("--json", json, "as JSON");
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  const std::optional<int32_t> pid = ReadPid(process);
  if (!process.empty() && !pid) {
    Complain(fmt::format("'{}' is no process id (an interpreter: limpet doctor --python {})", process, process));
    return kExitUsage;
  }

  Checks checks;
  CheckAgent(&checks);
  std::error_code error;
  CheckMachine(std::filesystem::current_path(error).string(), &checks);
  bool look_further = true;
  if (pid) {
    const std::string executable = CheckProcess(*pid, &checks);
    if (!executable.empty() && chosen->count() == 0) python = executable;
    look_further = checks.Count(Level::kProblem) == 0;
  } else {
    CheckEnvironment(OwnEnvironment(), &checks);
  }
  if (look_further) {
    const std::optional<Interpreter> interpreter = CheckInterpreter(python, &checks);
    if (interpreter) TryInterpreter(*interpreter, &checks);
  }
  const int printed = Print(json ? RenderJson(checks) : Render(checks, WantsColour(STDOUT_FILENO)));
  return printed != 0 ? printed : checks.Count(Level::kProblem) == 0 ? 0 : 1;
}

}  // namespace limpet::cli

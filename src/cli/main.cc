#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

constexpr Command kCommands[] = {
    {"run", "run a program and say at its end what grew", RunProgram},
    {"report", "say what grew in a recording, also while it is being made", RunReport},
    {"stats", "tables of where memory was allocated", RunStats},
    {"snapshot", "a picture of a process's heap now, also of one that nobody prepared", RunSnapshot},
    {"heap", "what is in a heap snapshot: types, what keeps most alive, cycles, growth", RunHeap},
    {"why", "who holds an object, a type, or what a line allocated, and what to cut", RunWhy},
    {"check", "hold a recording against a baseline and limits: a gate for CI", RunCheck},
    {"diff", "what became of each leak from one recording to another: did the fix work", RunDiff},
    {"export", "files for other people's tools: pprof, speedscope, CSV and more", RunExport},
    {"serve", "recordings in the browser, on this machine only, also while they grow", RunServe},
    {"doctor", "what this machine and an interpreter allow, and why not", RunDoctor},
};

std::string Help() {
  std::string text =
      "limpet finds what clings to memory in a Python process: what grows, and where it was allocated.\n\n"
      "usage: limpet COMMAND [options] ...\n\n";
  for (const Command& command : kCommands) text += fmt::format("  {:<10}{}\n", command.name, command.summary);
  text +=
      "\n  limpet COMMAND --help shows the options of one command\n"
      "  limpet --version     shows the version\n\n"
      "examples:\n"
      "  limpet run app.py                   python3 app.py, and what it leaks\n"
      "  limpet run -m http.server 8000      the same for a module\n"
      "  limpet report limpet-app-*.limpet -v\n";
  return text;
}

int Unknown(const std::string& word) {
  std::vector<std::string> names = {"help"};
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const std::string nearest = Nearest(word, names);
  std::string hint =
      nearest.empty() ? std::string("'limpet help' lists the commands") : fmt::format("did you mean '{}'?", nearest);
  if (word.ends_with(".py")) hint = fmt::format("'limpet run {}' runs it", word);
  if (word.ends_with(".limpet") || word.ends_with(".limpet/")) hint = fmt::format("'limpet report {}' shows it", word);
  Complain(fmt::format("unknown {} '{}': {}", word.starts_with("-") ? "option" : "command", word, hint));
  return kExitUsage;
}

int HelpOn(const std::vector<std::string>& words) {
  if (words.empty()) return Print(Help());
  for (const Command& command : kCommands) {
    if (command.name == words[0]) return command.run({"--help"});
  }
  return Unknown(words[0]);
}

int Main(std::vector<std::string> words) {
  if (words.empty()) {
    WriteAll(2, Help());
    return kExitUsage;
  }
  const std::string first = words[0];
  words.erase(words.begin());
  if (first == "--version" || first == "-V" || first == "version") return Print(fmt::format("limpet {}\n", kVersion));
  if (first == "help" || first == "--help" || first == "-h") return HelpOn(words);
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [&](const Command& command) { return command.name == first; });
  return found != std::end(kCommands) ? found->run(words) : Unknown(first);
}

}  // namespace
}  // namespace limpet::cli

int main(int argc, char** argv) {
  try {
    return limpet::cli::Main(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  } catch (const std::exception& error) {  // libraries throw when memory is short; limpet itself does not
    limpet::cli::Complain(fmt::format("gave up: {}", error.what()));
    return limpet::cli::kExitUsage;
  }
}

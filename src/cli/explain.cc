#include "cli/explain.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "fmt/format.h"
#include "process/executable.h"

namespace limpet::cli {
namespace {

std::string WhyNeverLoaded(const std::string& program) {
  const Result<process::Executable> executable = process::InspectExecutable(program);
  if (executable.ok()) {
    const std::string why = process::WhyNotPreloadable(*executable);
    if (!why.empty()) return why;
  }
  return "the agent was not loaded into it, or it ended before the agent could start; 'limpet doctor' tries it step by "
         "step";
}

std::string NameOf(const capture::Process& process) {
  const std::string& path =
      process.executable.empty() && !process.command.empty() ? process.command[0] : process.executable;
  return fmt::format("process {} ({})", process.pid, path.substr(path.rfind('/') + 1));
}

// The same sentence about many processes is said once.
class Sentences {
 public:
  void Add(const capture::Process& process, std::string text) {
    auto [entry, fresh] = by_text_.try_emplace(std::move(text), Subject{NameOf(process), 0, order_});
    if (fresh) ++order_;
    ++entry->second.count;
  }

  std::vector<std::string> All() const {
    std::vector<std::pair<size_t, std::string>> ordered;
    for (const auto& [text, subject] : by_text_) {
      const std::string others = subject.count > 1 ? fmt::format(" and {} more", subject.count - 1) : "";
      ordered.emplace_back(subject.order, fmt::format("{}{} {}", subject.name, others, text));
    }
    std::sort(ordered.begin(), ordered.end());
    std::vector<std::string> all;
    all.reserve(ordered.size());
    for (auto& [order, sentence] : ordered) all.push_back(std::move(sentence));
    return all;
  }

 private:
  struct Subject {
    std::string name;
    size_t count;
    size_t order;
  };
  std::map<std::string, Subject> by_text_;
  size_t order_ = 0;
};

std::string Because(const std::string& reason) { return reason.empty() ? "" : ": " + reason; }

}  // namespace

Explanation ExplainRun(const std::string& program, int32_t main_pid, bool has_processes,
                       const Result<capture::Recording>& recording) {
  Explanation all;
  if (!has_processes) {
    all.notes = {fmt::format("ran without tracing: {}", WhyNeverLoaded(program))};
    all.failures = all.notes;
    return all;
  }
  if (!recording.ok()) {
    all.failures = {recording.message()};
    return all;
  }
  Sentences sentences;
  bool any_python = false;
  bool any_main = false;
  for (const capture::Process& process : recording->processes) {
    const bool refused = process.state == capture::State::kRefused;
    all.traced = all.traced || !refused;
    any_python = any_python || process.program == capture::Program::kPython;
    any_main = any_main || process.pid == main_pid;
    if (refused) sentences.Add(process, "ran without tracing" + Because(process.reason));
    if (process.state == capture::State::kStopped)
      sentences.Add(process, "was traced only up to a moment" + Because(process.reason));
    if (process.limits & capture::kLimitDisk) sentences.Add(process, "was recorded only until the disk was full");
  }
  all.failures = sentences.All();
  if (!any_main) {
    all.notes.push_back(fmt::format("the program itself ran without tracing: {}", WhyNeverLoaded(program)));
    all.failures.insert(all.failures.begin(), all.notes.front());
  }
  if (!any_python && all.traced)
    all.notes.push_back("not a Python program: only native memory was counted, without Python stacks");
  return all;
}

}  // namespace limpet::cli

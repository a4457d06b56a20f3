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
  return "the agent was not loaded into it, or it ended before the agent could start; 'limpet doctor' tries it step by step";
}

std::string NameOf(const capture::Process& process) {
  const std::string& path = process.executable.empty() && !process.command.empty() ? process.command[0] : process.executable;
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

std::vector<std::string> LimitSentences(uint32_t limits) {
  std::vector<std::string> all;
  if (limits & capture::kLimitBlocks) all.push_back("has more distinct stacks than a recording holds: newer ones were not recorded");
  if (limits & capture::kLimitDisk) all.push_back("could not record to its end: the disk is full; free some, or record elsewhere with -o");
  if (limits & capture::kLimitMemory) all.push_back("had no memory left for limpet's own tables: some blocks were not recorded");
  if (limits & capture::kLimitHooksLost) all.push_back("replaced Python's allocators: blocks may have come and gone unseen");
  return all;
}

std::string Because(const std::string& reason) { return reason.empty() ? "" : ": " + reason; }

}  // namespace

std::vector<std::string> ExplainRun(const std::string& program, int32_t main_pid, bool has_processes,
                                    const Result<capture::Recording>& recording) {
  if (!has_processes) return {fmt::format("ran without tracing: {}", WhyNeverLoaded(program))};
  if (!recording.ok()) return {recording.message()};
  Sentences sentences;
  bool any_python = false;
  for (const capture::Process& process : recording->processes) {
    any_python = any_python || process.program == capture::Program::kPython;
    if (process.state == capture::State::kRefused) sentences.Add(process, "ran without tracing" + Because(process.reason));
    if (process.state == capture::State::kStopped) sentences.Add(process, "was traced only up to a moment" + Because(process.reason));
    for (std::string& text : LimitSentences(process.limits)) sentences.Add(process, std::move(text));
  }
  std::vector<std::string> notes = sentences.All();
  const auto is_main = [main_pid](const capture::Process& process) { return process.pid == main_pid; };
  if (!std::any_of(recording->processes.begin(), recording->processes.end(), is_main)) {
    notes.push_back(fmt::format("the program itself ran without tracing: {}", WhyNeverLoaded(program)));
  }
  const bool any_traced = std::any_of(recording->processes.begin(), recording->processes.end(), [](const capture::Process& p) {
    return p.state != capture::State::kRefused;
  });
  if (!any_python && any_traced) notes.push_back("not a Python program: only native memory (malloc, mmap) was counted, without stacks");
  return notes;
}

}  // namespace limpet::cli

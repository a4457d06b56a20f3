#include <algorithm>

#include <fmt/format.h>

#include "interchange/frames.h"
#include "interchange/profiles.h"
#include "report/safe_text.h"

namespace limpet::interchange {
namespace {

// Semicolons part frames and lines end stacks, so neither may be in a name.
std::string FrameName(const Place& place) {
  std::string name = place.file.empty() ? std::string(place.function)
                                        : fmt::format("{} ({}:{})", place.function, place.file, place.line);
  name = report::SafeText(name);
  std::replace(name.begin(), name.end(), ';', ':');
  return name;
}

}  // namespace

void WriteCollapsed(const ProfileOptions& options, Sink* sink) {
  FrameTable frames;
  for (const ProfileSource& source : options.sources) {
    frames.Enter(*source.process);
    std::vector<std::string> names;
    std::string process;
    if (options.sources.size() > 1) {
      process = report::SafeText(fmt::format("{} (pid {});", ProcessTitle(*source.process), source.process->pid));
      std::replace(process.begin(), process.end() - 1, ';', ':');
    }
    ForEachStack(*source.process, [&](const Stack& stack) {
      const capture::Amount& amount = stack.amounts[size_t(options.what)];
      const uint64_t weight = options.unit == Unit::kBytes ? amount.bytes : amount.blocks;
      if (weight == 0) return;
      const std::vector<uint32_t>& numbers = frames.Stack(stack.node);
      for (size_t i = names.size(); i < frames.places().size(); ++i) names.push_back(FrameName(frames.places()[i]));
      std::string line = process;
      for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) line += names[*number] + ';';
      line.back() = ' ';
      sink->Write(fmt::format("{}{}\n", line, weight));
    });
  }
}

}  // namespace limpet::interchange

#include <fmt/format.h>

#include "interchange/frames.h"
#include "interchange/profiles.h"
#include "interchange/text.h"

namespace limpet::interchange {
namespace {

void WriteFrames(const FrameTable& frames, Sink* sink) {
  bool first = true;
  for (const Place& place : frames.places()) {
    std::string frame = fmt::format("{}{{\"name\":{}", first ? "" : ",", Json(place.function));
    if (!place.file.empty()) frame += fmt::format(",\"file\":{}", Json(place.file));
    if (place.line != 0) frame += fmt::format(",\"line\":{}", place.line);
    sink->Write(frame + "}");
    first = false;
  }
}

// The stacks of a profile stand in one array and their weights in another, so the process is gone through twice.
void WriteProfile(const ProfileOptions& options, const capture::Process& process, Unit unit, FrameTable* frames,
                  Sink* sink) {
  const bool bytes = unit == Unit::kBytes;
  uint64_t total = 0;
  std::string weights;
  const std::string name = fmt::format("{} {}: {} (pid {})", bytes ? "bytes" : "objects", NameOf(options.what),
                                       ProcessTitle(process), process.pid);
  sink->Write(fmt::format("{{\"type\":\"sampled\",\"name\":{},\"unit\":\"{}\",\"samples\":[", Json(name),
                          bytes ? "bytes" : "none"));
  ForEachStack(process, [&](const Stack& stack) {
    const capture::Amount& amount = stack.amounts[size_t(options.what)];
    const uint64_t weight = bytes ? amount.bytes : amount.blocks;
    if (weight == 0) return;
    std::string sample = weights.empty() ? "[" : ",[";
    const std::vector<uint32_t>& numbers = frames->Stack(stack.node);
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) sample += fmt::format("{},", *number);
    sample.back() = ']';
    sink->Write(sample);
    weights += fmt::format("{}{}", weights.empty() ? "" : ",", weight);
    total += weight;
  });
  sink->Write(fmt::format("],\"weights\":[{}],\"startValue\":0,\"endValue\":{}}}", weights, total));
}

}  // namespace

void WriteSpeedscope(const ProfileOptions& options, Sink* sink) {
  FrameTable frames;
  sink->Write("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"profiles\":[");
  bool first = true;
  for (const ProfileSource& source : options.sources) {
    frames.Enter(*source.process);
    for (const Unit unit : {Unit::kBytes, Unit::kObjects}) {
      if (!first) sink->Write(",");
      WriteProfile(options, *source.process, unit, &frames, sink);
      first = false;
    }
  }
  sink->Write("],\"shared\":{\"frames\":[");
  WriteFrames(frames, sink);
  sink->Write(fmt::format("]}},\"activeProfileIndex\":{},\"name\":{},\"exporter\":\"limpet@{}\"}}\n",
                          options.unit == Unit::kBytes ? 0 : 1, Json(options.title), options.version));
}

}  // namespace limpet::interchange

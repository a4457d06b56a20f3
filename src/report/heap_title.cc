// The first lines of `limpet heap` and `limpet why`.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/canvas.h"
#include "report/heap_screen.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using base::FormatDuration;
using base::Plural;
using capture::SnapshotTrigger;
using nlohmann::json;

std::string_view TriggerPhrase(uint32_t trigger) {
  switch (SnapshotTrigger(trigger)) {
    case SnapshotTrigger::kInterval:
      return "taken by the clock";
    case SnapshotTrigger::kCheckpoint:
      return "taken at a checkpoint of the program";
    case SnapshotTrigger::kExit:
      return "taken when the program was about to end";
    case SnapshotTrigger::kRequest:
      return "taken on request";
    case SnapshotTrigger::kOutside:
      return "read from outside";
    case SnapshotTrigger::kCore:
      return "read from a core file";
  }
  return "taken";
}

std::string_view TriggerName(uint32_t trigger) {
  constexpr std::string_view kNames[] = {"interval", "checkpoint", "exit", "request", "outside", "core"};
  return trigger < std::size(kNames) ? kNames[trigger] : "unknown";
}

std::string PythonVersion(uint32_t hex) {
  return fmt::format("{}.{}.{}", hex >> 24, hex >> 16 & 0xff, hex >> 8 & 0xff);
}

std::string StopPhrase(uint32_t stopped) {
  switch (stopped) {
    case 1:
      return "the walk was stopped by its time limit: the rest of the heap is missing";
    case 2:
      return "the walk was stopped by its size limit: the rest of the heap is missing";
    default:
      return "the walk was stopped for want of memory: the rest of the heap is missing";
  }
}

// What the reader must know before trusting the figures.
std::vector<std::string> Warnings(const HeapSource& source) {
  const heap::Snapshot& snapshot = *source.snapshot;
  std::vector<std::string> lines;
  for (const std::string& problem : snapshot.problems) lines.push_back(problem);
  if (!snapshot.end) return lines;
  const capture::SnapshotEnd& end = *snapshot.end;
  if (end.stopped != 0) lines.push_back(StopPhrase(end.stopped));
  if (end.unreadable) lines.push_back(fmt::format("{} could not be read", Plural(end.unreadable, "object")));
  if (end.torn)
    lines.push_back(fmt::format("{} made no sense (half made, or changed meanwhile), and were left out",
                                Plural(end.torn, "object")));
  if (end.dropped_edges)
    lines.push_back(
        fmt::format("{} led to what is no object, and were left out", Plural(end.dropped_edges, "reference")));
  return lines;
}

std::string When(const HeapSource& source) {
  const capture::SnapshotHeader& header = source.snapshot->header;
  std::string text(TriggerPhrase(header.trigger));
  if (header.time_ns) text += fmt::format(", {} after the start", FormatDuration(header.time_ns));
  if (header.pause_ns) text += fmt::format("; the program stood still for {}", FormatDuration(header.pause_ns));
  return text;
}

}  // namespace

std::string RenderSnapshotTitle(const HeapSource& source, const TerminalStyle& style) {
  const capture::SnapshotHeader& header = source.snapshot->header;
  std::string title = source.program.empty() ? "heap" : "heap of " + source.program;
  title += fmt::format(", process {}, Python {}", header.pid, PythonVersion(header.python_version));
  if (source.count) title += fmt::format(": snapshot {} of {}", source.number, source.count);
  return Line(style).Add(title, Ink::kStrong).Finish() + Line(style).Add(When(source), Ink::kFaint).Finish();
}

std::string RenderSnapshotWarnings(const HeapSource& source, const TerminalStyle& style) {
  std::string out;
  for (const std::string& line : Warnings(source))
    out += Line(style).Add("note: ", Ink::kWarn).Add(SafeText(line)).Finish();
  return out;
}

json SnapshotJson(const HeapSource& source) {
  const heap::Snapshot& snapshot = *source.snapshot;
  const capture::SnapshotHeader& header = snapshot.header;
  json out = {{"pid", header.pid},
              {"python", PythonVersion(header.python_version)},
              {"program", base::ReplaceInvalidUtf8(source.program)},
              {"number", source.number},
              {"count", source.count},
              {"trigger", TriggerName(header.trigger)},
              {"time_ns", header.time_ns},
              {"realtime_ns", header.realtime_ns},
              {"pause_ns", header.pause_ns},
              {"complete", snapshot.end.has_value() && snapshot.end->stopped == 0},
              {"notes", json::array()}};
  for (const std::string& line : Warnings(source)) out["notes"].push_back(base::ReplaceInvalidUtf8(line));
  if (snapshot.end) {
    out["unreadable_objects"] = snapshot.end->unreadable;
    out["torn_objects"] = snapshot.end->torn;
    out["dropped_references"] = snapshot.end->dropped_edges;
    out["walk_ns"] = snapshot.end->walk_ns;
  }
  return out;
}

std::string RenderSnapshotList(const std::vector<HeapSource>& sources, const TerminalStyle& style) {
  std::string out;
  for (const HeapSource& source : sources) {
    Line line(style);
    line.Add(fmt::format("process {}  snapshot {}", source.snapshot->header.pid, source.number), Ink::kStrong).To(28);
    if (source.snapshot->end)
      line.Add(PadLeft(Plural(source.snapshot->end->nodes, "object"), 18))
          .Add("  ")
          .Add(PadLeft(base::FormatBytes(source.snapshot->end->bytes), 8))
          .Add("  ");
    out += line.Add(When(source), Ink::kFaint).Finish();
  }
  return out;
}

json SnapshotListJson(const std::vector<HeapSource>& sources) {
  json rows = json::array();
  for (const HeapSource& source : sources) rows.push_back(SnapshotJson(source));
  return {{"schema", kHeapSchema}, {"snapshots", std::move(rows)}};
}

}  // namespace limpet::report

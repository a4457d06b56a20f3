#include "viewer/heap_part.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "capture/snapshot_files.h"
#include "heap/analysis.h"
#include "heap/load.h"
#include "heap/target.h"
#include "report/heap_screen.h"
#include "report/heap_source.h"
#include "report/heap_view.h"
#include "report/phrases.h"
#include "report/why.h"
#include "viewer/treemap.h"

namespace limpet::viewer {
namespace {

using nlohmann::json;

constexpr size_t kBirthPlaces = 20;  // of a type, those of most bytes: lists are born in ten thousand places

std::string Valid(std::string_view text) { return base::ReplaceInvalidUtf8(text); }

// Columns, as all that is large in the document.
json TreemapJson(const std::vector<TreemapRow>& rows) {
  json out = {{"parent", json::array()}, {"label", json::array()},   {"type", json::array()},
              {"groups", json::array()}, {"objects", json::array()}, {"bytes", json::array()}};
  for (const TreemapRow& row : rows) {
    out["parent"].push_back(row.parent);
    out["label"].push_back(Valid(row.label));
    out["type"].push_back(Valid(row.type));
    out["groups"].push_back(row.groups);
    out["objects"].push_back(row.objects);
    out["bytes"].push_back(row.bytes);
  }
  return out;
}

// The types whose ways are told: those that were asked for, then those that retain most. What every program has in thousands is held by
// so many that its ways say nothing.
std::vector<std::string> ChosenTypes(const report::HeapView& view, const HeapPartOptions& options) {
  std::vector<std::string> chosen;
  const auto add = [&](const std::string& type) {
    if (chosen.size() < options.ways && std::find(chosen.begin(), chosen.end(), type) == chosen.end())
      chosen.push_back(type);
  };
  for (const std::string& type : options.types) add(type);
  constexpr std::string_view kEverywhere[] = {"module",   "type",        "function", "code",
                                              "property", "interpreter", "thread"};
  for (const report::HeapRow& row : view.rows)
    if (std::find(std::begin(kEverywhere), std::end(kEverywhere), row.name) == std::end(kEverywhere)) add(row.name);
  return chosen;
}

json WaysJson(const report::HeapSource& source, heap::Analysis& analysis, const std::vector<std::string>& types) {
  json out = json::array();
  const report::Births births(source);
  for (const std::string& type : types) {
    const heap::Target target = report::FindWhyTarget(source, births, type);
    if (target.kind == heap::TargetKind::kNothing) continue;
    const report::WhyOptions options;
    json why = report::WhyJson(report::MakeWhyView(source, births, analysis, type, target, options), source);
    if (json& born = why["born"]; born.size() > kBirthPlaces) born.erase(born.begin() + kBirthPlaces, born.end());
    out.push_back(std::move(why));
  }
  return out;
}

}  // namespace

json HeapPart(const capture::Recording& recording, const capture::Process& process, const std::string& folder,
              const HeapPartOptions& options) {
  const std::vector<capture::NumberedSnapshot> files = capture::ListSnapshotFiles(folder);
  if (files.empty()) return nullptr;
  const auto source_of = [&](const heap::Snapshot& snapshot, uint32_t number) {
    const bool program = process.command.empty() || process.pid == recording.run.pid;
    return report::HeapSource{
        .snapshot = &snapshot,
        .process = &process,
        .directory = recording.run.directory,
        .program = report::ProgramName(program ? recording.run.command : process.command, recording.run.directory),
        .number = number,
        .count = uint32_t(files.size()),
    };
  };
  const Result<heap::Snapshot> last = heap::LoadSnapshot(files.back().path);
  if (!last.ok()) return nullptr;
  const report::HeapSource source = source_of(*last, files.back().number);
  std::optional<heap::Snapshot> first;
  if (files.size() > 1) {
    Result<heap::Snapshot> earlier = heap::LoadSnapshot(files.front().path);
    if (earlier.ok()) first = std::move(earlier.value());
  }
  const report::HeapSource before = first ? source_of(*first, files.front().number) : report::HeapSource();
  const report::HeapView view =
      report::MakeHeapView(source, first ? &before : nullptr, nullptr, {.limit = options.rows});
  heap::Analysis analysis(last->graph);
  return {{"summary", report::HeapJson(view, source)},
          {"treemap", TreemapJson(MakeTreemap(analysis, {}))},
          {"ways", WaysJson(source, analysis, ChosenTypes(view, options))}};
}

}  // namespace limpet::viewer

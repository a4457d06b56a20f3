#include "diagnose/unit.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <string>

#include <tsl/robin_map.h>

#include "base/check.h"

namespace limpet::diagnose {
namespace {

using capture::Amount;
using capture::Cohort;
using capture::FrameId;
using capture::NodeId;
using capture::Process;
using capture::Site;

constexpr size_t kRepeatedImports = 4;  // groups in which the same stack allocates, over a third of the run

struct LineKey {
  std::string_view file, function;
  uint32_t line = 0;
  bool operator==(const LineKey&) const = default;
};

struct LineKeyHash {
  size_t operator()(const LineKey& key) const {
    size_t h = std::hash<std::string_view>()(key.file);
    h = h * 0x9e3779b97f4a7c15u + std::hash<std::string_view>()(key.function);
    return h * 0x9e3779b97f4a7c15u + key.line;
  }
};

// ".../lib/python3.12/json/decoder.py", ".../lib/python312.zip/json/decoder.py"
bool InStandardLibrary(std::string_view file) {
  for (std::string_view mark : {"/lib/python", "/lib64/python"}) {
    size_t at = file.find(mark);
    if (at == std::string_view::npos) continue;
    size_t digit = at + mark.size();
    if (digit < file.size() && file[digit] >= '2' && file[digit] <= '9') return true;
  }
  return false;
}

void NumberLines(const Process& process, UnitTable& table) {
  tsl::robin_map<LineKey, uint32_t, LineKeyHash> lines;
  tsl::robin_map<std::string_view, Owner> owners;
  for (const capture::Frame& frame : process.frames) {
    auto [line, fresh] = lines.insert({{frame.file, frame.function, frame.line}, static_cast<uint32_t>(lines.size())});
    table.line_of_frame.push_back(line->second);
    auto known = owners.find(frame.file);
    if (known == owners.end()) known = owners.insert({frame.file, OwnerOf(frame.file)}).first;
    table.owner.push_back(known->second);
  }
}

// For each node the innermost frame of the best owner in its stack, up to a dispatcher. A parent stands before its children, so one pass
// does.
void FindUserNodes(const Process& process, UnitTable& table) {
  table.user_node.assign(process.nodes.size(), NodeId{0});
  table.importing.assign(process.nodes.size(), false);
  table.import_machinery.assign(process.nodes.size(), false);
  for (size_t i = 1; i < process.nodes.size(); i++) {
    const capture::Node& node = process.nodes[i];
    LIMPET_CHECK(node.parent.value < i && node.frame.value < process.frames.size());
    const capture::Frame& frame = process.frames[node.frame.value];
    bool imports = frame.name == "_find_and_load" && frame.file.starts_with("<frozen importlib");
    table.importing[i] = imports || table.importing[node.parent.value];
    table.import_machinery[i] = imports || (table.import_machinery[node.parent.value] && frame.name != "<module>");
    NodeId inherited = IsDispatcher(frame) ? NodeId{0} : table.user_node[node.parent.value];
    Owner own = table.owner[node.frame.value];
    bool better = inherited.value == 0 || own <= table.owner[process.nodes[inherited.value].frame.value];
    table.user_node[i] = better ? NodeId{static_cast<uint32_t>(i)} : inherited;
  }
}

// Births in several groups, over a third of the run.
bool ComesAgain(const Process& process, const Site& site) {
  if (site.cohorts.size() < kRepeatedImports) return false;
  size_t reach = site.cohorts.back().group.value - site.cohorts.front().group.value;
  return reach * 3 >= process.groups.size();
}

size_t WorkBegins(const Process& process, const UnitTable& table) {
  constexpr double kNearlyAll = 0.8;
  constexpr size_t kLeastLeft = 5;
  std::vector<Amount> all(process.groups.size()), imports(process.groups.size());
  for (const Site& site : process.sites) {
    const bool start = table.importing[site.node.value] || table.user_node[site.node.value].value == 0;
    for (const Cohort& cohort : site.cohorts) {
      all[cohort.group.value] += cohort.births;
      if (start) imports[cohort.group.value] += cohort.births;
    }
  }
  const auto mostly = [](uint64_t part, uint64_t whole) {
    return static_cast<double>(part) >= kNearlyAll * static_cast<double>(whole);
  };
  size_t group = 0;
  while (group < all.size() &&
         (mostly(imports[group].bytes, all[group].bytes) || mostly(imports[group].blocks, all[group].blocks)))
    ++group;
  // A program whose work is done by a module that is being imported never does anything else.
  return group + kLeastLeft <= all.size() ? group : 0;
}

// A function of a library.
struct Place {
  std::string_view function, file;  // the end of the path
};

bool IsIn(const capture::Frame& frame, std::span<const Place> places) {
  return std::any_of(places.begin(), places.end(), [&](const Place& place) {
    return frame.function == place.function && frame.file.ends_with(place.file);
  });
}

// The end of asyncio.run() and of what does the same: tasks that still wait are cancelled, and run once more.
bool TakesDown(const capture::Frame& frame) {
  static constexpr Place kPlaces[] = {
      {"Runner.close", "/asyncio/runners.py"},
      {"_cancel_all_tasks", "/asyncio/runners.py"},
      {"_cancel_tasks", "/aiohttp/web.py"},
  };
  return IsIn(frame, kPlaces);
}

// The first group with births in taking down, where from then on most are. (asyncio.run may be called for every job.)
size_t WorkEnds(const Process& process, size_t begins) {
  constexpr uint64_t kOneIn = 2;
  constexpr size_t kLeastGroups = 8;
  std::vector<bool> below(process.nodes.size(), false);  // a frame that takes down
  for (size_t i = 1; i < process.nodes.size(); i++) {
    const capture::Node& node = process.nodes[i];
    below[i] = below[node.parent.value] || TakesDown(process.frames[node.frame.value]);
  }
  std::vector<uint64_t> all(process.groups.size()), down(process.groups.size());
  for (const Site& site : process.sites) {
    for (const Cohort& cohort : site.cohorts) {
      all[cohort.group.value] += cohort.births.blocks;
      if (below[site.node.value]) down[cohort.group.value] += cohort.births.blocks;
    }
  }
  const auto first = std::find_if(down.begin(), down.end(), [](uint64_t births) { return births != 0; });
  const auto ends = static_cast<size_t>(first - down.begin());
  if (first == down.end() || ends < begins + kLeastGroups) return SIZE_MAX;
  const uint64_t down_since = std::accumulate(first, down.end(), uint64_t{0});
  // The work of the group in which it begins is work.
  const uint64_t since = std::accumulate(all.begin() + static_cast<ptrdiff_t>(ends) + 1, all.end(), *first);
  return down_since * kOneIn >= since ? ends : SIZE_MAX;
}

}  // namespace

bool IsDispatcher(const capture::Frame& frame) {
  static constexpr Place kPlaces[] = {
      {"Handle._run", "/asyncio/events.py"},
      {"BaseEventLoop._run_once", "/asyncio/base_events.py"},
      {"Thread._bootstrap_inner", "/threading.py"},
      {"_worker", "/concurrent/futures/thread.py"},
      {"_WorkItem.run", "/concurrent/futures/thread.py"},
      {"_process_worker", "/concurrent/futures/process.py"},
      {"worker", "/multiprocessing/pool.py"},
      {"BaseProcess._bootstrap", "/multiprocessing/process.py"},
      {"BaseServer.serve_forever", "/socketserver.py"},
      {"ThreadingMixIn.process_request_thread", "/socketserver.py"},
      {"scheduler.run", "/sched.py"},
  };
  return IsIn(frame, kPlaces);
}

Owner OwnerOf(std::string_view file) {
  if (file.starts_with("<frozen")) return Owner::kFrozen;
  if (file.empty() || (file.front() == '<' && file.back() == '>')) return Owner::kGenerated;
  if (file.find("/site-packages/") != std::string_view::npos || file.find("/dist-packages/") != std::string_view::npos)
    return Owner::kPackage;
  return InStandardLibrary(file) ? Owner::kStandard : Owner::kUser;
}

Amount LiveAt(const Cohort& cohort, AsOf as_of) {
  return as_of == AsOf::kEnd ? cohort.live() : as_of == AsOf::kFinalize ? cohort.final_live : cohort.peak_live;
}

Amount LiveAt(const Site& site, AsOf as_of) {
  return as_of == AsOf::kEnd ? site.live() : as_of == AsOf::kFinalize ? site.final_live : site.peak_live;
}

// One importing line may bring new modules all along: the importer's own stacks then come again though no module does.
bool IsOnceImported(const Process& process, const UnitTable& table, const Site& site) {
  if (!table.importing[site.node.value] || site.cohorts.empty()) return false;
  if (table.import_machinery[site.node.value] && !table.reimports) return true;
  return !ComesAgain(process, site);
}

UnitTable GroupByLine(const Process& process) {
  UnitTable table;
  NumberLines(process, table);
  FindUserNodes(process, table);
  for (const Site& site : process.sites) {
    table.reimports |=
        table.importing[site.node.value] && !table.import_machinery[site.node.value] && ComesAgain(process, site);
  }
  table.work.begins = WorkBegins(process, table);
  table.work.ends = WorkEnds(process, table.work.begins);
  constexpr uint32_t kNone = 0xffffffff;
  std::vector<uint32_t> unit_of_line(2 * (process.frames.size() + 2), kNone);  // the last four: no Python frame
  for (size_t i = 0; i < process.sites.size(); i++) {
    const Site& site = process.sites[i];
    const NodeId user = table.user_node[site.node.value];
    const bool no_frame = user.value == 0;
    const bool imported = IsOnceImported(process, table, site);
    const FrameId frame = process.nodes[user.value].frame;
    // Where no line is known, the objects of the interpreter's start at least are told from the memory of a library.
    const size_t nowhere = process.frames.size() + (site.domain == capture::Domain::kObject ? 0 : 1);
    const size_t line = no_frame ? nowhere : table.line_of_frame[frame.value];
    uint32_t& unit = unit_of_line[2 * line + (imported ? 1 : 0)];
    if (unit == kNone) {
      unit = static_cast<uint32_t>(table.units.size());
      table.units.push_back({.frame = frame, .no_frame = no_frame, .imported = imported, .sites = {}, .births = {}});
    }
    table.units[unit].sites.push_back(static_cast<uint32_t>(i));
    table.units[unit].births += site.births;
  }
  return table;
}

ImageTime TimeOf(const Process& process, AsOf as_of) {
  size_t all = process.groups.size();
  const capture::Image& image = as_of == AsOf::kPeak ? process.peak : process.final;
  if (as_of == AsOf::kEnd || !image.valid) return {process.duration_ns, all};
  return {image.time_ns, std::min<size_t>(all, image.group.value + 1)};
}

double CpuOf(const capture::EpochGroup& group) {
  return static_cast<double>(group.end_cpu_ns - std::min(group.start_cpu_ns, group.end_cpu_ns));
}

namespace {

double VolumeOf(const capture::EpochGroup& group) {
  return static_cast<double>(group.end_volume - std::min(group.start_volume, group.end_volume));
}

}  // namespace

std::vector<double> Weights(const Process& process, AsOf as_of, WorkSpan span) {
  const ImageTime image = TimeOf(process, as_of);
  const size_t groups = std::min(image.groups, span.ends);
  std::vector<double> time(groups), work(groups), volume(groups), iterations(groups);
  double times = 0, works = 0, volumes = 0, marked = 0;
  for (size_t i = span.begins; i < groups; i++) {
    const capture::EpochGroup& group = process.groups[i];
    uint64_t end = std::max(group.start_ns, std::min(group.end_ns, image.time_ns));
    times += time[i] = static_cast<double>(end - group.start_ns);
    // The image may have been taken in the middle of the group.
    const double share =
        group.end_ns > group.start_ns ? time[i] / static_cast<double>(group.end_ns - group.start_ns) : 1;
    const double used = share * CpuOf(group);
    works += work[i] = std::min(time[i], kMostWait * used);
    volumes += volume[i] = VolumeOf(group);
    marked += iterations[i] =
        static_cast<double>(group.end_iteration - std::min(group.first_iteration, group.end_iteration));
  }
  if (works > 0) {
    time = std::move(work);
    times = works;
  }
  std::vector<double> weights(groups, 0);
  double clock_share = marked > 0 ? 0.25 : 0.5;
  for (size_t i = span.begins; i < groups; i++) {
    if (times > 0) weights[i] += clock_share * time[i] / times;
    if (volumes > 0) weights[i] += clock_share * volume[i] / volumes;
    if (marked > 0) weights[i] += 0.5 * iterations[i] / marked;
    if (times <= 0 && volumes <= 0) weights[i] += 1;
  }
  return weights;
}

std::vector<double> WorkWeights(const Process& process, AsOf as_of, WorkSpan work) {
  const size_t groups = std::min(TimeOf(process, as_of).groups, work.ends);
  std::vector<double> weights(groups, 0);
  double cpu = 0, volume = 0;
  for (size_t i = work.begins; i < groups; i++) {
    cpu += CpuOf(process.groups[i]);
    volume += VolumeOf(process.groups[i]);
  }
  if (cpu <= 0 || volume <= 0) return {};  // not known
  for (size_t i = work.begins; i < groups; i++)
    weights[i] = CpuOf(process.groups[i]) / cpu + VolumeOf(process.groups[i]) / volume;
  return weights;
}

std::vector<Slot> Timeline(const Process& process, const std::vector<uint32_t>& sites, AsOf as_of, WorkSpan work) {
  std::vector<double> weights = Weights(process, as_of, work);
  std::vector<Slot> slots(weights.size());
  for (size_t i = 0; i < slots.size(); i++) {
    const capture::EpochGroup& group = process.groups[i];
    const double wall = static_cast<double>(group.end_ns - std::min(group.start_ns, group.end_ns));
    slots[i].weight = weights[i];
    slots[i].time = weights[i] > 0 ? std::min(wall, kMostWait * CpuOf(group)) : 0;
  }
  for (uint32_t index : sites) {
    for (const Cohort& cohort : process.sites[index].cohorts) {
      if (cohort.group.value >= slots.size()) continue;
      if (cohort.group.value == 0 && process.forked_from) continue;  // mostly the parent's
      slots[cohort.group.value].births += cohort.births;
      slots[cohort.group.value].survivors += LiveAt(cohort, as_of);
    }
  }
  return slots;
}

Location LocationOf(const Process& process, FrameId id) {
  const capture::Frame& frame = process.frames[id.value];
  const bool one_line = frame.end_line == 0 || frame.end_line == frame.line;
  return {std::string(frame.function), std::string(frame.file), frame.line, frame.column,
          one_line ? frame.end_column : std::nullopt};
}

}  // namespace limpet::diagnose

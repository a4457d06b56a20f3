#include "report/stats_table.h"

#include <fnmatch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include <tsl/robin_map.h>

#include "diagnose/diagnose.h"
#include "diagnose/suspects.h"
#include "diagnose/unit.h"

namespace limpet::report {
namespace {

using capture::Amount;
using capture::FrameId;
using capture::NodeId;
using capture::Process;
using capture::Site;
using diagnose::AsOf;

constexpr uint64_t kLeastBlocksForGrowth = 6;

// What makes two stacks one row. Unused parts stay empty.
using PlaceKey = std::string;

void Append(PlaceKey& key, const capture::Frame& frame, GroupBy group_by) {
  key.append(frame.file).push_back('\0');
  if (group_by != GroupBy::kFile) key.append(frame.function).push_back('\0');
  if (group_by == GroupBy::kLine || group_by == GroupBy::kStack) key.append(std::to_string(frame.line)).push_back('\0');
}

// Gathers the sites of each row over all processes.
class Gatherer {
 public:
  explicit Gatherer(const StatsOptions& options) : options_(options) {}

  void Add(const Process& process) {
    StackFilter filter(process, options_);
    diagnose::UnitTable units;
    if (options_.user_line) units = diagnose::GroupByLine(process);
    std::vector<std::vector<uint32_t>> sites_of_row(table_.rows.size());
    std::vector<uint32_t> all;
    row_of_frame_.assign(process.frames.size(), kUnknown);
    for (uint32_t i = 0; i < process.sites.size(); i++) {
      const Site& site = process.sites[i];
      if (!filter.Passes(site)) continue;
      all.push_back(i);
      for (uint32_t row : RowsOf(process, units, site)) {
        if (row >= sites_of_row.size()) sites_of_row.resize(row + 1);
        sites_of_row[row].push_back(i);
      }
    }
    for (size_t row = 0; row < sites_of_row.size(); row++) Sum(process, sites_of_row[row], table_.rows[row]);
    Sum(process, all, table_.total);
  }

  StatsTable Take() {
    table_.all_rows = table_.rows.size();
    std::stable_sort(table_.rows.begin(), table_.rows.end(),
                     [&](const StatsRow& a, const StatsRow& b) { return Key(a) > Key(b); });
    if (options_.limit && table_.rows.size() > options_.limit) table_.rows.resize(options_.limit);
    return std::move(table_);
  }

 private:
  static constexpr uint32_t kUnknown = 0xffffffff;

  std::pair<uint64_t, uint64_t> Key(const StatsRow& row) const {
    const Amount& by = options_.sort_by == SortBy::kLive     ? row.live
                       : options_.sort_by == SortBy::kGrowth ? row.growth
                       : options_.sort_by == SortBy::kChurn  ? row.freed
                                                             : row.peak;
    return {by.bytes, by.blocks};
  }

  std::vector<uint32_t> RowsOf(const Process& process, const diagnose::UnitTable& units, const Site& site) {
    NodeId node = options_.user_line ? units.user_node[site.node.value] : site.node;
    if (node.value == 0)
      return {RowFor(std::string(1, '\0'),
                     {{.function = "<no Python frame>", .file = "", .line = 0, .column = {}, .end_column = {}}})};
    if (options_.group_by == GroupBy::kStack) return {StackRow(process, node)};
    std::vector<uint32_t> rows;
    for (; node.value != 0; node = process.nodes[node.value].parent) {
      uint32_t row = FrameRow(process, process.nodes[node.value].frame);
      if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
      if (!options_.cumulative) break;
    }
    return rows;
  }

  uint32_t FrameRow(const Process& process, FrameId id) {
    uint32_t& row = row_of_frame_[id.value];
    if (row != kUnknown) return row;
    const capture::Frame& frame = process.frames[id.value];
    PlaceKey key;
    Append(key, frame, options_.group_by);
    diagnose::Location where = diagnose::LocationOf(process, id);
    where.column = where.end_column = std::nullopt;
    if (options_.group_by == GroupBy::kFile) where.function.clear();
    if (options_.group_by == GroupBy::kFile) where.line = 0;
    if (options_.group_by == GroupBy::kFunction) where.line = frame.first_line;
    return row = RowFor(std::move(key), {std::move(where)});
  }

  uint32_t StackRow(const Process& process, NodeId node) {
    PlaceKey key;
    std::vector<diagnose::Location> stack;
    for (; node.value != 0; node = process.nodes[node.value].parent) {
      FrameId frame = process.nodes[node.value].frame;
      Append(key, process.frames[frame.value], GroupBy::kStack);
      stack.push_back(diagnose::LocationOf(process, frame));
    }
    return RowFor(std::move(key), std::move(stack));
  }

  uint32_t RowFor(PlaceKey key, std::vector<diagnose::Location> place) {
    auto [at, fresh] = row_by_key_.insert({std::move(key), static_cast<uint32_t>(table_.rows.size())});
    if (fresh) {
      table_.rows.emplace_back();
      table_.rows.back().place = std::move(place);
    }
    return at->second;
  }

  static void Sum(const Process& process, const std::vector<uint32_t>& sites, StatsRow& row) {
    AsOf as_of = diagnose::ReferenceOf(process);
    Amount live;
    for (uint32_t index : sites) {
      const Site& site = process.sites[index];
      live += diagnose::LiveAt(site, as_of);
      row.freed += site.births - site.live();
      row.peak += site.peak_live;
      row.births += site.births;
    }
    row.live += live;
    if (live.blocks >= kLeastBlocksForGrowth)
      row.growth += diagnose::SteadyGrowth(diagnose::Timeline(process, sites, as_of, {}));
  }

  const StatsOptions& options_;
  StatsTable table_;
  std::vector<uint32_t> row_of_frame_;  // of the process being added
  tsl::robin_map<PlaceKey, uint32_t> row_by_key_;
};

bool AnyMatches(const std::vector<std::string>& patterns, std::string_view file) {
  std::string text(file);
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return fnmatch(pattern.c_str(), text.c_str(), 0) == 0; });
}

}  // namespace

StackFilter::StackFilter(const Process& process, const StatsOptions& options) : process_(process), options_(options) {
  tsl::robin_map<std::string_view, std::pair<bool, bool>> known;
  for (const capture::Frame& frame : process.frames) {
    auto at = known.find(frame.file);
    if (at == known.end()) {
      std::pair both(AnyMatches(options.include, frame.file), AnyMatches(options.exclude, frame.file));
      at = known.insert({frame.file, both}).first;
    }
    included_.push_back(at->second.first);
    excluded_.push_back(at->second.second);
  }
}

bool StackFilter::Matches(NodeId node, const std::vector<bool>& by_frame) const {
  for (; node.value != 0; node = process_.nodes[node.value].parent) {
    if (by_frame[process_.nodes[node.value].frame.value]) return true;
    if (!options_.all_frames) return false;
  }
  return false;
}

bool StackFilter::Passes(const Site& site) const {
  const std::vector<capture::Domain>& domains = options_.domains;
  if (!domains.empty() && std::find(domains.begin(), domains.end(), site.domain) == domains.end()) return false;
  if (!options_.include.empty() && !Matches(site.node, included_)) return false;
  return options_.exclude.empty() || !Matches(site.node, excluded_);
}

StatsTable MakeStats(const capture::Recording& recording, const StatsOptions& options) {
  Gatherer gatherer(options);
  for (const Process& process : recording.processes)
    if (!options.pid || process.pid == *options.pid) gatherer.Add(process);
  return gatherer.Take();
}

}  // namespace limpet::report

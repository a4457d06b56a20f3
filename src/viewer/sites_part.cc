#include "viewer/sites_part.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include <tsl/robin_map.h>

#include "base/mixed_hash.h"
#include "diagnose/suspects.h"
#include "diagnose/unit.h"
#include "interchange/stacks.h"
#include "viewer/column.h"

namespace limpet::viewer {
namespace {

using nlohmann::json;

using Cell = SiteRow::Cell;

void AddCell(const Cell& cell, std::vector<Cell>* cells) {
  const auto at = std::lower_bound(cells->begin(), cells->end(), cell.epoch,
                                   [](const Cell& c, capture::GroupId epoch) { return c.epoch < epoch; });
  if (at == cells->end() || at->epoch != cell.epoch) {
    cells->insert(at, cell);
    return;
  }
  at->born += cell.born;
  at->live += cell.live;
  at->freed += cell.freed;
}

void AddSite(const capture::Site& site, diagnose::AsOf as_of, SiteRow* row) {
  row->peak += site.peak_live;
  for (const capture::Cohort& cohort : site.cohorts)
    AddCell({cohort.group, cohort.births, diagnose::LiveAt(cohort, as_of), cohort.deaths}, &row->cells);
}

// Shares of the four sums; a process that never had anything weighs nothing.
void Weigh(std::vector<SiteRow>* rows) {
  struct Measures {
    double born = 0, live = 0, grown = 0, peak = 0;
  };
  const auto measure = [](const SiteRow& row) {
    Measures m = {.grown = static_cast<double>(row.grown.bytes), .peak = static_cast<double>(row.peak.bytes)};
    for (const Cell& cell : row.cells) {
      m.born += static_cast<double>(cell.born.bytes);
      m.live += static_cast<double>(cell.live.bytes);
    }
    return m;
  };
  Measures sum;
  for (const SiteRow& row : *rows) {
    const Measures m = measure(row);
    sum = {sum.born + m.born, sum.live + m.live, sum.grown + m.grown, sum.peak + m.peak};
  }
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
  for (SiteRow& row : *rows) {
    const Measures m = measure(row);
    row.weight = std::max(
        {share(m.born, sum.born), share(m.live, sum.live), share(m.grown, sum.grown), share(m.peak, sum.peak)});
  }
}

void AddRow(const SiteRow& row, SiteRow* rest) {
  rest->grown += row.grown;
  rest->peak += row.peak;
  for (const Cell& cell : row.cells) AddCell(cell, &rest->cells);
}

// The tree of the stacks that are told, with rows as the document has them.
class StackRows {
 public:
  StackRows(const capture::Process& process, Tables* tables) : process_(process), tables_(tables) {
    parents_.push_back(0);
    frames_.push_back(0);
  }

  uint32_t RowOf(capture::NodeId node) {
    path_.clear();
    for (; node.value != 0; node = process_.nodes[node.value].parent) path_.push_back(node);
    uint32_t row = 0;
    for (auto at = path_.rbegin(); at != path_.rend(); ++at) {
      const capture::Frame& frame = process_.frames[process_.nodes[at->value].frame.value];
      const uint32_t place = tables_->FrameId({frame.function, frame.file, frame.line, frame.first_line});
      const auto [found, fresh] = rows_.insert({uint64_t{row} << 32 | place, uint32_t(parents_.size())});
      if (fresh) {
        parents_.push_back(row);
        frames_.push_back(place);
      }
      row = found->second;
    }
    return row;
  }

  json ToJson() const { return {{"parent", ColumnText(parents_)}, {"frame", ColumnText(frames_)}}; }

 private:
  const capture::Process& process_;
  Tables* tables_;
  std::vector<uint32_t> parents_, frames_;
  std::vector<capture::NodeId> path_;
  tsl::robin_map<uint64_t, uint32_t, base::MixedHash> rows_;  // by parent row << 32 | frame row
};

struct Columns {
  std::vector<uint32_t> stack, kind, type, cell = {0}, epoch;
  std::vector<uint64_t> grown_bytes, grown_objects, peak_bytes, peak_objects;
  std::vector<uint64_t> born_bytes, born_objects, live_bytes, live_objects, freed_bytes, freed_objects;

  void Add(const SiteRow& row, uint32_t stack_row, uint32_t kind_id, uint32_t type_id) {
    stack.push_back(stack_row);
    kind.push_back(kind_id);
    type.push_back(type_id);
    grown_bytes.push_back(row.grown.bytes);
    grown_objects.push_back(row.grown.blocks);
    peak_bytes.push_back(row.peak.bytes);
    peak_objects.push_back(row.peak.blocks);
    for (const Cell& c : row.cells) {
      epoch.push_back(c.epoch.value);
      born_bytes.push_back(c.born.bytes);
      born_objects.push_back(c.born.blocks);
      live_bytes.push_back(c.live.bytes);
      live_objects.push_back(c.live.blocks);
      freed_bytes.push_back(c.freed.bytes);
      freed_objects.push_back(c.freed.blocks);
    }
    cell.push_back(uint32_t(epoch.size()));
  }

  json ToJson() const {
    const json cells = {{"epoch", ColumnText(epoch)},
                        {"born_bytes", ColumnText(born_bytes)},
                        {"born_objects", ColumnText(born_objects)},
                        {"live_bytes", ColumnText(live_bytes)},
                        {"live_objects", ColumnText(live_objects)},
                        {"freed_bytes", ColumnText(freed_bytes)},
                        {"freed_objects", ColumnText(freed_objects)}};
    return {{"stack", ColumnText(stack)},
            {"kind", ColumnText(kind)},
            {"type", ColumnText(type)},
            {"grown_bytes", ColumnText(grown_bytes)},
            {"grown_objects", ColumnText(grown_objects)},
            {"peak_bytes", ColumnText(peak_bytes)},
            {"peak_objects", ColumnText(peak_objects)},
            {"cell", ColumnText(cell)},
            {"cells", cells}};
  }
};

}  // namespace

SiteRows CollectSites(const capture::Process& process, const std::vector<std::string>& types) {
  const diagnose::AsOf as_of = diagnose::ReferenceOf(process);
  SiteRows all;
  all.row_of_site.assign(process.sites.size(), kNoRow);
  interchange::ForEachStack(process, [&](const interchange::Stack& stack) {
    const size_t first = all.rows.size();
    std::map<capture::Domain, uint32_t> row_of_domain;
    for (const uint32_t index : stack.sites) {
      const capture::Site& site = process.sites[index];
      const auto [at, fresh] = row_of_domain.insert({site.domain, uint32_t(all.rows.size())});
      if (fresh) {
        all.rows.emplace_back();
        all.rows.back().stack = stack.node;
        all.rows.back().domain = site.domain;
      }
      SiteRow& row = all.rows[at->second];
      all.row_of_site[index] = at->second;
      AddSite(site, as_of, &row);
      if (row.type.empty() && index < types.size()) row.type = types[index];
    }
    if (first < all.rows.size()) all.rows[first].grown = stack.amounts[size_t(interchange::Measure::kGrown)];
  });
  Weigh(&all.rows);
  return all;
}

ChosenSites ChooseSites(const SiteRows& all, const std::vector<uint32_t>& wanted, uint64_t max_cells) {
  std::vector<bool> keep(all.rows.size());
  uint64_t cells = 0;
  const auto take = [&](uint32_t row) {
    if (keep[row]) return;
    keep[row] = true;
    cells += all.rows[row].cells.size();
  };
  for (const uint32_t site : wanted)
    if (site < all.row_of_site.size() && all.row_of_site[site] != kNoRow) take(all.row_of_site[site]);
  std::vector<uint32_t> order(all.rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return all.rows[a].weight > all.rows[b].weight; });
  for (const uint32_t row : order) {
    if (cells >= max_cells) break;
    take(row);
  }
  ChosenSites chosen;
  for (uint32_t row = 0; row < all.rows.size(); ++row) {
    if (keep[row]) {
      chosen.rows.push_back(row);
      continue;
    }
    if (!chosen.rest) chosen.rest.emplace();
    AddRow(all.rows[row], &*chosen.rest);
    ++chosen.left_out;
  }
  return chosen;
}

std::vector<uint32_t> AddSitesPart(const capture::Process& process, const SiteRows& all, const ChosenSites& chosen,
                                   Tables* tables, json* part) {
  StackRows stacks(process, tables);
  Columns columns;
  std::vector<uint32_t> document_row(all.rows.size(), kNoRow);
  for (const uint32_t index : chosen.rows) {
    const SiteRow& row = all.rows[index];
    document_row[index] = uint32_t(columns.stack.size());
    columns.Add(row, stacks.RowOf(row.stack), tables->StringId(interchange::NameOf(row.domain)),
                tables->StringId(row.type));
  }
  if (chosen.rest) columns.Add(*chosen.rest, 0, 0, 0);
  (*part)["stacks"] = stacks.ToJson();
  (*part)["sites"] = columns.ToJson();
  return document_row;
}

}  // namespace limpet::viewer

// The second half of counters.h: from sites and cells to cohorts.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "capture/counters.h"

namespace limpet::capture {
namespace {

constexpr uint32_t kNone = 0xffffffff;

// Sums of one site and group over cells. What one cell says is live may be negative (blocks that were born with the
// interpreter lock and freed without it), the sum over its pair may not.
struct Tally {
  Amount births, deaths;
  int64_t peak_blocks = 0, peak_bytes = 0;
  int64_t final_blocks = 0, final_bytes = 0;
};

Amount NotNegative(int64_t blocks, int64_t bytes) {
  return {uint64_t(std::max<int64_t>(blocks, 0)), uint64_t(std::max<int64_t>(bytes, 0))};
}

uint32_t NativeOf(const SiteRecord& record, size_t i, ProblemLog& problems, const Process& process) {
  if (record.native < process.natives.size()) return record.native;
  LIMPET_PROBLEM(problems, "sites of native nodes that do not exist", "site {}: its native node {} does not exist ({})",
                 i, record.native, process.natives.size());
  return 0;
}

// Sites by (node, domain): element i of the result says which of process.sites record i is, or kNone. The writer makes one record each;
// should there be several, they are added up. Sites with native stacks stay apart.
std::vector<uint32_t> JoinSites(const Records<SiteRecord>& records, ProblemLog& problems, Process& process) {
  std::vector<uint32_t> joined(records.size(), kNone);
  std::vector<uint32_t> first_of_node(process.nodes.size(), kNone);
  std::vector<uint32_t> next;  // by site: another site of the same node; at most one per domain
  process.sites.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records.Has(i)) continue;
    const SiteRecord& record = records[i];
    if (record.domain >= kDomainCount) {
      LIMPET_PROBLEM(problems, "sites of domains that do not exist", "site {}: its domain {} does not exist; left out",
                     i, record.domain);
      continue;
    }
    uint32_t node = record.node;
    if (node >= process.nodes.size()) {
      LIMPET_PROBLEM(problems, "sites of nodes that do not exist",
                     "site {}: its node {} does not exist ({} nodes); its stack is lost", i, node,
                     process.nodes.size());
      node = 0;
    }
    const uint32_t native = NativeOf(record, i, problems, process);
    uint32_t site = native == 0 ? first_of_node[node] : kNone;
    while (site != kNone && process.sites[site].domain != Domain(record.domain)) site = next[site];
    if (site == kNone) {
      site = uint32_t(process.sites.size());
      process.sites.emplace_back();
      process.sites.back().node = NodeId{node};
      process.sites.back().native = NativeId{native};
      process.sites.back().domain = Domain(record.domain);
      next.push_back(native == 0 ? std::exchange(first_of_node[node], site) : kNone);
    }
    joined[i] = site;
  }
  return joined;
}

class SiteBuilder {
 public:
  SiteBuilder(const RawCounters& counters, const EpochTable& epochs, ProblemLog& problems, Process& process)
      : counters_(counters), epochs_(epochs), problems_(problems), process_(process) {}

  void Build(const std::vector<uint32_t>& joined) {
    SortCells(joined);
    CheckImage(counters_.peak, "peak image");
    CheckImage(counters_.final, "final image");
    for (uint32_t site = 0; site < process_.sites.size(); ++site) BuildSite(site);
    if (counters_.peak) FillImage(*counters_.peak, process_.peak, &Site::peak_live);
    if (counters_.final) FillImage(*counters_.final, process_.final, &Site::final_live);
    NumberRecords(joined);
    std::erase_if(process_.sites, [](const Site& site) { return site.cohorts.empty(); });
    for (const Site& site : process_.sites) {
      process_.births += site.births;
      process_.deaths += site.deaths;
    }
  }

 private:
  // Counting sort: fills cells_ with cell numbers in the order of their sites, begin_ with where each site's begin.
  void SortCells(const std::vector<uint32_t>& joined) {
    const auto& cells = counters_.cells;
    std::vector<uint32_t> site_of(cells.size(), kNone);
    begin_.assign(process_.sites.size() + 1, 0);
    for (size_t i = 0; i < cells.size(); ++i) {
      site_of[i] = SiteOf(i, joined);
      if (site_of[i] != kNone) ++begin_[site_of[i] + 1];
    }
    for (size_t site = 1; site < begin_.size(); ++site) begin_[site] += begin_[site - 1];
    cells_.resize(begin_.back());
    std::vector<uint32_t> fill(begin_.begin(), begin_.end() - 1);
    for (size_t i = 0; i < cells.size(); ++i) {
      if (site_of[i] != kNone) cells_[fill[site_of[i]]++] = uint32_t(i);
    }
  }

  uint32_t SiteOf(size_t i, const std::vector<uint32_t>& joined) {
    const CellRecord& cell = counters_.cells[i];
    if (!counters_.cells.Has(i) || cell.site == kNoSite) return kNone;
    if (cell.site >= joined.size() || joined[cell.site] == kNone) {
      LIMPET_PROBLEM(problems_, "cells of sites that do not exist",
                     "cell {}: its site {} does not exist ({} sites); {} births and {} deaths are not counted", i,
                     cell.site, joined.size(), cell.births, cell.deaths);
      return kNone;
    }
    if (!epochs_.Has(cell.epoch) && !epochs_.group_of.empty()) {
      LIMPET_PROBLEM(problems_, "cells of epochs that do not exist",
                     "cell {}: its epoch {} does not exist ({} epochs); the last is taken", i, cell.epoch,
                     epochs_.group_of.size());
    }
    return joined[cell.site];
  }

  // Says whether the image's record of a pair of cells is about the blocks that the pair counts now, and not about one that has
  // been folded away and put to another use since.
  bool IsOf(const RawImage& image, size_t pair) const {
    const size_t cell = pair * 2;
    return image.records.Has(pair) && counters_.cells.Has(cell) && counters_.cells[cell].site != kNoSite &&
           counters_.cells[cell].epoch <= image.header.epoch;
  }

  void CheckImage(const std::optional<RawImage>& image, const char* name) {
    if (!image) return;
    int64_t lost = 0;
    for (size_t i = 0; i < image->records.size(); ++i) {
      if (!IsOf(*image, i)) lost += int32_t(image->records[i].live_blocks);
    }
    if (lost != 0) {
      LIMPET_PROBLEM(problems_, name,
                     "{}: {} of its blocks are in cells that are free or of later epochs; they are left out", name,
                     lost);
    }
  }

  void BuildSite(uint32_t index) {
    Site& site = process_.sites[index];
    uint64_t groups = 0;  // bit g: there is a tally for group g
    for (uint32_t i = begin_[index]; i < begin_[index + 1]; ++i) {
      const CellRecord& cell = counters_.cells[cells_[i]];
      const uint32_t group = epochs_.GroupOf(cell.epoch).value;
      if ((groups >> group & 1) == 0) tallies_[group] = {};
      groups |= uint64_t{1} << group;
      AddCell(cells_[i], tallies_[group]);
    }
    site.cohorts.reserve(size_t(std::popcount(groups)));
    for (; groups != 0; groups &= groups - 1) {
      const auto group = GroupId{uint32_t(std::countr_zero(groups))};
      const Cohort cohort = MakeCohort(tallies_[group.value], group, site);
      if (cohort.births.blocks == 0) continue;
      site.births += cohort.births;
      site.deaths += cohort.deaths;
      site.peak_live += cohort.peak_live;
      site.final_live += cohort.final_live;
      site.cohorts.push_back(cohort);
    }
  }

  void AddCell(uint32_t index, Tally& tally) const {
    const CellRecord& cell = counters_.cells[index];
    tally.births += {cell.births, cell.birth_bytes};
    tally.deaths += {cell.deaths, cell.death_bytes};
    if (index % 2 != 0) return;  // an image speaks of the pair
    const uint32_t pair = index / 2;
    if (counters_.peak && IsOf(*counters_.peak, pair)) {
      tally.peak_blocks += int32_t(counters_.peak->records[pair].live_blocks);
      tally.peak_bytes += int64_t(counters_.peak->records[pair].live_bytes);
    }
    if (counters_.final && IsOf(*counters_.final, pair)) {
      tally.final_blocks += int32_t(counters_.final->records[pair].live_blocks);
      tally.final_bytes += int64_t(counters_.final->records[pair].live_bytes);
    }
  }

  Cohort MakeCohort(const Tally& tally, GroupId group, const Site& site) {
    Cohort cohort{.group = group, .births = tally.births, .deaths = tally.deaths, .peak_live = {}, .final_live = {}};
    // A killed process can leave one operation half counted per thread that was in a hook.
    const uint64_t half_counted = process_.busy_threads;
    const char* kind = "sites with counters that do not fit together";
    const auto where = [&] {
      return fmt::format("site of node {}, domain {}, epoch group {}", site.node.value, int(site.domain), group.value);
    };
    if (tally.deaths.blocks > tally.births.blocks + half_counted) {
      LIMPET_PROBLEM(problems_, kind, "{}: {} blocks died, but only {} were born", where(), tally.deaths.blocks,
                     tally.births.blocks);
    } else if (tally.deaths.bytes > tally.births.bytes && half_counted == 0) {
      LIMPET_PROBLEM(problems_, kind, "{}: {} bytes died, but only {} were born", where(), tally.deaths.bytes,
                     tally.births.bytes);
    } else if (tally.deaths.blocks == tally.births.blocks && tally.deaths.bytes < tally.births.bytes &&
               half_counted == 0) {
      LIMPET_PROBLEM(problems_, kind, "{}: all {} blocks died, but {} bytes of them live on", where(),
                     tally.births.blocks, tally.births.bytes - tally.deaths.bytes);
    }
    cohort.deaths = {std::min(cohort.births.blocks, cohort.deaths.blocks),
                     std::min(cohort.births.bytes, cohort.deaths.bytes)};
    const auto at_most_born = [&](Amount amount) {
      return Amount{std::min(amount.blocks, cohort.births.blocks), std::min(amount.bytes, cohort.births.bytes)};
    };
    cohort.peak_live = counters_.peak ? at_most_born(NotNegative(tally.peak_blocks, tally.peak_bytes)) : cohort.live();
    cohort.final_live =
        counters_.final ? at_most_born(NotNegative(tally.final_blocks, tally.final_bytes)) : cohort.live();
    return cohort;
  }

  void FillImage(const RawImage& raw, Image& image, Amount Site::* live) const {
    image.valid = true;
    image.time_ns = raw.header.time_ns;
    image.group = epochs_.GroupOf(raw.header.epoch);
    for (const Site& site : process_.sites) image.live += site.*live;
  }

  // Sites without births are about to be left out: the others move up.
  void NumberRecords(const std::vector<uint32_t>& joined) {
    std::vector<std::optional<SiteId>> number(process_.sites.size());
    uint32_t next = 0;
    for (size_t site = 0; site < number.size(); ++site) {
      if (!process_.sites[site].cohorts.empty()) number[site] = SiteId{next++};
    }
    process_.site_of_record.resize(joined.size());
    for (size_t i = 0; i < joined.size(); ++i) {
      if (joined[i] != kNone) process_.site_of_record[i] = number[joined[i]];
    }
  }

  const RawCounters& counters_;
  const EpochTable& epochs_;
  ProblemLog& problems_;
  Process& process_;
  std::vector<uint32_t> cells_;
  std::vector<uint32_t> begin_;
  std::array<Tally, kMaxEpochGroups> tallies_;
};

}  // namespace

void BuildSites(const RawCounters& counters, const Records<SiteRecord>& sites, const EpochTable& epochs,
                ProblemLog& problems, Process& process) {
  const std::vector<uint32_t> joined = JoinSites(sites, problems, process);
  SiteBuilder(counters, epochs, problems, process).Build(joined);
}

}  // namespace limpet::capture

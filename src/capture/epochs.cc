#include "capture/epochs.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/reader.h"

namespace limpet::capture {
namespace {

void MergePairs(std::vector<EpochRange>& groups) {
  size_t kept = 0;
  for (size_t i = 0; i < groups.size(); i += 2, ++kept) {
    groups[kept] = {groups[i].first, groups[std::min(i + 1, groups.size() - 1)].end};
  }
  groups.resize(kept);
}

}  // namespace

std::vector<EpochRange> GroupEpochs(std::span<const uint32_t> folds, uint32_t final_folds) {
  std::vector<EpochRange> groups;
  groups.reserve(kMaxEpochGroups + 1);
  uint32_t done = 0;
  const auto merge_up_to = [&](uint32_t target) {
    for (; done < target; ++done) {
      if (groups.size() <= 1) done = target - 1;  // nothing left to merge: do not count up to a forged number
      MergePairs(groups);
    }
  };
  for (uint32_t epoch = 0; epoch < folds.size(); ++epoch) {
    merge_up_to(folds[epoch]);
    if (groups.size() >= kMaxEpochGroups) MergePairs(groups);
    groups.push_back({epoch, epoch + 1});
  }
  merge_up_to(final_folds);
  return groups;
}

EpochTable ReadEpochs(const TableFile& file, ProblemLog& problems) {
  Records<EpochRecord> records = file.Load<EpochRecord>(Table::kEpochs);
  for (size_t i = 1; i < records.size(); ++i) {
    EpochRecord& now = records.items[i];
    const EpochRecord& before = records.items[i - 1];
    const bool backwards = now.start_ns < before.start_ns || now.start_volume < before.start_volume ||
                           now.cpu_ns < before.cpu_ns || now.folds < before.folds || now.iterations < before.iterations;
    if (!backwards) continue;
    if (records.Has(i)) {
      LIMPET_PROBLEM(problems, "epochs that go backwards",
                     "epoch {}: its time, volume, processor time, folds or iterations are less than those of epoch {}",
                     i, i - 1);
    }
    now.start_ns = std::max(now.start_ns, before.start_ns);
    now.start_volume = std::max(now.start_volume, before.start_volume);
    now.cpu_ns = std::max(now.cpu_ns, before.cpu_ns);
    now.folds = std::max(now.folds, before.folds);
    now.iterations = std::max(now.iterations, before.iterations);
  }
  std::vector<uint32_t> folds;
  folds.reserve(records.size());
  for (const EpochRecord& record : records.items) folds.push_back(record.folds);

  EpochTable table;
  table.group_of.resize(records.size());
  for (const EpochRange& range : GroupEpochs(folds, file.ReadHeader().folds)) {
    const EpochRecord& start = records[range.first];
    for (uint32_t epoch = range.first; epoch < range.end; ++epoch)
      table.group_of[epoch] = GroupId{uint32_t(table.groups.size())};
    if (!table.groups.empty()) {
      EpochGroup& previous = table.groups.back();
      previous.end_ns = start.start_ns;
      previous.end_cpu_ns = start.cpu_ns;
      previous.end_volume = start.start_volume;
      previous.end_iteration = start.iterations;
    }
    table.groups.push_back({.start_ns = start.start_ns,
                            .start_cpu_ns = start.cpu_ns,
                            .start_volume = start.start_volume,
                            .first_iteration = start.iterations,
                            .first_fine = range.first,
                            .end_fine = range.end});
  }
  if (table.groups.empty()) table.groups.emplace_back();
  return table;
}

GroupId Process::GroupOf(uint32_t fine_epoch) const {
  const auto after = std::upper_bound(groups.begin(), groups.end(), fine_epoch,
                                      [](uint32_t epoch, const EpochGroup& group) { return epoch < group.first_fine; });
  return GroupId{uint32_t(after == groups.begin() ? 0 : after - groups.begin() - 1)};
}

}  // namespace limpet::capture

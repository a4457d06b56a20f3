#include "diagnose/asleep.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace limpet::diagnose {
namespace {

using capture::Amount;
using capture::EpochGroup;
using capture::Process;

constexpr double kMost = 0.5;
constexpr size_t kLeastGroups = 12;  // of work
constexpr uint64_t kOneIn = 2;       // of a group's blocks, at least, are the program's own: then it is one of work

// Those with work of the program's own, other than imports.
size_t GroupsOfWork(const Process& process, const UnitTable& table) {
  std::vector<Amount> all(process.groups.size()), own(process.groups.size());
  for (const capture::Site& site : process.sites) {
    const bool starts = table.importing[site.node.value] || table.user_node[site.node.value].value == 0;
    for (const capture::Cohort& cohort : site.cohorts) {
      all[cohort.group.value] += cohort.births;
      if (!starts) own[cohort.group.value] += cohort.births;
    }
  }
  size_t count = 0;
  for (size_t i = 0; i < all.size(); i++) count += own[i].blocks > 0 && own[i].blocks * kOneIn >= all[i].blocks;
  return count;
}

// Share of the run in which the program waited. 0 where processor time is not known.
double ShareAsleep(const Process& process) {
  double asleep = 0, all = 0, used = 0;
  for (const EpochGroup& group : process.groups) {
    const double wall = static_cast<double>(group.end_ns - std::min(group.start_ns, group.end_ns));
    all += wall;
    used += CpuOf(group);
    asleep += std::max(0.0, wall - kMostWait * CpuOf(group));
  }
  return all > 0 && used > 0 ? asleep / all : 0;
}

}  // namespace

std::string SleptTooMuch(const Process& process, const UnitTable& table) {
  const double asleep = ShareAsleep(process);
  if (asleep < kMost) return "";
  const size_t groups = GroupsOfWork(process, table);
  if (groups >= kLeastGroups) return "";
  return fmt::format(
      "it slept {:.0f} % of the time, and did too little in the rest: {} of {} epochs with work of its own; "
      "let it work longer",
      100 * asleep, groups, kLeastGroups);
}

}  // namespace limpet::diagnose

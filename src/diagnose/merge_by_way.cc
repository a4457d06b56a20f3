#include <algorithm>
#include <string_view>
#include <vector>

#include "diagnose/merge_by_holder.h"

namespace limpet::diagnose {
namespace {

// ".TIMERS -> list[…] -> Timer" and ".TIMERS -> list[…] -> Timer.finished._cond": what is held there in great number, and what hangs on each.
bool LeadsThrough(std::string_view part, std::string_view whole) {
  constexpr std::string_view kEach = "…";
  if (whole.find(kEach) == std::string_view::npos || part.size() <= whole.size() || !part.starts_with(whole))
    return false;
  constexpr std::string_view kSteps = ".-[{ ";
  return kSteps.find(part[whole.size()]) != std::string_view::npos;
}

}  // namespace

void MergeByWay(std::vector<Finding>& findings, std::vector<FindingObjects>& objects) {
  constexpr uint64_t kMostPerBlock = 20;  // a handful of objects that lead to very many are where these are kept
  std::vector<bool> gone(findings.size(), false);
  for (size_t part = 0; part < findings.size(); ++part) {
    const auto whole = std::find_if(findings.begin(), findings.end(), [&](const Finding& other) {
      return !gone[static_cast<size_t>(&other - findings.data())] &&
             LeadsThrough(findings[part].heap.holder_text, other.heap.holder_text) &&
             IsSureEnough(other, findings[part]) && other.live.blocks * kMostPerBlock >= findings[part].live.blocks;
    });
    if (whole == findings.end()) continue;
    TakeAsPart(*whole, findings[part]);
    gone[part] = true;
  }
  EraseGone(gone, findings, objects);
}

}  // namespace limpet::diagnose

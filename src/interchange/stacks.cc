#include "interchange/stacks.h"

#include <algorithm>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "base/mixed_hash.h"
#include "diagnose/survival.h"
#include "diagnose/suspects.h"
#include "diagnose/unit.h"
#include "interchange/frames.h"

namespace limpet::interchange {
namespace {

constexpr std::array<std::string_view, kMeasures> kMeasureNames = {"allocated", "churned", "peak", "grown", "live"};
constexpr std::array<std::string_view, capture::kDomainCount> kDomainNames = {"raw",    "mem", "object",
                                                                              "malloc", "map", "filemap"};
constexpr uint64_t kLeastBlocksForGrowth = 6;  // as in `limpet stats`

}  // namespace

std::string_view NameOf(Measure measure) { return kMeasureNames[size_t(measure)]; }

std::optional<Measure> MeasureOf(std::string_view name) {
  const auto found = std::find(kMeasureNames.begin(), kMeasureNames.end(), name);
  if (found == kMeasureNames.end()) return std::nullopt;
  return Measure(found - kMeasureNames.begin());
}

std::string_view NameOf(capture::Domain domain) {
  return size_t(domain) < kDomainNames.size() ? kDomainNames[size_t(domain)] : "unknown";
}

std::string ProcessTitle(const capture::Process& process) {
  std::string title;
  for (const std::string& word : process.command) title += (title.empty() ? "" : " ") + word;
  return title.empty() ? fmt::format("process {}", process.pid) : title;
}

std::vector<const capture::Process*> Chosen(const capture::Recording& recording, std::optional<int32_t> pid) {
  std::vector<const capture::Process*> chosen;
  for (const capture::Process& process : recording.processes) {
    if (!pid || process.pid == *pid) chosen.push_back(&process);
  }
  return chosen;
}

std::vector<SiteOfStack> SitesByStack(const capture::Process& process) {
  FrameTable frames;
  frames.Enter(process);
  // A parent stands before its children, so one pass finds what looks alike.
  std::vector<uint32_t> first(process.nodes.size());
  tsl::robin_map<uint64_t, uint32_t, base::MixedHash> known;  // by first node of the parents << 32 | place
  for (uint32_t node = 1; node < process.nodes.size(); ++node) {
    const capture::Node& record = process.nodes[node];
    const uint64_t key = uint64_t{first[record.parent.value]} << 32 | frames.NumberOf(record.frame);
    first[node] = known.insert({key, node}).first->second;
  }
  std::vector<SiteOfStack> order;
  for (uint32_t site = 0; site < process.sites.size(); ++site)
    order.push_back({capture::NodeId{first[process.sites[site].node.value]}, site});
  std::stable_sort(order.begin(), order.end(),
                   [](const SiteOfStack& a, const SiteOfStack& b) { return a.stack < b.stack; });
  return order;
}

Amounts AmountsOf(const capture::Process& process, const std::vector<uint32_t>& sites) {
  const diagnose::AsOf as_of = diagnose::ReferenceOf(process);
  Amounts amounts;
  const auto at = [&](Measure measure) -> capture::Amount& { return amounts[size_t(measure)]; };
  for (const uint32_t index : sites) {
    const capture::Site& site = process.sites[index];
    at(Measure::kAllocated) += site.births;
    at(Measure::kChurned) += site.births - site.live();
    at(Measure::kPeak) += site.peak_live;
    at(Measure::kLive) += diagnose::LiveAt(site, as_of);
  }
  if (at(Measure::kLive).blocks >= kLeastBlocksForGrowth)
    at(Measure::kGrown) = diagnose::SteadyGrowth(diagnose::Timeline(process, sites, as_of, {}));
  return amounts;
}

}  // namespace limpet::interchange

#include "diagnose/describe.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/evidence.h"

namespace limpet::diagnose {
namespace {

using capture::NodeId;
using capture::Process;

constexpr double kStoredConfidence = 0.4;

void AddStack(const Process& process, const UnitTable& table, const Unit& unit, AsOf as_of, Finding& f) {
  if (unit.no_frame) {
    f.site.push_back({.function = "<no Python frame>", .file = "", .line = 0, .column = {}, .end_column = {}});
    f.stacks = 1;
    return;
  }
  NodeId node = process.sites[HeaviestSite(process, unit, as_of)].node;
  NodeId user = table.user_node[node.value];
  for (; node != user; node = process.nodes[node.value].parent)
    f.below.push_back(LocationOf(process, process.nodes[node.value].frame));
  for (; node.value != 0; node = process.nodes[node.value].parent)
    f.site.push_back(LocationOf(process, process.nodes[node.value].frame));
  std::vector<uint32_t> nodes;
  for (uint32_t site : unit.sites)
    if (LiveAt(process.sites[site], as_of).blocks) nodes.push_back(process.sites[site].node.value);
  std::sort(nodes.begin(), nodes.end());
  f.stacks = static_cast<uint32_t>(std::unique(nodes.begin(), nodes.end()) - nodes.begin());
}

// How long the growth of this suspect took: from its first survivors to the image.
double GrowthSeconds(const Process& process, const Suspect& s) {
  uint64_t start = s.slots.empty() ? 0 : process.groups[s.since].start_ns;
  uint64_t end = TimeOf(process, s.as_of).time_ns;
  return end > start ? static_cast<double>(end - start) / 1e9 : 0;
}

double GrowthIterations(const Process& process, const Suspect& s) {
  if (process.iterations == 0 || s.slots.empty()) return 0;
  uint32_t first = process.groups[s.since].first_iteration;
  uint32_t end = process.groups[s.slots.size() - 1].end_iteration;
  return end > first ? end - first : 0;
}

// Bytes that the process allocated while this suspect grew.
double GrowthVolume(const Process& process, const Suspect& s) {
  if (s.slots.empty()) return 0;
  uint64_t first = process.groups[s.since].start_volume, end = process.groups[s.slots.size() - 1].end_volume;
  return end > first ? static_cast<double>(end - first) : 0;
}

void AddFigures(const Process& process, const UnitTable& table, const Suspect& s, Finding& f) {
  f.live += s.live;
  f.births += table.units[s.unit].births;
  double seconds = GrowthSeconds(process, s), iterations = GrowthIterations(process, s);
  double volume = GrowthVolume(process, s);
  if (seconds > 0) {
    f.bytes_per_second += s.steady_bytes / seconds;
    f.objects_per_second += s.steady_blocks / seconds;
  }
  if (volume > 0) {
    f.bytes_per_volume += s.steady_bytes / volume;
    f.volume = std::max(f.volume, volume);
  }
  if (iterations > 0) {
    f.bytes_per_iteration = f.bytes_per_iteration.value_or(0) + s.steady_bytes / iterations;
    f.objects_per_iteration = f.objects_per_iteration.value_or(0) + s.steady_blocks / iterations;
  }
}

// The fate of the blocks born in the older half of the growth.
void AddOldHalf(const Process& process, const Suspect& s, Finding& f) {
  double total = 0, at = 0;
  for (const Slot& slot : s.slots) total += slot.weight;
  double middle = (s.judgement.onset + 1) / 2 * total;
  capture::Amount births, survivors;
  uint64_t end = TimeOf(process, s.as_of).time_ns;
  f.since_ns = s.slots.empty() ? 0 : process.groups[s.since].start_ns;
  for (size_t i = 0; i < s.slots.size(); i++) {
    at += s.slots[i].weight;
    bool after_onset = i >= s.judgement.onset_slot;
    if (after_onset && at > middle && births.blocks) break;
    if (!after_onset) continue;
    births += s.slots[i].births;
    survivors += s.slots[i].survivors;
    uint64_t slot_end = std::min(end, process.groups[i].end_ns);
    f.old_age_ns = end - slot_end;
  }
  f.old_deaths = births.blocks - std::min(births.blocks, survivors.blocks);
  f.old_survival = births.blocks ? static_cast<double>(survivors.blocks) / static_cast<double>(births.blocks) : 0;
}

Finding Describe(const Process& process, const UnitTable& table, const Suspect& s) {
  Finding f;
  f.kind = s.kind;
  f.confidence = s.confidence;
  f.as_of = s.as_of;
  f.processes = {process.pid};
  const Unit& unit = table.units[s.unit];
  AddStack(process, table, unit, s.as_of, f);
  AddFigures(process, table, s, f);
  AddOldHalf(process, s, f);
  return f;
}

// Small tuples that died are kept for reuse, up to 2000 of each length, until a full collection: where more come into that store than
// leave it (tuples made from generators never come from there), it fills up and looks like a leak.
bool MayBeTupleStore(const Process& process, const UnitTable& table, const Suspect& s) {
  constexpr uint64_t kStored = 2000, kLeastBytes = 48, kMostBytes = 200;
  if (s.confirmed || s.signal != Signal::kSurvival || s.line_survival > 0.5 || s.live.blocks > kStored) return false;
  uint64_t tuples = 0;
  for (uint32_t index : table.units[s.unit].sites) {
    capture::Amount live = LiveAt(process.sites[index], s.as_of);
    if (live.blocks == 0 || process.sites[index].domain != capture::Domain::kObject || live.bytes % live.blocks)
      continue;
    uint64_t size = live.bytes / live.blocks;
    if (size % 8 == 0 && size >= kLeastBytes && size <= kMostBytes) tuples += live.blocks;
  }
  return tuples * 20 >= s.live.blocks * 19;
}

}  // namespace

Finding DescribeCluster(const Process& process, const UnitTable& table, const std::vector<Suspect>& suspects,
                        const Cluster& cluster) {
  const Suspect& main = suspects[cluster.members.front()];
  Finding f = Describe(process, table, main);
  for (const size_t member : cluster.members) {
    const std::vector<uint32_t>& sites = table.units[suspects[member].unit].sites;
    f.sites.insert(f.sites.end(), sites.begin(), sites.end());
  }
  for (size_t i = 1; i < cluster.members.size(); i++) {
    const Suspect& part = suspects[cluster.members[i]];
    AddFigures(process, table, part, f);
    f.parts.push_back({LocationOf(process, table.units[part.unit].frame), part.live});
    f.confidence = std::max(f.confidence, part.confidence);
  }
  // Raw blocks beside objects that grow in the same rhythm are what those objects consist of.
  bool with_objects = std::any_of(cluster.members.begin(), cluster.members.end(), [&](size_t m) {
    return suspects[m].kind == Kind::kPythonObject && suspects[m].signal != Signal::kSwelling;
  });
  if (f.kind == Kind::kRawBlock && with_objects) f.kind = Kind::kPythonObject;
  bool stored = cluster.members.size() == 1 && MayBeTupleStore(process, table, main);
  if (stored) f.confidence = std::min(f.confidence, kStoredConfidence);
  f.evidence = EvidenceFor(process, suspects, cluster, f);
  if (stored)
    f.evidence.push_back("doubt: blocks of the size of small tuples, not more than the interpreter keeps for reuse");
  return f;
}

Dismissed DescribeDismissed(const Process& process, const UnitTable& table, const Suspect& suspect) {
  Dismissed d{suspect.reason, Describe(process, table, suspect)};
  d.finding.confidence = 1 - suspect.confidence;
  d.finding.bytes_per_second = d.finding.objects_per_second = 0;  // it does not grow
  d.finding.bytes_per_volume = 0;
  d.finding.bytes_per_iteration = d.finding.objects_per_iteration = std::nullopt;
  d.finding.evidence = {EvidenceAgainst(process, suspect)};
  return d;
}

}  // namespace limpet::diagnose

#include "diagnose/holder_growth.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace limpet::diagnose {
namespace {

using heap::NodeId;
using heap::ShapeId;

constexpr double kFewExpected = 16;
constexpr double kHardlyAny = 0.2;
constexpr double kAsExpected = 0.6;
constexpr double kMostly = 0.5;

// The shape that most of the nodes have.
ShapeId MostCommon(const heap::ShapeTree& shapes, const std::vector<NodeId>& nodes) {
  std::unordered_map<ShapeId, size_t> count;
  ShapeId best = heap::kNoShape;
  size_t most = 0;
  for (const NodeId node : nodes) {
    const ShapeId shape = shapes.of(node);
    const size_t now = ++count[shape];
    if (shape == heap::kNoShape || now <= most) continue;
    most = now;
    best = shape;
  }
  return best;
}

std::vector<NodeId> MembersOf(const HeapImage& image, const Cluster& cluster) {
  std::vector<NodeId> members;
  for (const size_t member : cluster.members)
    members.insert(members.end(), image.objects(member).begin(), image.objects(member).end());
  return members;
}

// Of what the line keeps, the share that was born after the epoch group.
double ShareSince(const Suspect& suspect, capture::GroupId group) {
  uint64_t all = 0, since = 0;
  for (size_t i = 0; i < suspect.slots.size(); ++i) {
    all += suspect.slots[i].survivors.blocks;
    if (i > group.value) since += suspect.slots[i].survivors.blocks;
  }
  return all ? static_cast<double>(since) / static_cast<double>(all) : 0;
}

// Without empty places of a table that was made at its full size.
uint64_t EntriesOf(const heap::Graph& graph, NodeId node) {
  uint64_t count = 0;
  graph.ForEachRun(node, [&](const heap::Run&, heap::EdgeIndex first, heap::EdgeIndex last) {
    for (heap::EdgeIndex e = first; e < last; ++e)
      count += graph.type(graph.type_of(graph.edge(e).target())).name != "NoneType";
  });
  return count;
}

// Of the containers that hold the fresh objects, those that the earlier snapshot shows as well, at the same address and of the same type.
void CountOldContainers(HeapImage& earlier, HeapImage& image, const std::vector<NodeId>& fresh, HolderGrowth& growth) {
  const heap::PathTree& paths = image.analysis().paths();
  const heap::Graph &now = image.graph(), &then = earlier.graph();
  std::unordered_map<uint64_t, std::pair<NodeId, uint64_t>> containers;  // by address: how many of the fresh hang there
  for (const NodeId node : fresh) {
    if (!paths.reached(node) || paths.is_start(node)) continue;
    const NodeId container = paths.parent(node);
    if (!image.BornAfter(container, earlier.snapshot().header.epoch))
      ++containers.try_emplace(now.address(container), container, 0).first->second.second;
  }
  for (NodeId node = 0; node < then.node_count() && !containers.empty(); ++node) {
    const auto at = containers.find(then.address(node));
    if (at == containers.end()) continue;
    const auto [container, count] = at->second;
    if (then.type(then.type_of(node)).name != now.type(now.type_of(container)).name) continue;
    const uint64_t before = EntriesOf(then, node), after = EntriesOf(now, container);
    growth.old_grew_by += std::min(count, after - std::min(before, after));  // it may have been filled by others, too
    growth.put_in_old += count;
    containers.erase(at);
  }
}

}  // namespace

bool HolderGrowth::Contradicts() const {
  const auto own_more = static_cast<double>(own_after) - static_cast<double>(own_before);
  // A table of fixed size, each entry of which is replaced in its turn: there are as many as before.
  if (own_more < kAsExpected * static_cast<double>(fresh) &&
      static_cast<double>(put_in_old) >= std::max(kFewExpected, kAsExpected * static_cast<double>(fresh)) &&
      static_cast<double>(old_grew_by) < kHardlyAny * static_cast<double>(put_in_old))
    return true;
  if (claimed >= kFewExpected && own_more < kHardlyAny * claimed && static_cast<double>(more()) < kHardlyAny * claimed)
    return true;
  return expected >= kFewExpected && static_cast<double>(more()) < kHardlyAny * expected;
}

bool HolderGrowth::Confirms() const {
  // What was there before is gone, though more took its place: each time all of it is made anew.
  const bool stayed = static_cast<double>(own_before) < kFewExpected ||
                      static_cast<double>(own_stayed) >= kMostly * static_cast<double>(own_before);
  return stayed && more() >= static_cast<int64_t>(kFewExpected) &&
         static_cast<double>(more()) >= kAsExpected * expected;
}

bool HolderGrowth::AllStayed() const {
  constexpr double kNearlyAll = 0.9;
  return static_cast<double>(own_before) >= kFewExpected &&
         static_cast<double>(own_stayed) >= kNearlyAll * static_cast<double>(own_before);
}

const GrowthWitness::Comparison& GrowthWitness::Compare(HeapImage& image, HeapImage& earlier) {
  const auto [at, added] = comparisons_.try_emplace({&image, &earlier});
  Comparison& comparison = at->second;
  if (!added) return comparison;
  std::vector<std::vector<uint32_t>> places;
  comparison.merged = heap::MergeShapes({&earlier.analysis().shapes(), &image.analysis().shapes()}, &places);
  comparison.place_before = std::move(places[0]);
  comparison.place = std::move(places[1]);
  return comparison;
}

std::optional<HolderGrowth> GrowthWitness::AskOfTheEnd(HeapImage& image, const heap::Pile& pile,
                                                       const std::vector<Suspect>& suspects, const Cluster& cluster,
                                                       Things things) {
  HeapImage* const before = images_.ShortlyBefore(image);
  if (before == images_.Earlier(image)) return std::nullopt;
  return Ask(image, before, pile, suspects, cluster, things);
}

std::optional<HolderGrowth> GrowthWitness::Ask(HeapImage& image, HeapImage* earlier, const heap::Pile& pile,
                                               const std::vector<Suspect>& suspects, const Cluster& cluster,
                                               Things things) {
  if (pile.subjects.empty() || !earlier) return std::nullopt;
  const Comparison& comparison = Compare(image, *earlier);
  const heap::ShapeTree& shapes = image.analysis().shapes();
  const ShapeId shape = MostCommon(shapes, things == Things::kSubjects ? pile.subjects : MembersOf(image, cluster));
  if (shape == heap::kNoShape) return std::nullopt;
  HolderGrowth growth;
  const heap::MergedShape& merged = comparison.merged[comparison.place[shape]];
  growth.before = merged.objects[0];
  growth.after = merged.objects[1];
  const capture::SnapshotHeader& before = earlier->snapshot().header;
  growth.before_ns = before.time_ns;
  growth.after_ns = image.snapshot().header.time_ns;
  // What was born since at the lines of the leak, less what is merely in use: as much as of all their memory.
  const Suspect& main = suspects[cluster.members.front()];
  const double steady =
      main.live.blocks ? std::min(1.0, main.steady_blocks / static_cast<double>(main.live.blocks)) : 0;
  const heap::ShapeTree& shapes_before = earlier->analysis().shapes();
  uint64_t born = 0;
  std::vector<NodeId> fresh;
  for (const size_t member : cluster.members) {
    for (const NodeId node : image.objects(member)) {
      if (shapes.of(node) != shape) continue;
      ++growth.own_after;
      if (!image.BornAfter(node, before.epoch)) {
        ++growth.own_stayed;
        continue;
      }
      ++born;
      fresh.push_back(node);
    }
    for (const NodeId node : earlier->objects(member)) {
      const ShapeId at = shapes_before.of(node);
      growth.own_before += at != heap::kNoShape && comparison.place_before[at] == comparison.place[shape];
    }
  }
  growth.expected = steady * static_cast<double>(born);
  CountOldContainers(*earlier, image, fresh, growth);
  // Containers that came in between are old in the snapshot before the last, if there is one.
  HeapImage* const last = growth.put_in_old * 2 < fresh.size() ? images_.Previous(image) : nullptr;
  if (last && last != earlier) {
    std::erase_if(fresh, [&](NodeId node) { return !image.BornAfter(node, last->snapshot().header.epoch); });
    growth.put_in_old = growth.old_grew_by = 0;
    CountOldContainers(*last, image, fresh, growth);
  }
  growth.fresh = fresh.size();
  growth.claimed = steady * ShareSince(main, process_.GroupOf(before.epoch)) * static_cast<double>(growth.own_after);
  return growth;
}

}  // namespace limpet::diagnose

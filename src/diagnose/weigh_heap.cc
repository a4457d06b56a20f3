#include "diagnose/weigh_heap.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "diagnose/bounded.h"

namespace limpet::diagnose {
namespace {

using heap::NodeId;

constexpr double kMostlyGarbage = 0.5;
constexpr double kHardlyGarbage = 0.2;
constexpr double kSomeOld = 0.2;           // of the garbage: it has outlived a full collection
constexpr uint32_t kEnabled = 1;           // bit of SnapshotHeader::gc_flags
constexpr uint32_t kCollectionsKnown = 2;  // bit of SampleRecord::gc_flags
constexpr uint64_t kFewOfMany =
    20;  // so many objects to each of the things that do not grow: these are full nodes of a tree
constexpr size_t kYoungest = 0, kOldest = 2;  // generations

// Up to which moment everything has surely been looked at by a full collection; 0: there was none. And whether young ones come at all.
struct Collections {
  uint64_t full_ns = 0;
  bool young = false;
};

Collections CollectionsBefore(const capture::Process& process, uint64_t time_ns) {
  Collections found;
  const capture::SampleRecord* last = nullptr;
  for (const capture::SampleRecord& sample : process.samples) {
    if (!(sample.gc_flags & kCollectionsKnown) || sample.time_ns > time_ns) continue;
    if (last) {
      if (sample.gc_collections[kOldest] != last->gc_collections[kOldest]) found.full_ns = last->time_ns;
      const bool lately = sample.time_ns * 2 > time_ns;
      found.young |= lately && sample.gc_collections[kYoungest] != last->gc_collections[kYoungest];
    }
    last = &sample;
  }
  return found;
}

// Whether some garbage is kept by references that no tp_traverse tells of: the collector takes their targets for held, and never frees
// them. That is so for an object that it does not track, and for references that were found by value in memory of an unknown type.
bool HasBlindReferences(const heap::Graph& graph, const heap::PathTree& paths) {
  const auto is_garbage_container = [&](NodeId node) {
    return !paths.reached(node) && graph.type(graph.type_of(node)).gc();
  };
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (paths.reached(node)) continue;
    const bool tracked = graph.type(graph.type_of(node)).gc();
    bool blind = false;
    graph.ForEachRun(node, [&](const heap::Run& run, heap::EdgeIndex first, heap::EdgeIndex last) {
      if ((tracked && run.strength != heap::RefStrength::kMaybe) || run.kind == heap::RefKind::kType) return;
      for (heap::EdgeIndex e = first; e < last && !blind; ++e)
        blind = graph.edge(e).holds() && is_garbage_container(graph.edge(e).target());
    });
    if (blind) return true;
  }
  return false;
}

// Whether the objects pile up in the cache in which the interpreter keeps the names of attributes that were looked up on types.
bool InAttributeCache(const heap::Graph& graph, const heap::Pile& pile) {
  if (pile.container == heap::kNoNode || !graph.type(graph.type_of(pile.container)).root()) return false;
  std::unordered_set<NodeId> names;
  graph.ForEachRun(pile.container, [&](const heap::Run& run, heap::EdgeIndex first, heap::EdgeIndex last) {
    if (!heap::HasName(run.kind) || graph.name(run.label) != "attribute cache") return;
    for (heap::EdgeIndex e = first; e < last; ++e) names.insert(graph.edge(e).target());
  });
  const auto there =
      std::count_if(pile.held.begin(), pile.held.end(), [&](NodeId node) { return names.contains(node); });
  return static_cast<size_t>(there) * 2 > pile.held.size();
}

// Whether the collection in which the interpreter's end begins left these blocks alone. Of garbage that merely waits it frees nearly all;
// cycles of which a type does not tell the collector everything stay for ever.
bool OutliveLastCollection(const capture::Process& process, const std::vector<Suspect>& suspects,
                           const Cluster& cluster) {
  constexpr double kNearlyAll = 0.8;
  constexpr uint64_t kLeastBlocks = 20;
  if (!process.final.valid || process.state != capture::State::kFinished) return false;
  uint64_t before = 0, after = 0;
  for (const size_t member : cluster.members) {
    if (suspects[member].as_of != AsOf::kFinalize) return false;
    before += suspects[member].live.blocks;
    after += suspects[member].end_live.blocks;
  }
  return before >= kLeastBlocks && static_cast<double>(after) >= kNearlyAll * static_cast<double>(before);
}

std::string When(uint64_t time_ns) { return base::FormatDuration(time_ns); }

}  // namespace

bool AwaitCollection(const capture::Process& process, HeapImage& image, std::span<const NodeId> garbage) {
  const capture::SnapshotHeader& header = image.snapshot().header;
  if (!(header.gc_flags & kEnabled) || garbage.empty()) return false;
  const Collections collections = CollectionsBefore(process, header.time_ns);
  if (!collections.young || HasBlindReferences(image.graph(), image.analysis().paths())) return false;
  if (collections.full_ns == 0) return true;
  size_t old = 0;
  for (const NodeId node : garbage) {
    const std::optional<capture::GroupId> group = image.BornIn(node);
    old += group && process.groups[group->value].end_ns < collections.full_ns;
  }
  return static_cast<double>(old) < kSomeOld * static_cast<double>(garbage.size());
}

namespace {

// Dead dicts and lists are handed on: what little stays of a line that drops nearly all of its own are parts of things from other lines. If
// those have been found to be no leak, neither are their parts.
std::optional<HeapVerdict> WeighAsParts(const ClusterObjects& objects, const std::vector<Suspect>& suspects,
                                        const Cluster& cluster) {
  constexpr double kSeldom = 0.05, kMostly = 0.6;
  for (const size_t member : cluster.members) {
    if (suspects[member].line_survival >= kSeldom) return std::nullopt;
  }
  const uint64_t live = suspects[cluster.members.front()].live.blocks;
  size_t of_dismissed = 0;
  std::optional<Reason> reason;
  for (const NodeId subject : objects.pile.subjects) {
    const std::optional<size_t> maker = objects.image->SuspectOf(subject);
    if (!maker || suspects[*maker].signal != Signal::kNone || suspects[*maker].live.blocks < live) continue;
    const Reason why = suspects[*maker].reason;
    if (why != Reason::kBounded && why != Reason::kWarmUp && why != Reason::kFlushed) continue;
    ++of_dismissed;
    reason = why;
  }
  if (!reason || static_cast<double>(of_dismissed) < kMostly * static_cast<double>(objects.pile.subjects.size()))
    return std::nullopt;
  HeapVerdict verdict;
  verdict.dismissed = reason;
  verdict.sentence = "nearly all that is made here dies; the rest are parts of things from lines that do not leak";
  return verdict;
}

// Of what nobody holds.
HeapVerdict WeighGarbage(const capture::Process& process, const ClusterObjects& objects,
                         const std::vector<Suspect>& suspects, const Cluster& cluster) {
  HeapVerdict verdict;
  const heap::PathTree& paths = objects.image->analysis().paths();
  std::vector<NodeId> garbage;
  std::copy_if(objects.objects.nodes.begin(), objects.objects.nodes.end(), std::back_inserter(garbage),
               [&](NodeId node) { return !paths.reached(node); });
  if (OutliveLastCollection(process, suspects, cluster)) {
    verdict.confirmed = verdict.uncollectable = true;
    verdict.sentence = "the full collection at the interpreter's end did not free them";
    return verdict;
  }
  if (!AwaitCollection(process, *objects.image, garbage)) return verdict;
  verdict.dismissed = Reason::kDeferred;
  verdict.sentence = fmt::format(
      "{} objects wait for the collector: they are garbage in cycles, and none has outlived a full collection",
      base::FormatCount(garbage.size()));
  return verdict;
}

// Of where they are held, if that has a bound.
std::optional<HeapVerdict> WeighBound(const ClusterObjects& objects, const std::vector<Suspect>& suspects,
                                      const Cluster& cluster) {
  HeapVerdict verdict;
  verdict.dismissed = Reason::kBounded;
  if (InAttributeCache(objects.image->graph(), objects.pile)) {
    verdict.sentence = "names in the interpreter's cache of attributes, which has room for 4096";
    return verdict;
  }
  const std::optional<Bound> bound = BoundOf(objects.image->graph(), objects.objects.container);
  if (!bound) return std::nullopt;
  uint64_t bytes = 0;
  for (const size_t member : cluster.members) bytes += suspects[member].live.bytes;
  if (!WillHold(*bound, bytes)) return std::nullopt;
  verdict.sentence = fmt::format("held by {}, which has {} entries", bound->what, base::FormatCount(bound->entries));
  return verdict;
}

// Of how many there are in this snapshot and in older ones.
HeapVerdict WeighGrowth(GrowthWitness& witness, const ClusterObjects& objects, const std::vector<Suspect>& suspects,
                        const Cluster& cluster) {
  HeapVerdict verdict;
  Things things = Things::kSubjects;
  std::optional<HolderGrowth> growth = witness.Ask(*objects.image, objects.pile, suspects, cluster);
  if (!growth) return verdict;
  if (growth->Contradicts() && growth->after * kFewOfMany < objects.objects.nodes.size()) {
    const auto members = witness.Ask(*objects.image, objects.pile, suspects, cluster, Things::kMembers);
    if (members && members->Confirms()) {
      things = Things::kMembers;
      growth = members;
      verdict.members_grow = true;
    }
  }
  const auto figures = [](const HolderGrowth& of) {
    return fmt::format("{} held there after {}, {} after {}", base::FormatCount(of.before), When(of.before_ns),
                       base::FormatCount(of.after), When(of.after_ns));
  };
  if (growth->Contradicts()) {
    verdict.dismissed = Reason::kBounded;
    verdict.sentence = figures(*growth) + ": what holds them does not grow";
    return verdict;
  }
  if (!growth->Confirms() || objects.pile.garbage >= kHardlyGarbage) {
    verdict.unclear = true;
    return verdict;
  }
  const std::optional<HolderGrowth> lately =
      witness.AskOfTheEnd(*objects.image, objects.pile, suspects, cluster, things);
  if (lately && lately->Contradicts()) {
    verdict.dismissed = Reason::kBounded;
    verdict.sentence = figures(*lately) + ": what holds them does not grow any more";
    return verdict;
  }
  verdict.confirmed = true;
  verdict.goes_on = lately && lately->Confirms();
  verdict.all_stayed = verdict.goes_on && growth->AllStayed();
  verdict.sentence = figures(*growth);
  return verdict;
}

HeapVerdict WeighObjects(const capture::Process& process, GrowthWitness& witness, const ClusterObjects& objects,
                         const std::vector<Suspect>& suspects, const Cluster& cluster) {
  if (!objects.image || objects.objects.nodes.empty() || objects.objects.blocks) return {};
  if (objects.pile.garbage > kMostlyGarbage) return WeighGarbage(process, objects, suspects, cluster);
  if (const std::optional<HeapVerdict> bounded = WeighBound(objects, suspects, cluster)) return *bounded;
  if (const std::optional<HeapVerdict> theirs = WeighAsParts(objects, suspects, cluster)) return *theirs;
  return WeighGrowth(witness, objects, suspects, cluster);
}

}  // namespace

HeapVerdict WeighHeap(const capture::Process& process, GrowthWitness& witness, const ClusterObjects& objects,
                      const std::vector<Suspect>& suspects, const Cluster& cluster) {
  HeapVerdict verdict = WeighObjects(process, witness, objects, suspects, cluster);
  const bool by_others = verdict.dismissed || (verdict.unclear && suspects[cluster.members.front()].mostly_native);
  if (!by_others || !SeesTooLittle(objects)) return verdict;
  verdict = {};
  verdict.of_others = true;
  return verdict;
}

}  // namespace limpet::diagnose

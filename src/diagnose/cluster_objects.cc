#include "diagnose/cluster_objects.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace limpet::diagnose {

namespace {

bool IsOneOf(const heap::Graph& graph, heap::NodeId node, std::span<const std::string_view> types) {
  return std::find(types.begin(), types.end(), graph.type(graph.type_of(node)).name) != types.end();
}

}  // namespace

bool IsRecycled(const heap::Graph& graph, heap::NodeId node) {
  static constexpr std::string_view kTypes[] = {"float", "int",   "complex", "list",  "dict",
                                                "tuple", "slice", "method",  "range", "range_iterator"};
  return IsOneOf(graph, node, kTypes);
}

bool IsPlain(const heap::Graph& graph, heap::NodeId node) {
  static constexpr std::string_view kTypes[] = {"int", "float", "str", "bytes"};
  return IsOneOf(graph, node, kTypes);
}

namespace {

using heap::NodeId;

// What lies at lines of native memory and of raw blocks was handed on by free lists: it is no part of that memory. Raw blocks that grow
// beside objects, or that are seen to be storage, are part of objects.
// (Where there is nothing but such memory: see BlocksOf.)
std::vector<size_t> ObjectMembers(HeapImage* image, const std::vector<Suspect>& suspects, const Cluster& cluster) {
  const bool any = std::any_of(cluster.members.begin(), cluster.members.end(), [&](size_t member) {
    const Kind kind = suspects[member].kind;
    return kind == Kind::kPythonObject || (kind == Kind::kRawBlock && image && image->IsStorage(member));
  });
  std::vector<size_t> members;
  for (const size_t member : cluster.members) {
    if (any && suspects[member].kind != Kind::kNative) members.push_back(member);
  }
  return members;
}

// Whether most of what piles up in a dict are the keys of its entries: numbers and names. (An object that is kept as a key, or as part of
// one, is kept all the same.)
bool AreKeys(const heap::Graph& graph, const heap::Pile& pile) {
  if (pile.container == heap::kNoNode || pile.held.empty()) return false;
  std::unordered_set<NodeId> keys;
  graph.ForEachRun(pile.container, [&](const heap::Run& run, heap::EdgeIndex first, heap::EdgeIndex last) {
    if (run.kind != heap::RefKind::kKey) return;
    for (heap::EdgeIndex e = first; e < last; e += 2) keys.insert(graph.edge(e).target());  // and their values
  });
  const auto count = std::count_if(pile.held.begin(), pile.held.end(),
                                   [&](NodeId node) { return IsPlain(graph, node) && keys.contains(node); });
  return static_cast<size_t>(count) * 2 > pile.held.size();
}

// Before objects are gathered, and after.
ClusterObjects Begin(HeapImage& image) {
  ClusterObjects found;
  found.image = &image;
  found.objects.image = &image;
  return found;
}
void SortAndWeigh(ClusterObjects& found) {
  std::sort(found.objects.nodes.begin(), found.objects.nodes.end());
  for (const NodeId node : found.objects.nodes) found.bytes += found.image->graph().size(node);
}
void FindPlace(ClusterObjects& found) {
  found.pile = heap::FindPile(found.image->analysis(), found.objects.nodes);
  found.objects.container = found.image->OwnerOf(found.pile.container);
  found.objects.keys = AreKeys(found.image->graph(), found.pile);
}

ClusterObjects ObjectsIn(HeapImage& image, const std::vector<Suspect>& suspects, const std::vector<size_t>& members) {
  ClusterObjects found = Begin(image);
  std::vector<NodeId>& nodes = found.objects.nodes;
  for (const size_t member : members) {
    const std::vector<NodeId>& more = image.objects(member);
    nodes.insert(nodes.end(), more.begin(), more.end());
    if (suspects[member].line_survival >= kRecycled) continue;
    std::copy_if(more.begin(), more.end(), std::back_inserter(found.objects.lent),
                 [&](NodeId node) { return IsRecycled(image.graph(), node); });
  }
  std::sort(found.objects.lent.begin(), found.objects.lent.end());
  SortAndWeigh(found);
  FindPlace(found);
  return found;
}

// The memory of C code that grows at lines where no objects do: enough of it, hanging on objects, to tell who holds the rest.
ClusterObjects BlocksOf(HeapImage& image, const std::vector<Suspect>& suspects, const Cluster& cluster) {
  constexpr uint64_t kOneIn = 2;
  ClusterObjects found = Begin(image);
  found.objects.blocks = true;
  uint64_t live = 0;
  for (const size_t member : cluster.members) {
    live += suspects[member].live.bytes;
    for (const NodeId block : image.blocks(member)) {
      if (image.HolderOfBlock(block) != heap::kNoNode) found.objects.nodes.push_back(block);
    }
  }
  SortAndWeigh(found);
  if (found.bytes * kOneIn < live) return {};
  FindPlace(found);
  return found;
}

// Objects that were made at the same lines and own nearly all of that memory: parsed documents, contexts, compressors. What is kept is
// them.
ClusterObjects OwnersOf(HeapImage& image, const std::vector<Suspect>& suspects, const Cluster& cluster) {
  constexpr double kNearlyAll = 0.8;
  constexpr size_t kLeastOwners = 8;
  std::vector<NodeId> made;
  uint64_t live = 0, owned = 0;
  for (const size_t member : cluster.members) {
    const std::vector<NodeId>& objects = image.objects(member);
    made.insert(made.end(), objects.begin(), objects.end());
    live += suspects[member].live.bytes;
  }
  std::sort(made.begin(), made.end());
  ClusterObjects found = Begin(image);
  for (const size_t member : cluster.members) {
    for (const NodeId block : image.blocks(member)) {
      const NodeId owner = image.HolderOfBlock(block);
      if (owner == heap::kNoNode || !std::binary_search(made.begin(), made.end(), owner)) continue;
      owned += image.graph().size(block);
      found.objects.nodes.push_back(owner);
    }
  }
  std::vector<NodeId>& owners = found.objects.nodes;
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  if (owners.size() < kLeastOwners || static_cast<double>(owned) < kNearlyAll * static_cast<double>(live)) return {};
  found.owners = true;
  found.bytes = owned;
  FindPlace(found);
  return found;
}

// What nobody holds when the program ends may have been let go of in ending: with the variables of the main function, or by what was
// registered for the exit.
bool IsGarbage(const ClusterObjects& objects) {
  constexpr double kMostly = 0.5;
  return objects.pile.garbage > kMostly;
}

// Somebody held the same line's objects while the program ran, which garbage that waits for the collector has been all along. How many of
// them there were by then is a matter of when the snapshot was taken.
bool WereHeldBefore(const ClusterObjects& before, const ClusterObjects& later) {
  constexpr double kHardly = 0.2;
  constexpr size_t kLeast = 20, kOneIn = 5;
  const uint32_t epoch = before.image->snapshot().header.epoch;
  const std::vector<NodeId>& nodes = later.objects.nodes;
  const auto stayed = static_cast<size_t>(
      std::count_if(nodes.begin(), nodes.end(), [&](NodeId node) { return !later.image->BornAfter(node, epoch); }));
  const size_t count = before.objects.nodes.size();
  return before.pile.garbage < kHardly && count >= kLeast && stayed >= kLeast && count * kOneIn >= stayed;
}

// What one snapshot after the other, the newest first, shows of a cluster, until one shows it held.
ClusterObjects LookBack(HeapImages& images, const std::vector<Suspect>& suspects, const std::vector<size_t>& members) {
  // What had gone when the program ended, or was let go of, is seen in an older one.
  constexpr size_t kMostImages = 2, kMostOfWhatWent = 6;
  const bool went =
      std::any_of(members.begin(), members.end(), [&](size_t member) { return suspects[member].as_of == AsOf::kPeak; });
  ClusterObjects found;
  bool shown = false;  // and garbage
  for (size_t n = 0; n < kMostOfWhatWent && (n < kMostImages || went || shown); ++n) {
    HeapImage* const image = images.Newest(n);
    if (!image) break;
    const bool shows = image->Shows(members);
    if (found.image && !shows && !shown) continue;
    ClusterObjects objects = ObjectsIn(*image, suspects, members);
    if (shown && !WereHeldBefore(objects, found)) continue;
    found = std::move(objects);
    if (shows && !IsGarbage(found)) break;
    shown = shows;
  }
  return found;
}

}  // namespace

std::vector<ClusterObjects> FindClusterObjects(HeapImages& images, const std::vector<Suspect>& suspects,
                                               const std::vector<Cluster>& clusters) {
  std::vector<ClusterObjects> found(clusters.size());
  for (size_t i = 0; i < clusters.size(); ++i) {
    const std::vector<size_t> members = ObjectMembers(images.Newest(), suspects, clusters[i]);
    if (!members.empty()) {
      found[i] = LookBack(images, suspects, members);
      found[i].owners = std::none_of(members.begin(), members.end(),
                                     [&](size_t member) { return suspects[member].kind == Kind::kPythonObject; });
    } else if (images.Newest()) {
      found[i] = OwnersOf(*images.Newest(), suspects, clusters[i]);
      if (!found[i].owners) found[i] = BlocksOf(*images.Newest(), suspects, clusters[i]);
    }
    if (found[i].image) found[i].expected = found[i].image->LiveBefore(clusters[i].members);
  }
  return found;
}

void ClusterObjects::Forget() {
  objects.nodes.clear();
  objects.container = heap::kNoNode;
}

bool SeesTooLittle(const ClusterObjects& objects) {
  constexpr double kLeastShare = 0.15;
  return static_cast<double>(objects.bytes) < kLeastShare * static_cast<double>(objects.expected.bytes);
}

}  // namespace limpet::diagnose

#include "diagnose/swollen.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "heap/naming.h"

namespace limpet::diagnose {
namespace {

using heap::Graph;
using heap::NodeId;

constexpr double kMost = 0.8;       // share of the line's live bytes that the object is
constexpr double kWithCopy = 0.45;  // the same while the old and the new one are both there, as at the peak
constexpr uint64_t kFew = 16;       // blocks: what is made on the way to the new one
constexpr double kSameSize = 0.02;  // storage and the object that owns it differ by a header
constexpr double kGrown = 1.25;     // since about half as long after the start
constexpr double kStood = 1.02;
constexpr uint64_t kWorth = 100'000;  // bytes; less may be any list that was last filled a little more
constexpr size_t kMostLookedAt = 64;  // objects of the earlier snapshot, largest first

// The largest of the cluster's own, where it is at least `share` of `bytes`.
NodeId LargestOf(const Graph& graph, std::span<const NodeId> own, uint64_t bytes, double share) {
  const auto largest =
      std::max_element(own.begin(), own.end(), [&](NodeId a, NodeId b) { return graph.size(a) < graph.size(b); });
  const bool enough =
      largest != own.end() && static_cast<double>(graph.size(*largest)) >= share * static_cast<double>(bytes);
  return enough ? *largest : heap::kNoNode;
}

// Any object whose size is the one of the live storage.
NodeId SizedLike(const Graph& graph, double wanted) {
  NodeId best = heap::kNoNode;
  double least = kSameSize * wanted + 128;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    const double off = std::abs(static_cast<double>(graph.size(node)) - wanted);
    if (off < least) {
      least = off;
      best = node;
    }
  }
  return best;
}

// The object of nearly `bytes`: the cluster's own, else any.
NodeId ObjectOf(const Graph& graph, std::span<const NodeId> own, uint64_t bytes) {
  const NodeId largest = LargestOf(graph, own, bytes, kMost);
  return largest != heap::kNoNode ? largest : SizedLike(graph, static_cast<double>(bytes));
}

// What leads to the object; "": nothing does.
std::string WayTo(heap::Analysis& analysis, NodeId node) {
  if (!analysis.paths().reached(node)) return "";
  const std::vector<heap::EdgeIndex> path = analysis.paths().To(node);
  const Graph& graph = analysis.graph();
  const NodeId start = path.empty() ? node : graph.Source(path.front());
  return heap::PathLine(graph, heap::NamePath(graph, start, path));
}

// The size of what `way` leads to.
uint64_t SizeAt(HeapImage& image, const std::string& way, const std::string& type, uint64_t least) {
  const Graph& graph = image.graph();
  std::vector<NodeId> nodes;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (graph.size(node) >= least && graph.type(graph.type_of(node)).name == type) nodes.push_back(node);
  }
  std::sort(nodes.begin(), nodes.end(), [&](NodeId a, NodeId b) { return graph.size(a) > graph.size(b); });
  if (nodes.size() > kMostLookedAt) nodes.resize(kMostLookedAt);
  for (const NodeId node : nodes) {
    if (WayTo(image.analysis(), node) == way) return graph.size(node);
  }
  return 0;
}

}  // namespace

bool Swollen::Grows() const {
  return compared && static_cast<double>(after_bytes) >= kGrown * static_cast<double>(before_bytes);
}

bool Swollen::StandsStill() const {
  return compared && before_bytes != 0 &&
         static_cast<double>(after_bytes) <= kStood * static_cast<double>(before_bytes);
}

void TakeSwollen(const Swollen& swollen, ClusterObjects& objects) {
  objects.image = swollen.image;
  objects.objects.image = swollen.image;
  objects.objects.nodes = {swollen.owner};
  objects.bytes = swollen.after_bytes;
  objects.subject = swollen.owner;
  objects.pile = {};
}

HeapVerdict WeighSwollen(const Swollen& swollen, const Suspect& suspect) {
  HeapVerdict verdict;
  const auto size_at = [](uint64_t bytes, uint64_t time_ns) {
    return fmt::format("{} after {}", base::FormatBytes(bytes), base::FormatDuration(time_ns));
  };
  const std::string figures = fmt::format("{}: {}, {}", swollen.way, size_at(swollen.before_bytes, swollen.before_ns),
                                          size_at(swollen.after_bytes, swollen.after_ns));
  if (swollen.StandsStill()) {
    verdict.dismissed = Reason::kBounded;
    verdict.sentence = figures + ": it does not grow";
  } else if (swollen.Grows() && swollen.lasting && suspect.live.bytes >= kWorth) {
    verdict.confirmed = true;
    verdict.sentence = figures;
  }
  return verdict;
}

std::optional<Swollen> FindSwollen(HeapImages& images, const std::vector<Suspect>& suspects, const Cluster& cluster,
                                   std::span<const NodeId> objects) {
  const bool swells = std::all_of(cluster.members.begin(), cluster.members.end(),
                                  [&](size_t member) { return suspects[member].signal == Signal::kSwelling; });
  HeapImage* const image = images.Newest();
  if (!swells || !image) return std::nullopt;
  const Suspect& main = suspects[cluster.members.front()];
  const uint64_t bytes = main.live.bytes;
  Swollen found;
  found.image = image;
  if (main.live.blocks == 1 || main.swelling.among_small) {
    found.node = ObjectOf(image->graph(), objects, bytes);
  } else if (main.live.blocks <= kFew) {
    found.node = LargestOf(image->graph(), objects, bytes, kWithCopy);
    if (found.node == heap::kNoNode && main.swelling.latest_bytes >= kWorth)
      found.node = SizedLike(image->graph(), static_cast<double>(main.swelling.latest_bytes));
  }
  if (found.node == heap::kNoNode) return std::nullopt;
  found.owner = image->IsBlock(found.node) ? image->HolderOfBlock(found.node) : found.node;
  if (found.owner == heap::kNoNode || image->IsBlock(found.owner)) return std::nullopt;
  found.way = WayTo(image->analysis(), found.node);
  found.lasting = found.way.starts_with("module ") || found.way.starts_with("class ");
  found.after_bytes = image->graph().size(found.node);
  found.after_ns = image->snapshot().header.time_ns;
  if (HeapImage* const earlier = found.way.empty() ? nullptr : images.Earlier(*image)) {
    const std::string& type = image->graph().type(image->graph().type_of(found.node)).name;
    found.compared = true;
    found.before_ns = earlier->snapshot().header.time_ns;
    found.before_bytes = SizeAt(*earlier, found.way, type, found.after_bytes / 64);
  }
  return found;
}

}  // namespace limpet::diagnose

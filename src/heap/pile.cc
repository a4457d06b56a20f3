#include "heap/pile.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "heap/sample.h"

namespace limpet::heap {
namespace {

constexpr size_t kMostSampled = 500;
constexpr size_t kLongestWay = 20'000;  // a linked list is looked into so far

struct SampledWay {
  NodeId member;
  NodeId start;
  std::vector<EdgeIndex> path;
};

// The first object from `depth` on along the way that is no by-product; where there is none, the first one.
NodeId SubjectOf(const Graph& graph, const SampledWay& way, size_t depth) {
  for (size_t i = depth; i < way.path.size(); ++i) {
    const NodeId node = graph.edge(way.path[i]).target();
    if (!IsByProduct(graph.type(graph.type_of(node)))) return node;
  }
  return graph.edge(way.path[depth]).target();
}

// Ways to members from everywhere in the group; those that nothing holds are left out, and counted.
std::vector<SampledWay> SampleWays(Analysis& analysis, std::span<const NodeId> group, size_t* tried) {
  const Graph& graph = analysis.graph();
  const PathTree& paths = analysis.paths();
  std::vector<SampledWay> ways;
  const std::vector<NodeId> sample = SampleOf(group, kMostSampled);
  for (const NodeId member : sample) {
    if (!paths.reached(member)) continue;
    SampledWay way{member, member, paths.To(member)};
    if (way.path.size() > kLongestWay) way.path.resize(kLongestWay);
    if (!way.path.empty()) way.start = graph.Source(way.path.front());
    ways.push_back(std::move(way));
  }
  *tried = sample.size();
  return ways;
}

// Keeps the ways that take the most common turn, if these are more than `least`. False: they part here.
template <class Turn>
bool FollowMost(std::vector<SampledWay>& ways, double least, Turn turn) {
  std::unordered_map<uint64_t, size_t> count;
  uint64_t best = 0;
  size_t most = 0;
  for (const SampledWay& way : ways) {
    const uint64_t to = turn(way);
    if (to == UINT64_MAX) continue;
    const size_t now = ++count[to];
    if (now > most) {
      most = now;
      best = to;
    }
  }
  if (double(most) <= least) return false;
  std::erase_if(ways, [&](const SampledWay& way) { return turn(way) != best; });
  return true;
}

}  // namespace

std::vector<NodeId> MembersIn(Analysis& analysis, NodeId container, std::span<const NodeId> group) {
  // In the order of the search each object comes after the one before it on its way: one pass marks all that is behind the container.
  const PathTree& paths = analysis.paths();
  Bits behind(analysis.graph().node_count());
  for (const NodeId node : paths.order()) {
    if (!paths.is_start(node) && (paths.parent(node) == container || behind[paths.parent(node)])) behind.Set(node);
  }
  std::vector<NodeId> members;
  std::copy_if(group.begin(), group.end(), std::back_inserter(members), [&](NodeId node) { return behind[node]; });
  return members;
}

bool IsByProduct(const Type& type) {
  static const std::unordered_set<std::string_view> kNames = {
      "dict", "list", "tuple", "set", "frozenset", "cell", "method", "builtin_function_or_method", "method-wrapper",
      "weakref", "weakref.ReferenceType", "weakref.KeyedRef", "weakref.WeakMethod", "weakproxy", "weakref.ProxyType",
      "mappingproxy", "functools._lru_list_elem", "collections.OrderedDict", "collections.deque",
      "collections.defaultdict", "OrderedDict", "frame", "traceback",  // of an exception
      "itertools._tee", "itertools._tee_dataobject", "_queue.SimpleQueue", "hamt", "hamt_bitmap_node",
      "hamt_array_node", "hamt_collision_node", "items",
      // views of memory, and what passes a call or the next item of something on
      "memoryview", "managedbuffer", "functools.partial", "staticmethod", "classmethod", "list_iterator",
      "tuple_iterator", "dict_keyiterator", "dict_valueiterator", "dict_itemiterator", "set_iterator", "dict_keys",
      "dict_values", "dict_items", "map", "filter", "zip", "enumerate", "reversed", "iterator"};
  return kNames.contains(type.name);
}

Pile FindPile(Analysis& analysis, std::span<const NodeId> group, double mostly) {
  Pile pile;
  if (group.empty()) return pile;
  const Graph& graph = analysis.graph();
  size_t tried = 0;
  std::vector<SampledWay> ways = SampleWays(analysis, group, &tried);
  pile.garbage = 1 - double(ways.size()) / double(tried);
  const double least = mostly * double(tried);
  if (!FollowMost(ways, least, [](const SampledWay& way) { return uint64_t{way.start}; })) return pile;
  size_t depth = 0;
  const auto turn = [&](const SampledWay& way) {
    return depth < way.path.size() ? uint64_t{way.path[depth]} : UINT64_MAX;
  };
  while (FollowMost(ways, least, turn)) ++depth;
  std::erase_if(ways, [&](const SampledWay& way) { return way.path.size() <= depth; });  // the container itself
  if (ways.empty()) return pile;
  pile.container = graph.Source(ways.front().path[depth]);
  pile.share = double(ways.size()) / double(tried);
  for (const SampledWay& way : ways) {
    pile.held.push_back(graph.edge(way.path[depth]).target());
    pile.members.push_back(way.member);
    pile.subjects.push_back(SubjectOf(graph, way, depth));
  }
  return pile;
}

}  // namespace limpet::heap

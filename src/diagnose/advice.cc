#include "diagnose/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "diagnose/bounded.h"
#include "heap/pile.h"

namespace limpet::diagnose {
namespace {

using heap::EdgeIndex;
using heap::Graph;
using heap::NodeId;

const std::string& TypeOf(const Graph& graph, NodeId node) { return graph.type(graph.type_of(node)).name; }

// The objects of the way, the start included.
std::vector<NodeId> NodesOf(const Graph& graph, const heap::Way& way) {
  std::vector<NodeId> nodes = {way.start};
  for (const EdgeIndex edge : way.path) nodes.push_back(graph.edge(edge).target());
  return nodes;
}

bool IsTask(std::string_view type) {
  return type.ends_with(".Task") || type.ends_with(".Future") || type == "Task" || type == "Future";
}

// The object that the reference `name` of a node leads to, attributes in its dict included; None counts as nothing.
bool HasValue(const Graph& graph, NodeId node, std::string_view name) {
  bool found = false;
  graph.ForEachRun(node, [&](const heap::Run& run, EdgeIndex first, EdgeIndex) {
    if (!heap::HasName(run.kind) || graph.name(run.label) != name) return;
    found |= TypeOf(graph, graph.edge(first).target()) != "NoneType";
  });
  return found;
}

// A result or an exception is only there once the task is done.
bool IsFinished(const Graph& graph, NodeId task) {
  static constexpr std::array<std::string_view, 3> kNames = {"_result", "_exception", "cancelled_exc"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) { return HasValue(graph, task, name); });
}

// Built-in values cannot be referred to weakly; instances of classes made in Python can, as a rule.
bool MayBeWeak(const Graph& graph, NodeId node) {
  const heap::Type& type = graph.type(graph.type_of(node));
  return type.heap() && type.name.find('.') != std::string::npos && !heap::IsByProduct(type);
}

// Whether a field of this name is on the way.
bool LeadsThrough(const Graph& graph, const heap::Way& way, std::string_view field) {
  return std::any_of(way.path.begin(), way.path.end(), [&](EdgeIndex edge) {
    const heap::EdgeLabel label = graph.Label(graph.Source(edge), edge);
    return label.kind == heap::RefKind::kField && graph.name(label.argument) == field;
  });
}

// The function whose results the container holds, if it is the dict of a functools.cache (which has no bound, and no list of its own).
std::optional<NodeId> CachedFunction(const Graph& graph, std::span<const NodeId> nodes, NodeId container) {
  const auto at = std::find(nodes.begin(), nodes.end(), container);
  if (at == nodes.begin() || at == nodes.end() || TypeOf(graph, at[-1]) != kLruCache) return std::nullopt;
  if (!IsTableOf(graph, at[-1], container)) return std::nullopt;
  return at[-1];
}

// What a person does to a container, by its type and by what it holds.
std::string Means(const Graph& graph, NodeId container, NodeId held, bool as_key, const std::string& holder) {
  const std::string& type = TypeOf(graph, container);
  const std::string& value = TypeOf(graph, held);
  if (const std::optional<Bound> bound = BoundOf(graph, container)) {
    return fmt::format("{} is bounded by {} entries: lower that if it is too much", holder,
                       base::FormatCount(bound->most));
  }
  if (type == kLruCache) {
    return fmt::format("bound the cache of {} (functools.lru_cache(maxsize=...)); on a method it also keeps every self",
                       holder);
  }
  if (value == "method") {
    return fmt::format("take the listener out of {} when its object is done with, or keep a weakref.WeakMethod there",
                       holder);
  }
  if (IsTask(value)) {
    return fmt::format("take tasks out of {} when they are done: task.add_done_callback(...discard)", holder);
  }
  // A weak container forgets what nobody else holds: right for a register of what is in use, wrong for a store or a queue.
  const bool weak = MayBeWeak(graph, held);
  if (type == "collections.deque" || type == "deque")
    return fmt::format("take items out of {}, or give it a maxlen", holder);
  if (type == "dict" || type.ends_with("Dict") || type.ends_with("defaultdict")) {
    if (!weak) return fmt::format("remove entries of {} when they are done with, or bound it (maxsize, age)", holder);
    return fmt::format(
        "remove entries of {} when they are done with, or bound it; where others hold what is in use, make it a "
        "weakref.Weak{}Dictionary",
        holder, as_key ? "Key" : "Value");
  }
  if (type == "set") {
    return fmt::format("remove elements of {} when they are done with{}", holder,
                       weak ? "; where others hold what is in use, make it a weakref.WeakSet" : "");
  }
  return fmt::format("remove what {} holds when it is done with, or bound it", holder);
}

}  // namespace

std::string AdviceFor(const Graph& graph, const heap::Holding& holding) {
  const heap::Way& way = holding.ways.front();
  if (LeadsThrough(graph, way, "atexit callbacks")) {
    return "atexit.unregister the function when its object is done with, or register one function for all of them: "
           "what is registered stays until the program ends";
  }
  if (!way.cut_part || holding.freed_group == 0 || way.cut.empty()) return "";
  const std::vector<heap::PathPart> before(way.parts.begin(),
                                           way.parts.begin() + static_cast<std::ptrdiff_t>(*way.cut_part));
  const std::string holder = before.empty() ? std::string("the root") : heap::PathLine(graph, before);
  const std::string frees = fmt::format("; that frees {}", base::FormatBytes(holding.freed_bytes));
  const std::vector<NodeId> nodes = NodesOf(graph, way);
  const auto exception =
      std::find_if(nodes.begin(), nodes.end(), [&](NodeId node) { return TypeOf(graph, node) == "traceback"; });
  std::string means;
  if (way.cut.size() > 1) {
    NodeId container = graph.Source(way.cut.front());
    std::string told = holder;
    if (const std::optional<NodeId> function = CachedFunction(graph, nodes, container); function && before.size() > 1) {
      container = *function;
      told = heap::PathLine(graph, {before.data(), before.size() - 1});
    }
    const bool as_key = graph.Label(graph.Source(way.cut.back()), way.cut.back()).kind == heap::RefKind::kKey;
    means = Means(graph, container, graph.edge(way.cut.back()).target(), as_key, told);
  } else {
    const std::string cut = heap::PathLine(graph, {way.parts.data(), *way.cut_part + 1});
    const heap::EdgeLabel label = graph.Label(graph.Source(way.cut.front()), way.cut.front());
    means = label.kind == heap::RefKind::kLocal
                ? fmt::format("del {} as soon as it is done with, or let the function return", cut)
                : fmt::format("let go of {}", cut);
  }
  if (exception != nodes.end())
    means += " (kept by a traceback: del the exception, or traceback.clear_frames(e.__traceback__))";
  return means + frees;
}

std::vector<std::string> DeadOnTheWay(const Graph& graph, const heap::Way& way) {
  std::vector<std::string> sentences;
  const std::vector<NodeId> nodes = NodesOf(graph, way);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string& type = TypeOf(graph, nodes[i]);
    if (IsTask(type) && IsFinished(graph, nodes[i])) {
      sentences.push_back(
          fmt::format("{} on the way has finished: nothing waits for it any more", heap::ShortTypeName(type)));
    } else if (type == "traceback" && i + 1 < nodes.size() && TypeOf(graph, nodes[i + 1]) == "frame") {
      sentences.push_back(
          "a traceback keeps the frames of functions that have returned, with all their local variables");
    } else if (type == "generator" || type == "coroutine" || type == "async_generator") {
      sentences.push_back(
          fmt::format("{} {} on the way is suspended, and keeps its local variables until it goes on or "
                      "is closed",
                      type.starts_with('a') ? "an" : "a", type));
    }
    if (sentences.size() == 2) break;
  }
  sentences.erase(std::unique(sentences.begin(), sentences.end()), sentences.end());
  return sentences;
}

namespace {

// Names of attributes that usually lead back to who made or contains an object.
constexpr std::array<std::string_view, 14> kBackward = {"parent",    "owner",    "root",    "prev", "previous",
                                                        "container", "manager",  "back",    "self", "creator",
                                                        "master",    "document", "session", "outer"};

bool PointsBack(std::string_view edge) {
  const size_t name = edge.find_first_not_of("._");
  if (name == std::string_view::npos) return false;
  edge.remove_prefix(name);
  while (edge.ends_with('_')) edge.remove_suffix(1);
  return std::any_of(kBackward.begin(), kBackward.end(), [&](std::string_view word) {
    return edge == word ||
           (edge.ends_with(word) && edge.size() > word.size() && edge[edge.size() - word.size() - 1] == '_');
  });
}

}  // namespace

CycleAdvice AdviceForCycle(const Graph& graph, std::span<const EdgeIndex> cycle, std::span<const heap::PathPart> parts,
                           Collector collector) {
  CycleAdvice advice;
  advice.weakest = parts.size() - 1;  // the one that closes the cycle
  for (size_t i = 0; i < parts.size(); ++i) {
    if (PointsBack(parts[i].edge)) advice.weakest = i;
  }
  for (const EdgeIndex edge : cycle) {
    const NodeId from = graph.Source(edge);
    const heap::Type& type = graph.type(graph.type_of(from));
    if (type.synthetic() || (type.gc() && graph.Label(from, edge).strength != heap::RefStrength::kMaybe)) continue;
    advice.evidence = fmt::format(
        "the collector cannot see what {} refers to: {}", type.name,
        type.gc() ? "its tp_traverse leaves a reference out" : "the type takes no part in garbage collection");
    advice.fix = fmt::format(
        "let the C type {} take part in garbage collection (Py_TPFLAGS_HAVE_GC, tp_traverse, tp_clear)", type.name);
    return advice;
  }
  if (collector == Collector::kBlind) {
    advice.fix = fmt::format(
        "a type on the cycle does not tell the collector of a reference (tp_traverse): break the cycle by hand, at {}",
        parts[advice.weakest].edge);
    return advice;
  }
  const heap::PathPart& weakest = parts[advice.weakest];
  const bool attribute = weakest.edge.starts_with('.');
  const std::string what =
      attribute ? fmt::format("the reference {}", weakest.edge) : std::string("one of its references");
  advice.fix = fmt::format("make {}{} weak, or clear it when the object is done with", what,
                           attribute && PointsBack(weakest.edge) ? ", which leads back," : "");
  if (collector == Collector::kOff) advice.fix += "; or let the collector run (gc.enable, gc.collect)";
  return advice;
}

}  // namespace limpet::diagnose
